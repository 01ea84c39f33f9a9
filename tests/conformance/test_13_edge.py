"""CloudFront in front of the API. On AWS each deployment takes minutes; everything here is one distribution and a few that never serve."""

import time

import pytest

from lab import SCOPE
from points import Case, point, refusals, refused

TOPIC = "CloudFront"
# AWS's managed policies, by their documented ids.
NO_CACHING = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
ALL_VIEWER = "216adef6-5c7f-47e4-b989-5492eafa07d3"
ALL_BUT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
METHODS = ["GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"]
SECRET = "k" * 32


def listed(items):
    return {"Quantity": len(items), "Items": list(items)}


def behavior(methods=METHODS, **changes):
    return {
        "TargetOriginId": "api", "ViewerProtocolPolicy": "https-only", "CachePolicyId": NO_CACHING,
        "OriginRequestPolicyId": ALL_BUT_HOST, "Compress": False,
        "AllowedMethods": {**listed(methods), "CachedMethods": listed(["GET", "HEAD"])}, **changes}


def origin(lab, **changes):
    return {
        "Id": "api", "DomainName": f"{lab.api_id}.execute-api.{lab.region}.amazonaws.com", "OriginPath": "/edge",
        "CustomHeaders": listed([{"HeaderName": "x-api-key", "HeaderValue": SECRET}]),
        "CustomOriginConfig": {"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "https-only",
                               "OriginSslProtocols": listed(["TLSv1.2"])}, **changes}


def config(lab, what, **changes):
    return {
        "CallerReference": lab.name(what), "Comment": lab.name(what), "Enabled": True,
        "Origins": listed([origin(lab)]), "DefaultCacheBehavior": behavior(), "PriceClass": "PriceClass_100", **changes}


def create(lab, what, **changes):
    made = lab.edge.create_distribution_with_tags(DistributionConfigWithTags={
        "DistributionConfig": config(lab, what, **changes),
        "Tags": {"Items": [{"Key": "conformance", "Value": lab.prefix}]}})
    lab.later(remove, lab=lab, distribution=made["Distribution"]["Id"])
    return made


def deployed(lab, distribution):
    for _ in range(120):
        shown = lab.edge.get_distribution(Id=distribution)
        if shown["Distribution"]["Status"] == "Deployed":
            return shown
        time.sleep(15 if lab.target.real else 0.1)
    raise AssertionError("still not deployed")


def change(lab, distribution, **changes):
    """Updates a distribution, and waits until that is deployed."""
    shown = lab.edge.get_distribution_config(Id=distribution)
    wanted = {**shown["DistributionConfig"], **changes}
    lab.edge.update_distribution(Id=distribution, IfMatch=shown["ETag"], DistributionConfig=wanted)
    return deployed(lab, distribution)


def remove(lab, distribution):
    lab.edge.delete_distribution(Id=distribution, IfMatch=change(lab, distribution, Enabled=False)["ETag"])


class Edge:
    """The API behind a distribution: only with the key that the edge adds, and the user pool's token."""

    def __init__(self, lab):
        _ = lab.demo, lab.permission
        for path, authorized in {
            "edged": {"authorizationType": "COGNITO_USER_POOLS", "authorizerId": lab.authorizer,
                      "authorizationScopes": [SCOPE]},
            "keyonly": {},
        }.items():
            lab.method(path, apiKeyRequired=True, **authorized)
        lab.deploy("edge")
        key = lab.gateway.create_api_key(name=lab.name("edge"), enabled=True, value=SECRET)
        lab.later(lab.gateway.delete_api_key, apiKey=key["id"])
        plan = lab.gateway.create_usage_plan(
            name=lab.name("edge"), apiStages=[{"apiId": lab.api_id, "stage": "edge"}])
        lab.later(lab.gateway.delete_usage_plan, usagePlanId=plan["id"])
        lab.later(lab.gateway.update_usage_plan, usagePlanId=plan["id"], patchOperations=[
            {"op": "remove", "path": "/apiStages", "value": f"{lab.api_id}:edge"}])
        lab.gateway.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")
        self.made = create(lab, "edge")
        self.id, self.domain = (self.made["Distribution"][name] for name in ("Id", "DomainName"))
        deployed(lab, self.id)


@pytest.fixture(scope="module")
def edge(lab):
    return Edge(lab)


@pytest.fixture(scope="module")
def idle(lab):
    """A distribution that never serves."""
    return create(lab, "idle", Enabled=False)


@point("distribution: made, and being deployed", "model cloudfront: CreateDistribution (201, ETag, Location)")
def test_made(lab, idle):
    made = idle["Distribution"]
    assert idle["ETag"] and made["Id"] in idle["Location"] and made["Status"] == "InProgress"
    assert made["DomainName"].endswith(".cloudfront.net")
    assert made["ARN"] == f"arn:aws:cloudfront::{lab.account}:distribution/{made['Id']}"


