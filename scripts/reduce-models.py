#!/usr/bin/env python3
"""Reduces the AWS service models of an installed botocore to what the twin serves.

Kept: protocol facts, HTTP bindings, the shapes reachable from the operations listed here with their
constraints, and modelled errors. Not kept: documentation texts. Of every other operation only name,
method and URI are kept, so that the twin can say which operation it does not serve.

    scripts/reduce-models.py            writes crates/localaws/models/*.json
    scripts/reduce-models.py --check    fails when a file is stale

The models are Apache-2.0 (see NOTICE).
"""

import gzip
import json
import pathlib
import sys

import botocore

MODELS = pathlib.Path(__file__).parent.parent / "crates/localaws/models"

SERVED = {
    "iam/2010-05-08": """
        CreateRole GetRole ListRoles DeleteRole PutRolePolicy GetRolePolicy ListRolePolicies
        DeleteRolePolicy AttachRolePolicy DetachRolePolicy ListAttachedRolePolicies ListRoleTags
        TagRole UntagRole UpdateAssumeRolePolicy ListInstanceProfilesForRole
        SimulatePrincipalPolicy GetAccountSummary CreateOpenIDConnectProvider
        GetOpenIDConnectProvider ListOpenIDConnectProviders DeleteOpenIDConnectProvider
        CreateServiceLinkedRole DeleteServiceLinkedRole GetServiceLinkedRoleDeletionStatus
        CreateUser GetUser ListUsers DeleteUser CreateAccessKey ListAccessKeys UpdateAccessKey DeleteAccessKey
        PutUserPolicy GetUserPolicy ListUserPolicies DeleteUserPolicy AttachUserPolicy DetachUserPolicy
        ListAttachedUserPolicies TagUser UntagUser ListUserTags CreateGroup GetGroup ListGroups
        ListGroupsForUser DeleteGroup AddUserToGroup RemoveUserFromGroup PutGroupPolicy GetGroupPolicy
        ListGroupPolicies DeleteGroupPolicy AttachGroupPolicy DetachGroupPolicy ListAttachedGroupPolicies
        CreatePolicy GetPolicy ListPolicies ListEntitiesForPolicy DeletePolicy CreatePolicyVersion
        GetPolicyVersion ListPolicyVersions SetDefaultPolicyVersion DeletePolicyVersion""",
    "sts/2011-06-15": "GetCallerIdentity AssumeRole AssumeRoleWithWebIdentity",
    "lambda/2015-03-31": """
        CreateFunction GetFunction GetFunctionConfiguration ListFunctions UpdateFunctionCode
        UpdateFunctionConfiguration DeleteFunction AddPermission RemovePermission GetPolicy Invoke
        TagResource UntagResource ListTags GetAccountSettings ListVersionsByFunction
        GetFunctionCodeSigningConfig PublishVersion CreateAlias GetAlias UpdateAlias ListAliases DeleteAlias
        CreateFunctionUrlConfig GetFunctionUrlConfig UpdateFunctionUrlConfig DeleteFunctionUrlConfig
        ListFunctionUrlConfigs""",
    "logs/2014-03-28": """
        CreateLogGroup DeleteLogGroup DescribeLogGroups PutRetentionPolicy DescribeLogStreams
        GetLogEvents FilterLogEvents TagResource ListTagsForResource PutLogGroupDeletionProtection
        CreateLogStream DeleteLogStream PutLogEvents""",
    "cognito-idp/2016-04-18": """
        CreateUserPool DescribeUserPool UpdateUserPool DeleteUserPool ListUserPools
        CreateUserPoolClient DescribeUserPoolClient UpdateUserPoolClient DeleteUserPoolClient
        ListUserPoolClients AdminCreateUser AdminGetUser AdminDeleteUser
        AdminUpdateUserAttributes AdminDisableUser AdminEnableUser ListUsers InitiateAuth
        RespondToAuthChallenge GetUser TagResource ListTagsForResource AdminSetUserPassword
        AdminInitiateAuth AdminRespondToAuthChallenge
        SignUp ConfirmSignUp ResendConfirmationCode AdminConfirmSignUp ForgotPassword
        ConfirmForgotPassword GetTokensFromRefreshToken RevokeToken GlobalSignOut CreateUserPoolDomain
        DescribeUserPoolDomain DeleteUserPoolDomain AssociateSoftwareToken VerifySoftwareToken
        SetUserMFAPreference SetUserPoolMfaConfig GetUserPoolMfaConfig CreateIdentityProvider
        DescribeIdentityProvider UpdateIdentityProvider DeleteIdentityProvider ListIdentityProviders""",
    "apigateway/2015-07-09": """
        CreateRestApi GetRestApi GetRestApis DeleteRestApi UpdateRestApi CreateResource GetResource
        GetResources DeleteResource PutMethod GetMethod UpdateMethod DeleteMethod PutIntegration
        GetIntegration DeleteIntegration TestInvokeMethod CreateAuthorizer GetAuthorizer
        GetAuthorizers UpdateAuthorizer DeleteAuthorizer TestInvokeAuthorizer CreateDeployment
        GetDeployment GetDeployments DeleteDeployment CreateStage GetStage GetStages UpdateStage
        DeleteStage FlushStageAuthorizersCache TagResource UntagResource GetTags PutMethodResponse
        GetMethodResponse DeleteMethodResponse PutIntegrationResponse GetIntegrationResponse
        DeleteIntegrationResponse PutGatewayResponse GetGatewayResponse GetGatewayResponses
        DeleteGatewayResponse CreateApiKey GetApiKey GetApiKeys UpdateApiKey DeleteApiKey
        CreateUsagePlan GetUsagePlan GetUsagePlans UpdateUsagePlan DeleteUsagePlan
        CreateUsagePlanKey GetUsagePlanKey GetUsagePlanKeys DeleteUsagePlanKey""",
    "resourcegroupstaggingapi/2017-01-26": "GetResources",
    "cloudfront/2020-05-31": """
        CreateDistribution CreateDistributionWithTags GetDistribution GetDistributionConfig
        UpdateDistribution DeleteDistribution ListDistributions ListTagsForResource TagResource
        UntagResource CreateInvalidation GetInvalidation ListCachePolicies
        ListOriginRequestPolicies""",
    "cognito-identity/2014-06-30": """
        CreateIdentityPool DescribeIdentityPool UpdateIdentityPool DeleteIdentityPool
        ListIdentityPools SetIdentityPoolRoles GetIdentityPoolRoles GetId GetCredentialsForIdentity
        GetOpenIdToken TagResource ListTagsForResource UntagResource""",
    "wafv2/2019-07-29": """
        CreateWebACL GetWebACL UpdateWebACL DeleteWebACL ListWebACLs ListTagsForResource
        TagResource UntagResource AssociateWebACL DisassociateWebACL GetWebACLForResource""",
    "route53/2013-04-01": """
        CreateHostedZone GetHostedZone DeleteHostedZone ListHostedZones ListHostedZonesByName
        ListResourceRecordSets ChangeResourceRecordSets GetChange ListTagsForResource
        ChangeTagsForResource""",
    "acm/2015-12-08": """
        RequestCertificate DescribeCertificate ListCertificates DeleteCertificate
        AddTagsToCertificate RemoveTagsFromCertificate ListTagsForCertificate""",
}

