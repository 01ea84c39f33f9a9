"""Tokens: what they say, how they are renewed, and how they end."""

import base64
import hashlib
import json
import urllib.request
import uuid

from lab import SCOPE, claims
from points import point, refused

TOPIC = "Tokens"
DENIED = "NotAuthorizedException"


def refresh(lab, token, app=None):
    return lab.student.initiate_auth(
        ClientId=app or lab.spa, AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters={"REFRESH_TOKEN": token})


def signed_in(lab, app=None):
    """Tokens of a user of its own, which may be revoked."""
    email = f"{uuid.uuid4().hex[:8]}-{lab.prefix}@example.com"
    lab.user(email, "Str0ng-Passw0rd!")
    return lab.by_password(app, email)


@point("what an access token says", "docs: user pool access token (no aud)")
def test_access_token(lab):
    said = claims(lab.tokens["AccessToken"])
    assert (said["token_use"], said["client_id"], said["scope"]) == ("access", lab.spa, SCOPE)
    assert "aud" not in said and said["exp"] - said["iat"] == 3600
    assert said["iss"] == f"https://cognito-idp.{lab.region}.amazonaws.com/{lab.pool_id}"
    assert {"sub", "jti", "origin_jti", "event_id", "auth_time", "username"} <= set(said)


@point("what an ID token says", "docs: user pool ID token (aud)")
def test_id_token(lab):
    said = claims(lab.tokens["IdToken"])
    assert (said["token_use"], said["aud"], said["email"], said["email_verified"]) == (
        "id", lab.spa, lab.worker, True)
    assert said["cognito:username"] == said["sub"]
    assert "client_id" not in said and "scope" not in said


@point("the pool's keys verify the tokens", "docs: verifying a JSON web token (RS256, jwks.json)")
def test_keys(lab):
    with urllib.request.urlopen(lab.target.keys(lab.pool_id), timeout=30) as answer:
        keys = {key["kid"]: key for key in json.load(answer)["keys"]}
    def number(text):
        return int.from_bytes(base64.urlsafe_b64decode(text + "=="), "big")
    for token in (lab.tokens["AccessToken"], lab.tokens["IdToken"]):
        signed, signature = token.rsplit(".", 1)
        header = json.loads(base64.urlsafe_b64decode(signed.split(".")[0] + "=="))
        assert header["alg"] == "RS256"
        key = keys[header["kid"]]
        opened = f"{pow(number(signature), number(key['e']), number(key['n'])):x}"
        # PKCS #1 v1.5 ends with what names SHA-256, and the digest.
        digest = hashlib.sha256(signed.encode()).hexdigest()
        assert opened.endswith("003031300d060960864801650304020105000420" + digest)


@point("GetUser knows the bearer", "model cognito-idp: GetUser")
def test_get_user(lab):
    user = lab.student.get_user(AccessToken=lab.tokens["AccessToken"])
    assert {"Name": "email", "Value": lab.worker} in user["UserAttributes"]


@point("GetUser takes no ID token", "model cognito-idp: GetUser wants an access token")
def test_get_user_id_token(lab):
    refused(lambda: lab.student.get_user(AccessToken=lab.tokens["IdToken"]), DENIED)


@point("a changed token is refused", "docs: the signature counts")
def test_changed(lab):
    head, body, signature = lab.tokens["AccessToken"].split(".")
    said = {**claims(lab.tokens["AccessToken"]), "username": "root"}
    forged = base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")
    refused(lambda: lab.student.get_user(AccessToken=f"{head}.{forged}.{signature}"), DENIED)


@point("lifetimes are the client's", "model cognito-idp: AccessTokenValidity, IdTokenValidity, TokenValidityUnits")
def test_lifetimes(lab):
    app = lab.app("lifetimes", AccessTokenValidity=10, IdTokenValidity=2,
                  TokenValidityUnits={"AccessToken": "minutes", "IdToken": "hours"})["ClientId"]
    result = lab.by_password(app)
    access, identity = claims(result["AccessToken"]), claims(result["IdToken"])
    assert result["ExpiresIn"] == access["exp"] - access["iat"] == 600
    assert identity["exp"] - identity["iat"] == 7200


