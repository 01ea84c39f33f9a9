"""What there is already, what is still in use, and what is not there."""

import json

from lab import TRUST
from points import Case, point, refusals, refused

TOPIC = "Conflicts and dependencies"


def again(lab, name):
    return lab.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))


def domain(lab, pool, name):
    lab.cognito.create_user_pool_domain(Domain=name, UserPoolId=pool)
    lab.later(lab.cognito.delete_user_pool_domain, Domain=name, UserPoolId=pool)


def delete_with_domain(lab):
    pool = lab.pool_named("with-domain")["Id"]
    domain(lab, pool, f"{lab.prefix}-a")
    lab.cognito.delete_user_pool(UserPoolId=pool)


def protected(lab):
    pool = lab.pool_named("protected", DeletionProtection="ACTIVE")["Id"]
    lab.later(lab.cognito.update_user_pool, UserPoolId=pool, DeletionProtection="INACTIVE")
    lab.cognito.delete_user_pool(UserPoolId=pool)


def taken_domain(lab):
    domain(lab, lab.pool_id, f"{lab.prefix}-b")
    lab.cognito.create_user_pool_domain(Domain=f"{lab.prefix}-b", UserPoolId=lab.pool_named("other")["Id"])


def permit_twice(lab):
    lab.permit("twice", f"{lab.api_id}/*/GET/twice")
    lab.permit("twice", f"{lab.api_id}/*/GET/twice")


def attached_role(lab):
    role = lab.role_named("in-use")["RoleName"]
    arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    lab.iam.attach_role_policy(RoleName=role, PolicyArn=arn)
    lab.later(lab.iam.detach_role_policy, RoleName=role, PolicyArn=arn)
    lab.iam.delete_role(RoleName=role)


def twice(lab, call, **arguments):
    call(**arguments)
    call(**arguments)


def methodless(lab):
    return lab.gateway.create_deployment(restApiId=lab.api_named("methodless")["id"])


def without_integration(lab):
    api = lab.api_named("unfinished")
    lab.gateway.put_method(
        restApiId=api["id"], resourceId=api["rootResourceId"], httpMethod="GET", authorizationType="NONE")
    lab.gateway.create_deployment(restApiId=api["id"])


def stage_twice(lab):
    at = {"restApiId": lab.api_id, "stageName": lab.stage}
    lab.gateway.create_stage(**at, deploymentId=lab.gateway.get_stage(**at)["deploymentId"])


def authorizer_in_use(lab):
    _ = lab.demo
    lab.gateway.delete_authorizer(restApiId=lab.api_id, authorizerId=lab.authorizer)


def same_authorizer(lab):
    _ = lab.authorizer
    lab.gateway.create_authorizer(
        restApiId=lab.api_id, name=lab.name("authorizer"), type="COGNITO_USER_POOLS",
        providerARNs=[lab.pool["Arn"]], identitySource="method.request.header.Authorization")


