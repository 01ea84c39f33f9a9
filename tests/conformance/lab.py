"""The lab that points look at: each part is made when a point first wants it, and removed at the end."""

import base64
import hashlib
import io
import json
import secrets
import time
import urllib.error
import urllib.request
import zipfile
from collections import Counter, defaultdict
from functools import cached_property

import boto3
from botocore import UNSIGNED
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.exceptions import ClientError

from common import validate

SCOPE = "aws.cognito.signin.user.admin"
PASSWORD = "Str0ng-Passw0rd!"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
# One function for everything: the tutorial's answer, what it was given, and ways to fail; also an authorizer.
HANDLER = '''
import json

def lambda_handler(event, context):
    mode = (event.get("queryStringParameters") or {}).get("mode")
    if mode == "raise":
        raise ValueError("on purpose")
    if mode == "malformed":
        return ["no", "status"]
    if mode == "echo":
        return {"statusCode": 201, "headers": {"X-Mine": "yes"}, "body": json.dumps(event)}
    return {"statusCode": 200, "headers": {"Content-Type": "text/plain"}, "body": "Hello from Lambda!"}

def authorize(event, context):
    token = event.get("authorizationToken") or event["headers"]["Authorization"]
    if token == "unauthorized":
        raise Exception("Unauthorized")
    if token == "broken":
        return {"principalId": "someone"}
    effect = "Allow" if token == "allow" else "Deny"
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": "someone", "policyDocument": policy, "context": {"colour": "green"}}
'''


