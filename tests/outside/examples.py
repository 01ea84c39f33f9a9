"""What the lab has, by the names of input members, and input values without which an operation gets nowhere."""

import io
import json
import zipfile

EMAIL = "student@example.com"
PASSWORD = "Str0ng-Passw0rd!"
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]})
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}]})


def zipped():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("m.py", "def h(event, context):\n    return event\n")
    return buffer.getvalue()


class Examples:
    def __init__(self, lab, client):
        outputs = lab.json("status")["outputs"]
        self.number = 0
        self.app, self.api, self.pool = outputs["client_id"], outputs["api_id"], outputs["user_pool_id"]
        functions, gateway, iam, cognito = client("lambda"), client("apigateway"), client("iam"), client("cognito-idp")
        function = functions.list_functions()["Functions"][0]
        self.function, self.role = function["FunctionArn"], function["Role"]
        role = iam.list_roles()["Roles"][0]["RoleName"]
        resources = gateway.get_resources(restApiId=self.api)["items"]
        root, demo = (next(r["id"] for r in resources if r["path"] == path) for path in ("/", "/demo"))
        authorizer = gateway.get_authorizers(restApiId=self.api)["items"][0]["id"]
        plan = gateway.create_usage_plan(name="plan", apiStages=[{"apiId": self.api, "stage": "dev"}])["id"]
        key = gateway.create_api_key(name="key", enabled=True)["id"]
        web = cognito.create_user_pool_client(UserPoolId=self.pool, ClientName="fuzz", ExplicitAuthFlows=[
            "ALLOW_USER_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"])
        self.web = web["UserPoolClient"]["ClientId"]
        cognito.admin_create_user(UserPoolId=self.pool, Username="fuzz@example.com", MessageAction="SUPPRESS")
        cognito.admin_set_user_password(UserPoolId=self.pool, Username="fuzz@example.com", Password=PASSWORD, Permanent=True)
        start = {"ClientId": self.web, "AuthFlow": "USER_PASSWORD_AUTH"}
        tokens = cognito.initiate_auth(**start, AuthParameters={"USERNAME": "fuzz@example.com", "PASSWORD": PASSWORD})["AuthenticationResult"]
        self.tokens = tokens
        self.known = {
            "functionname": [function["FunctionName"], self.function], "rolename": [role], "policyname": ["p"], "policyarn": ["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"],
            "rolearn": [self.role], "policysourcearn": [self.role], "policydocument": [POLICY], "assumerolepolicydocument": [TRUST], "rolesessionname": ["me"],
            "userpoolid": [self.pool], "clientid": [self.app, self.web], "username": [EMAIL, "fuzz@example.com"], "accesstoken": [tokens["AccessToken"]], "token": [tokens["RefreshToken"]],
            "restapiid": [self.api], "apiid": [self.api], "resourceid": [demo], "parentid": [root], "httpmethod": ["GET"], "stagename": ["dev"], "authorizerid": [authorizer], "usageplanid": [plan],
            "apikey": [key], "keyid": [key], "statuscode": ["200"], "deploymentid": [gateway.get_deployments(restApiId=self.api)["items"][0]["id"]], "responsetype": ["UNAUTHORIZED"],
            "loggroupname": [f"/aws/lambda/{function['FunctionName']}"], "password": [PASSWORD], "actionnames": ["logs:PutLogEvents"], "statementid": ["s"], "keytype": ["API_KEY"],
        }
        edge, identities = client("cloudfront"), client("cognito-identity")
        made = edge.create_distribution(DistributionConfig=self.edge_of("first"))
        identity = identities.create_identity_pool(IdentityPoolName="fuzz", AllowUnauthenticatedIdentities=True)["IdentityPoolId"]
        self.known |= {"id": [made["Distribution"]["Id"]], "distributionid": [made["Distribution"]["Id"]], "ifmatch": [made["ETag"]]}
        guest = identities.get_id(IdentityPoolId=identity)["IdentityId"]
        self.known |= {"identitypoolid": [identity], "identityid": [guest]}
        trust = {"Effect": "Allow", "Principal": {"Federated": "cognito-identity.amazonaws.com"}, "Action": "sts:AssumeRoleWithWebIdentity"}
        vouched = iam.create_role(RoleName="vouched", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": trust}))["Role"]["Arn"]
        self.vouched = {"RoleArn": vouched, "RoleSessionName": "me", "WebIdentityToken": identities.get_open_id_token(IdentityId=guest)["Token"]}
        provider = iam.create_open_id_connect_provider(Url=f"https://cognito-idp.us-east-1.amazonaws.com/{self.pool}", ClientIDList=[self.web])
        self.known["openidconnectproviderarn"] = [provider["OpenIDConnectProviderArn"]]
        self.set_up_names(client("wafv2"), client("route53"), client("acm"))
        self.arns = {
            "wafv2": self.acls[0]["ARN"],
            "cloudfront": made["Distribution"]["ARN"],
            "cognito-identity": f"arn:aws:cognito-identity:us-east-1:000000000000:identitypool/{identity}",
            "apigateway": f"arn:aws:apigateway:us-east-1::/restapis/{self.api}",
            "cognito-idp": f"arn:aws:cognito-idp:us-east-1:000000000000:userpool/{self.pool}",
            "lambda": self.function,
            "logs": f"arn:aws:logs:us-east-1:000000000000:log-group:{self.known['loggroupname'][0]}",
        }

    def set_up_names(self, waf, dns, certificates):
        """What a distribution uses beside CloudFront; of each one more, to be deleted."""
        default = {"Scope": "REGIONAL", "DefaultAction": {"Allow": {}}, "VisibilityConfig": {
            "SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": "m"}}
        self.acls = [waf.create_web_acl(Name=name, **default)["Summary"] for name in ("first", "second")]
        zones = [dns.create_hosted_zone(Name=f"{name}.example.com", CallerReference=name) for name in ("first", "second")]
        self.zones = [zone["HostedZone"]["Id"].split("/")[-1] for zone in zones]
        self.change = zones[0]["ChangeInfo"]["Id"].split("/")[-1]
        self.certificates = [
            certificates.request_certificate(DomainName=f"{name}.example.com", ValidationMethod="DNS")["CertificateArn"]
            for name in ("first", "second")
        ]
        self.known |= {"certificatearn": self.certificates[:1], "hostedzoneid": self.zones[:1], "resourcearn": [
            f"arn:aws:apigateway:us-east-1::/restapis/{self.api}/stages/dev"]}

    def acl(self, number):
        """Which web ACL is meant, as it was in the beginning."""
        made = self.acls[number]
        return {"Name": made["Name"], "Id": made["Id"], "Scope": "REGIONAL", "LockToken": made["LockToken"]}

    def edge_of(self, reference):
        """A distribution's configuration, before the lab's API."""
        domain = f"{self.api}.execute-api.us-east-1.amazonaws.com"
        custom = {"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "https-only"}
        return {
            "CallerReference": reference, "Comment": "", "Enabled": True,
            "Origins": {"Quantity": 1, "Items": [{"Id": "api", "DomainName": domain, "OriginPath": "/dev", "CustomOriginConfig": custom}]},
            "DefaultCacheBehavior": {
                "TargetOriginId": "api", "ViewerProtocolPolicy": "allow-all", "CachePolicyId": "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
            },
        }

    def of(self, what):
        """Values of an operation (`lambda.CreateFunction`) that replace invented ones."""
        self.number += 1
        service, name = what.split(".")
        new = f"n{self.number}"
        by_password = {"USERNAME": "fuzz@example.com", "PASSWORD": PASSWORD}
        if service == "route53" and "TagsForResource" in name:
            more = {"AddTags": [{"Key": "a", "Value": "b"}]} if name.startswith("Change") else {}
            return {"ResourceType": "hostedzone", "ResourceId": self.zones[0], **more}
        if service == "wafv2" and "Resource" in name and "WebACL" not in name:
            more = {"TagResource": {"Tags": [{"Key": "a", "Value": "b"}]}, "UntagResource": {"TagKeys": ["a"]}}
            return {"ResourceARN": self.arns[service], **more.get(name, {})}
        if name in ("TagResource", "UntagResource", "ListTags", "ListTagsForResource", "GetTags"):
            small = service in ("apigateway", "logs")
            tags = {"a": "b"} if service != "cloudfront" else {"Items": [{"Key": "a", "Value": "b"}]}
            keys = ["a"] if service != "cloudfront" else {"Items": ["a"]}
            more = {"TagResource": {"tags" if small else "Tags": tags}, "UntagResource": {"tagKeys" if small else "TagKeys": keys}}
            member = {"lambda": "Resource", "cloudfront": "Resource"}.get(service, "resourceArn" if small else "ResourceArn")
            return {member: self.arns[service], **more.get(name, {})}
        if name == "UpdateRestApi":
            policy = {"Statement": {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}}
            return {"patchOperations": [{"op": "replace", "path": "/policy", "value": json.dumps(policy)}]}
        if service == "apigateway" and name.startswith("Update"):
            path = {"UpdateUsagePlan": "/description", "UpdateMethod": "/apiKeyRequired", "UpdateAuthorizer": "/name", "UpdateResource": "/pathPart"}.get(name, "/description")
            return {"patchOperations": [{"op": "replace", "path": path, "value": "true" if name == "UpdateMethod" else new}]}
        return {
            "lambda.CreateFunction": {"FunctionName": new, "Role": self.role, "Runtime": "python3.13", "Handler": "m.h", "Code": {"ZipFile": zipped()}},
            "lambda.UpdateFunctionCode": {"ZipFile": zipped()},
            "lambda.AddPermission": {"StatementId": new, "Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com"},
            "iam.CreateRole": {"RoleName": new},
            "iam.TagRole": {"Tags": [{"Key": "a", "Value": "b"}]},
            "iam.UntagRole": {"TagKeys": ["a"]},
            "iam.SimulatePrincipalPolicy": {"ActionNames": ["logs:PutLogEvents"]},
            "cognito-idp.InitiateAuth": [
                {"ClientId": self.web, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": by_password},
                {"ClientId": self.web, "AuthFlow": "USER_SRP_AUTH", "AuthParameters": {"USERNAME": "fuzz@example.com", "SRP_A": "ab" * 384}},
                {"ClientId": self.app, "AuthFlow": "USER_AUTH", "AuthParameters": {"USERNAME": EMAIL, "PREFERRED_CHALLENGE": "EMAIL_OTP"}},
                {"ClientId": self.web, "AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": {"REFRESH_TOKEN": self.tokens["RefreshToken"]}},
            ][self.number % 4],
            "cognito-idp.AdminInitiateAuth": {"ClientId": self.web, "AuthFlow": "ADMIN_USER_PASSWORD_AUTH", "AuthParameters": by_password},
            "cognito-idp.AdminCreateUser": {"Username": f"{new}@example.com", "MessageAction": "SUPPRESS"},
            "cognito-idp.AdminUpdateUserAttributes": {"UserAttributes": [{"Name": "email", "Value": EMAIL}]},
            "cognito-idp.CreateIdentityProvider": {"ProviderName": new, "ProviderType": "Google", "ProviderDetails": {"client_id": "a", "client_secret": "b", "authorize_scopes": "email"}},
            "cognito-idp.RevokeToken": {"ClientId": self.web},
            "apigateway.CreateResource": {"pathPart": new},
            "apigateway.CreateStage": {"stageName": new},
            "apigateway.CreateDeployment": {"stageName": new},
            "apigateway.PutMethod": {"httpMethod": ["PUT", "PATCH", "DELETE", "HEAD"][self.number % 4], "authorizationType": "NONE"},
            "apigateway.PutIntegration": {"type": "MOCK"},
            "apigateway.PutIntegrationResponse": {"statusCode": "200"},
            "apigateway.PutMethodResponse": {"statusCode": ["200", "201", "202", "204"][self.number % 4]},
            "cloudfront.CreateDistribution": {"DistributionConfig": self.edge_of(new)},
            "cloudfront.CreateDistributionWithTags": {"DistributionConfigWithTags": {"DistributionConfig": self.edge_of(new), "Tags": {"Items": []}}},
            "cloudfront.UpdateDistribution": {"DistributionConfig": {**self.edge_of("first"), "Comment": new}},
            "cloudfront.CreateInvalidation": {"InvalidationBatch": {"CallerReference": new, "Paths": {"Quantity": 1, "Items": ["/*"]}}},
            "cognito-identity.CreateIdentityPool": {"IdentityPoolName": new, "AllowUnauthenticatedIdentities": True},
            "wafv2.CreateWebACL": {"Name": new, "Scope": "REGIONAL", "DefaultAction": {"Block": {}}, "Rules": []},
            "wafv2.GetWebACL": {"ARN": self.acls[0]["ARN"]},
            "wafv2.UpdateWebACL": {**self.acl(0), "DefaultAction": {"Allow": {}}, "Rules": []},
            "wafv2.DeleteWebACL": self.acl(1),
            "wafv2.ListWebACLs": {"Scope": "CLOUDFRONT"},
            "wafv2.AssociateWebACL": {"WebACLArn": self.acls[0]["ARN"]},
            "route53.CreateHostedZone": {"Name": f"{new}.example.com", "CallerReference": new},
            "route53.GetHostedZone": {"Id": self.zones[0]},
            "route53.DeleteHostedZone": {"Id": self.zones[1]},
            "route53.GetChange": {"Id": self.change},
            "route53.ChangeResourceRecordSets": {"HostedZoneId": self.zones[0], "ChangeBatch": {"Changes": [{
                "Action": "UPSERT", "ResourceRecordSet": {
                    "Name": f"{new}.first.example.com", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}}]}},
            "acm.RequestCertificate": {"DomainName": f"{new}.example.com", "ValidationMethod": "DNS"},
            "acm.DeleteCertificate": {"CertificateArn": self.certificates[1]},
            "acm.AddTagsToCertificate": {"Tags": [{"Key": "a", "Value": "b"}]},
            "acm.RemoveTagsFromCertificate": {"Tags": [{"Key": "a", "Value": "b"}]},
            "logs.CreateLogGroup": {"logGroupName": new},
            "logs.CreateLogStream": {"logStreamName": new},
            "sts.AssumeRole": {"RoleSessionName": "me"},
            "sts.AssumeRoleWithWebIdentity": self.vouched,
            "iam.CreateOpenIDConnectProvider": {"Url": f"https://{new}.example.com"},
        }.get(what, {})
