//! How an API words the gateway's refusals.

use serde_json::json;

use super::{Twin, text};

#[tokio::test]
async fn refusals_are_worded_anew() {
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
    let put = |kind: &str, more: serde_json::Value| {
        super::merged(&json!({"restApiId": api.id, "responseType": kind}), more)
    };
    let cors = json!({"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"});
    twin.ok(
        "PutGatewayResponse",
        put("DEFAULT_4XX", json!({"responseParameters": cors})),
    )
    .await;
    let template = "<r>$context.error.responseType: $context.error.message</r>";
    let own = json!({"statusCode": "418", "responseTemplates": {"application/xml": template}});
    let shown = twin
        .ok("PutGatewayResponse", put("INVALID_API_KEY", own))
        .await;
    assert_eq!(shown["defaultResponse"], false);
    twin.deploy(&api).await;
    let send = async |path: &str| {
        let uri = format!("/_api/{}/dev{path}", api.id);
        twin.send("GET", &uri, &[], "").await.unwrap()
    };
    let keyless = send("/demo").await;
    assert_eq!(
        (keyless.status, keyless.body.as_str()),
        (418, "<r>INVALID_API_KEY: Forbidden</r>")
    );
    assert_eq!(keyless.headers["content-type"], "application/xml");
    assert!(!keyless.headers.contains_key("access-control-allow-origin"));
    let absent = send("/absent").await;
    assert_eq!(
        (absent.status, absent.body.as_str()),
        (403, r#"{"message":"Missing Authentication Token"}"#)
    );
    assert_eq!(absent.headers["access-control-allow-origin"], "*");
    assert_eq!(
        absent.headers["x-amzn-errortype"],
        "MissingAuthenticationTokenException"
    );

    let place = json!({"restApiId": api.id, "responseType": "INVALID_API_KEY"});
    twin.ok("DeleteGatewayResponse", place.clone()).await;
    let seen = twin.refused("DeleteGatewayResponse", place.clone()).await;
    assert!(seen.starts_with("404 NotFoundException"), "{seen}");
    let default = twin.ok("GetGatewayResponse", place).await;
    assert_eq!(
        (text(&default["statusCode"]), &default["defaultResponse"]),
        ("403".into(), &json!(true))
    );
    assert_eq!(send("/demo").await.status, 418);
    twin.deploy(&api).await;
    assert_eq!(send("/demo").await.status, 403);
    let all = twin
        .ok("GetGatewayResponses", json!({"restApiId": api.id}))
        .await;
    assert_eq!(all["items"].as_array().map(Vec::len), Some(21));

    for (bad, refusal) in [
        (
            json!({"responseParameters": {"header.a": "'b'"}}),
            "400 BadRequestException",
        ),
        (
            json!({"responseParameters": {"gatewayresponse.header.a": "method.request.header.b"}}),
            "501 ",
        ),
        (
            json!({"responseTemplates": {"application/json": "#if(true)"}}),
            "501 ",
        ),
        (
            json!({"responseTemplates": {"application/json": "$context.authorizer.x"}}),
            "501 ",
        ),
    ] {
        let seen = twin
            .refused("PutGatewayResponse", put("UNAUTHORIZED", bad.clone()))
            .await;
        assert!(seen.starts_with(refusal), "{bad}: {seen}");
    }
}
