"""Function URLs: LocalStack's snapshots recorded on AWS (`TEST: DATE`), Lambda's documentation."""

import io
import json
import secrets
import time
import zipfile

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from points import Case, point, refusals, refused

TOPIC = "Function URLs"
LIFE = "seen: LocalStack test_url_config_lifecycle: 2025-11-25"
BROKEN = "seen: LocalStack test_url_config_exceptions: 2025-11-25"
ANSWERS = "seen: LocalStack test_lambda_url_invocation: 2025-11-24"
AUTH = "docs: Lambda, Control access to Lambda function URLs"
FORMAT = "docs: Lambda, Invoking Lambda function URLs"
ABSENT = "ResourceNotFoundException"
CODE = '''
def lambda_handler(event, context):
    what = event.get("queryStringParameters", {}).get("do")
    if what == "raise":
        raise ValueError("on purpose")
    return {
        "echo": event, "dict": {"hello": "world"}, "text": "hello", "list": ["hello", 3, True],
        "made": {"statusCode": 201, "headers": {"X-Mine": "yes"}, "cookies": ["a=1"], "body": "aGk=", "isBase64Encoded": True},
    }[what]
'''


def packed():
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as made:
        made.writestr("lambda_function.py", CODE)
    return {"ZipFile": data.getvalue()}


def function(lab):
    return lab.function_named(f"url-{secrets.token_hex(3)}", Code=packed())["FunctionName"]


def permit(lab, name, action, **changes):
    lab.functions.add_permission(
        FunctionName=name, StatementId=f"s-{secrets.token_hex(3)}", Action=action, Principal="*", **changes)


def made(lab, auth_type="NONE", **changes):
    name = function(lab)
    return lab.functions.create_function_url_config(FunctionName=name, AuthType=auth_type, **changes) | {"Name": name}


@pytest.fixture(scope="module")
def public(lab):
    """A URL for everyone."""
    url = made(lab)
    permit(lab, url["Name"], "lambda:InvokeFunctionUrl", FunctionUrlAuthType="NONE")
    permit(lab, url["Name"], "lambda:InvokeFunction", InvokedViaFunctionUrl=True)
    return url


def visit(lab, url, path, expect=None, method="GET", headers=None):
    address, host = lab.target.function_url(url["FunctionUrl"], path)
    return lab.fetch(address, host, None, expect, method, headers)


@point("a URL, as it is made and read", LIFE)
def test_life(lab):
    url = made(lab)
    name = url["Name"]
    assert url["FunctionUrl"].startswith("https://") and ".lambda-url." in url["FunctionUrl"]
    assert "InvokeMode" not in url and "LastModifiedTime" not in url
    read = lab.functions.get_function_url_config(FunctionName=name)
    assert read["FunctionUrl"] == url["FunctionUrl"] and read["InvokeMode"] == "BUFFERED"
    changed = lab.functions.update_function_url_config(FunctionName=name, AuthType="AWS_IAM")
    assert changed["AuthType"] == "AWS_IAM" and "LastModifiedTime" in changed
    lab.functions.delete_function_url_config(FunctionName=name)


@point("what is no response is the body", ANSWERS)
def test_answers(lab, public):
    for what, body in (("dict", '{"hello":"world"}'), ("text", "hello"), ("list", '["hello",3,true]')):
        answer = visit(lab, public, f"/?do={what}", 200)
        assert answer.seen == (200, body) and answer.headers["content-type"] == "application/json"


@point("a response with its status, headers and cookies", FORMAT)
def test_response(lab, public):
    answer = visit(lab, public, "/?do=made", 201)
    assert answer.seen == (201, "hi")
    assert (answer.headers["x-mine"], answer.headers["set-cookie"]) == ("yes", "a=1")


@point("an error of the function", "seen: LocalStack test_lambda_url_invocation_exception: 2025-11-24")
def test_error(lab, public):
    assert visit(lab, public, "/?do=raise", 502).seen == (502, "Internal Server Error")


@point("the event has format 2.0", FORMAT)
def test_event(lab, public):
    sent = {"Cookie": "a=1; b=2", "X-Mine": "Yes"}
    event = visit(lab, public, "/a/b?do=echo&x=1&x=2", 200, headers=sent).json()
    assert (event["version"], event["routeKey"], event["rawPath"]) == ("2.0", "$default", "/a/b")
    assert event["rawQueryString"] == "do=echo&x=1&x=2"
    assert event["queryStringParameters"] == {"do": "echo", "x": "1,2"}
    assert event["cookies"] == ["a=1", "b=2"] and event["headers"]["x-mine"] == "Yes"
    context = event["requestContext"]
    assert (context["accountId"], context["http"]["method"], context["stage"]) == ("anonymous", "GET", "$default")
    assert context["domainName"].split(".")[0] == context["apiId"]
    assert "body" not in event and event["isBase64Encoded"] is False


@point("without a permission nobody may call", "seen: LocalStack test_lambda_permission_url_invocation: 2025-11-24")
def test_forbidden(lab):
    answer = visit(lab, made(lab), "/?do=text", 403)
    assert answer.status == 403 and answer.error_type() == "AccessDeniedException"
    assert answer.json()["Message"].startswith("Forbidden. For troubleshooting Function URL authorization issues, see: ")


@point("a permission for the URL alone is not enough", AUTH)
def test_both(lab):
    url = made(lab)
    permit(lab, url["Name"], "lambda:InvokeFunctionUrl", FunctionUrlAuthType="NONE")
    assert visit(lab, url, "/?do=text", 403).status == 403
    permit(lab, url["Name"], "lambda:InvokeFunction", InvokedViaFunctionUrl=True)
    assert visit(lab, url, "/?do=text", 200).status == 200


