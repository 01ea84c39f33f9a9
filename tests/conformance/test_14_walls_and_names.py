"""What a distribution uses: web ACLs, and names of one's own with their zones and certificates."""

import itertools

import boto3
import pytest

from points import Case, point, refusals, refused
from test_13_edge import config, listed

TOPIC = "WAF, Route 53, ACM"
VISIBILITY = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": "conformance"}
RATE = {"RateBasedStatement": {"Limit": 100, "AggregateKeyType": "IP"}}
CLOUDFRONT_ZONE = "Z2FDTNDATAQYW2"
numbers = itertools.count()


def rule(statement, name="r", priority=0, **parts):
    return {"Name": name, "Priority": priority, "Statement": statement, "Action": {"Block": {}},
            "VisibilityConfig": VISIBILITY, **parts}


def acl(lab, **parts):
    """A new web ACL: its summary."""
    settings = {"Name": f"{lab.prefix}-{next(numbers)}", "Scope": "REGIONAL", "DefaultAction": {"Allow": {}},
                "Rules": [], "VisibilityConfig": VISIBILITY, **parts}
    made = lab.client("wafv2").create_web_acl(**settings)["Summary"]
    lab.later(remove_acl, lab=lab, which=one(made, settings["Scope"]))
    return made


def one(made, scope="REGIONAL"):
    return {"Name": made["Name"], "Id": made["Id"], "Scope": scope}


def remove_acl(lab, which):
    waf = lab.client("wafv2")
    waf.delete_web_acl(**which, LockToken=waf.get_web_acl(**which)["LockToken"])


def distribute(lab, **parts):
    """Has to fail: nothing removes it."""
    return lab.client("cloudfront").create_distribution(DistributionConfig=config(lab, f"no-{next(numbers)}", **parts))


def sni(arn):
    return {"ACMCertificateArn": arn, "SSLSupportMethod": "sni-only", "MinimumProtocolVersion": "TLSv1.2_2021"}


def geo(kind, *codes):
    items = {"Items": list(codes)} if codes else {}
    return {"GeoRestriction": {"RestrictionType": kind, "Quantity": len(codes), **items}}


@refusals(
    Case("distribution: with a web ACL that is not there", "model cloudfront: InvalidWebACLId; seen: terraform 17544",
         "InvalidWebACLId", lambda lab: distribute(lab, WebACLId=f"arn:aws:wafv2:us-east-1:{lab.account}:global/webacl/a/b")),
    Case("distribution: with a regional web ACL", "model cloudfront: WebACLId", "InvalidWebACLId",
         lambda lab: distribute(lab, WebACLId=acl(lab)["ARN"])),
    Case("distribution: an alias without a certificate", "docs: CNAMEs (requirements); model cloudfront: InvalidViewerCertificate",
         "InvalidViewerCertificate", lambda lab: distribute(lab, Aliases=listed(["api.example.com"]))),
    Case("distribution: a certificate of another region", "docs: CNAMEs (us-east-1); model cloudfront: InvalidViewerCertificate",
         "InvalidViewerCertificate",
         lambda lab: distribute(lab, Aliases=listed(["api.example.com"]), ViewerCertificate=sni(
             f"arn:aws:acm:eu-west-1:{lab.account}:certificate/12345678-1234-1234-1234-123456789012"))),
    Case("distribution: a country that is none", "model cloudfront: InvalidLocationCode", "InvalidLocationCode",
         lambda lab: distribute(lab, Restrictions=geo("whitelist", "xx")), settled=False),
    Case("distribution: no geo restriction with countries", "model cloudfront: InvalidGeoRestrictionParameter",
         "InvalidGeoRestrictionParameter", lambda lab: distribute(lab, Restrictions=geo("none", "DE"))),
    Case("a web ACL with a rule of no statement", "model wafv2: Statement (one of)", "WAFInvalidParameterException",
         lambda lab: acl(lab, Rules=[rule({})])),
    Case("a web ACL without a default action", "model wafv2: DefaultAction (one of)", "WAFInvalidParameterException",
         lambda lab: acl(lab, DefaultAction={})),
    Case("two rules of one priority", "model wafv2: Rule.Priority (unique)", "WAFInvalidParameterException",
         lambda lab: acl(lab, Rules=[rule(RATE, "a"), rule(RATE, "b")])),
    Case("a rate-based statement in another", "model wafv2: RateBasedStatement (cannot be nested)", "WAFInvalidParameterException",
         lambda lab: acl(lab, Rules=[rule({"NotStatement": {"Statement": RATE}})])),
    Case("a window of 61 seconds", "model wafv2: EvaluationWindowSec (60, 120, 300, 600)", "WAFInvalidParameterException",
         lambda lab: acl(lab, Rules=[rule({"RateBasedStatement": {**RATE["RateBasedStatement"], "EvaluationWindowSec": 61}})])),
    Case("a web ACL by an id that is not there", "model wafv2: WAFNonexistentItemException", "WAFNonexistentItemException",
         lambda lab: lab.client("wafv2").get_web_acl(Name="none", Scope="REGIONAL", Id="12345678-1234-1234-1234-123456789012")),
    Case("a hosted zone that is not there", "model route53: NoSuchHostedZone (404)", "NoSuchHostedZone",
         lambda lab: lab.client("route53").get_hosted_zone(Id="Z0000000000000"), status=404),
    Case("a change that is not there", "model route53: NoSuchChange (404)", "NoSuchChange",
         lambda lab: lab.client("route53").get_change(Id="C0000000000000"), status=404),
    Case("a certificate that is not there", "model acm: ResourceNotFoundException", "ResourceNotFoundException",
         lambda lab: lab.client("acm").describe_certificate(
             CertificateArn=f"arn:aws:acm:{lab.region}:{lab.account}:certificate/12345678-1234-1234-1234-123456789012")),
)
def test_refusals(lab, case):
    refused(lambda: case.call(lab), case.code, case.status, case.text)


