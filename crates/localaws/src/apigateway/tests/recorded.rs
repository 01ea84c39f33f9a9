//! The control plane against what LocalStack's snapshots have recorded of AWS.

use serde_json::{Value, json};

use super::{Api, Twin, merged, patch, text};

#[tokio::test]
async fn new_apis_are_checked() {
    let twin = Twin::new();
    let endpoint = |of: Value| json!({ "endpointConfiguration": of });
    for (changes, refusal) in [
        (
            json!({"description": ""}),
            "400 BadRequestException: Description cannot be an empty string",
        ),
        (
            endpoint(json!({"types": []})),
            "400 BadRequestException: REGIONAL Configuration and EDGE Configuration cannot be both DISABLED.",
        ),
        (
            endpoint(json!({"types": ["EDGE", "REGIONAL"]})),
            "400 BadRequestException: Cannot create an api with multiple Endpoint Types.",
        ),
        (
            json!({"minimumCompressionSize": -1}),
            "400 BadRequestException: Invalid minimum compression size, must be between 0 and 10485760",
        ),
        // The description before the endpoint.
        (
            json!({"description": "", "endpointConfiguration": {"types": []}}),
            "400 BadRequestException: Description cannot be an empty string",
        ),
    ] {
        let input = merged(&json!({"name": "x"}), changes);
        assert_eq!(twin.refused("CreateRestApi", input).await, refusal);
    }
    let input = merged(
        &json!({"name": "x"}),
        endpoint(json!({"ipAddressType": "dualstack"})),
    );
    let made = twin.ok("CreateRestApi", input).await;
    let expected = json!({"types": ["EDGE"], "ipAddressType": "dualstack"});
    assert_eq!(made["endpointConfiguration"], expected);
}

#[tokio::test]
async fn patches_of_an_api_are_checked() {
    let twin = Twin::new();
    let Api { id, .. } = twin.api().await;
    let one = |op: &str, path: &str, value: Option<&str>| json!({"restApiId": id, "patchOperations": [{"op": op, "path": path, "value": value}]});
    let types = "/endpointConfiguration/types/EDGE";
    let address = "/endpointConfiguration/ipAddressType";
    for (op, path, value, refusal) in [
        (
            "add",
            "/binaryMediaTypes",
            "a/b",
            "Invalid patch path /binaryMediaTypes",
        ),
        (
            "remove",
            "/binaryMediaTypes",
            "",
            "Invalid patch path /binaryMediaTypes",
        ),
        ("replace", "/wrong", "x", "Invalid patch path /wrong"),
        (
            "remove",
            "/name",
            "",
            "Invalid patch operation specified. Must be one of: [replace]",
        ),
        (
            "add",
            "/minimumCompressionSize",
            "10",
            "Invalid patch operation specified. Must be one of: [replace]",
        ),
        (
            "replace",
            "/minimumCompressionSize",
            "-1",
            "Invalid minimum compression size, must be between 0 and 10485760",
        ),
        (
            "replace",
            "/minimumCompressionSize",
            "test",
            "Invalid minimum compression size, must be between 0 and 10485760",
        ),
        (
            "replace",
            address,
            "wrong",
            "ipAddressType must be either ipv4 or dualstack.",
        ),
        (
            "add",
            address,
            "ipv4",
            "Invalid patch operation specified. Must be one of: [replace]",
        ),
        (
            "replace",
            types,
            "wrong",
            "Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE,PRIVATE",
        ),
        (
            "test",
            types,
            "EDGE",
            "Invalid patch operation specified. Must be 'add'|'remove'|'replace'",
        ),
    ] {
        let seen = twin
            .refused("UpdateRestApi", one(op, path, Some(value)))
            .await;
        assert_eq!(
            seen,
            format!("400 BadRequestException: {refusal}"),
            "{op} {path}"
        );
    }
    let described = twin
        .ok("UpdateRestApi", one("replace", "/description", Some("d")))
        .await;
    assert_eq!(described["description"], "d");
    let bare = twin
        .ok("UpdateRestApi", one("remove", "/description", None))
        .await;
    assert!(bare.get("description").is_none(), "{bare}");
    twin.ok("UpdateRestApi", one("replace", address, Some("dualstack")))
        .await;
    let regional = twin
        .ok("UpdateRestApi", one("replace", types, Some("REGIONAL")))
        .await;
    let expected = json!({"types": ["REGIONAL"], "ipAddressType": "dualstack"});
    assert_eq!(regional["endpointConfiguration"], expected);
    // This answer has tags also when there are none; others do not.
    let made = twin.ok("CreateRestApi", json!({"name": "bare"})).await;
    assert!(made.get("tags").is_none(), "{made}");
    let patches = [patch("replace", "/name", "y")];
    let input = json!({"restApiId": made["id"], "patchOperations": patches});
    assert_eq!(twin.ok("UpdateRestApi", input).await["tags"], json!({}));
}