class Answer:
    """What the data plane answered."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def seen(self):
        return self.status, self.body

    def json(self):
        return json.loads(self.body)

    def error_type(self):
        return self.headers.get("x-amzn-ErrorType")


class Lab:
    def __init__(self, target, email):
        self.target = target
        self.prefix = f"conformance-{secrets.token_hex(3)}"
        self.email = email or f"{self.prefix}@example.com"
        self.checked = Counter()
        self.misshapen = defaultdict(dict)
        self._clients = {}
        self._removals = []

    # Clients: unchecked inputs (the service has to check them), checked answers.

    def client(self, service, signed=True):
        if (service, signed) not in self._clients:
            retries = {"mode": "adaptive", "max_attempts": 10} if self.target.real else {"total_max_attempts": 1}
            config = Config(
                retries=retries, parameter_validation=False, read_timeout=60,
                **({} if signed else {"signature_version": UNSIGNED}),
            )
            made = boto3.client(service, config=config, **self.target.client_options())
            name = made.meta.service_model.service_id.hyphenize()
            made.meta.events.register_first(f"after-call.{name}", self._check)
            self._clients[service, signed] = made
        return self._clients[service, signed]

    def _check(self, http_response, parsed, model, **rest):
        service = model.service_model.service_name
        try:
            validate(http_response, parsed, model, **rest)
            self.checked[service] += 1
        except AssertionError as why:
            self.misshapen[service].setdefault(model.name, str(why))

    iam = property(lambda self: self.client("iam"))
    functions = property(lambda self: self.client("lambda"))
    logs = property(lambda self: self.client("logs"))
    cognito = property(lambda self: self.client("cognito-idp"))
    student = property(lambda self: self.client("cognito-idp", signed=False))
    gateway = property(lambda self: self.client("apigateway"))
    edge = property(lambda self: self.client("cloudfront"))
    identities = property(lambda self: self.client("cognito-identity"))
    guests = property(lambda self: self.client("cognito-identity", signed=False))
    sts = property(lambda self: self.client("sts"))
    strangers = property(lambda self: self.client("sts", signed=False))
    tagging = property(lambda self: self.client("resourcegroupstaggingapi"))

    # Removal, last made first.

    def later(self, call, **arguments):
        self._removals.append((call, arguments))

    def close(self):
        """What could not be removed."""
        problems = []
        for call, arguments in reversed(self._removals):
            problem = self._remove(call, arguments)
            if problem and self.target.real:
                problems.append(problem)
        return problems

    def _remove(self, call, arguments):
        for _ in range(20 if self.target.real else 1):
            try:
                call(**arguments)
                return None
            except ClientError as why:
                code = why.response["Error"]["Code"]
                if any(word in code for word in ("NotFound", "NoSuchEntity")):
                    return None
                if "TooManyRequests" not in code:
                    return f"{call.__name__} {arguments}: {why}"
                time.sleep(31)  # DeleteRestApi: one in 30 s
            except Exception as why:  # noqa: BLE001: an emulator may answer anything
                return f"{call.__name__} {arguments}: {why}"
        return f"{call.__name__} {arguments}: throttled"

    def patiently(self, call, until="cannot be assumed"):
        """On AWS a new role takes its time."""
        for attempt in range(30):
            try:
                return call()
            except ClientError as why:
                if not self.target.real or until not in str(why) or attempt == 29:
                    raise
                time.sleep(2)

    # Names

    def name(self, what):
        return f"{self.prefix}-{what}"

    @cached_property
    def account(self):
        return self.client("sts").get_caller_identity()["Account"]

    @cached_property
    def region(self):
        return self.cognito.meta.region_name

    # The function

    def role_named(self, what, trust=TRUST):
        name = self.name(what)
        made = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]
        self.later(self.iam.delete_role, RoleName=name)
        return made

    @cached_property
    def role(self):
        made = self.role_named("role")
        policy = {"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": "*",
        }]}
        named = {"RoleName": made["RoleName"], "PolicyName": "logs"}
        self.iam.put_role_policy(**named, PolicyDocument=json.dumps(policy))
        self.later(self.iam.delete_role_policy, **named)
        return made

    @cached_property
    def zip(self):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as made:
            entry = zipfile.ZipInfo("lambda_function.py", (2026, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            made.writestr(entry, HANDLER)
        return packed.getvalue()

    @property
    def zip_hash(self):
        return base64.b64encode(hashlib.sha256(self.zip).digest()).decode()

    def function_input(self, name, **changes):
        return {
            "FunctionName": name, "Role": self.role["Arn"], "Runtime": "python3.13", "Code": {"ZipFile": self.zip},
            "Handler": "lambda_function.lambda_handler", **changes,
        }

    def function_named(self, what, **changes):
        name = self.name(what)
        self.later(self.logs.delete_log_group, logGroupName=f"/aws/lambda/{name}")
        made = self.patiently(lambda: self.functions.create_function(**self.function_input(name, **changes)))
        self.later(self.functions.delete_function, FunctionName=name)
        self.functions.get_waiter("function_active_v2").wait(FunctionName=name)
        return made

    @cached_property
    def function(self):
        """The tutorial's function, as CreateFunction showed it."""
        return self.function_named("hello", Tags={"conformance": self.prefix})

    @cached_property
    def function_name(self):
        return self.function["FunctionName"]

    # The user pool

    def pool_named(self, what, **changes):
        wanted = {
            "PoolName": self.name(what), "UsernameAttributes": ["email"], "AutoVerifiedAttributes": ["email"],
            "Policies": {"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"]}}, **changes,
        }
        made = self.cognito.create_user_pool(**wanted)["UserPool"]
        self.later(self.cognito.delete_user_pool, UserPoolId=made["Id"])
        return made

    @cached_property
    def pool(self):
        return self.pool_named("pool", UserPoolTags={"conformance": self.prefix})

    @property
    def pool_id(self):
        return self.pool["Id"]

    def app(self, what, pool=None, **changes):
        """A new app client."""
        wanted = {
            "UserPoolId": pool or self.pool_id, "ClientName": self.name(what),
            "ExplicitAuthFlows": ["ALLOW_USER_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH",
                                  "ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH"],
            "PreventUserExistenceErrors": "ENABLED", **changes,
        }
        return self.cognito.create_user_pool_client(**wanted)["UserPoolClient"]

    @cached_property
    def spa(self):
        return self.app("spa")["ClientId"]

    def user(self, email, password=None, pool=None, **changes):
        """A new user, without a password or with one for good."""
        attributes = [{"Name": "email", "Value": email}, {"Name": "email_verified", "Value": "true"}]
        wanted = {"UserPoolId": pool or self.pool_id, "Username": email, "UserAttributes": attributes,
                  "MessageAction": "SUPPRESS", **changes}
        made = self.cognito.admin_create_user(**wanted)["User"]
        if password:
            self.cognito.admin_set_user_password(
                UserPoolId=pool or self.pool_id, Username=email, Password=password, Permanent=True)
        return made

    @cached_property
    def student_user(self):
        """Signs in with codes only."""
        return self.user(self.email)

    @cached_property
    def worker(self):
        """An address whose user has a password; codes are never mailed there."""
        address = f"worker-{self.prefix}@example.com"
        self.user(address, PASSWORD)
        return address

    def by_password(self, app=None, user=None, password=PASSWORD, **parameters):
        answer = self.student.initiate_auth(
            ClientId=app or self.spa, AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": user or self.worker, "PASSWORD": password, **parameters})
        return answer["AuthenticationResult"]

    @cached_property
    def tokens(self):
        return self.by_password()

    def choose(self, user, app=None, **parameters):
        return self.student.initiate_auth(
            ClientId=app or self.spa, AuthFlow="USER_AUTH", AuthParameters={"USERNAME": user, **parameters})

    def ask_code(self):
        """The challenge for the student's code, and the code."""
        _ = self.student_user
        before = self.target.codes(self.email)
        begun = self.choose(self.email, PREFERRED_CHALLENGE="EMAIL_OTP")
        for _ in range(60 if self.target.real else 1):
            codes = self.target.codes(self.email)
            if codes[:1] != before[:1]:
                return begun, codes[0]
            time.sleep(2)
        raise AssertionError("no code was mailed")

    def answer_code(self, begun, code, user=None, app=None):
        return self.student.respond_to_auth_challenge(
            ClientId=app or self.spa, ChallengeName="EMAIL_OTP", Session=begun["Session"],
            ChallengeResponses={"USERNAME": user or self.email, "EMAIL_OTP_CODE": code})

    # The API

    def api_named(self, what, **changes):
        made = self.gateway.create_rest_api(
            name=self.name(what), endpointConfiguration={"types": ["REGIONAL"]}, **changes)
        self.later(self.gateway.delete_rest_api, restApiId=made["id"])
        made["rootResourceId"] = made.get("rootResourceId") or self.gateway.get_resources(
            restApiId=made["id"])["items"][0]["id"]
        return made

    @cached_property
    def api(self):
        return self.api_named("api", tags={"conformance": self.prefix})

    @property
    def api_id(self):
        return self.api["id"]

    @cached_property
    def scratch(self):
        """An API that is never deployed."""
        return self.api_named("scratch")

    def resource(self, part, api=None):
        api = api or self.api
        return self.gateway.create_resource(
            restApiId=api["id"], parentId=api["rootResourceId"], pathPart=part)["id"]

    @cached_property
    def authorizer(self):
        return self.gateway.create_authorizer(
            restApiId=self.api_id, name=self.name("authorizer"), type="COGNITO_USER_POOLS",
            providerARNs=[self.pool["Arn"]], identitySource="method.request.header.Authorization")["id"]

    @property
    def lambda_uri(self):
        return self.uri(self.function["FunctionArn"])

    def uri(self, arn):
        return f"arn:aws:apigateway:{self.region}:lambda:path/2015-03-31/functions/{arn}/invocations"

    def method(self, part, api=None, uri=None, **changes):
        """A path with a GET method that the function answers."""
        api = api or self.api
        at = {"restApiId": api["id"], "resourceId": self.resource(part, api), "httpMethod": "GET"}
        self.gateway.put_method(**at, **{"authorizationType": "NONE", **changes})
        self.gateway.put_integration(
            **at, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri or self.lambda_uri)
        return at

    @cached_property
    def demo(self):
        """The tutorial's method."""
        return self.method("demo", authorizationType="COGNITO_USER_POOLS", authorizerId=self.authorizer,
                           authorizationScopes=[SCOPE])

    def permit(self, statement, source, function=None, principal="apigateway.amazonaws.com"):
        return self.functions.add_permission(
            FunctionName=function or self.function_name, StatementId=statement, Action="lambda:InvokeFunction",
            Principal=principal, SourceArn=f"arn:aws:execute-api:{self.region}:{self.account}:{source}")

    @cached_property
    def permission(self):
        return self.permit("all", f"{self.api_id}/*/GET/*")

    def deploy(self, stage, api=None):
        """A new deployment in a stage of this name."""
        api = api or self.api_id
        made = self.gateway.create_deployment(restApiId=api)["id"]
        names = [s["stageName"] for s in self.gateway.get_stages(restApiId=api)["item"]]
        if stage in names:
            patch = [{"op": "replace", "path": "/deploymentId", "value": made}]
            self.gateway.update_stage(restApiId=api, stageName=stage, patchOperations=patch)
        else:
            self.gateway.create_stage(restApiId=api, stageName=stage, deploymentId=made,
                                      tags={"conformance": self.prefix})
        return made

    @cached_property
    def stage(self):
        """The tutorial's stage, with its method and what else the data plane is asked for."""
        _ = self.demo, self.permission
        self.method("ids", authorizationType="COGNITO_USER_POOLS", authorizerId=self.authorizer)
        self.method("open")
        self.deploy("dev")
        return "dev"

    def call(self, path, token=None, stage=None, expect=None, method="GET", headers=None, api=None):
        """GETs a deployed path; on AWS until the status is the expected one, for a minute."""
        url, host = self.target.invoke(api or self.api_id, stage or self.stage, path)
        return self.fetch(url, host, token, expect, method, headers)

    def through(self, domain, path, token=None, expect=None, method="GET", headers=None):
        """The same of a path behind a distribution."""
        url, host = self.target.edge(domain, path)
        return self.fetch(url, host, token, expect, method, headers)

    def signed(self, path, stage, api=None, keys=None, spoil=False):
        """Headers of a SigV4-signed GET, with the lab's own keys or others."""
        url, host = self.target.invoke(api or self.api_id, stage, path)
        request = AWSRequest("GET", url, headers={"Host": host})
        credentials = keys or self.functions._request_signer._credentials
        SigV4Auth(credentials, "execute-api", self.region).add_auth(request)
        headers = dict(request.headers.items())
        if spoil:
            start, signature = headers["Authorization"].rsplit("=", 1)
            headers["Authorization"] = f"{start}={'0' * len(signature)}"
        return headers

    def fetch(self, url, host, token, expect, method, headers):
        sent = {"Host": host, **({"Authorization": token} if token else {}), **(headers or {})}
        for _ in range(30 if self.target.real and expect else 1):
            try:
                with urllib.request.urlopen(urllib.request.Request(url, headers=sent, method=method), timeout=60) as got:
                    answer = Answer(got.status, got.headers, got.read().decode(errors="replace"))
            except urllib.error.HTTPError as got:
                answer = Answer(got.code, got.headers, got.read().decode(errors="replace"))
            if answer.status == expect:
                break
            if self.target.real:
                time.sleep(2)
        return answer


def claims(token):
    """What a token says, unverified."""
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
