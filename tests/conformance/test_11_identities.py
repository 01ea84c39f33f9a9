"""Identity pools, and roles for whom an identity provider vouches for."""

import json
from functools import cached_property

import boto3
import pytest
from botocore.credentials import Credentials

from lab import claims
from points import point, refused

TOPIC = "Identity pools, web identity"
COGNITO = "cognito-identity.amazonaws.com"
FLOWS = "docs: authentication-flow (basic, enhanced)"


def trusting(provider, **condition):
    return {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Federated": provider}, "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": condition}]}


class Identities:
    """An identity pool in front of the user pool, its role, and the worker's login."""

    def __init__(self, lab):
        self.lab = lab
        self.provider = f"cognito-idp.{lab.region}.amazonaws.com/{lab.pool_id}"
        self.pool = self.pool_named("identities")
        self.logins = {self.provider: lab.tokens["IdToken"]}

    @cached_property
    def role(self):
        """Whom the pool's people become."""
        made = self.lab.role_named("student", self.trust(self.pool))
        self.own_roles(self.pool, made)
        return made

    def pool_named(self, what, **changes):
        wanted = {
            "IdentityPoolName": self.lab.name(what), "AllowUnauthenticatedIdentities": False,
            "CognitoIdentityProviders": [{"ProviderName": self.provider, "ClientId": self.lab.spa}], **changes}
        made = self.lab.identities.create_identity_pool(**wanted)["IdentityPoolId"]
        self.lab.later(self.lab.identities.delete_identity_pool, IdentityPoolId=made)
        return made

    def trust(self, pool, kind="authenticated"):
        return trusting(COGNITO, **{
            "StringEquals": {f"{COGNITO}:aud": pool}, "ForAnyValue:StringLike": {f"{COGNITO}:amr": kind}})

    def own_roles(self, pool, role):
        self.lab.identities.set_identity_pool_roles(IdentityPoolId=pool, Roles={"authenticated": role["Arn"]})

    def id_of(self, pool=None, logins=None):
        return self.lab.guests.get_id(
            IdentityPoolId=pool or self.pool, Logins=self.logins if logins is None else logins)["IdentityId"]

    def credentials(self, identity=None, logins=None):
        _ = self.role
        return self.lab.patiently(lambda: self.lab.guests.get_credentials_for_identity(
            IdentityId=identity or self.id_of(), Logins=self.logins if logins is None else logins),
            "Check assigned IAM roles")["Credentials"]

    def token(self, pool=None):
        return self.lab.guests.get_open_id_token(IdentityId=self.id_of(pool), Logins=self.logins)["Token"]


@pytest.fixture(scope="module")
def pools(lab):
    return Identities(lab)


@point("identity pool: renamed, it keeps its id", "model cognito-identity: UpdateIdentityPool")
def test_renamed(lab, pools):
    pool = pools.pool_named("to-rename")
    lab.identities.update_identity_pool(IdentityPoolId=pool, IdentityPoolName=lab.name("renamed"),
                                        AllowUnauthenticatedIdentities=False)
    assert lab.identities.describe_identity_pool(IdentityPoolId=pool)["IdentityPoolName"] == lab.name("renamed")


@point("identity pool: shown as it was made", "model cognito-identity: IdentityPool")
def test_described(lab, pools):
    shown = lab.identities.describe_identity_pool(IdentityPoolId=pools.pool)
    assert pools.pool.startswith(f"{lab.region}:") and not shown["AllowUnauthenticatedIdentities"]
    assert shown["CognitoIdentityProviders"][0]["ClientId"] == lab.spa


@point("identity pool: its roles", "model cognito-identity: GetIdentityPoolRoles")
def test_roles(lab, pools):
    role = pools.role["Arn"]
    shown = lab.identities.get_identity_pool_roles(IdentityPoolId=pools.pool)
    assert shown["Roles"] == {"authenticated": role}


@point("GetId: the same person, the same identity", "docs: API_GetId (supplying logins gives the same id)")
def test_same(pools):
    assert pools.id_of() == pools.id_of()


@point("GetId: a pool that is not there", "model cognito-identity: ResourceNotFoundException")
def test_absent(lab, pools):
    absent = pools.pool[:-12] + "000000000000"
    refused(lambda: pools.id_of(absent), "ResourceNotFoundException")


@point("GetId: no login, and no guests allowed", "seen: Unauthenticated access is not supported for this identity pool")
def test_no_guests(pools):
    refused(lambda: pools.id_of(logins={}), "NotAuthorizedException", text="Unauthenticated access is not supported")


@point("GetId: an access token", "seen: Invalid login token. Missing a required claim: aud")
def test_access_token(lab, pools):
    login = {pools.provider: lab.tokens["AccessToken"]}
    refused(lambda: pools.id_of(logins=login), "NotAuthorizedException", text="Invalid login token")


@point("GetId: no token at all", "seen: Invalid login token. Not a valid OpenId Connect identity token")
def test_nonsense(pools):
    login = {pools.provider: "nonsense"}
    refused(lambda: pools.id_of(logins=login), "NotAuthorizedException", text="Invalid login token")


@point("GetId: a token of another signature", "seen: Invalid login token")
def test_forged(lab, pools):
    head, body, signature = lab.tokens["IdToken"].split(".")
    forged = f"{head}.{body}.{signature[:-8]}AAAAAAAA"
    refused(lambda: pools.id_of(logins={pools.provider: forged}), "NotAuthorizedException", text="Invalid login token")


@point("GetId: another app client's token", "seen: Token is not from a supported provider of this identity pool")
def test_other_client(lab, pools):
    token = lab.by_password(app=lab.app("elsewhere")["ClientId"])["IdToken"]
    refused(lambda: pools.id_of(logins={pools.provider: token}), "NotAuthorizedException",
            text="Token is not from a supported provider")


@point("GetId: a provider that the pool does not have", "seen: Token is not from a supported provider …")
def test_other_provider(pools):
    login = {"cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEfGhI": "x.y.z"}
    refused(lambda: pools.id_of(logins=login), "NotAuthorizedException")


@point("GetCredentialsForIdentity: the pool's role", "docs: role-based access; session CognitoIdentityCredentials seen")
def test_credentials(lab, pools):
    keys = pools.credentials()
    options = {**lab.target.client_options(), "aws_access_key_id": keys["AccessKeyId"],
               "aws_secret_access_key": keys["SecretKey"], "aws_session_token": keys["SessionToken"]}
    arn = boto3.client("sts", **options).get_caller_identity()["Arn"]
    role = pools.role["RoleName"]
    assert arn == f"arn:aws:sts::{lab.account}:assumed-role/{role}/CognitoIdentityCredentials"


@point("GetCredentialsForIdentity: without the login", "seen: Access to Identity '…' is forbidden")
def test_forbidden(pools):
    refused(lambda: pools.credentials(pools.id_of(), {}), "NotAuthorizedException", text="is forbidden")


@point("GetCredentialsForIdentity: an identity that is not there", "model cognito-identity: ResourceNotFoundException")
def test_absent_identity(pools):
    absent = pools.pool[:-12] + "000000000000"
    refused(lambda: pools.credentials(absent), "ResourceNotFoundException")


@point("GetCredentialsForIdentity: a role that does not trust the pool",
       "model cognito-identity: InvalidIdentityPoolConfigurationException; docs: role-trust-and-permissions (aud)")
def test_untrusted(lab, pools):
    pool = pools.pool_named("untrusted")
    pools.own_roles(pool, lab.role_named("untrusting", pools.trust("us-east-1:another")))
    ask = lambda: lab.guests.get_credentials_for_identity(IdentityId=pools.id_of(pool), Logins=pools.logins)
    refused(ask, "InvalidIdentityPoolConfigurationException")


@point("GetCredentialsForIdentity: a pool without roles",
       "model cognito-identity: InvalidIdentityPoolConfigurationException")
def test_without_roles(lab, pools):
    identity = pools.id_of(pools.pool_named("roleless"))
    ask = lambda: lab.guests.get_credentials_for_identity(IdentityId=identity, Logins=pools.logins)
    refused(ask, "InvalidIdentityPoolConfigurationException")


@point("temporary credentials call what their policy allows, and no more", "docs: SigV4 for execute-api, ${…:sub}")
def test_called(lab, pools):
    lab.method("own", authorizationType="AWS_IAM")
    lab.method("others", authorizationType="AWS_IAM")
    _ = lab.permission
    lab.deploy("more")
    policy = {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "execute-api:Invoke",
        "Resource": f"arn:aws:execute-api:{lab.region}:{lab.account}:{lab.api_id}/more/GET/own",
        "Condition": {"StringEquals": {f"{COGNITO}:sub": pools.id_of()}}}]}
    named = {"RoleName": pools.role["RoleName"], "PolicyName": "own"}
    lab.iam.put_role_policy(**named, PolicyDocument=json.dumps(policy))
    lab.later(lab.iam.delete_role_policy, **named)
    keys = pools.credentials()
    keys = Credentials(keys["AccessKeyId"], keys["SecretKey"], keys["SessionToken"])
    for path, status in (("/own", 200), ("/others", 403)):
        answer = lab.call(path, stage="more", headers=lab.signed(path, "more", keys=keys), expect=status)
        assert answer.status == status, path


