"""Lambda's versions and aliases, as LocalStack's snapshots recorded them of AWS (`TEST: DATE`), and as documented."""

import io
import json
import secrets
import zipfile

import pytest
from points import Case, point, refusals, refused

TOPIC = "Lambda versions and aliases"
INVALID, ABSENT = "InvalidParameterValueException", "ResourceNotFoundException"
LIFE = "seen: LocalStack test_version_lifecycle: 2025-11-25"
ALIAS = "seen: LocalStack test_alias_lifecycle: 2025-11-25"
ROUTES = "seen: LocalStack test_notfound_and_invalid_routingconfigs: 2025-11-25"
POLICY = "seen: LocalStack test_lambda_permission_fn_versioning: 2025-11-25"
CODE = '''
import json

def lambda_handler(event, context):
    seen = {"says": "NAME", "version": context.function_version, "arn": context.invoked_function_arn}
    return {"statusCode": 200, "body": json.dumps(seen)}
'''


def packed(name):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as made:
        made.writestr("lambda_function.py", CODE.replace("NAME", name))
    return data.getvalue()


def function(lab, what="versions", **changes):
    name = f"{what}-{secrets.token_hex(3)}"
    return lab.function_named(name, Code={"ZipFile": packed("one")}, **changes)["FunctionName"]


def updated(lab, name, **changes):
    call = lab.functions.update_function_code if "ZipFile" in changes else lab.functions.update_function_configuration
    call(FunctionName=name, **changes)
    lab.functions.get_waiter("function_updated_v2").wait(FunctionName=name)


def ran(lab, name, qualifier=None):
    answer = lab.functions.invoke(FunctionName=name, **({"Qualifier": qualifier} if qualifier else {}))
    return answer["ExecutedVersion"], json.loads(json.loads(answer["Payload"].read())["body"])


def numbers(lab, name):
    return [it["Version"] for it in lab.functions.list_versions_by_function(FunctionName=name)["Versions"]]


@pytest.fixture(scope="module")
def two(lab):
    """A function with the versions 1 and 2."""
    name = function(lab, "two")
    lab.functions.publish_version(FunctionName=name)
    updated(lab, name, ZipFile=packed("two"))
    lab.functions.publish_version(FunctionName=name)
    return name


@point("the first version is 1, with a description of its own", LIFE)
def test_first(lab):
    name = function(lab, Description="before")
    made = lab.functions.publish_version(FunctionName=name, Description="first")
    assert (made["Version"], made["Description"], made["State"]) == ("1", "first", "Active")
    assert made["FunctionArn"].endswith(f":function:{name}:1")
    latest = lab.functions.get_function_configuration(FunctionName=name)
    assert (latest["Version"], latest["Description"]) == ("$LATEST", "before")


@point("what has not changed is not published again", LIFE)
def test_unchanged(lab):
    name = function(lab)
    lab.functions.publish_version(FunctionName=name, Description="first")
    again = lab.functions.publish_version(FunctionName=name, Description="second")
    assert (again["Version"], again["Description"]) == ("1", "first") and numbers(lab, name) == ["$LATEST", "1"]


@point("another description is a change to publish", LIFE)
def test_description(lab):
    name = function(lab)
    lab.functions.publish_version(FunctionName=name)
    updated(lab, name, Description="new")
    assert lab.functions.publish_version(FunctionName=name)["Version"] == "2"
    assert lab.functions.get_function_configuration(FunctionName=name, Qualifier="1")["Description"] == ""


@point("publishing changes the revision of $LATEST", "seen: LocalStack test_function_revisions_version_and_alias: 2025-11-25")
def test_revision(lab):
    name = function(lab)
    before = lab.functions.get_function_configuration(FunctionName=name)["RevisionId"]
    made = lab.functions.publish_version(FunctionName=name, RevisionId=before)
    after = lab.functions.get_function_configuration(FunctionName=name)["RevisionId"]
    assert len({before, after, made["RevisionId"]}) == 3


@point("a version is deleted alone, and its number not used again", LIFE)
def test_deleted(lab):
    name = function(lab)
    lab.functions.publish_version(FunctionName=name)
    lab.functions.delete_function(FunctionName=f"{name}:1")
    assert numbers(lab, name) == ["$LATEST"]
    updated(lab, name, Description="new")
    assert lab.functions.publish_version(FunctionName=name)["Version"] == "2"


@point("a function made with Publish has the version 1", "seen: LocalStack test_publish_version_on_create: 2025-11-25")
def test_created(lab):
    name = lab.name(f"published-{secrets.token_hex(3)}")
    made = lab.patiently(lambda: lab.functions.create_function(**lab.function_input(name, Publish=True)))
    lab.later(lab.functions.delete_function, FunctionName=name)
    assert made["Version"] == "1" and made["FunctionArn"].endswith(f":function:{name}")
    lab.functions.get_waiter("function_active_v2").wait(FunctionName=name)
    assert numbers(lab, name) == ["$LATEST", "1"]


