"""What a request may not say: patterns, enums, lengths, and what must go together."""

import json
import secrets

from lab import TRUST
from points import Case, point, refusals, refused

TOPIC = "Constraints"
INVALID = "InvalidParameterException"
# Which of the two Lambda says depends on the member; both are 400.
BAD_LAMBDA = ("InvalidParameterValueException", "ValidationException")
# What breaks API Gateway's model has been recorded as the first of these.
BAD_MODEL = ("ValidationException", "BadRequestException")
NOT_ASSUMABLE = "The role defined for the function cannot be assumed by Lambda."


def trust(**changes):
    return json.dumps({**TRUST, "Statement": [{**TRUST["Statement"][0], **changes}]})


def fresh():
    """A part of a name: what a target wrongly takes must not stand in the way of the next point."""
    return f"refused-{secrets.token_hex(3)}"


def role(lab, **changes):
    wanted = {"RoleName": lab.name(fresh()), "AssumeRolePolicyDocument": json.dumps(TRUST), **changes}
    lab.iam.create_role(**wanted)
    lab.later(lab.iam.delete_role, RoleName=wanted["RoleName"])


def function(lab, **changes):
    name = changes.pop("FunctionName", lab.name(fresh()))
    lab.functions.create_function(**lab.function_input(name, **changes))
    lab.later(lab.functions.delete_function, FunctionName=name)


def pool(lab, **changes):
    lab.pool_named(**{"what": "refused", **changes})


def factors(*names):
    return {"SignInPolicy": {"AllowedFirstAuthFactors": list(names)}}


def user(lab, **changes):
    return lab.cognito.admin_create_user(
        **{"UserPoolId": lab.pool_id, "MessageAction": "SUPPRESS", "Username": f"{fresh()}@example.com", **changes})


def authorizer(lab, **changes):
    return lab.gateway.create_authorizer(**{
        "restApiId": lab.scratch["id"], "name": fresh(), "type": "COGNITO_USER_POOLS",
        "providerARNs": [lab.pool["Arn"]], "identitySource": "method.request.header.Authorization", **changes})


def method(lab, **changes):
    return lab.gateway.put_method(**{
        "restApiId": lab.scratch["id"], "resourceId": lab.resource(fresh(), lab.scratch), "httpMethod": "PUT",
        "authorizationType": "NONE", **changes})


def integration(lab, **changes):
    at = {"restApiId": lab.scratch["id"], "resourceId": lab.scratch["rootResourceId"], "httpMethod": "PATCH"}
    try:
        lab.gateway.get_method(**at)
    except lab.gateway.exceptions.NotFoundException:
        lab.gateway.put_method(**at, authorizationType="NONE")
    return lab.gateway.put_integration(**{
        **at, "type": "AWS_PROXY", "integrationHttpMethod": "POST", "uri": lab.lambda_uri, **changes})


@refusals(
    Case("role name with a blank", "model iam: roleNameType pattern", "ValidationError",
         lambda lab: role(lab, RoleName="no blanks")),
    Case("role name of 65", "model iam: roleNameType max 64", "ValidationError",
         lambda lab: role(lab, RoleName="r" * 65)),
    Case("trust policy that is no JSON", "model iam: CreateRole MalformedPolicyDocument", "MalformedPolicyDocument",
         lambda lab: role(lab, AssumeRolePolicyDocument="{")),
    Case("trust policy without a principal", "docs: reference_policies_elements_principal", "MalformedPolicyDocument",
         lambda lab: role(lab, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
             {"Effect": "Allow", "Action": "sts:AssumeRole"}]}))),
    Case("trust policy with a resource", "docs: reference_policies_elements_resource (not in trust policies)",
         "MalformedPolicyDocument", lambda lab: role(lab, AssumeRolePolicyDocument=trust(Resource="*"))),
    Case("trust policy with an impossible effect", "docs: reference_policies_elements_effect", "MalformedPolicyDocument",
         lambda lab: role(lab, AssumeRolePolicyDocument=trust(Effect="Perhaps"))),
    Case("session of 59 minutes for a role", "model iam: roleMaxSessionDurationType min 3600", "ValidationError",
         lambda lab: role(lab, MaxSessionDuration=3540)),
    Case("role policy that is no JSON", "model iam: PutRolePolicy MalformedPolicyDocument", "MalformedPolicyDocument",
         lambda lab: lab.iam.put_role_policy(RoleName=lab.role["RoleName"], PolicyName="bad", PolicyDocument="[")),
    Case("role policy without a resource", "docs: reference_policies_elements_resource", "MalformedPolicyDocument",
         lambda lab: lab.iam.put_role_policy(
             RoleName=lab.role["RoleName"], PolicyName="bad", PolicyDocument=json.dumps(
                 {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "logs:PutLogEvents"}]}))),
)
def test_iam(lab, case):
    refused(lambda: case.call(lab), case.code, case.status, case.text)


