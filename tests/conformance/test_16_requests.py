"""Requests and answers as other people recorded them of API Gateway: routes, paths, headers, sizes, functions that fail."""

import http.client
import io
import json
import urllib.parse
import zipfile

import pytest
from points import point

TOPIC = "Requests, as recorded of AWS"
EVENT = "seen: LocalStack test_lambda_aws_proxy_integration: 2024-08-02"
SLOW = '''
import time

def lambda_handler(event, context):
    time.sleep(5 if event.get("slow") else 0)
    return "x" * event.get("size", 0)
'''
HEADERS = '''
def lambda_handler(event, context):
    return {"statusCode": 200, "headers": {"test-multi": "solo", "Both": "1"},
            "multiValueHeaders": {"tesT-Multi": ["multi"], "both": ["1", "2"]}}
'''


def packed(code):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as made:
        made.writestr("lambda_function.py", code)
    return {"ZipFile": data.getvalue()}


@pytest.fixture(scope="module")
def sites(lab):
    """An API of type EDGE, and one of type REGIONAL: fixed and greedy routes."""
    made = {}
    for kind in ("EDGE", "REGIONAL"):
        api = lab.gateway.create_rest_api(name=lab.name(f"requests-{kind}"), endpointConfiguration={"types": [kind]})
        lab.later(lab.gateway.delete_rest_api, restApiId=api["id"])
        lab.permit(f"requests-{kind}", f"{api['id']}/*")
        for part, http_method in (("{proxy+}", "ANY"), ("fixed", "POST"), ("hardcoded", "GET"), ("headers", "GET")):
            at = {"restApiId": api["id"], "resourceId": lab.resource(part, api), "httpMethod": http_method}
            function = lab.function["FunctionArn"]
            if part == "headers":
                name = lab.function_named(f"headers-{kind}", Code=packed(HEADERS))
                lab.permit("all", f"{api['id']}/*", name["FunctionName"])
                function = name["FunctionArn"]
            lab.gateway.put_method(**at, authorizationType="NONE")
            lab.gateway.put_integration(
                **at, type="AWS_PROXY", integrationHttpMethod="POST", uri=lab.uri(function))
        lab.deploy("dev", api["id"])
        made[kind] = api["id"]
    return made


def event(lab, api, path, method="GET", headers=None):
    query = "&" if "?" in path else "?"
    answer = lab.call(f"{path}{query}mode=echo", api=api, stage="dev", expect=201, method=method, headers=headers)
    assert answer.status == 201, answer.seen
    return answer.json()


@point("a route without the method gives way to the greedy one",
       "seen: LocalStack test_proxy_routing_with_hardcoded_resource_sibling: 2024-07-23")
def test_gives_way(lab, sites):
    assert event(lab, sites["REGIONAL"], "/fixed", "POST")["resource"] == "/fixed"
    assert event(lab, sites["REGIONAL"], "/fixed", "OPTIONS")["resource"] == "/{proxy+}"


@point("slashes before the path count once", EVENT)
def test_slashes(lab, sites):
    got = event(lab, sites["REGIONAL"], "//proxy-value")
    seen = got["path"], got["pathParameters"]["proxy"], got["requestContext"]["path"]
    assert seen == ("/proxy-value", "proxy-value", "/dev//proxy-value")
    fixed = event(lab, sites["REGIONAL"], "//hardcoded")
    assert (fixed["resource"], fixed["path"]) == ("/hardcoded", "/hardcoded")


@point("slashes within the path all count", EVENT)
def test_inner_slashes(lab, sites):
    assert event(lab, sites["REGIONAL"], "/proxy-value//double")["pathParameters"]["proxy"] == "proxy-value//double"


@point("path parameters stay encoded", EVENT)
def test_encoded(lab, sites):
    sent = "user/test%2Balias@gmail.com/plus/test+alias@gmail.com"
    assert event(lab, sites["REGIONAL"], f"/{sent}")["pathParameters"]["proxy"] == sent


