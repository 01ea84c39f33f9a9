"""Requests as bytes, by the official models but without botocore's checks: any value goes on the wire."""

import base64
import json
import socket
import sys
import urllib.parse
from xml.sax.saxutils import escape

sys.setrecursionlimit(20_000)  # Values are nested deeply.
TIMEOUT = 20  # seconds for one answer; longer is a hang
ACCOUNT = "000000000000"


def send(endpoint, raw, half_close=False):
    """(status, headers, body) of raw bytes on a connection of their own; (0, {}, b"") when it is closed unanswered."""
    host, port = endpoint.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), TIMEOUT) as wire:
        try:
            wire.sendall(raw)
            if half_close:
                wire.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # Refused before all was sent: the answer is there.
        data = b""
        try:
            while piece := wire.recv(1 << 16):
                data += piece
        except ConnectionError:
            pass
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    words = lines[0].split(" ")
    if len(words) < 2 or not words[1].isdigit():
        return 0, {}, b""
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    return int(words[1]), headers, body


def request(method, path, headers, body):
    """The bytes of a request; headers and path may hold anything that a line can."""
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogatepass") + body


def credential(service, account=ACCOUNT):
    scope = f"{account}/20260101/us-east-1/{service}/aws4_request"
    return f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature={'0' * 64}"


def headers_of(service, body):
    return {
        "Host": "127.0.0.1",
        "Connection": "close",
        "X-Amz-Date": "20260101T000000Z",
        "Authorization": credential(service.signing_name),
        "Content-Length": len(body),
    }


def text(value):
    if isinstance(value, bool) or value is None or isinstance(value, (dict, list)):
        return json.dumps(plain(value))
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value)


def quoted(value, safe=""):
    return urllib.parse.quote(text(value).encode("utf-8", "surrogatepass"), safe=safe)


def line(value):
    """As the value of a header."""
    return "".join(c if c.isprintable() else "?" for c in text(value))


def plain(value):
    """As JSON can hold it."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {str(name): plain(inner) for name, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list) else value


def renamed(shape, value):
    """Members by their names on the wire, where the value has the shape's form."""
    if shape.type_name == "structure" and isinstance(value, dict):
        named = {}
        for name, inner in value.items():
            member = shape.members.get(name)
            wire = member.serialization.get("name", name) if member else name
            named[wire] = renamed(member, inner) if member else inner
        return named
    if shape.type_name == "list" and isinstance(value, list):
        return [renamed(shape.member, inner) for inner in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {name: renamed(shape.value, inner) for name, inner in value.items()}
    return value


def form(prefix, value):
    """Fields of the query protocol."""
    if isinstance(value, dict):
        if not prefix or not value or any(name[:1].isupper() for name in map(str, value)):
            for name, inner in value.items():
                yield from form(f"{prefix}.{name}" if prefix else str(name), inner)
        else:
            for number, (name, inner) in enumerate(value.items(), 1):
                yield f"{prefix}.entry.{number}.key", name
                yield from form(f"{prefix}.entry.{number}.value", inner)
    elif isinstance(value, list):
        for number, inner in enumerate(value, 1):
            yield from form(f"{prefix}.member.{number}", inner)
    else:
        yield prefix, value


def encode(service, operation, values):
    """(method, path, headers, body) of an operation with these input values."""
    http, path = operation.http, operation.http.get("requestUri", "/")
    extra, body = {}, b""
    protocol = service.metadata["protocol"]
    if protocol == "query":
        fields = {"Action": operation.name, "Version": service.api_version, **values}
        body = "&".join(f"{quoted(n)}={quoted(v)}" for n, v in form("", fields)).encode()
        extra["Content-Type"] = "application/x-www-form-urlencoded"
    elif protocol == "json":
        body = json.dumps(plain(values)).encode()
        extra["Content-Type"] = "application/x-amz-json-1.1"
        extra["X-Amz-Target"] = f"{service.metadata['targetPrefix']}.{operation.name}"
    else:
        path, more, body = rest(operation.input_shape, path, values, xml if protocol == "rest-xml" else as_json)
        extra = {"Content-Type": "application/xml" if protocol == "rest-xml" else "application/json", **more}
    return http.get("method", "POST"), path, {**headers_of(service, body), **extra}, body


def as_json(shape, value, name=""):
    return json.dumps(plain(renamed(shape, value) if shape else value))


def xml(shape, value, name="Body"):
    """An element. What has not the shape's form becomes text, or elements by their own names."""
    wire = shape.serialization.get("name", name) if shape else name
    if isinstance(value, dict):
        members = shape.members if shape and shape.type_name == "structure" else {}
        inside = "".join(xml(members.get(key), inner, str(key)) for key, inner in value.items())
    elif isinstance(value, list):
        item = shape.member if shape and shape.type_name == "list" else None
        inside = "".join(xml(item, inner, "member") for inner in value)
    else:
        inside = escape(text(value))
    return f"<{wire}>{inside}</{wire}>"


def rest(shape, path, values, written):
    extra, query, inside = {}, [], {}
    members = shape.members if shape else {}
    payload = shape.serialization.get("payload") if shape else None
    for name, value in values.items():
        member = members.get(name)
        where = member.serialization if member else {}
        wire = where.get("name", name)
        match where.get("location"):
            case "uri":
                greedy = "{" + wire + "+}"
                safe = "/" if greedy in path else ""
                path = path.replace(greedy, quoted(value, safe)).replace("{" + wire + "}", quoted(value))
            case "querystring":
                pairs = value.items() if isinstance(value, dict) else [(wire, value)]
                for key, inner in pairs:
                    query += [(key, one) for one in (inner if isinstance(inner, list) else [inner])]
            case "header":
                extra[wire] = line(value)
            case _:
                inside[name] = value
    path = path.split("{")[0] if "{" in path else path  # A label without a value.
    if query:
        path += ("&" if "?" in path else "?") + "&".join(f"{quoted(k)}={quoted(v)}" for k, v in query)
    if payload:
        value = inside.get(payload, b"")
        body = value if isinstance(value, bytes) else written(members[payload], value, payload).encode("utf-8", "surrogatepass")
    else:
        body = written(shape, inside, "Body").encode("utf-8", "surrogatepass") if inside else b""
    return path, extra, body
