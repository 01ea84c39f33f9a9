"""Tags, and lists that come in pages."""

import time

from points import Case, point, refusals, refused

TOPIC = "Tags and paging"


def pages(call, token_in, token_out, items, **arguments):
    """All items, and how many pages they came in."""
    found, count, token = [], 0, {}
    while True:
        answer = call(**arguments, **token)
        found += answer[items]
        count += 1
        if not answer.get(token_out) or count > 200:
            return found, count
        token = {token_in: answer[token_out]}


@point("a pool's tags", "model cognito-idp: TagResource, ListTagsForResource")
def test_pool_tags(lab):
    arn = lab.pool_named("tags", UserPoolTags={"a": "1"})["Arn"]
    lab.cognito.tag_resource(ResourceArn=arn, Tags={"b": "2"})
    assert lab.cognito.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"a": "1", "b": "2"}


@point("a function's tags", "model lambda: TagResource, UntagResource, ListTags")
def test_function_tags(lab):
    arn = lab.function_named("tagged", Tags={"a": "1", "b": "2"})["FunctionArn"]
    lab.functions.tag_resource(Resource=arn, Tags={"b": "3"})
    lab.functions.untag_resource(Resource=arn, TagKeys=["a"])
    assert lab.functions.list_tags(Resource=arn)["Tags"] == {"b": "3"}


@point("a role's tags", "model iam: TagRole, UntagRole, ListRoleTags")
def test_role_tags(lab):
    name = lab.role_named("tagged")["RoleName"]
    lab.iam.tag_role(RoleName=name, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    lab.iam.untag_role(RoleName=name, TagKeys=["a"])
    assert lab.iam.list_role_tags(RoleName=name)["Tags"] == [{"Key": "b", "Value": "2"}]


@point("ListRoles shows no tags", "docs: ListRoles (\"…doesn't return tags\")")
def test_listed_roles(lab):
    lab.iam.tag_role(RoleName=lab.role["RoleName"], Tags=[{"Key": "a", "Value": "1"}])
    roles, _ = pages(lab.iam.list_roles, "Marker", "Marker", "Roles")
    mine = next(role for role in roles if role["RoleName"] == lab.role["RoleName"])
    assert "Tags" not in mine


@point("tags of an API and its stage", "model apigateway: TagResource (204), GetTags")
def test_api_tags(lab):
    api = f"arn:aws:apigateway:{lab.region}::/restapis/{lab.api_id}"
    for arn in (api, f"{api}/stages/{lab.stage}"):
        lab.gateway.tag_resource(resourceArn=arn, tags={"also": "this"})
        assert lab.gateway.get_tags(resourceArn=arn)["tags"] == {"conformance": lab.prefix, "also": "this"}


@point("a log group's tags", "model logs: CreateLogGroup tags, ListTagsForResource")
def test_log_tags(lab):
    name = f"/conformance/{lab.prefix}/tagged"
    lab.logs.create_log_group(logGroupName=name, tags={"a": "1"})
    lab.later(lab.logs.delete_log_group, logGroupName=name)
    arn = f"arn:aws:logs:{lab.region}:{lab.account}:log-group:{name}"
    lab.logs.tag_resource(resourceArn=arn, tags={"b": "2"})
    assert lab.logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"a": "1", "b": "2"}


@refusals(
    Case("a role with 51 tags", "model iam: tagListType max 50", ("ValidationError", "LimitExceeded", "InvalidInput"),
         lambda lab: lab.iam.tag_role(
             RoleName=lab.role["RoleName"], Tags=[{"Key": f"k{n}", "Value": "v"} for n in range(51)])),
    Case("a tag of nothing", "model cognito-idp: ResourceNotFoundException", "ResourceNotFoundException",
         lambda lab: lab.cognito.list_tags_for_resource(
             ResourceArn=f"arn:aws:cognito-idp:{lab.region}:{lab.account}:userpool/{lab.region}_Nothing00")),
    Case("a page after nothing", "docs: invalid tokens are refused", "InvalidParameterException",
         lambda lab: lab.cognito.list_user_pools(MaxResults=1, NextToken="!nonsense!")),
)
def test_refused(lab, case):
    refused(lambda: case.call(lab), case.code, case.status, case.text)


@point("GetResources by type and value", "model resourcegroupstaggingapi: TagFilters, ResourceTypeFilters")
def test_by_type(lab):
    _ = lab.function, lab.pool
    for _ in range(30 if lab.target.real else 1):
        found = lab.tagging.get_resources(
            TagFilters=[{"Key": "conformance", "Values": [lab.prefix, "other"]}],
            ResourceTypeFilters=["lambda:function"])["ResourceTagMappingList"]
        if found:
            break
        time.sleep(2)
    assert [f["ResourceARN"] for f in found] == [lab.function["FunctionArn"]]
    assert {"Key": "conformance", "Value": lab.prefix} in found[0]["Tags"]


