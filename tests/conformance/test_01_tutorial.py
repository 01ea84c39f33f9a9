"""The tutorial, step by step, as its reader checks it."""

import base64
import json
import time

import pytest

from lab import SCOPE, claims
from points import point, refused

TOPIC = "Tutorial"
UNAUTHORIZED = (401, '{"message":"Unauthorized"}')


@point("a role shows its trust policy", "model iam: GetRole; docs: policies are URL-encoded (RFC 3986)")
def test_role(lab):
    role = lab.iam.get_role(RoleName=lab.role["RoleName"])["Role"]
    statement = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement[0] if isinstance(statement, list) else statement
    assert "lambda.amazonaws.com" in json.dumps(statement)
    assert role["Arn"] == f"arn:aws:iam::{lab.account}:role/{lab.role['RoleName']}"
    assert role["RoleId"].startswith("AROA") and role["MaxSessionDuration"] == 3600


@point("a role's own policy is read back", "model iam: PutRolePolicy, ListRolePolicies, GetRolePolicy")
def test_role_policy(lab):
    name = lab.role["RoleName"]
    assert lab.iam.list_role_policies(RoleName=name)["PolicyNames"] == ["logs"]
    policy = lab.iam.get_role_policy(RoleName=name, PolicyName="logs")["PolicyDocument"]
    assert policy["Statement"][0]["Resource"] == "*"


@point("a managed policy is attached and listed", "model iam: AttachRolePolicy; docs: AWSLambdaBasicExecutionRole")
def test_managed_policy(lab):
    role = lab.role_named("attached")["RoleName"]
    arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    lab.iam.attach_role_policy(RoleName=role, PolicyArn=arn)
    lab.later(lab.iam.detach_role_policy, RoleName=role, PolicyArn=arn)
    listed = lab.iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    assert listed == [{"PolicyName": "AWSLambdaBasicExecutionRole", "PolicyArn": arn}]


@point("a log group keeps its retention", "model logs: PutRetentionPolicy, DescribeLogGroups")
def test_log_group(lab):
    name = f"/conformance/{lab.prefix}"
    lab.logs.create_log_group(logGroupName=name)
    lab.later(lab.logs.delete_log_group, logGroupName=name)
    lab.logs.put_retention_policy(logGroupName=name, retentionInDays=7)
    groups = lab.logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    assert [(g["logGroupName"], g["retentionInDays"]) for g in groups] == [(name, 7)]
    assert groups[0]["arn"] == f"arn:aws:logs:{lab.region}:{lab.account}:log-group:{name}:*"


@point("a new function has Lambda's defaults", "model lambda: CreateFunction (Timeout 3, MemorySize 128); 201")
def test_function(lab):
    made = lab.function
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert (made["Timeout"], made["MemorySize"], made["PackageType"]) == (3, 128, "Zip")
    assert made["Architectures"] == ["x86_64"] and made["Version"] == "$LATEST"
    assert made["FunctionArn"] == f"arn:aws:lambda:{lab.region}:{lab.account}:function:{lab.function_name}"


@point("CodeSha256 is the hash of the zip", "model lambda: CodeSha256 is base64 of SHA-256")
def test_code_hash(lab):
    assert lab.function["CodeSha256"] == lab.zip_hash


@point("a new function becomes Active", "model lambda: State, LastUpdateStatus, waiter FunctionActiveV2")
def test_function_active(lab):
    read = lab.functions.get_function(FunctionName=lab.function_name)
    assert read["Configuration"]["State"] == "Active"
    assert read["Configuration"]["LastUpdateStatus"] == "Successful"
    assert read["Tags"] == {"conformance": lab.prefix}
    assert read["Code"]["RepositoryType"] == "S3"


@point("an invocation runs the handler", "model lambda: Invoke")
def test_invoke(lab):
    answer = lab.functions.invoke(FunctionName=lab.function_name, Payload=b"{}")
    assert answer["StatusCode"] == 200 and "FunctionError" not in answer
    assert json.loads(answer["Payload"].read())["body"] == "Hello from Lambda!"


