"""Hostile requests: every operation that the twin serves, through AWS's official models, and broken wire formats.

Each answer is a success or an AWS error, in time; never a failure of the twin's own. What is refused changes nothing.
FUZZ_SEED (default 5) and FUZZ_ROUNDS (default 14; requests of each operation) vary what is sent; the same seed sends the same
kinds of requests, with the ids of the lab at hand.
"""

import copy
import json
import os
import re
import time
import unittest

import botocore.session

import broken
from common import ROOT, Lab, client
from examples import Examples
from hostile import Maker, value
from wire import encode, quoted, request, send

SEED = int(os.environ.get("FUZZ_SEED", "5"))
# Requests that are as they should be, until one of them succeeds.
TRIES = 8
ROUNDS = int(os.environ.get("FUZZ_ROUNDS", "14"))
MODELS = ROOT / "crates/localaws/models"
# The twin's own: this region's log groups mark the world file.
MARK = "zz-mark-1"


def trimmed(world):
    """The world without what is empty, and the marks."""
    if isinstance(world, dict):
        inner = {k: trimmed(v) for k, v in world.items() if k != MARK}
        return {k: v for k, v in inner.items() if v not in ({}, [], None)}
    return [trimmed(v) for v in world] if isinstance(world, list) else world


def failed(status, body, head=False):
    """Whether the twin itself failed; what it does not serve, it names (but not in the answer to a HEAD)."""
    return status >= 500 and not (status == 501 and (b"not serve" in body or head))