@refusals(
    Case("a role made twice", "model iam: EntityAlreadyExists 409", "EntityAlreadyExists",
         lambda lab: again(lab, lab.role["RoleName"]), 409),
    Case("a role whose name differs by case only", "model iam: names are unique without regard to case",
         "EntityAlreadyExists", lambda lab: again(lab, lab.role["RoleName"].upper()), 409),
    Case("a role with its own policy is not deleted", "model iam: DeleteConflict 409", "DeleteConflict",
         lambda lab: lab.iam.delete_role(RoleName=lab.role["RoleName"]), 409),
    Case("a role with an attached policy is not deleted", "model iam: DeleteConflict 409", "DeleteConflict",
         attached_role, 409),
    Case("a role that is not there", "model iam: NoSuchEntity 404", "NoSuchEntity",
         lambda lab: lab.iam.get_role(RoleName=lab.name("nobody")), 404),
    Case("a managed policy that is not there", "model iam: NoSuchEntity 404", "NoSuchEntity",
         lambda lab: lab.iam.attach_role_policy(
             RoleName=lab.role["RoleName"], PolicyArn="arn:aws:iam::aws:policy/NoSuchPolicyAtAll"), 404),
    Case("a function made twice", "model lambda: ResourceConflictException 409", "ResourceConflictException",
         lambda lab: lab.functions.create_function(**lab.function_input(lab.function_name)), 409),
    Case("a function that is not there", "model lambda: ResourceNotFoundException 404", "ResourceNotFoundException",
         lambda lab: lab.functions.get_function(FunctionName=lab.name("nobody")), 404),
    Case("a function deleted that is not there", "model lambda: ResourceNotFoundException 404",
         "ResourceNotFoundException", lambda lab: lab.functions.delete_function(FunctionName=lab.name("nobody")), 404),
    Case("a permission given twice", "model lambda: ResourceConflictException 409", "ResourceConflictException",
         permit_twice, 409),
    Case("a permission taken that was not given", "model lambda: ResourceNotFoundException 404",
         "ResourceNotFoundException", lambda lab: lab.functions.remove_permission(
             FunctionName=lab.function_name, StatementId="nothing"), 404),
    Case("a policy of a function without one", "model lambda: ResourceNotFoundException 404",
         "ResourceNotFoundException", lambda lab: lab.functions.get_policy(
             FunctionName=lab.function_named("unshared")["FunctionName"]), 404),
    Case("a stale revision", "model lambda: PreconditionFailedException 412", "PreconditionFailedException",
         lambda lab: lab.functions.update_function_code(
             FunctionName=lab.function_name, ZipFile=lab.zip,
             RevisionId="00000000-0000-4000-8000-000000000000"), 412),
    Case("a log group made twice", "model logs: ResourceAlreadyExistsException", "ResourceAlreadyExistsException",
         lambda lab: twice(lab, lab.logs.create_log_group, logGroupName=f"/conformance/{lab.prefix}/twice")
         or lab.later(lab.logs.delete_log_group, logGroupName=f"/conformance/{lab.prefix}/twice")),
    Case("a log group deleted that is not there", "model logs: ResourceNotFoundException", "ResourceNotFoundException",
         lambda lab: lab.logs.delete_log_group(logGroupName=f"/conformance/{lab.prefix}/nothing")),
    Case("a pool that is not there", "model cognito-idp: ResourceNotFoundException", "ResourceNotFoundException",
         lambda lab: lab.cognito.describe_user_pool(UserPoolId=f"{lab.region}_Nothing00")),
    Case("a protected pool is not deleted", "model cognito-idp: DeletionProtection", "InvalidParameterException",
         protected),
    Case("a pool with a domain is not deleted", "docs: API_DeleteUserPool example", "InvalidParameterException",
         delete_with_domain, text="domain"),
    Case("a domain that another pool has", "model cognito-idp: CreateUserPoolDomain", "InvalidParameterException",
         taken_domain),
    Case("a client that is not there", "model cognito-idp: ResourceNotFoundException", "ResourceNotFoundException",
         lambda lab: lab.cognito.describe_user_pool_client(UserPoolId=lab.pool_id, ClientId="nothing")),
    Case("a user made twice", "model cognito-idp: UsernameExistsException", "UsernameExistsException",
         lambda lab: lab.user(lab.worker)),
    Case("a user that is not there", "model cognito-idp: UserNotFoundException", "UserNotFoundException",
         lambda lab: lab.cognito.admin_get_user(UserPoolId=lab.pool_id, Username="nobody@example.com")),
    Case("an address that another user has", "model cognito-idp: AliasExistsException",
         ("AliasExistsException", "UsernameExistsException"), lambda lab: (lab.student_user,
            lab.cognito.admin_update_user_attributes(UserPoolId=lab.pool_id, Username=lab.worker, UserAttributes=[
                {"Name": "email", "Value": lab.email}, {"Name": "email_verified", "Value": "true"}]))),
    Case("an API that is not there", "model apigateway: NotFoundException 404", "NotFoundException",
         lambda lab: lab.gateway.get_rest_api(restApiId="nothing000"), 404),
    Case("a path made twice", "model apigateway: ConflictException 409; seen: the text", "ConflictException",
         lambda lab: (lab.demo, lab.resource("demo")), 409, "Another resource with the same parent already has this name"),
    Case("a second variable beside the first", "seen: \"A sibling ({a}) of this resource already has a variable path part\"",
         "BadRequestException", lambda lab: (lab.resource("{a}", lab.scratch), lab.resource("{b}", lab.scratch)),
         text="sibling"),
    Case("a method put twice", "model apigateway: ConflictException 409", "ConflictException",
         lambda lab: lab.gateway.put_method(**lab.demo, authorizationType="NONE"), 409),
    # 409 or 400 is not settled; the text is.
    Case("an authorizer's name taken", "seen: the text", ("BadRequestException", "ConflictException"),
         same_authorizer, text="Authorizer name must be unique"),
    Case("an authorizer in use is not deleted", "model apigateway: ConflictException 409", "ConflictException",
         authorizer_in_use, 409),
    Case("an API without methods is not deployed", "seen: terraform 5528 and others", "BadRequestException", methodless,
         text="The REST API doesn't contain any methods"),
    Case("a method without integration is not deployed", "seen: \"No integration defined for method\"",
         "BadRequestException", without_integration, text="No integration defined for method"),
    Case("a stage made twice", "model apigateway: ConflictException 409", "ConflictException", stage_twice, 409),
    Case("a deployment in use is not deleted", "seen: the text", "BadRequestException",
         lambda lab: lab.gateway.delete_deployment(restApiId=lab.api_id, deploymentId=lab.gateway.get_stage(
             restApiId=lab.api_id, stageName=lab.stage)["deploymentId"]),
         text="Active stages pointing to this deployment must be moved or deleted"),
)
def test_conflicts(lab, case):
    refused(lambda: case.call(lab), case.code, case.status, case.text)


