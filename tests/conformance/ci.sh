#!/usr/bin/env bash
# The twin against the conformance points; its column has to be full. Prints one line at the end.
set -euo pipefail
cd "$(dirname "$0")/../.."
venv=target/conformance
if [ ! -x "$venv/bin/pytest" ] || [ tests/conformance/requirements.txt -nt "$venv/installed" ]; then
    python3 -m venv "$venv" || { apt-get install -y -qq python3-venv && python3 -m venv --clear "$venv"; }
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r tests/conformance/requirements.txt
    touch "$venv/installed"
fi
python3 scripts/served-operations.py --check
PATH="$PWD/$venv/bin:$PATH" LABCTL="${LABCTL:-$PWD/target/debug/labctl}" \
    "$venv/bin/python" tests/conformance/run.py "$@"
