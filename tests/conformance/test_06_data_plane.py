"""Calls of a deployed API: who gets in, what the function is given, and what comes back."""

import json

from lab import claims
from points import point

TOPIC = "Data plane"
UNAUTHORIZED = (401, '{"message":"Unauthorized"}')
MISSING = (403, '{"message":"Missing Authentication Token"}')
FORBIDDEN = (403, '{"message":"Forbidden"}')
INTERNAL = {"message": "Internal server error"}


@point("a garbage token: 401", "docs: gateway response UNAUTHORIZED")
def test_garbage(lab):
    assert lab.call("/demo", "garbage", expect=401).seen == UNAUTHORIZED


@point("a forged token: 401", "docs: the signature counts")
def test_forged(lab):
    token = lab.tokens["AccessToken"]
    flipped = token[:-10] + ("A" if token[-10] != "A" else "B") + token[-9:]
    answer = lab.call("/demo", flipped, expect=401)
    assert answer.seen == UNAUTHORIZED and answer.error_type() == "UnauthorizedException"


@point("a token of another pool: 401", "docs: KB 401")
def test_other_pool(lab):
    pool = lab.pool_named("other-pool")["Id"]
    app, email = lab.app("other-pool", pool)["ClientId"], f"elsewhere-{lab.prefix}@example.com"
    lab.user(email, "Str0ng-Passw0rd!", pool)
    token = lab.by_password(app, email)["AccessToken"]
    assert lab.call("/demo", token, expect=401).seen == UNAUTHORIZED


@point("without scopes the ID token is let in", "docs: KB cognito-401")
def test_id_token(lab):
    assert lab.call("/ids", lab.tokens["IdToken"], expect=200).status == 200


@point("without scopes the access token is not", "docs: KB cognito-401")
def test_access_token(lab):
    assert lab.call("/ids", lab.tokens["AccessToken"], expect=401).seen == UNAUTHORIZED


@point("a path that is not there: 403", "docs: gateway response MISSING_AUTHENTICATION_TOKEN")
def test_unknown_path(lab):
    answer = lab.call("/nothing", expect=403)
    assert answer.seen == MISSING and answer.error_type() == "MissingAuthenticationTokenException"


@point("a method that is not there: 403", "docs: gateway response MISSING_AUTHENTICATION_TOKEN")
def test_unknown_method(lab):
    assert lab.call("/open", method="DELETE", expect=403).seen == MISSING


@point("a stage that is not there: 403", "docs: ForbiddenException")
def test_unknown_stage(lab):
    _ = lab.stage
    answer = lab.call("/open", stage="nothing", expect=403)
    assert answer.seen == FORBIDDEN and answer.error_type() == "ForbiddenException"


@point("answers carry the request's ids", "docs: x-amzn-RequestId, x-amz-apigw-id")
def test_ids(lab):
    answer = lab.call("/open", expect=200)
    assert answer.headers["x-amzn-RequestId"] and answer.headers["x-amz-apigw-id"]
    assert "Root=1-" in answer.headers["X-Amzn-Trace-Id"]


@point("the function's status and headers come back", "docs: Lambda proxy integration, output format")
def test_passed_on(lab):
    answer = lab.call("/open?mode=echo", expect=201)
    assert (answer.status, answer.headers["X-Mine"]) == (201, "yes")
    assert answer.headers["Content-Type"] == "application/json"


@point("the function is given the request", "docs: Lambda proxy integration, input format")
def test_event(lab):
    event = json.loads(lab.call("/open?mode=echo&a=1&a=2", headers={"X-Given": "7"}, expect=201).body)
    assert (event["resource"], event["path"], event["httpMethod"]) == ("/open", "/open", "GET")
    assert event["queryStringParameters"] == {"mode": "echo", "a": "2"}
    assert event["multiValueQueryStringParameters"] == {"mode": ["echo"], "a": ["1", "2"]}
    sent = {name.lower(): value for name, value in event["headers"].items()}
    assert sent["x-given"] == "7" and event["body"] is None and event["isBase64Encoded"] is False
    context = event["requestContext"]
    assert (context["stage"], context["apiId"], context["resourcePath"]) == ("dev", lab.api_id, "/open")
    assert (context["path"], context["accountId"], context["httpMethod"]) == ("/dev/open", lab.account, "GET")
    assert context["identity"]["sourceIp"] and context["requestId"]


@point("the function is given the claims, as texts", "docs: $context.authorizer.claims")
def test_claims(lab):
    token = lab.tokens["IdToken"]
    event = json.loads(lab.call("/ids?mode=echo", token, expect=201).body)
    given, said = event["requestContext"]["authorizer"]["claims"], claims(token)
    assert (given["sub"], given["aud"], given["token_use"]) == (said["sub"], said["aud"], "id")
    assert given["email_verified"] == "true" and all(isinstance(value, str) for value in given.values())