@point("a web ACL's ARN and token", "model wafv2: WebACLSummary; docs: reference_wafv2 (ARN)")
def test_acl(lab):
    made = acl(lab, Rules=[rule(RATE)])
    read = lab.client("wafv2").get_web_acl(**one(made))
    assert made["ARN"] == f"arn:aws:wafv2:{lab.region}:{lab.account}:regional/webacl/{made['Name']}/{made['Id']}"
    assert read["LockToken"] == made["LockToken"] and read["WebACL"]["Rules"][0]["Statement"] == RATE


@point("a web ACL's name twice", "model wafv2: WAFDuplicateItemException")
def test_duplicate(lab):
    made = acl(lab)
    refused(lambda: acl(lab, Name=made["Name"]), "WAFDuplicateItemException")


@point("a web ACL's token is good once", "model wafv2: WAFOptimisticLockException")
def test_lock(lab):
    made, waf = acl(lab), lab.client("wafv2")
    update = {**one(made), "DefaultAction": {"Block": {}}, "VisibilityConfig": VISIBILITY}
    token = waf.update_web_acl(**update, LockToken=made["LockToken"])["NextLockToken"]
    refused(lambda: waf.update_web_acl(**update, LockToken=made["LockToken"]), "WAFOptimisticLockException")
    assert waf.update_web_acl(**update, LockToken=token)["NextLockToken"] != token


@point("an update that leaves out the rules removes them", "docs: API_UpdateWebACL (replaces the settings)")
def test_left_out(lab):
    made, waf = acl(lab, Rules=[rule(RATE)]), lab.client("wafv2")
    waf.update_web_acl(**one(made), DefaultAction={"Allow": {}}, VisibilityConfig=VISIBILITY, LockToken=made["LockToken"])
    assert not waf.get_web_acl(**one(made))["WebACL"].get("Rules")


@point("web ACLs for CloudFront only in us-east-1", "seen: waf-security-automations 187, 300 (SCOPE_VALUE)")
def test_scope(lab):
    away = boto3.client("wafv2", **{**lab.target.client_options(), "region_name": "eu-west-1"})
    error = refused(lambda: away.list_web_acls(Scope="CLOUDFRONT"), "WAFInvalidParameterException")
    assert error["Message"] == "Error reason: The scope is not valid., field: SCOPE_VALUE, parameter: CLOUDFRONT"


