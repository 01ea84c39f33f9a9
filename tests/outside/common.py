"""What the outside checks share: the labctl program in a folder of its own, and strict boto3 clients."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from xml.etree import ElementTree

import boto3
from botocore.config import Config
from botocore.validate import ParamValidator

ROOT = pathlib.Path(__file__).resolve().parents[2]
LABCTL = os.environ.get("LABCTL") or str(ROOT / "target" / "debug" / "labctl")
REGION = "us-east-1"
KEYS = {"AWS_ACCESS_KEY_ID": "000000000000", "AWS_SECRET_ACCESS_KEY": "any", "AWS_DEFAULT_REGION": REGION}


class Lab:
    """The tutorial's lab, or another (`folder`), in a new folder, with an empty home."""

    def __init__(self, folder=ROOT, **environment):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="labctl-outside-"))
        shutil.copy(folder / "lab.yaml", self.folder)
        shutil.copytree(folder / "artifacts", self.folder / "artifacts")
        self.twins = []
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), **environment}

    def run(self, *words, code=0):
        done = subprocess.run(
            [LABCTL, *words], cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=120
        )
        assert code is None or done.returncode == code, f"labctl {words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def json(self, *words, code=0):
        return json.loads(self.run(*words, "--json", code=code))

    def serve(self, **environment):
        """The lab's twin in the foreground, with variables that `local start` would not pass on."""
        words = [LABCTL, "local", "serve", "--port", "0", "--dir", str(self.folder / ".labctl" / "local")]
        (self.folder / ".labctl" / "local").mkdir(mode=0o700, parents=True)
        twin = subprocess.Popen(
            words, cwd=self.folder, env={**self.environment, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.twins.append(twin)
        while not self.json("local", "status", code=None).get("endpoint"):
            assert twin.poll() is None, f"the twin ended with {twin.returncode}"

    def close(self):
        subprocess.run([LABCTL, "local", "stop"], cwd=self.folder, env=self.environment, capture_output=True)
        for twin in self.twins:
            twin.wait(timeout=30)
        shutil.rmtree(self.folder, ignore_errors=True)


def unknown(shape, value, where=""):
    """Members of a JSON answer that the official model does not have."""
    if value is None:
        return []
    if shape.type_name == "structure" and isinstance(value, dict):
        names = {member.serialization.get("name", name): member for name, member in shape.members.items()}
        found = [f"{where}.{key}" for key in value if key not in names and key != "__type"]
        for key, member in names.items():
            found += unknown(member, value.get(key), f"{where}.{key}")
        return found
    if shape.type_name == "list" and isinstance(value, list):
        return [u for item in value for u in unknown(shape.member, item, f"{where}[]")]
    if shape.type_name == "map" and isinstance(value, dict):
        return [u for key, item in value.items() for u in unknown(shape.value, item, f"{where}.{key}")]
    return []


def unknown_xml(shape, element, where=""):
    """Elements of an XML answer that the official model does not have."""
    found = []
    for child in element:
        name, inner = child.tag.rpartition("}")[2], None
        if shape.type_name == "structure":
            members = {member.serialization.get("name", key): member for key, member in shape.members.items()}
            inner = members.get(name)
        elif shape.type_name == "list" and name == shape.member.serialization.get("name", "member"):
            inner = shape.member
        found += [f"{where}.{name}"] if inner is None else unknown_xml(inner, child, f"{where}.{name}")
    return found


def validate(http_response, parsed, model, **_):
    """Every good answer holds against the official model: required members, types, no member too many."""
    shape = model.output_shape
    # A streamed body can be read only once, and its reader wants it.
    if http_response.status_code >= 300 or shape is None or model.has_streaming_output:
        return
    answer = {key: value for key, value in parsed.items() if key != "ResponseMetadata"}
    report = ParamValidator().validate(answer, shape)
    assert not report.has_errors(), f"{model.name}: {report.generate_report()}"
    protocol = model.service_model.protocol
    payload = shape.serialization.get("payload")
    if "json" in protocol and http_response.content and not payload:
        extra = unknown(shape, json.loads(http_response.content))
        assert not extra, f"{model.name}: not in the model: {extra}"
    if protocol == "rest-xml" and http_response.content:
        root = ElementTree.fromstring(http_response.content)
        assert root.tag.startswith("{http"), f"{model.name}: no namespace: {root.tag}"
        extra = unknown_xml(shape.members[payload] if payload else shape, root)
        assert not extra, f"{model.name}: not in the model: {extra}"


def client(service, endpoint, signed=True, account=KEYS["AWS_ACCESS_KEY_ID"]):
    from botocore import UNSIGNED

    config = Config(retries={"max_attempts": 1}, **({} if signed else {"signature_version": UNSIGNED}))
    made = boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=account,
        aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
        config=config,
    )
    # Before botocore decodes IAM's policy documents.
    service_id = made.meta.service_model.service_id.hyphenize()
    made.meta.events.register_first(f"after-call.{service_id}", validate)
    return made


def get(url, token=None):
    """(status, body) of a GET as a student's client makes it."""
    request = urllib.request.Request(url, headers={"Authorization": token} if token else {})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def newest_code(endpoint, address):
    query = urllib.parse.urlencode({"to": address})
    return json.loads(get(f"{endpoint}/_local/inbox.json?{query}")[1])[0]["code"]
