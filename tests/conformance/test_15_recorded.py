"""What other people recorded of AWS: LocalStack's snapshots (`TEST: DATE`), moto's tests that are marked as verified on AWS."""

import secrets

from botocore.exceptions import ClientError
from lab import TRUST
from points import Case, point, refusals, refused

TOPIC = "Other people's records of AWS"
BAD, INVALID = "BadRequestException", "InvalidParameterValueException"
ABSENT = "ResourceNotFoundException"


def fresh():
    return f"recorded-{secrets.token_hex(3)}"


def api(lab, **changes):
    made = lab.gateway.create_rest_api(name=lab.name("recorded"), **changes)
    lab.later(lab.gateway.delete_rest_api, restApiId=made["id"])
    return made


def patched(lab, *patches, **changes):
    """An API of its own, after these patches."""
    made = api(lab, **changes)
    operations = [dict(zip(("op", "path", "value"), patch)) for patch in patches]
    return lab.gateway.update_rest_api(restApiId=made["id"], patchOperations=operations)


def place(lab, http_method="GET", **changes):
    """A method of a new resource."""
    at = {"restApiId": lab.scratch["id"], "resourceId": lab.resource(fresh(), lab.scratch), "httpMethod": http_method}
    lab.gateway.put_method(**at, **{"authorizationType": "NONE", **changes})
    return at


