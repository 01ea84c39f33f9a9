"""Lambda authorizers, AWS_IAM, API keys."""

import json
from functools import cache

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from points import point

TOPIC = "Lambda authorizers, AWS_IAM, API keys"
DENIED = '{"Message":"User is not authorized to access this resource with an explicit deny"}'


@cache
def deployed(lab):
    """Methods with each kind, on a stage of their own."""
    function = lab.function_named("authorizer", Handler="lambda_function.authorize")
    lab.permit("authorizers", f"{lab.api_id}/authorizers/*", function["FunctionName"])
    common = {"restApiId": lab.api_id, "authorizerUri": lab.uri(function["FunctionArn"]),
              "authorizerResultTtlInSeconds": 0, "identitySource": "method.request.header.Authorization"}
    token = lab.gateway.create_authorizer(
        **common, name="token", type="TOKEN", identityValidationExpression="[a-z]+")["id"]
    request = lab.gateway.create_authorizer(**common, name="request", type="REQUEST")["id"]
    _ = lab.permission
    lab.method("token", authorizationType="CUSTOM", authorizerId=token)
    lab.method("request", authorizationType="CUSTOM", authorizerId=request)
    lab.deploy("custom")
    return "custom"


@cache
def signed_stage(lab):
    _ = lab.permission
    lab.method("signed", authorizationType="AWS_IAM")
    lab.deploy("iam")
    return "iam"


@pytest.fixture
def custom(lab):
    return deployed(lab)


@point("TOKEN: allowed, with its context", "docs: Lambda authorizer output (context → requestContext.authorizer)")
def test_allowed(lab, custom):
    event = json.loads(lab.call("/token?mode=echo", "allow", custom, 201).body)
    given = event["requestContext"]["authorizer"]
    assert (given["principalId"], given["colour"]) == ("someone", "green")


@point("TOKEN: denied", "docs: KB 403, explicit deny")
def test_denied(lab, custom):
    answer = lab.call("/token", "deny", custom, 403)
    assert answer.seen == (403, DENIED) and answer.error_type() == "AccessDeniedException"


@point("TOKEN: no header", "model apigateway: identitySource; docs: 401 without a call")
def test_missing(lab, custom):
    assert lab.call("/token", None, custom, 401).seen == (401, '{"message":"Unauthorized"}')


@point("TOKEN: a header that does not fit", "model apigateway: identityValidationExpression")
def test_not_valid(lab, custom):
    assert lab.call("/token", "NO-FIT", custom, 401).seen == (401, '{"message":"Unauthorized"}')


@point("TOKEN: the function raises Unauthorized", "docs: apigateway-use-lambda-authorizer (401)")
def test_raised(lab, custom):
    assert lab.call("/token", "unauthorized", custom, 401).seen == (401, '{"message":"Unauthorized"}')


@point("TOKEN: the function answers nonsense", "docs: AUTHORIZER_CONFIGURATION_ERROR (500)")
def test_broken(lab, custom):
    answer = lab.call("/token", "broken", custom, 500)
    assert answer.status == 500 and answer.error_type() == "AuthorizerConfigurationException"


@point("REQUEST: allowed", "docs: REQUEST authorizer input")
def test_request(lab, custom):
    assert lab.call("/request", "allow", custom, 200).status == 200


@point("REQUEST: denied", "docs: KB 403, explicit deny")
def test_request_denied(lab, custom):
    assert lab.call("/request", "deny", custom, 403).seen == (403, DENIED)


def signed(lab, path, stage, spoil=False):
    """Headers of a SigV4-signed GET."""
    url, host = lab.target.invoke(lab.api_id, stage, path)
    request = AWSRequest("GET", url, headers={"Host": host})
    credentials = lab.functions._request_signer._credentials
    SigV4Auth(credentials, "execute-api", lab.region).add_auth(request)
    headers = dict(request.headers.items())
    if spoil:
        start, signature = headers["Authorization"].rsplit("=", 1)
        headers["Authorization"] = f"{start}={'0' * len(signature)}"
    return headers


@point("AWS_IAM: not signed", "docs: MISSING_AUTHENTICATION_TOKEN (403)")
def test_unsigned(lab):
    answer = lab.call("/signed", stage=signed_stage(lab), expect=403)
    assert answer.seen == (403, '{"message":"Missing Authentication Token"}')


@point("AWS_IAM: signed", "docs: SigV4 for execute-api")
def test_signed(lab):
    stage = signed_stage(lab)
    assert lab.call("/signed", stage=stage, headers=signed(lab, "/signed", stage), expect=200).status == 200


@point("AWS_IAM: a wrong signature", "docs: INVALID_SIGNATURE (403)")
def test_wrong_signature(lab):
    stage = signed_stage(lab)
    answer = lab.call("/signed", stage=stage, headers=signed(lab, "/signed", stage, spoil=True), expect=403)
    assert answer.status == 403 and answer.error_type() == "InvalidSignatureException"


@point("API key: none, a wrong one, the right one", "docs: INVALID_API_KEY (403)")
def test_api_key(lab):
    lab.method("keyed", apiKeyRequired=True)
    lab.deploy("keyed")
    key = lab.gateway.create_api_key(name=lab.name("key"), enabled=True)
    lab.later(lab.gateway.delete_api_key, apiKey=key["id"])
    plan = lab.gateway.create_usage_plan(name=lab.name("plan"), apiStages=[{"apiId": lab.api_id, "stage": "keyed"}])
    lab.later(lab.gateway.delete_usage_plan, usagePlanId=plan["id"])
    lab.later(lab.gateway.update_usage_plan, usagePlanId=plan["id"], patchOperations=[
        {"op": "remove", "path": "/apiStages", "value": f"{lab.api_id}:keyed"}])
    lab.gateway.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")
    for headers in ({}, {"x-api-key": "wrong"}):
        answer = lab.call("/keyed", stage="keyed", headers=headers, expect=403)
        assert answer.seen == (403, '{"message":"Forbidden"}')
    right = lab.call("/keyed", stage="keyed", headers={"x-api-key": key["value"]}, expect=200)
    assert right.seen == (200, "Hello from Lambda!")
