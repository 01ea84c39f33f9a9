#!/usr/bin/env python3
"""Many labs at once in one account whose rates are enforced as AWS documents them: is the time what the rates allow?

    cargo build && python3 benches/rates.py [labs, default 10] [path of labctl]

Ten labs take about a minute up, and five down: API Gateway lets an account delete one REST API in 30 s.
The bound is the time of one lab alone plus, for the narrowest rate, (calls - burst) × seconds a call.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[1]
LABS = int(sys.argv[1]) if len(sys.argv) > 1 else 10
LABCTL = str(pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else ROOT / "target/debug/labctl").resolve())
# API Gateway's fixed quotas: seconds a call, one at once.
NARROW = {"up": {"CreateRestApi": 3.0, "CreateDeployment": 5.0}, "down": {"DeleteRestApi": 30.0}}


def folder_of(base, number):
    folder = base / f"lab{number}"
    folder.mkdir(parents=True)
    lab = (ROOT / "lab.yaml").read_text()
    for name in ("cognito-authorizer", "d-lambda-nonvpc-cmp-demo-function", "d-user-pool-demo", "d-apigw-cmp-demo"):
        lab = lab.replace(name, f"{name}-{number}")
    (folder / "lab.yaml").write_text(lab)
    shutil.copytree(ROOT / "artifacts", folder / "artifacts")
    return folder


def main():
    base = pathlib.Path(tempfile.mkdtemp(prefix="labctl-rates-"))
    twin = base / "twin"
    home = {"PATH": os.environ["PATH"], "HOME": str(base)}
    labctl = lambda *words: subprocess.run([LABCTL, *words], env=home, cwd=base, check=True, capture_output=True, text=True).stdout
    endpoint = json.loads(labctl("local", "start", "--port", "0", "--dir", str(twin), "--json"))["endpoint"]
    environment = {
        **home,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "111122223333",
        "AWS_SECRET_ACCESS_KEY": "any",
        "LABCTL_PACE_FILE": str(base / "pace.json"),
    }

    def rates(enforce):
        body = json.dumps({"enforce": enforce}).encode()
        request = urllib.request.Request(f"{endpoint}/_local/rates", body, {"x-localaws": "1"})
        urllib.request.urlopen(request).close()

    def calls():
        with urllib.request.urlopen(f"{endpoint}/_local/calls.json?account=111122223333") as answer:
            found = json.load(answer)
        request = urllib.request.Request(f"{endpoint}/_local/calls.json", method="DELETE", headers={"x-localaws": "1"})
        urllib.request.urlopen(request).close()
        return found

    def together(command, folders):
        started = time.monotonic()
        running = [
            subprocess.Popen([LABCTL, command, "--yes"], env=environment, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            for folder in folders
        ]
        outputs = [process.communicate()[0] for process in running]
        seconds = time.monotonic() - started
        failed = [output for process, output in zip(running, outputs) if process.returncode]
        if failed:
            sys.exit(f"{len(failed)} of {len(folders)} failed; the first:\n{failed[0]}")
        return seconds

    try:
        alone = {command: together(command, [folder_of(base, 0)] if command == "up" else [base / "lab0"]) for command in ("up", "down")}
        calls()
        (base / "pace.json").unlink(missing_ok=True)
        rates(True)
        folders = [folder_of(base, number) for number in range(1, LABS + 1)]
        print(f"{LABS} labs at once in one account, rates enforced, two-core machines differ little: the waits rule\n")
        print(f"{'':<6} {'one lab, no rates':>18} {'bound':>8} {'took':>8} {'ratio':>6} {'calls':>6} {'refused':>8}")
        for command in ("up", "down"):
            seconds = together(command, folders)
            made = calls()
            refused = sum(1 for call in made if call["status"] == 429)
            bound = alone[command] + max((LABS - 1) * pause for pause in NARROW[command].values())
            print(f"{command:<6} {alone[command]:>16.1f} s {bound:>6.1f} s {seconds:>6.1f} s {seconds / bound:>6.2f} {len(made):>6} {refused:>8}")
    finally:
        subprocess.run([LABCTL, "local", "stop", "--dir", str(twin)], env=home, cwd=base, capture_output=True)
        shutil.rmtree(base, ignore_errors=True)


if __name__ == "__main__":
    main()