@point("a function that fails: 502", "seen: \"Internal server error\", InternalServerErrorException")
def test_failing(lab):
    answer = lab.call("/open?mode=raise", expect=502)
    assert (answer.status, answer.json()) == (502, INTERNAL) and answer.error_type() == "InternalServerErrorException"


@point("a function that answers nonsense: 502", "docs: Malformed Lambda proxy response")
def test_malformed(lab):
    answer = lab.call("/open?mode=malformed", expect=502)
    assert (answer.status, answer.json()) == (502, INTERNAL)


@point("without a permission: 500", "seen: boto3 572, aws-cdk 6127")
def test_not_permitted(lab):
    function = lab.function_named("private")["FunctionArn"]
    at = lab.method("private", uri=lab.uri(function))
    tested = lab.gateway.test_invoke_method(**at)
    assert tested["status"] == 500 and "Invalid permissions on Lambda function" in tested["log"]
    lab.deploy("more")
    answer = lab.call("/private", stage="more", expect=500)
    assert (answer.status, answer.json()) == (500, INTERNAL)


@point("a permission for one path does not do for another", "docs: SourceArn of execute-api")
def test_other_path_permitted(lab):
    function = lab.function_named("one-path")["FunctionName"]
    lab.permit("one", f"{lab.api_id}/*/GET/one", function)
    uri = lab.uri(lab.functions.get_function_configuration(FunctionName=function)["FunctionArn"])
    lab.method("one", uri=uri)
    lab.method("two", uri=uri)
    lab.deploy("more")
    assert lab.call("/one", stage="more", expect=200).status == 200
    answer = lab.call("/two", stage="more", expect=500)
    assert (answer.status, answer.json()) == (500, INTERNAL)


@point("what is not deployed is not served", "docs: deployments are snapshots")
def test_snapshot(lab):
    at = lab.method("late")
    lab.deploy("late")
    assert lab.call("/late", stage="late", expect=200).status == 200
    patch = [{"op": "replace", "path": "/authorizationType", "value": "COGNITO_USER_POOLS"},
             {"op": "replace", "path": "/authorizerId", "value": lab.authorizer}]
    lab.gateway.update_method(**at, patchOperations=patch)
    assert lab.call("/late", stage="late", expect=200).status == 200
    lab.deploy("late")
    assert lab.call("/late", stage="late", expect=401).seen == UNAUTHORIZED


@point("a stage goes back to an old deployment", "docs: UpdateStage /deploymentId")
def test_back(lab):
    old = lab.deploy("back")
    at = lab.method("later")
    new = lab.deploy("back")
    assert lab.call("/later", stage="back", expect=200).status == 200
    patch = [{"op": "replace", "path": "/deploymentId", "value": old}]
    lab.gateway.update_stage(restApiId=at["restApiId"], stageName="back", patchOperations=patch)
    assert old != new and lab.call("/later", stage="back", expect=403).seen == MISSING


@point("path variables are given", "docs: pathParameters; seen: LocalStack test_lambda_aws_proxy_integration (not decoded)")
def test_variables(lab):
    at = lab.resource("items")
    child = lab.gateway.create_resource(restApiId=lab.api_id, parentId=at, pathPart="{id}")["id"]
    named = {"restApiId": lab.api_id, "resourceId": child, "httpMethod": "GET"}
    lab.gateway.put_method(**named, authorizationType="NONE")
    lab.gateway.put_integration(**named, type="AWS_PROXY", integrationHttpMethod="POST", uri=lab.lambda_uri)
    lab.deploy("more")
    event = json.loads(lab.call("/items/a%20b?mode=echo", stage="more", expect=201).body)
    assert event["pathParameters"] == {"id": "a%20b"} and event["resource"] == "/items/{id}"


@point("MOCK answers without a function", "docs: mock integration")
def test_mock(lab):
    at = {"restApiId": lab.api_id, "resourceId": lab.resource("mock"), "httpMethod": "GET"}
    lab.gateway.put_method(**at, authorizationType="NONE")
    lab.gateway.put_integration(**at, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    lab.gateway.put_method_response(**at, statusCode="200")
    lab.gateway.put_integration_response(
        **at, statusCode="200", responseTemplates={"application/json": '{"from":"nowhere"}'})
    lab.deploy("more")
    assert lab.call("/mock", stage="more", expect=200).seen == (200, '{"from":"nowhere"}')


@point("a revoked token is let in until it expires", "seen: API Gateway checks the JWT only", settled=False)
def test_revoked(lab):
    email = f"revoked-{lab.prefix}@example.com"
    lab.user(email, "Str0ng-Passw0rd!")
    result = lab.by_password(user=email)
    lab.student.global_sign_out(AccessToken=result["AccessToken"])
    assert lab.call("/demo", result["AccessToken"], expect=200).status == 200


@point("the token may follow \"Bearer \"", "seen: third parties; the documentation shows it raw", settled=False)
def test_bearer(lab):
    assert lab.call("/demo", f"Bearer {lab.tokens['AccessToken']}", expect=200).status == 200