@point("an update with Publish answers with the new version", "seen: LocalStack test_publish_with_update: 2025-11-25")
def test_update(lab):
    name = function(lab)
    made = lab.functions.update_function_code(FunctionName=name, ZipFile=packed("new"), Publish=True)
    assert made["Version"] == "1" and made["FunctionArn"].endswith(f":function:{name}:1")
    lab.functions.get_waiter("function_updated_v2").wait(FunctionName=name)


@point("each version runs the code that it was published with",
       "seen: LocalStack test_lambda_versions_with_code_changes: 2025-11-24")
def test_runs(lab, two):
    for qualifier, says in (("1", "one"), ("2", "two"), ("1", "one")):
        version, seen = ran(lab, two, qualifier)
        assert (version, seen["says"], seen["version"]) == (qualifier, says, qualifier)
        assert seen["arn"].endswith(f":function:{two}:{qualifier}")
    assert ran(lab, two)[0] == "$LATEST"


def alias(lab, name, version="1", **changes):
    made = lab.functions.create_alias(**{
        "FunctionName": name, "Name": f"a-{secrets.token_hex(3)}", "FunctionVersion": version, **changes})
    lab.later(lab.functions.delete_alias, FunctionName=name, Name=made["Name"])
    return made


@point("an alias shows what it leads to", ALIAS)
def test_alias(lab, two):
    weights = {"AdditionalVersionWeights": {"2": 0.2}}
    made = alias(lab, two, Description="mine", RoutingConfig=weights)
    assert made["AliasArn"].endswith(f":function:{two}:{made['Name']}")
    assert (made["FunctionVersion"], made["Description"], made["RoutingConfig"]) == ("1", "mine", weights)
    assert "RoutingConfig" not in alias(lab, two)
    seen = lab.functions.get_function(FunctionName=two, Qualifier=made["Name"])["Configuration"]
    assert seen["Version"] == "1" and seen["FunctionArn"] == made["AliasArn"]


@point("aliases are listed by version", ALIAS)
def test_listed(lab):
    name = function(lab)
    lab.functions.publish_version(FunctionName=name)
    made = alias(lab, name)["Name"]
    listed = lab.functions.list_aliases(FunctionName=name, FunctionVersion="1")["Aliases"]
    assert [it["Name"] for it in listed] == [made]
    assert lab.functions.list_aliases(FunctionName=name, FunctionVersion="7")["Aliases"] == []


@point("an alias that moves runs the other version", "seen: LocalStack test_lambda_alias_moving: 2025-11-25")
def test_moves(lab, two):
    made = alias(lab, two)
    version, seen = ran(lab, two, made["Name"])
    assert (version, seen["version"]) == ("1", "1") and seen["arn"] == made["AliasArn"]
    moved = lab.functions.update_alias(FunctionName=two, Name=made["Name"], FunctionVersion="2")
    assert moved["RevisionId"] != made["RevisionId"]
    assert ran(lab, two, made["Name"])[0] == "2"


@point("an alias runs two versions by weight", "docs: Lambda, Implement Lambda canary deployments using a weighted alias")
def test_weights(lab, two):
    made = alias(lab, two, RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}})
    assert {ran(lab, two, made["Name"])[0] for _ in range(40)} == {"1", "2"}


@point("an update without the routing takes nothing away, an empty one does", ALIAS)
def test_routing(lab, two):
    made = alias(lab, two, RoutingConfig={"AdditionalVersionWeights": {"2": 0.5}})
    kept = lab.functions.update_alias(FunctionName=two, Name=made["Name"], Description="new")
    assert kept["RoutingConfig"] == made["RoutingConfig"]
    empty = {"AdditionalVersionWeights": {}}
    assert "RoutingConfig" not in lab.functions.update_alias(FunctionName=two, Name=made["Name"], RoutingConfig=empty)


@point("an alias that is not there is deleted", "seen: LocalStack test_non_existent_alias_deletion: 2025-11-25")
def test_nothing(lab, two):
    lab.functions.delete_alias(FunctionName=two, Name="nope")


