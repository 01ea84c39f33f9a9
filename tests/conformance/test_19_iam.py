"""Managed policies, users and service-linked roles: LocalStack's snapshots recorded on AWS (`TEST: DATE`), the documentation."""

import json
import secrets

import boto3
import pytest
from botocore.credentials import Credentials
from points import Case, point, raised, refusals, refused

TOPIC = "Managed policies, users, service-linked roles"
ATTACH = "seen: LocalStack test_user_attach_policy: 2025-03-06"
LINKED = "seen: LocalStack TestIAMServiceRoles: 2025-03-13"
VERSIONS = "docs: IAM, Versioning IAM policies"
MALFORMED = "Invalid ARN:  Could not be parsed!"
SERVICE, LINKED_NAME = "ops.apigateway.amazonaws.com", "AWSServiceRoleForAPIGateway"


def document(action="lambda:ListFunctions", effect="Allow"):
    statement = {"Effect": effect, "Action": [action], "Resource": ["*"]}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def fresh(lab, what="iam"):
    return lab.name(f"{what}-{secrets.token_hex(3)}")


def policy(lab, action="lambda:ListFunctions", **changes):
    made = lab.iam.create_policy(PolicyName=fresh(lab), PolicyDocument=document(action), **changes)["Policy"]
    lab.later(lab.iam.delete_policy, PolicyArn=made["Arn"])
    return made


def user(lab, **changes):
    name = fresh(lab, "user")
    made = lab.iam.create_user(UserName=name, **changes)["User"]
    lab.later(lab.iam.delete_user, UserName=name)
    return made


def key(lab, name):
    made = lab.iam.create_access_key(UserName=name)["AccessKey"]
    lab.later(lab.iam.delete_access_key, UserName=name, AccessKeyId=made["AccessKeyId"])
    return made


def attached(lab, name, arn):
    lab.iam.attach_user_policy(UserName=name, PolicyArn=arn)
    lab.later(lab.iam.detach_user_policy, UserName=name, PolicyArn=arn)


def decided(lab, arn, action):
    asked = lab.iam.simulate_principal_policy(PolicySourceArn=arn, ActionNames=[action])
    return asked["EvaluationResults"][0]["EvalDecision"]


@point("a managed policy, as it is made", ATTACH)
def test_made(lab):
    made = policy(lab)
    assert made["Arn"].endswith(f":policy/{made['PolicyName']}") and made["PolicyId"].startswith("ANPA")
    seen = {name: made[name] for name in ("AttachmentCount", "DefaultVersionId", "IsAttachable", "Path")}
    assert seen == {"AttachmentCount": 0, "DefaultVersionId": "v1", "IsAttachable": True, "Path": "/"}
    assert made["PermissionsBoundaryUsageCount"] == 0


@point("a policy without tags is read with none", "seen: LocalStack test_managed_policy_with_empty_resource: 2026-02-10")
def test_tags(lab):
    seen = lab.iam.get_policy(PolicyArn=policy(lab)["Arn"])["Policy"]
    assert seen["Tags"] == [] and "Description" not in seen


@point("a user's inline policy reads back as it was given", "seen: LocalStack test_put_user_policy_encoding: 2025-03-06")
def test_encoding(lab):
    name = user(lab)["UserName"]
    given = {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": ["apigatway:PUT"],
        "Resource": ["arn:aws:apigateway:us-east-1::/tags/arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Frestapis%2Fx"]}]}
    named = {"UserName": name, "PolicyName": "p"}
    lab.iam.put_user_policy(**named, PolicyDocument=json.dumps(given))
    lab.later(lab.iam.delete_user_policy, **named)
    assert lab.iam.get_user_policy(**named)["PolicyDocument"] == given


@point("an attached policy counts, in its default version", VERSIONS)
def test_counts(lab):
    made, someone = policy(lab, "lambda:ListFunctions"), user(lab)
    attached(lab, someone["UserName"], made["Arn"])
    assert decided(lab, someone["Arn"], "lambda:ListFunctions") == "allowed"
    lab.iam.create_policy_version(
        PolicyArn=made["Arn"], PolicyDocument=document("lambda:GetFunction"), SetAsDefault=True)
    lab.later(lab.iam.delete_policy_version, PolicyArn=made["Arn"], VersionId="v1")
    assert decided(lab, someone["Arn"], "lambda:ListFunctions") == "implicitDeny"
    assert decided(lab, someone["Arn"], "lambda:GetFunction") == "allowed"
    assert lab.iam.get_policy(PolicyArn=made["Arn"])["Policy"]["AttachmentCount"] == 1
    ids = [it["VersionId"] for it in lab.iam.list_policy_versions(PolicyArn=made["Arn"])["Versions"]]
    assert sorted(ids) == ["v1", "v2"]


