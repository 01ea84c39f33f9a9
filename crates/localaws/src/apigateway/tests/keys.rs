//! API keys and usage plans, and what they are for.

use serde_json::{Value, json};

use super::{Api, Twin, merged, patch, text};

const FORBIDDEN: &str = r#"{"message":"Forbidden"}"#;

impl Twin {
    /// `GET /demo` that needs a key, deployed.
    async fn metered(&self) -> Api {
        let api = self.api().await;
        let required = json!({"apiKeyRequired": true});
        self.mock(&api, &api.demo, "GET", "hello", required).await;
        self.deploy(&api).await;
        api
    }

    /// A key's id and value.
    async fn key(&self, changes: Value) -> (String, String) {
        let input = merged(&json!({"name": "k", "enabled": true}), changes);
        let made = self.ok("CreateApiKey", input).await;
        (text(&made["id"]), text(&made["value"]))
    }

    async fn plan(&self, api: &Api, changes: Value) -> String {
        let stages = json!([{"apiId": api.id, "stage": "dev"}]);
        let input = merged(&json!({"name": "p", "apiStages": stages}), changes);
        text(&self.ok("CreateUsagePlan", input).await["id"])
    }

    async fn link(&self, plan: &str, key: &str) {
        let input = json!({"usagePlanId": plan, "keyId": key, "keyType": "API_KEY"});
        self.ok("CreateUsagePlanKey", input).await;
    }

    async fn with_key(&self, api: &Api, key: &str) -> (u16, String) {
        self.get(api, "/demo", &[("x-api-key", key)]).await
    }
}

#[tokio::test]
async fn a_key_opens_the_stages_of_its_plan() {
    let twin = Twin::new();
    let api = twin.metered().await;
    let other = twin.metered().await;
    let closed = (403, FORBIDDEN.to_owned());
    let (id, value) = twin.key(json!({})).await;
    assert_eq!(value.len(), 40);
    assert_eq!(twin.get(&api, "/demo", &[]).await, closed);
    assert_eq!(twin.with_key(&api, "wrong").await, closed);
    // No plan yet, then one without the key.
    assert_eq!(twin.with_key(&api, &value).await, closed);
    let plan = twin.plan(&api, json!({})).await;
    assert_eq!(twin.with_key(&api, &value).await, closed);
    twin.link(&plan, &id).await;
    assert_eq!(twin.with_key(&api, &value).await, (200, "hello".to_owned()));
    assert_eq!(twin.with_key(&other, &value).await, closed);
    let refusal = twin
        .send("GET", &format!("/_api/{}/dev/demo", api.id), &[], "")
        .await
        .unwrap();
    assert_eq!(refusal.headers["x-amzn-errortype"], "ForbiddenException");

    let off = json!({"apiKey": id, "patchOperations": [patch("replace", "/enabled", "false")]});
    twin.ok("UpdateApiKey", off).await;
    assert_eq!(twin.with_key(&api, &value).await, closed);
    let on = json!({"apiKey": id, "patchOperations": [patch("replace", "/enabled", "true")]});
    twin.ok("UpdateApiKey", on).await;
    assert_eq!(twin.restarted().with_key(&api, &value).await.0, 200);
    let stage = format!("{}:dev", api.id);
    let out =
        json!({"usagePlanId": plan, "patchOperations": [patch("remove", "/apiStages", &stage)]});
    twin.ok("UpdateUsagePlan", out).await;
    assert_eq!(twin.with_key(&api, &value).await, closed);
    // A test needs no key.
    let place = json!({"restApiId": api.id, "resourceId": api.demo, "httpMethod": "GET"});
    assert_eq!(twin.ok("TestInvokeMethod", place).await["status"], 200);
}

