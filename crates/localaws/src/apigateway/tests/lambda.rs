//! Lambda proxy integrations with a real function.

use std::{io::Write, path::PathBuf};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use zip::{ZipWriter, write::SimpleFileOptions};

use super::{ACCOUNT, Api, Seen, Twin, call, merged, patch, text};
use crate::{
    app::{App, Config},
    call::Service,
    iam, ids, lambda,
    world::World,
};

const CODE: &str = r#"
import base64, json, time

def lambda_handler(event, context):
    what = (event["queryStringParameters"] or {}).get("do")
    if what == "raise":
        raise ValueError("no good")
    if what == "slow":
        time.sleep(60)
    if what in ANSWERS:
        return ANSWERS[what]
    return {"statusCode": 200, "body": json.dumps(event)}

ANSWERS = {
    "hello": {"statusCode": 200, "body": "Hello from Lambda!"},
    "empty": {},
    "none": None,
    "unknown key": {"statusCode": 200, "location": "/"},
    "body object": {"statusCode": 200, "body": {}},
    "status text": {"statusCode": "ok"},
    "header number": {"headers": {"a": 1}},
    "made": {
        "statusCode": 201,
        "headers": {"X-One": "1", "Content-Length": "999", "Set-Cookie": "lost=1", "Content-Type": "text/plain"},
        "multiValueHeaders": {"set-cookie": ["a=1", "b=2"]},
        "body": "made",
    },
    "image": {"body": base64.b64encode(b"\x89PNG").decode(), "isBase64Encoded": True},
}
"#;
const INTERNAL: &str = r#"{"message":"Internal server error"}"#;

/// A twin with a folder, a function and an API in front of it.
struct Lab {
    twin: Twin,
    dir: PathBuf,
    api: Api,
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

fn arn() -> String {
    format!("arn:aws:lambda:us-east-1:{ACCOUNT}:function:hello")
}

fn code() -> String {
    let mut zip = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("lambda_function.py", SimpleFileOptions::default())
        .unwrap();
    zip.write_all(CODE.as_bytes()).unwrap();
    BASE64_STANDARD.encode(zip.finish().unwrap().into_inner())
}

impl Lab {
    /// `GET /demo` and `ANY /demo/{id}` in front of the function; nobody may call it yet.
    async fn new() -> Self {
        let dir = std::env::temp_dir().join(format!("localaws-{}", ids::uuid()));
        std::fs::create_dir_all(&dir).unwrap();
        let config = Config {
            dir: dir.clone(),
            port: 0,
            version: String::new(),
        };
        let twin = Twin {
            app: App::new(config, World::default()).into(),
        };
        let api = twin.api().await;
        let lab = Self { twin, dir, api };
        let trust = json!({"Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"},
        }});
        let role = json!({"RoleName": "r", "AssumeRolePolicyDocument": trust.to_string()});
        let role = iam::handle(&lab.twin.app, &call(Service::Iam, "CreateRole", role))
            .await
            .unwrap();
        let function = json!({
            "FunctionName": "hello", "Runtime": "python3.13", "Role": role["Role"]["Arn"], "Timeout": 30,
            "Handler": "lambda_function.lambda_handler", "Code": {"ZipFile": code()},
        });
        lab.lambda("CreateFunction", function).await;
        while lab
            .lambda("GetFunction", json!({"FunctionName": "hello"}))
            .await["Configuration"]["State"]
            == "Pending"
        {
            tokio::task::yield_now().await;
        }
        let item = lab.twin.resource(&lab.api.id, &lab.api.demo, "{id}").await;
        lab.integrate(&lab.api.demo, "GET", json!({})).await;
        lab.integrate(&item, "ANY", json!({})).await;
        lab
    }

    /// The same, open to the API.
    async fn open() -> Self {
        let lab = Self::new().await;
        lab.let_in("*/GET/demo").await;
        lab.let_in("*/*/demo/*").await;
        lab.twin.deploy(&lab.api).await;
        lab
    }

    async fn lambda(&self, operation: &str, input: Value) -> Value {
        let call = call(Service::Lambda, operation, input);
        lambda::handle(&self.twin.app, &call)
            .await
            .unwrap_or_else(|e| panic!("{operation}: {e:?}"))
    }

    async fn let_in(&self, routes: &str) {
        let source = format!(
            "arn:aws:execute-api:us-east-1:{ACCOUNT}:{}/{routes}",
            self.api.id
        );
        let permission = json!({
            "FunctionName": "hello", "StatementId": ids::lower(8), "Action": "lambda:InvokeFunction",
            "Principal": "apigateway.amazonaws.com", "SourceArn": source,
        });
        self.lambda("AddPermission", permission).await;
    }

    fn place(&self, resource: &str, http_method: &str) -> Value {
        json!({"restApiId": self.api.id, "resourceId": resource, "httpMethod": http_method})
    }

    async fn integrate(&self, resource: &str, http_method: &str, changes: Value) {
        let place = self.place(resource, http_method);
        if self.twin.answer("GetMethod", place.clone()).await.is_err() {
            self.twin
                .ok(
                    "PutMethod",
                    merged(&place, json!({"authorizationType": "NONE"})),
                )
                .await;
        }
        let uri = format!(
            "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{}/invocations",
            arn()
        );
        let proxy = json!({"type": "AWS_PROXY", "integrationHttpMethod": "POST", "uri": uri});
        self.twin
            .ok("PutIntegration", merged(&place, merged(&proxy, changes)))
            .await;
    }

    async fn test(&self, path: &str) -> Value {
        let input = merged(
            &self.place(&self.api.demo, "GET"),
            json!({"pathWithQueryString": path}),
        );
        self.twin.ok("TestInvokeMethod", input).await
    }

    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Seen {
        let uri = format!("/_api/{}/dev{path}", self.api.id);
        self.twin.send(method, &uri, headers, body).await.unwrap()
    }

    async fn event(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Value {
        let seen = self.send(method, path, headers, body).await;
        serde_json::from_str(&seen.body).unwrap_or_else(|_| panic!("{seen:?}"))
    }
}

