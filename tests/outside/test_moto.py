"""labctl's control plane against `moto_server`, which nobody here wrote: up, status, down, zero left."""

import pathlib
import socket
import subprocess
import sys
import time
import unittest
import urllib.request

import boto3

from common import REGION, ROOT, Lab

KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class OnMoto(unittest.TestCase):
    def setUp(self):
        port = free_port()
        self.endpoint = f"http://127.0.0.1:{port}"
        # The program beside this Python: it may not be on the PATH.
        beside = pathlib.Path(sys.executable).with_name("moto_server")
        program = str(beside) if beside.exists() else "moto_server"
        server = subprocess.Popen(
            [program, "-H", "127.0.0.1", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        until = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"{self.endpoint}/moto-api/data.json", timeout=5).close()
                break
            except OSError:
                self.assertLess(time.monotonic(), until, "moto_server does not start")
                self.assertIsNone(server.poll(), "moto_server ended")
                time.sleep(0.1)
        self.lab = self.new_lab(ROOT)

    def new_lab(self, folder):
        lab = Lab(folder, AWS_ENDPOINT_URL=self.endpoint, **KEYS)
        self.addCleanup(lab.close)
        return lab

    def client(self, service):
        return boto3.client(
            service, endpoint_url=self.endpoint, region_name=REGION,
            aws_access_key_id="test", aws_secret_access_key="test",
        )

    def everything(self):
        """How much there is of each kind, in moto's own words."""
        gateway = self.client("apigateway")
        cognito = self.client("cognito-idp")
        pools = cognito.list_user_pools(MaxResults=60)["UserPools"]
        return {
            "roles": len(self.client("iam").list_roles()["Roles"]),
            "functions": len(self.client("lambda").list_functions()["Functions"]),
            "log groups": len(self.client("logs").describe_log_groups()["logGroups"]),
            "pools": len(pools),
            "clients": sum(len(cognito.list_user_pool_clients(UserPoolId=p["Id"])["UserPoolClients"]) for p in pools),
            "users": sum(len(cognito.list_users(UserPoolId=p["Id"])["Users"]) for p in pools),
            "apis": len(gateway.get_rest_apis()["items"]),
        }

    def test_up_status_down(self):
        self.lab.run("up", "--yes")
        self.assertEqual(set(self.everything().values()), {1}, self.everything())
        status = self.lab.json("status")
        states = {r["id"]: r["state"] for c in status["chapters"] for r in c["resources"]}
        self.assertEqual(set(states.values()), {"present"}, states)
        self.assertEqual(len(states), 15)
        api = status["outputs"]["api_id"]
        gateway = self.client("apigateway")
        self.assertEqual([s["stageName"] for s in gateway.get_stages(restApiId=api)["item"]], ["dev"])
        self.assertIn("0 created, 0 changed, 15 unchanged", self.lab.run("up", "--yes"))
        self.assertEqual(set(self.everything().values()), {1})
        self.lab.run("down", "--yes")
        self.assertEqual(set(self.everything().values()), {0}, self.everything())
        self.assertIn("nothing there", self.lab.run("down", "--yes"))
        self.lab.run("status", code=4)

    def edge(self):
        """How much there is of what the edge is made of."""
        gateway, cloudfront = self.client("apigateway"), self.client("cloudfront")
        plans = gateway.get_usage_plans()["items"]
        return {
            "distributions": len(cloudfront.list_distributions()["DistributionList"].get("Items", [])),
            "keys": len(gateway.get_api_keys()["items"]),
            "plans": len(plans),
            "links": sum(len(gateway.get_usage_plan_keys(usagePlanId=p["id"])["items"]) for p in plans),
        }

    def test_the_edge(self):
        lab = self.new_lab(ROOT / "labs" / "cloudfront-edge")
        lab.run("up", "--yes")
        self.assertEqual(set(self.edge().values()), {1}, self.edge())
        status = lab.json("status")
        states = {r["id"]: r["state"] for c in status["chapters"] for r in c["resources"]}
        self.assertEqual(set(states.values()), {"present"}, states)
        api, edge = status["outputs"]["api_id"], status["outputs"]["distribution_id"]
        gateway, cloudfront = self.client("apigateway"), self.client("cloudfront")

        def sent():
            (origin,) = cloudfront.get_distribution_config(Id=edge)["DistributionConfig"]["Origins"]["Items"]
            self.assertEqual(origin["DomainName"], f"{api}.execute-api.{REGION}.amazonaws.com")
            (header,) = origin["CustomHeaders"]["Items"]
            self.assertEqual(header["HeaderName"], "x-api-key")
            (key,) = gateway.get_api_keys(includeValues=True)["items"]
            self.assertEqual(header["HeaderValue"], key["value"])
            return key["value"]

        before = sent()
        methods = [m for r in gateway.get_resources(restApiId=api)["items"] for m in r.get("resourceMethods", {})]
        self.assertEqual(methods, ["GET", "GET"])
        lab.run("up", "--yes", "--rotate-edge-secret")
        self.assertNotEqual(sent(), before)
        self.assertEqual(set(self.edge().values()), {1}, self.edge())
        lab.run("down", "--yes")
        self.assertEqual(set({**self.edge(), **self.everything()}.values()), {0})


if __name__ == "__main__":
    unittest.main()
