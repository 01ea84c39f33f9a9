"""Policies of APIs, beside each way to authorize: AWS's page "How API Gateway resource policies affect authorization workflow"."""

import json

import pytest
from botocore.credentials import Credentials

from points import point, refused

TOPIC = "Policies of APIs"
FLOW = "docs: apigateway-authorization-flow"
INVALID = "Invalid policy document"
NOWHERE = {"Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}}


def statement(effect, **changes):
    return {"Effect": effect, "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*", **changes}


ALLOW, DENY = statement("Allow"), statement("Deny")
ELSEWHERE = statement("Allow", **NOWHERE)


class Guarded:
    """An API with a path for each way to authorize, and the policy of the moment."""

    def __init__(self, lab):
        self.lab, self.api = lab, lab.api_named("guarded")
        self.id = self.api["id"]
        lab.permit("guarded", f"{self.id}/*/GET/*")
        function = lab.function_named("decider", Handler="lambda_function.authorize")
        lab.permit("deciders", f"{self.id}/authorizers/*", function["FunctionName"])
        header = {"restApiId": self.id, "identitySource": "method.request.header.Authorization"}
        pool = lab.gateway.create_authorizer(
            **header, name="pool", type="COGNITO_USER_POOLS", providerARNs=[lab.pool["Arn"]])["id"]
        decider = lab.gateway.create_authorizer(
            **header, name="decider", type="TOKEN", authorizerResultTtlInSeconds=0,
            authorizerUri=lab.uri(function["FunctionArn"]))["id"]
        for path, how in {
            "open": {}, "pool": {"authorizationType": "COGNITO_USER_POOLS", "authorizerId": pool},
            "decided": {"authorizationType": "CUSTOM", "authorizerId": decider},
            "signed": {"authorizationType": "AWS_IAM"},
        }.items():
            lab.method(path, api=self.api, **how)

    def policy(self, *statements, deploy=True):
        text = json.dumps({"Version": "2012-10-17", "Statement": statements}) if statements else ""
        patch = [{"op": "replace", "path": "/policy", "value": text}]
        shown = self.lab.gateway.update_rest_api(restApiId=self.id, patchOperations=patch)
        if deploy:
            self.lab.deploy("dev", self.id)
        return shown

    def call(self, path, expect, token=None, **more):
        return self.lab.call(path, token, "dev", expect, api=self.id, **more)

    def denies(self, path, how="", token=None):
        """Whether a caller is refused as nobody to IAM. AWS's text may go on: it tells more and more of the reason."""
        answer = self.call(path, 403, token)
        resource = f"arn:aws:execute-api:{self.lab.region}:********{self.lab.account[-4:]}:{self.id}/dev/GET{path}"
        text = f"User: anonymous is not authorized to perform: execute-api:Invoke on resource: {resource}{how}"
        assert answer.status == 403 and answer.json()["Message"].startswith(text), answer.seen
        assert answer.error_type() == "AccessDeniedException"


@pytest.fixture(scope="module")
def guarded(lab):
    return Guarded(lab)


@point("policy: kept with the API's whole ARN", "docs: apigateway-resource-policies (abbreviated ARNs are expanded)")
def test_expanded(lab, guarded):
    guarded.policy(ALLOW, deploy=False)
    shown = lab.gateway.get_rest_api(restApiId=guarded.id)["policy"]
    kept = json.loads(json.loads(f'"{shown}"'))["Statement"]
    kept = kept[0] if isinstance(kept, list) else kept
    assert kept["Resource"] == f"arn:aws:execute-api:{lab.region}:{lab.account}:{guarded.id}/*"


@point("policy: shown as an escaped JSON text", "seen: GetRestApi, as the Terraform provider unquotes it")
def test_escaped(lab, guarded):
    guarded.policy(ALLOW, deploy=False)
    assert '\\"Statement\\"' in lab.gateway.get_rest_api(restApiId=guarded.id)["policy"]


@point("policy: none after an empty value", "docs: apigateway-resource-policies-create-attach")
def test_removed(lab, guarded):
    guarded.policy(ALLOW, deploy=False)
    guarded.policy(deploy=False)
    assert not lab.gateway.get_rest_api(restApiId=guarded.id).get("policy")


@point("policy: no JSON", "seen: Invalid policy document")
def test_no_json(lab, guarded):
    patch = [{"op": "replace", "path": "/policy", "value": "nonsense"}]
    refused(lambda: lab.gateway.update_rest_api(restApiId=guarded.id, patchOperations=patch), "BadRequestException",
            text=INVALID)


@point("policy: a principal that is none", "seen: Invalid policy document … ensure that Principals are valid")
def test_no_principal(guarded):
    wrong = statement("Allow", Principal={"AWS": "somebody"})
    refused(lambda: guarded.policy(wrong, deploy=False), "BadRequestException", text=INVALID)


@point("policy: a statement without principal", "docs: apigateway-control-access-policy-language-overview")
def test_without_principal(guarded):
    wrong = statement("Allow")
    del wrong["Principal"]
    refused(lambda: guarded.policy(wrong, deploy=False), "BadRequestException", text=INVALID)


@point("policy alone: it allows", f"{FLOW} (resource policy only)")
def test_open_allowed(guarded):
    guarded.policy(ALLOW)
    assert guarded.call("/open", 200).status == 200


@point("policy alone: it does not allow", f"{FLOW} (resource policy only); seen: User: anonymous")
def test_open_denied(guarded):
    guarded.policy(ELSEWHERE)
    guarded.denies("/open")


@point("policy alone: it denies", f"{FLOW} (explicit deny); docs: KB 403")
def test_open_explicit(guarded):
    guarded.policy(ALLOW, DENY)
    guarded.denies("/open", " with an explicit deny")


@point("policy alone: only one path is allowed", "docs: apigateway-resource-policies-examples")
def test_open_path(guarded):
    guarded.policy(statement("Allow", Resource="execute-api:/dev/GET/other"))
    assert guarded.call("/open", 403).status == 403


@point("policy: a change counts when it is deployed", "docs: apigateway-resource-policies-create-attach")
def test_undeployed(guarded):
    guarded.policy(ALLOW)
    assert guarded.call("/open", 200).status == 200
    guarded.policy(DENY, deploy=False)
    assert guarded.call("/open", 200).status == 200


@point("policy and user pool: both are needed", f"{FLOW} (Cognito)")
def test_pool(lab, guarded):
    guarded.policy(ALLOW)
    assert guarded.call("/pool", 200, lab.tokens["IdToken"]).status == 200
    guarded.policy(ELSEWHERE)
    guarded.denies("/pool", token=lab.tokens["IdToken"])


@point("policy and user pool: the token is looked at first", f"{FLOW} (Cognito)")
def test_pool_first(guarded):
    guarded.policy(ELSEWHERE)
    assert guarded.call("/pool", 401).seen == (401, '{"message":"Unauthorized"}')


@point("policy and Lambda authorizer: the authorizer is enough", f"{FLOW} (table A: allow, neither)")
def test_decided(guarded):
    guarded.policy(ELSEWHERE)
    assert guarded.call("/decided", 200, "allow").status == 200


@point("policy and Lambda authorizer: the policy denies first", f"{FLOW} (Lambda authorizer); docs: KB 403")
def test_decided_denied(guarded):
    guarded.policy(ALLOW, DENY)
    guarded.denies("/decided", " with an explicit deny", "allow")


@point("policy and Lambda authorizer: the authorizer denies", f"{FLOW} (table A: deny)")
def test_decided_denies(guarded):
    guarded.policy(ALLOW)
    answer = guarded.call("/decided", 403, "deny")
    text = "User is not authorized to access this resource with an explicit deny"
    assert answer.status == 403 and answer.json()["Message"].startswith(text)


@pytest.fixture(scope="module")
def caller(lab):
    """A role that may do nothing, and keys of it."""
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": lab.account}, "Action": "sts:AssumeRole"}]}
    role = lab.role_named("caller", trust)
    made = lab.patiently(
        lambda: lab.sts.assume_role(RoleArn=role["Arn"], RoleSessionName="conformance"), "not authorized")
    keys = made["Credentials"]
    return role["Arn"], Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])


