use serde_json::{Value, json};

use super::{ACCOUNT, F, REGION, ROLE, Twin, folder, plain, text, zip};

#[tokio::test]
async fn a_function_has_the_defaults_of_aws() {
    let twin = Twin::new().await;
    let created = twin.ok("CreateFunction", plain(json!({}))).await;
    let expected = [
        ("FunctionName", json!("f")),
        ("FunctionArn", json!(F)),
        ("Role", json!(ROLE)),
        ("Timeout", json!(3)),
        ("MemorySize", json!(128)),
        ("Description", json!("")),
        ("Architectures", json!(["x86_64"])),
        ("PackageType", json!("Zip")),
        ("Version", json!("$LATEST")),
        ("EphemeralStorage", json!({"Size": 512})),
        ("TracingConfig", json!({"Mode": "PassThrough"})),
        (
            "LoggingConfig",
            json!({"LogFormat": "Text", "LogGroup": "/aws/lambda/f"}),
        ),
    ];
    for (name, value) in expected {
        assert_eq!(created[name], value, "{name}");
    }
    assert!(created.get("Environment").is_none());
    let modified = text(&created["LastModified"]);
    assert!(
        modified.ends_with("+0000") && modified.len() == 28,
        "{modified}"
    );
}

#[tokio::test]
async fn the_code_is_what_was_sent() {
    let twin = Twin::new().await;
    // base64 of SHA-256, computed elsewhere (Python).
    let zip = "UEsDBBQAAAAAAAAAIQDTl4psFAAAABQAAAAEAAAAbS5weWggPSBsYW1iZGEgZSwgYzogNDIKUEsBAhQDFAAAAAAAAAAhANOXimwUAAAAFAAAAAQAAAAAAAAAAAAAAIABAAAAAG0ucHlQSwUGAAAAAAEAAQAyAAAANgAAAAAA";
    let created = twin.function(json!({"Code": {"ZipFile": zip}})).await;
    assert_eq!(
        created["CodeSha256"],
        "a4JybWz8R+yt6entfkeIER2FUYxHTeXRStiutQegEmY="
    );
    assert_eq!(created["CodeSize"], 126);
    let got = twin.ok("GetFunction", json!({"FunctionName": "f"})).await;
    assert_eq!(got["Code"]["RepositoryType"], "S3");
    let location = text(&got["Code"]["Location"]);
    let kept = std::fs::read(location.strip_prefix("file://").unwrap()).unwrap();
    assert_eq!(kept.len(), 126);
    assert_eq!(twin.result(&json!({})).await, 42);
}

#[tokio::test]
async fn a_new_function_is_pending_and_then_active() {
    let twin = Twin::new().await;
    twin.ok("CreateFunction", plain(json!({}))).await;
    twin.set_ready_from(i64::MAX, i64::MAX);
    let f = json!({"FunctionName": "f"});
    let pending = twin.ok("GetFunctionConfiguration", f.clone()).await;
    assert_eq!(
        (
            &pending["State"],
            &pending["StateReasonCode"],
            pending.get("LastUpdateStatus")
        ),
        (&json!("Pending"), &json!("Creating"), None)
    );
    let version = text(&pending["RuntimeVersionConfig"]["RuntimeVersionArn"]);
    assert!(
        version.starts_with("arn:aws:lambda:us-east-1::runtime:"),
        "{version}"
    );
    for operation in ["Invoke", "UpdateFunctionConfiguration"] {
        let (code, message) = twin.refused(operation, f.clone()).await;
        assert_eq!(code, "ResourceConflictException", "{operation}");
        assert!(message.ends_with("state: Pending"), "{message}");
    }
    twin.ready();
    let active = twin.ok("GetFunction", f).await["Configuration"].clone();
    assert_eq!(
        (&active["State"], &active["LastUpdateStatus"]),
        (&json!("Active"), &json!("Successful"))
    );
    assert!(active.get("StateReasonCode").is_none());
    assert_ne!(active["RevisionId"], pending["RevisionId"]);
    assert_eq!(
        active["RuntimeVersionConfig"],
        pending["RuntimeVersionConfig"]
    );
}

