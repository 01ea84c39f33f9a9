#!/usr/bin/env python3
"""Load on the local twin, beside ministack in the same run: GET /demo with a token, and InitiateAuth (USER_AUTH, EMAIL_OTP).

    tests/conformance/ci.sh          # once: makes target/conformance, with ministack
    cargo build --release
    target/conformance/bin/python benches/twin.py [path of labctl]

wrk (Debian's package) makes the load, on loopback, from threads and connections below; both targets run one after the other, so that
they do not take each other's time. Also: memory (RSS) of the twin without handlers' processes, and its time from start to first answer.
"""

import contextlib
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[1]
LABCTL = str(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "target/release/labctl").resolve())
os.environ["LABCTL"] = LABCTL
os.environ["PATH"] = f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}"
sys.path[:0] = [str(ROOT / "tests/conformance"), str(ROOT / "tests/outside")]

import targets  # noqa: E402
from lab import PASSWORD, Lab  # noqa: E402

SECONDS = int(os.environ.get("BENCH_SECONDS", "10"))
STARTS = 11
POST = """
wrk.method = "POST"
wrk.body = '%s'
wrk.headers["Content-Type"] = "application/x-amz-json-1.1"
wrk.headers["X-Amz-Target"] = "AWSCognitoIdentityProviderService.InitiateAuth"
"""


def wrk(url, headers, script=None):
    """(requests a second, p50 in ms, p99 in ms, whether they were refused) of 8 connections."""
    words = ["wrk", "-t1", "-c8", f"-d{SECONDS}s", "--latency", *(f"-H{name}: {value}" for name, value in headers.items())]
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        if script:
            file.write(script)
            file.flush()
            words += ["-s", file.name]
        told = subprocess.run([*words, url], check=True, capture_output=True, text=True).stdout
    if "Socket errors" in told:
        raise SystemExit(f"{url}: not every request is answered\n{told}")
    unit = {"us": 0.001, "ms": 1.0, "s": 1000.0}
    percentile = lambda name: [float(n) * unit[u] for n, u in re.findall(rf"{name}%\s+([\d.]+)(us|ms|s)\b", told)][0]
    refused = "Non-2xx" in told
    return float(re.search(r"Requests/sec:\s+([\d.]+)", told)[1]), percentile(50), percentile(99), refused


def load(target):
    """Both loads on a lab of its own."""
    lab = Lab(target, "")
    try:
        token = lab.tokens["AccessToken"]
        url, host = target.invoke(lab.api_id, lab.stage, "/demo")
        lab.call("/demo", token=token, expect=200)
        _ = lab.student_user
        code = {"USERNAME": lab.email, "PREFERRED_CHALLENGE": "EMAIL_OTP"}
        password = {"USERNAME": lab.worker, "PASSWORD": PASSWORD}
        signs_in = lambda flow, parameters: POST % json.dumps({"AuthFlow": flow, "ClientId": lab.spa, "AuthParameters": parameters})
        return {
            "GET /demo": wrk(url, {"Host": host, "Authorization": token}),
            "InitiateAuth, EMAIL_OTP": wrk(target.endpoint + "/", {}, signs_in("USER_AUTH", code)),
            "InitiateAuth, password": wrk(target.endpoint + "/", {}, signs_in("USER_PASSWORD_AUTH", password)),
        }
    finally:
        with contextlib.suppress(Exception):
            lab.close()


def rss(pid):
    """MB"""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) / 1000


def started():
    """ms until the first answer of a twin that starts in an empty folder, and its memory then."""
    folder = tempfile.mkdtemp(prefix="labctl-bench-")
    environment = {"PATH": os.environ["PATH"], "HOME": folder}
    port = targets.free_port()
    began = time.perf_counter()
    twin = subprocess.Popen([LABCTL, "local", "serve", "--port", str(port)], cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/_local/health.json", timeout=5):
                return (time.perf_counter() - began) * 1000, rss(twin.pid)
            time.sleep(0.0005)
    finally:
        twin.terminate()
        twin.wait()
        shutil.rmtree(folder, ignore_errors=True)


def main():
    starts = [started() for _ in range(STARTS)]
    results = {}
    for name in ("twin", "ministack"):
        with targets.LOCAL[name]() as target:
            results[name] = load(target)
            if name == "twin":
                with urllib.request.urlopen(f"{target.endpoint}/_local/health.json") as health:
                    loaded = rss(json.load(health)["pid"])
    print(f"{'':<24} {'target':<18} {'requests/s':>10} {'p50 ms':>8} {'p99 ms':>8}")
    for what in results["twin"]:
        for name, result in results.items():
            rate, middle, high, refused = result[what]
            note = "  every one refused: it does not serve this" if refused else ""
            print(f"{what:<24} {targets.version(name):<18} {rate:>10.0f} {middle:>8.2f} {high:>8.2f}{note}")
        print(f"{'':<24} {'ratio':<18} {results['twin'][what][0] / results['ministack'][what][0]:>10.1f}")
    print(f"twin: start to first answer {statistics.median(ms for ms, _ in starts):.0f} ms (median of {STARTS}), "
          f"memory {starts[-1][1]:.0f} MB at first, {loaded:.0f} MB after the load")


if __name__ == "__main__":
    main()