def changed(old, new, where=""):
    """The first place where two worlds differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            if old.get(key) != new.get(key):
                return changed(old.get(key), new.get(key), f"{where}/{key}")
    return f"{where}: {str(old)[:200]} → {str(new)[:200]}"


class Fuzz(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = Lab()
        cls.addClassCleanup(cls.lab.close)
        cls.lab.run("up", "--local")
        status = cls.lab.json("status")
        cls.endpoint, cls.outputs = status["endpoint"], status["outputs"]
        cls.pid = cls.lab.json("local", "status")["pid"]
        cls.world = cls.lab.folder / ".labctl/local/world.json"
        cls.maker, cls.marks = Maker(SEED), 0
        cls.examples = Examples(cls.lab, lambda service: client(service, cls.endpoint))
        cls.maker.known = cls.examples.known
        session = botocore.session.get_session()
        cls.operations = []
        for file in sorted(MODELS.glob("*.json")):
            service = session.get_service_model(file.stem)
            cls.operations += [(service, service.operation_model(name)) for name in json.loads(file.read_text())["operations"]]
        # What takes away comes last, so that there is something to refuse until then.
        cls.operations.sort(key=lambda of: of[1].name.startswith(("Delete", "Admin", "GlobalSignOut", "Revoke")))

    def setUp(self):
        self.problems = []

    def tearDown(self):
        os.kill(self.pid, 0)
        self.assertEqual(self.answer(b"GET /_local/inbox.json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "health")[0], 200)
        self.assertEqual(self.problems, [], f"{len(self.problems)} problems, seed {SEED}")

    def answer(self, raw, what, **options):
        started = time.monotonic()
        try:
            return send(self.endpoint, raw, **options)
        except OSError as why:
            self.fail(f"{what}: no answer in {time.monotonic() - started:.0f} s: {why}")

    def call(self, service, operation, values, what):
        """Sends one operation; whether it was refused."""
        method, path, headers, body = encode(service, operation, values)
        status, answered, content = self.answer(request(method, path, headers, body), what)
        self.judge(what, values, status, answered, content)
        if 200 <= status < 300 and content[:1] in (b"{", b"["):
            try:
                self.maker.learn(json.loads(content))
            except ValueError:
                self.problems.append(f"{what}: no JSON: {content[:100]}")
        return status >= 400

    def judge(self, what, values, status, headers, body):
        if status == 0 or failed(status, body):
            self.problems.append(f"{what}: {status} {body[:300]!r} to {json.dumps(values, default=str)[:600]}")
        # The server itself refuses lines and headers that are too long, as AWS's does, without more words.
        elif status >= 400 and status not in (414, 431):
            if not ("x-amzn-errortype" in headers or b"<Code>" in body or b"__type" in body):
                self.problems.append(f"{what}: {status} names no error: {body[:200]!r}")

    def snapshot(self):
        """The whole world, at least as new as every answer so far."""
        type(self).marks += 1
        name = f"mark-{self.marks}"
        body = json.dumps({"logGroupName": name}).encode()
        scope = f"AWS4-HMAC-SHA256 Credential=000000000000/20260101/{MARK}/logs/aws4_request, SignedHeaders=host, Signature=0"
        headers = {"Host": "localhost", "Connection": "close", "Content-Length": len(body), "Authorization": scope, "X-Amz-Target": "Logs_20140328.CreateLogGroup"}
        self.assertEqual(self.answer(request("POST", "/", headers, body), "mark")[0], 200)
        for _ in range(2000):
            world = self.world.read_bytes()
            if f'"{name}"'.encode() in world:
                world = json.loads(world)
                # Each save counts, and has a seal of its own.
                return trimmed({key: value for key, value in world.items() if key not in ("count", "seal")})
            time.sleep(0.01)
        self.fail("the world was not saved")

    def base(self, what, operation):
        """Input values such as a client sends: required members, and what the operation needs to be done."""
        shape = operation.input_shape
        values = self.maker.make(shape, level=3) if shape else {}
        return {**values, **copy.deepcopy(self.examples.of(what))}

    def hostile(self, what, operation):
        """Input values: most with one odd place, others with several, some odd throughout."""
        rng, shape = self.maker.rng, operation.input_shape
        values = self.base(what, operation) if rng.random() < 0.6 or not shape else self.maker.make(shape)
        for _ in range(rng.choice([0, 1, 1, 1, 1, 2, 4])):
            self.maker.spoil(values)
        if shape and rng.random() < 0.08:
            values = {name: value(rng) for name in shape.members}
        return values

    def test_0_a_change_is_seen(self):
        before = self.snapshot()
        self.assertEqual(self.snapshot(), before)
        service, operation = next(of for of in self.operations if of[1].name == "CreateLogGroup")
        self.assertFalse(self.call(service, operation, {"logGroupName": "seen"}, "CreateLogGroup"))
        self.assertIn("/seen", changed(before, self.snapshot()))

    def test_1_every_operation_with_hostile_values(self):
        kept, good = [], set()
        for service, operation in self.operations:
            what = f"{service.service_name}.{operation.name}"
            for _ in range(TRIES):  # As they should be: an answer to these shows that hostile ones get past the front door.
                if not self.call(service, operation, self.base(what, operation), what):
                    good.add(what)
                    break
            for _ in range(ROUNDS):
                values = self.hostile(what, operation)
                if self.call(service, operation, values, what):
                    kept.append((what, request(*encode(service, operation, values))))
                else:
                    good.add(what)
        bad = sorted({f"{service.service_name}.{operation.name}" for service, operation in self.operations} - good)
        self.assertLess(len(bad), len(self.operations) / 3, f"these never succeed, so little of them is tried: {bad}")
        self.refused_change_nothing(kept)

    def refused_change_nothing(self, kept):
        """Sends all of these again, in batches: what is refused again must not have changed the world."""
        refused = lambda raw, what: self.answer(raw, what)[0] >= 400
        for start in range(0, len(kept), 200):
            batch = [(what, raw) for what, raw in kept[start : start + 200] if refused(raw, what)]
            before = self.snapshot()
            still = [(what, raw) for what, raw in batch if refused(raw, what)]
            if self.snapshot() == before:
                continue
            for what, raw in still:  # Which one was it?
                before = self.snapshot()
                if refused(raw, what) and (after := self.snapshot()) != before:
                    self.problems.append(f"{what}: refused, but changed {changed(before, after)} by {raw[-500:]!r}")

    def test_2_broken_wire_formats(self):
        seen, kept = set(), []
        for service, operation in self.operations:
            kind = (service.service_name, operation.http["method"])
            if kind in seen or operation.input_shape is None:
                continue
            seen.add(kind)
            for what, raw in broken.of_service(service, operation, self.maker.make(operation.input_shape)):
                what = f"{service.service_name}.{operation.name} {what}"
                status, headers, body = self.answer(raw, what)
                if failed(status, body, what.endswith("HEAD")):
                    self.problems.append(f"{what}: {status} {body[:200]!r}")
                if status >= 400:
                    kept.append((what, raw))
        self.refused_change_nothing(kept)

    def test_3_no_http_at_all(self):
        for raw in broken.RAW:
            status, _, body = self.answer(raw, repr(raw[:60]), half_close=True)
            if status >= 500:
                self.problems.append(f"{raw[:60]!r}: {status} {body[:200]!r}")

    def test_4_the_data_plane(self):
        url = self.outputs["invoke_url"]
        path = re.sub(r"^http://[^/]*", "", url)
        host = re.sub(r"^http://([^/]*).*", r"\1", url)
        rng = self.maker.rng
        for n in range(ROUNDS * 20):
            headers = {"Host": host, "Connection": "close", "Content-Length": 0}
            odd = quoted(value(rng), "/?&=%")[:20_000]
            where = [path + odd, path + "?" + odd, path.replace("demo", odd), path][n % 4]
            if n % 4 == 3:
                headers["Authorization"] = rng.choice(["", "Bearer", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", odd, "AWS4-HMAC-SHA256 Credential=" + odd, "Bearer " + odd])
            status, _, body = self.answer(request(rng.choice(["GET", "POST", "OPTIONS", "DELETE"]), where, headers, b""), where[:80])
            if status >= 500 or status == 0:
                self.problems.append(f"data plane {where[:80]}: {status} {body[:200]!r}")


if __name__ == "__main__":
    unittest.main()
