//! Lambda authorizers on the data plane, with a function that is really asked.

use serde_json::{Value, json};

use super::{ACCOUNT, lab::Lab, merged, patch, text};

/// Does what its token says, and tells how often it was asked.
const CODE: &str = r#"
import json

calls = 0

def lambda_handler(event, context):
    global calls
    calls += 1
    token = event.get("authorizationToken") or event["headers"].get("x-token")
    if token in ("Unauthorized", "unauthorized"):
        raise Exception(token)
    if token == "nothing":
        return None
    arn = event["methodArn"]
    statement = {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": arn}
    answer = {
        "principalId": "me",
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {"calls": calls, "yes": True, "event": json.dumps(event)},
        "usageIdentifierKey": "k" * 20,
    }
    if token == "all":
        statement["Resource"] = arn.split("/")[0] + "/*"
    if token == "deny":
        statement["Effect"] = "Deny"
    if token == "other":
        statement["Resource"] = arn.replace("demo", "other")
    if token == "condition":
        statement["Condition"] = {"StringEquals": {"aws:PrincipalOrgID": "o"}}
    if token == "address":
        statement["Condition"] = {"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}
    if token == "typo":
        statement["Effect"] = "allow"
    if token == "no action":
        del statement["Action"]
    if token == "nobody":
        del answer["principalId"]
    if token == "list":
        answer["context"]["list"] = []
    return answer
"#;
const NOT_SET_UP: (u16, &str, &str) = (
    500,
    r#"{"message":null}"#,
    "AuthorizerConfigurationException",
);
const UNAUTHORIZED: (u16, &str, &str) = (
    401,
    r#"{"message":"Unauthorized"}"#,
    "UnauthorizedException",
);

impl Lab {
    /// `GET /demo` and `ANY /demo/{id}` behind an authorizer; its id.
    async fn guarded(changes: Value) -> (Self, String) {
        let lab = Self::open().await;
        lab.function("auth", CODE).await;
        let function = format!("arn:aws:lambda:us-east-1:{ACCOUNT}:function:auth");
        let uri = format!(
            "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations"
        );
        let input = json!({
            "restApiId": lab.api.id, "name": "auth", "type": "TOKEN", "authorizerUri": uri,
            "identitySource": "method.request.header.X-Token",
        });
        let made = lab
            .twin
            .ok("CreateAuthorizer", merged(&input, changes))
            .await;
        let id = text(&made["id"]);
        let resources = lab
            .twin
            .ok("GetResources", json!({"restApiId": lab.api.id}))
            .await;
        for resource in resources["items"].as_array().unwrap() {
            for method in resource["resourceMethods"]
                .as_object()
                .into_iter()
                .flatten()
            {
                let patches = json!([
                    patch("replace", "/authorizationType", "CUSTOM"),
                    patch("replace", "/authorizerId", &id),
                ]);
                lab.protect(&text(&resource["id"]), method.0, patches).await;
            }
        }
        lab.twin.deploy(&lab.api).await;
        (lab, id)
    }

    /// The same, and API Gateway may ask the function.
    pub(super) async fn guarded_open(changes: Value) -> (Self, String) {
        let (lab, id) = Self::guarded(changes).await;
        lab.let_into("auth", &format!("authorizers/{id}")).await;
        (lab, id)
    }

    /// Status, body and error type of a refusal.
    pub(super) async fn refusal(&self, path: &str, token: Option<&str>) -> (u16, String, String) {
        let headers = token.map(|token| [("x-token", token)]);
        let headers = headers.as_ref().map_or(&[][..], |headers| headers);
        let seen = self.send("GET", path, headers, "").await;
        let kind = seen.headers.get("x-amzn-errortype");
        let kind = kind.map_or("", |kind| kind.to_str().unwrap());
        (seen.status, seen.body, kind.to_owned())
    }

    /// `requestContext.authorizer` as the function sees it.
    async fn authorizer(&self, path: &str, token: &str) -> Value {
        let event = self.event("GET", path, &[("x-token", token)], "").await;
        event["requestContext"]["authorizer"].clone()
    }

    async fn calls(&self, path: &str, token: &str) -> String {
        text(&self.authorizer(path, token).await["calls"])
    }
}

fn is(expected: (u16, &str, &str)) -> (u16, String, String) {
    (expected.0, expected.1.to_owned(), expected.2.to_owned())
}

#[tokio::test]
async fn a_policy_decides() {
    let (lab, _) = Lab::guarded_open(json!({"authorizerResultTtlInSeconds": 0})).await;
    let denied = |message: &str| {
        let body = json!({ "Message": message }).to_string();
        (403, body, "AccessDeniedException".to_owned())
    };
    let no = "User is not authorized to access this resource";
    for (token, expected) in [
        (Some("deny"), denied(&format!("{no} with an explicit deny"))),
        (Some("other"), denied(no)),
        (Some("condition"), denied(no)),
        (Some("typo"), is(NOT_SET_UP)),
        (Some("no action"), is(NOT_SET_UP)),
        (Some("nobody"), is(NOT_SET_UP)),
        (Some("list"), is(NOT_SET_UP)),
        (Some("nothing"), is(NOT_SET_UP)),
        (Some("unauthorized"), is(NOT_SET_UP)),
        (Some("Unauthorized"), is(UNAUTHORIZED)),
        (Some(""), is(UNAUTHORIZED)),
        (None, is(UNAUTHORIZED)),
    ] {
        assert_eq!(lab.refusal("/demo", token).await, expected, "{token:?}");
    }
    let seen = lab
        .send("GET", "/demo", &[("x-token", "condition")], "")
        .await;
    let reason = seen.headers["x-localaws-reason"].to_str().unwrap();
    assert!(reason.contains("aws:PrincipalOrgID"), "{reason}");
    assert_eq!(lab.refusal("/demo", Some("address")).await.0, 200);

    // What it says besides reaches the function, as text.
    let said = lab.authorizer("/demo", "good").await;
    assert_eq!(
        (text(&said["principalId"]), text(&said["yes"])),
        ("me".into(), "true".into())
    );
    assert!(said["calls"].is_string() && said["integrationLatency"].is_u64());
    let asked: Value = serde_json::from_str(&text(&said["event"])).unwrap();
    let arn = format!(
        "arn:aws:execute-api:us-east-1:{ACCOUNT}:{}/dev/GET/demo",
        lab.api.id
    );
    assert_eq!(
        asked,
        json!({"type": "TOKEN", "authorizationToken": "good", "methodArn": arn})
    );
    // A test passes the authorizer by, but not what is in front of the function.
    lab.let_in("test-invoke-stage/GET/demo").await;
    assert_eq!(lab.test("/demo").await["status"], 200);
    let long = format!("/demo/{}", "a".repeat(1600));
    assert_eq!(lab.refusal(&long, Some("good")).await.0, 414);
}

#[tokio::test]
async fn a_cached_policy_is_for_its_own_routes() {
    let (lab, _) = Lab::guarded_open(json!({})).await;
    assert_eq!(lab.calls("/demo", "good").await, "1");
    assert_eq!(lab.calls("/demo?again", "good").await, "1");
    // It allowed /demo only, and nobody asks again.
    let (status, body, _) = lab.refusal("/demo/1", Some("good")).await;
    assert_eq!(
        (status, body.as_str()),
        (
            403,
            r#"{"Message":"User is not authorized to access this resource"}"#
        )
    );
    let (status, ..) = lab.refusal("/demo", Some("deny")).await;
    assert_eq!(status, 403);
    assert_eq!(lab.calls("/demo/1", "all").await, "3");
    assert_eq!(lab.calls("/demo", "all").await, "3");
    // Not what is no answer.
    for _ in 0..2 {
        assert_eq!(lab.refusal("/demo", Some("typo")).await, is(NOT_SET_UP));
    }
    assert_eq!(lab.calls("/demo", "good").await, "1");

    let stage = json!({"restApiId": lab.api.id, "stageName": "dev"});
    lab.twin.ok("FlushStageAuthorizersCache", stage).await;
    assert_eq!(lab.calls("/demo", "good").await, "6");
    assert_eq!(lab.calls("/demo", "good").await, "6");
}

#[tokio::test]
async fn nothing_is_kept_without_a_ttl() {
    let (lab, id) = Lab::guarded_open(json!({"authorizerResultTtlInSeconds": 0})).await;
    assert_eq!(lab.calls("/demo", "good").await, "1");
    assert_eq!(lab.calls("/demo", "good").await, "2");
    // A change of the authorizer needs a deployment, as all does.
    let patches = [patch("replace", "/authorizerResultTtlInSeconds", "60")];
    let input = json!({"restApiId": lab.api.id, "authorizerId": id, "patchOperations": patches});
    lab.twin.ok("UpdateAuthorizer", input).await;
    assert_eq!(lab.calls("/demo", "good").await, "3");
    lab.twin.deploy(&lab.api).await;
    assert_eq!(lab.calls("/demo", "good").await, "4");
    assert_eq!(lab.calls("/demo", "good").await, "4");
}

#[tokio::test]
async fn a_token_that_does_not_fit_is_not_shown() {
    let expression = json!({"identityValidationExpression": "(go|all)[a-z]*"});
    let (lab, _) = Lab::guarded_open(expression).await;
    assert_eq!(lab.refusal("/demo", Some("bad")).await, is(UNAUTHORIZED));
    assert_eq!(lab.refusal("/demo", Some("good2")).await, is(UNAUTHORIZED));
    assert_eq!(lab.calls("/demo", "good").await, "1");
}

#[tokio::test]
async fn a_request_is_known_by_its_sources() {
    let sources =
        "method.request.header.X-Token, method.request.querystring.who,context.identity.sourceIp";
    let changes = json!({"type": "REQUEST", "identitySource": sources});
    let (lab, _) = Lab::guarded_open(changes).await;
    assert_eq!(lab.refusal("/demo", Some("good")).await, is(UNAUTHORIZED));
    assert_eq!(
        lab.refusal("/demo?who=", Some("good")).await,
        is(UNAUTHORIZED)
    );
    assert_eq!(lab.refusal("/demo?who=me", None).await, is(UNAUTHORIZED));
    assert_eq!(lab.calls("/demo?who=me&x=1", "good").await, "1");
    assert_eq!(lab.calls("/demo?who=me&x=2", "good").await, "1");
    assert_eq!(lab.calls("/demo?who=you", "good").await, "2");

    let said = lab.authorizer("/demo?who=me", "good").await;
    let asked: Value = serde_json::from_str(&text(&said["event"])).unwrap();
    assert_eq!(asked["type"], "REQUEST");
    assert_eq!(
        asked["queryStringParameters"],
        json!({"who": "me", "x": "1"})
    );
    assert_eq!(asked["pathParameters"], json!({}));
    assert_eq!(asked["resource"], "/demo");
    assert_eq!(asked["headers"]["x-token"], "good");
    assert_eq!(asked["requestContext"]["stage"], "dev");
    assert!(asked.get("body").is_none());
}

#[tokio::test]
async fn the_gateway_needs_leave_to_ask() {
    let (lab, id) = Lab::guarded(json!({"authorizerResultTtlInSeconds": 0})).await;
    assert_eq!(lab.refusal("/demo", Some("good")).await, is(NOT_SET_UP));
    // That of a method is none.
    lab.let_into("auth", "*/GET/demo").await;
    lab.let_into("auth", "authorizers/other").await;
    assert_eq!(lab.refusal("/demo", Some("good")).await, is(NOT_SET_UP));

    // By a role: API Gateway has to be trusted, and the role has to be allowed.
    let role = lab
        .role("ask", json!({"Service": "lambda.amazonaws.com"}))
        .await;
    let patches = [patch("replace", "/authorizerCredentials", &role)];
    let input = json!({"restApiId": lab.api.id, "authorizerId": id, "patchOperations": patches});
    lab.twin.ok("UpdateAuthorizer", input).await;
    lab.twin.deploy(&lab.api).await;
    lab.allow(
        "ask",
        "lambda:InvokeFunction",
        "arn:aws:lambda:us-east-1:111122223333:function:auth",
    )
    .await;
    assert_eq!(lab.refusal("/demo", Some("good")).await, is(NOT_SET_UP));
    let trust = json!({"Statement": {
        "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "apigateway.amazonaws.com"},
    }});
    let update = json!({"RoleName": "ask", "PolicyDocument": trust.to_string()});
    lab.iam("UpdateAssumeRolePolicy", update).await;
    assert_eq!(lab.refusal("/demo", Some("good")).await.0, 200);
    lab.allow(
        "ask",
        "lambda:InvokeFunction",
        "arn:aws:lambda:us-east-1:111122223333:function:other",
    )
    .await;
    assert_eq!(lab.refusal("/demo", Some("good")).await, is(NOT_SET_UP));
}

#[tokio::test]
async fn an_authorizer_is_tested() {
    let changes = json!({"identityValidationExpression": "[A-Za-z]+"});
    let (lab, id) = Lab::guarded(changes).await;
    let test = async |token: &str| {
        let input = json!({
            "restApiId": lab.api.id, "authorizerId": id, "headers": {"X-Token": token},
        });
        lab.twin.ok("TestInvokeAuthorizer", input).await
    };
    let closed = test("good").await;
    assert_eq!(closed["clientStatus"], 500);
    assert!(
        text(&closed["log"])
            .contains("configuration error: Invalid permissions on Lambda function")
    );
    lab.let_into("auth", &format!("authorizers/{id}")).await;
    let good = test("good").await;
    // Documented: 0 when the authorizer succeeded.
    assert_eq!(
        (&good["clientStatus"], &good["principalId"]),
        (&json!(0), &json!("me"))
    );
    let policy: Value = serde_json::from_str(&text(&good["policy"])).unwrap();
    let arn = format!(
        "arn:aws:execute-api:us-east-1:{ACCOUNT}:{}/ESTestInvoke-stage/GET/",
        lab.api.id
    );
    assert_eq!(policy["Statement"][0]["Resource"], arn);
    for (token, status, log) in [
        ("deny", 0, "Successfully completed"),
        ("1", 401, "identity source"),
        ("Unauthorized", 401, "Unauthorized"),
        ("nothing", 500, "Could not parse policy: null"),
        ("typo", 500, "Invalid policy document"),
        ("list", 500, "Invalid context"),
    ] {
        let seen = test(token).await;
        assert_eq!(seen["clientStatus"], status, "{seen}");
        assert!(text(&seen["log"]).contains(log), "{seen}");
    }
}

#[tokio::test]
async fn an_authorizer_can_name_the_api_key() {
    let (lab, _) = Lab::guarded_open(json!({})).await;
    let patches = [patch("replace", "/apiKeySource", "AUTHORIZER")];
    let input = json!({"restApiId": lab.api.id, "patchOperations": patches});
    lab.twin.ok("UpdateRestApi", input).await;
    let required = json!([patch("replace", "/apiKeyRequired", "true")]);
    lab.protect(&lab.api.demo, "GET", required).await;
    lab.twin.deploy(&lab.api).await;
    let value = "k".repeat(20);
    // The header is of no use here.
    let seen = lab
        .send(
            "GET",
            "/demo",
            &[("x-token", "good"), ("x-api-key", &value)],
            "",
        )
        .await;
    assert_eq!(
        (seen.status, seen.body.as_str()),
        (403, r#"{"message":"Forbidden"}"#)
    );
    let key = lab
        .twin
        .ok(
            "CreateApiKey",
            json!({"name": "k", "enabled": true, "value": value}),
        )
        .await;
    let stages = json!([{"apiId": lab.api.id, "stage": "dev"}]);
    let plan = json!({"name": "p", "apiStages": stages});
    let plan = lab.twin.ok("CreateUsagePlan", plan).await;
    let link = json!({"usagePlanId": plan["id"], "keyId": key["id"], "keyType": "API_KEY"});
    lab.twin.ok("CreateUsagePlanKey", link).await;
    let event = lab.event("GET", "/demo", &[("x-token", "good")], "").await;
    assert_eq!(event["requestContext"]["identity"]["apiKeyId"], key["id"]);
}