#[tokio::test]
async fn a_function_needs_to_let_the_api_in() {
    let lab = Lab::new().await;
    let closed = lab.test("/demo?do=hello").await;
    assert_eq!(
        (closed["status"].as_u64(), closed["body"].as_str()),
        (Some(500), Some(INTERNAL))
    );
    let log = text(&closed["log"]);
    assert!(
        log.contains(
            "Execution failed due to configuration error: Invalid permissions on Lambda function"
        ),
        "{log}"
    );

    // Another route, another stage: not this one.
    lab.let_in("*/POST/demo").await;
    lab.let_in("dev/GET/demo").await;
    assert_eq!(lab.test("/demo?do=hello").await["status"], 500);
    lab.twin.deploy(&lab.api).await;
    assert_eq!(
        lab.send("GET", "/demo?do=hello", &[], "").await.body,
        "Hello from Lambda!"
    );
    assert_eq!(lab.send("GET", "/demo/1", &[], "").await.status, 500);
    lab.let_in("test-invoke-stage/GET/demo").await;
    let tested = lab.test("/demo?do=hello").await;
    assert_eq!(
        (tested["status"].as_u64(), tested["body"].as_str()),
        (Some(200), Some("Hello from Lambda!"))
    );
    assert_eq!(
        tested["multiValueHeaders"]["Content-Type"],
        json!(["application/json"])
    );
    assert!(text(&tested["log"]).ends_with(" : Method completed with status: 200\n"));

    lab.lambda("DeleteFunction", json!({"FunctionName": "hello"}))
        .await;
    let gone = lab.send("GET", "/demo?do=hello", &[], "").await;
    assert_eq!((gone.status, gone.body.as_str()), (500, INTERNAL));
}

#[tokio::test]
async fn what_a_function_returns_has_to_be_a_response() {
    let lab = Lab::open().await;
    for (what, status, body) in [
        ("hello", 200, "Hello from Lambda!"),
        ("empty", 200, ""),
        ("none", 502, INTERNAL),
        ("unknown+key", 502, INTERNAL),
        ("body+object", 502, INTERNAL),
        ("status+text", 502, INTERNAL),
        ("header+number", 502, INTERNAL),
        ("raise", 502, INTERNAL),
    ] {
        let seen = lab.send("GET", &format!("/demo?do={what}"), &[], "").await;
        assert_eq!((seen.status, seen.body.as_str()), (status, body), "{what}");
        assert_eq!(seen.headers["content-type"], "application/json", "{what}");
        let error = seen
            .headers
            .get("x-amzn-errortype")
            .map(|kind| kind.to_str().unwrap());
        assert_eq!(
            error,
            (status == 502).then_some("InternalServerErrorException"),
            "{what}"
        );
    }
    let log = text(&lab.test("/demo?do=raise").await["log"]);
    assert!(
        log.contains("due to customer function error: no good."),
        "{log}"
    );
    let log = text(&lab.test("/demo?do=none").await["log"]);
    assert!(log.contains("Malformed Lambda proxy response"), "{log}");

    let made = lab.send("GET", "/demo?do=made", &[], "").await;
    assert_eq!((made.status, made.body.as_str()), (201, "made"));
    assert_eq!(made.headers["x-one"], "1");
    assert_eq!(made.headers["content-type"], "text/plain");
    assert_eq!(made.headers["x-amzn-remapped-content-length"], "999");
    assert!(!made.headers.contains_key("content-length"));
    let cookies: Vec<_> = made.headers.get_all("set-cookie").iter().collect();
    assert_eq!(cookies, ["a=1", "b=2"]);
}

