//! APIs and resources.

use serde_json::json;

use super::{Api, Twin, merged, patch, text};

#[tokio::test]
async fn an_api_comes_with_its_root() {
    let twin = Twin::new();
    let made = twin
        .ok(
            "CreateRestApi",
            json!({
                "name": "demo",
                "endpointConfiguration": {"types": ["REGIONAL"]},
                "tags": {"lab": "x"},
            }),
        )
        .await;
    let id = text(&made["id"]);
    assert_eq!(
        (id.len(), made["endpointConfiguration"]["types"][0].as_str()),
        (10, Some("REGIONAL"))
    );
    let place = json!({"restApiId": id});
    assert_eq!(twin.ok("GetRestApi", place.clone()).await, made);
    let tree = twin.ok("GetResources", place.clone()).await;
    assert_eq!(
        tree["items"],
        json!([{"id": made["rootResourceId"], "path": "/"}])
    );
    // Names are not unique.
    let again = twin.ok("CreateRestApi", json!({"name": "demo"})).await;
    assert_ne!(again["id"], made["id"]);
    assert_eq!(again["endpointConfiguration"]["types"][0], "EDGE");

    let patches = json!([
        patch("replace", "/name", "new"),
        patch("replace", "/description", "why")
    ]);
    let changed = twin
        .ok(
            "UpdateRestApi",
            merged(&place, json!({"patchOperations": patches})),
        )
        .await;
    assert_eq!(
        (text(&changed["name"]), text(&changed["description"])),
        ("new".into(), "why".into())
    );
    let half = json!([
        patch("replace", "/name", "half"),
        patch("replace", "/nonsense", "x")
    ]);
    let refusal = twin
        .refused(
            "UpdateRestApi",
            merged(&place, json!({"patchOperations": half})),
        )
        .await;
    assert!(
        refusal.starts_with("400 BadRequestException: Invalid patch path /nonsense"),
        "{refusal}"
    );
    assert_eq!(twin.ok("GetRestApi", place.clone()).await["name"], "new");

    twin.ok("DeleteRestApi", place.clone()).await;
    for operation in ["GetRestApi", "DeleteRestApi", "GetResources"] {
        let absent =
            format!("404 NotFoundException: Invalid API identifier specified 111122223333:{id}");
        assert_eq!(twin.refused(operation, place.clone()).await, absent);
    }
}

#[tokio::test]
async fn what_is_not_served_is_named() {
    let twin = Twin::new();
    for (member, value) in [
        ("cloneFrom", json!("abcdefghij")),
        ("minimumCompressionSize", json!(0)),
        ("endpointConfiguration", json!({"types": ["PRIVATE"]})),
    ] {
        let input = merged(&json!({"name": "demo"}), json!({member: value}));
        let refusal = twin.refused("CreateRestApi", input).await;
        assert!(
            refusal.starts_with("501 NotImplementedException"),
            "{refusal}"
        );
    }
    let refusal = twin.refused("CreateVpcLink", json!({})).await;
    assert!(refusal.contains("ApiGateway.CreateVpcLink"), "{refusal}");
}

#[tokio::test]
async fn apis_are_paged() {
    let twin = Twin::new();
    for _ in 0..26 {
        twin.ok("CreateRestApi", json!({"name": "demo"})).await;
    }
    let first = twin.ok("GetRestApis", json!({})).await;
    assert_eq!(first["items"].as_array().map(Vec::len), Some(25));
    let second = twin
        .ok("GetRestApis", json!({"position": first["position"]}))
        .await;
    assert_eq!(second["items"].as_array().map(Vec::len), Some(1));
    assert!(second.get("position").is_none());
    let all = twin.ok("GetRestApis", json!({"limit": 500})).await;
    assert_eq!(all["items"].as_array().map(Vec::len), Some(26));
    let refusal = twin.refused("GetRestApis", json!({"position": "§"})).await;
    assert!(refusal.starts_with("400 "), "{refusal}");
    for no_limit in [0, -1] {
        let all = twin.ok("GetRestApis", json!({"limit": no_limit})).await;
        assert_eq!(all["items"].as_array().map(Vec::len), Some(25));
    }
}

#[tokio::test]
async fn path_parts_have_rules() {
    let twin = Twin::new();
    let Api { id, root, demo } = twin.api().await;
    let below =
        |parent: &str, part: &str| json!({"restApiId": id, "parentId": parent, "pathPart": part});
    assert_eq!(
        twin.refused("CreateResource", below(&root, "demo")).await,
        "409 ConflictException: Another resource with the same parent already has this name: demo"
    );
    for bad in [
        "", "a b", "a/b", "{id", "id}", "{}", "{+}", "{a b}", "é", "a+",
    ] {
        let refusal = twin.refused("CreateResource", below(&root, bad)).await;
        assert!(
            refusal.starts_with("400 BadRequestException: Resource's path part only"),
            "{bad}: {refusal}"
        );
    }
    let variable = twin.ok("CreateResource", below(&demo, "{id}")).await;
    assert_eq!(
        (text(&variable["path"]), text(&variable["parentId"])),
        ("/demo/{id}".into(), demo.clone())
    );
    for second in ["{other}", "{proxy+}"] {
        let refusal = twin.refused("CreateResource", below(&demo, second)).await;
        assert!(
            refusal.contains("A sibling ({id}) of this resource already has a variable path part"),
            "{refusal}"
        );
    }
    let greedy = text(&twin.ok("CreateResource", below(&root, "{proxy+}")).await["id"]);
    let refusal = twin.refused("CreateResource", below(&greedy, "x")).await;
    assert!(
        refusal.starts_with("400 BadRequestException: Cannot create a child"),
        "{refusal}"
    );
    assert_eq!(
        twin.refused("CreateResource", below("absent", "x")).await,
        "404 NotFoundException: Invalid Resource identifier specified"
    );

    // A resource takes those below with it, and only those.
    let similar = twin.resource(&id, &root, "demo2").await;
    twin.ok(
        "DeleteResource",
        json!({"restApiId": id, "resourceId": demo}),
    )
    .await;
    let left = twin.ok("GetResources", json!({"restApiId": id})).await;
    let mut paths: Vec<String> = left["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| text(&r["path"]))
        .collect();
    paths.sort();
    assert_eq!(paths, ["/", "/demo2", "/{proxy+}"]);
    twin.ok(
        "GetResource",
        json!({"restApiId": id, "resourceId": similar}),
    )
    .await;
    let refusal = twin
        .refused(
            "DeleteResource",
            json!({"restApiId": id, "resourceId": root}),
        )
        .await;
    assert!(refusal.starts_with("400 "), "{refusal}");
}
