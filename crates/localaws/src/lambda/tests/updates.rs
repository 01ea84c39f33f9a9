use serde_json::json;

use super::{ROLE, Twin, folder, zip};

fn returning(value: &str) -> String {
    zip(&[("m.py", &format!("def h(e, c):\n    return '{value}'\n"))])
}

#[tokio::test]
async fn new_code_runs_and_the_old_one_goes() {
    let twin = Twin::new().await;
    let created = twin
        .function(json!({"Code": {"ZipFile": returning("v1")}}))
        .await;
    assert_eq!(twin.result(&json!({})).await, "v1");
    for value in ["v2", "v3", "v4"] {
        let input = json!({
            "FunctionName": "f", "ZipFile": returning(value), "Architectures": ["arm64"],
        });
        let updated = twin.ok("UpdateFunctionCode", input).await;
        assert_eq!(updated["LastUpdateStatus"], "InProgress");
        assert_eq!(updated["State"], "Active");
        assert_eq!(updated["Architectures"], json!(["arm64"]));
        assert_ne!(updated["CodeSha256"], created["CodeSha256"]);
        assert_ne!(updated["RevisionId"], created["RevisionId"]);
        twin.ready();
        assert_eq!(twin.result(&json!({})).await, value);
    }
    let function = std::fs::read_dir(folder(&twin))
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    let kept = std::fs::read_dir(function.path()).unwrap().count();
    assert_eq!(kept, 4, "zip and files of the last code and the one before");
}

#[tokio::test]
async fn configuration_changes_where_it_is_told_to() {
    let twin = Twin::python("import os\ndef h(e, c):\n    return os.environ.get('WHO')\n").await;
    let who = |who: &str| json!({"Variables": {"WHO": who}});
    let input = json!({"FunctionName": "f", "Environment": who("a"), "MemorySize": 256});
    twin.ok("UpdateFunctionConfiguration", input).await;
    twin.ready();
    assert_eq!(twin.result(&json!({})).await, "a");
    let input = json!({"FunctionName": "f", "Timeout": 7, "Description": "d"});
    let updated = twin.ok("UpdateFunctionConfiguration", input).await;
    assert_eq!(updated["Environment"], who("a"));
    assert_eq!(updated["MemorySize"], 256);
    assert_eq!(
        (&updated["Timeout"], &updated["Description"]),
        (&json!(7), &json!("d"))
    );
    twin.ready();
    let input = json!({"FunctionName": "f", "Environment": {"Variables": {}}});
    let updated = twin.ok("UpdateFunctionConfiguration", input).await;
    assert_eq!(updated["Environment"], json!({"Variables": {}}));
    assert_eq!(
        (
            &updated["LastUpdateStatus"],
            &updated["LastUpdateStatusReasonCode"]
        ),
        (&json!("InProgress"), &json!("Creating"))
    );
    twin.ready();
    assert!(twin.result(&json!({})).await.is_null());
}

#[tokio::test]
async fn updates_wait_for_each_other() {
    let twin = Twin::new().await;
    twin.function(json!({})).await;
    let input = json!({"FunctionName": "f", "Timeout": 7});
    twin.set_ready_from(0, i64::MAX);
    let code = json!({"FunctionName": "f", "ZipFile": returning("x")});
    for (operation, input) in [
        ("UpdateFunctionConfiguration", input.clone()),
        ("UpdateFunctionCode", code),
    ] {
        let (code, message) = twin.refused(operation, input).await;
        assert_eq!(code, "ResourceConflictException");
        assert!(message.contains("An update is in progress for resource: arn:aws:lambda"));
    }
    // It can be invoked all the while.
    assert_eq!(twin.result(&json!({"a": 1})).await, json!({"a": 1}));
    twin.ready();
    twin.ok("UpdateFunctionConfiguration", input).await;
}

#[tokio::test]
async fn a_stale_revision_or_bad_code_changes_nothing() {
    let twin = Twin::new().await;
    let f = json!({"FunctionName": "f"});
    twin.function(json!({})).await;
    let created = twin.ok("GetFunctionConfiguration", f).await;
    let stale = json!({"FunctionName": "f", "RevisionId": "x", "ZipFile": returning("x")});
    let (code, _) = twin.refused("UpdateFunctionCode", stale).await;
    assert_eq!(code, "PreconditionFailedException");
    let bad = json!({"FunctionName": "f", "ZipFile": "bm8gemlw"});
    let (code, message) = twin.refused("UpdateFunctionCode", bad).await;
    assert_eq!(code, "InvalidParameterValueException");
    assert!(message.starts_with("Could not unzip uploaded file."));
    let role = json!({"FunctionName": "f", "Timeout": 9, "Role": ROLE.replace("exec", "absent")});
    let (code, _) = twin.refused("UpdateFunctionConfiguration", role).await;
    assert_eq!(code, "InvalidParameterValueException");
    let dry = json!({"FunctionName": "f", "ZipFile": returning("x"), "DryRun": true});
    twin.ok("UpdateFunctionCode", dry).await;

    let after = twin
        .ok("GetFunctionConfiguration", json!({"FunctionName": "f"}))
        .await;
    for member in ["RevisionId", "CodeSha256", "Timeout", "Role"] {
        assert_eq!(after[member], created[member], "{member}");
    }
    assert_eq!(twin.result(&json!({"same": 1})).await, json!({"same": 1}));
    let fresh = json!({
        "FunctionName": "f", "RevisionId": after["RevisionId"], "ZipFile": returning("new"),
    });
    twin.ok("UpdateFunctionCode", fresh).await;
}