@point("a web ACL's tags", "model wafv2: TagResource, UntagResource, ListTagsForResource")
def test_acl_tags(lab):
    made, waf = acl(lab, Tags=[{"Key": "a", "Value": "1"}]), lab.client("wafv2")
    waf.tag_resource(ResourceARN=made["ARN"], Tags=[{"Key": "b", "Value": "2"}])
    waf.untag_resource(ResourceARN=made["ARN"], TagKeys=["a"])
    listed = waf.list_tags_for_resource(ResourceARN=made["ARN"])["TagInfoForResource"]
    assert listed == {"ResourceARN": made["ARN"], "TagList": [{"Key": "b", "Value": "2"}]}


@point("the web ACL of a stage", "model wafv2: AssociateWebACL; model apigateway: Stage.webAclArn")
def test_stage(lab):
    made, waf = acl(lab), lab.client("wafv2")
    arn = f"arn:aws:apigateway:{lab.region}::/restapis/{lab.api_id}/stages/{lab.stage}"
    waf.associate_web_acl(WebACLArn=made["ARN"], ResourceArn=arn)
    lab.later(waf.disassociate_web_acl, ResourceArn=arn)
    assert waf.get_web_acl_for_resource(ResourceArn=arn)["WebACL"]["Id"] == made["Id"]
    assert lab.gateway.get_stage(restApiId=lab.api_id, stageName=lab.stage)["webAclArn"] == made["ARN"]
    refused(lambda: remove_acl(lab, one(made)), "WAFAssociatedItemException")
    waf.disassociate_web_acl(ResourceArn=arn)


@pytest.fixture(scope="module")
def zone(lab):
    dns, name = lab.client("route53"), f"{lab.prefix}.test"
    made = dns.create_hosted_zone(Name=name, CallerReference=lab.prefix)["HostedZone"]
    lab.later(dns.delete_hosted_zone, Id=made["Id"])
    return made


def change(lab, zone, *changes):
    batch = {"Changes": [{"Action": action, "ResourceRecordSet": record} for action, record in changes]}
    return lab.client("route53").change_resource_record_sets(HostedZoneId=zone["Id"], ChangeBatch=batch)["ChangeInfo"]


