"""Sign-up and forgotten passwords: what Cognito's documentation and what people saw say."""

import secrets

import pytest
from points import Case, point, raised, refusals, refused

TOPIC = "Sign-up, forgotten passwords"
GUIDE = "docs: Cognito, Signing up and confirming user accounts"
HIDDEN = "docs: Cognito, Managing error responses"
PASSWORD, LATER = "Str0ng-Passw0rd!", "An0ther-Passw0rd!"
SEEN = "seen: amplify-ui issue 219: 2019-03-04"
RESET = "docs: re:Post, Why is Amazon Cognito not sending the verification code (cognito-forgot-password)"


@pytest.fixture(scope="module")
def open_pool(lab):
    """A pool that people can join, with a client for passwords that hides nobody."""
    pool = lab.pool_named("sign-up", AdminCreateUserConfig={"AllowAdminCreateUserOnly": False})["Id"]
    return pool, lab.app("joins", pool, PreventUserExistenceErrors="LEGACY")["ClientId"]


def address():
    return f"conformance-{secrets.token_hex(4)}@example.com"


def of(open_pool, who, **more):
    return {"ClientId": open_pool[1], "Username": who, **more}


def joined(lab, open_pool):
    """Somebody who has signed up, and the mailed code."""
    who = address()
    lab.student.sign_up(**of(open_pool, who, Password=PASSWORD))
    return who, lab.target.codes(who)[0]


def confirmed(lab, open_pool):
    who, code = joined(lab, open_pool)
    lab.student.confirm_sign_up(**of(open_pool, who, ConfirmationCode=code))
    return who


def signs_in(lab, open_pool, who, password):
    return lab.by_password(open_pool[1], who, password)


def status(lab, open_pool, who):
    return lab.cognito.admin_get_user(UserPoolId=open_pool[0], Username=who)


@point("who signs up is unconfirmed, and told where the code went", GUIDE)
def test_signs_up(lab, open_pool):
    who = address()
    made = lab.student.sign_up(**of(open_pool, who, Password=PASSWORD))
    assert made["UserConfirmed"] is False
    details = made["CodeDeliveryDetails"]
    assert (details["DeliveryMedium"], details["AttributeName"]) == ("EMAIL", "email")
    assert details["Destination"].startswith("c***@e***")
    seen = status(lab, open_pool, who)
    assert (seen["UserStatus"], seen["Username"]) == ("UNCONFIRMED", made["UserSub"])


@point("the code confirms the user and the address", GUIDE)
def test_confirms(lab, open_pool):
    who, code = joined(lab, open_pool)
    assert len(code) == 6 and code.isdigit()
    lab.student.confirm_sign_up(**of(open_pool, who, ConfirmationCode=code))
    seen = status(lab, open_pool, who)
    assert seen["UserStatus"] == "CONFIRMED"
    assert {"Name": "email_verified", "Value": "true"} in seen["UserAttributes"]
    assert "AccessToken" in signs_in(lab, open_pool, who, PASSWORD)


@point("another code replaces the first", GUIDE)
def test_resent(lab, open_pool):
    who, first = joined(lab, open_pool)
    lab.student.resend_confirmation_code(**of(open_pool, who))
    code = lab.target.codes(who)[0]
    if first != code:
        assert raised(lambda: lab.student.confirm_sign_up(
            **of(open_pool, who, ConfirmationCode=first))) == "CodeMismatchException"
    lab.student.confirm_sign_up(**of(open_pool, who, ConfirmationCode=code))


@point("an administrator confirms without verifying the address", "model cognito-idp: AdminConfirmSignUp")
def test_admin(lab, open_pool):
    who, _ = joined(lab, open_pool)
    lab.cognito.admin_confirm_sign_up(UserPoolId=open_pool[0], Username=who)
    seen = status(lab, open_pool, who)
    assert seen["UserStatus"] == "CONFIRMED"
    assert {"Name": "email_verified", "Value": "true"} not in seen["UserAttributes"]


@point("the right password of an unconfirmed user", "docs: Cognito, User account statuses")
def test_unconfirmed(lab, open_pool):
    who, _ = joined(lab, open_pool)
    assert raised(lambda: signs_in(lab, open_pool, who, PASSWORD)) == "UserNotConfirmedException"
    assert raised(lambda: signs_in(lab, open_pool, who, LATER)) == "NotAuthorizedException"