@point("no such URL", "seen: LocalStack test_lambda_url_non_existing_url: validated on AWS")
def test_none(lab):
    url = {"FunctionUrl": f"https://{'0123456789abcdefghijklmnopqrstuv'}.lambda-url.{lab.region}.on.aws/"}
    answer = visit(lab, url, "/", 403)
    assert answer.seen == (403, '{"Message":null}') and answer.error_type() == "AccessDeniedException"


@point("a URL outlives its alias, and leads nowhere", "seen: LocalStack test_lambda_url_persists_after_alias_delete: 2025-11-24")
def test_alias(lab):
    name = function(lab)
    lab.functions.publish_version(FunctionName=name)
    lab.functions.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    url = lab.functions.create_function_url_config(FunctionName=name, Qualifier="live", AuthType="NONE")
    assert url["FunctionArn"].endswith(f":{name}:live")
    permit(lab, name, "lambda:InvokeFunctionUrl", Qualifier="live", FunctionUrlAuthType="NONE")
    permit(lab, name, "lambda:InvokeFunction", Qualifier="live")
    assert visit(lab, url, "/?do=text", 200).status == 200
    lab.functions.delete_alias(FunctionName=name, Name="live")
    assert visit(lab, url, "/?do=text", 403).status == 403
    assert lab.functions.get_function_url_config(FunctionName=name, Qualifier="live")["FunctionUrl"] == url["FunctionUrl"]


@point("CORS is answered by Lambda", "model lambda: Cors")
def test_cors(lab):
    url = made(lab, Cors={"AllowOrigins": ["https://app.example"], "AllowMethods": ["GET"], "MaxAge": 60})
    asks = {"Origin": "https://app.example", "Access-Control-Request-Method": "GET"}
    answer = visit(lab, url, "/", 200, "OPTIONS", asks)
    assert answer.status == 200 and answer.headers["access-control-allow-origin"] == "https://app.example"
    assert answer.headers["access-control-max-age"] == "60"


def sign(lab, url, path, keys):
    address, host = lab.target.function_url(url["FunctionUrl"], path)
    request = AWSRequest("GET", address, headers={"Host": host})
    SigV4Auth(keys, "lambda", lab.region).add_auth(request)
    return dict(request.headers.items())


@point("a user signs for a URL with AWS_IAM", AUTH)
def test_signed(lab):
    url, user = made(lab, "AWS_IAM"), lab.name(f"url-{secrets.token_hex(3)}")
    arn = lab.iam.create_user(UserName=user)["User"]["Arn"]
    lab.later(lab.iam.delete_user, UserName=user)
    key = lab.iam.create_access_key(UserName=user)["AccessKey"]
    lab.later(lab.iam.delete_access_key, UserName=user, AccessKeyId=key["AccessKeyId"])
    keys = Credentials(key["AccessKeyId"], key["SecretAccessKey"])
    path = "/?do=echo"
    assert visit(lab, url, path, 403).status == 403
    assert visit(lab, url, path, 403, headers=sign(lab, url, path, keys)).status == 403
    statement = {"Effect": "Allow", "Resource": url["FunctionArn"],
                 "Action": ["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"]}
    named = {"UserName": user, "PolicyName": "p"}
    lab.iam.put_user_policy(
        **named, PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    lab.later(lab.iam.delete_user_policy, **named)
    if lab.target.real:
        time.sleep(15)
    event = visit(lab, url, path, 200, headers=sign(lab, url, path, keys)).json()
    caller = event["requestContext"]["authorizer"]["iam"]
    assert (caller["userArn"], caller["accessKey"]) == (arn, key["AccessKeyId"])
    wrong = Credentials(key["AccessKeyId"], "another")
    assert visit(lab, url, path, 403, headers=sign(lab, url, path, wrong)).status == 403


@refusals(
    Case("a second URL of a function", LIFE, "ResourceConflictException",
         lambda lab, name: lab.functions.create_function_url_config(FunctionName=name, AuthType="NONE"), 409,
         "Error message:  FunctionUrlConfig exists for this Lambda function"),
    Case("a URL of no function", BROKEN, ABSENT,
         lambda lab, name: lab.functions.create_function_url_config(FunctionName="nope", AuthType="NONE"), 404,
         "Function does not exist"),
    Case("a URL of no alias", BROKEN, ABSENT,
         lambda lab, name: lab.functions.create_function_url_config(FunctionName=name, AuthType="NONE", Qualifier="nope"), 404,
         "Function does not exist"),
    Case("a URL of a version", BROKEN, "ValidationException",
         lambda lab, name: lab.functions.create_function_url_config(FunctionName=name, AuthType="NONE", Qualifier="1"),
         text="Value '1' at 'qualifier' failed to satisfy constraint"),
    Case("a URL that is not there", BROKEN, ABSENT,
         lambda lab, name: lab.functions.get_function_url_config(FunctionName=name, Qualifier="nope"), 404,
         "The resource you requested does not exist."),
    Case("a URL's type for another action", "model lambda: AddPermission", "InvalidParameterValueException",
         lambda lab, name: permit(lab, name, "lambda:InvokeFunction", FunctionUrlAuthType="NONE"),
         text="FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action"),
)
def test_refused(lab, public, case):
    refused(lambda: case.call(lab, public["Name"]), case.code, case.status, case.text)