@refusals(
    Case("role that does not exist", "docs: CreateFunction; seen: aws-sdk-js 3498", "InvalidParameterValueException",
         lambda lab: function(lab, Role=f"arn:aws:iam::{lab.account}:role/{lab.prefix}-nobody"), text=NOT_ASSUMABLE),
    Case("role that trusts another service", "docs: lambda-intro-execution-role; seen: aws-sdk-js 4408",
         "InvalidParameterValueException", lambda lab: function(lab, Role=lab.role_named(
             "ec2", json.loads(trust(Principal={"Service": "ec2.amazonaws.com"})))["Arn"]), text=NOT_ASSUMABLE),
    Case("role ARN that is none", "model lambda: RoleArn pattern", BAD_LAMBDA,
         lambda lab: function(lab, Role="the-role")),
    Case("runtime that does not exist", "model lambda: Runtime enum", BAD_LAMBDA,
         lambda lab: function(lab, Runtime="python2.5"), text="python2.5"),
    Case("function name with a blank", "model lambda: FunctionName pattern", BAD_LAMBDA,
         lambda lab: function(lab, FunctionName="no blanks")),
    Case("function name of 65", "docs: CreateFunction (64 characters)", BAD_LAMBDA,
         lambda lab: function(lab, FunctionName="f" * 65)),
    Case("timeout of 0", "model lambda: Timeout min 1", BAD_LAMBDA, lambda lab: function(lab, Timeout=0)),
    Case("timeout of 901", "docs: CreateFunction (900 s)", BAD_LAMBDA, lambda lab: function(lab, Timeout=901)),
    Case("memory of 127", "model lambda: MemorySize min 128", BAD_LAMBDA, lambda lab: function(lab, MemorySize=127)),
    Case("handler with a blank", "model lambda: Handler pattern", BAD_LAMBDA,
         lambda lab: function(lab, Handler="lambda function.handler")),
    Case("architecture that does not exist", "model lambda: Architecture enum", BAD_LAMBDA,
         lambda lab: function(lab, Architectures=["sparc"])),
    Case("environment variable of one letter", "model lambda: EnvironmentVariableName pattern", BAD_LAMBDA,
         lambda lab: function(lab, Environment={"Variables": {"A": "1"}})),
    Case("environment variable that Lambda sets", "docs: configuration-envvars (reserved)", BAD_LAMBDA,
         lambda lab: function(lab, Environment={"Variables": {"AWS_REGION": "mars-east-1"}})),
    Case("code that is no zip", "docs: CreateFunction; seen: could not unzip", "InvalidParameterValueException",
         lambda lab: function(lab, Code={"ZipFile": b"no zip at all"}), text="unzip"),
    Case("statement id with a blank", "model lambda: StatementId pattern", BAD_LAMBDA,
         lambda lab: lab.permit("no blanks", "x/*/GET/*")),
)
def test_lambda(lab, case):
    refused(lambda: case.call(lab), case.code, case.status, case.text)


