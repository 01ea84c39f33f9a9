"""What `labctl down --prove` finds of an edge, removed by the commands that it prints, with the AWS CLI."""

import json
import os
import subprocess
import unittest
import urllib.request

from common import KEYS, ROOT, Lab, client

NAME = "api.example.com"
REFUSED = [
    "cloudfront:DeleteDistribution", "apigateway:DeleteApiKey", "apigateway:UpdateUsagePlan",
    "route53:ChangeResourceRecordSets",
]


class Survivors(unittest.TestCase):
    def setUp(self):
        self.lab = Lab(ROOT / "labs" / "cloudfront-edge")
        self.addCleanup(self.lab.close)
        self.endpoint = self.lab.json("local", "start")["endpoint"]

    def local(self, path, body):
        request = urllib.request.Request(
            f"{self.endpoint}/_local{path}", json.dumps(body).encode(), {"x-localaws": "1"}, method="POST"
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def test_each_command_removes_its_survivor(self):
        zones = client("route53", self.endpoint)
        zone = zones.create_hosted_zone(Name="example.com", CallerReference="a")["HostedZone"]["Id"].rpartition("/")[2]
        certificate = self.local("/acm", {"domain_names": [NAME]})["certificate_arn"]
        file = self.lab.folder / "lab.yaml"
        options = f"  waf: rate-limit\n  domain: {{ name: {NAME}, zone: {zone}, certificate: '{certificate}' }}\n"
        file.write_text(file.read_text().partition("  # geo:")[0] + options)
        self.lab.run("up", "--local")
        for operation in REFUSED:
            self.local("/faults", {"operation": operation, "action": "denied", "times": 0})
        events = self.lab.run("down", "--prove", "--json", code=6).splitlines()
        urllib.request.urlopen(
            urllib.request.Request(f"{self.endpoint}/_local/faults", headers={"x-localaws": "1"}, method="DELETE")
        ).close()
        receipt = next(e for e in map(json.loads, events) if e["event"] == "receipt")
        survivors = {s["kind"]: s["command"] for s in receipt["survivors"]}
        self.assertEqual(
            set(survivors), {"distribution", "api_key", "usage_plan", "web_acl", "record_set", "rest_api"}, receipt
        )
        environment = {**os.environ, **KEYS, "HOME": str(self.lab.folder), "AWS_PAGER": ""}
        # What needs another goes first, as a person finds out by the errors.
        for kind in ["record_set", "distribution", "web_acl", "usage_plan", "api_key", "rest_api"]:
            done = subprocess.run(
                ["sh", "-c", survivors[kind]], env=environment, capture_output=True, text=True, timeout=300
            )
            self.assertEqual(done.returncode, 0, f"{survivors[kind]}\n{done.stdout}\n{done.stderr}")
        gateway = client("apigateway", self.endpoint)
        self.assertEqual(gateway.get_api_keys()["items"] + gateway.get_usage_plans()["items"], [])
        self.assertEqual(
            client("cloudfront", self.endpoint).list_distributions()["DistributionList"].get("Items", []), []
        )
        self.assertEqual(client("wafv2", self.endpoint).list_web_acls(Scope="CLOUDFRONT")["WebACLs"], [])
        kinds = [r["Type"] for r in zones.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]]
        self.assertEqual(kinds, ["NS", "SOA"])
        self.lab.run("down", "--prove")


if __name__ == "__main__":
    unittest.main()
