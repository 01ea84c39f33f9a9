//! Lambda proxy integrations.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::{
    ACCOUNT,
    lab::{Lab, arn},
    patch, text,
};

const INTERNAL: &str = r#"{"message":"Internal server error"}"#;

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
    assert_eq!(cookies, ["a=1", "b=2", "also=1"]);
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
    assert_eq!(event["pathParameters"], json!({"id": "a%2Fb"}));
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
    let patches = ["image~1png", "*~1test"]
        .map(|kind| patch("add", &format!("/binaryMediaTypes/{kind}"), ""));
    let input = json!({"restApiId": lab.api.id, "patchOperations": patches});
    lab.twin.ok("UpdateRestApi", input).await;
    lab.twin.deploy(&lab.api).await;
    // Recorded of AWS: only the first one counts, and a star is not like anything.
    for (accept, binary) in [
        ("image/png", true),
        ("image/png,image/*,*/*;q=0.8", true),
        ("image/webp,image/png,*/*;q=0.8", false),
        ("image/*", false),
        ("*/*", false),
        ("*/test", false),
        ("random/test", false),
    ] {
        let seen = lab
            .send("GET", "/demo?do=image", &[("accept", accept)], "")
            .await;
        let decoded = seen.body == String::from_utf8_lossy(b"\x89PNG");
        assert_eq!(decoded, binary, "{accept}");
    }
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

#[tokio::test]
async fn an_integration_with_an_alias_runs_its_version() {
    let lab = Lab::open().await;
    let uri = format!(
        "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{}:${{stageVariables.alias}}/invocations",
        arn()
    );
    lab.integrate(&lab.api.demo, "GET", json!({"uri": uri}))
        .await;
    lab.twin.deploy(&lab.api).await;
    let variable = patch("replace", "/variables/alias", "live");
    let stage = json!({"restApiId": lab.api.id, "stageName": "dev", "patchOperations": [variable]});
    lab.twin.ok("UpdateStage", stage).await;
    let send = || lab.send("GET", "/demo?do=hello", &[], "");
    assert_eq!(send().await.status, 500, "no such alias");

    let hello = json!({"FunctionName": "hello"});
    lab.lambda("PublishVersion", hello).await;
    let alias = json!({"FunctionName": "hello", "Name": "live", "FunctionVersion": "1"});
    lab.lambda("CreateAlias", alias).await;
    // A permission on the function is none on its alias.
    assert_eq!(send().await.status, 500);
    lab.let_into("hello:live", "*/GET/demo").await;
    let called = send().await;
    assert_eq!(
        (called.status, called.body.as_str()),
        (200, "Hello from Lambda!")
    );
    let event = lab.event("GET", "/demo", &[], "").await;
    assert_eq!(event["resource"], "/demo");
}