@point("a version and an alias have policies of their own", POLICY)
def test_policies(lab):
    name = function(lab)
    lab.functions.publish_version(FunctionName=name)
    made = alias(lab, name)
    for qualifier in (None, "1", made["Name"]):
        at = {"FunctionName": name, **({"Qualifier": qualifier} if qualifier else {})}
        lab.functions.add_permission(
            **at, StatementId="same", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com")
        policy = json.loads(lab.functions.get_policy(**at)["Policy"])
        end = f":{qualifier}" if qualifier else ""
        assert [it["Resource"].split(":function:")[1] for it in policy["Statement"]] == [f"{name}{end}"]


@point("publishing leaves the policy's revision", POLICY)
def test_policy_revision(lab):
    name = function(lab)
    lab.permit("s", "abc/*", name)
    before = lab.functions.get_policy(FunctionName=name)["RevisionId"]
    lab.functions.publish_version(FunctionName=name)
    assert lab.functions.get_policy(FunctionName=name)["RevisionId"] == before
    assert lab.functions.get_function_configuration(FunctionName=name)["RevisionId"] != before


@point("an API with an alias's ARN needs a permission on the alias",
       "docs: Lambda, Using Lambda aliases in event sources and permissions policies")
def test_gateway(lab, two):
    made = alias(lab, two, "2")
    api = lab.api_named(f"alias-{secrets.token_hex(3)}")
    lab.permit("function", f"{api['id']}/*", two)
    lab.method("live", api, lab.uri(made["AliasArn"]))
    lab.deploy("dev", api["id"])
    assert lab.call("/live", api=api["id"], stage="dev", expect=500).status == 500
    lab.permit("alias", f"{api['id']}/*", made["AliasArn"])
    answer = lab.call("/live", api=api["id"], stage="dev", expect=200)
    assert answer.status == 200 and answer.json()["version"] == "2"


@refusals(
    Case("publishing with a stale revision", "seen: LocalStack test_publish_with_wrong_revisionid: 2022-09-30",
         "PreconditionFailedException", lambda lab, name: lab.functions.publish_version(FunctionName=name, RevisionId="no"),
         412, "Call the GetFunction/GetAlias API to retrieve the latest Revision Id"),
    Case("publishing other code than is there", "seen: LocalStack test_publish_with_wrong_sha256: 2025-11-25", INVALID,
         lambda lab, name: lab.functions.publish_version(FunctionName=name, CodeSha256="other"),
         text="CodeSHA256 (other) is different from current CodeSHA256 in $LATEST ("),
    Case("an alias with three versions", ROUTES, INVALID,
         lambda lab, name: alias(lab, name, RoutingConfig={"AdditionalVersionWeights": {"1": 0.8, "2": 0.2}}),
         text="Number of items in AdditionalVersionWeights cannot be greater than 1"),
    Case("a weight of 2", ROUTES, "ValidationException",
         lambda lab, name: alias(lab, name, RoutingConfig={"AdditionalVersionWeights": {"2": 2.0}}),
         text="Value '{2=2.0}' at 'routingConfig.additionalVersionWeights' failed to satisfy constraint: Map value must "
              "satisfy constraint: [Member must have value less than or equal to 1.0"),
    Case("one version twice in an alias", ROUTES, INVALID,
         lambda lab, name: alias(lab, name, RoutingConfig={"AdditionalVersionWeights": {"1": 0.5}}),
         text="Function version 1 is already included in routing configuration."),
    Case("an alias of $LATEST and another version", ROUTES, INVALID,
         lambda lab, name: alias(lab, name, "$LATEST", RoutingConfig={"AdditionalVersionWeights": {"1": 0.5}}),
         text="$LATEST is not supported for an alias pointing to more than 1 version"),
    Case("an alias of no version", ROUTES, ABSENT, lambda lab, name: alias(lab, name, "10"), 404, ":10"),
    Case("an alias whose name is a number", "seen: LocalStack test_alias_naming: 2025-11-25", "ValidationException",
         lambda lab, name: alias(lab, name, Name="2024"), text="Value '2024' at 'name' failed to satisfy constraint"),
    Case("an alias that exists", ROUTES, "ResourceConflictException",
         lambda lab, name: [alias(lab, name, Name="twice") for _ in range(2)], 409, "Alias already exists: arn:"),
    Case("an alias that is not there", ROUTES, ABSENT,
         lambda lab, name: lab.functions.get_alias(FunctionName=name, Name="nope"), 404, "Cannot find alias arn: arn:"),
    Case("an update of no alias", "seen: LocalStack test_non_existent_alias_update: 2025-11-25", ABSENT,
         lambda lab, name: lab.functions.update_alias(FunctionName=name, Name="nope", Description="x"), 404,
         "Alias not found: arn:"),
    Case("an invocation of no alias", "seen: LocalStack test_lambda_alias_moving: 2025-11-25", ABSENT,
         lambda lab, name: lab.functions.invoke(FunctionName=name, Qualifier="nope"), 404, ":nope"),
    Case("deleting a version that an alias names", "seen: go-lambda-cleanup issue 45: 2022-12-12",
         "ResourceConflictException",
         lambda lab, name: (alias(lab, name, Name="pin"), lab.functions.delete_function(FunctionName=name, Qualifier="1")),
         409, "Unable to delete version because the following aliases reference it: ["),
)
def test_refused(lab, two, case):
    refused(lambda: case.call(lab, two), case.code, case.status, case.text)
