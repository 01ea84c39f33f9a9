//! The data plane in front of MOCK integrations: addresses, routes, preflights.

use serde_json::json;

use super::{Twin, merged};

const MISSING: &str = r#"{"message":"Missing Authentication Token"}"#;
const FORBIDDEN: &str = r#"{"message":"Forbidden"}"#;

#[tokio::test]
async fn unknown_routes_are_refused_as_by_aws() {
    let twin = Twin::new();
    let api = twin.api().await;
    twin.mock(&api, &api.demo, "GET", "hello", json!({})).await;
    twin.deploy(&api).await;
    let uri = |rest: &str| format!("/_api/{}{rest}", api.id);
    for (method, path, status, body, kind) in [
        ("GET", uri("/dev/demo"), 200, "hello", None),
        ("GET", uri("/dev/demo/?a=b"), 200, "hello", None),
        (
            "POST",
            uri("/dev/demo"),
            403,
            MISSING,
            Some("MissingAuthenticationTokenException"),
        ),
        (
            "GET",
            uri("/dev/other"),
            403,
            MISSING,
            Some("MissingAuthenticationTokenException"),
        ),
        (
            "GET",
            uri("/dev"),
            403,
            MISSING,
            Some("MissingAuthenticationTokenException"),
        ),
        (
            "GET",
            uri("/prod/demo"),
            403,
            FORBIDDEN,
            Some("ForbiddenException"),
        ),
        ("GET", uri(""), 403, FORBIDDEN, Some("ForbiddenException")),
        (
            "GET",
            "/_api/absent/dev/demo".to_owned(),
            403,
            FORBIDDEN,
            Some("ForbiddenException"),
        ),
        (
            "GET",
            uri("/dev/%zz"),
            400,
            r#"{"message":"Bad Request"}"#,
            Some("BadRequestException"),
        ),
    ] {
        let seen = twin.send(method, &path, &[], "").await.unwrap();
        assert_eq!(
            (seen.status, seen.body.as_str()),
            (status, body),
            "{method} {path}"
        );
        let error = seen
            .headers
            .get("x-amzn-errortype")
            .map(|kind| kind.to_str().unwrap());
        assert_eq!(error, kind, "{method} {path}");
        assert_eq!(seen.headers["content-type"], "application/json");
        assert_eq!(seen.headers["x-amzn-requestid"].len(), 36);
        assert_eq!(seen.headers["x-amz-apigw-id"].len(), 16);
    }
    assert!(
        twin.send("GET", "/restapis", &[("host", "127.0.0.1")], "")
            .await
            .is_none()
    );
}

#[tokio::test]
async fn the_host_can_name_the_api() {
    let twin = Twin::new();
    let api = twin.api().await;
    twin.mock(&api, &api.demo, "GET", "hello", json!({})).await;
    twin.deploy(&api).await;
    for (domain, status) in [
        ("us-east-1.amazonaws.com", 200),
        ("localhost:4588", 200),
        ("us-east-1.localhost", 200),
        ("eu-west-1.amazonaws.com", 403),
    ] {
        let host = format!("{}.execute-api.{domain}", api.id);
        let seen = twin
            .send("GET", "/dev/demo", &[("host", &host)], "")
            .await
            .unwrap();
        assert_eq!(seen.status, status, "{domain}");
    }
    let place = json!({"restApiId": api.id});
    let off = json!([super::patch(
        "replace",
        "/disableExecuteApiEndpoint",
        "true"
    )]);
    twin.ok(
        "UpdateRestApi",
        merged(&place, json!({"patchOperations": off})),
    )
    .await;
    assert_eq!(twin.get(&api, "/demo", &[]).await.0, 200);
    twin.deploy(&api).await;
    assert_eq!(twin.get(&api, "/demo", &[]).await, (403, FORBIDDEN.into()));
}

