"""Clients that others wrote, used against the twin as they are used against AWS."""

import json
import os
import subprocess

import boto3
import pytest
from pycognito import Cognito

from common import KEYS, get, newest_code

HELLO = (200, "Hello from Lambda!")


def test_sdk_for_javascript(node):
    node("sdk.mjs")


def test_aws_jwt_verify(node):
    node("jwt.mjs")


def test_amazon_cognito_identity_js(node):
    node("identity.mjs")


def test_amplify_auth(node):
    node("amplify.mjs")


def test_pycognito(lab, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", lab["endpoint"])
    keys = json.loads(get(f"{lab['endpoint']}/{lab['pool']}/.well-known/jwks.json")[1])
    user = Cognito(lab["pool"], lab["passwordClient"], user_pool_region=lab["region"], username=lab["worker"],
                   access_key=lab["account"], secret_key="any")
    user.pool_jwk = keys
    with pytest.raises(user.client.exceptions.NotAuthorizedException):
        user.authenticate(password="Wr0ng-password!")
    user.authenticate(password=lab["password"])
    assert get(lab["url"], user.access_token) == HELLO
    assert user.get_user().email == lab["worker"]
    before = user.access_token
    user.renew_access_token()
    assert user.access_token != before
    refresh_token = user.refresh_token
    user.logout()
    user.refresh_token = refresh_token
    with pytest.raises(user.client.exceptions.NotAuthorizedException):
        user.renew_access_token()


def test_boto3_by_its_environment(lab, monkeypatch):
    """As users point it at the twin: by AWS_ENDPOINT_URL, with paginators and waiters."""
    for name, value in {**KEYS, "AWS_ENDPOINT_URL": lab["endpoint"]}.items():
        monkeypatch.setenv(name, value)
    session = boto3.Session()
    pages = session.client("cognito-idp").get_paginator("list_users").paginate(UserPoolId=lab["pool"], Limit=1)
    assert len([user for page in pages for user in page["Users"]]) == 2
    functions = session.client("lambda")
    name = functions.list_functions()["Functions"][0]["FunctionName"]
    functions.get_waiter("function_active_v2").wait(FunctionName=name)
    functions.get_waiter("function_updated_v2").wait(FunctionName=name)
    session.client("iam").get_waiter("role_exists").wait(RoleName=f"{name}-role")


def test_aws_cli(lab):
    environment = {**KEYS, "PATH": os.environ["PATH"], "HOME": "/nonexistent", "AWS_ENDPOINT_URL": lab["endpoint"]}

    def aws(*words):
        done = subprocess.run(["aws", *words, "--output", "json"], env=environment, capture_output=True, text=True,
                              timeout=120)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    student = ["--client-id", lab["client"]]
    begun = aws("cognito-idp", "initiate-auth", *student, "--auth-flow", "USER_AUTH", "--auth-parameters",
                f"USERNAME={lab['email']},PREFERRED_CHALLENGE=EMAIL_OTP")
    code = newest_code(lab["endpoint"], lab["email"])
    answer = aws("cognito-idp", "respond-to-auth-challenge", *student, "--challenge-name", "EMAIL_OTP", "--session",
                 begun["Session"], "--challenge-responses", f"USERNAME={lab['email']},EMAIL_OTP_CODE={code}")
    assert get(lab["url"], answer["AuthenticationResult"]["AccessToken"]) == HELLO
    assert aws("cognito-idp", "get-user-pool-mfa-config", "--user-pool-id", lab["pool"])["MfaConfiguration"] == "OFF"
    assert aws("cognito-idp", "list-identity-providers", "--user-pool-id", lab["pool"])["Providers"] == []
    found = aws("resourcegroupstaggingapi", "get-resources", "--tag-filters", "Key=labctl:lab")
    assert len(found["ResourceTagMappingList"]) == 5