@point("pools may share a name", "model cognito-idp: CreateUserPool has no conflict error")
def test_pools_share_names(lab):
    assert lab.pool_named("shared")["Id"] != lab.pool_named("shared")["Id"]


@point("a path takes what is below it along", "docs: DeleteResource")
def test_children(lab):
    parent = lab.resource("parent", lab.scratch)
    child = lab.gateway.create_resource(restApiId=lab.scratch["id"], parentId=parent, pathPart="child")["id"]
    lab.gateway.delete_resource(restApiId=lab.scratch["id"], resourceId=parent)
    refused(lambda: lab.gateway.get_resource(restApiId=lab.scratch["id"], resourceId=child), "NotFoundException", 404)


@point("UpdateUserPool puts back what is left out", "docs: UpdateUserPool (\"…sets it to its default value\")")
def test_pool_replaced(lab):
    pool = lab.pool_named("replaced", UserPoolTags={"kept": "no"})["Id"]
    lab.cognito.update_user_pool(UserPoolId=pool, AutoVerifiedAttributes=["email"])
    read = lab.cognito.describe_user_pool(UserPoolId=pool)["UserPool"]
    assert read["Policies"].get("SignInPolicy", {}).get("AllowedFirstAuthFactors", ["PASSWORD"]) == ["PASSWORD"]
    assert read["UserPoolTier"] == "ESSENTIALS" and read["AutoVerifiedAttributes"] == ["email"]


@point("UpdateUserPoolClient puts back what is left out", "docs: UpdateUserPoolClient")
def test_client_replaced(lab):
    client = lab.app("replaced", AuthSessionValidity=10)["ClientId"]
    at = {"UserPoolId": lab.pool_id, "ClientId": client}
    updated = lab.cognito.update_user_pool_client(**at, ClientName="renamed")["UserPoolClient"]
    assert (updated["ClientName"], updated["AuthSessionValidity"]) == ("renamed", 3)
    assert "ALLOW_USER_AUTH" not in updated.get("ExplicitAuthFlows", [])


