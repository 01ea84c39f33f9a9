"""Lambda authorizers, AWS_IAM, API keys."""

import json

import pytest

from points import point, refused

TOPIC = "Lambda authorizers, AWS_IAM, API keys"
# AWS's text may go on: it tells more and more of the reason.
DENIED = "User is not authorized to access this resource with an explicit deny"


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


@point("a user pool's authorizer shows no TTL, a function's does",
       "seen: create-authorizer with a TTL for COGNITO_USER_POOLS answered without one; get-authorizer; terraform")
def test_ttl(lab, token):
    shown = {a["type"]: "authorizerResultTtlInSeconds" in a
             for a in lab.gateway.get_authorizers(restApiId=lab.api_id, limit=500)["items"]}
    made = lab.gateway.get_authorizer(restApiId=lab.api_id, authorizerId=lab.authorizer)
    assert (shown["TOKEN"], "authorizerResultTtlInSeconds" in made) == (True, False)


@point("TOKEN: allowed, with its context", "docs: Lambda authorizer output (context → requestContext.authorizer)")
def test_allowed(lab, token):
    event = json.loads(lab.call("/token?mode=echo", "allow", token, 201).body)
    given = event["requestContext"]["authorizer"]
    assert (given["principalId"], given["colour"]) == ("someone", "green")


@point("TOKEN: denied", "docs: KB 403, explicit deny")
def test_denied(lab, token):
    answer = lab.call("/token", "deny", token, 403)
    assert answer.status == 403 and answer.json()["Message"].startswith(DENIED)
    assert answer.error_type() == "AccessDeniedException"


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
    answer = lab.call("/request", "deny", request_stage, 403)
    assert answer.status == 403 and answer.json()["Message"].startswith(DENIED)


@point("AWS_IAM: not signed", "docs: MISSING_AUTHENTICATION_TOKEN (403)")
def test_unsigned(lab, iam):
    answer = lab.call("/signed", stage=iam, expect=403)
    assert answer.seen == (403, '{"message":"Missing Authentication Token"}')


@point("AWS_IAM: signed", "docs: SigV4 for execute-api")
def test_signed(lab, iam):
    assert lab.call("/signed", stage=iam, headers=lab.signed("/signed", iam), expect=200).status == 200


@point("AWS_IAM: a wrong signature", "docs: INVALID_SIGNATURE (403)")
def test_wrong_signature(lab, iam):
    answer = lab.call("/signed", stage=iam, headers=lab.signed("/signed", iam, spoil=True), expect=403)
    assert answer.status == 403 and answer.error_type() == "InvalidSignatureException"


def key(lab, what, **changes):
    made = lab.gateway.create_api_key(name=lab.name(what), **{"enabled": True, **changes})
    lab.later(lab.gateway.delete_api_key, apiKey=made["id"])
    return made


@pytest.fixture(scope="module")
def keyed(lab):
    """A usage plan, its stage with a method that needs a key, and a key of the plan."""
    lab.method("keyed", apiKeyRequired=True)
    lab.deploy("more")
    plan = lab.gateway.create_usage_plan(name=lab.name("plan"), apiStages=[{"apiId": lab.api_id, "stage": "more"}])
    lab.later(lab.gateway.delete_usage_plan, usagePlanId=plan["id"])
    lab.later(lab.gateway.update_usage_plan, usagePlanId=plan["id"], patchOperations=[
        {"op": "remove", "path": "/apiStages", "value": f"{lab.api_id}:more"}])
    made = key(lab, "key")
    lab.gateway.create_usage_plan_key(usagePlanId=plan["id"], keyId=made["id"], keyType="API_KEY")
    return {"plan": plan["id"], "key": made}


def with_key(lab, value, expect, path="/keyed"):
    return lab.call(path, stage="more", headers={"x-api-key": value} if value else {}, expect=expect)


FORBIDDEN = (403, '{"message":"Forbidden"}')


@point("API key: none, a wrong one, the right one", "docs: INVALID_API_KEY (403)")
def test_api_key(lab, keyed):
    for value in (None, "wrong"):
        assert with_key(lab, value, 403).seen == FORBIDDEN
    assert with_key(lab, keyed["key"]["value"], 200).seen == (200, "Hello from Lambda!")


@point("API key: without a usage plan", "docs: api-gateway-api-usage-plans (a key needs a plan with the stage)")
def test_key_without_plan(lab, keyed):
    assert with_key(lab, key(lab, "unplanned")["value"], 403).seen == FORBIDDEN


@point("API key: switched off", "docs: api-gateway-setup-api-keys (enabled)")
def test_key_disabled(lab, keyed):
    made = key(lab, "off", enabled=False)
    lab.gateway.create_usage_plan_key(usagePlanId=keyed["plan"], keyId=made["id"], keyType="API_KEY")
    assert with_key(lab, made["value"], 403).seen == FORBIDDEN


@point("API key: the function is told", "docs: set-up-lambda-proxy-integrations (requestContext.identity)")
def test_key_told(lab, keyed):
    event = json.loads(with_key(lab, keyed["key"]["value"], 201, "/keyed?mode=echo").body)
    told = event["requestContext"]["identity"]
    assert (told["apiKey"], told["apiKeyId"]) == (keyed["key"]["value"], keyed["key"]["id"])


@point("API key: the value is shown on request only", "docs: API_GetApiKey includeValue")
def test_key_value(lab, keyed):
    named = {"apiKey": keyed["key"]["id"]}
    assert "value" not in lab.gateway.get_api_key(**named)
    assert lab.gateway.get_api_key(**named, includeValue=True)["value"] == keyed["key"]["value"]


@point("API key: a value twice", "model apigateway: ConflictException")
def test_key_twice(lab, keyed):
    refused(lambda: key(lab, "again", value=keyed["key"]["value"]), "ConflictException", 409)


@point("API key: a value too short", "docs: api-gateway-setup-api-keys (at least 20 characters)")
def test_key_short(lab):
    refused(lambda: key(lab, "short", value="tooshort"), "BadRequestException")


@point("usage plan: a key twice", "model apigateway: ConflictException")
def test_plan_key_twice(lab, keyed):
    wanted = {"usagePlanId": keyed["plan"], "keyId": keyed["key"]["id"], "keyType": "API_KEY"}
    refused(lambda: lab.gateway.create_usage_plan_key(**wanted), "ConflictException", 409)


@point("usage plan: a key that is not there", "model apigateway: NotFoundException")
def test_plan_key_absent(lab, keyed):
    wanted = {"usagePlanId": keyed["plan"], "keyId": "absent0000", "keyType": "API_KEY"}
    refused(lambda: lab.gateway.create_usage_plan_key(**wanted), "NotFoundException", 404)


@point("usage plan: deleted with its stage in it", "seen: BadRequestException, stages must be removed first")
def test_plan_in_use(lab, keyed):
    refused(lambda: lab.gateway.delete_usage_plan(usagePlanId=keyed["plan"]), "BadRequestException")


@point("usage plan: lists its keys", "model apigateway: UsagePlanKeys")
def test_plan_keys(lab, keyed):
    ids = [item["id"] for item in lab.gateway.get_usage_plan_keys(usagePlanId=keyed["plan"])["items"]]
    assert keyed["key"]["id"] in ids