@point("distribution: shown with its config and ETag", "model cloudfront: GetDistributionConfig")
def test_shown(lab, idle):
    shown = lab.edge.get_distribution_config(Id=idle["Distribution"]["Id"])
    given = shown["DistributionConfig"]
    assert shown["ETag"] == idle["ETag"] and given["CallerReference"] == lab.name("idle")
    assert given["Origins"]["Items"][0]["CustomHeaders"]["Items"][0]["HeaderValue"] == SECRET
    assert given["DefaultCacheBehavior"]["CachePolicyId"] == NO_CACHING


@point("distribution: its tags", "model cloudfront: ListTagsForResource")
def test_tags(lab, idle):
    tags = lab.edge.list_tags_for_resource(Resource=idle["Distribution"]["ARN"])["Tags"]["Items"]
    assert tags == [{"Key": "conformance", "Value": lab.prefix}]


@point("distribution: listed", "model cloudfront: DistributionList")
def test_listed(lab, idle):
    pages = lab.edge.get_paginator("list_distributions").paginate()
    ids = [item["Id"] for page in pages for item in page["DistributionList"].get("Items", [])]
    assert idle["Distribution"]["Id"] in ids


@point("distribution: an update has a new ETag, and is deployed", "docs: API_UpdateDistribution")
def test_updated(lab, idle):
    id = idle["Distribution"]["Id"]
    shown = lab.edge.get_distribution_config(Id=id)
    wanted = {**shown["DistributionConfig"], "Comment": "another"}
    updated = lab.edge.update_distribution(Id=id, IfMatch=shown["ETag"], DistributionConfig=wanted)
    assert updated["ETag"] != shown["ETag"] and updated["Distribution"]["Status"] == "InProgress"
    # What was is no precondition any more.
    again = lambda: lab.edge.update_distribution(Id=id, IfMatch=shown["ETag"], DistributionConfig=wanted)
    refused(again, "PreconditionFailed", 412)


def delete_enabled(lab):
    made = create(lab, "enabled")
    lab.edge.delete_distribution(Id=made["Distribution"]["Id"], IfMatch=made["ETag"])


def update_blindly(lab):
    made = create(lab, "blind", Enabled=False)
    lab.edge.update_distribution(
        Id=made["Distribution"]["Id"], DistributionConfig=config(lab, "blind", Enabled=False))


def create_twice(lab):
    create(lab, "twice", Enabled=False)
    create(lab, "twice", Enabled=False, Comment="another")


def inconsistent(lab):
    items = {"Quantity": 2, "Items": [origin(lab)]}
    create(lab, "inconsistent", Origins=items)


@refusals(
    Case("distribution: a caller reference twice", "model cloudfront: DistributionAlreadyExists (409)",
         "DistributionAlreadyExists", create_twice, 409),
    Case("distribution: a quantity that is not right", "model cloudfront: InconsistentQuantities",
         "InconsistentQuantities", inconsistent),
    Case("distribution: a behaviour without its origin", "model cloudfront: NoSuchOrigin (404)", "NoSuchOrigin",
         lambda lab: create(lab, "a", DefaultCacheBehavior=behavior(TargetOriginId="absent")), 404),
    Case("distribution: a cache policy that is not there", "model cloudfront: NoSuchCachePolicy (404)",
         "NoSuchCachePolicy",
         lambda lab: create(lab, "b", DefaultCacheBehavior=behavior(CachePolicyId=NO_CACHING[::-1])), 404),
    Case("distribution: an origin request policy that is not there",
         "model cloudfront: NoSuchOriginRequestPolicy (404)", "NoSuchOriginRequestPolicy",
         lambda lab: create(lab, "c", DefaultCacheBehavior=behavior(OriginRequestPolicyId=NO_CACHING[::-1])), 404),
    Case("distribution: methods that are no set", "docs: API_AllowedMethods (2, 3 or 7)", "InvalidArgument",
         lambda lab: create(lab, "d", DefaultCacheBehavior=behavior(["GET", "POST"]))),
    Case("distribution: an origin path that ends with a slash", "docs: API_Origin (OriginPath)", "InvalidArgument",
         lambda lab: create(lab, "e", Origins=listed([origin(lab, OriginPath="/edge/")]))),
    Case("distribution: an origin header that the edge keeps for itself",
         "docs: add-origin-custom-headers (headers that cannot be added)", "InvalidArgument",
         lambda lab: create(lab, "f", Origins=listed([origin(lab, CustomHeaders=listed(
             [{"HeaderName": "X-Amz-Cf-Id", "HeaderValue": "x"}]))]))),
    Case("distribution: not there", "model cloudfront: NoSuchDistribution (404)", "NoSuchDistribution",
         lambda lab: lab.edge.get_distribution(Id="E0000000000000"), 404),
    Case("distribution: deleted while it is enabled", "model cloudfront: DistributionNotDisabled (409)",
         "DistributionNotDisabled", delete_enabled, 409),
    Case("distribution: updated without If-Match", "model cloudfront: InvalidIfMatchVersion", "InvalidIfMatchVersion",
         update_blindly),
)
def test_refused(lab, case):
    refused(lambda: case.call(lab), case.code, case.status, case.text)