@point("LogType Tail brings the log's end", "model lambda: LogResult is base64, the last 4 KB")
def test_invoke_log(lab):
    answer = lab.functions.invoke(FunctionName=lab.function_name, Payload=b"{}", LogType="Tail")
    log = base64.b64decode(answer["LogResult"]).decode()
    assert "START RequestId: " in log and "REPORT RequestId: " in log and "Max Memory Used" in log


@point("what a handler raises is told", "model lambda: FunctionError; docs: errorMessage, errorType, stackTrace")
def test_invoke_error(lab):
    event = json.dumps({"queryStringParameters": {"mode": "raise"}}).encode()
    answer = lab.functions.invoke(FunctionName=lab.function_name, Payload=event)
    told = json.loads(answer["Payload"].read())
    assert answer["StatusCode"] == 200 and answer["FunctionError"] == "Unhandled"
    assert (told["errorMessage"], told["errorType"]) == ("on purpose", "ValueError")
    assert "lambda_function.py" in "".join(told["stackTrace"])


@point("an invocation is in the function's log group", "docs: /aws/lambda/{function}, made at the first invocation")
def test_logs(lab):
    lab.functions.invoke(FunctionName=lab.function_name, Payload=b"{}")
    for _ in range(30 if lab.target.real else 3):
        group = f"/aws/lambda/{lab.function_name}"
        groups = lab.logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
        found = groups and lab.logs.filter_log_events(logGroupName=group, filterPattern="REPORT")["events"]
        if found:
            break
        time.sleep(2 if lab.target.real else 0.2)
    assert found and found[0]["message"].startswith("REPORT RequestId")


@point("a user pool is read back as it was made", "model cognito-idp: CreateUserPool, DescribeUserPool")
def test_pool(lab):
    pool = lab.cognito.describe_user_pool(UserPoolId=lab.pool_id)["UserPool"]
    assert pool["UserPoolTier"] == "ESSENTIALS"
    assert sorted(pool["Policies"]["SignInPolicy"]["AllowedFirstAuthFactors"]) == ["EMAIL_OTP", "PASSWORD"]
    assert pool["UsernameAttributes"] == ["email"] and pool["AutoVerifiedAttributes"] == ["email"]
    assert pool["DeletionProtection"] == "INACTIVE" and pool["MfaConfiguration"] == "OFF"
    assert pool["UserPoolTags"] == {"conformance": lab.prefix}
    assert pool["Arn"] == f"arn:aws:cognito-idp:{lab.region}:{lab.account}:userpool/{lab.pool_id}"


@point("a new pool has Cognito's password policy", "docs: 8 characters, all four classes, 7 days for temporary ones")
def test_password_policy(lab):
    policy = lab.cognito.describe_user_pool(UserPoolId=lab.pool_id)["UserPool"]["Policies"]["PasswordPolicy"]
    classes = [policy[f"Require{kind}"] for kind in ("Uppercase", "Lowercase", "Numbers", "Symbols")]
    assert classes == [True] * 4
    assert (policy["MinimumLength"], policy["TemporaryPasswordValidityDays"]) == (8, 7)


@point("a new app client has Cognito's defaults", "model cognito-idp: CreateUserPoolClient (30 days, 3 minutes, revocation)")
def test_client(lab):
    made = lab.cognito.describe_user_pool_client(UserPoolId=lab.pool_id, ClientId=lab.spa)["UserPoolClient"]
    assert "ClientSecret" not in made
    assert (made["RefreshTokenValidity"], made["AuthSessionValidity"]) == (30, 3)
    assert made["EnableTokenRevocation"] is True
    assert "ALLOW_USER_AUTH" in made["ExplicitAuthFlows"]


@point("a user without a password is CONFIRMED", "seen: 2026-09, where the pool allows EMAIL_OTP already")
def test_user(lab):
    assert lab.student_user["UserStatus"] == "CONFIRMED"
    read = lab.cognito.admin_get_user(UserPoolId=lab.pool_id, Username=lab.email)
    attributes = {a["Name"]: a["Value"] for a in read["UserAttributes"]}
    # The user name is made up, and is the sub (model: UsernameAttributes).
    assert attributes["sub"] == read["Username"] == lab.student_user["Username"] != lab.email
    assert attributes["email_verified"] == "true" and read["Enabled"] is True


