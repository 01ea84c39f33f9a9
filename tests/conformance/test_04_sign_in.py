"""Ways to sign in, and what they are refused with."""

import base64
import hashlib
import hmac
import struct
import time
import uuid

from pycognito.aws_srp import AWSSRP

from lab import PASSWORD, claims
from points import Case, point, refusals, refused

TOPIC = "Sign-in"
DENIED = "NotAuthorizedException"
WRONG = "Incorrect username or password."


def srp(lab, user, password=PASSWORD, app=None):
    return AWSSRP(username=user, password=password, pool_id=lab.pool_id, client_id=app or lab.spa, client=lab.student)


def verified(lab, begun, proof, app=None):
    """Answers PASSWORD_VERIFIER."""
    session = {"Session": begun["Session"]} if "Session" in begun else {}
    answers = proof.process_challenge(begun["ChallengeParameters"], {"USERNAME": proof.username})
    return lab.student.respond_to_auth_challenge(
        ClientId=app or lab.spa, ChallengeName="PASSWORD_VERIFIER", ChallengeResponses=answers, **session)


def by_srp(lab, user, password=PASSWORD):
    proof = srp(lab, user, password)
    begun = lab.student.initiate_auth(
        ClientId=lab.spa, AuthFlow="USER_SRP_AUTH", AuthParameters=proof.get_auth_params())
    assert begun["ChallengeName"] == "PASSWORD_VERIFIER"
    return verified(lab, begun, proof)


def answer(lab, name, begun, user, app=None, **responses):
    return lab.student.respond_to_auth_challenge(
        ClientId=app or lab.spa, ChallengeName=name, Session=begun["Session"],
        ChallengeResponses={"USERNAME": user, **responses})