@point("a group's policies count for its users", "docs: IAM user groups")
def test_group(lab):
    someone, group = user(lab), fresh(lab, "group")
    lab.iam.create_group(GroupName=group)
    lab.later(lab.iam.delete_group, GroupName=group)
    named = {"GroupName": group, "PolicyName": "p"}
    lab.iam.put_group_policy(**named, PolicyDocument=document("lambda:GetFunction"))
    lab.later(lab.iam.delete_group_policy, **named)
    member = {"GroupName": group, "UserName": someone["UserName"]}
    lab.iam.add_user_to_group(**member)
    lab.later(lab.iam.remove_user_from_group, **member)
    assert decided(lab, someone["Arn"], "lambda:GetFunction") == "allowed"


@point("a user's key is the user's", "docs: STS GetCallerIdentity")
def test_identity(lab):
    someone = user(lab)
    made = key(lab, someone["UserName"])
    options = lab.target.client_options() | {
        "aws_access_key_id": made["AccessKeyId"], "aws_secret_access_key": made["SecretAccessKey"]}
    told = lab.patiently(lambda: boto3.client("sts", **options).get_caller_identity(), until="InvalidClientTokenId")
    assert (told["Arn"], told["UserId"]) == (someone["Arn"], someone["UserId"])
    assert told["UserId"].startswith("AIDA") and made["AccessKeyId"].startswith("AKIA")


@point("an inactive key is none", "docs: IAM, Manage access keys for IAM users")
def test_inactive(lab):
    someone = user(lab)
    made = key(lab, someone["UserName"])
    lab.iam.update_access_key(UserName=someone["UserName"], AccessKeyId=made["AccessKeyId"], Status="Inactive")
    options = lab.target.client_options() | {
        "aws_access_key_id": made["AccessKeyId"], "aws_secret_access_key": made["SecretAccessKey"]}
    assert raised(boto3.client("sts", **options).get_caller_identity) == "InvalidClientTokenId"


@point("a user calls an API that its policy allows", "docs: API Gateway, Control access to a REST API with IAM permissions")
def test_calls(lab):
    someone = user(lab)
    made = key(lab, someone["UserName"])
    api = lab.api_named(fresh(lab, "users"))
    lab.permit(f"users-{secrets.token_hex(3)}", f"{api['id']}/*")
    lab.method("signed", api, authorizationType="AWS_IAM")
    lab.deploy("dev", api["id"])
    keys = Credentials(made["AccessKeyId"], made["SecretAccessKey"])

    def called(expect):
        headers = lab.signed("/signed?mode=echo", "dev", api["id"], keys)
        return lab.call("/signed?mode=echo", api=api["id"], stage="dev", expect=expect, headers=headers)

    assert called(403).status == 403
    named = {"UserName": someone["UserName"], "PolicyName": "p"}
    lab.iam.put_user_policy(**named, PolicyDocument=document("execute-api:Invoke"))
    lab.later(lab.iam.delete_user_policy, **named)
    answer = called(201)
    assert answer.status == 201, answer.seen
    identity = answer.json()["requestContext"]["identity"]
    assert (identity["userArn"], identity["accessKey"]) == (someone["Arn"], made["AccessKeyId"])


@pytest.fixture(scope="module")
def linked(lab):
    made = lab.iam.create_service_linked_role(AWSServiceName=SERVICE)["Role"]
    lab.later(lab.iam.delete_service_linked_role, RoleName=made["RoleName"])
    return made


@point("a service-linked role has the service's name, path and policy", LINKED)
def test_linked(lab, linked):
    assert linked["RoleName"] == LINKED_NAME and linked["Path"] == f"/aws-service-role/{SERVICE}/"
    seen = lab.iam.list_attached_role_policies(RoleName=LINKED_NAME)["AttachedPolicies"]
    assert [it["PolicyName"] for it in seen] == ["APIGatewayServiceRolePolicy"]


