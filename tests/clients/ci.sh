#!/usr/bin/env bash
# Clients that others wrote, against the twin. Installs below target/; prints one line at the end.
# Terraform is used where it is on the machine with a mirrored AWS provider (LAB_TF_MIRROR names its folder).
set -euo pipefail
cd "$(dirname "$0")/../.."
venv=target/clients/venv node=target/clients/node
command -v node >/dev/null && [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ] ||
    { echo "clients: Node.js 20 or later is needed" >&2; exit 1; }
if [ ! -x "$venv/bin/pytest" ] || [ tests/clients/requirements.txt -nt "$venv/installed" ]; then
    python3 -m venv "$venv" || { apt-get install -y -qq python3-venv && python3 -m venv --clear "$venv"; }
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r tests/clients/requirements.txt
    touch "$venv/installed"
fi
if [ ! -e "$node/installed" ] || [ tests/clients/package-lock.json -nt "$node/installed" ]; then
    mkdir -p "$node"
    cp tests/clients/package.json tests/clients/package-lock.json tests/clients/.npmrc "$node/"
    (cd "$node" && npm ci --ignore-scripts --loglevel=error)
    touch "$node/installed"
fi
# This botocore is the one that the models were reduced from.
"$venv/bin/python" scripts/reduce-models.py --check
PATH="$PWD/$venv/bin:$PATH" LABCTL="${LABCTL:-$PWD/target/debug/labctl}" \
    "$venv/bin/python" -m pytest tests/clients -q --no-header -p no:cacheprovider -rs "$@" | tee target/clients/log
echo "clients: $(tail -n 1 target/clients/log)"