@point("edge: without it the API is closed", "docs: INVALID_API_KEY (403)")
def test_direct(lab, edge):
    answer = lab.call("/edged", lab.tokens["AccessToken"], "edge", 403)
    assert answer.seen == (403, '{"message":"Forbidden"}')


@point("edge: with the origin's header and a token the API answers", "docs: add-origin-custom-headers; OriginPath")
def test_through(lab, edge):
    answer = lab.through(edge.domain, "/edged", lab.tokens["AccessToken"], 200)
    assert answer.seen == (200, "Hello from Lambda!")


@point("edge: the authorizer behind it still works", "docs: managed AllViewerExceptHostHeader")
def test_unauthorized(lab, edge):
    assert lab.through(edge.domain, "/edged", expect=401).seen == (401, '{"message":"Unauthorized"}')


@point("edge: the viewer's header does not replace the origin's", "docs: add-origin-custom-headers (overwrites)")
def test_overwritten(lab, edge):
    answer = lab.through(edge.domain, "/keyonly", expect=200, headers={"x-api-key": "wrong"})
    assert answer.status == 200


@point("edge: the query reaches the API", "docs: managed AllViewerExceptHostHeader (all query strings)")
def test_query(lab, edge):
    event = lab.through(edge.domain, "/keyonly?mode=echo&colour=green", expect=201).json()
    assert event["queryStringParameters"]["colour"] == "green"
    assert event["requestContext"]["domainName"].startswith(lab.api_id)


@point("edge: its answers say where they come from", "docs: x-cache, via (response headers)")
def test_headers(lab, edge):
    answer = lab.through(edge.domain, "/keyonly", expect=200)
    assert "cloudfront" in answer.headers.get("X-Cache", "") and "CloudFront" in answer.headers.get("Via", "")


@point("edge: nobody has this name", "docs: http-403-permission-denied (no such distribution)", settled=False)
def test_nobody(lab, edge):
    assert lab.through("d000000000000.cloudfront.net", "/keyonly").status == 403


@point("edge: a method that is not allowed", "docs: http-403-permission-denied (HTTP method)")
def test_method(lab, edge):
    change(lab, edge.id, DefaultCacheBehavior=behavior(["GET", "HEAD"]))
    try:
        assert lab.through(edge.domain, "/keyonly", method="DELETE", expect=403).headers.get("Server") == "CloudFront"
    finally:
        change(lab, edge.id, DefaultCacheBehavior=behavior())


@point("edge: without an origin request policy no token reaches the API",
       "docs: understanding Authorization header (not forwarded by default)")
def test_not_forwarded(lab, edge):
    bare = behavior()
    del bare["OriginRequestPolicyId"]
    change(lab, edge.id, DefaultCacheBehavior=bare)
    try:
        assert lab.through(edge.domain, "/edged", lab.tokens["AccessToken"], 401).status == 401
    finally:
        change(lab, edge.id, DefaultCacheBehavior=behavior())


@point("edge: AllViewer sends the viewer's Host, which API Gateway refuses",
       "docs: managed AllViewerExceptHostHeader (why it is there); KB 403")
def test_all_viewer(lab, edge):
    change(lab, edge.id, DefaultCacheBehavior=behavior(OriginRequestPolicyId=ALL_VIEWER))
    try:
        answer = lab.through(edge.domain, "/edged", lab.tokens["AccessToken"], 403)
        assert answer.seen == (403, '{"message":"Forbidden"}')
    finally:
        change(lab, edge.id, DefaultCacheBehavior=behavior())


@point("distribution: disabled and deployed it can be deleted, with the new ETag", "docs: HowToDeleteDistribution")
def test_deleted(lab, idle):
    id = idle["Distribution"]["Id"]
    last = deployed(lab, id)["ETag"]
    refused(lambda: lab.edge.delete_distribution(Id=id, IfMatch=idle["ETag"]), "PreconditionFailed", 412)
    lab.edge.delete_distribution(Id=id, IfMatch=last)
    refused(lambda: lab.edge.get_distribution(Id=id), "NoSuchDistribution", 404)
