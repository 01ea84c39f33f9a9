"""Lambda authorizers, AWS_IAM, API keys."""

import json

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from points import point

TOPIC = "Lambda authorizers, AWS_IAM, API keys"
DENIED = '{"Message":"User is not authorized to access this resource with an explicit deny"}'


@pytest.fixture(scope="module")
def authorizers(lab):
    """The function that decides, and what its authorizers have in common."""
    function = lab.function_named("authorizer", Handler="lambda_function.authorize")
    lab.permit("authorizers", f"{lab.api_id}/authorizers/*", function["FunctionName"])
    return {"restApiId": lab.api_id, "authorizerUri": lab.uri(function["FunctionArn"]),
            "authorizerResultTtlInSeconds": 0, "identitySource": "method.request.header.Authorization"}


def stage_of(lab, path, **method):
    """A stage with a method that is so protected."""
    _ = lab.permission
    lab.method(path, **method)
    lab.deploy("more")
    return "more"


@pytest.fixture(scope="module")
def token(lab, authorizers):
    made = lab.gateway.create_authorizer(
        **authorizers, name="token", type="TOKEN", identityValidationExpression="[a-z]+")
    return stage_of(lab, "token", authorizationType="CUSTOM", authorizerId=made["id"])


@pytest.fixture(scope="module")
def request_stage(lab, authorizers):
    made = lab.gateway.create_authorizer(**authorizers, name="request", type="REQUEST")
    return stage_of(lab, "request", authorizationType="CUSTOM", authorizerId=made["id"])


@pytest.fixture(scope="module")
def iam(lab):
    return stage_of(lab, "signed", authorizationType="AWS_IAM")


@point("TOKEN: allowed, with its context", "docs: Lambda authorizer output (context → requestContext.authorizer)")
def test_allowed(lab, token):
    event = json.loads(lab.call("/token?mode=echo", "allow", token, 201).body)
    given = event["requestContext"]["authorizer"]
    assert (given["principalId"], given["colour"]) == ("someone", "green")


@point("TOKEN: denied", "docs: KB 403, explicit deny")
def test_denied(lab, token):
    answer = lab.call("/token", "deny", token, 403)
    assert answer.seen == (403, DENIED) and answer.error_type() == "AccessDeniedException"


@point("TOKEN: no header", "model apigateway: identitySource; docs: 401 without a call")
def test_missing(lab, token):
    assert lab.call("/token", None, token, 401).seen == (401, '{"message":"Unauthorized"}')


@point("TOKEN: a header that does not fit", "model apigateway: identityValidationExpression")
def test_not_valid(lab, token):
    assert lab.call("/token", "NO-FIT", token, 401).seen == (401, '{"message":"Unauthorized"}')


@point("TOKEN: the function raises Unauthorized", "docs: apigateway-use-lambda-authorizer (401)")
def test_raised(lab, token):
    assert lab.call("/token", "unauthorized", token, 401).seen == (401, '{"message":"Unauthorized"}')


@point("TOKEN: the function answers nonsense", "docs: AUTHORIZER_CONFIGURATION_ERROR (500)")
def test_broken(lab, token):
    answer = lab.call("/token", "broken", token, 500)
    assert answer.status == 500 and answer.error_type() == "AuthorizerConfigurationException"


@point("REQUEST: allowed", "docs: REQUEST authorizer input")
def test_request(lab, request_stage):
    assert lab.call("/request", "allow", request_stage, 200).status == 200


@point("REQUEST: denied", "docs: KB 403, explicit deny")
def test_request_denied(lab, request_stage):
    assert lab.call("/request", "deny", request_stage, 403).seen == (403, DENIED)


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
def test_unsigned(lab, iam):
    answer = lab.call("/signed", stage=iam, expect=403)
    assert answer.seen == (403, '{"message":"Missing Authentication Token"}')


@point("AWS_IAM: signed", "docs: SigV4 for execute-api")
def test_signed(lab, iam):
    assert lab.call("/signed", stage=iam, headers=signed(lab, "/signed", iam), expect=200).status == 200


@point("AWS_IAM: a wrong signature", "docs: INVALID_SIGNATURE (403)")
def test_wrong_signature(lab, iam):
    answer = lab.call("/signed", stage=iam, headers=signed(lab, "/signed", iam, spoil=True), expect=403)
    assert answer.status == 403 and answer.error_type() == "InvalidSignatureException"


@point("API key: none, a wrong one, the right one", "docs: INVALID_API_KEY (403)")
def test_api_key(lab):
    lab.method("keyed", apiKeyRequired=True)
    lab.deploy("more")
    key = lab.gateway.create_api_key(name=lab.name("key"), enabled=True)
    lab.later(lab.gateway.delete_api_key, apiKey=key["id"])
    plan = lab.gateway.create_usage_plan(name=lab.name("plan"), apiStages=[{"apiId": lab.api_id, "stage": "more"}])
    lab.later(lab.gateway.delete_usage_plan, usagePlanId=plan["id"])
    lab.later(lab.gateway.update_usage_plan, usagePlanId=plan["id"], patchOperations=[
        {"op": "remove", "path": "/apiStages", "value": f"{lab.api_id}:more"}])
    lab.gateway.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")
    for headers in ({}, {"x-api-key": "wrong"}):
        answer = lab.call("/keyed", stage="more", headers=headers, expect=403)
        assert answer.seen == (403, '{"message":"Forbidden"}')
    right = lab.call("/keyed", stage="more", headers={"x-api-key": key["value"]}, expect=200)
    assert right.seen == (200, "Hello from Lambda!")
