"""What a user pool may have besides: code generators, identity providers, a domain."""

import base64
import hashlib
import hmac
import struct
import time

import pytest

from lab import PASSWORD
from points import Case, point, refusals, refused

TOPIC = "MFA, identity providers, domains"
TOTP = "docs: user-pool-settings-mfa-totp"
PLAIN = {"Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD"]}}}
OIDC = {"client_id": "c", "client_secret": "s", "attributes_request_method": "GET",
        "oidc_issuer": "https://idp.example.com", "authorize_scopes": "openid",
        "authorize_url": "https://idp.example.com/authorize", "token_url": "https://idp.example.com/token",
        "attributes_url": "https://idp.example.com/userinfo", "jwks_uri": "https://idp.example.com/keys"}


def code(secret, step):
    """RFC 6238's code, some steps of 30 s from now."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(time.time()) // 30 + step), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


class Generators:
    """A pool with optional code generators, a user, and that user's generator once it is verified."""

    def __init__(self, lab):
        self.lab = lab
        self.pool = lab.pool_named("mfa", **PLAIN)["Id"]
        lab.cognito.set_user_pool_mfa_config(
            UserPoolId=self.pool, MfaConfiguration="OPTIONAL", SoftwareTokenMfaConfiguration={"Enabled": True})
        self.app = lab.app("mfa", self.pool)["ClientId"]
        self.number = 0

    def user(self):
        self.number += 1
        address = f"mfa{self.number}-{self.lab.prefix}@example.com"
        self.lab.user(address, PASSWORD, self.pool)
        return address

    def sign_in(self, user):
        return self.lab.student.initiate_auth(
            ClientId=self.app, AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": user, "PASSWORD": PASSWORD})

    def token(self, user):
        return self.sign_in(user)["AuthenticationResult"]["AccessToken"]

    def ready(self):
        """A user whose generator is preferred, and its secret."""
        user = self.user()
        token = self.token(user)
        secret = self.lab.student.associate_software_token(AccessToken=token)["SecretCode"]
        self.lab.student.verify_software_token(AccessToken=token, UserCode=code(secret, -1))
        self.lab.student.set_user_mfa_preference(
            AccessToken=token, SoftwareTokenMfaSettings={"Enabled": True, "PreferredMfa": True})
        return user, secret

    def answer(self, user, begun, digits):
        return self.lab.student.respond_to_auth_challenge(
            ClientId=self.app, ChallengeName="SOFTWARE_TOKEN_MFA", Session=begun["Session"],
            ChallengeResponses={"USERNAME": user, "SOFTWARE_TOKEN_MFA_CODE": digits})


@pytest.fixture(scope="module")
def mfa(lab):
    return Generators(lab)


@point("MFA: the pool says how", "model cognito-idp: GetUserPoolMfaConfig")
def test_config(lab, mfa):
    shown = lab.cognito.get_user_pool_mfa_config(UserPoolId=mfa.pool)
    assert shown["MfaConfiguration"] == "OPTIONAL" and shown["SoftwareTokenMfaConfiguration"]["Enabled"]
    assert lab.cognito.describe_user_pool(UserPoolId=mfa.pool)["UserPool"]["MfaConfiguration"] == "OPTIONAL"


@point("MFA optional: who has no generator signs in without", TOTP)
def test_without(mfa):
    assert "AuthenticationResult" in mfa.sign_in(mfa.user())


@point("AssociateSoftwareToken: a secret in base32", "docs: API_AssociateSoftwareToken (SecretCode)")
def test_secret(lab, mfa):
    secret = lab.student.associate_software_token(AccessToken=mfa.token(mfa.user()))["SecretCode"]
    assert len(base64.b32decode(secret + "=" * (-len(secret) % 8))) >= 20


@point("VerifySoftwareToken: a wrong code", "model cognito-idp: EnableSoftwareTokenMFAException, CodeMismatchException")
def test_wrong_code(lab, mfa):
    token = mfa.token(mfa.user())
    secret = lab.student.associate_software_token(AccessToken=token)["SecretCode"]
    wrong = f"{(int(code(secret, 0)) + 500_000) % 1_000_000:06}"
    refused(lambda: lab.student.verify_software_token(AccessToken=token, UserCode=wrong),
            ("EnableSoftwareTokenMFAException", "CodeMismatchException"))


@point("SetUserMFAPreference: before the generator is verified", f"{TOTP}; seen: User has not verified software token mfa")
def test_not_verified(lab, mfa):
    token = mfa.token(mfa.user())
    refused(lambda: lab.student.set_user_mfa_preference(
        AccessToken=token, SoftwareTokenMfaSettings={"Enabled": True}), "InvalidParameterException")


@point("MFA: shown of the user", "model cognito-idp: UserMFASettingList, PreferredMfaSetting")
def test_shown(lab, mfa):
    user, _ = mfa.ready()
    shown = lab.cognito.admin_get_user(UserPoolId=mfa.pool, Username=user)
    assert shown["UserMFASettingList"] == ["SOFTWARE_TOKEN_MFA"]
    assert shown["PreferredMfaSetting"] == "SOFTWARE_TOKEN_MFA"


@point("MFA: password, then code", f"{TOTP} (SOFTWARE_TOKEN_MFA)")
def test_second_factor(mfa):
    user, secret = mfa.ready()
    begun = mfa.sign_in(user)
    assert begun["ChallengeName"] == "SOFTWARE_TOKEN_MFA" and "AuthenticationResult" not in begun
    assert "AccessToken" in mfa.answer(user, begun, code(secret, 0))["AuthenticationResult"]


@point("MFA: a wrong code", "model cognito-idp: CodeMismatchException")
def test_second_factor_wrong(mfa):
    user, secret = mfa.ready()
    wrong = f"{(int(code(secret, 0)) + 500_000) % 1_000_000:06}"
    begun = mfa.sign_in(user)
    refused(lambda: mfa.answer(user, begun, wrong), "CodeMismatchException")


@point("MFA: a code twice", "seen: Your software token has already been used once (ExpiredCodeException)")
def test_code_twice(mfa):
    user, secret = mfa.ready()
    digits = code(secret, 0)
    mfa.answer(user, mfa.sign_in(user), digits)
    begun = mfa.sign_in(user)
    refused(lambda: mfa.answer(user, begun, digits), "ExpiredCodeException")


@point("MFA required: a generator is set up within the sign-in", f"{TOTP} (MFA_SETUP, MFAS_CAN_SETUP)")
def test_setup(lab):
    pool = lab.pool_named("required", **PLAIN)["Id"]
    lab.cognito.set_user_pool_mfa_config(
        UserPoolId=pool, MfaConfiguration="ON", SoftwareTokenMfaConfiguration={"Enabled": True})
    app, user = lab.app("required", pool)["ClientId"], f"setup-{lab.prefix}@example.com"
    lab.user(user, PASSWORD, pool)
    begun = lab.student.initiate_auth(
        ClientId=app, AuthFlow="USER_PASSWORD_AUTH", AuthParameters={"USERNAME": user, "PASSWORD": PASSWORD})
    assert begun["ChallengeName"] == "MFA_SETUP"
    assert "SOFTWARE_TOKEN_MFA" in begun["ChallengeParameters"]["MFAS_CAN_SETUP"]
    made = lab.student.associate_software_token(Session=begun["Session"])
    verified = lab.student.verify_software_token(Session=made["Session"], UserCode=code(made["SecretCode"], -1))
    assert verified["Status"] == "SUCCESS"
    done = lab.student.respond_to_auth_challenge(
        ClientId=app, ChallengeName="MFA_SETUP", Session=verified["Session"], ChallengeResponses={"USERNAME": user})
    assert "AccessToken" in done["AuthenticationResult"]


def mfa_config(lab, pool, **changes):
    lab.cognito.set_user_pool_mfa_config(UserPoolId=pool, **changes)


def associate(lab):
    lab.student.associate_software_token(AccessToken=lab.tokens["AccessToken"])


def idp(lab, name, pool=None, **changes):
    wanted = {"UserPoolId": pool or lab.pool_id, "ProviderName": name, "ProviderType": "OIDC", "ProviderDetails": OIDC,
              **changes}
    made = lab.cognito.create_identity_provider(**wanted)["IdentityProvider"]
    lab.later(lab.cognito.delete_identity_provider, UserPoolId=wanted["UserPoolId"], ProviderName=name)
    return made


def idp_twice(lab):
    idp(lab, "Twice")
    idp(lab, "Twice")


def two_domains(lab):
    pool = lab.pool_named("domains")["Id"]
    for name in ("c", "d"):
        lab.cognito.create_user_pool_domain(Domain=f"{lab.prefix}-{name}", UserPoolId=pool)
        lab.later(lab.cognito.delete_user_pool_domain, Domain=f"{lab.prefix}-{name}", UserPoolId=pool)


@refusals(
    Case("MFA required, and codes by mail as first factor", "docs: amazon-cognito-user-pools-authentication-flow-methods",
         "InvalidParameterException",
         lambda lab: mfa_config(lab, lab.pool_id, MfaConfiguration="ON", SoftwareTokenMfaConfiguration={"Enabled": True})),
    Case("MFA without a way to do it", "seen: can't turn on MFA without configuring an MFA method",
         "InvalidParameterException",
         lambda lab: mfa_config(lab, lab.pool_named("wayless", **PLAIN)["Id"], MfaConfiguration="ON")),
    Case("AssociateSoftwareToken: a pool without generators", "model cognito-idp: SoftwareTokenMFANotFoundException",
         "SoftwareTokenMFANotFoundException", associate),
    Case("identity provider: twice", "model cognito-idp: DuplicateProviderException", "DuplicateProviderException",
         idp_twice),
    Case("identity provider: without what it needs", "docs: API_CreateIdentityProvider (ProviderDetails)",
         "InvalidParameterException",
         lambda lab: idp(lab, "Bare", ProviderDetails={"client_id": "c"})),
    Case("identity provider: SAML without metadata", "docs: API_CreateIdentityProvider (MetadataURL, MetadataFile)",
         "InvalidParameterException",
         lambda lab: idp(lab, "Saml", ProviderType="SAML", ProviderDetails={"IDPSignout": "true"})),
    Case("identity provider: a type that is none", "model cognito-idp: IdentityProviderTypeType",
         "InvalidParameterException", lambda lab: idp(lab, "Odd", ProviderType="LDAP")),
    Case("identity provider: not there", "model cognito-idp: ResourceNotFoundException", "ResourceNotFoundException",
         lambda lab: lab.cognito.describe_identity_provider(UserPoolId=lab.pool_id, ProviderName="Absent")),
    Case("app client: a provider that is not there", "seen: The provider … does not exist for User Pool …",
         "InvalidParameterException", lambda lab: lab.app("idp", SupportedIdentityProviders=["Absent"])),
    Case("domain: a reserved word", "seen: Domain cannot contain reserved word", "InvalidParameterException",
         lambda lab: lab.cognito.create_user_pool_domain(Domain=f"cognito-{lab.prefix}", UserPoolId=lab.pool_id)),
    Case("domain: a capital letter", "model cognito-idp: DomainType", "InvalidParameterException",
         lambda lab: lab.cognito.create_user_pool_domain(Domain=f"{lab.prefix}-UPPER", UserPoolId=lab.pool_id)),
    Case("domain: a second one", "docs: cognito-user-pools-assign-domain (one prefix domain a pool)",
         "InvalidParameterException", two_domains),
)
def test_refused(lab, case):
    refused(lambda: case.call(lab), case.code, case.status, case.text)


@point("identity provider: shown as it was made", "model cognito-idp: IdentityProviderType")
def test_provider(lab):
    idp(lab, "Shown", AttributeMapping={"email": "email"})
    shown = lab.cognito.describe_identity_provider(UserPoolId=lab.pool_id, ProviderName="Shown")["IdentityProvider"]
    assert shown["ProviderDetails"]["oidc_issuer"] == OIDC["oidc_issuer"]
    assert shown["AttributeMapping"]["email"] == "email"
    listed = lab.cognito.list_identity_providers(UserPoolId=lab.pool_id, MaxResults=60)["Providers"]
    assert "Shown" in [provider["ProviderName"] for provider in listed]


@point("identity provider: an OIDC user is named by sub", "docs: cognito-user-pools-specifying-attribute-mapping (username)")
def test_mapping(lab):
    assert idp(lab, "Named")["AttributeMapping"]["username"] == "sub"


@point("domain: shown of the pool", "model cognito-idp: UserPoolType.Domain, DomainDescriptionType")
def test_domain(lab):
    pool, name = lab.pool_named("hosted")["Id"], f"{lab.prefix}-e"
    lab.cognito.create_user_pool_domain(Domain=name, UserPoolId=pool, ManagedLoginVersion=2)
    lab.later(lab.cognito.delete_user_pool_domain, Domain=name, UserPoolId=pool)
    assert lab.cognito.describe_user_pool(UserPoolId=pool)["UserPool"]["Domain"] == name
    shown = lab.cognito.describe_user_pool_domain(Domain=name)["DomainDescription"]
    assert (shown["UserPoolId"], shown["ManagedLoginVersion"]) == (pool, 2)


@point("domain: one that nobody has", "seen: an empty DomainDescription")
def test_no_domain(lab):
    assert lab.cognito.describe_user_pool_domain(Domain=f"{lab.prefix}-absent")["DomainDescription"] == {}