@point("GetOpenIdToken: whose and for whom", f"{FLOWS}: iss, sub, aud, amr")
def test_open_id(pools):
    told = claims(pools.token())
    assert told["iss"] == f"https://{COGNITO}" and told["aud"] == pools.pool
    assert told["sub"] == pools.id_of() and told["amr"][0] == "authenticated"


@point("GetOpenIdToken: good for ten minutes", "docs: API_GetOpenIdToken (valid for 10 minutes)")
def test_ten_minutes(pools):
    told = claims(pools.token())
    assert told["exp"] - told["iat"] == 600


@point("GetOpenIdToken: a pool without the basic flow", "seen: Basic (classic) flow is not enabled, please use enhanced flow")
def test_no_basic(pools):
    pool = pools.pool_named("enhanced", AllowClassicFlow=False)
    refused(lambda: pools.token(pool), "InvalidParameterException", text="please use enhanced flow")


def assume(lab, role, token, **changes):
    wanted = {"RoleArn": role["Arn"], "RoleSessionName": "conformance", "WebIdentityToken": token, **changes}
    return lab.strangers.assume_role_with_web_identity(**wanted)


@point("AssumeRoleWithWebIdentity: an identity pool's token", f"{FLOWS}; model sts: the answer's members")
def test_assumed(lab, pools):
    made = lab.patiently(lambda: assume(lab, pools.role, pools.token()), "Not authorized")
    assert made["Provider"] == COGNITO and made["Audience"] == pools.pool
    assert made["SubjectFromWebIdentityToken"] == pools.id_of()
    assert made["AssumedRoleUser"]["Arn"].endswith(f":assumed-role/{pools.role['RoleName']}/conformance")


