//! Deployments, stages, tags.

use serde_json::{Value, json};

use super::{Twin, merged, patch, text};

#[tokio::test]
async fn an_incomplete_api_cannot_be_deployed() {
    let twin = Twin::new();
    let api = twin.api().await;
    let deploy = json!({"restApiId": api.id});
    assert_eq!(
        twin.refused("CreateDeployment", deploy.clone()).await,
        "400 BadRequestException: The REST API doesn't contain any methods"
    );
    let place = json!({"restApiId": api.id, "resourceId": api.demo, "httpMethod": "GET"});
    twin.ok(
        "PutMethod",
        merged(&place, json!({"authorizationType": "NONE"})),
    )
    .await;
    assert_eq!(
        twin.refused("CreateDeployment", deploy.clone()).await,
        "400 BadRequestException: No integration defined for method"
    );
    twin.ok("PutIntegration", merged(&place, json!({"type": "MOCK"})))
        .await;
    let made = twin
        .ok(
            "CreateDeployment",
            merged(&deploy, json!({"description": "d"})),
        )
        .await;
    let id = json!({"restApiId": api.id, "deploymentId": made["id"]});
    assert_eq!(twin.ok("GetDeployment", id.clone()).await, made);
    let summary = twin
        .ok(
            "GetDeployment",
            merged(&id, json!({"embed": ["apisummary"]})),
        )
        .await;
    assert_eq!(
        summary["apiSummary"],
        json!({"/demo": {"GET": {"authorizationType": "NONE", "apiKeyRequired": false}}})
    );
    assert_eq!(
        twin.ok("GetDeployments", deploy).await["items"],
        json!([made])
    );
}