@point("a user pool is renamed and keeps its id", "docs: UpdateUserPool (PoolName)")
def test_pool_renamed(lab):
    pool = lab.pool_named("to-rename")["Id"]
    lab.cognito.update_user_pool(UserPoolId=pool, PoolName=lab.name("renamed"))
    assert lab.cognito.describe_user_pool(UserPoolId=pool)["UserPool"]["Name"] == lab.name("renamed")


@point("a REST API is renamed and keeps its id", "docs: UpdateRestApi (replace /name)")
def test_api_renamed(lab):
    api = lab.api_named("to-rename")["id"]
    patch = [{"op": "replace", "path": "/name", "value": lab.name("renamed")}]
    assert lab.gateway.update_rest_api(restApiId=api, patchOperations=patch)["id"] == api
    assert lab.gateway.get_rest_api(restApiId=api)["name"] == lab.name("renamed")


@point("a pool takes its clients along", "docs: DeleteUserPool")
def test_pool_and_clients(lab):
    pool = lab.pool_named("short-lived")["Id"]
    client = lab.app("short-lived", pool)["ClientId"]
    lab.cognito.delete_user_pool(UserPoolId=pool)
    refused(lambda: lab.choose("someone@example.com", client), "ResourceNotFoundException")


@point("a domain that nobody has is described empty", "seen: terraform, CDK; the documentation is silent", settled=False)
def test_no_domain(lab):
    answer = lab.cognito.describe_user_pool_domain(Domain=f"{lab.prefix}-nothing")
    assert answer["DomainDescription"] == {}


@point("a domain is described until it is deleted", "model cognito-idp: DescribeUserPoolDomain")
def test_domain(lab):
    name, pool = f"{lab.prefix}-c", lab.pool_named("domain")["Id"]
    domain(lab, pool, name)
    described = lab.cognito.describe_user_pool_domain(Domain=name)["DomainDescription"]
    assert (described["UserPoolId"], described["Domain"]) == (pool, name)
    assert described["AWSAccountId"] == lab.account and described["Status"] in ("ACTIVE", "CREATING")
    assert lab.cognito.describe_user_pool(UserPoolId=pool)["UserPool"]["Domain"] == name
    lab.cognito.delete_user_pool_domain(Domain=name, UserPoolId=pool)
    assert "Domain" not in lab.cognito.describe_user_pool(UserPoolId=pool)["UserPool"]


@point("an identity provider is kept, changed and deleted", "model cognito-idp: CreateIdentityProvider and others")
def test_identity_provider(lab):
    at = {"UserPoolId": lab.pool_id, "ProviderName": "Campus"}
    details = {"client_id": "x", "client_secret": "y", "attributes_request_method": "GET",
               "oidc_issuer": "https://idp.example.com", "authorize_scopes": "openid",
               "authorize_url": "https://idp.example.com/a", "token_url": "https://idp.example.com/t",
               "attributes_url": "https://idp.example.com/u", "jwks_uri": "https://idp.example.com/k"}
    made = lab.cognito.create_identity_provider(**at, ProviderType="OIDC", ProviderDetails=details)["IdentityProvider"]
    assert (made["ProviderName"], made["ProviderType"]) == ("Campus", "OIDC")
    refused(lambda: lab.cognito.create_identity_provider(**at, ProviderType="OIDC", ProviderDetails=details),
            "DuplicateProviderException")
    lab.cognito.update_identity_provider(**at, AttributeMapping={"email": "mail"})
    read = lab.cognito.describe_identity_provider(**at)["IdentityProvider"]
    assert read["AttributeMapping"]["email"] == "mail" and read["ProviderDetails"]["client_id"] == "x"
    listed = lab.cognito.list_identity_providers(UserPoolId=lab.pool_id)["Providers"]
    assert [p["ProviderName"] for p in listed] == ["Campus"]
    lab.cognito.delete_identity_provider(**at)
    refused(lambda: lab.cognito.describe_identity_provider(**at), "ResourceNotFoundException")