@refusals(
    Case("pool name that is impossible", "model cognito-idp: UserPoolNameType pattern", INVALID,
         lambda lab: pool(lab, PoolName="no/slashes!")),
    Case("pool name of 129", "model cognito-idp: UserPoolNameType max 128", INVALID,
         lambda lab: pool(lab, PoolName="p" * 129)),
    Case("tier that does not exist", "model cognito-idp: UserPoolTierType", INVALID,
         lambda lab: pool(lab, UserPoolTier="GOLD")),
    Case("EMAIL_OTP in the LITE tier", "model cognito-idp: FeatureUnavailableInTierException; docs: flows need ESSENTIALS",
         "FeatureUnavailableInTierException", lambda lab: pool(lab, UserPoolTier="LITE")),
    Case("first factors without PASSWORD", "seen: third parties, and AWS CDK refuses it", INVALID,
         lambda lab: pool(lab, Policies=factors("EMAIL_OTP")), settled=False),
    Case("first factor that does not exist", "model cognito-idp: AuthFactorType", INVALID,
         lambda lab: pool(lab, Policies=factors("PASSWORD", "SMOKE"))),
    Case("e-mail code first, and MFA required", "docs: passwordless factors and required MFA exclude each other", INVALID,
         lambda lab: pool(lab, MfaConfiguration="ON")),
    Case("password policy of five", "model cognito-idp: PasswordPolicyMinLengthType min 6", INVALID,
         lambda lab: pool(lab, Policies={"PasswordPolicy": {"MinimumLength": 5}})),
    Case("alias that does not exist", "model cognito-idp: AliasAttributeType", INVALID,
         lambda lab: pool(lab, UsernameAttributes=[], AliasAttributes=["nickname"])),
    Case("pool id without its region", "model cognito-idp: UserPoolIdType pattern", INVALID,
         lambda lab: lab.cognito.describe_user_pool(UserPoolId="nonsense")),
    Case("no pools a page", "model cognito-idp: PoolQueryLimitType min 1", INVALID,
         lambda lab: lab.cognito.list_user_pools(MaxResults=0)),
    Case("61 pools a page", "model cognito-idp: PoolQueryLimitType max 60", INVALID,
         lambda lab: lab.cognito.list_user_pools(MaxResults=61)),
    Case("pool tag that begins with aws:", "docs: tag keys (aws: is reserved)", (INVALID, "UserPoolTaggingException"),
         lambda lab: pool(lab, UserPoolTags={"aws:mine": "no"})),
    Case("client name that is impossible", "model cognito-idp: ClientNameType pattern", INVALID,
         lambda lab: lab.app("x", ClientName="no/slashes!")),
    Case("old and new flow names mixed", "docs: ExplicitAuthFlows (no mixing)", INVALID,
         lambda lab: lab.app("x", ExplicitAuthFlows=["ALLOW_USER_AUTH", "USER_PASSWORD_AUTH"])),
    Case("flow that does not exist", "model cognito-idp: ExplicitAuthFlowsType", INVALID,
         lambda lab: lab.app("x", ExplicitAuthFlows=["ALLOW_EVERYTHING"])),
    Case("session of 2 minutes", "model cognito-idp: AuthSessionValidityType min 3", INVALID,
         lambda lab: lab.app("x", AuthSessionValidity=2)),
    Case("session of 16 minutes", "model cognito-idp: AuthSessionValidityType max 15", INVALID,
         lambda lab: lab.app("x", AuthSessionValidity=16)),
    Case("access token of 4 minutes", "docs: AccessTokenValidity (5 minutes to 1 day)", INVALID,
         lambda lab: lab.app("x", AccessTokenValidity=4, TokenValidityUnits={"AccessToken": "minutes"})),
    Case("refresh token of 59 minutes", "docs: RefreshTokenValidity (60 minutes to 10 years)", INVALID,
         lambda lab: lab.app("x", RefreshTokenValidity=59, TokenValidityUnits={"RefreshToken": "minutes"})),
    Case("grace period of 61 s", "model cognito-idp: RetryGracePeriodSecondsType max 60", INVALID,
         lambda lab: lab.app("x", RefreshTokenRotation={"Feature": "ENABLED", "RetryGracePeriodSeconds": 61})),
    Case("rotation beside REFRESH_TOKEN_AUTH", "seen: third parties; refused or useless is not settled", INVALID,
         lambda lab: lab.app("x", RefreshTokenRotation={"Feature": "ENABLED", "RetryGracePeriodSeconds": 0}),
         settled=False),
    Case("OAuth without flows", "docs: AllowedOAuthFlowsUserPoolClient needs flows and scopes",
         (INVALID, "InvalidOAuthFlowException"), lambda lab: lab.app("x", AllowedOAuthFlowsUserPoolClient=True)),
    Case("user name that is no address", "docs: UsernameAttributes email", INVALID,
         lambda lab: user(lab, Username="someone")),
    Case("address that is none", "docs: the email attribute's format", INVALID,
         lambda lab: user(lab, UserAttributes=[{"Name": "email", "Value": "nonsense"}])),
    Case("attribute that the pool lacks", "docs: attributes must be in the schema", INVALID,
         lambda lab: user(lab, UserAttributes=[{"Name": "custom:shoe", "Value": "44"}])),
    Case("temporary password that is too short", "model cognito-idp: InvalidPasswordException",
         "InvalidPasswordException", lambda lab: user(lab, TemporaryPassword="Aa1!")),
    Case("domain with capitals", "model cognito-idp: DomainType pattern", INVALID,
         lambda lab: lab.cognito.create_user_pool_domain(Domain="No-Capitals", UserPoolId=lab.pool_id)),
    Case("filter that is no filter", "docs: ListUsers filter syntax", INVALID,
         lambda lab: lab.cognito.list_users(UserPoolId=lab.pool_id, Filter="email like x")),
)
def test_cognito(lab, case):
    refused(lambda: case.call(lab), case.code, case.status, case.text)


