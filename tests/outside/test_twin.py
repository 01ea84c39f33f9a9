"""A lab that labctl built on the twin, looked at and used by boto3 and the AWS CLI."""

import base64
import json
import os
import subprocess
import unittest
import urllib.request

from botocore.exceptions import ClientError

from common import KEYS, Lab, client, get, newest_code

UNAUTHORIZED = (401, '{"message":"Unauthorized"}')
HELLO = (200, "Hello from Lambda!")
FUNCTION = "d-lambda-nonvpc-cmp-demo-function"
EMAIL = "student@example.com"
SCOPE = "aws.cognito.signin.user.admin"


class OnTheTwin(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = Lab()
        cls.addClassCleanup(cls.lab.close)
        cls.lab.run("up", "--local")
        status = cls.lab.json("status")
        cls.endpoint, cls.outputs = status["endpoint"], status["outputs"]

    def client(self, service, signed=True):
        return client(service, self.endpoint, signed)

    def cli(self, *words, refused=False):
        environment = {**KEYS, "PATH": os.environ["PATH"], "HOME": str(self.lab.folder), "AWS_ENDPOINT_URL": self.endpoint}
        done = subprocess.run(["aws", *words, "--output", "json"], env=environment, capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode != 0, refused, done.stderr)
        return done.stderr if refused else json.loads(done.stdout)

    def sign_in(self, cognito):
        begun = cognito.initiate_auth(
            AuthFlow="USER_AUTH",
            ClientId=self.outputs["client_id"],
            AuthParameters={"USERNAME": EMAIL, "PREFERRED_CHALLENGE": "EMAIL_OTP"},
        )
        self.assertEqual(begun["ChallengeName"], "EMAIL_OTP")
        answered = cognito.respond_to_auth_challenge(
            ClientId=self.outputs["client_id"],
            ChallengeName="EMAIL_OTP",
            Session=begun["Session"],
            ChallengeResponses={"USERNAME": EMAIL, "EMAIL_OTP_CODE": newest_code(self.endpoint, EMAIL)},
        )
        return answered["AuthenticationResult"]

    def test_a_student_signs_in_and_calls_with_boto3(self):
        url = self.outputs["invoke_url"]
        self.assertEqual(get(url), UNAUTHORIZED)
        cognito = self.client("cognito-idp", signed=False)
        tokens = self.sign_in(cognito)
        self.assertEqual(get(url, tokens["AccessToken"]), HELLO)
        self.assertEqual(get(url, tokens["IdToken"]), UNAUTHORIZED)
        self.assertEqual(get(url, tokens["AccessToken"][:-4] + "AAAA"), UNAUTHORIZED)
        user = cognito.get_user(AccessToken=tokens["AccessToken"])
        self.assertIn({"Name": "email", "Value": EMAIL}, user["UserAttributes"])
        new = cognito.initiate_auth(
            AuthFlow="REFRESH_TOKEN_AUTH",
            ClientId=self.outputs["client_id"],
            AuthParameters={"REFRESH_TOKEN": tokens["RefreshToken"]},
        )["AuthenticationResult"]
        self.assertEqual(get(url, new["AccessToken"]), HELLO)
        claims = json.loads(base64.urlsafe_b64decode(new["AccessToken"].split(".")[1] + "=="))
        self.assertEqual((claims["scope"], claims["token_use"]), (SCOPE, "access"))

    def test_a_student_signs_in_and_calls_with_the_aws_cli(self):
        begun = self.cli(
            "cognito-idp", "initiate-auth", "--auth-flow", "USER_AUTH", "--client-id", self.outputs["client_id"],
            "--auth-parameters", f"USERNAME={EMAIL},PREFERRED_CHALLENGE=EMAIL_OTP",
        )
        code = newest_code(self.endpoint, EMAIL)
        answered = self.cli(
            "cognito-idp", "respond-to-auth-challenge", "--client-id", self.outputs["client_id"],
            "--challenge-name", "EMAIL_OTP", f"--session={begun['Session']}",  # It may begin with a dash.
            "--challenge-responses", f"USERNAME={EMAIL},EMAIL_OTP_CODE={code}",
        )
        token = answered["AuthenticationResult"]["AccessToken"]
        self.assertEqual(get(self.outputs["invoke_url"], token), HELLO)

    def test_wrong_codes_and_unknown_users(self):
        cognito = self.client("cognito-idp", signed=False)
        parameters = {"USERNAME": EMAIL, "PREFERRED_CHALLENGE": "EMAIL_OTP"}
        begin = {"AuthFlow": "USER_AUTH", "ClientId": self.outputs["client_id"]}
        begun = cognito.initiate_auth(**begin, AuthParameters=parameters)
        with self.assertRaises(ClientError) as refused:
            cognito.respond_to_auth_challenge(
                ClientId=self.outputs["client_id"], ChallengeName="EMAIL_OTP", Session=begun["Session"],
                ChallengeResponses={"USERNAME": EMAIL, "EMAIL_OTP_CODE": "00000000"},
            )
        self.assertEqual(refused.exception.response["Error"]["Code"], "CodeMismatchException")
        # Who is not there looks like who is: a challenge, and no mail.
        stranger = cognito.initiate_auth(**begin, AuthParameters={**parameters, "USERNAME": "nobody@example.com"})
        self.assertEqual(stranger["ChallengeName"], "EMAIL_OTP")
        self.assertEqual(json.loads(get(f"{self.endpoint}/_local/inbox.json?to=nobody@example.com")[1]), [])

    def test_the_function_by_its_own_api(self):
        functions = self.client("lambda")
        self.assertEqual([f["FunctionName"] for f in functions.list_functions()["Functions"]], [FUNCTION])
        made = functions.get_function(FunctionName=FUNCTION)
        self.assertEqual(made["Tags"]["labctl:lab"], "cognito-authorizer")
        self.assertEqual(made["Configuration"]["Runtime"], "python3.13")
        self.assertEqual(made["Configuration"]["Architectures"], ["x86_64"])
        self.assertEqual(made["Configuration"]["State"], "Active")
        statement = json.loads(functions.get_policy(FunctionName=FUNCTION)["Policy"])["Statement"][0]
        self.assertEqual(statement["Principal"], {"Service": "apigateway.amazonaws.com"})
        answer = functions.invoke(FunctionName=FUNCTION, Payload=b"{}", LogType="Tail")
        self.assertEqual(json.loads(answer["Payload"].read())["body"], HELLO[1])
        self.assertIn("REPORT", base64.b64decode(answer["LogResult"]).decode())

    def test_the_function_writes_its_log(self):
        self.client("lambda").invoke(FunctionName=FUNCTION, Payload=b"{}")
        logs = self.client("logs")
        group = f"/aws/lambda/{FUNCTION}"
        groups = logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/")["logGroups"]
        self.assertEqual([g["logGroupName"] for g in groups], [group])
        streams = logs.describe_log_streams(logGroupName=group)["logStreams"]
        events = logs.get_log_events(logGroupName=group, logStreamName=streams[0]["logStreamName"])["events"]
        lines = "".join(e["message"] for e in events)
        for word in ("START RequestId", "END RequestId", "REPORT RequestId"):
            self.assertIn(word, lines)
        self.assertTrue(logs.filter_log_events(logGroupName=group, filterPattern="REPORT")["events"])

    def test_the_role_and_its_policy(self):
        iam = self.client("iam")
        names = [r["RoleName"] for r in iam.list_roles()["Roles"]]
        self.assertEqual(names, [f"{FUNCTION}-role"])
        role = iam.get_role(RoleName=names[0])["Role"]
        self.assertIn({"Key": "labctl:lab", "Value": "cognito-authorizer"}, role["Tags"])
        statement = role["AssumeRolePolicyDocument"]["Statement"][0]
        self.assertEqual(statement["Principal"], {"Service": "lambda.amazonaws.com"})
        inline = iam.list_role_policies(RoleName=names[0])["PolicyNames"]
        policy = iam.get_role_policy(RoleName=names[0], PolicyName=inline[0])["PolicyDocument"]
        self.assertEqual(sorted(policy["Statement"][0]["Action"]), ["logs:CreateLogStream", "logs:PutLogEvents"])
        self.assertEqual(iam.list_attached_role_policies(RoleName=names[0])["AttachedPolicies"], [])

    def test_the_user_pool(self):
        cognito = self.client("cognito-idp")
        pools = cognito.list_user_pools(MaxResults=10)["UserPools"]
        self.assertEqual([p["Name"] for p in pools], ["d-user-pool-demo"])
        pool = cognito.describe_user_pool(UserPoolId=pools[0]["Id"])["UserPool"]
        self.assertEqual(pool["UserPoolTier"], "ESSENTIALS")
        self.assertIn("EMAIL_OTP", pool["Policies"]["SignInPolicy"]["AllowedFirstAuthFactors"])
        self.assertEqual(pool["UsernameAttributes"], ["email"])
        clients = cognito.list_user_pool_clients(UserPoolId=pool["Id"])["UserPoolClients"]
        self.assertEqual([c["ClientName"] for c in clients], ["d-cognito-spa-app"])
        made = cognito.describe_user_pool_client(UserPoolId=pool["Id"], ClientId=clients[0]["ClientId"])["UserPoolClient"]
        self.assertNotIn("ClientSecret", made)
        self.assertIn("ALLOW_USER_AUTH", made["ExplicitAuthFlows"])
        user = cognito.list_users(UserPoolId=pool["Id"])["Users"][0]
        self.assertEqual(user["UserStatus"], "CONFIRMED")
        self.assertIn({"Name": "email_verified", "Value": "true"}, user["Attributes"])

    def test_the_api(self):
        gateway = self.client("apigateway")
        apis = gateway.get_rest_apis()["items"]
        self.assertEqual([a["name"] for a in apis], ["d-apigw-cmp-demo"])
        self.assertEqual(apis[0]["endpointConfiguration"]["types"], ["REGIONAL"])
        api = {"restApiId": apis[0]["id"]}
        resources = gateway.get_resources(**api)["items"]
        self.assertEqual(sorted(r["path"] for r in resources), ["/", "/demo"])
        demo = next(r["id"] for r in resources if r["path"] == "/demo")
        method = gateway.get_method(**api, resourceId=demo, httpMethod="GET")
        self.assertEqual(method["authorizationType"], "COGNITO_USER_POOLS")
        self.assertEqual(method["authorizationScopes"], [SCOPE])
        self.assertEqual(method["methodIntegration"]["type"], "AWS_PROXY")
        authorizers = gateway.get_authorizers(**api)["items"]
        self.assertEqual([a["name"] for a in authorizers], ["d-authorizer-user-pool-demo"])
        self.assertEqual(authorizers[0]["identitySource"], "method.request.header.Authorization")
        stages = gateway.get_stages(**api)["item"]
        self.assertEqual([s["stageName"] for s in stages], ["dev"])
        deployments = gateway.get_deployments(**api)["items"]
        self.assertEqual([d["id"] for d in deployments], [stages[0]["deploymentId"]])
        tested = gateway.test_invoke_method(**api, resourceId=demo, httpMethod="GET", pathWithQueryString="/demo")
        self.assertEqual((tested["status"], tested["body"]), HELLO)

    def test_everything_that_can_be_tagged_is(self):
        tagging = self.client("resourcegroupstaggingapi")
        lab = [{"Key": "labctl:lab", "Values": ["cognito-authorizer"]}]
        found = tagging.get_resources(TagFilters=lab)["ResourceTagMappingList"]
        kinds = sorted(f["ResourceARN"].split(":")[2] for f in found)
        # API and stage, pool, function, log group; the tagging API never lists roles.
        self.assertEqual(kinds, ["apigateway", "apigateway", "cognito-idp", "lambda", "logs"])

    def test_the_aws_cli_looks_around(self):
        self.assertEqual(self.cli("sts", "get-caller-identity")["Account"], KEYS["AWS_ACCESS_KEY_ID"])
        self.assertEqual(self.cli("lambda", "list-functions")["Functions"][0]["FunctionName"], FUNCTION)
        self.assertEqual(self.cli("cognito-idp", "list-user-pools", "--max-results", "5")["UserPools"][0]["Name"], "d-user-pool-demo")
        self.assertEqual(self.cli("apigateway", "get-rest-apis")["items"][0]["id"], self.outputs["api_id"])
        self.assertEqual(self.cli("iam", "list-roles")["Roles"][0]["RoleName"], f"{FUNCTION}-role")
        self.assertEqual(self.cli("logs", "describe-log-groups")["logGroups"][0]["retentionInDays"], 7)

    def test_what_is_not_served_is_named(self):
        said = self.cli("lambda", "list-layers", refused=True)
        self.assertIn("ListLayers", said)
        said = self.cli("s3api", "list-buckets", refused=True)
        self.assertIn("not serve", said)

    def test_the_keys_verify_the_tokens(self):
        pool = self.outputs["user_pool_id"]
        status, body = get(f"{self.endpoint}/{pool}/.well-known/openid-configuration")
        self.assertEqual(status, 200)
        self.assertTrue(json.loads(body)["issuer"].endswith(pool))
        status, body = get(f"{self.endpoint}/{pool}/.well-known/jwks.json")
        key = json.loads(body)["keys"][0]
        number = lambda text: int.from_bytes(base64.urlsafe_b64decode(text + "=="), "big")
        token = self.sign_in(self.client("cognito-idp", signed=False))["AccessToken"]
        signed, signature = token.rsplit(".", 1)
        opened = pow(number(signature), number(key["e"]), number(key["n"]))
        import hashlib

        digest = hashlib.sha256(signed.encode()).hexdigest()
        # PKCS #1 v1.5: 00 01 ff… 00, then what names SHA-256, then the digest.
        padded = f"{opened:0512x}"
        self.assertTrue(padded.startswith("0001ffff"))
        self.assertTrue(padded.endswith("003031300d060960864801650304020105000420" + digest))

    def test_only_loopback_names_are_served_the_inbox(self):
        request = urllib.request.Request(f"{self.endpoint}/_local/inbox.json", headers={"Host": "evil.example"})
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=30)
        self.assertEqual(refused.exception.code, 403)


if __name__ == "__main__":
    unittest.main()