def mock(lab, at, says=None):
    lab.gateway.put_integration(**at, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'})
    if says is not None:
        lab.gateway.put_method_response(**at, statusCode="200")
        lab.gateway.put_integration_response(**at, statusCode="200", responseTemplates={"application/json": says})


def update_method(lab, op, path, value):
    patch = {"op": op, "path": path, "value": value}
    return lab.gateway.update_method(**place(lab), patchOperations=[patch])


def api_key(lab, **changes):
    made = lab.gateway.create_api_key(**{"name": lab.name(fresh()), **changes})
    lab.later(lab.gateway.delete_api_key, apiKey=made["id"])
    return made


NOWHERE = {"restApiId": "abcdefghij", "resourceId": "abcdef", "httpMethod": "GET"}


@refusals(
    Case("an API with an empty description", "seen: LocalStack test_create_rest_api_with_optional_params: 2025-07-02", BAD,
         lambda lab: api(lab, description=""), text="Description cannot be an empty string"),
    Case("an API of no endpoint type", "seen: LocalStack test_create_rest_api_with_endpoint_configuration: 2025-07-11", BAD,
         lambda lab: api(lab, endpointConfiguration={"types": []}),
         text="REGIONAL Configuration and EDGE Configuration cannot be both DISABLED."),
    Case("an API's address type, named from the input",
         "seen: LocalStack test_create_rest_api_with_endpoint_configuration: 2025-07-11", "ValidationException",
         lambda lab: api(lab, endpointConfiguration={"types": ["EDGE"], "ipAddressType": "wrong"}),
         text="Value 'wrong' at 'createRestApiInput.endpointConfiguration.ipAddressType' failed"),
    Case("a patch's operation, named from the input",
         "seen: LocalStack test_update_rest_api_concatenation_of_errors: 2025-07-07", "ValidationException",
         lambda lab: patched(lab, ("add", "/description", "x"), ("wrong", "/name", "y")),
         text="Value 'wrong' at 'updateRestApiInput.patchOperations.2.member.op' failed to satisfy constraint: Member must "
              "satisfy enum value set: [add, remove, move, test, replace, copy]"),
    Case("a type of the URI, named alone", "seen: LocalStack test_gateway_response_validation", "ValidationException",
         lambda lab: lab.gateway.get_gateway_response(restApiId=lab.scratch["id"], responseType="FAKE"),
         text="Value 'FAKE' at 'responseType' failed"),
    Case("an integration's type, in AWS's order of the known ones", "seen: LocalStack test_put_integration_wrong_type",
         "ValidationException", lambda lab: lab.gateway.put_integration(**place(lab), type="HTTPS_PROXY"),
         text="at 'putIntegrationInput.type' failed to satisfy constraint: Member must satisfy enum value set: "
              "[HTTP, MOCK, AWS_PROXY, HTTP_PROXY, AWS]"),
    Case("patching all media types at once", "seen: LocalStack test_update_rest_api_behaviour: 2025-07-02", BAD,
         lambda lab: patched(lab, ("add", "/binaryMediaTypes", "a/b")), text="Invalid patch path /binaryMediaTypes"),
    Case("removing an address type", "seen: LocalStack test_update_rest_api_ip_address_type: 2025-07-07", BAD,
         lambda lab: patched(lab, ("remove", "/endpointConfiguration/ipAddressType")),
         text="Invalid patch operation specified. Must be one of: [replace]"),
    Case("replacing an endpoint type by nonsense", "seen: LocalStack test_update_rest_api_ip_address_type: 2025-07-07", BAD,
         lambda lab: patched(lab, ("replace", "/endpointConfiguration/types/EDGE", "wrong")),
         text="Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE,PRIVATE"),
    Case("one name of a parameter in two places", "seen: LocalStack test_method_request_parameters: 2024-04-15", BAD,
         lambda lab: place(lab, requestParameters={
             "method.request.querystring.n": False, "method.request.header.n": False}),
         text="Parameter names must be unique across querystring, header and path"),
    Case("a method of an unknown name", "seen: LocalStack test_put_method_validation: 2024-04-15", BAD,
         lambda lab: place(lab, "WRONG"),
         text="Invalid HttpMethod specified. Valid options are GET,PUT,POST,DELETE,PATCH,OPTIONS,HEAD,ANY"),
    Case("a method with a validator of nowhere", "seen: LocalStack test_put_method_validation: 2024-04-15", BAD,
         lambda lab: place(lab, requestValidatorId="nowher"), text="Invalid Request Validator identifier specified"),
    Case("patching a method's name", "seen: LocalStack test_update_method_validation: 2024-04-15", BAD,
         lambda lab: update_method(lab, "add", "/httpMethod", "PUT"), text="Invalid patch path /httpMethod"),
    Case("adding what can only be replaced", "seen: LocalStack test_update_method_validation: 2024-04-15", BAD,
         lambda lab: update_method(lab, "add", "/operationName", "x"),
         text="Invalid patch operation specified. Must be one of: [replace]"),
    Case("an integration of an unknown API", "seen: LocalStack test_get_integration_non_existent: 2025-11-18",
         "NotFoundException", lambda lab: lab.gateway.get_integration(**NOWHERE), 404,
         "Invalid Resource identifier specified"),
    Case("an integration response of an unknown API", "seen: LocalStack test_integration_response_wrong_api",
         "NotFoundException", lambda lab: lab.gateway.put_integration_response(**NOWHERE, statusCode="200"), 404,
         "Invalid Resource identifier specified"),
    Case("an integration's URI that is the function's ARN",
         "seen: LocalStack test_put_integration_aws_proxy_uri: 2025-03-03", BAD,
         lambda lab: lab.gateway.put_integration(
             **place(lab), type="AWS_PROXY", integrationHttpMethod="POST", uri=lab.function["FunctionArn"]),
         text="AWS ARN for integration must contain path or action"),
    Case("an API key of five letters", "seen: LocalStack test_create_api_key_with_invalid_value: 2025-07-17", BAD,
         lambda lab: api_key(lab, value="short"), text="API Key value should be at least 20 characters"),
    Case("an API key of 129 letters", "seen: LocalStack test_create_api_key_with_invalid_value: 2025-07-17", BAD,
         lambda lab: api_key(lab, value="a" * 129), text="API Key value exceeds maximum size of 128 characters"),
    Case("an API key's long description", "seen: LocalStack test_update_api_key_invalid_description_length: 2025-07-17", BAD,
         lambda lab: api_key(lab, description="a" * 125_001), text="Invalid API Key description specified."),
    Case("a stage of nowhere in a usage plan", "seen: LocalStack test_usage_plan_crud: 2024-03-20", "NotFoundException",
         lambda lab: lab.gateway.create_usage_plan(
             name=lab.name(fresh()), apiStages=[{"apiId": "abcdefghij", "stage": "dev"}]), 404,
         "Invalid API Stage {api: abcdefghij, stage: dev} specified for usageplan"),
)
def test_gateway(lab, case):
    refused(lambda: case.call(lab), case.code, case.status, case.text)


@point("authorization types in any case", "seen: LocalStack test_integration_mock_with_path_param: 2024-11-29, and others")
def test_any_case(lab):
    for http_method, word in (("GET", "none"), ("POST", "None")):
        place(lab, http_method, authorizationType=word)


@point("an integration response without a method response", "seen: LocalStack test_lifecycle_integration_response: 2025-06-11")
def test_no_method_response(lab):
    at = place(lab)
    mock(lab, at)
    made = lab.gateway.put_integration_response(
        **at, statusCode="200", selectionPattern="", responseTemplates={"application/json": '"created"'})
    assert (made["statusCode"], made["selectionPattern"]) == ("200", "")


@point("an API's description is removed", "seen: LocalStack test_update_rest_api_operation_add_remove: 2025-07-02")
def test_removed_description(lab):
    updated = patched(lab, ("remove", "/description"), description="why")
    assert "description" not in updated and updated["tags"] == {}


@point("an API key required maybe is not required", "seen: LocalStack test_update_method_validation: 2024-04-15")
def test_not_a_boolean(lab):
    assert update_method(lab, "replace", "/apiKeyRequired", "whatever")["apiKeyRequired"] is False


@point("keys of an unknown usage plan: none", "seen: LocalStack test_get_usage_plan_api_keys")
def test_unknown_plan(lab):
    assert lab.gateway.get_usage_plan_keys(usagePlanId="unknown")["items"] == []


@point("stages that CreateDeployment made trace nothing", "seen: LocalStack test_get_stages_filters_by_deployment_id: 2026-02-25")
def test_tracing(lab):
    made = api(lab)
    at = {"restApiId": made["id"], "resourceId": made["rootResourceId"], "httpMethod": "GET"}
    lab.gateway.put_method(**at, authorizationType="NONE")
    mock(lab, at, "hello")
    lab.gateway.create_deployment(restApiId=made["id"], stageName="dev")
    assert lab.gateway.get_stages(restApiId=made["id"])["item"][0]["tracingEnabled"] is False


def permission(lab, function=None, **changes):
    return lab.functions.add_permission(**{
        "FunctionName": function or lab.function_name, "StatementId": fresh(), "Action": "lambda:InvokeFunction",
        "Principal": "s3.amazonaws.com", **changes})


def arn(lab, name):
    return f"arn:aws:lambda:{lab.region}:{lab.account}:function:{name}"


@refusals(
    Case("a policy of no function", "seen: LocalStack test_permission_exceptions: 2025-11-25", ABSENT,
         lambda lab: lab.functions.get_policy(FunctionName="nope"), 404, "The resource you requested does not exist."),
    Case("a permission of no function, removed", "seen: LocalStack test_permission_exceptions: 2025-11-25", ABSENT,
         lambda lab: lab.functions.remove_permission(FunctionName="nope", StatementId="s"), 404, "No policy found for: arn:"),
    Case("a permission of no alias", "seen: LocalStack test_permission_exceptions: 2025-11-25", ABSENT,
         lambda lab: permission(lab, Qualifier="nope"), 404, "Cannot find alias arn: arn:"),
    Case("a permission of no version", "seen: LocalStack test_permission_exceptions: 2025-11-25", ABSENT,
         lambda lab: permission(lab, Qualifier="42"), 404, ":42"),
    Case("no function invoked", "seen: LocalStack test_invoke_exceptions: 2025-11-25", ABSENT,
         lambda lab: lab.functions.invoke(FunctionName="nope"), 404, ":function:nope:$LATEST"),
    Case("an ARN that ends with function", "seen: LocalStack test_function_name_and_qualifier_validation: 2025-11-25", ABSENT,
         lambda lab: lab.functions.get_function(FunctionName=arn(lab, "x").removesuffix(":x")), 404, ":function:function"),
    Case("tags of an alias", "seen: LocalStack test_tag_exceptions[lambda_function]: 2025-11-25", INVALID,
         lambda lab: lab.functions.tag_resource(Resource=arn(lab, f"{lab.function_name}:alias"), Tags={"a": "b"}),
         text="Tags on function aliases and versions are not supported. Please specify a function ARN."),
    Case("a function with 51 tags", "seen: LocalStack test_tag_limits: 2025-11-25", INVALID,
         lambda lab: lab.functions.tag_resource(
             Resource=arn(lab, lab.function_name), Tags={f"k{n}": "v" for n in range(51)}),
         text="Number of tags exceeds resource tag limit."),
    Case("a deleted alias", "seen: LocalStack test_function_name_and_qualifier_validation: 2024-08-22", INVALID,
         lambda lab: lab.functions.delete_function(FunctionName=lab.function_name, Qualifier="alias"),
         text="Deletion of aliases is not currently supported."),
    Case("a function's name of 65 letters", "seen: LocalStack test_function_arns: 2025-11-25", INVALID,
         lambda lab: lab.functions.create_function(**lab.function_input("a" * 65)), text="length less than or equal to 64"),
    Case("an environment of 4,097 bytes as JSON", "seen: LocalStack test_large_environment_variables_fails: 2025-11-25", INVALID,
         lambda lab: lab.functions.create_function(**lab.function_input(
             lab.name(fresh()), Environment={"Variables": {"LARGE": "x" * (4097 - 12)}})),
         text='exceeded the 4KB limit. String measured: {"LARGE":"xxx'),
    Case("a log group's name of 513 letters", "seen: LocalStack test_create_log_group_invalid_name_length",
         "InvalidParameterException", lambda lab: lab.logs.create_log_group(logGroupName="a" * 513),
         text="Invalid LogGroup or LogStream, both must have length less than or equal to 512."),
    Case("a role to assume that is no ARN", "seen: LocalStack test_sts_invalid_parameters", "ValidationError",
         lambda lab: lab.sts.assume_role(RoleArn="arn:a:::something/test-role", RoleSessionName="session"),
         text="arn:a:::something/test-role is invalid"),
    Case("a policy to attach that is no ARN", "seen: LocalStack test_role_attach_policy", "ValidationError",
         lambda lab: lab.iam.attach_role_policy(RoleName=lab.role["RoleName"], PolicyArn="longpolicynamebutnoarn"),
         text="Invalid ARN:  Could not be parsed!"),
)
def test_others(lab, case):
    refused(lambda: case.call(lab), case.code, case.status, case.text)


@point("a new function tells no update", "seen: LocalStack test_function_state: 2025-11-24, and 165 others")
def test_new_function(lab):
    name = lab.name(fresh())
    made = lab.patiently(lambda: lab.functions.create_function(
        **lab.function_input(name, Environment={"Variables": {}})))
    lab.later(lab.functions.delete_function, FunctionName=name)
    assert made["State"] == "Pending" and "LastUpdateStatus" not in made
    assert made["Environment"] == {"Variables": {}}
    assert ":runtime:" in made["RuntimeVersionConfig"]["RuntimeVersionArn"]
    lab.functions.get_waiter("function_active_v2").wait(FunctionName=name)
    ready = lab.functions.get_function_configuration(FunctionName=name)
    assert ready["LastUpdateStatus"] == "Successful" and ready["RevisionId"] != made["RevisionId"]


@point("a permission changes the function's revision", "seen: LocalStack test_function_revisions_permissions: 2025-11-25")
def test_revision(lab):
    name = lab.function_named(fresh())["FunctionName"]
    before = lab.functions.get_function_configuration(FunctionName=name)["RevisionId"]
    permission(lab, name, RevisionId=before)
    after = lab.functions.get_function_configuration(FunctionName=name)["RevisionId"]
    assert after != before and lab.functions.get_policy(FunctionName=name)["RevisionId"] == after


@point("a version that is not there is deleted", "seen: LocalStack test_delete_on_nonexisting_version: 2025-11-25")
def test_deleted_version(lab):
    lab.functions.delete_function(FunctionName=lab.function_name, Qualifier="77")
    lab.functions.get_function(FunctionName=lab.function_name)


@point("a new role tells no session length", "seen: LocalStack test_role_with_path_lifecycle, and six others")
def test_session_length(lab):
    made = lab.role_named(fresh(), TRUST)
    assert "MaxSessionDuration" not in made
    assert lab.iam.get_role(RoleName=made["RoleName"])["Role"]["MaxSessionDuration"] == 3600


@point("AWS's own managed policies are attached, or refused as not served",
       "seen: LocalStack test_attach_detach_role_policy; moto test_iam_resets")
def test_managed_policies(lab):
    role = lab.role_named(fresh())["RoleName"]
    for name in ("AWSLambdaExecute", "ReadOnlyAccess"):
        attached = {"RoleName": role, "PolicyArn": f"arn:aws:iam::aws:policy/{name}"}
        try:
            lab.iam.attach_role_policy(**attached)
            lab.later(lab.iam.detach_role_policy, **attached)
        except ClientError as why:
            assert why.response["ResponseMetadata"]["HTTPStatusCode"] == 501, why


@point("verified as Python writes it", "seen: moto's tests, marked aws_verified")
def test_verified(lab):
    attributes = [{"Name": "email", "Value": (email := f"{fresh()}@example.com")}, {"Name": "email_verified", "Value": "True"}]
    lab.user(email, UserAttributes=attributes)


@point("tags of a hosted zone by its whole id", "seen: moto test_hosted_zone_id_in_change_tags, marked aws_verified")
def test_whole_id(lab):
    zones = lab.client("route53")
    made = zones.create_hosted_zone(Name=f"{fresh()}.example.net", CallerReference=fresh())["HostedZone"]
    lab.later(zones.delete_hosted_zone, Id=made["Id"])
    tags = {"ResourceType": "hostedzone", "ResourceId": made["Id"], "AddTags": [{"Key": "a", "Value": "b"}]}
    code = ("InvalidInput", "NoSuchHostedZone")
    refused(lambda: zones.change_tags_for_resource(**tags), code, 400)