#[tokio::test]
async fn a_deployment_is_a_snapshot() {
    let twin = Twin::new();
    let api = twin.api().await;
    twin.mock(&api, &api.demo, "GET", "one", json!({})).await;
    let first = twin.deploy(&api).await;
    assert_eq!(twin.get(&api, "/demo", &[]).await, (200, "one".into()));

    let place = json!({"restApiId": api.id, "resourceId": api.demo, "httpMethod": "GET"});
    twin.ok("DeleteMethod", place).await;
    twin.mock(&api, &api.demo, "GET", "two", json!({})).await;
    twin.mock(&api, &api.root, "GET", "root", json!({})).await;
    assert_eq!(twin.get(&api, "/demo", &[]).await, (200, "one".into()));
    assert_eq!(twin.get(&api, "/", &[]).await.0, 403);
    let second = twin.deploy(&api).await;
    assert_eq!(twin.get(&api, "/demo", &[]).await, (200, "two".into()));
    assert_eq!(twin.get(&api, "", &[]).await, (200, "root".into()));

    // Back again, by the stage.
    let back = json!({
        "restApiId": api.id, "stageName": "dev", "patchOperations": [patch("replace", "/deploymentId", &first)],
    });
    twin.ok("UpdateStage", back).await;
    assert_eq!(twin.get(&api, "/demo", &[]).await, (200, "one".into()));
    let delete = |id: &str| json!({"restApiId": api.id, "deploymentId": id});
    assert_eq!(
        twin.refused("DeleteDeployment", delete(&first)).await,
        "400 BadRequestException: Active stages pointing to this deployment must be moved or deleted"
    );
    twin.ok("DeleteDeployment", delete(&second)).await;
    assert_eq!(
        twin.refused("GetDeployment", delete(&second)).await,
        "404 NotFoundException: Invalid Deployment identifier specified"
    );
    assert_eq!(
        twin.restarted().get(&api, "/demo", &[]).await,
        (200, "one".into())
    );
    let stage = json!({"restApiId": api.id, "stageName": "dev"});
    twin.ok("DeleteStage", stage.clone()).await;
    assert_eq!(
        twin.get(&api, "/demo", &[]).await,
        (403, r#"{"message":"Forbidden"}"#.into())
    );
    assert_eq!(
        twin.refused("DeleteStage", stage).await,
        "404 NotFoundException: Invalid Stage identifier specified"
    );
    twin.ok("DeleteDeployment", delete(&first)).await;
}

#[tokio::test]
async fn stages_are_made_once_and_changed_by_patches() {
    let twin = Twin::new();
    let api = twin.api().await;
    twin.mock(&api, &api.demo, "GET", "", json!({})).await;
    let deployment = text(
        &twin
            .ok("CreateDeployment", json!({"restApiId": api.id}))
            .await["id"],
    );
    let create = |changes| {
        let input = json!({"restApiId": api.id, "stageName": "prod", "deploymentId": deployment});
        merged(&input, changes)
    };
    for (changes, refusal) in [
        (
            json!({"deploymentId": "absent"}),
            "404 NotFoundException: Invalid Deployment identifier",
        ),
        (
            json!({"stageName": "a b"}),
            "400 BadRequestException: Stage name only allows",
        ),
        (json!({"stageName": "test-invoke-stage"}), "400 "),
        (json!({"variables": {"a-b": "x"}}), "400 "),
        (json!({"variables": {"a": "x y"}}), "400 "),
        (json!({"tags": {"aws:x": "1"}}), "400 "),
        (json!({"cacheClusterEnabled": true}), "501 "),
        (json!({"canarySettings": {}}), "501 "),
    ] {
        let seen = twin.refused("CreateStage", create(changes.clone())).await;
        assert!(seen.starts_with(refusal), "{changes}: {seen}");
    }
    let made = twin
        .ok(
            "CreateStage",
            create(json!({"tags": {"lab": "x"}, "variables": {"a": "1"}})),
        )
        .await;
    assert_eq!(
        (&made["tags"]["lab"], &made["variables"]["a"]),
        (&json!("x"), &json!("1"))
    );
    assert_eq!(
        twin.refused("CreateStage", create(json!({}))).await,
        "409 ConflictException: Stage already exists"
    );

    let place = json!({"restApiId": api.id, "stageName": "prod"});
    let update = |patches: Value| merged(&place, json!({"patchOperations": patches}));
    let changed = twin
        .ok(
            "UpdateStage",
            update(json!([
                patch("replace", "/variables/b", "2"),
                {"op": "remove", "path": "/variables/a"},
                patch("replace", "/description", "d"),
                patch("replace", "/*/*/throttling/rateLimit", "5"),
                patch("replace", "/~1demo/GET/logging/loglevel", "OFF"),
            ])),
        )
        .await;
    assert_eq!(changed["variables"], json!({"b": "2"}));
    assert_eq!(changed["methodSettings"]["*/*"]["throttlingRateLimit"], 5.0);
    assert_eq!(
        changed["methodSettings"]["~1demo/GET"]["loggingLevel"],
        "OFF"
    );
    for (bad, refusal) in [
        (patch("replace", "/deploymentId", "absent"), "404 "),
        (
            patch("replace", "/stageName", "x"),
            "400 BadRequestException: Invalid method setting path",
        ),
        (
            patch("replace", "/*/*/nonsense/x", "x"),
            "400 BadRequestException: Invalid method setting path",
        ),
        (
            patch("replace", "/*/*/logging/loglevel", "INFO"),
            "400 BadRequestException: CloudWatch Logs role ARN",
        ),
        (patch("replace", "/variables/c", "a b"), "400 "),
    ] {
        let seen = twin
            .refused("UpdateStage", update(json!([bad.clone()])))
            .await;
        assert!(seen.starts_with(refusal), "{bad}: {seen}");
    }
    assert_eq!(twin.ok("GetStage", place).await, changed);
    let all = twin.ok("GetStages", json!({"restApiId": api.id})).await;
    assert_eq!(all["item"], json!([changed]));
    let none = twin
        .ok(
            "GetStages",
            json!({"restApiId": api.id, "deploymentId": "other"}),
        )
        .await;
    assert_eq!(none["item"], json!([]));
}

#[tokio::test]
async fn a_stage_made_by_a_deployment_has_no_tags() {
    let twin = Twin::new();
    let api = twin.api().await;
    twin.mock(&api, &api.demo, "GET", "", json!({})).await;
    let first = twin.deploy(&api).await;
    let place = json!({"restApiId": api.id, "stageName": "dev"});
    let stage = twin.ok("GetStage", place.clone()).await;
    assert_eq!(
        (text(&stage["deploymentId"]), stage.get("tags")),
        (first, None)
    );

    let arn = format!("arn:aws:apigateway:us-east-1::/restapis/{}", api.id);
    let stage_arn = format!("{arn}/stages/dev");
    twin.ok(
        "TagResource",
        json!({"resourceArn": stage_arn, "tags": {"a": "1"}}),
    )
    .await;
    twin.ok(
        "TagResource",
        json!({"resourceArn": arn, "tags": {"b": "2"}}),
    )
    .await;
    // A redeployment keeps them.
    let second = twin.deploy(&api).await;
    assert_eq!(twin.ok("GetStage", place).await["deploymentId"], second);
    assert_eq!(
        twin.ok("GetTags", json!({"resourceArn": stage_arn})).await["tags"],
        json!({"a": "1"})
    );
    assert_eq!(
        twin.ok("GetTags", json!({"resourceArn": arn})).await["tags"],
        json!({"lab": "x", "b": "2"})
    );
    let tagged = twin.app.read(|world| {
        let region = &world.accounts["111122223333"].regions["us-east-1"];
        region.apigateway.tagged("111122223333", "us-east-1")
    });
    let arns: Vec<String> = tagged.into_iter().map(|(arn, _)| arn).collect();
    assert_eq!(arns, [arn.clone(), stage_arn.clone()]);
    for bad in [
        arn.replace("us-east-1", "eu-west-1"),
        format!("{arn}/resources/x"),
        "x".to_owned(),
    ] {
        assert!(
            twin.refused("GetTags", json!({"resourceArn": bad}))
                .await
                .starts_with("400 ")
        );
    }
    assert!(
        twin.refused("GetTags", json!({"resourceArn": format!("{arn}/stages/x")}))
            .await
            .starts_with("404 ")
    );
}