#[tokio::test]
async fn a_function_sees_the_whole_request() {
    let lab = Lab::open().await;
    let event = lab
        .event(
            "POST",
            "/demo/a%2Fb/?x=1&x=2&y=%20",
            &[("X-Many", "1"), ("X-Many", "2"), ("host", "127.0.0.1")],
            "text",
        )
        .await;
    assert_eq!(event["resource"], "/demo/{id}");
    assert_eq!(
        (text(&event["path"]), text(&event["httpMethod"])),
        ("/demo/a%2Fb/".into(), "POST".into())
    );
    assert_eq!(event["pathParameters"], json!({"id": "a/b"}));
    assert_eq!(event["queryStringParameters"], json!({"x": "2", "y": " "}));
    assert_eq!(
        event["multiValueQueryStringParameters"],
        json!({"x": ["1", "2"], "y": [" "]})
    );
    assert_eq!(event["headers"]["x-many"], "2");
    assert_eq!(event["multiValueHeaders"]["x-many"], json!(["1", "2"]));
    let domain = format!("{}.execute-api.us-east-1.amazonaws.com", lab.api.id);
    assert_eq!(event["headers"]["Host"], domain);
    assert_eq!(
        (&event["body"], &event["isBase64Encoded"]),
        (&json!("text"), &json!(false))
    );
    assert_eq!(event["stageVariables"], Value::Null);
    let context = &event["requestContext"];
    assert_eq!(
        (text(&context["accountId"]), text(&context["apiId"])),
        (ACCOUNT.into(), lab.api.id.clone())
    );
    assert_eq!(
        (text(&context["path"]), text(&context["stage"])),
        ("/dev/demo/a%2Fb/".into(), "dev".into())
    );
    assert_eq!(context["resourcePath"], "/demo/{id}");
    assert_eq!(context["identity"]["sourceIp"], "127.0.0.1");
    assert!(context.get("authorizer").is_none());

    let nothing = lab.event("GET", "/demo/1", &[], "").await;
    assert_eq!(
        (&nothing["body"], &nothing["queryStringParameters"]),
        (&Value::Null, &Value::Null)
    );
}

#[tokio::test]
async fn binary_media_types_travel_as_base64() {
    let lab = Lab::open().await;
    let png = [("content-type", "image/png"), ("accept", "image/png, */*")];
    assert_eq!(
        lab.send("GET", "/demo?do=image", &png, "").await.body,
        BASE64_STANDARD.encode(b"\x89PNG")
    );
    let input = json!({"restApiId": lab.api.id, "patchOperations": [patch("add", "/binaryMediaTypes/image~1png", "")]});
    lab.twin.ok("UpdateRestApi", input).await;
    lab.twin.deploy(&lab.api).await;
    assert_eq!(
        lab.send("GET", "/demo?do=image", &png, "").await.body,
        String::from_utf8_lossy(b"\x89PNG")
    );
    let event = lab
        .event("POST", "/demo/1", &[("content-type", "image/png")], "png")
        .await;
    assert_eq!(
        (&event["body"], &event["isBase64Encoded"]),
        (&json!(BASE64_STANDARD.encode("png")), &json!(true))
    );
}

#[tokio::test]
async fn integrations_that_cannot_work() {
    let lab = Lab::open().await;
    lab.integrate(&lab.api.demo, "GET", json!({"timeoutInMillis": 50}))
        .await;
    lab.twin.deploy(&lab.api).await;
    let slow = lab.send("GET", "/demo?do=slow", &[], "").await;
    assert_eq!(
        (slow.status, slow.body.as_str()),
        (504, r#"{"message":"Endpoint request timed out"}"#)
    );
    // Lambda is called by POST, whatever the method.
    lab.integrate(
        &lab.api.demo,
        "GET",
        json!({"integrationHttpMethod": "GET"}),
    )
    .await;
    lab.twin.deploy(&lab.api).await;
    let seen = lab.send("GET", "/demo?do=hello", &[], "").await;
    assert_eq!((seen.status, seen.body.as_str()), (500, INTERNAL));
}

#[tokio::test]
async fn stage_variables_name_the_function() {
    let lab = Lab::open().await;
    let uri = format!(
        "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{}/invocations",
        arn().replace("hello", "${stageVariables.name}")
    );
    lab.integrate(&lab.api.demo, "GET", json!({"uri": uri}))
        .await;
    lab.twin.deploy(&lab.api).await;
    assert_eq!(lab.send("GET", "/demo?do=hello", &[], "").await.status, 500);
    let patches = [patch("replace", "/variables/name", "hello")];
    let input = json!({"restApiId": lab.api.id, "stageName": "dev", "patchOperations": patches});
    lab.twin.ok("UpdateStage", input).await;
    assert_eq!(lab.send("GET", "/demo?do=hello", &[], "").await.status, 200);
    assert_eq!(
        lab.event("GET", "/demo", &[], "").await["stageVariables"],
        json!({"name": "hello"})
    );
}