@point("a new API is REGIONAL, with a root", "model apigateway: CreateRestApi (201, rootResourceId)")
def test_api(lab):
    assert lab.api["ResponseMetadata"]["HTTPStatusCode"] == 201
    api = lab.gateway.get_rest_api(restApiId=lab.api_id)
    assert api["endpointConfiguration"]["types"] == ["REGIONAL"]
    assert api["rootResourceId"] == lab.api["rootResourceId"] and api["tags"] == {"conformance": lab.prefix}
    assert api["apiKeySource"] == "HEADER" and api["disableExecuteApiEndpoint"] is False


@point("the method asks for a token with a scope", "model apigateway: PutMethod, GetMethod")
def test_method(lab):
    method = lab.gateway.get_method(**lab.demo)
    assert (method["authorizationType"], method["authorizerId"]) == ("COGNITO_USER_POOLS", lab.authorizer)
    assert method["authorizationScopes"] == [SCOPE] and method["apiKeyRequired"] is False
    integration = method["methodIntegration"]
    assert (integration["type"], integration["httpMethod"], integration["uri"]) == ("AWS_PROXY", "POST", lab.lambda_uri)
    assert integration["timeoutInMillis"] == 29000


@point("the permission is in the function's policy", "model lambda: AddPermission (201), GetPolicy")
def test_permission(lab):
    assert lab.permission["ResponseMetadata"]["HTTPStatusCode"] == 201
    statement = json.loads(lab.functions.get_policy(FunctionName=lab.function_name)["Policy"])["Statement"][0]
    assert statement["Principal"] == {"Service": "apigateway.amazonaws.com"}
    assert statement["Action"] == "lambda:InvokeFunction" and statement["Sid"] == "all"
    assert list(statement["Condition"].values())[0] == {
        "AWS:SourceArn": f"arn:aws:execute-api:{lab.region}:{lab.account}:{lab.api_id}/*/GET/*"}


@point("a method is tested before it is deployed", "model apigateway: TestInvokeMethod; docs: it skips the authorizer")
def test_test_invoke(lab):
    _ = lab.permission
    tested = lab.gateway.test_invoke_method(**lab.demo, pathWithQueryString="/demo")
    assert (tested["status"], tested["body"]) == (200, "Hello from Lambda!")
    assert "Execution log for request" in tested["log"] and "Method completed with status: 200" in tested["log"]


@point("a deployment knows what it froze", "model apigateway: GetDeployment embed=apisummary")
def test_deployment(lab):
    stage = lab.gateway.get_stage(restApiId=lab.api_id, stageName=lab.stage)
    made = lab.gateway.get_deployment(
        restApiId=lab.api_id, deploymentId=stage["deploymentId"], embed=["apisummary"])
    assert made["apiSummary"]["/demo"]["GET"] == {"authorizationType": "COGNITO_USER_POOLS", "apiKeyRequired": False}
    assert stage["tags"] == {"conformance": lab.prefix}


@point("CreateDeployment with a stage name makes an untagged stage", "model apigateway: CreateDeployment has no tags")
def test_deployment_with_stage(lab):
    _ = lab.stage
    lab.gateway.create_deployment(restApiId=lab.api_id, stageName="bare", variables={"colour": "green"})
    stage = lab.gateway.get_stage(restApiId=lab.api_id, stageName="bare")
    assert not stage.get("tags") and stage["variables"] == {"colour": "green"}


@point("no token: 401, as the tutorial shows it", "docs: gateway response UNAUTHORIZED")
def test_no_token(lab):
    answer = lab.call("/demo", expect=401)
    assert answer.seen == UNAUTHORIZED
    assert answer.error_type() == "UnauthorizedException"


@point("EMAIL_OTP is asked for, and mailed", "model cognito-idp: EMAIL_OTP; seen: 2026-09, j***@g***")
def test_code_challenge(lab):
    begun, code = lab.ask_code()
    local, domain = lab.email.split("@")
    assert begun["ChallengeName"] == "EMAIL_OTP" and begun["AvailableChallenges"] == ["EMAIL_OTP"]
    assert begun["ChallengeParameters"] == {
        "CODE_DELIVERY_DELIVERY_MEDIUM": "EMAIL",
        "CODE_DELIVERY_DESTINATION": f"{local[0]}***@{domain[0]}***",
    }
    assert 20 <= len(begun["Session"]) <= 2048
    assert code.isdigit() and len(code) == 8