#[tokio::test]
async fn any_stands_for_every_other_method() {
    let twin = Twin::new();
    let api = twin.api().await;
    twin.mock(&api, &api.demo, "ANY", "any", json!({})).await;
    twin.mock(&api, &api.demo, "PUT", "put", json!({})).await;
    let greedy = twin.resource(&api.id, &api.root, "{proxy+}").await;
    twin.mock(&api, &greedy, "ANY", "greedy", json!({})).await;
    twin.deploy(&api).await;
    let uri = |path: &str| format!("/_api/{}/dev{path}", api.id);
    for (method, path, body) in [
        ("PATCH", "/demo", "any"),
        ("PUT", "/demo", "put"),
        ("GET", "/demo/more", "greedy"),
    ] {
        let seen = twin.send(method, &uri(path), &[], "").await.unwrap();
        assert_eq!(
            (seen.status, seen.body.as_str()),
            (200, body),
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn a_key_that_is_required_and_cannot_be_right_shuts_a_method() {
    let twin = Twin::new();
    let api = twin.api().await;
    twin.mock(
        &api,
        &api.demo,
        "GET",
        "hello",
        json!({"apiKeyRequired": true}),
    )
    .await;
    twin.deploy(&api).await;
    assert_eq!(
        twin.get(&api, "/demo", &[("x-api-key", "any")]).await,
        (403, FORBIDDEN.into())
    );
}

#[tokio::test]
async fn a_preflight_is_answered() {
    let twin = Twin::new();
    let api = twin.api().await;
    let place = json!({"restApiId": api.id, "resourceId": api.demo, "httpMethod": "OPTIONS"});
    let with = |more| merged(&place, more);
    twin.ok("PutMethod", with(json!({"authorizationType": "NONE"})))
        .await;
    let origin = "method.response.header.Access-Control-Allow-Origin";
    let response = |parameters| json!({"statusCode": "204", "responseParameters": parameters});
    let mapped = with(response(json!({origin: "'*'"})));
    assert_eq!(
        twin.refused("PutIntegrationResponse", mapped.clone()).await,
        "404 NotFoundException: Invalid Integration identifier specified"
    );
    let template =
        |text: &str| with(json!({"type": "MOCK", "requestTemplates": {"application/json": text}}));
    let refusal = twin
        .refused("PutIntegration", template("#set($a = 1)"))
        .await;
    assert!(
        refusal.starts_with("501 NotImplementedException"),
        "{refusal}"
    );
    twin.ok("PutIntegration", template(r#"{"statusCode": 204}"#))
        .await;
    assert_eq!(
        twin.refused("PutIntegrationResponse", mapped.clone()).await,
        "404 NotFoundException: Invalid Response status code specified"
    );
    twin.ok("PutMethodResponse", with(response(json!({origin: true}))))
        .await;
    let again = twin
        .refused("PutMethodResponse", with(response(json!({}))))
        .await;
    assert!(again.starts_with("409 "), "{again}");
    let undeclared = response(json!({"method.response.header.X": "'1'"}));
    let refusal = twin
        .refused("PutIntegrationResponse", with(undeclared))
        .await;
    assert!(
        refusal.starts_with("400 BadRequestException: Invalid mapping expression"),
        "{refusal}"
    );
    twin.ok("PutIntegrationResponse", mapped).await;
    twin.deploy(&api).await;
    let uri = format!("/_api/{}/dev/demo", api.id);
    let seen = twin
        .send("OPTIONS", &uri, &[("origin", "http://localhost")], "")
        .await
        .unwrap();
    assert_eq!((seen.status, seen.body.as_str()), (204, ""));
    assert_eq!(seen.headers["access-control-allow-origin"], "*");
    // The template is for JSON; other bodies are passed through, and name no status.
    let plain = twin
        .send("OPTIONS", &uri, &[("content-type", "text/plain")], "x")
        .await
        .unwrap();
    assert_eq!(plain.status, 500);

    let tested = twin.ok("TestInvokeMethod", place).await;
    assert_eq!(tested["status"], 204);
    assert_eq!(tested["headers"]["Access-Control-Allow-Origin"], "*");
    assert!(super::text(&tested["log"]).contains("Method completed with status: 204"));
}