#[tokio::test]
async fn the_role_must_trust_lambda() {
    let twin = Twin::new().await;
    twin.role("gateway", "apigateway.amazonaws.com").await;
    for name in ["gateway", "absent"] {
        let role = ROLE.replace("exec", name);
        let (code, message) = twin
            .refused("CreateFunction", plain(json!({ "Role": role })))
            .await;
        assert_eq!(code, "InvalidParameterValueException");
        let expected = "The role defined for the function cannot be assumed by Lambda.";
        assert_eq!(message, expected);
    }
    let role = ROLE.replace(ACCOUNT, "444455556666");
    let (code, _) = twin
        .refused("CreateFunction", plain(json!({ "Role": role })))
        .await;
    assert_eq!(code, "AccessDeniedException");
    assert!(
        !folder(&twin).exists(),
        "nothing is kept of what was refused"
    );
}

#[tokio::test]
async fn names_are_unique_and_come_in_many_forms() {
    let twin = Twin::new().await;
    twin.function(json!({})).await;
    let (code, message) = twin.refused("CreateFunction", plain(json!({}))).await;
    assert_eq!(code, "ResourceConflictException");
    assert_eq!(message, "Function already exist: f");
    let kept = std::fs::read_dir(folder(&twin)).unwrap().count();
    assert_eq!(kept, 1, "the refused code is gone");

    for name in [
        F.to_owned(),
        format!("{F}:$LATEST"),
        format!("{ACCOUNT}:function:f"),
    ] {
        let got = twin
            .ok("GetFunctionConfiguration", json!({ "FunctionName": name }))
            .await;
        assert_eq!(got["FunctionName"], "f", "{name}");
    }
    let (code, message) = twin
        .refused("GetFunction", json!({"FunctionName": "fx"}))
        .await;
    assert_eq!(code, "ResourceNotFoundException");
    assert_eq!(message, format!("Function not found: {F}x"));
    let (code, message) = twin
        .refused(
            "GetFunction",
            json!({"FunctionName": "f", "Qualifier": "1"}),
        )
        .await;
    assert_eq!(code, "ResourceNotFoundException");
    assert_eq!(message, format!("Function not found: {F}:1"));
    let elsewhere = F.replace(REGION, "eu-west-1");
    let (code, _) = twin
        .refused("GetFunction", json!({ "FunctionName": elsewhere }))
        .await;
    assert_eq!(code, "ResourceNotFoundException");
    let strangers = F.replace(ACCOUNT, "444455556666");
    let (code, _) = twin
        .refused("GetFunction", json!({ "FunctionName": strangers }))
        .await;
    assert_eq!(code, "AccessDeniedException");
}

#[tokio::test]
async fn lists_have_pages_and_no_state() {
    let twin = Twin::new().await;
    for name in ["b", "a", "c"] {
        twin.ok("CreateFunction", plain(json!({ "FunctionName": name })))
            .await;
    }
    let names = |page: &Value| -> String {
        let functions = page["Functions"].as_array().unwrap().iter();
        functions.map(|f| text(&f["FunctionName"])).collect()
    };
    let first = twin.ok("ListFunctions", json!({"MaxItems": 2})).await;
    let rest = json!({"MaxItems": 2, "Marker": first["NextMarker"]});
    let second = twin.ok("ListFunctions", rest).await;
    assert_eq!(
        (names(&first), names(&second)),
        ("ab".to_owned(), "c".to_owned())
    );
    assert!(second["NextMarker"].is_null());
    assert!(first["Functions"][0].get("State").is_none());
    let usage = twin.ok("GetAccountSettings", json!({})).await["AccountUsage"].clone();
    assert_eq!(usage["FunctionCount"], 3);
}