def signed(lab, guarded, keys, expect):
    headers = lab.signed("/signed", "dev", guarded.id, keys)
    return guarded.call("/signed", expect, headers=headers)


@point("policy and AWS_IAM: the policy is enough", f"{FLOW} (table A: neither, allow)")
def test_signed(lab, guarded, caller):
    role, keys = caller
    guarded.policy(statement("Allow", Principal={"AWS": role}))
    assert signed(lab, guarded, keys, 200).status == 200


@point("policy and AWS_IAM: neither says anything", f"{FLOW} (table A: neither, neither)")
def test_signed_neither(lab, guarded, caller):
    guarded.policy(ELSEWHERE)
    answer = signed(lab, guarded, caller[1], 403)
    assert answer.status == 403 and "is not authorized to perform: execute-api:Invoke" in answer.json()["Message"]


@point("policy and AWS_IAM: the policy denies", f"{FLOW} (table A: explicit deny)")
def test_signed_denied(lab, guarded):
    guarded.policy(ALLOW, DENY)
    assert signed(lab, guarded, None, 403).status == 403


@point("policy and AWS_IAM: not signed", "docs: MISSING_AUTHENTICATION_TOKEN (403)")
def test_not_signed(guarded):
    guarded.policy(ALLOW)
    assert guarded.call("/signed", 403).seen == (403, '{"message":"Missing Authentication Token"}')