@point("a service-linked role is deleted by a task", "seen: LocalStack test_service_role_deletion: 2025-03-13")
def test_deleted(lab):
    service = "batch.amazonaws.com"
    name = lab.iam.create_service_linked_role(AWSServiceName=service)["Role"]["RoleName"]
    task = lab.iam.delete_service_linked_role(RoleName=name)["DeletionTaskId"]
    assert task.startswith(f"task/aws-service-role/{service}/{name}/")
    status = lab.iam.get_service_linked_role_deletion_status(DeletionTaskId=task)["Status"]
    assert status in ("SUCCEEDED", "IN_PROGRESS", "NOT_STARTED")


def with_version(lab):
    made = policy(lab)
    lab.iam.create_policy_version(PolicyArn=made["Arn"], PolicyDocument=document("a:b"))
    lab.later(lab.iam.delete_policy_version, PolicyArn=made["Arn"], VersionId="v2")
    return made


def in_use(lab):
    made, someone = policy(lab), user(lab)
    attached(lab, someone["UserName"], made["Arn"])
    lab.iam.delete_policy(PolicyArn=made["Arn"])


def with_key(lab):
    someone = user(lab)
    key(lab, someone["UserName"])
    lab.iam.delete_user(UserName=someone["UserName"])


def three_keys(lab):
    name = user(lab)["UserName"]
    for _ in range(3):
        key(lab, name)


def twice(lab):
    lab.iam.create_user(UserName=user(lab)["UserName"])


@refusals(
    Case("attaching to a user what is no ARN", ATTACH, "ValidationError",
         lambda lab, _: lab.iam.attach_user_policy(UserName=user(lab)["UserName"], PolicyArn="longpolicynamebutnoarn"),
         text=MALFORMED),
    Case("attaching a policy that is not there", ATTACH, "NoSuchEntity",
         lambda lab, _: lab.iam.attach_user_policy(
             UserName=user(lab)["UserName"], PolicyArn=f"arn:aws:iam::{lab.account}:policy/nope"), 404,
         "policy/nope does not exist or is not attachable."),
    Case("deleting a policy that is not there",
         "seen: LocalStack test_delete_non_existent_policy_returns_no_such_entity: 2025-03-06", "NoSuchEntity",
         lambda lab, _: lab.iam.delete_policy(PolicyArn=f"arn:aws:iam::{lab.account}:policy/nope"), 404,
         "policy/nope was not found."),
    Case("deleting a policy in use", "model iam: DeleteConflict", "DeleteConflict", lambda lab, _: in_use(lab), 409),
    Case("deleting a policy of two versions", VERSIONS, "DeleteConflict",
         lambda lab, _: lab.iam.delete_policy(PolicyArn=with_version(lab)["Arn"]), 409),
    Case("deleting the default version", VERSIONS, "DeleteConflict",
         lambda lab, _: lab.iam.delete_policy_version(PolicyArn=with_version(lab)["Arn"], VersionId="v1"), 409),
    Case("deleting a user with a key", "docs: IAM, Remove or deactivate an IAM user", "DeleteConflict",
         lambda lab, _: with_key(lab), 409),
    Case("a third access key", "docs: IAM and AWS STS quotas", "LimitExceeded", lambda lab, _: three_keys(lab), 409,
         "Cannot exceed quota for AccessKeysPerUser: 2"),
    Case("an IAM user that exists", "model iam: EntityAlreadyExists", "EntityAlreadyExists", lambda lab, _: twice(lab), 409),
    Case("an IAM user that is not there", "model iam: NoSuchEntity", "NoSuchEntity",
         lambda lab, _: lab.iam.get_user(UserName="nope"), 404, "The user with name nope cannot be found."),
    Case("a service-linked role that exists", "seen: LocalStack test_service_role_already_exists: 2025-03-13", "InvalidInput",
         lambda lab, _: lab.iam.create_service_linked_role(AWSServiceName=SERVICE),
         text=f"Service role name {LINKED_NAME} has been taken in this account, please try a different suffix."),
    Case("a suffix where there is none", LINKED, "InvalidInput",
         lambda lab, _: lab.iam.create_service_linked_role(AWSServiceName=SERVICE, CustomSuffix="x"),
         text=f"Custom suffix is not allowed for {SERVICE}"),
    Case("changing a service-linked role", "model iam: UnmodifiableEntity", "UnmodifiableEntity",
         lambda lab, _: lab.iam.delete_role(RoleName=LINKED_NAME)),
)
def test_refused(lab, linked, case):
    refused(lambda: case.call(lab, linked), case.code, case.status, case.text)