@point("GetResources in pages", "model resourcegroupstaggingapi: ResourcesPerPage, PaginationToken")
def test_found_pages(lab):
    _ = lab.function, lab.pool, lab.stage
    wanted = [{"Key": "conformance", "Values": [lab.prefix]}]
    whole = lab.tagging.get_resources(TagFilters=wanted)["ResourceTagMappingList"]
    found, count = pages(lab.tagging.get_resources, "PaginationToken", "PaginationToken", "ResourceTagMappingList",
                         TagFilters=wanted, ResourcesPerPage=1)
    assert sorted(f["ResourceARN"] for f in found) == sorted(f["ResourceARN"] for f in whole)
    assert count >= len(whole) >= 2


@point("pools in pages", "model cognito-idp: ListUserPools NextToken")
def test_pools(lab):
    made = {lab.pool_named(f"page-{n}")["Id"] for n in range(3)}
    found, count = pages(lab.cognito.list_user_pools, "NextToken", "NextToken", "UserPools", MaxResults=2)
    assert made <= {pool["Id"] for pool in found} and count >= 2


@point("clients in pages", "model cognito-idp: ListUserPoolClients NextToken")
def test_clients(lab):
    pool = lab.pool_named("clients")["Id"]
    made = {lab.app(f"page-{n}", pool)["ClientId"] for n in range(3)}
    found, count = pages(lab.cognito.list_user_pool_clients, "NextToken", "NextToken", "UserPoolClients",
                         UserPoolId=pool, MaxResults=2)
    assert {client["ClientId"] for client in found} == made and count == 2


@point("users in pages, and by a filter", "model cognito-idp: ListUsers Filter, PaginationToken")
def test_users(lab):
    pool = lab.pool_named("users")["Id"]
    for n in range(3):
        lab.user(f"page-{n}@example.com", pool=pool)
    found, count = pages(lab.cognito.list_users, "PaginationToken", "PaginationToken", "Users",
                         UserPoolId=pool, Limit=2)
    assert len(found) == 3 and count == 2
    one = lab.cognito.list_users(UserPoolId=pool, Filter='email = "page-1@example.com"')["Users"]
    start = lab.cognito.list_users(UserPoolId=pool, Filter='email ^= "page-"')["Users"]
    assert (len(one), len(start)) == (1, 3)


@point("APIs in pages", "model apigateway: GetRestApis limit, position")
def test_apis(lab):
    made = {lab.api_id, lab.scratch["id"]}
    found, count = pages(lab.gateway.get_rest_apis, "position", "position", "items", limit=1)
    assert made <= {api["id"] for api in found} and count >= 2


@point("25 paths a page", "model apigateway: GetResources limit (default 25)")
def test_resources(lab):
    api = lab.scratch
    for n in range(26):
        lab.resource(f"page-{n}", api)
    first = lab.gateway.get_resources(restApiId=api["id"])
    assert len(first["items"]) == 25 and first["position"]
    found, _ = pages(lab.gateway.get_resources, "position", "position", "items", restApiId=api["id"])
    assert len({item["id"] for item in found}) == len(found) >= 27


@point("functions in pages", "model lambda: ListFunctions MaxItems, NextMarker")
def test_functions(lab):
    made = {lab.function_name, lab.function_named("page")["FunctionName"]}
    found, count = pages(lab.functions.list_functions, "Marker", "NextMarker", "Functions", MaxItems=1)
    assert made <= {function["FunctionName"] for function in found} and count >= 2
    assert all("State" not in function for function in found)


@point("roles in pages", "model iam: ListRoles MaxItems, Marker, IsTruncated")
def test_roles(lab):
    made = {lab.role["RoleName"], lab.role_named("page")["RoleName"]}
    first = lab.iam.list_roles(MaxItems=1)
    assert first["IsTruncated"] is True and len(first["Roles"]) == 1
    found, _ = pages(lab.iam.list_roles, "Marker", "Marker", "Roles", MaxItems=1)
    assert made <= {role["RoleName"] for role in found}


@point("log groups in pages", "model logs: DescribeLogGroups limit, nextToken")
def test_log_groups(lab):
    for n in range(3):
        name = f"/conformance/{lab.prefix}/page/{n}"
        lab.logs.create_log_group(logGroupName=name)
        lab.later(lab.logs.delete_log_group, logGroupName=name)
    found, count = pages(lab.logs.describe_log_groups, "nextToken", "nextToken", "logGroups",
                         logGroupNamePrefix=f"/conformance/{lab.prefix}/page/", limit=2)
    assert len(found) == 3 and count == 2
