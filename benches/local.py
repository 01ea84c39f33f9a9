#!/usr/bin/env python3
"""Times labctl on the local twin, beside a yardstick of the same machine (starting Python), and prints medians and ratios.

    cargo build --release && python3 benches/local.py [path of labctl]

Against Terraform, boto3 and the AWS CLI with delays per call: the harness of the peers.
"""

import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
LABCTL = str(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "target/release/labctl").resolve())
ROUNDS = 15


def timed(command, folder):
    started = time.perf_counter()
    subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, check=True)
    return (time.perf_counter() - started) * 1000


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="labctl-bench-"))
    shutil.copy(ROOT / "lab.yaml", folder)
    shutil.copytree(ROOT / "artifacts", folder / "artifacts")
    commands = {
        "python3 -c pass": [sys.executable, "-c", "pass"],
        "labctl --help": [LABCTL, "--help"],
        "labctl up --local, twin not running": [LABCTL, "up", "--local"],
        "labctl up, nothing to do": [LABCTL, "up", "--local"],
        "labctl status": [LABCTL, "status"],
        "labctl verify": [LABCTL, "verify"],
        "labctl down": [LABCTL, "down"],
    }
    times = {name: [] for name in commands}
    try:
        for _ in range(ROUNDS):
            for name, command in commands.items():
                times[name].append(timed(command, folder))
            subprocess.run([LABCTL, "local", "stop"], cwd=folder, stdout=subprocess.DEVNULL, check=True)
    finally:
        subprocess.run([LABCTL, "local", "stop"], cwd=folder, capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)
    yardstick = statistics.median(times["python3 -c pass"])
    print(f"{'median of ' + str(ROUNDS):<38} {'ms':>8} {'min':>8} {'max':>8}   × python3")
    for name, all_of_it in times.items():
        middle = statistics.median(all_of_it)
        print(f"{name:<38} {middle:8.1f} {min(all_of_it):8.1f} {max(all_of_it):8.1f}   {middle / yardstick:.2f}")


if __name__ == "__main__":
    main()
