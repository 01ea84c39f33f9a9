"""What a distribution uses beside CloudFront itself, with boto3 and the AWS CLI: WAF, certificates, zones, names of one's own."""

import json
import os
import subprocess
import urllib.request

import boto3

import test_edge  # Not its classes by name: their tests would run here, too.
from common import KEYS, REGION, client
from test_edge import ACCOUNT, request

VISIBILITY = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": "m"}
CLOUDFRONT_ZONE = "Z2FDTNDATAQYW2"
RATE = {"RateBasedStatement": {"Limit": 10, "EvaluationWindowSec": 60, "AggregateKeyType": "IP"}}


class Names(test_edge.WithAnApi):
    config, make = test_edge.Edge.config, test_edge.Edge.make
    view, deploy_in = test_edge.Edge.view, test_edge.Edge.deploy_in

    def setUp(self):
        self.edge, self.waf, self.dns, self.certificates = (
            client(name, self.endpoint) for name in ("cloudfront", "wafv2", "route53", "acm")
        )
        self.deploy_in(0)
        self.put("route53", sync_seconds=0)

    def put(self, page, **setting):
        """A setting of the twin."""
        asked = urllib.request.Request(
            f"{self.endpoint}/_local/{page}", data=json.dumps(setting).encode(), headers={"x-localaws": "1"}
        )
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return json.load(answer)

    def aws(self, *words):
        environment = {**os.environ, **KEYS, "AWS_ENDPOINT_URL": self.endpoint}
        done = subprocess.run(["aws", *words, "--output", "json"], env=environment, capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def acl(self, name, statement, action="Block", scope="CLOUDFRONT", **more):
        rule = {"Name": "r", "Priority": 0, "Action": {action: {}}, "Statement": statement, "VisibilityConfig": VISIBILITY}
        more = {"DefaultAction": {"Allow": {}}, **more}
        made = self.waf.create_web_acl(Name=name, Scope=scope, Rules=[rule], VisibilityConfig=VISIBILITY, **more)
        return made["Summary"]

    def changed(self, distribution, **parts):
        """Gives a distribution a config with these parts."""
        read = self.edge.get_distribution_config(Id=distribution["Id"])
        config = {**read["DistributionConfig"], **parts}
        return self.edge.update_distribution(Id=distribution["Id"], IfMatch=read["ETag"], DistributionConfig=config)

    def test_a_web_acl_from_its_making_to_its_end(self):
        tags = [{"Key": "labctl:lab", "Value": "edge"}]
        made = self.acl("life", RATE, Tags=tags, Description="as many as a class")
        one = {"Name": "life", "Scope": "CLOUDFRONT", "Id": made["Id"]}
        again = {"DefaultAction": {"Allow": {}}, "VisibilityConfig": VISIBILITY, "Rules": []}
        self.refused(self.waf.create_web_acl, "WAFDuplicateItemException", Name="life", Scope="CLOUDFRONT", **again)
        read = self.waf.get_web_acl(**one)
        self.assertEqual(read["LockToken"], made["LockToken"])
        self.assertEqual(read["WebACL"]["Rules"][0]["Statement"], RATE)
        self.assertIn(made["ARN"], [acl["ARN"] for acl in self.aws("wafv2", "list-web-acls", "--scope", "CLOUDFRONT")["WebACLs"]])
        away = boto3.client(
            "wafv2", endpoint_url=self.endpoint, region_name="eu-west-1", aws_access_key_id=ACCOUNT, aws_secret_access_key="any"
        )
        message = self.refused(away.list_web_acls, "WAFInvalidParameterException", Scope="CLOUDFRONT")
        self.assertEqual(message, "Error reason: The scope is not valid., field: SCOPE_VALUE, parameter: CLOUDFRONT")

        self.waf.tag_resource(ResourceARN=made["ARN"], Tags=[{"Key": "run", "Value": "1"}])
        self.waf.untag_resource(ResourceARN=made["ARN"], TagKeys=["labctl:lab"])
        listed = self.waf.list_tags_for_resource(ResourceARN=made["ARN"])["TagInfoForResource"]
        self.assertEqual(listed["TagList"], [{"Key": "run", "Value": "1"}])
        tagging = client("resourcegroupstaggingapi", self.endpoint)
        found = tagging.get_resources(TagFilters=[{"Key": "run", "Values": ["1"]}], ResourceTypeFilters=["wafv2"])
        self.assertEqual([r["ResourceARN"] for r in found["ResourceTagMappingList"]], [made["ARN"]])

        next_token = self.waf.update_web_acl(**one, LockToken=made["LockToken"], **again)["NextLockToken"]
        self.refused(self.waf.update_web_acl, "WAFOptimisticLockException", **one, LockToken=made["LockToken"], **again)
        self.refused(self.waf.delete_web_acl, "WAFOptimisticLockException", **one, LockToken=made["LockToken"])
        self.waf.delete_web_acl(**one, LockToken=next_token)
        self.refused(self.waf.get_web_acl, "WAFNonexistentItemException", **one)

    def test_the_quota_of_web_acls(self):
        have = len(self.waf.list_web_acls(Scope="CLOUDFRONT")["WebACLs"])
        self.put("wafv2", account=ACCOUNT, web_acls=have)
        self.addCleanup(self.put, "wafv2", account=ACCOUNT, web_acls=100)
        full = {"Name": "full", "Scope": "CLOUDFRONT", "DefaultAction": {"Allow": {}}, "VisibilityConfig": VISIBILITY}
        self.refused(self.waf.create_web_acl, "WAFLimitsExceededException", **full)

    def test_the_edge_asks_its_web_acl(self):
        acl = self.acl("asked", RATE)
        distribution = self.make()
        self.refused(self.changed, "InvalidWebACLId", distribution=distribution, WebACLId=acl["Id"])
        self.changed(distribution, WebACLId=acl["ARN"])
        seen = [self.view(distribution, "/open")[0] for _ in range(10)]
        self.assertEqual(seen, [200] * 10)
        status, headers, body = self.view(distribution, "/open")
        self.assertEqual((status, headers["server"], headers["x-cache"]), (403, "CloudFront", "Error from cloudfront"))
        self.assertIn("Request blocked.", body)
        one = {"Name": "asked", "Scope": "CLOUDFRONT", "Id": acl["Id"], "LockToken": acl["LockToken"]}
        self.refused(self.waf.delete_web_acl, "WAFAssociatedItemException", **one)
        self.changed(distribution, WebACLId="")
        self.assertEqual(self.view(distribution, "/open")[0], 200)
        self.waf.delete_web_acl(**one)

    def test_where_viewers_are(self):
        geo = {"GeoRestriction": {"RestrictionType": "whitelist", "Quantity": 1, "Items": ["DE"]}}
        distribution = self.make()
        self.changed(distribution, Restrictions=geo)
        self.addCleanup(self.put, "cloudfront", viewer_country="")
        for country, status in (("", 200), ("DE", 200), ("FR", 403)):
            self.put("cloudfront", viewer_country=country)
            seen, _, body = self.view(distribution, "/open")
            self.assertEqual(seen, status, country)
        self.assertIn("block access from your country", body)
        self.changed(distribution, Restrictions={"GeoRestriction": {**geo["GeoRestriction"], "RestrictionType": "blacklist"}})
        self.assertEqual(self.view(distribution, "/open")[0], 200)

    def test_a_stage_behind_a_web_acl(self):
        secret = {"ByteMatchStatement": {
            "SearchString": b"secret", "FieldToMatch": {"SingleHeader": {"Name": "x-origin-verify"}},
            "TextTransformations": [{"Priority": 0, "Type": "NONE"}], "PositionalConstraint": "EXACTLY",
        }}
        acl = self.acl("origin", secret, "Allow", "REGIONAL", DefaultAction={"Block": {}})
        stage = f"arn:aws:apigateway:{REGION}::/restapis/{self.id}/stages/dev"
        self.waf.associate_web_acl(WebACLArn=acl["ARN"], ResourceArn=stage)
        self.addCleanup(self.waf.disassociate_web_acl, ResourceArn=stage)
        self.assertEqual(self.waf.get_web_acl_for_resource(ResourceArn=stage)["WebACL"]["Id"], acl["Id"])
        self.assertEqual(self.api.get_stage(restApiId=self.id, stageName="dev")["webAclArn"], acl["ARN"])
        direct = f"{self.endpoint}/_api/{self.id}/dev/open"
        status, headers, body = request(direct)
        self.assertEqual((status, headers["x-amzn-errortype"], body), (403, "ForbiddenException", '{"message":"Forbidden"}'))
        self.assertEqual(self.view(self.make(headers={"X-Origin-Verify": "secret"}), "/open")[0], 200)
        self.assertEqual(self.view(self.make(headers={"X-Origin-Verify": "other"}), "/open")[0], 403)

    def test_a_name_of_ones_own(self):
        zone = self.dns.create_hosted_zone(Name="lab.example.com", CallerReference="own", HostedZoneConfig={"Comment": "c", "PrivateZone": False})
        zone_id = zone["HostedZone"]["Id"]
        self.assertEqual(self.dns.list_hosted_zones_by_name(DNSName="lab.example.com", MaxItems="1")["HostedZones"][0]["Id"], zone_id)
        self.assertEqual(len(self.dns.get_hosted_zone(Id=zone_id)["DelegationSet"]["NameServers"]), 4)
        self.dns.change_tags_for_resource(ResourceType="hostedzone", ResourceId=zone_id.split("/")[-1], AddTags=[{"Key": "a", "Value": "b"}])
        tags = self.dns.list_tags_for_resource(ResourceType="hostedzone", ResourceId=zone_id.split("/")[-1])
        self.assertEqual(tags["ResourceTagSet"]["Tags"], [{"Key": "a", "Value": "b"}])

        # The certificate asks for a record, and is issued when it is there.
        arn = self.certificates.request_certificate(DomainName="api.lab.example.com", ValidationMethod="DNS")["CertificateArn"]
        pending = self.certificates.describe_certificate(CertificateArn=arn)["Certificate"]
        self.assertEqual(pending["Status"], "PENDING_VALIDATION")
        own = {"Aliases": {"Quantity": 1, "Items": ["api.lab.example.com"]}, "ViewerCertificate": {
            "ACMCertificateArn": arn, "SSLSupportMethod": "sni-only", "MinimumProtocolVersion": "TLSv1.2_2021",
        }}
        distribution = self.make()
        self.refused(self.changed, "InvalidViewerCertificate", distribution=distribution, **own)
        record = pending["DomainValidationOptions"][0]["ResourceRecord"]
        proof = {"Name": record["Name"], "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": record["Value"]}]}
        self.change(zone_id, "CREATE", proof)
        self.certificates.get_waiter("certificate_validated").wait(CertificateArn=arn)
        self.changed(distribution, **own)
        self.assertEqual(self.certificates.describe_certificate(CertificateArn=arn)["Certificate"]["InUseBy"], [distribution["ARN"]])
        self.refused(self.certificates.delete_certificate, "ResourceInUseException", CertificateArn=arn)
        self.refused(self.changed, "CNAMEAlreadyExists", distribution=self.make(), **own)

        target = {"HostedZoneId": CLOUDFRONT_ZONE, "DNSName": distribution["DomainName"], "EvaluateTargetHealth": False}
        name = {"Name": "api.lab.example.com", "Type": "A", "AliasTarget": target}
        changed = self.change(zone_id, "CREATE", name)
        self.dns.get_waiter("resource_record_sets_changed").wait(Id=changed["Id"])
        message = self.refused(self.change, "InvalidChangeBatch", zone=zone_id, action="CREATE", record=name)
        self.assertEqual(message, "[Tried to create resource record set [name='api.lab.example.com.', type='A'] but it already exists]")
        other = {**name, "AliasTarget": {**target, "DNSName": "dother.cloudfront.net"}}
        self.refused(self.change, "InvalidChangeBatch", zone=zone_id, action="DELETE", record=other)

        # A name that leads to a distribution leads nowhere else.
        host = {"Host": "api.lab.example.com"}
        status, _, body = request(f"{self.endpoint}/open", headers=host)
        self.assertEqual((status, json.loads(body)["path"]), (200, "/open"))
        for path in ("/_local/health.json", "/_local/inbox.json", f"/_api/{self.id}/dev/open", f"/{self.pool}/.well-known/jwks.json"):
            status, headers, body = request(self.endpoint + path, headers=host)
            self.assertEqual((status, headers["x-cache"]), (403, "Error from cloudfront"), path)
        self.assertEqual(request(f"{self.endpoint}/open", headers={"Host": "other.lab.example.com"})[0], 403)

        self.refused(self.dns.delete_hosted_zone, "HostedZoneNotEmpty", Id=zone_id)
        listed = self.aws("route53", "list-resource-record-sets", "--hosted-zone-id", zone_id)["ResourceRecordSets"]
        own_kinds = [(r["Name"], r["Type"]) for r in listed if r["Name"] != "lab.example.com."]
        self.assertEqual(sorted(own_kinds), sorted([(record["Name"], "CNAME"), ("api.lab.example.com.", "A")]))
        for found in (r for r in listed if r["Name"] != "lab.example.com."):
            self.change(zone_id, "DELETE", found)
        self.dns.delete_hosted_zone(Id=zone_id)
        self.refused(self.dns.get_hosted_zone, "NoSuchHostedZone", Id=zone_id)
        self.changed(distribution, Aliases={"Quantity": 0}, ViewerCertificate={"CloudFrontDefaultCertificate": True})
        self.assertEqual(request(f"{self.endpoint}/open", headers=host)[0], 403)
        self.certificates.delete_certificate(CertificateArn=arn)

    def change(self, zone, action, record):
        batch = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
        return self.dns.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)["ChangeInfo"]

    def test_changes_are_pending_for_a_while(self):
        self.put("route53", sync_seconds=600)
        self.addCleanup(self.put, "route53", sync_seconds=0)
        made = self.dns.create_hosted_zone(Name="pending.example.com", CallerReference="pending")["ChangeInfo"]
        self.assertEqual(made["Status"], "PENDING")
        self.assertEqual(self.dns.get_change(Id=made["Id"])["ChangeInfo"]["Status"], "PENDING")
        self.put("route53", sync_seconds=0)
        self.assertEqual(self.dns.get_change(Id=made["Id"])["ChangeInfo"]["Status"], "INSYNC")
        self.refused(self.dns.get_change, "NoSuchChange", Id="C0")

    def test_certificates_of_tests(self):
        made = self.put("acm", account=ACCOUNT, domain_names=["www.example.com", "*.www.example.com"])["certificate_arn"]
        found = self.certificates.list_certificates(CertificateStatuses=["ISSUED"])["CertificateSummaryList"]
        self.assertIn(made, [certificate["CertificateArn"] for certificate in found])
        far = self.put("acm", account=ACCOUNT, region="eu-west-1", domain_names=["www.example.com"])["certificate_arn"]
        own = {"ACMCertificateArn": far, "SSLSupportMethod": "sni-only", "MinimumProtocolVersion": "TLSv1.2_2021"}
        message = self.refused(
            self.changed, "InvalidViewerCertificate", distribution=self.make(),
            Aliases={"Quantity": 1, "Items": ["www.example.com"]}, ViewerCertificate=own,
        )
        self.assertIn("isn't in us-east-1 region", message)