#[tokio::test]
async fn there_is_one_version() {
    let twin = Twin::new().await;
    twin.function(json!({})).await;
    let f = json!({"FunctionName": "f"});
    let listed = twin.ok("ListVersionsByFunction", f.clone()).await;
    let versions = listed["Versions"].as_array().unwrap();
    assert_eq!(versions.len(), 1);
    assert_eq!(versions[0]["FunctionArn"], format!("{F}:$LATEST"));
    assert_eq!(versions[0]["Version"], "$LATEST");
    let signing = twin.ok("GetFunctionCodeSigningConfig", f).await;
    assert_eq!(signing, json!({"FunctionName": "f"}));
    for operation in ["ListVersionsByFunction", "GetFunctionCodeSigningConfig"] {
        let (code, _) = twin.refused(operation, json!({"FunctionName": "g"})).await;
        assert_eq!(code, "ResourceNotFoundException");
    }
}

#[tokio::test]
async fn tags_are_kept_and_told_to_the_tagging_api() {
    let twin = Twin::new().await;
    twin.function(json!({"Tags": {"labctl:lab": "demo"}})).await;
    let resource = |more: Value| {
        let mut input = json!({ "Resource": F });
        input
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        input
    };
    twin.ok(
        "TagResource",
        resource(json!({"Tags": {"a": "1", "b": "2"}})),
    )
    .await;
    twin.ok("UntagResource", resource(json!({"TagKeys": ["b", "c"]})))
        .await;
    let expected = json!({"labctl:lab": "demo", "a": "1"});
    let listed = twin.ok("ListTags", resource(json!({}))).await;
    assert_eq!(listed["Tags"], expected);
    let got = twin.ok("GetFunction", json!({"FunctionName": "f"})).await;
    assert_eq!(got["Tags"], expected);
    let tagged = twin.app.read(|world| {
        let region = &world.accounts[ACCOUNT].regions[REGION];
        region.lambda.tagged(ACCOUNT, REGION)
    });
    assert_eq!(tagged.len(), 1);
    assert_eq!((tagged[0].0.as_str(), tagged[0].1["a"].as_str()), (F, "1"));
    let qualified = json!({"Resource": format!("{F}:$LATEST"), "Tags": {"a": "1"}});
    let (code, _) = twin.refused("TagResource", qualified).await;
    assert_eq!(code, "InvalidParameterValueException");
}

#[tokio::test]
async fn a_deleted_function_leaves_nothing() {
    let twin = Twin::new().await;
    let code = zip(&[
        ("m.py", "def h(e, c):\n    return 1\n"),
        ("sub/data.txt", "x"),
    ]);
    twin.function(json!({"Code": {"ZipFile": code}})).await;
    let permission = json!({
        "FunctionName": "f", "StatementId": "s", "Action": "lambda:InvokeFunction",
        "Principal": "apigateway.amazonaws.com",
    });
    twin.ok("AddPermission", permission).await;
    let f = json!({"FunctionName": "f"});
    twin.ok("DeleteFunction", f.clone()).await;
    for operation in ["GetFunction", "DeleteFunction", "Invoke", "GetPolicy"] {
        let (code, _) = twin.refused(operation, f.clone()).await;
        assert_eq!(code, "ResourceNotFoundException", "{operation}");
    }
    assert_eq!(std::fs::read_dir(folder(&twin)).unwrap().count(), 0);
    twin.function(json!({})).await;
    let (code, _) = twin.refused("GetPolicy", f).await;
    assert_eq!(
        code, "ResourceNotFoundException",
        "a new one has no old policy"
    );
}

#[tokio::test]
async fn functions_survive_a_restart() {
    let twin = Twin::python("def h(e, c):\n    return 'again'\n").await;
    let saved = twin.app.read(|world| serde_json::to_vec(world).unwrap());
    let world = serde_json::from_slice(&saved).unwrap();
    let config = twin.app.config.clone();
    let again = Twin {
        app: std::sync::Arc::new(crate::app::App::new(config, world)),
    };
    assert_eq!(again.result(&json!({})).await, "again");
}
