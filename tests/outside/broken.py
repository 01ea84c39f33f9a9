"""Requests that are broken on the wire: what a client's bug, a proxy or somebody curious sends."""

from wire import credential, encode, request

TARGET = "AWSCognitoIdentityProviderService.InitiateAuth"
JSON = {"Host": "127.0.0.1", "Connection": "close", "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": TARGET}


def bodies(body):
    """A body, broken."""
    yield from (b"", b"null", b"[]", b'"text"', b"1e999", b"{", b'{"a":}', b"\xff\xfe{}", b"\xef\xbb\xbf{}", b"{}{}", b"\x00")
    yield from (b'{"a":1,"a":2}', b'{"a":"\\ud800"}', b'{"a":"\\x"}', b"[" * 100_000, b'{"a":' * 50_000, b"%", b"a=%zz&=&&b", b"=" * 500)
    yield from (b"<CreateRole/>", b"<a", b"<a></b>", b"<a>" * 20_000, b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', b"<a>&#0;</a>", b"<?xml")
    for cut in (1, 2, 3):
        yield body[: len(body) * cut // 4]
    yield body + b"}"


def credentials(name):
    """Authorization headers, broken."""
    good = credential(name)
    yield from ("", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=", "AWS4-HMAC-SHA256 Credential=////", "Bearer x", "Basic eA==")
    yield from (good.replace("aws4_request", "aws5"), good.replace("us-east-1", "../.."), good.replace("us-east-1", "u" * 5000))
    yield from (good.replace(f"/{name}/", "/s3/"), good.replace(f"/{name}/", "//"), good.replace("20260101", "\u0663"), good[:60], good * 3)
    yield from (good.replace("000000000000", "AKIA" + "X" * 400), good.replace("000000000000", "ASIAUNKNOWN"), "AWS4-ECDSA-P256-SHA256 " + good)


PATHS = [
    "//", "/%", "/%zz", "/..", "/../../etc/passwd", "/%2e%2e/%2e%2e", "/restapis/%00", "/restapis//resources", "/restapis/a/b/c/d/e/f/g/h",
    "/2015-03-31/functions/", "/2015-03-31/functions//invocations", "/2015-03-31/functions/%2F/invocations", "/2015-03-31/functions/a?Qualifier=%ff",
    "/restapis?limit=99999999999999999999", "/restapis?limit=&limit=&position=%00", "/?%", "/?" + "a=b&" * 3000, "/" + "a" * 30_000,
    "/" + "a/" * 8000, "/tags/%ff", "/_local/none", "/_local/accounts/x", "/_local/inbox.json?to=%ff", "/us-east-1_x/.well-known/jwks.json",
    "/restapis/x/dev/_user_request_/demo", "/_aws/execute-api/x/y", "*", "http://[::1", "http://x.amazonaws.com/", "/\u00e9", "/a b",
]
METHODS = ["GET", "PUT", "POST", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT", "BREW", "get"]
HOSTS = ["", "127.0.0.1:99999", "x.execute-api.us-east-1.amazonaws.com", ".execute-api.us-east-1.amazonaws.com", "\u00e9.localhost", "[::1", "a" * 3000]
KINDS = ["", "text/plain", "application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=", "application/cbor", "\u00ff", "application/x-amz-json-9"]

RAW = [
    b"", b"\r\n\r\n", b"\x00" * 100, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET / HTTP/9.9\r\n\r\n", b"GET /\r\n\r\n", b"GET / HTTP/1.0\r\n\r\n",
    b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET / HTTP/1.1\r\nHost 127.0.0.1\r\n\r\n", b"GET / HTTP/1.1\r\n: x\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 100\r\n\r\n{}",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: -1\r\n\r\n{}",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 99999999999999999999\r\n\r\n{}",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n{}",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: gzip\r\n\r\n{}",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 999999999\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 5000 + b"\r\n", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"y" * 200_000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: \x01\x7f\r\n\r\n",
]


def of_service(service, operation, values):
    """(what, bytes) of one operation's request, broken in each way."""
    method, path, headers, body = encode(service, operation, values)

    def changed(method=method, path=path, body=body, **more):
        made = {**headers, "Content-Length": len(body), **{name.replace("_", "-"): value for name, value in more.items()}}
        return request(method, path, {name: value for name, value in made.items() if value is not None}, body)

    yield from ((f"body {bad[:30]!r}", changed(body=bad)) for bad in bodies(body))
    yield from ((f"credential {bad[:40]!r}", changed(Authorization=bad)) for bad in credentials(service.signing_name))
    yield "no credential", changed(Authorization=None)
    yield from ((f"type {bad!r}", changed(Content_Type=bad)) for bad in KINDS)
    yield from ((f"method {bad}", changed(method=bad)) for bad in METHODS)
    yield from ((f"path {bad[:40]!r}", changed(path=bad)) for bad in PATHS)
    yield from ((f"host {bad[:40]!r}", changed(Host=bad)) for bad in HOSTS)
    yield from ((f"token {bad!r}", changed(X_Amz_Security_Token=bad)) for bad in ("", "x", "t" * 9000, "\u00e9"))
    targets = ("", ".", "x", TARGET + "x", TARGET.replace("Initiate", "No"), "Logs_20140328.", "\u00e9")
    yield from ((f"target {bad!r}", changed(X_Amz_Target=bad)) for bad in targets)
    yield from ((f"date {bad!r}", changed(X_Amz_Date=bad)) for bad in ("", "now", "99999999T999999Z"))