#[tokio::test]
async fn a_plan_runs_out() {
    let twin = Twin::new();
    let api = twin.metered().await;
    let plan = twin
        .plan(&api, json!({"quota": {"limit": 2, "period": "MONTH"}}))
        .await;
    let (id, value) = twin.key(json!({})).await;
    let (second, own) = twin.key(json!({})).await;
    twin.link(&plan, &id).await;
    twin.link(&plan, &second).await;
    assert_eq!(twin.with_key(&api, &value).await.0, 200);
    assert_eq!(twin.with_key(&api, &value).await.0, 200);
    let spent = (429, r#"{"message":"Limit Exceeded"}"#.to_owned());
    assert_eq!(twin.with_key(&api, &value).await, spent);
    assert_eq!(twin.with_key(&api, &own).await.0, 200);

    let patches = json!([
        patch("remove", "/quota", ""),
        patch("replace", "/throttle/burstLimit", "1"),
        patch("replace", "/throttle/rateLimit", "0.0001"),
    ]);
    let update = json!({"usagePlanId": plan, "patchOperations": patches});
    let shown = twin.ok("UpdateUsagePlan", update).await;
    assert_eq!(
        shown["throttle"],
        json!({"burstLimit": 1, "rateLimit": 0.0001})
    );
    assert!(shown.get("quota").is_none() && shown.get("keys").is_none());
    assert_eq!(twin.with_key(&api, &value).await.0, 200);
    let slow = (429, r#"{"message":"Too Many Requests"}"#.to_owned());
    assert_eq!(twin.with_key(&api, &value).await, slow);
}

#[tokio::test]
async fn keys_are_checked() {
    let twin = Twin::new();
    let (id, value) = twin.key(json!({"tags": {"lab": "x"}})).await;
    for (bad, refusal) in [
        (
            json!({"value": "short"}),
            "400 BadRequestException: API Key value",
        ),
        (
            json!({"value": value}),
            "409 ConflictException: API Key already exists",
        ),
        (json!({"stageKeys": [{}]}), "501 "),
        (json!({"tags": {"aws:x": ""}}), "400 "),
    ] {
        let seen = twin.refused("CreateApiKey", bad.clone()).await;
        assert!(seen.starts_with(refusal), "{bad}: {seen}");
    }
    // The value is told to whom asks for it.
    let shown = twin.ok("GetApiKey", json!({"apiKey": id})).await;
    assert!(shown.get("value").is_none());
    let shown = twin
        .ok("GetApiKey", json!({"apiKey": id, "includeValue": true}))
        .await;
    assert_eq!(shown["value"], value);
    twin.key(json!({"name": "other", "enabled": false})).await;
    let listed = async |input: Value| {
        let listed = twin.ok("GetApiKeys", input).await;
        let items = listed["items"].as_array().unwrap().clone();
        (items.len(), items[0].get("value").is_some())
    };
    assert_eq!(listed(json!({})).await, (2, false));
    assert_eq!(
        listed(json!({"nameQuery": "k", "includeValues": true})).await,
        (1, true)
    );
    let arn = format!("arn:aws:apigateway:us-east-1::/apikeys/{id}");
    let untag = json!({"resourceArn": arn, "tagKeys": ["lab", "absent"]});
    twin.ok("UntagResource", untag).await;
    let tags = twin.ok("GetTags", json!({"resourceArn": arn})).await;
    assert_eq!(tags["tags"], json!({}));
    twin.ok("DeleteApiKey", json!({"apiKey": id})).await;
    for operation in ["GetApiKey", "DeleteApiKey", "UpdateApiKey"] {
        assert_eq!(
            twin.refused(operation, json!({"apiKey": id})).await,
            "404 NotFoundException: Invalid API Key identifier specified"
        );
    }
}

#[tokio::test]
async fn plans_are_checked() {
    let twin = Twin::new();
    let api = twin.metered().await;
    let stage = |name: &str| json!([{"apiId": api.id, "stage": name}]);
    for (bad, refusal) in [
        (
            json!({"apiStages": stage("prod")}),
            "404 NotFoundException: Invalid API Stage {api: ",
        ),
        (
            json!({"apiStages": [{}]}),
            "404 NotFoundException: Invalid API Stage {api: , stage: }",
        ),
        (
            json!({"apiStages": [{"apiId": api.id, "stage": "dev", "throttle": {"/demo/GET": {}}}]}),
            "501 ",
        ),
        (json!({"quota": {"limit": 0, "period": "DAY"}}), "400 "),
        (
            json!({"quota": {"limit": 1, "period": "DAY", "offset": 1}}),
            "400 ",
        ),
        (
            json!({"quota": {"limit": 1, "period": "WEEK", "offset": 7}}),
            "400 ",
        ),
        (json!({"throttle": {"rateLimit": -1.0}}), "400 "),
    ] {
        let seen = twin
            .refused(
                "CreateUsagePlan",
                merged(&json!({"name": "p"}), bad.clone()),
            )
            .await;
        assert!(seen.starts_with(refusal), "{bad}: {seen}");
    }
    let plan = twin.plan(&api, json!({})).await;
    let (key, value) = twin.key(json!({})).await;
    let link = |plan: &str, key: &str, kind: &str| json!({"usagePlanId": plan, "keyId": key, "keyType": kind});
    for (bad, refusal) in [
        (link(&plan, &key, "KEY"), "400 "),
        (
            link("absent", &key, "API_KEY"),
            "404 NotFoundException: Invalid Usage Plan ID",
        ),
        (
            link(&plan, "absent", "API_KEY"),
            "404 NotFoundException: Invalid API Key",
        ),
    ] {
        let seen = twin.refused("CreateUsagePlanKey", bad.clone()).await;
        assert!(seen.starts_with(refusal), "{bad}: {seen}");
    }
    twin.link(&plan, &key).await;
    let one = json!({"usagePlanId": plan, "keyId": key});
    let shown = json!({"id": key, "type": "API_KEY", "value": value, "name": "k"});
    assert_eq!(twin.ok("GetUsagePlanKey", one.clone()).await, shown);
    let keys = twin
        .ok("GetUsagePlanKeys", json!({"usagePlanId": plan}))
        .await;
    assert_eq!(keys["items"], json!([shown]));
    // One plan of a stage is enough for a key.
    let second = twin.plan(&api, json!({})).await;
    for plan in [&plan, &second] {
        let seen = twin
            .refused("CreateUsagePlanKey", link(plan, &key, "API_KEY"))
            .await;
        assert!(seen.starts_with("409 ConflictException"), "{seen}");
    }
    let of_key = twin.ok("GetUsagePlans", json!({"keyId": key})).await;
    assert_eq!(of_key["items"].as_array().map(Vec::len), Some(1));

    let seen = twin
        .refused("DeleteUsagePlan", json!({"usagePlanId": plan}))
        .await;
    assert!(seen.starts_with("400 BadRequestException"), "{seen}");
    // A stage that is gone is in nobody's way.
    twin.ok("DeleteRestApi", json!({"restApiId": api.id})).await;
    let patches = [patch("replace", "/description", "d")];
    let describe = json!({"usagePlanId": plan, "patchOperations": patches});
    twin.ok("UpdateUsagePlan", describe).await;
    let patches = [patch("remove", "/apiStages", &format!("{}:dev", api.id))];
    let clear = json!({"usagePlanId": plan, "patchOperations": patches});
    let shown = twin.ok("UpdateUsagePlan", clear).await;
    assert_eq!(
        twin.ok("GetUsagePlan", json!({"usagePlanId": plan})).await,
        shown
    );
    twin.ok("DeleteUsagePlanKey", one.clone()).await;
    let seen = twin.refused("DeleteUsagePlanKey", one).await;
    assert!(seen.starts_with("404 NotFoundException"), "{seen}");
    twin.ok("DeleteUsagePlan", json!({"usagePlanId": plan}))
        .await;
    let seen = twin
        .refused("GetUsagePlan", json!({"usagePlanId": plan}))
        .await;
    assert!(seen.starts_with("404 NotFoundException"), "{seen}");
}