@point("AssumeRoleWithWebIdentity: the trust policy says no", "seen: Not authorized to perform sts:AssumeRoleWithWebIdentity")
def test_not_trusted(lab, pools):
    role = lab.role_named("guests-only", pools.trust(pools.pool, "unauthenticated"))
    refused(lambda: assume(lab, role, pools.token()), "AccessDenied", 403,
            "Not authorized to perform sts:AssumeRoleWithWebIdentity")


@point("AssumeRoleWithWebIdentity: longer than the role allows", "docs: API_AssumeRoleWithWebIdentity (ValidationError)")
def test_too_long(lab, pools):
    refused(lambda: assume(lab, pools.role, pools.token(), DurationSeconds=3601), "ValidationError")


@point("AssumeRoleWithWebIdentity: no token at all", "model sts: InvalidIdentityToken")
def test_no_token(lab, pools):
    refused(lambda: assume(lab, pools.role, "nonsense"), "InvalidIdentityToken")


@point("AssumeRoleWithWebIdentity: an issuer that the account does not have",
       "seen: No OpenIDConnect provider found in your account for https://…")
def test_no_provider(lab, pools):
    refused(lambda: assume(lab, pools.role, lab.tokens["IdToken"]), "InvalidIdentityToken",
            text=f"No OpenIDConnect provider found in your account for https://{pools.provider}")


def provider(lab, pools, client):
    arn = lab.iam.create_open_id_connect_provider(
        Url=f"https://{pools.provider}", ClientIDList=[client])["OpenIDConnectProviderArn"]
    lab.later(lab.iam.delete_open_id_connect_provider, OpenIDConnectProviderArn=arn)
    return arn


@point("AssumeRoleWithWebIdentity: a user pool as OpenID Connect provider",
       "docs: id_roles_providers_create_oidc; reference_policies_iam-condition-keys (aud, sub)")
def test_oidc(lab, pools):
    arn = provider(lab, pools, lab.spa)
    try:
        trust = trusting(arn, StringEquals={
            f"{pools.provider}:aud": lab.spa, f"{pools.provider}:sub": claims(lab.tokens["IdToken"])["sub"]})
        role = lab.role_named("oidc", trust)
        made = lab.patiently(lambda: assume(lab, role, lab.tokens["IdToken"]), "Not authorized")
        assert made["Audience"] == lab.spa and made["Provider"] == arn
    finally:
        lab.iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)


@point("AssumeRoleWithWebIdentity: a client that the provider does not know", "seen: Incorrect token audience")
def test_audience(lab, pools):
    arn = provider(lab, pools, "another")
    try:
        role = lab.role_named("audience", trusting(arn))
        refused(lambda: assume(lab, role, lab.tokens["IdToken"]), "InvalidIdentityToken", text="Incorrect token audience")
    finally:
        lab.iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)


@point("OpenID Connect provider: twice", "model iam: EntityAlreadyExists (409)")
def test_provider_twice(lab, pools):
    arn = provider(lab, pools, "another")
    try:
        refused(lambda: provider(lab, pools, "another"), "EntityAlreadyExists", 409)
    finally:
        lab.iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)


@point("OpenID Connect provider: deleted twice", "docs: API_DeleteOpenIDConnectProvider (idempotent)")
def test_provider_deleted(lab, pools):
    arn = provider(lab, pools, "another")
    for _ in range(2):
        lab.iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    refused(lambda: lab.iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn), "NoSuchEntity", 404)