def totp(secret, later=0):
    """The code that a generator shows now, or so many steps later (RFC 6238)."""
    digest = hmac.new(base64.b32decode(secret + "=" * (-len(secret) % 8)),
                      struct.pack(">Q", int(time.time()) // 30 + later), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


@point("without a preference the user chooses", "docs: USER_AUTH answers SELECT_CHALLENGE")
def test_choice(lab):
    begun = lab.choose(lab.worker)
    assert begun["ChallengeName"] == "SELECT_CHALLENGE"
    assert sorted(begun["AvailableChallenges"]) == ["EMAIL_OTP", "PASSWORD", "PASSWORD_SRP"]


@point("the choice is answered with EMAIL_OTP", "docs: SELECT_CHALLENGE {USERNAME, ANSWER}")
def test_choose_code(lab):
    begun = lab.choose(lab.worker)
    chosen = answer(lab, "SELECT_CHALLENGE", begun, lab.worker, ANSWER="EMAIL_OTP")
    assert chosen["ChallengeName"] == "EMAIL_OTP" and chosen["Session"] != begun["Session"]
    assert chosen["ChallengeParameters"]["CODE_DELIVERY_DESTINATION"] == "w***@e***"


@point("the choice is answered with a password", "docs: SELECT_CHALLENGE {USERNAME, ANSWER: PASSWORD, PASSWORD}")
def test_choose_password(lab):
    begun = lab.choose(lab.worker)
    chosen = answer(lab, "SELECT_CHALLENGE", begun, lab.worker, ANSWER="PASSWORD", PASSWORD=PASSWORD)
    assert chosen["AuthenticationResult"]["AccessToken"]


@point("a preferred password is asked for", "docs: PREFERRED_CHALLENGE PASSWORD")
def test_prefer_password(lab):
    begun = lab.choose(lab.worker, PREFERRED_CHALLENGE="PASSWORD")
    assert begun["ChallengeName"] == "PASSWORD"
    assert answer(lab, "PASSWORD", begun, lab.worker, PASSWORD=PASSWORD)["AuthenticationResult"]["IdToken"]


@point("a preferred password is taken at once", "docs: PREFERRED_CHALLENGE PASSWORD with PASSWORD")
def test_password_at_once(lab):
    begun = lab.choose(lab.worker, PREFERRED_CHALLENGE="PASSWORD", PASSWORD=PASSWORD)
    assert begun["AuthenticationResult"]["IdToken"]


@point("USER_AUTH by SRP", "docs: PREFERRED_CHALLENGE PASSWORD_SRP with SRP_A")
def test_choice_srp(lab):
    proof = srp(lab, lab.worker)
    begun = lab.choose(lab.worker, PREFERRED_CHALLENGE="PASSWORD_SRP", SRP_A=proof.get_auth_params()["SRP_A"])
    assert begun["ChallengeName"] == "PASSWORD_VERIFIER"
    assert verified(lab, begun, proof)["AuthenticationResult"]["AccessToken"]


@point("a user with a temporary password has no codes", "seen: 2026-09, SELECT_CHALLENGE with passwords only")
def test_temporary_password(lab):
    email = f"temporary-{lab.prefix}@example.com"
    made = lab.user(email, TemporaryPassword=PASSWORD)
    assert made["UserStatus"] == "FORCE_CHANGE_PASSWORD"
    begun = lab.choose(email, PREFERRED_CHALLENGE="EMAIL_OTP")
    assert begun["ChallengeName"] == "SELECT_CHALLENGE"
    assert sorted(begun["AvailableChallenges"]) == ["PASSWORD", "PASSWORD_SRP"]


@point("a temporary password has to be replaced", "docs: NEW_PASSWORD_REQUIRED")
def test_new_password(lab):
    email = f"new-{lab.prefix}@example.com"
    lab.user(email, TemporaryPassword=PASSWORD)
    begun = lab.student.initiate_auth(
        ClientId=lab.spa, AuthFlow="USER_PASSWORD_AUTH", AuthParameters={"USERNAME": email, "PASSWORD": PASSWORD})
    assert begun["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
    assert begun["ChallengeParameters"]["requiredAttributes"] == "[]"
    weak = refused(lambda: answer(lab, "NEW_PASSWORD_REQUIRED", begun, email, NEW_PASSWORD="weak"),
                   "InvalidPasswordException")
    assert "policy" in weak["Message"]
    done = answer(lab, "NEW_PASSWORD_REQUIRED", begun, email, NEW_PASSWORD=PASSWORD + "2")
    assert done["AuthenticationResult"]["RefreshToken"]
    assert lab.cognito.admin_get_user(UserPoolId=lab.pool_id, Username=email)["UserStatus"] == "CONFIRMED"


@point("a permanent password confirms", "model cognito-idp: AdminSetUserPassword")
def test_permanent_password(lab):
    email = f"permanent-{lab.prefix}@example.com"
    lab.user(email, TemporaryPassword=PASSWORD)
    lab.cognito.admin_set_user_password(UserPoolId=lab.pool_id, Username=email, Password=PASSWORD, Permanent=True)
    assert lab.cognito.admin_get_user(UserPoolId=lab.pool_id, Username=email)["UserStatus"] == "CONFIRMED"
    assert lab.by_password(user=email)["AccessToken"]


@point("somebody unknown is challenged all the same", "seen: 2026-09; docs: cognito-user-pool-managing-errors")
def test_unknown(lab):
    begun = lab.choose(f"nobody-{lab.prefix}@example.com", PREFERRED_CHALLENGE="EMAIL_OTP")
    assert begun["ChallengeName"] in ("EMAIL_OTP", "PASSWORD", "PASSWORD_SRP") and begun["Session"]


@point("somebody unknown has the wrong password", "docs: PreventUserExistenceErrors ENABLED")
def test_unknown_password(lab):
    refused(lambda: lab.by_password(user="nobody@example.com"), DENIED, text=WRONG)


@point("LEGACY tells who is unknown", "docs: PreventUserExistenceErrors LEGACY")
def test_legacy(lab):
    legacy = lab.app("legacy", PreventUserExistenceErrors="LEGACY")["ClientId"]
    refused(lambda: lab.by_password(legacy, "nobody@example.com"), "UserNotFoundException", text="User does not exist.")


def bare(lab, flow, **parameters):
    """With a client that has only the flows of one that named none."""
    client = lab.app(f"bare-{uuid.uuid4().hex[:6]}", ExplicitAuthFlows=["ALLOW_REFRESH_TOKEN_AUTH"])["ClientId"]
    lab.student.initiate_auth(ClientId=client, AuthFlow=flow, AuthParameters={"USERNAME": lab.worker, **parameters})


@refusals(
    Case("USER_AUTH that the client did not enable", "docs: ExplicitAuthFlows", "InvalidParameterException",
         lambda lab: bare(lab, "USER_AUTH"), text="flow not enabled for this client"),
    Case("USER_PASSWORD_AUTH that the client did not enable", "docs: ExplicitAuthFlows", "InvalidParameterException",
         lambda lab: bare(lab, "USER_PASSWORD_AUTH", PASSWORD=PASSWORD), text="flow not enabled for this client"),
    Case("USER_SRP_AUTH that the client did not enable", "docs: ExplicitAuthFlows", "InvalidParameterException",
         lambda lab: bare(lab, "USER_SRP_AUTH", SRP_A="ab"), text="not enabled for the client"),
    Case("an administrator's flow without one", "docs: ADMIN_USER_PASSWORD_AUTH is AdminInitiateAuth's",
         "InvalidParameterException", lambda lab: lab.student.initiate_auth(
             ClientId=lab.spa, AuthFlow="ADMIN_USER_PASSWORD_AUTH",
             AuthParameters={"USERNAME": lab.worker, "PASSWORD": PASSWORD})),
    Case("a flow that does not exist", "model cognito-idp: AuthFlowType", "InvalidParameterException",
         lambda lab: lab.student.initiate_auth(ClientId=lab.spa, AuthFlow="MAGIC", AuthParameters={})),
    Case("a client that does not exist", "model cognito-idp: ResourceNotFoundException", "ResourceNotFoundException",
         lambda lab: lab.choose(lab.worker, "nothing")),
    Case("no user name", "docs: USERNAME is required", "InvalidParameterException",
         lambda lab: lab.student.initiate_auth(
             ClientId=lab.spa, AuthFlow="USER_PASSWORD_AUTH", AuthParameters={"PASSWORD": PASSWORD})),
    Case("a wrong password", "docs: NotAuthorizedException", DENIED,
         lambda lab: lab.by_password(password="Wr0ng-password!"), text=WRONG),
    Case("a wrong code", "model cognito-idp: CodeMismatchException; seen: the text", "CodeMismatchException",
         lambda lab: lab.answer_code(lab.choose(lab.worker, PREFERRED_CHALLENGE="EMAIL_OTP"), "00000000", lab.worker),
         text="Invalid code or auth state for the user."),
    Case("a session that is none", "model cognito-idp: NotAuthorizedException", (DENIED, "CodeMismatchException"),
         lambda lab: lab.answer_code({"Session": "x" * 900}, "00000000", lab.worker)),
    Case("a session too short to be one", "model cognito-idp: SessionType min 20", "InvalidParameterException",
         lambda lab: lab.answer_code({"Session": "x"}, "00000000", lab.worker)),
    Case("a session of another client", "the documentation does not say", DENIED,
         lambda lab: lab.answer_code(lab.choose(lab.worker, PREFERRED_CHALLENGE="EMAIL_OTP"), "00000000", lab.worker,
                                     lab.app("another")["ClientId"]), settled=False),
    Case("a wrong password by SRP", "docs: NotAuthorizedException", DENIED,
         lambda lab: by_srp(lab, lab.worker, "Wr0ng-password!"), text=WRONG),
)
def test_refused(lab, case):
    refused(lambda: case.call(lab), case.code, case.status, case.text)


@point("a wrong code does not end the session", "seen: 2026-09, six wrong codes in a row")
def test_attempts(lab):
    begun, code = lab.ask_code()
    wrong = "00000000" if code != "00000000" else "11111111"
    for _ in range(5):
        refused(lambda: lab.answer_code(begun, wrong), "CodeMismatchException")
    assert lab.answer_code(begun, code)["AuthenticationResult"]["AccessToken"]


@point("a session is used once", "seen: 2026-09, \"…session can only be used once.\"")
def test_single_use(lab):
    begun, code = lab.ask_code()
    lab.answer_code(begun, code)
    refused(lambda: lab.answer_code(begun, code), DENIED, text="session can only be used once")


@point("a session ends after three minutes", "seen: 2026-09, \"…session is expired.\"", slow=True)
def test_expiry(lab):
    begun, code = lab.ask_code()
    time.sleep(185)
    refused(lambda: lab.answer_code(begun, code), DENIED, text="session is expired")


@point("SRP proves a password", "docs: USER_SRP_AUTH; the group of RFC 5054, 3072 bits")
def test_srp(lab):
    result = by_srp(lab, lab.worker)["AuthenticationResult"]
    assert claims(result["IdToken"])["email"] == lab.worker


@point("SRP says who the user is", "docs: PASSWORD_VERIFIER (SALT, SECRET_BLOCK, SRP_B, USER_ID_FOR_SRP)")
def test_srp_parameters(lab):
    begun = lab.student.initiate_auth(
        ClientId=lab.spa, AuthFlow="USER_SRP_AUTH", AuthParameters=srp(lab, lab.worker).get_auth_params())
    told = begun["ChallengeParameters"]
    user = lab.cognito.admin_get_user(UserPoolId=lab.pool_id, Username=lab.worker)["Username"]
    assert told["USER_ID_FOR_SRP"] == told["USERNAME"] == user
    assert base64.b64decode(told["SECRET_BLOCK"]) and int(told["SRP_B"], 16) and int(told["SALT"], 16)


@point("SRP does not tell who is unknown", "docs: PreventUserExistenceErrors ENABLED")
def test_srp_unknown(lab):
    refused(lambda: by_srp(lab, f"nobody-{lab.prefix}@example.com"), DENIED, text=WRONG)


@point("a client with a secret wants SECRET_HASH", "docs: computing SECRET_HASH")
def test_secret(lab):
    made = lab.app("secret", GenerateSecret=True)
    client, secret = made["ClientId"], made["ClientSecret"]
    refused(lambda: lab.by_password(client), DENIED, text="SECRET_HASH was not received")
    digest = hmac.new(secret.encode(), (lab.worker + client).encode(), hashlib.sha256).digest()
    assert lab.by_password(client, SECRET_HASH=base64.b64encode(digest).decode())["AccessToken"]
    refused(lambda: lab.by_password(client, SECRET_HASH="bm8="), DENIED)


@point("an administrator signs a user in", "model cognito-idp: AdminInitiateAuth ADMIN_USER_PASSWORD_AUTH")
def test_admin(lab):
    answer = lab.cognito.admin_initiate_auth(
        UserPoolId=lab.pool_id, ClientId=lab.spa, AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": lab.worker, "PASSWORD": PASSWORD})
    assert answer["AuthenticationResult"]["AccessToken"]


@point("a disabled user is kept out", "model cognito-idp: AdminDisableUser, AdminEnableUser; docs: \"User is disabled.\"")
def test_disabled(lab):
    email = f"disabled-{lab.prefix}@example.com"
    lab.user(email, PASSWORD)
    at = {"UserPoolId": lab.pool_id, "Username": email}
    lab.cognito.admin_disable_user(**at)
    assert lab.cognito.admin_get_user(**at)["Enabled"] is False
    refused(lambda: lab.by_password(user=email), DENIED, text="disabled")
    lab.cognito.admin_enable_user(**at)
    assert lab.by_password(user=email)["AccessToken"]


@point("MFA is set up for a pool", "model cognito-idp: SetUserPoolMfaConfig, GetUserPoolMfaConfig")
def test_pool_mfa(lab):
    pool = lab.pool_named("mfa-config")["Id"]
    assert lab.cognito.get_user_pool_mfa_config(UserPoolId=pool)["MfaConfiguration"] == "OFF"
    lab.cognito.set_user_pool_mfa_config(
        UserPoolId=pool, MfaConfiguration="OPTIONAL", SoftwareTokenMfaConfiguration={"Enabled": True})
    read = lab.cognito.get_user_pool_mfa_config(UserPoolId=pool)
    assert (read["MfaConfiguration"], read["SoftwareTokenMfaConfiguration"]) == ("OPTIONAL", {"Enabled": True})
    assert lab.cognito.describe_user_pool(UserPoolId=pool)["UserPool"]["MfaConfiguration"] == "OPTIONAL"


def mfa_user(lab, what):
    """A pool with optional MFA, a client, a user in it, and its access token."""
    pool = lab.pool_named(what)["Id"]
    lab.cognito.set_user_pool_mfa_config(
        UserPoolId=pool, MfaConfiguration="OPTIONAL", SoftwareTokenMfaConfiguration={"Enabled": True})
    client, email = lab.app(what, pool)["ClientId"], f"{what}-{lab.prefix}@example.com"
    lab.user(email, PASSWORD, pool)
    return pool, client, email, lab.by_password(client, email)["AccessToken"]


@point("a code generator is a second factor", "model cognito-idp: AssociateSoftwareToken, VerifySoftwareToken; RFC 6238")
def test_totp(lab):
    pool, client, email, token = mfa_user(lab, "totp")
    secret = lab.student.associate_software_token(AccessToken=token)["SecretCode"]
    refused(lambda: lab.student.verify_software_token(AccessToken=token, UserCode=f"{int(totp(secret)) ^ 1:06}"),
            ("EnableSoftwareTokenMFAException", "CodeMismatchException"))
    assert lab.student.verify_software_token(AccessToken=token, UserCode=totp(secret))["Status"] == "SUCCESS"
    lab.student.set_user_mfa_preference(
        AccessToken=token, SoftwareTokenMfaSettings={"Enabled": True, "PreferredMfa": True})
    user = lab.cognito.admin_get_user(UserPoolId=pool, Username=email)
    assert user["UserMFASettingList"] == ["SOFTWARE_TOKEN_MFA"] and user["PreferredMfaSetting"] == "SOFTWARE_TOKEN_MFA"

    def begin():
        begun = lab.student.initiate_auth(
            ClientId=client, AuthFlow="USER_PASSWORD_AUTH", AuthParameters={"USERNAME": email, "PASSWORD": PASSWORD})
        assert begun["ChallengeName"] == "SOFTWARE_TOKEN_MFA"
        return begun

    wrong = {"SOFTWARE_TOKEN_MFA_CODE": f"{int(totp(secret)) ^ 1:06}"}
    refused(lambda: answer(lab, "SOFTWARE_TOKEN_MFA", begin(), email, client, **wrong), "CodeMismatchException")
    # A code is taken once, and one was taken above: clocks may differ by a step.
    try:
        done = answer(lab, "SOFTWARE_TOKEN_MFA", begin(), email, client, SOFTWARE_TOKEN_MFA_CODE=totp(secret))
    except lab.student.exceptions.ExpiredCodeException:
        if lab.target.real:
            time.sleep(30 - time.time() % 30)
        later = 0 if lab.target.real else 1
        done = answer(lab, "SOFTWARE_TOKEN_MFA", begin(), email, client, SOFTWARE_TOKEN_MFA_CODE=totp(secret, later))
    assert done["AuthenticationResult"]["AccessToken"]


@point("required MFA is set up while signing in", "docs: MFA_SETUP, MFAS_CAN_SETUP")
def test_mfa_setup(lab):
    pool = lab.pool_named("mfa-on", Policies={"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD"]}})["Id"]
    lab.cognito.set_user_pool_mfa_config(
        UserPoolId=pool, MfaConfiguration="ON", SoftwareTokenMfaConfiguration={"Enabled": True})
    client, email = lab.app("mfa-on", pool)["ClientId"], f"on-{lab.prefix}@example.com"
    lab.user(email, PASSWORD, pool)
    begun = lab.student.initiate_auth(
        ClientId=client, AuthFlow="USER_PASSWORD_AUTH", AuthParameters={"USERNAME": email, "PASSWORD": PASSWORD})
    assert begun["ChallengeName"] == "MFA_SETUP"
    assert "SOFTWARE_TOKEN_MFA" in begun["ChallengeParameters"]["MFAS_CAN_SETUP"]
    associated = lab.student.associate_software_token(Session=begun["Session"])
    verified = lab.student.verify_software_token(Session=associated["Session"], UserCode=totp(associated["SecretCode"]))
    assert verified["Status"] == "SUCCESS"
    done = answer(lab, "MFA_SETUP", verified, email, client)
    assert done["AuthenticationResult"]["AccessToken"]


@point("who has MFA is sent no code", "docs: a user with MFA cannot use passwordless factors")
def test_mfa_and_codes(lab):
    _, client, email, token = mfa_user(lab, "mfa-choice")
    secret = lab.student.associate_software_token(AccessToken=token)["SecretCode"]
    lab.student.verify_software_token(AccessToken=token, UserCode=totp(secret))
    lab.student.set_user_mfa_preference(AccessToken=token, SoftwareTokenMfaSettings={"Enabled": True})
    begun = lab.choose(email, client, PREFERRED_CHALLENGE="EMAIL_OTP")
    assert "EMAIL_OTP" not in begun["AvailableChallenges"]
