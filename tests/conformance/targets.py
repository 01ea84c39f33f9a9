"""What the points run against: the twin, two emulators that others wrote, any endpoint, a real account."""

import contextlib
import importlib.metadata
import json
import os
import pathlib
import shlex
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
REGION = "us-east-1"
# The twin takes an account's id as access key; signed calls of APIs need this secret.
KEYS = {"aws_access_key_id": "111122223333", "aws_secret_access_key": "local"}


class NoMail(Exception):
    """This target shows nobody's mail."""


class Target:
    """A local endpoint. `host` is how it wants invoke URLs to be named."""

    real = False
    keys_of = KEYS
    host = "{api}.execute-api.us-east-1.amazonaws.com"

    def __init__(self, endpoint):
        self.endpoint = endpoint

    def client_options(self):
        return {"endpoint_url": self.endpoint, "region_name": REGION, **self.keys_of}

    def invoke(self, api, stage, path):
        """URL and Host header of a deployed path."""
        return f"{self.endpoint}/{stage}{path}", self.host.format(api=api)

    def edge(self, domain, path):
        """URL and Host header of a path behind a distribution."""
        return f"{self.endpoint}{path}", domain

    def function_url(self, shown, path):
        """URL and Host header of a path of a function URL, from how it is shown."""
        return f"{self.endpoint}{path}", urllib.parse.urlsplit(shown).hostname

    def keys(self, pool):
        """Where the keys of a user pool are."""
        return f"{self.endpoint}/{pool}/.well-known/jwks.json"

    def codes(self, address):
        """The codes that were mailed there, newest first."""
        try:
            query = urllib.parse.urlencode({"to": address})
            with urllib.request.urlopen(f"{self.endpoint}/_local/inbox.json?{query}", timeout=10) as answer:
                return [mail["code"] for mail in json.load(answer)]
        except (OSError, ValueError) as why:
            raise NoMail(f"no inbox: {why}") from why


class Ministack(Target):
    # Unsigned calls, such as a student's sign-in, look in its default account only.
    keys_of = {**KEYS, "aws_access_key_id": "test"}
    host = "{api}.execute-api.localhost"

    def codes(self, address):
        with urllib.request.urlopen(f"{self.endpoint}/_ministack/ses/messages", timeout=10) as answer:
            mails = json.load(answer).get("messages", [])
        texts = [json.dumps(mail) for mail in mails if address in json.dumps(mail)]
        words = ("".join(c if c.isdigit() else " " for c in text).split() for text in reversed(texts))
        return [word for found in words for word in found if 6 <= len(word) <= 8]


class Account(Target):
    """A real account: the caller's own credentials, and a command that prints the newest code of an address."""

    real = True

    def __init__(self, code_command):
        super().__init__(None)
        self.code_command = code_command

    def client_options(self):
        return {"region_name": os.environ.get("AWS_REGION", REGION)}

    def invoke(self, api, stage, path):
        host = f"{api}.execute-api.{self.client_options()['region_name']}.amazonaws.com"
        return f"https://{host}/{stage}{path}", host

    def edge(self, domain, path):
        return f"https://{domain}{path}", domain

    def function_url(self, shown, path):
        return shown.rstrip("/") + path, urllib.parse.urlsplit(shown).hostname

    def keys(self, pool):
        region = pool.split("_")[0]
        return f"https://cognito-idp.{region}.amazonaws.com/{pool}/.well-known/jwks.json"

    def codes(self, address):
        if not self.code_command:
            raise NoMail("no --code-command")
        words = [*shlex.split(self.code_command), address]
        return subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(url, process):
    for _ in range(600):
        with contextlib.suppress(OSError):
            return urllib.request.urlopen(url, timeout=5).close()
        if process.poll() is not None:
            raise RuntimeError(f"{process.args[0]} ended with {process.returncode}")
        time.sleep(0.1)
    raise RuntimeError(f"nothing answers on {url}")


@contextlib.contextmanager
def twin():
    labctl = os.environ.get("LABCTL") or str(ROOT / "target/debug/labctl")
    folder = tempfile.mkdtemp(prefix="labctl-conformance-")
    environment = {"PATH": os.environ["PATH"], "HOME": folder}
    run = {"cwd": folder, "env": environment, "check": True, "capture_output": True, "text": True}
    try:
        started = subprocess.run([labctl, "local", "start", "--port", "0", "--aws-names", "--json"], **run)
        yield Target(json.loads(started.stdout)["endpoint"])
    finally:
        subprocess.run([labctl, "local", "stop"], **{**run, "check": False})
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def served(words, port, environment, health, of):
    folder = tempfile.mkdtemp(prefix="conformance-")
    with open(pathlib.Path(folder) / "log", "wb") as log:
        process = subprocess.Popen(
            words, cwd=folder, stdout=log, stderr=log, env={**os.environ, "HOME": folder, **environment}
        )
    try:
        endpoint = f"http://127.0.0.1:{port}"
        wait_for(endpoint + health, process)
        yield of(endpoint)
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def moto():
    port = free_port()
    # Managed policies are off by default; there is no Docker to run functions in.
    environment = {"MOTO_IAM_LOAD_MANAGED_POLICIES": "true"}
    with served(["moto_server", "-p", str(port)], port, environment, "/moto-api/data.json", Target) as target:
        body = json.dumps({"lambda": {"use_docker": False}}).encode()
        kind = {"Content-Type": "application/json"}
        urllib.request.urlopen(urllib.request.Request(f"{target.endpoint}/moto-api/config", body, kind)).close()
        yield target


@contextlib.contextmanager
def ministack():
    port = free_port()
    environment = {"GATEWAY_PORT": str(port), "LAMBDA_EXECUTOR": "local"}
    with served(["ministack"], port, environment, "/_ministack/health", Ministack) as target:
        yield target


LOCAL = {"twin": twin, "moto": moto, "ministack": ministack}


def version(name):
    """Name and version of a target, for the table's head."""
    return name if name in ("twin", "aws") else f"{name} {importlib.metadata.version(name)}"