@point("a refreshed token remembers the sign-in", "docs: origin_jti, auth_time")
def test_origin(lab):
    first, second = lab.tokens, refresh(lab, lab.tokens["RefreshToken"])["AuthenticationResult"]
    first, second = claims(first["AccessToken"]), claims(second["AccessToken"])
    assert (first["origin_jti"], first["auth_time"]) == (second["origin_jti"], second["auth_time"])
    assert first["jti"] != second["jti"]


@point("a refresh token that is none", "docs: Invalid Refresh Token")
def test_no_refresh_token(lab):
    refused(lambda: refresh(lab, "nonsense"), DENIED, text="Invalid Refresh Token")


@point("a refresh token is its client's", "docs: Invalid Refresh Token")
def test_other_client(lab):
    other = lab.app("other-tokens")["ClientId"]
    refused(lambda: refresh(lab, lab.tokens["RefreshToken"], other), DENIED)


@point("GetTokensFromRefreshToken without rotation", "model cognito-idp: GetTokensFromRefreshToken")
def test_get_tokens(lab):
    result = lab.student.get_tokens_from_refresh_token(
        RefreshToken=lab.tokens["RefreshToken"], ClientId=lab.spa)["AuthenticationResult"]
    assert result["AccessToken"] and result["IdToken"] and "RefreshToken" not in result


def rotating(lab, what):
    return lab.app(what, ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH"],
                   RefreshTokenRotation={"Feature": "ENABLED", "RetryGracePeriodSeconds": 0})["ClientId"]


@point("rotation gives a new refresh token", "model cognito-idp: RefreshTokenRotation; docs: using-the-refresh-token")
def test_rotation(lab):
    app = rotating(lab, "rotating")
    old = signed_in(lab, app)["RefreshToken"]
    new = lab.student.get_tokens_from_refresh_token(RefreshToken=old, ClientId=app)["AuthenticationResult"]
    assert new["RefreshToken"] != old


@point("a rotated refresh token is used once", "model cognito-idp: RefreshTokenReuseException")
def test_reuse(lab):
    app = rotating(lab, "reusing")
    old = signed_in(lab, app)["RefreshToken"]
    lab.student.get_tokens_from_refresh_token(RefreshToken=old, ClientId=app)
    refused(lambda: lab.student.get_tokens_from_refresh_token(RefreshToken=old, ClientId=app),
            "RefreshTokenReuseException")


@point("RevokeToken ends the sign-in", "docs: token-revocation (access tokens too)")
def test_revoke(lab):
    result = signed_in(lab)
    lab.student.revoke_token(Token=result["RefreshToken"], ClientId=lab.spa)
    refused(lambda: refresh(lab, result["RefreshToken"]), DENIED, text="Refresh Token has been revoked")
    refused(lambda: lab.student.get_user(AccessToken=result["AccessToken"]), DENIED,
            text="Access Token has been revoked")


@point("RevokeToken takes refresh tokens only", "model cognito-idp: UnsupportedTokenTypeException")
def test_revoke_access_token(lab):
    refused(lambda: lab.student.revoke_token(Token=lab.tokens["AccessToken"], ClientId=lab.spa),
            "UnsupportedTokenTypeException")


@point("GlobalSignOut ends all of a user's sign-ins", "docs: GlobalSignOut")
def test_sign_out(lab):
    email = f"out-{lab.prefix}@example.com"
    lab.user(email, "Str0ng-Passw0rd!")
    first, second = lab.by_password(user=email), lab.by_password(user=email)
    lab.student.global_sign_out(AccessToken=first["AccessToken"])
    for result in (first, second):
        refused(lambda r=result: refresh(lab, r["RefreshToken"]), DENIED)
        refused(lambda r=result: lab.student.get_user(AccessToken=r["AccessToken"]), DENIED)
    assert lab.by_password(user=email)["AccessToken"]


@point("a deleted user's tokens end", "docs: AdminDeleteUser")
def test_deleted_user(lab):
    email = f"deleted-{lab.prefix}@example.com"
    lab.user(email, "Str0ng-Passw0rd!")
    result = lab.by_password(user=email)
    lab.cognito.admin_delete_user(UserPoolId=lab.pool_id, Username=email)
    refused(lambda: refresh(lab, result["RefreshToken"]), (DENIED, "UserNotFoundException"))
    refused(lambda: lab.student.get_user(AccessToken=result["AccessToken"]), (DENIED, "UserNotFoundException"))