@point("a mailed code replaces a forgotten password, once", "docs: Cognito, Passwords, password recovery, and password policies")
def test_forgotten(lab, open_pool):
    who = confirmed(lab, open_pool)
    sent = lab.student.forgot_password(**of(open_pool, who))["CodeDeliveryDetails"]
    assert sent["DeliveryMedium"] == "EMAIL"
    new = of(open_pool, who, ConfirmationCode=lab.target.codes(who)[0], Password=LATER)
    lab.student.confirm_forgot_password(**new)
    assert "AccessToken" in signs_in(lab, open_pool, who, LATER)
    assert raised(lambda: signs_in(lab, open_pool, who, PASSWORD)) == "NotAuthorizedException"
    assert raised(lambda: lab.student.confirm_forgot_password(**new)) == "ExpiredCodeException"


@point("a client that hides users pretends to send a code", HIDDEN)
def test_hidden(lab, open_pool):
    client = lab.app("hides", open_pool[0])["ClientId"]
    who = {"ClientId": client, "Username": address()}
    for call in (lab.student.forgot_password, lab.student.resend_confirmation_code):
        assert call(**who)["CodeDeliveryDetails"]["DeliveryMedium"] == "EMAIL"
    wrong = {**who, "ConfirmationCode": "123456"}
    assert raised(lambda: lab.student.confirm_forgot_password(**wrong, Password=LATER)) in (
        "CodeMismatchException", "ExpiredCodeException")


def wrong(code):
    return "000000" if code != "000000" else "000001"


def twice(lab, open_pool):
    who = confirmed(lab, open_pool)
    lab.student.sign_up(**of(open_pool, who, Password=PASSWORD))


def closed(lab, _):
    pool = lab.pool_named("closed", AdminCreateUserConfig={"AllowAdminCreateUserOnly": True})["Id"]
    client = lab.app("closed", pool)["ClientId"]
    lab.student.sign_up(ClientId=client, Username=address(), Password=PASSWORD)


def mistyped(lab, open_pool):
    who, code = joined(lab, open_pool)
    lab.student.confirm_sign_up(**of(open_pool, who, ConfirmationCode=wrong(code)))


def invited(lab, open_pool):
    who = address()
    lab.user(who, pool=open_pool[0], TemporaryPassword=PASSWORD)
    lab.student.forgot_password(**of(open_pool, who))


def unverified(lab, open_pool):
    who, _ = joined(lab, open_pool)
    lab.cognito.admin_confirm_sign_up(UserPoolId=open_pool[0], Username=who)
    lab.student.forgot_password(**of(open_pool, who))


@refusals(
    Case("signing up twice", "model cognito-idp: UsernameExistsException", "UsernameExistsException", twice),
    Case("signing up where only administrators create users", "model cognito-idp: AllowAdminCreateUserOnly",
         "NotAuthorizedException", closed, text="SignUp is not permitted for this user pool"),
    Case("signing up with a short password", "docs: Cognito, Adding user pool password requirements",
         "InvalidPasswordException",
         lambda lab, pool: lab.student.sign_up(**of(pool, address(), Password="short")),
         text="Password did not conform with policy: "),
    Case("saying that one's own address is verified", "docs: Cognito, Working with user attributes",
         "NotAuthorizedException",
         lambda lab, pool: lab.student.sign_up(**of(
             pool, address(), Password=PASSWORD, UserAttributes=[{"Name": "email_verified", "Value": "true"}]))),
    Case("a mistyped code", "model cognito-idp: CodeMismatchException", "CodeMismatchException", mistyped,
         text="Invalid verification code provided, please try again."),
    Case("a code that nobody asked for", HIDDEN, "ExpiredCodeException",
         lambda lab, pool: lab.student.confirm_forgot_password(**of(
             pool, confirmed(lab, pool), ConfirmationCode="123456", Password=LATER)),
         text="Invalid code provided, please request a code again."),
    Case("confirming twice", SEEN, "NotAuthorizedException",
         lambda lab, pool: lab.student.confirm_sign_up(**of(pool, confirmed(lab, pool), ConfirmationCode="123456")),
         text="Current status is CONFIRMED"),
    Case("a code for who is confirmed", SEEN, "InvalidParameterException",
         lambda lab, pool: lab.student.resend_confirmation_code(**of(pool, confirmed(lab, pool))),
         text="User is already confirmed."),
    Case("a forgotten password of nobody", "model cognito-idp: UserNotFoundException", "UserNotFoundException",
         lambda lab, pool: lab.student.forgot_password(**of(pool, address()))),
    Case("a forgotten password of who never signed in", RESET, "NotAuthorizedException", invited),
    Case("a forgotten password without a verified address", RESET, "InvalidParameterException", unverified,
         text="Cannot reset password for the user as there is no registered/verified email or phone_number"),
)
def test_refused(lab, open_pool, case):
    refused(lambda: case.call(lab, open_pool), case.code, case.status, case.text)
