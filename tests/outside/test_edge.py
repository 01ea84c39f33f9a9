"""CloudFront in front of an API, and identity pools, set up and used with boto3 and the AWS CLI."""

import copy
import io
import json
import os
import subprocess
import unittest
import urllib.error
import urllib.request
import zipfile

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from common import KEYS, REGION, Lab, client

ACCOUNT = KEYS["AWS_ACCESS_KEY_ID"]
PASSWORD = "Correct-Horse-1"
DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"
ALL_VIEWER = "216adef6-5c7f-47e4-b989-5492eafa07d3"
EXCEPT_HOST = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
METHODS = ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"]

ECHO = """
import json

def handler(event, context):
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": json.dumps(event)}
"""


def request(url, method="GET", headers={}):
    """(status, headers, body) of a request that follows no redirect."""

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_):
            return None

    asked = urllib.request.Request(url, method=method, headers=headers)
    try:
        with urllib.request.build_opener(Stay).open(asked, timeout=30) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read().decode()


class WithAnApi(unittest.TestCase):
    """An API whose function tells what it got: `/open`, `/key`, `/token` and `/signed` differ in who may call."""

    @classmethod
    def setUpClass(cls):
        cls.lab = Lab()
        cls.addClassCleanup(cls.lab.close)
        cls.endpoint = cls.lab.json("local", "start")["endpoint"]
        cls.iam, cls.api, cls.users = (client(name, cls.endpoint) for name in ("iam", "apigateway", "cognito-idp"))
        cls.set_up_users()
        cls.set_up_api()

    @classmethod
    def set_up_users(cls):
        cls.pool = cls.users.create_user_pool(PoolName="p")["UserPool"]["Id"]
        cls.client_id = cls.users.create_user_pool_client(
            UserPoolId=cls.pool, ClientName="c", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
        )["UserPoolClient"]["ClientId"]
        cls.users.admin_create_user(UserPoolId=cls.pool, Username="ada")
        cls.users.admin_set_user_password(UserPoolId=cls.pool, Username="ada", Password=PASSWORD, Permanent=True)
        cls.tokens = cls.users.initiate_auth(
            ClientId=cls.client_id, AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": "ada", "PASSWORD": PASSWORD},
        )["AuthenticationResult"]

    @classmethod
    def set_up_api(cls):
        trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        role = cls.iam.create_role(RoleName="fn", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))
        package = io.BytesIO()
        with zipfile.ZipFile(package, "w") as archive:
            archive.writestr("code.py", ECHO)
        functions = client("lambda", cls.endpoint)
        made = functions.create_function(
            FunctionName="echo", Runtime="python3.13", Role=role["Role"]["Arn"], Handler="code.handler",
            Code={"ZipFile": package.getvalue()},
        )
        functions.get_waiter("function_active_v2").wait(FunctionName="echo")
        uri = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{made['FunctionArn']}/invocations"
        api = cls.api.create_rest_api(name="api", endpointConfiguration={"types": ["REGIONAL"]})
        cls.id = api["id"]
        cls.arn = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{cls.id}"
        functions.add_permission(
            FunctionName="echo", StatementId="api", Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com", SourceArn=f"{cls.arn}/*",
        )
        authorizer = cls.api.create_authorizer(
            restApiId=cls.id, name="users", type="COGNITO_USER_POOLS", identitySource="method.request.header.Authorization",
            providerARNs=[f"arn:aws:cognito-idp:{REGION}:{ACCOUNT}:userpool/{cls.pool}"],
        )["id"]
        for part, protection in (
            ("open", {"authorizationType": "NONE"}),
            ("key", {"authorizationType": "NONE", "apiKeyRequired": True}),
            ("token", {"authorizationType": "COGNITO_USER_POOLS", "authorizerId": authorizer}),
            ("signed", {"authorizationType": "AWS_IAM"}),
        ):
            place = {"restApiId": cls.id, "httpMethod": "ANY"}
            place["resourceId"] = cls.api.create_resource(
                restApiId=cls.id, parentId=api["rootResourceId"], pathPart=part
            )["id"]
            cls.api.put_method(**place, **protection)
            cls.api.put_integration(**place, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
        cls.api.create_deployment(restApiId=cls.id, stageName="dev")

    def refused(self, call, code, **parameters):
        with self.assertRaises(ClientError) as refused:
            call(**parameters)
        error = refused.exception.response["Error"]
        self.assertEqual(error["Code"], code, error)
        return error["Message"]


class Edge(WithAnApi):
    references = 0

    def setUp(self):
        self.edge = client("cloudfront", self.endpoint)
        self.deploy_in(0)

    def deploy_in(self, seconds):
        body = json.dumps({"deploy_seconds": seconds}).encode()
        asked = urllib.request.Request(f"{self.endpoint}/_local/cloudfront", data=body, headers={"x-localaws": "1"})
        with urllib.request.urlopen(asked, timeout=30) as answer:
            self.assertEqual(json.load(answer)["deploy_seconds"], seconds)

    def config(self, cache=DISABLED, policy=EXCEPT_HOST, headers={}, methods=METHODS):
        Edge.references += 1
        behavior = {
            "TargetOriginId": "api",
            "ViewerProtocolPolicy": "redirect-to-https",
            "AllowedMethods": {
                "Quantity": len(methods), "Items": methods, "CachedMethods": {"Quantity": 2, "Items": ["GET", "HEAD"]},
            },
            "Compress": True,
            "CachePolicyId": cache,
        }
        if policy:
            behavior["OriginRequestPolicyId"] = policy
        own = [{"HeaderName": name, "HeaderValue": value} for name, value in headers.items()]
        return {
            "CallerReference": f"r{Edge.references}",
            "Comment": "a <lab> & more",
            "Enabled": True,
            "PriceClass": "PriceClass_100",
            "Origins": {"Quantity": 1, "Items": [{
                "Id": "api",
                "DomainName": f"{self.id}.execute-api.{REGION}.amazonaws.com",
                "OriginPath": "/dev",
                "CustomHeaders": {"Quantity": len(own), **({"Items": own} if own else {})},
                "CustomOriginConfig": {
                    "HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "https-only",
                    "OriginSslProtocols": {"Quantity": 1, "Items": ["TLSv1.2"]},
                },
            }]},
            "DefaultCacheBehavior": behavior,
        }

    def make(self, **parts):
        made = self.edge.create_distribution(DistributionConfig=self.config(**parts))
        return made["Distribution"]

    def view(self, distribution, path, method="GET", **headers):
        url = f"{self.endpoint}/_cloudfront/{distribution['DomainName']}{path}"
        return request(url, method, {name.replace("_", "-"): value for name, value in headers.items()})

    def test_a_distribution_from_its_making_to_its_end(self):
        config = self.config()
        tags = {"Items": [{"Key": "labctl:lab", "Value": "edge"}]}
        made = self.edge.create_distribution_with_tags(
            DistributionConfigWithTags={"DistributionConfig": config, "Tags": tags}
        )
        distribution, etag = made["Distribution"], made["ETag"]
        one = {"Id": distribution["Id"]}
        self.assertTrue(made["Location"].endswith(one["Id"]))
        self.assertEqual(distribution["DistributionConfig"]["Comment"], config["Comment"])
        message = self.refused(self.edge.create_distribution, "DistributionAlreadyExists", DistributionConfig=config)
        self.assertTrue(message.endswith(f"Already exists: {one['Id']}"), message)

        arn = distribution["ARN"]
        self.edge.tag_resource(Resource=arn, Tags={"Items": [{"Key": "run", "Value": "1"}, {"Key": "gone", "Value": ""}]})
        self.edge.untag_resource(Resource=arn, TagKeys={"Items": ["gone"]})
        listed = self.edge.list_tags_for_resource(Resource=arn)["Tags"]["Items"]
        self.assertEqual({t["Key"]: t["Value"] for t in listed}, {"labctl:lab": "edge", "run": "1"})
        for region, found in ((REGION, [arn]), ("eu-west-1", [])):
            tagging = boto3.client(
                "resourcegroupstaggingapi", endpoint_url=self.endpoint, region_name=region,
                aws_access_key_id=ACCOUNT, aws_secret_access_key="any",
            )
            resources = tagging.get_resources(ResourceTypeFilters=["cloudfront:distribution"])
            self.assertEqual([r["ResourceARN"] for r in resources["ResourceTagMappingList"]], found)

        self.deploy_in(600)
        read = self.edge.get_distribution_config(**one)
        self.assertEqual(read["ETag"], etag)
        off = {**read["DistributionConfig"], "Enabled": False}
        self.refused(self.edge.update_distribution, "InvalidIfMatchVersion", **one, DistributionConfig=off)
        self.refused(self.edge.delete_distribution, "DistributionNotDisabled", **one, IfMatch=etag)
        changed = self.edge.update_distribution(**one, DistributionConfig=off, IfMatch=etag)
        self.assertEqual(changed["Distribution"]["Status"], "InProgress")
        self.refused(self.edge.update_distribution, "PreconditionFailed", **one, DistributionConfig=off, IfMatch=etag)
        other = {**off, "CallerReference": "other"}
        self.refused(
            self.edge.update_distribution, "IllegalUpdate", **one, DistributionConfig=other, IfMatch=changed["ETag"]
        )
        self.refused(self.edge.delete_distribution, "DistributionNotDisabled", **one, IfMatch=changed["ETag"])
        self.deploy_in(0)
        self.edge.get_waiter("distribution_deployed").wait(**one)
        self.refused(self.edge.delete_distribution, "PreconditionFailed", **one, IfMatch=etag)
        self.edge.delete_distribution(**one, IfMatch=changed["ETag"])
        self.refused(self.edge.get_distribution, "NoSuchDistribution", **one)

    def test_lists_and_policies(self):
        ids = {self.make()["Id"] for _ in range(3)}
        pages = self.edge.get_paginator("list_distributions").paginate(PaginationConfig={"PageSize": 2})
        found = [d["Id"] for page in pages for d in page["DistributionList"].get("Items", [])]
        self.assertEqual(len(found), len(set(found)))
        self.assertLessEqual(ids, set(found))
        cache = self.edge.list_cache_policies(Type="managed")["CachePolicyList"]["Items"]
        names = {c["CachePolicy"]["Id"]: c["CachePolicy"]["CachePolicyConfig"]["Name"] for c in cache}
        self.assertEqual(names[DISABLED], "Managed-CachingDisabled")
        policies = self.edge.list_origin_request_policies(Type="managed")["OriginRequestPolicyList"]["Items"]
        by_id = {p["OriginRequestPolicy"]["Id"]: p["OriginRequestPolicy"] for p in policies}
        headers = by_id[EXCEPT_HOST]["OriginRequestPolicyConfig"]["HeadersConfig"]
        self.assertEqual(headers, {"HeaderBehavior": "allExcept", "Headers": {"Quantity": 1, "Items": ["host"]}})
        environment = {**KEYS, "PATH": os.environ["PATH"], "HOME": str(self.lab.folder), "AWS_ENDPOINT_URL": self.endpoint}
        words = ["aws", "cloudfront", "list-distributions", "--query", "DistributionList.Items[].Id", "--output", "json"]
        done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertLessEqual(ids, set(json.loads(done.stdout)))

    def test_configs_that_are_refused(self):
        good = self.config()

        def config(path, value):
            changed = copy.deepcopy(good)
            *parents, last = path
            part = changed
            for parent in parents:
                part = part[parent]
            part[last] = value
            return changed

        origin = ("Origins", "Items", 0)
        for path, value, code in (
            (("Origins", "Quantity"), 2, "InconsistentQuantities"),
            (("DefaultCacheBehavior", "TargetOriginId"), "other", "NoSuchOrigin"),
            (("DefaultCacheBehavior", "CachePolicyId"), "other", "NoSuchCachePolicy"),
            (("DefaultCacheBehavior", "ViewerProtocolPolicy"), "other", "MalformedXML"),
            ((*origin, "OriginPath"), "/dev/", "InvalidArgument"),
            ((*origin, "DomainName"), "https://example.com", "InvalidArgument"),
            ((*origin, "S3OriginConfig"), {"OriginAccessIdentity": ""}, "InvalidOrigin"),
            (("Aliases",), {"Quantity": 1, "Items": ["api.example.com"]}, "InvalidViewerCertificate"),
            # An SDK that writes an empty list gets this from AWS, too.
            (("Aliases",), {"Quantity": 0, "Items": []}, "MalformedInput"),
            (("WebACLId",), "arn:aws:wafv2:us-east-1:1:global/webacl/a/b", "InvalidWebACLId"),
        ):
            self.refused(self.edge.create_distribution, code, DistributionConfig=config(path, value))

    def test_what_the_api_gets_to_see(self):
        distribution = self.make(headers={"X-Origin-Verify": "secret"})
        status, headers, body = self.view(
            distribution, "/open?a=1&b=%20", Authorization="mine", Cookie="c=1", X_Origin_Verify="forged"
        )
        self.assertEqual(status, 200, body)
        self.assertEqual(headers["x-cache"], "Miss from cloudfront")
        self.assertIn("cloudfront.net (CloudFront)", headers["via"])
        event = json.loads(body)
        seen = {name.lower(): value for name, value in event["headers"].items()}
        self.assertEqual(event["queryStringParameters"], {"a": "1", "b": " "})
        self.assertEqual(event["requestContext"]["domainName"], f"{self.id}.execute-api.{REGION}.amazonaws.com")
        wanted = {"authorization": "mine", "cookie": "c=1", "x-origin-verify": "secret"}
        self.assertEqual({name: seen.get(name) for name in wanted}, wanted)

        bare = self.make(policy=None, headers={"X-Origin-Verify": "secret"})
        status, _, body = self.view(bare, "/open?a=1", Authorization="mine", Cookie="c=1", X_Mine="1")
        event = json.loads(body)
        seen = {name.lower(): value for name, value in event["headers"].items()}
        self.assertIsNone(event["queryStringParameters"])
        self.assertEqual(seen["user-agent"], "Amazon CloudFront")
        self.assertEqual(seen["x-origin-verify"], "secret")
        self.assertEqual({"authorization", "cookie", "x-mine"} & seen.keys(), set())

    def test_an_authorizer_behind_the_edge(self):
        token = self.tokens["IdToken"]
        good = self.make()
        self.assertEqual(self.view(good, "/token")[0], 401)
        self.assertEqual(self.view(good, "/token", Authorization=token)[0], 200)
        self.assertEqual(self.view(good, "/token", "POST", Authorization=token)[0], 200)
        # No policy: the token does not get there. The Host gets there: the API is another's.
        self.assertEqual(self.view(self.make(policy=None), "/token", Authorization=token)[0], 401)
        status, headers, body = self.view(self.make(policy=ALL_VIEWER), "/token", Authorization=token)
        self.assertEqual((status, body), (403, '{"message":"Forbidden"}'))
        self.assertEqual(headers["x-cache"], "Error from cloudfront")

    def test_who_caches_serves_everybody(self):
        careless = self.make(cache=OPTIMIZED)
        self.assertEqual(self.view(careless, "/token")[0], 401)
        self.assertEqual(self.view(careless, "/token", Authorization=self.tokens["IdToken"])[0], 200)
        status, headers, _ = self.view(careless, "/token")
        self.assertEqual((status, headers["x-cache"]), (200, "Hit from cloudfront"))
        made = self.edge.create_invalidation(
            DistributionId=careless["Id"],
            InvalidationBatch={"CallerReference": "i", "Paths": {"Quantity": 1, "Items": ["/*"]}},
        )["Invalidation"]
        self.edge.get_waiter("invalidation_completed").wait(DistributionId=careless["Id"], Id=made["Id"])
        self.assertEqual(self.view(careless, "/token")[0], 401)

    def test_an_api_only_through_its_distribution(self):
        direct = f"{self.endpoint}/_api/{self.id}/dev/key"
        self.assertEqual(request(direct)[0], 403)
        key = self.api.create_api_key(name="edge", enabled=True)
        plan = self.api.create_usage_plan(name="edge", apiStages=[{"apiId": self.id, "stage": "dev"}])
        self.api.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")
        through = self.make(headers={"x-api-key": key["value"]})
        self.assertEqual(request(direct)[0], 403)
        self.assertEqual(self.view(through, "/key")[0], 200)
        self.assertEqual(self.view(through, "/key", x_api_key="a viewer's own")[0], 200)
        self.assertEqual(self.view(self.make(), "/key")[0], 403)

    def test_viewers(self):
        reading = self.make(methods=["GET", "HEAD"])
        status, headers, body = self.view(reading, "/open", "POST")
        self.assertEqual((status, headers["server"]), (403, "CloudFront"))
        self.assertIn("supports only cachable requests", body)
        status, headers, _ = self.view(reading, "/open?a=1", X_Forwarded_Proto="http")
        self.assertEqual((status, headers["location"]), (301, f"https://{reading['DomainName']}/open?a=1"))
        host = {"Host": reading["DomainName"].replace(".cloudfront.net", ".cloudfront.localhost")}
        self.assertEqual(request(f"{self.endpoint}/open", headers=host)[0], 200)
        status, headers, body = request(f"{self.endpoint}/_cloudfront/dnobody.cloudfront.net/")
        self.assertEqual((status, headers["content-type"]), (403, "text/html"))
        self.assertIn("The request could not be satisfied", body)
        self.deploy_in(600)
        fresh = self.make()
        self.assertEqual(fresh["Status"], "InProgress")
        self.assertEqual(self.view(fresh, "/open")[0], 403)
        self.deploy_in(0)
        self.assertEqual(self.view(fresh, "/open")[0], 200)


class IdentityPool(WithAnApi):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pools = client("cognito-identity", cls.endpoint)
        cls.student = client("cognito-identity", cls.endpoint, signed=False)
        cls.provider = f"cognito-idp.{REGION}.amazonaws.com/{cls.pool}"

    def make(self, role, kind="authenticated", **parts):
        """An identity pool, and a role of this name that trusts it: the pool's id."""
        made = self.pools.create_identity_pool(**{
            "IdentityPoolName": role,
            "AllowUnauthenticatedIdentities": False,
            "CognitoIdentityProviders": [{"ProviderName": self.provider, "ClientId": self.client_id}],
            **parts,
        })["IdentityPoolId"]
        statement = {
            "Effect": "Allow",
            "Principal": {"Federated": "cognito-identity.amazonaws.com"},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {
                "StringEquals": {"cognito-identity.amazonaws.com:aud": made},
                "ForAnyValue:StringLike": {"cognito-identity.amazonaws.com:amr": kind},
            },
        }
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        arn = self.iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        self.pools.set_identity_pool_roles(IdentityPoolId=made, Roles={"authenticated": arn})
        return made

    def signed(self, keys, method="GET"):
        asked = AWSRequest(method=method, url=f"{self.endpoint}/_api/{self.id}/dev/signed")
        credentials = Credentials(keys["AccessKeyId"], keys["SecretKey"], keys["SessionToken"])
        SigV4Auth(credentials, "execute-api", REGION).add_auth(asked)
        ready = asked.prepare()
        status, _, body = request(ready.url, method, dict(ready.headers))
        return status, json.loads(body)

    def test_one_token_leads_to_a_signed_call(self):
        pool = self.make("student", IdentityPoolTags={"labctl:lab": "iam"})
        policy = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": f"{self.arn}/dev/GET/signed"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [policy]})
        self.iam.put_role_policy(RoleName="student", PolicyName="p", PolicyDocument=document)
        logins = {self.provider: self.tokens["IdToken"]}
        identity = self.student.get_id(IdentityPoolId=pool, Logins=logins)["IdentityId"]
        self.assertEqual(self.student.get_id(IdentityPoolId=pool, Logins=logins)["IdentityId"], identity)
        got = self.student.get_credentials_for_identity(IdentityId=identity, Logins=logins)
        keys = got["Credentials"]
        status, event = self.signed(keys)
        self.assertEqual(status, 200, event)
        who = event["requestContext"]["identity"]
        self.assertEqual(who["cognitoIdentityId"], identity)
        self.assertEqual(who["cognitoIdentityPoolId"], pool)
        self.assertEqual(who["cognitoAuthenticationType"], "authenticated")
        self.assertTrue(who["cognitoAuthenticationProvider"].startswith(f"{self.provider},{self.provider}:CognitoSignIn:"))
        self.assertEqual(self.signed(keys, "POST")[0], 403)
        self.assertEqual(self.signed({**keys, "SecretKey": "wrong"})[0], 403)
        session = boto3.client(
            "sts", endpoint_url=self.endpoint, region_name=REGION, aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretKey"], aws_session_token=keys["SessionToken"],
        )
        arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/student/CognitoIdentityCredentials"
        self.assertEqual(session.get_caller_identity()["Arn"], arn)

        tagging = client("resourcegroupstaggingapi", self.endpoint)
        found = tagging.get_resources(ResourceTypeFilters=["cognito-identity:identitypool"])["ResourceTagMappingList"]
        self.assertEqual([r["ResourceARN"].rsplit("/")[-1] for r in found], [pool])
        self.assertEqual(self.pools.list_tags_for_resource(ResourceArn=found[0]["ResourceARN"])["Tags"], {"labctl:lab": "iam"})

    def test_what_is_refused(self):
        pool = self.make("other", kind="unauthenticated")
        good = {self.provider: self.tokens["IdToken"]}
        for logins, message in (
            ({}, "Unauthenticated access is not supported for this identity pool."),
            ({self.provider: self.tokens["AccessToken"]}, "Invalid login token. Missing a required claim: aud"),
            ({self.provider: self.tokens["IdToken"][:-8] + "AAAAAAAA"}, "Invalid login token. Couldn't verify signed token."),
            ({self.provider + "x": self.tokens["IdToken"]}, "Token is not from a supported provider of this identity pool."),
        ):
            told = self.refused(self.student.get_id, "NotAuthorizedException", IdentityPoolId=pool, Logins=logins)
            self.assertEqual(told, message)
        identity = self.student.get_id(IdentityPoolId=pool, Logins=good)["IdentityId"]
        credentials = self.student.get_credentials_for_identity
        self.refused(credentials, "NotAuthorizedException", IdentityId=identity)
        self.refused(credentials, "InvalidIdentityPoolConfigurationException", IdentityId=identity, Logins=good)
        self.refused(credentials, "ResourceNotFoundException", IdentityId=f"{REGION}:0", Logins=good)
        self.refused(self.student.get_id, "ValidationException", IdentityPoolId="nonsense")
        self.refused(self.student.describe_identity_pool, "MissingAuthenticationTokenException", IdentityPoolId=pool)
        self.refused(self.student.get_open_id_token, "NotAuthorizedException", IdentityId=identity)
        self.refused(self.pools.list_identities, "NotImplementedException", IdentityPoolId=pool, MaxResults=1)
        self.assertEqual(self.student.get_open_id_token(IdentityId=identity, Logins=good)["IdentityId"], identity)

    def test_the_pool_itself(self):
        pool = self.make("pools")
        self.pools.get_identity_pool_roles(IdentityPoolId=pool)
        self.pools.update_identity_pool(
            IdentityPoolId=pool, IdentityPoolName="renamed", AllowUnauthenticatedIdentities=True
        )
        listed = self.pools.list_identity_pools(MaxResults=60)["IdentityPools"]
        self.assertIn({"IdentityPoolId": pool, "IdentityPoolName": "renamed"}, listed)
        guest = self.student.get_id(IdentityPoolId=pool)["IdentityId"]
        # A guest, and no role for guests.
        self.refused(
            self.student.get_credentials_for_identity, "InvalidIdentityPoolConfigurationException", IdentityId=guest
        )
        self.pools.delete_identity_pool(IdentityPoolId=pool)
        self.refused(self.pools.describe_identity_pool, "ResourceNotFoundException", IdentityPoolId=pool)

    def test_a_web_page_may_ask(self):
        pool = self.make("pages")
        page = {"Origin": "http://localhost:8080", "Content-Type": "application/x-amz-json-1.1"}
        status, headers, _ = request(f"{self.endpoint}/", "OPTIONS", {**page, "Access-Control-Request-Method": "POST"})
        self.assertEqual((status, headers["access-control-allow-origin"]), (200, "*"))
        body = json.dumps({"IdentityPoolId": pool, "Logins": {self.provider: self.tokens["IdToken"]}}).encode()
        asked = urllib.request.Request(
            f"{self.endpoint}/", data=body, headers={**page, "X-Amz-Target": "AWSCognitoIdentityService.GetId"}
        )
        with urllib.request.urlopen(asked, timeout=30) as answer:
            self.assertEqual(answer.headers["access-control-allow-origin"], "*")
            self.assertIn("IdentityId", json.load(answer))


if __name__ == "__main__":
    unittest.main()
