"""Who may call an API: signatures that botocore makes, Lambda authorizers and API keys, all set up with boto3."""

import io
import json
import unittest
import urllib.error
import urllib.parse
import urllib.request
import zipfile

import boto3
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from common import REGION, Lab, client

ACCOUNT = "000000000000"
#: What signs as the account's root, where signatures are looked at.
ROOT = Credentials(ACCOUNT, "local")

CODE = """
import json

def echo(event, context):
    return {"statusCode": 200, "body": json.dumps(event)}

def authorize(event, context):
    if event["authorizationToken"] == "throw":
        raise Exception("Unauthorized")
    effect = "Allow" if event["authorizationToken"] == "good" else "Deny"
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}
    return {
        "principalId": "me",
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {"level": 3},
    }
"""


def trust(principal):
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def allow(action, resource):
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def send(request):
    """(status, body, error type) of an AWSRequest."""
    ready = request.prepare()
    body = ready.body if ready.method != "GET" else None
    plain = urllib.request.Request(ready.url, data=body, headers=dict(ready.headers), method=ready.method)
    try:
        with urllib.request.urlopen(plain, timeout=30) as answer:
            return answer.status, json.loads(answer.read()), None
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read()), error.headers["x-amzn-ErrorType"]


class Gateway(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.lab = Lab()
        cls.addClassCleanup(cls.lab.close)
        cls.endpoint = cls.lab.json("local", "start")["endpoint"]
        cls.iam, cls.api, cls.sts = (client(name, cls.endpoint) for name in ("iam", "apigateway", "sts"))
        functions = client("lambda", cls.endpoint)
        role = cls.iam.create_role(RoleName="fn", AssumeRolePolicyDocument=trust({"Service": "lambda.amazonaws.com"}))
        package = io.BytesIO()
        with zipfile.ZipFile(package, "w") as archive:
            archive.writestr("code.py", CODE)
        uris = {}
        for name in ("echo", "authorize"):
            made = functions.create_function(
                FunctionName=name, Runtime="python3.13", Role=role["Role"]["Arn"], Handler=f"code.{name}",
                Code={"ZipFile": package.getvalue()},
            )
            functions.get_waiter("function_active_v2").wait(FunctionName=name)
            uris[name] = (
                f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{made['FunctionArn']}/invocations"
            )
        made = cls.api.create_rest_api(name="api", endpointConfiguration={"types": ["REGIONAL"]})
        cls.id, root = made["id"], made["rootResourceId"]
        cls.arn = f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{cls.id}"
        cls.authorizer = cls.api.create_authorizer(
            restApiId=cls.id, name="auth", type="TOKEN", authorizerUri=uris["authorize"],
            identitySource="method.request.header.Authorization",
        )["id"]
        for name, source in (("echo", f"{cls.arn}/*"), ("authorize", f"{cls.arn}/authorizers/{cls.authorizer}")):
            functions.add_permission(
                FunctionName=name, StatementId="api", Action="lambda:InvokeFunction",
                Principal="apigateway.amazonaws.com", SourceArn=source,
            )
        for part, protection in (
            ("signed", {"authorizationType": "AWS_IAM"}),
            ("custom", {"authorizationType": "CUSTOM", "authorizerId": cls.authorizer}),
            ("key", {"authorizationType": "NONE", "apiKeyRequired": True}),
        ):
            parent = cls.api.create_resource(restApiId=cls.id, parentId=root, pathPart=part)["id"]
            below = cls.api.create_resource(restApiId=cls.id, parentId=parent, pathPart="{proxy+}")["id"]
            for resource in (parent, below):
                place = {"restApiId": cls.id, "resourceId": resource, "httpMethod": "ANY"}
                cls.api.put_method(**place, **protection)
                cls.api.put_integration(**place, type="AWS_PROXY", integrationHttpMethod="POST", uri=uris["echo"])
        cls.api.create_deployment(restApiId=cls.id, stageName="dev")

    def url(self, path):
        return f"{self.endpoint}/_api/{self.id}/dev{path}"

    def signed(self, credentials, path="/signed", method="GET", service="execute-api", region=REGION, **more):
        request = AWSRequest(method=method, url=self.url(path), **more)
        SigV4Auth(credentials, service, region).add_auth(request)
        return send(request)

    def assume(self, role, **more):
        made = self.sts.assume_role(RoleArn=role, RoleSessionName="student", **more)["Credentials"]
        return Credentials(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])

    def test_a_root_signs_whatever_a_request_may_be(self):
        status, event, _ = self.signed(ROOT)
        self.assertEqual(status, 200, event)
        self.assertEqual(event["requestContext"]["identity"]["userArn"], f"arn:aws:iam::{ACCOUNT}:root")
        for path, more in (
            ("/signed/a%2Fb%20c/", {}),
            ("/signed/a+b:c@d,e;f=g!$'()*~", {}),
            ("/signed/%C3%A9", {"params": {"q": "a b/ü&+", "a": "", "Z": "1"}}),
            ("/signed?b=2&a=1&b=1&c", {}),
            ("/signed", {"method": "POST", "data": "ö{}".encode(), "headers": {"X-Amz-Meta": "  a   b "}}),
            ("/signed", {"method": "DELETE"}),
        ):
            status, answer, _ = self.signed(ROOT, path, **more)
            self.assertEqual(status, 200, f"{path} {more}: {answer}")
        request = AWSRequest(method="GET", url=self.url("/signed?x=1"))
        SigV4QueryAuth(ROOT, "execute-api", REGION, expires=60).add_auth(request)
        self.assertEqual(send(request)[0], 200)
        request.url = request.url.replace("x=1", "x=2")
        self.assertEqual(send(request)[2], "InvalidSignatureException")

    def test_what_is_signed_wrongly(self):
        unsigned = send(AWSRequest(method="GET", url=self.url("/signed")))
        self.assertEqual(
            unsigned, (403, {"message": "Missing Authentication Token"}, "MissingAuthenticationTokenException")
        )
        for credentials, more, kind in (
            (Credentials(ACCOUNT, "other"), {}, "InvalidSignatureException"),
            (Credentials("AKIAIOSFODNN7EXAMPLE", "local"), {}, "UnrecognizedClientException"),
            (ROOT, {"service": "apigateway"}, "InvalidSignatureException"),
            (ROOT, {"region": "eu-west-1"}, "InvalidSignatureException"),
            (Credentials("444455556666", "local"), {}, "AccessDeniedException"),
        ):
            status, answer, seen = self.signed(credentials, **more)
            self.assertEqual((status, seen), (403, kind), answer)

    def test_a_role_calls_what_it_may(self):
        role = self.iam.create_role(RoleName="caller", AssumeRolePolicyDocument=trust({"AWS": ACCOUNT}))["Role"]["Arn"]
        session = self.assume(role)
        who = boto3.client(
            "sts", endpoint_url=self.endpoint, region_name=REGION, aws_access_key_id=session.access_key,
            aws_secret_access_key=session.secret_key, aws_session_token=session.token,
        ).get_caller_identity()
        user = f"arn:aws:sts::{ACCOUNT}:assumed-role/caller/student"
        self.assertEqual(who["Arn"], user)
        resource = f"{self.arn}/dev/GET/signed".replace(ACCOUNT, "********0000")
        message = f"User: {user} is not authorized to perform: execute-api:Invoke on resource: {resource}"
        self.assertEqual(self.signed(session), (403, {"Message": message}, "AccessDeniedException"))
        self.iam.put_role_policy(
            RoleName="caller", PolicyName="p", PolicyDocument=allow("execute-api:Invoke", f"{self.arn}/*/GET/signed*")
        )
        status, event, _ = self.signed(session, "/signed/x")
        self.assertEqual(status, 200, event)
        identity = event["requestContext"]["identity"]
        self.assertEqual((identity["userArn"], identity["user"]), (user, who["UserId"]))
        self.assertEqual(self.signed(session, method="POST")[0], 403)
        narrow = self.assume(role, Policy=allow("execute-api:Invoke", f"{self.arn}/dev/GET/signed"), DurationSeconds=900)
        self.assertEqual([self.signed(narrow, path)[0] for path in ("/signed", "/signed/x")], [200, 403])
        # The same question, without asking in earnest.
        simulated = self.iam.simulate_principal_policy(
            PolicySourceArn=role, ActionNames=["execute-api:Invoke"],
            ResourceArns=[f"{self.arn}/dev/GET/signed", f"{self.arn}/dev/POST/signed"],
        )["EvaluationResults"]
        self.assertEqual([one["EvalDecision"] for one in simulated], ["allowed", "implicitDeny"])
        # Without its token, a temporary key is no key: neither here nor for API calls.
        bare = Credentials(session.access_key, session.secret_key)
        self.assertEqual(self.signed(bare)[2], "UnrecognizedClientException")
        for service, operation, code in (
            ("sts", "get_caller_identity", "InvalidClientTokenId"),
            ("apigateway", "get_rest_apis", "UnrecognizedClientException"),
            ("logs", "describe_log_groups", "UnrecognizedClientException"),
        ):
            tokenless = boto3.client(
                service, endpoint_url=self.endpoint, region_name=REGION,
                aws_access_key_id=session.access_key, aws_secret_access_key=session.secret_key,
            )
            with self.assertRaises(ClientError) as refused:
                getattr(tokenless, operation)()
            self.assertEqual(refused.exception.response["Error"]["Code"], code)

    def test_a_role_that_trusts_somebody_else(self):
        self.iam.create_role(RoleName="other", AssumeRolePolicyDocument=trust({"AWS": "444455556666"}))
        for name in ("other", "absent"):
            with self.assertRaises(ClientError) as refused:
                self.assume(f"arn:aws:iam::{ACCOUNT}:role/{name}")
            self.assertEqual(refused.exception.response["Error"]["Code"], "AccessDenied")

    def test_a_lambda_authorizer(self):
        def call(token, path="/custom"):
            headers = {} if token is None else {"Authorization": token}
            return send(AWSRequest(method="GET", url=self.url(path), headers=headers))

        unauthorized = (401, {"message": "Unauthorized"}, "UnauthorizedException")
        self.assertEqual(call(None), unauthorized)
        self.assertEqual(call("throw"), unauthorized)
        denied = "User is not authorized to access this resource"
        self.assertEqual(
            call("bad"), (403, {"Message": f"{denied} with an explicit deny"}, "AccessDeniedException")
        )
        status, event, _ = call("good")
        self.assertEqual(status, 200, event)
        self.assertEqual(event["requestContext"]["authorizer"]["level"], "3")
        # What is cached is the policy, and it is for one route.
        self.assertEqual(call("good", "/custom/x"), (403, {"Message": denied}, "AccessDeniedException"))
        self.api.flush_stage_authorizers_cache(restApiId=self.id, stageName="dev")
        self.assertEqual(call("good", "/custom/x")[0], 200)
        tested = self.api.test_invoke_authorizer(
            restApiId=self.id, authorizerId=self.authorizer, headers={"Authorization": "good"}
        )
        self.assertEqual((tested["clientStatus"], tested["principalId"]), (0, "me"))

    def test_an_api_key(self):
        def call(key):
            return send(AWSRequest(method="GET", url=self.url("/key"), headers={"x-api-key": key} if key else {}))

        forbidden = (403, {"message": "Forbidden"}, "ForbiddenException")
        self.assertEqual([call(None), call("wrong")], [forbidden, forbidden])
        key = self.api.create_api_key(name="k", enabled=True)
        plan = self.api.create_usage_plan(
            name="p", apiStages=[{"apiId": self.id, "stage": "dev"}], quota={"limit": 1, "period": "DAY"}
        )
        self.api.create_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"], keyType="API_KEY")
        status, event, _ = call(key["value"])
        self.assertEqual(status, 200, event)
        self.assertEqual(event["requestContext"]["identity"]["apiKeyId"], key["id"])
        self.assertEqual(call(key["value"]), (429, {"message": "Limit Exceeded"}, "LimitExceededException"))
        # Every answer of these is held against the model.
        self.api.get_api_keys(includeValues=True)
        self.api.get_api_key(apiKey=key["id"], includeValue=True)
        self.api.get_usage_plans()
        self.api.get_usage_plan_keys(usagePlanId=plan["id"])
        self.api.get_usage_plan_key(usagePlanId=plan["id"], keyId=key["id"])
        stage = [{"op": "remove", "path": "/apiStages", "value": f"{self.id}:dev"}]
        self.api.update_usage_plan(usagePlanId=plan["id"], patchOperations=stage)
        self.assertEqual(call(key["value"]), forbidden)
        self.api.delete_usage_plan(usagePlanId=plan["id"])
        self.api.delete_api_key(apiKey=key["id"])
        self.assertEqual(len(self.api.get_gateway_responses(restApiId=self.id)["items"]), 21)


class Restarted(unittest.TestCase):
    def test_a_session_outlives_its_twin(self):
        lab = Lab()
        self.addCleanup(lab.close)

        def start(**keys):
            endpoint = lab.json("local", "start")["endpoint"]
            keys = keys or {"aws_access_key_id": ACCOUNT, "aws_secret_access_key": "any"}
            made = {"endpoint_url": endpoint, "region_name": REGION, **keys}
            return boto3.client("iam", **made), boto3.client("sts", **made)

        iam, sts = start()
        role = iam.create_role(RoleName="caller", AssumeRolePolicyDocument=trust({"AWS": ACCOUNT}))["Role"]["Arn"]
        made = sts.assume_role(RoleArn=role, RoleSessionName="student")
        lab.run("local", "stop")
        keys = made["Credentials"]
        _, sts = start(
            aws_access_key_id=keys["AccessKeyId"], aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        )
        self.assertEqual(sts.get_caller_identity()["Arn"], made["AssumedRoleUser"]["Arn"])


if __name__ == "__main__":
    unittest.main()