@point("the code from the mail gives tokens", "model cognito-idp: RespondToAuthChallenge")
def test_code(lab):
    result = lab.answer_code(*lab.ask_code())["AuthenticationResult"]
    assert (result["TokenType"], result["ExpiresIn"]) == ("Bearer", 3600)
    assert claims(result["AccessToken"])["scope"] == SCOPE and result["RefreshToken"]


@point("the access token is let in", "docs: methods with scopes take access tokens")
def test_access_token(lab):
    answer = lab.call("/demo", lab.tokens["AccessToken"], expect=200)
    assert answer.seen == (200, "Hello from Lambda!")
    assert answer.headers["Content-Type"] == "text/plain"


@point("the ID token is not", "docs: KB cognito-401")
def test_id_token(lab):
    assert lab.call("/demo", lab.tokens["IdToken"], expect=401).seen == UNAUTHORIZED


@point("a refreshed token is let in", "docs: REFRESH_TOKEN_AUTH gives no new refresh token")
def test_refresh(lab):
    result = lab.student.initiate_auth(
        ClientId=lab.spa, AuthFlow="REFRESH_TOKEN_AUTH",
        AuthParameters={"REFRESH_TOKEN": lab.tokens["RefreshToken"]})["AuthenticationResult"]
    assert "RefreshToken" not in result and result["IdToken"]
    assert lab.call("/demo", result["AccessToken"], expect=200).status == 200


@point("the lab is found by its tag", "model resourcegroupstaggingapi: GetResources; docs: never IAM roles")
def test_tags(lab):
    _ = lab.stage, lab.pool, lab.function
    wanted = [{"Key": "conformance", "Values": [lab.prefix]}]
    for _ in range(30 if lab.target.real else 1):
        found = lab.tagging.get_resources(TagFilters=wanted)["ResourceTagMappingList"]
        arns = sorted(entry["ResourceARN"] for entry in found)
        if len(arns) >= 4:
            break
        time.sleep(2)
    api = f"arn:aws:apigateway:{lab.region}::/restapis/{lab.api_id}"
    stage = f"{api}/stages/dev"
    assert {api, stage, lab.pool["Arn"], lab.function["FunctionArn"]} <= set(arns)
    assert not any(":iam:" in arn for arn in arns)


@point("what is deleted is gone", "model: NotFound of every service")
def test_deleted(lab):
    pool = lab.pool_named("gone")["Id"]
    lab.cognito.delete_user_pool(UserPoolId=pool)
    refused(lambda: lab.cognito.describe_user_pool(UserPoolId=pool), "ResourceNotFoundException")
    function = lab.function_named("gone")["FunctionName"]
    lab.functions.delete_function(FunctionName=function)
    refused(lambda: lab.functions.get_function(FunctionName=function), "ResourceNotFoundException", 404)
    role = lab.role_named("gone")["RoleName"]
    lab.iam.delete_role(RoleName=role)
    refused(lambda: lab.iam.get_role(RoleName=role), "NoSuchEntity", 404)
    group = f"/conformance/{lab.prefix}/gone"
    lab.logs.create_log_group(logGroupName=group)
    lab.logs.delete_log_group(logGroupName=group)
    assert lab.logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"] == []


@point("who I am", "model sts: GetCallerIdentity")
def test_identity(lab):
    me = lab.client("sts").get_caller_identity()
    assert len(me["Account"]) == 12 and me["Arn"].split(":")[4] == me["Account"] and me["UserId"]


@point("an unsigned call is refused", "docs: common errors, MissingAuthenticationToken (403)")
def test_unsigned(lab):
    with pytest.raises(Exception) as caught:
        lab.client("lambda", signed=False).list_functions()
    answer = caught.value.response
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert answer["Error"]["Code"] in ("MissingAuthenticationTokenException", "MissingAuthenticationToken")
