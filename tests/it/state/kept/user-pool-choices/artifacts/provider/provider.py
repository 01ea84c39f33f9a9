"""A small identity provider on this machine, to see both sides of a federated sign-in. For labs only.

    python3 provider.py start [PORT]    8010 when left out; CORPORATE_SECRET is its client's secret
    python3 provider.py stop

OpenID Connect: discovery, authorization code, tokens signed with RS256, user info. Whoever asks may be Ada or Bob.
SAML: it shows the request that arrives at /sso, and answers nothing.
"""

import base64
import hashlib
import html
import json
import os
import pathlib
import secrets
import signal
import sys
import time
import urllib.parse
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HERE = pathlib.Path(__file__).parent
PID = HERE / "provider.pid"
CLIENT = "user-pool-choices"
PEOPLE = {
    "ada": {"sub": "ada-1815", "name": "Ada Lovelace", "email": "ada@corporate.example", "email_verified": True},
    "bob": {"sub": "bob-1918", "name": "Bob Noyce", "email": "bob@corporate.example", "email_verified": True},
}
CODES, TOKENS = {}, {}


def is_prime(n):
    """Miller and Rabin's test, after division by small primes."""
    if any(n % p == 0 for p in (3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47)):
        return False
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(20):
        x = pow(secrets.randbelow(n - 3) + 2, odd, n)
        if x in (1, n - 1):
            continue
        for _ in range(twos - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


def prime(bits):
    while True:
        n = secrets.randbits(bits) | (3 << (bits - 2)) | 1
        if n % 65537 != 1 and is_prime(n):
            return n


class Key:
    """An RSA key of 2048 bits, made anew each time."""

    def __init__(self):
        p, q = prime(1024), prime(1024)
        self.n, self.d = p * q, pow(65537, -1, (p - 1) * (q - 1))

    def sign(self, data):
        # PKCS #1 v1.5: the prefix says SHA-256.
        digest = bytes.fromhex("3031300d060960864801650304020105000420") + hashlib.sha256(data).digest()
        padded = b"\0\1" + b"\xff" * (256 - 3 - len(digest)) + b"\0" + digest
        return pow(int.from_bytes(padded), self.d, self.n).to_bytes(256)


def text(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Provider(BaseHTTPRequestHandler):
    def issuer(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, status, body, kind="application/json", **headers):
        body = body if isinstance(body, str) else json.dumps(body)
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body.encode())), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode())

    def page(self, body):
        self.answer(200, f"<!doctype html><title>Corporate</title>{body}", "text/html; charset=utf-8")

    def do_GET(self):
        path, _, query = self.path.partition("?")
        given = dict(urllib.parse.parse_qsl(query))
        issuer = self.issuer()
        if path == "/.well-known/openid-configuration":
            return self.answer(200, {
                "issuer": issuer, "authorization_endpoint": f"{issuer}/authorize", "token_endpoint": f"{issuer}/token",
                "userinfo_endpoint": f"{issuer}/userinfo", "jwks_uri": f"{issuer}/jwks",
                "response_types_supported": ["code"], "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"]})
        if path == "/jwks":
            n = self.server.key.n.to_bytes(256)
            return self.answer(200, {"keys": [
                {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": "1", "n": text(n), "e": "AQAB"}]})
        if path == "/authorize":
            if given.get("client_id") != CLIENT or given.get("response_type") != "code":
                return self.answer(400, {"error": "invalid_request"})
            people = "".join(f"<button name=who value={who}>{html.escape(person['name'])}</button> "
                             for who, person in PEOPLE.items())
            return self.page(f"<h1>Who are you?</h1><form method=post action=\"/authorize?{html.escape(query)}\">{people}</form>")
        if path == "/userinfo":
            person = TOKENS.get(self.headers.get("Authorization", "").removeprefix("Bearer "))
            return self.answer(200, person) if person else self.answer(401, {"error": "invalid_token"})
        if path == "/sso":
            request = zlib.decompress(base64.b64decode(given.get("SAMLRequest", "")), -15).decode()
            return self.page(f"<h1>A SAML request</h1><pre>{html.escape(request)}</pre>")
        return self.answer(404, {"error": "not_found"})

    def do_POST(self):
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        form, given = dict(urllib.parse.parse_qsl(body)), dict(urllib.parse.parse_qsl(query))
        if path == "/authorize" and form.get("who") in PEOPLE:
            code = secrets.token_urlsafe()
            CODES[code] = (PEOPLE[form["who"]], given.get("redirect_uri"))
            back = urllib.parse.urlencode({"code": code, "state": given.get("state", "")})
            return self.answer(302, "", Location=f"{given['redirect_uri']}?{back}")
        if path == "/token":
            if (form.get("client_id"), form.get("client_secret")) != (CLIENT, self.server.secret):
                return self.answer(401, {"error": "invalid_client"})
            # A code is good once, and for the address that it was sent to.
            person, redirect_uri = CODES.pop(form.get("code"), (None, None))
            if not person or redirect_uri != form.get("redirect_uri"):
                return self.answer(400, {"error": "invalid_grant"})
            now = int(time.time())
            claims = {"iss": self.issuer(), "aud": CLIENT, "sub": person["sub"], "iat": now, "exp": now + 300}
            signed = ".".join(text(json.dumps(part).encode()) for part in ({"alg": "RS256", "kid": "1"}, claims))
            access = secrets.token_urlsafe()
            TOKENS[access] = person
            id_token = f"{signed}.{text(self.server.key.sign(signed.encode()))}"
            return self.answer(200, {"access_token": access, "token_type": "Bearer", "expires_in": 300, "id_token": id_token})
        return self.answer(404, {"error": "not_found"})

    def log_message(self, *_):
        pass


def start(port):
    secret = os.environ.get("CORPORATE_SECRET")
    if not secret:
        sys.exit("CORPORATE_SECRET is not set: the secret of the client that the user pool is to this provider")
    server = ThreadingHTTPServer(("127.0.0.1", port), Provider)
    server.key, server.secret = Key(), secret
    if child := os.fork():
        PID.write_text(f"{child}\n")
        print(f"Provider on http://127.0.0.1:{server.server_port}")
        return
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    server.serve_forever()


def stop():
    if PID.exists():
        os.kill(int(PID.read_text()), signal.SIGTERM)
        PID.unlink()
        print("Provider stopped")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["start"]:
            start(8010)
        case ["start", port]:
            start(int(port))
        case ["stop"]:
            stop()
        case _:
            sys.exit(__doc__)