@refusals(
    Case("API without a name", "model apigateway: CreateRestApi name is required", BAD_MODEL,
         lambda lab: lab.gateway.create_rest_api(description="nameless")),
    Case("endpoint type that does not exist", "model apigateway: EndpointType", "ValidationException",
         lambda lab: lab.gateway.create_rest_api(name=lab.name("x"), endpointConfiguration={"types": ["LUNAR"]})),
    Case("path part with a slash", "seen: \"Resource's path part only allow…\"", "BadRequestException",
         lambda lab: lab.resource("a/b", lab.scratch), text="path part"),
    Case("path part with a blank", "seen: \"Resource's path part only allow…\"", "BadRequestException",
         lambda lab: lab.resource("a b", lab.scratch), text="path part"),
    Case("authorizer of no pool's ARN", "docs: CreateAuthorizer providerARNs", "BadRequestException",
         lambda lab: authorizer(lab, providerARNs=["arn:aws:s3:::bucket"])),
    Case("authorizer without a pool", "docs: CreateAuthorizer (providerARNs for COGNITO_USER_POOLS)",
         "BadRequestException", lambda lab: authorizer(lab, providerARNs=[])),
    Case("authorizer with an impossible identity source", "docs: identitySource is a header mapping expression",
         "BadRequestException", lambda lab: authorizer(lab, identitySource="the.header")),
    Case("authorizer of an unknown type", "model apigateway: AuthorizerType", BAD_MODEL,
         lambda lab: authorizer(lab, type="MAGIC")),
    Case("authorizer that remembers for 3601 s", "docs: authorizerResultTtlInSeconds (at most 3600)",
         "BadRequestException", lambda lab: authorizer(lab, authorizerResultTtlInSeconds=3601)),
    Case("method with an unknown authorization", "docs: PutMethod authorizationType", "BadRequestException",
         lambda lab: method(lab, authorizationType="MAGIC")),
    Case("method for tokens without an authorizer", "docs: authorizerId is required for COGNITO_USER_POOLS",
         "BadRequestException", lambda lab: method(lab, authorizationType="COGNITO_USER_POOLS")),
    Case("method with an authorizer of nowhere", "seen: chalice 304, \"Invalid authorizer ID specified\"",
         "BadRequestException",
         lambda lab: method(lab, authorizationType="COGNITO_USER_POOLS", authorizerId="nowher")),
    Case("integration that waits for 49 ms", "model apigateway: timeoutInMillis (50 to 29000)", "BadRequestException",
         lambda lab: integration(lab, timeoutInMillis=49)),
    Case("integration of an unknown type", "model apigateway: IntegrationType", "ValidationException",
         lambda lab: integration(lab, type="MAGIC")),
    Case("integration of no function", "docs: uri of AWS_PROXY is an ARN", "BadRequestException",
         lambda lab: integration(lab, uri="the-function")),
    Case("stage name with a blank", "model apigateway: stageName; docs: [A-Za-z0-9_-]", "BadRequestException",
         lambda lab: lab.gateway.create_stage(
             restApiId=lab.api_id, stageName="no blanks", deploymentId=lab.gateway.get_stage(
                 restApiId=lab.api_id, stageName=lab.stage)["deploymentId"])),
    Case("patch of a path that cannot be patched", "docs: patch-operations", "BadRequestException",
         lambda lab: lab.gateway.update_rest_api(restApiId=lab.scratch["id"], patchOperations=[
             {"op": "replace", "path": "/createdDate", "value": "1"}])),
)
def test_gateway(lab, case):
    refused(lambda: case.call(lab), case.code, case.status, case.text)


@refusals(
    Case("log group name with a blank", "model logs: LogGroupName pattern", INVALID,
         lambda lab: lab.logs.create_log_group(logGroupName="no blanks")),
    Case("retention of 2 days", "docs: retentionInDays", INVALID,
         lambda lab: lab.logs.put_retention_policy(logGroupName=f"/aws/lambda/{lab.function_name}", retentionInDays=2)),
    Case("51 log groups a page", "model logs: DescribeLimit max 50", INVALID,
         lambda lab: lab.logs.describe_log_groups(limit=51)),
)
def test_logs(lab, case):
    refused(lambda: case.call(lab), case.code, case.status, case.text)


@point("all that is wrong is told at once", "seen: \"2 validation errors detected: …\"")
def test_two_errors(lab):
    error = refused(lambda: lab.cognito.list_user_pool_clients(UserPoolId="nonsense", MaxResults=61), INVALID)
    assert error["Message"].startswith("2 validation errors detected: ")
    assert "at 'userPoolId'" in error["Message"] and "at 'maxResults'" in error["Message"]