#[tokio::test]
async fn methods_take_any_case_and_one_name_of_a_parameter() {
    let twin = Twin::new();
    let Api { id, root, demo } = twin.api().await;
    for (method, word) in [("GET", "none"), ("POST", "None"), ("PUT", "aws_iam")] {
        let input = json!({"restApiId": id, "resourceId": demo, "httpMethod": method, "authorizationType": word});
        let made = twin.ok("PutMethod", input).await;
        assert_eq!(made["authorizationType"], word.to_uppercase());
    }
    let place = json!({"restApiId": id, "resourceId": root, "httpMethod": "GET"});
    let put = |names: &[&str]| {
        let names: Value = names
            .iter()
            .map(|name| (format!("method.request.{name}"), Value::from(false)))
            .collect();
        let more = json!({"authorizationType": "NONE", "requestParameters": names});
        merged(&place, more)
    };
    let unique = "400 BadRequestException: Parameter names must be unique across querystring, header and path";
    for twice in [
        ["querystring.n", "header.n"],
        ["path.n", "querystring.n"],
        ["header.n", "path.n"],
    ] {
        assert_eq!(
            twin.refused("PutMethod", put(&twice)).await,
            unique,
            "{twice:?}"
        );
    }
    twin.ok("PutMethod", put(&["querystring.n", "header.m"]))
        .await;
    let later = [patch(
        "add",
        "/requestParameters/method.request.path.m",
        "true",
    )];
    let input = merged(&place, json!({ "patchOperations": later }));
    assert_eq!(twin.refused("UpdateMethod", input).await, unique);
    // Not a boolean: false. An authorizer of a method that wants none: overlooked.
    let odd = [
        patch("replace", "/apiKeyRequired", "whatever"),
        patch("replace", "/authorizerId", "abc123"),
    ];
    let input = merged(&place, json!({ "patchOperations": odd }));
    let updated = twin.ok("UpdateMethod", input).await;
    assert_eq!(updated["apiKeyRequired"], false);
    assert!(updated.get("authorizerId").is_none(), "{updated}");
}

#[tokio::test]
async fn a_method_of_an_unknown_api_has_an_unknown_resource() {
    let twin = Twin::new();
    let Api { id, demo, .. } = twin.api().await;
    let place = json!({"restApiId": "abcdefghij", "resourceId": demo, "httpMethod": "WRONG"});
    for (operation, more) in [
        ("PutMethod", json!({"authorizationType": "NONE"})),
        ("GetMethod", json!({})),
        ("UpdateMethod", json!({})),
        ("PutIntegration", json!({"type": "MOCK"})),
        ("GetIntegration", json!({})),
        ("PutMethodResponse", json!({"statusCode": "200"})),
        ("PutIntegrationResponse", json!({"statusCode": "200"})),
        ("GetIntegrationResponse", json!({"statusCode": "200"})),
        ("DeleteIntegrationResponse", json!({"statusCode": "200"})),
    ] {
        assert_eq!(
            twin.refused(operation, merged(&place, more)).await,
            "404 NotFoundException: Invalid Resource identifier specified",
            "{operation}"
        );
    }
    // Only then the method.
    let known = json!({"restApiId": id, "authorizationType": "NONE"});
    assert_eq!(
        twin.refused("PutMethod", merged(&place, known)).await,
        "400 BadRequestException: Invalid HttpMethod specified. Valid options are GET,PUT,POST,DELETE,PATCH,OPTIONS,\
         HEAD,ANY"
    );
}

#[tokio::test]
async fn an_integration_response_needs_no_method_response_until_it_is_called() {
    let twin = Twin::new();
    let api = twin.api().await;
    let place = json!({"restApiId": api.id, "resourceId": api.demo, "httpMethod": "GET"});
    let with = |more: Value| merged(&place, more);
    twin.ok("PutMethod", with(json!({"authorizationType": "NONE"})))
        .await;
    let templates = json!({"application/json": "{\"statusCode\": 200}"});
    let mock = with(json!({"type": "MOCK", "requestTemplates": templates}));
    twin.ok("PutIntegration", mock).await;
    let response = |template: &str| {
        with(json!({
            "statusCode": "200", "selectionPattern": "", "responseTemplates": {"application/json": template},
        }))
    };
    let empty = twin.ok("PutIntegrationResponse", response("")).await;
    assert_eq!(
        empty["responseTemplates"],
        json!({"application/json": null})
    );
    let made = twin
        .ok("PutIntegrationResponse", response("\"created\""))
        .await;
    assert_eq!(made["selectionPattern"], "");
    let no_type = with(json!({"statusCode": "200", "responseTemplates": {"123": "x"}}));
    assert_eq!(
        twin.refused("PutIntegrationResponse", no_type).await,
        "400 BadRequestException: Validation Result: warnings : [], errors : [Invalid content type specified: 123]"
    );
    let other = json!({"httpMethod": "POST", "statusCode": "200"});
    assert_eq!(
        twin.refused("DeleteIntegrationResponse", with(other)).await,
        "404 NotFoundException: Invalid Integration identifier specified"
    );

    twin.deploy(&api).await;
    assert_eq!(twin.get(&api, "/demo", &[]).await.0, 500);
    let log = text(&twin.ok("TestInvokeMethod", place.clone()).await["log"]);
    assert!(log.contains("Output mapping refers to an invalid method response: 200"));
    twin.ok("PutMethodResponse", with(json!({"statusCode": "200"})))
        .await;
    twin.deploy(&api).await;
    assert_eq!(
        twin.get(&api, "/demo", &[]).await,
        (200, "\"created\"".to_owned())
    );
}

