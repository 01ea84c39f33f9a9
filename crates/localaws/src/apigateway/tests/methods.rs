//! Methods and integrations.

use serde_json::json;

use super::{Api, Twin, merged, text};

#[tokio::test]
async fn methods_are_made_once() {
    let twin = Twin::new();
    let Api { id, demo, .. } = twin.api().await;
    let place = json!({"restApiId": id, "resourceId": demo, "httpMethod": "GET"});
    let put = merged(&place, json!({"authorizationType": "NONE"}));
    let made = twin.ok("PutMethod", put.clone()).await;
    assert_eq!(
        made,
        json!({"httpMethod": "GET", "authorizationType": "NONE", "apiKeyRequired": false})
    );
    assert_eq!(
        twin.refused("PutMethod", put.clone()).await,
        "409 ConflictException: Method already exists for this resource"
    );
    for (member, value, refusal) in [
        (
            "httpMethod",
            "get",
            "400 BadRequestException: Invalid HttpMethod specified. Valid options are GET,PUT,",
        ),
        (
            "resourceId",
            "absent",
            "404 NotFoundException: Invalid Resource identifier",
        ),
        (
            "authorizationType",
            "COGNITO",
            "400 BadRequestException: Invalid authorization type",
        ),
        (
            "authorizationType",
            "CUSTOM",
            "400 BadRequestException: Invalid authorizer ID",
        ),
        (
            "requestValidatorId",
            "x",
            "400 BadRequestException: Invalid Request Validator identifier specified",
        ),
    ] {
        let input = merged(
            &merged(&put, json!({"httpMethod": "POST"})),
            json!({member: value}),
        );
        let seen = twin.refused("PutMethod", input).await;
        assert!(seen.starts_with(refusal), "{member} {value}: {seen}");
    }
    let scoped = merged(
        &put,
        json!({"httpMethod": "POST", "authorizationScopes": ["a"]}),
    );
    assert!(twin.refused("PutMethod", scoped).await.starts_with("400 "));

    let embedded = json!({"restApiId": id, "embed": ["methods"]});
    let shown = twin.ok("GetResources", embedded).await;
    let demo_shown = shown["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|r| r["path"] == "/demo")
        .unwrap();
    assert_eq!(demo_shown["resourceMethods"]["GET"], made);
    let plain = twin
        .ok("GetResource", json!({"restApiId": id, "resourceId": demo}))
        .await;
    assert_eq!(plain["resourceMethods"], json!({"GET": {}}));

    twin.ok("DeleteMethod", place.clone()).await;
    for operation in ["GetMethod", "DeleteMethod"] {
        assert_eq!(
            twin.refused(operation, place.clone()).await,
            "404 NotFoundException: Invalid Method identifier specified"
        );
    }
}

#[tokio::test]
async fn integrations_are_checked() {
    let twin = Twin::new();
    let Api { id, demo, .. } = twin.api().await;
    let place = json!({"restApiId": id, "resourceId": demo, "httpMethod": "GET"});
    let function = "arn:aws:lambda:us-east-1:111122223333:function:hello";
    let uri = format!(
        "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{function}/invocations"
    );
    let proxy = json!({"type": "AWS_PROXY", "integrationHttpMethod": "POST", "uri": uri});
    let put = |changes| merged(&merged(&place, proxy.clone()), changes);
    assert_eq!(
        twin.refused("PutIntegration", put(json!({}))).await,
        "404 NotFoundException: Invalid Method identifier specified"
    );
    twin.ok(
        "PutMethod",
        merged(&place, json!({"authorizationType": "NONE"})),
    )
    .await;
    assert_eq!(
        twin.refused("GetIntegration", place.clone()).await,
        "404 NotFoundException: Invalid Integration identifier specified"
    );
    for (changes, refusal) in [
        (
            json!({"uri": function}),
            "400 BadRequestException: AWS ARN for integration must",
        ),
        (json!({"uri": null}), "400 BadRequestException: Invalid ARN"),
        (
            json!({"uri": "arn:aws:apigateway:us-east-1:lambda:x"}),
            "400 BadRequestException: AWS ARN for integration must",
        ),
        (
            json!({"uri": "arn:aws:apigateway:us-east-1:s3:path/x"}),
            "400 BadRequestException: Integrations of type 'AWS_PROXY'",
        ),
        (
            json!({"integrationHttpMethod": null}),
            "400 BadRequestException: Enumeration value for HttpMethod",
        ),
        (
            json!({"timeoutInMillis": 49}),
            "400 BadRequestException: Timeout should be",
        ),
        (
            json!({"timeoutInMillis": 29001}),
            "400 BadRequestException: Timeout should be",
        ),
        (
            json!({"type": "HTTP_PROXY"}),
            "501 NotImplementedException: labctl's local AWS does not serve integrations of type HTTP_PROXY",
        ),
        (json!({"type": "AWS"}), "501 "),
        (
            json!({"credentials": "arn:aws:iam::111122223333:role/r"}),
            "501 ",
        ),
    ] {
        let seen = twin.refused("PutIntegration", put(changes.clone())).await;
        assert!(seen.starts_with(refusal), "{changes}: {seen}");
    }
    let made = twin.ok("PutIntegration", put(json!({}))).await;
    assert_eq!(twin.ok("GetIntegration", place.clone()).await, made);
    assert_eq!(
        (text(&made["httpMethod"]), made["timeoutInMillis"].as_u64()),
        ("POST".into(), Some(29_000))
    );
    assert_eq!(made["uri"], uri);
    // Put again: replaced.
    twin.ok("PutIntegration", put(json!({"timeoutInMillis": 50})))
        .await;
    let method = twin.ok("GetMethod", place.clone()).await;
    assert_eq!(method["methodIntegration"]["timeoutInMillis"], 50);
    twin.ok("DeleteIntegration", place.clone()).await;
    assert!(
        twin.refused("DeleteIntegration", place)
            .await
            .starts_with("404 ")
    );
}