@point("an API of type EDGE has CloudFront's headers", EVENT)
def test_edge_headers(lab, sites):
    names = ("CloudFront-Forwarded-Proto", "CloudFront-Is-Desktop-Viewer", "Via", "X-Amz-Cf-Id")
    edge, regional = (event(lab, sites[kind], "/a")["headers"] for kind in ("EDGE", "REGIONAL"))
    assert all(name in edge for name in names) and not any(name in regional for name in names)


@point("a client's X-Forwarded-For is kept, and added to", "docs: X-Forwarded-For is appended to")
def test_forwarded_for(lab, sites):
    got = event(lab, sites["REGIONAL"], "/a", headers={"X-Forwarded-For": "192.0.2.1"})
    first, *rest = got["headers"]["X-Forwarded-For"].split(", ")
    assert first == "192.0.2.1" and len(rest) == 1


@point("both lists of an answer's headers are one",
       "seen: LocalStack test_aws_proxy_response_payload_format_validation: 2024-11-15; docs: a pair in both counts once")
def test_both_lists(lab, sites):
    answer = lab.call("/headers", api=sites["REGIONAL"], stage="dev", expect=200)
    assert answer.headers.get_all("test-multi") in (["multi", "solo"], ["multi, solo"])
    assert ", ".join(answer.headers.get_all("both")) == "1, 2"


@point("HEAD is answered without a body", "docs: RFC 9110")
def test_head(lab, sites):
    answer = lab.call("/anything", api=sites["REGIONAL"], stage="dev", expect=200, method="HEAD")
    assert answer.seen == (200, "")


def raw(lab, api, size, header=0):
    """The status and body that a POST of this size gets, however early."""
    url, host = lab.target.invoke(api, "dev", "/fixed")
    at = urllib.parse.urlsplit(url)
    kind = http.client.HTTPSConnection if at.scheme == "https" else http.client.HTTPConnection
    connection = kind(at.hostname, at.port, timeout=60)
    sent = {"Host": host, "Content-Type": "application/json", **({"X-Large": "a" * header} if header else {})}
    connection.request("POST", at.path, b" " * size, sent)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


@point("a body beyond 10 MB: 413",
       "docs: quotas; gateway response REQUEST_TOO_LARGE; seen: \"HTTP content length exceeded 10485760 bytes.\"")
def test_large_body(lab, sites):
    status, body = raw(lab, sites["REGIONAL"], (10 << 20) + 1)
    assert status == 413 and "HTTP content length exceeded 10485760 bytes." in body


@point("headers beyond 10,240 bytes are refused", "docs: quotas: 10240 bytes of request line and header values")
def test_large_head(lab, sites):
    assert raw(lab, sites["REGIONAL"], 0, 9_000)[0] == 200
    assert 400 <= raw(lab, sites["REGIONAL"], 0, 10_240)[0] < 500


@pytest.fixture(scope="module")
def slow(lab):
    return lab.function_named("slow", Code=packed(SLOW), Timeout=1)["FunctionName"]


def failure(lab, function, **asked):
    answer = lab.functions.invoke(FunctionName=function, Payload=json.dumps(asked))
    return json.loads(answer["Payload"].read())


@point("a function out of time", "seen: LocalStack test_lambda_invoke_with_timeout: 2025-11-25")
def test_timeout(lab, slow):
    told = failure(lab, slow, slow=True)
    assert told["errorType"] == "Sandbox.Timedout"
    assert told["errorMessage"].startswith("RequestId: ")
    assert told["errorMessage"].endswith(" Error: Task timed out after 1.00 seconds")


@point("a function's answer beyond 6 MB", "seen: LocalStack test_lambda_too_large_response: 2025-11-24")
def test_large_answer(lab, slow):
    assert failure(lab, slow, size=7 << 20) == {
        "errorType": "Function.ResponseSizeTooLarge",
        "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
    }