#[tokio::test]
async fn keys_plans_and_stages() {
    let twin = Twin::new();
    let api = twin.api().await;
    for (key, refusal) in [
        (
            json!({"value": "short"}),
            "API Key value should be at least 20 characters",
        ),
        (
            json!({"value": "a".repeat(129)}),
            "API Key value exceeds maximum size of 128 characters",
        ),
        (
            json!({"description": "a".repeat(125_001)}),
            "Invalid API Key description specified.",
        ),
        (
            json!({"name": "a".repeat(1025)}),
            "Invalid API Key name, can be at most 1024 characters.",
        ),
    ] {
        assert_eq!(
            twin.refused("CreateApiKey", key).await,
            format!("400 BadRequestException: {refusal}")
        );
    }
    let longest = json!({"name": "", "value": "", "description": "a".repeat(125_000)});
    let key = twin.ok("CreateApiKey", longest).await;
    assert!(key.get("name").is_none(), "{key}");
    let update = |one: Value| json!({"apiKey": key["id"], "patchOperations": [one]});
    let long = patch("replace", "/description", &"a".repeat(125_001));
    assert_eq!(
        twin.refused("UpdateApiKey", update(long)).await,
        "400 BadRequestException: Invalid API Key description specified."
    );
    assert_eq!(
        twin.refused("UpdateApiKey", update(patch("replace", "/id", "x")))
            .await,
        "400 BadRequestException: Invalid patch path  '/id' specified for op 'replace'. Must be one of: [/description, \
         /enabled, /name, /customerId]"
    );
    let off = update(patch("replace", "/enabled", "not-a-boolean"));
    assert_eq!(twin.ok("UpdateApiKey", off).await["enabled"], false);

    let keys = json!({"usagePlanId": "absent"});
    assert_eq!(twin.ok("GetUsagePlanKeys", keys).await["items"], json!([]));
    let plan = twin.ok("CreateUsagePlan", json!({"name": "p"})).await;
    assert!(plan.get("tags").is_none(), "{plan}");
    let id = json!({"usagePlanId": plan["id"]});
    assert_eq!(twin.ok("GetUsagePlan", id.clone()).await["tags"], json!({}));
    for stage in [json!(null), json!("nonsense")] {
        let patches = json!([{"op": "add", "path": "/apiStages", "value": stage}]);
        assert_eq!(
            twin.refused(
                "UpdateUsagePlan",
                merged(&id, json!({ "patchOperations": patches }))
            )
            .await,
            "400 BadRequestException: Invalid API Stage specified"
        );
    }

    twin.resource(&api.id, &api.root, "{proxy+}").await;
    let sibling = json!({"restApiId": api.id, "parentId": api.root, "pathPart": "{other}"});
    assert_eq!(
        twin.refused("CreateResource", sibling).await,
        "400 BadRequestException: A sibling ({proxy+}) of this resource already has a variable path part -- only one is \
         allowed"
    );
    twin.mock(&api, &api.demo, "GET", "hello", json!({})).await;
    twin.deploy(&api).await;
    let stage = json!({"restApiId": api.id, "stageName": "dev"});
    for (op, path, value, refusal) in [
        (
            "replace",
            "/documentation_version",
            "x",
            "Invalid method setting path: /documentation_version. Must be one of: [/deploymentId, /description, ",
        ),
        (
            "replace",
            "/tags/tag1",
            "x",
            "Invalid method setting path: /tags/tag1. Must be one of: [/deploymentId, /description, ",
        ),
        (
            "remove",
            "/*/*",
            "",
            "Cannot remove method setting */* because there is no method setting for this method ",
        ),
        (
            "add",
            "/accessLogSettings/randomValue",
            "x",
            "Invalid accessLogSettings path. Must be one of : [/accessLogSettings/destinationArn, ",
        ),
        (
            "replace",
            "/accessLogSettings/destinationArn",
            "",
            "Access Log value must not be empty",
        ),
        (
            "remove",
            "/accessLogSettings/destinationArn",
            "",
            "Cannot remove method setting accessLogSettings/destinationArn because",
        ),
    ] {
        let input = merged(&stage, json!({"patchOperations": [patch(op, path, value)]}));
        let seen = twin.refused("UpdateStage", input).await;
        let refusal = format!("400 BadRequestException: {refusal}");
        assert!(seen.starts_with(&refusal), "{op} {path}: {seen}");
    }
    let stages = twin.ok("GetStages", json!({"restApiId": api.id})).await;
    assert_eq!(stages["item"][0]["tracingEnabled"], false);
}