METADATA = ["protocol", "targetPrefix", "apiVersion", "xmlNamespace"]
SHAPE = ["type", "required", "enum", "pattern", "min", "max", "payload", "streaming", "sensitive",
         "flattened", "timestampFormat", "locationName"]
MEMBER = ["shape", "location", "locationName", "streaming", "flattened", "queryName", "timestampFormat"]


def pick(source, keys):
    return {key: source[key] for key in keys if key in source}


def references(shape):
    yield from shape.get("members", {}).values()
    yield from (shape[key] for key in ("member", "key", "value") if key in shape)


def reduce_shape(shape):
    reduced = pick(shape, SHAPE)
    if "members" in shape:
        reduced["members"] = {name: pick(m, MEMBER) for name, m in shape["members"].items()}
    for key in ("member", "key", "value"):
        if key in shape:
            reduced[key] = pick(shape[key], MEMBER)
    if shape.get("exception"):
        reduced["error"] = pick(shape.get("error", {}), ["code", "httpStatusCode"])
    return reduced


def reduce_operation(operation):
    reduced = {"http": pick(operation["http"], ["method", "requestUri", "responseCode"])}
    for key in ("input", "output"):
        if key in operation:
            reduced[key] = pick(operation[key], ["shape", "resultWrapper"])
    reduced["errors"] = sorted(error["shape"] for error in operation.get("errors", []))
    return reduced | pick(operation, ["authtype"])


def reduce_model(folder, names):
    path = pathlib.Path(botocore.__path__[0]) / "data" / folder / "service-2.json.gz"
    model = json.loads(gzip.decompress(path.read_bytes()))
    listed = {name: model["operations"][name] for name in names}

    todo = [ref["shape"] for op in listed.values()
            for ref in [op.get("input"), op.get("output"), *op.get("errors", [])] if ref]
    shapes = {}
    while todo:
        name = todo.pop()
        if name not in shapes:
            shapes[name] = reduce_shape(model["shapes"][name])
            todo += [ref["shape"] for ref in references(model["shapes"][name])]

    metadata = pick(model["metadata"], METADATA)
    if metadata["protocol"] == "rest-xml":
        # Said at each body, and the same at all of them.
        inputs = [op["input"] for op in model["operations"].values() if "input" in op]
        members = [member for shape in model["shapes"].values() for member in shape.get("members", {}).values()]
        metadata["xmlNamespace"] = next(it["xmlNamespace"]["uri"] for it in members + inputs if "xmlNamespace" in it)

    return {
        "metadata": metadata,
        "operations": {name: reduce_operation(op) for name, op in listed.items()},
        "others": {name: f'{op["http"]["method"]} {op["http"]["requestUri"]}'
                   for name, op in model["operations"].items() if name not in listed},
        "shapes": shapes,
    }


def main():
    stale = []
    for folder, names in SERVED.items():
        file = MODELS / f'{folder.split("/")[0]}.json'
        text = json.dumps(reduce_model(folder, names.split()), sort_keys=True,
                          separators=(",", ":"), ensure_ascii=False) + "\n"
        if file.exists() and file.read_text(encoding="utf-8") == text:
            continue
        if "--check" in sys.argv[1:]:
            stale.append(file.name)
        else:
            file.write_text(text, encoding="utf-8")
    if stale:
        sys.exit(f"stale (run scripts/reduce-models.py): {', '.join(stale)}")


if __name__ == "__main__":
    main()