def address(zone, name, value="192.0.2.1"):
    return {"Name": f"{name}.{zone['Name']}", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": value}]}


@point("a new zone has NS and SOA", "docs: SOA-NSrecords; model route53: ResourceRecordSetCount")
def test_zone(lab, zone):
    sets = lab.client("route53").list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
    assert [(it["Name"], it["Type"]) for it in sets][:2] == [(zone["Name"], "NS"), (zone["Name"], "SOA")]
    assert zone["Name"] == f"{lab.prefix}.test." and zone["Id"].startswith("/hostedzone/Z")
    assert zone["ResourceRecordSetCount"] == 2


@point("a zone's reference twice", "model route53: HostedZoneAlreadyExists (409)")
def test_reference(lab, zone):
    again = {"Name": zone["Name"], "CallerReference": zone["CallerReference"]}
    refused(lambda: lab.client("route53").create_hosted_zone(**again), "HostedZoneAlreadyExists", 409)


@point("zones by name begin at the name", "docs: API_ListHostedZonesByName")
def test_by_name(lab, zone):
    dns = lab.client("route53")
    first = dns.list_hosted_zones_by_name(DNSName=zone["Name"], MaxItems="1")
    assert [it["Id"] for it in first["HostedZones"]] == [zone["Id"]] and first["DNSName"] == zone["Name"]
    behind = dns.list_hosted_zones_by_name(DNSName=f"zzzz.{zone['Name']}")["HostedZones"]
    assert zone["Id"] not in [it["Id"] for it in behind]


@point("CREATE of a record set that is there", "seen: \"Tried to create resource record set … but it already exists\"")
def test_create_twice(lab, zone):
    record = address(zone, "twice")
    change(lab, zone, ("CREATE", record))
    error = refused(lambda: change(lab, zone, ("CREATE", record)), "InvalidChangeBatch")
    wanted = f"Tried to create resource record set [name='twice.{zone['Name']}', type='A'] but it already exists"
    assert wanted in error["Message"]
    change(lab, zone, ("DELETE", record))


@point("DELETE with other values", "docs: API_ChangeResourceRecordSets; seen: external-dns 732")
def test_delete_other(lab, zone):
    record = address(zone, "other")
    change(lab, zone, ("UPSERT", record))
    wrong = address(zone, "other", "192.0.2.2")
    text = "but the values provided do not match the current values"
    refused(lambda: change(lab, zone, ("DELETE", wrong)), "InvalidChangeBatch", text=text)
    change(lab, zone, ("DELETE", record))
    refused(lambda: change(lab, zone, ("DELETE", record)), "InvalidChangeBatch", text="but it was not found")


@point("a batch that fails changes nothing", "docs: API_ChangeResourceRecordSets (transactional)")
def test_batch(lab, zone):
    good, absent = address(zone, "good"), address(zone, "absent")
    refused(lambda: change(lab, zone, ("CREATE", good), ("DELETE", absent)), "InvalidChangeBatch")
    sets = lab.client("route53").list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
    assert good["Name"] not in [it["Name"] for it in sets]


@point("DELETE makes place for CREATE in one batch", "docs: API_ChangeResourceRecordSets")
def test_replaced(lab, zone):
    old, new = address(zone, "moved"), address(zone, "moved", "192.0.2.2")
    change(lab, zone, ("CREATE", old))
    change(lab, zone, ("DELETE", old), ("CREATE", new))
    change(lab, zone, ("DELETE", new))


@point("an alias of a distribution", "docs: AliasTarget (Z2FDTNDATAQYW2)")
def test_alias(lab, zone):
    target = {"HostedZoneId": CLOUDFRONT_ZONE, "DNSName": "d111111abcdef8.cloudfront.net", "EvaluateTargetHealth": False}
    record = {"Name": f"api.{zone['Name']}", "Type": "A", "AliasTarget": target}
    change(lab, zone, ("CREATE", record))
    sets = lab.client("route53").list_resource_record_sets(HostedZoneId=zone["Id"], StartRecordName=record["Name"])
    found = sets["ResourceRecordSets"][0]
    assert found["AliasTarget"] == {**target, "DNSName": "d111111abcdef8.cloudfront.net."} and "TTL" not in found
    refused(lambda: lab.client("route53").delete_hosted_zone(Id=zone["Id"]), "HostedZoneNotEmpty")
    change(lab, zone, ("DELETE", found))


@point("a record set of another zone", "seen: \"RRSet with DNS name … is not permitted in zone …\"")
def test_foreign(lab, zone):
    record = {**address(zone, "x"), "Name": "x.example.org"}
    text = f"RRSet with DNS name x.example.org. is not permitted in zone {zone['Name']}"
    refused(lambda: change(lab, zone, ("CREATE", record)), "InvalidChangeBatch", text=text)


@point("a zone's tags", "model route53: ChangeTagsForResource, ListTagsForResource")
def test_zone_tags(lab, zone):
    dns, which = lab.client("route53"), {"ResourceType": "hostedzone", "ResourceId": zone["Id"].split("/")[-1]}
    dns.change_tags_for_resource(**which, AddTags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    dns.change_tags_for_resource(**which, RemoveTagKeys=["a"])
    assert dns.list_tags_for_resource(**which)["ResourceTagSet"]["Tags"] == [{"Key": "b", "Value": "2"}]


@point("a certificate asks for a record", "docs: dns-validation; model acm: DomainValidation")
def test_certificate(lab, zone):
    acm = lab.client("acm")
    arn = acm.request_certificate(DomainName=f"api.{zone['Name']}".rstrip("."), ValidationMethod="DNS")["CertificateArn"]
    lab.later(acm.delete_certificate, CertificateArn=arn)
    made = acm.describe_certificate(CertificateArn=arn)["Certificate"]
    assert made["Status"] == "PENDING_VALIDATION" and made["InUseBy"] == []
    assert made["DomainValidationOptions"][0]["ValidationMethod"] == "DNS"


@point("web ACLs and zones by their tags", "docs: supported services of the tagging API")
def test_tagged(lab, zone):
    made = acl(lab, Tags=[{"Key": "conformance", "Value": lab.prefix}])
    found = lab.tagging.get_resources(TagFilters=[{"Key": "conformance", "Values": [lab.prefix]}], ResourceTypeFilters=["wafv2"])
    assert [it["ResourceARN"] for it in found["ResourceTagMappingList"]] == [made["ARN"]]
