//! What Lambda says of what is not there, and when revisions change, as LocalStack's snapshots have recorded it of AWS.

use serde_json::{Value, json};

use super::{F, Twin, text};

fn absent(message: &str) -> (String, String) {
    let message = message.replace("ARN", F.strip_suffix('f').unwrap());
    ("ResourceNotFoundException".to_owned(), message)
}

#[tokio::test]
async fn each_operation_has_its_words_for_what_is_not_there() {
    let twin = Twin::new().await;
    twin.function(json!({})).await;
    let statement = |name: &str, qualifier: Option<&str>| {
        json!({
            "FunctionName": name, "Qualifier": qualifier, "StatementId": "s",
            "Action": "lambda:InvokeFunction", "Principal": "s3.amazonaws.com",
        })
    };
    let named =
        |name: &str, qualifier: Option<&str>| json!({"FunctionName": name, "Qualifier": qualifier});
    let removed = |name: &str, qualifier: Option<&str>| json!({"FunctionName": name, "Qualifier": qualifier, "StatementId": "s"});
    let requested = "The resource you requested does not exist.";
    let incomplete = "arn:aws:lambda:us-east-1:111122223333:function";
    for (operation, input, message) in [
        ("GetPolicy", named("nope", None), requested),
        ("GetPolicy", named("f", Some("77")), requested),
        ("GetPolicy", named("f", Some("alias")), requested),
        ("GetPolicy", named("f", None), requested),
        (
            "RemovePermission",
            removed("nope", None),
            "No policy found for: ARNnope",
        ),
        (
            "RemovePermission",
            removed("f", None),
            "No policy is associated with the given resource.",
        ),
        (
            "RemovePermission",
            removed("f", Some("alias")),
            "Cannot find alias arn: ARNf:alias",
        ),
        (
            "AddPermission",
            statement("nope", None),
            "Function not found: ARNnope",
        ),
        (
            "AddPermission",
            statement("f", Some("alias")),
            "Cannot find alias arn: ARNf:alias",
        ),
        (
            "AddPermission",
            statement("f:alias", None),
            "Cannot find alias arn: ARNf:alias",
        ),
        (
            "AddPermission",
            statement("f", Some("42")),
            "Function not found: ARNf:42",
        ),
        (
            "AddPermission",
            statement("f", Some("with-$-in-it")),
            "Function not found: ARNf:with-$-in-it",
        ),
        (
            "Invoke",
            named("nope", None),
            "Function not found: ARNnope:$LATEST",
        ),
        (
            "Invoke",
            named("nope", Some("7")),
            "Function not found: ARNnope:7",
        ),
        (
            "Invoke",
            named(incomplete, None),
            "Function not found: ARNfunction:$LATEST",
        ),
        (
            "GetFunction",
            named("nope", None),
            "Function not found: ARNnope",
        ),
        (
            "GetFunction",
            named(incomplete, None),
            "Function not found: ARNfunction",
        ),
        (
            "GetFunction",
            named("f", Some("$latest")),
            "Function not found: ARNf:$latest",
        ),
        (
            "DeleteFunction",
            named("nope", Some("1221")),
            "Function not found: ARNnope",
        ),
        (
            "DeleteFunction",
            named("nope", Some("$latest")),
            "Function not found: ARNnope",
        ),
    ] {
        let seen = twin.refused(operation, input.clone()).await;
        assert_eq!(seen, absent(message), "{operation} {input}");
    }
    let invalid = |message: &str| {
        let code = "InvalidParameterValueException";
        (code.to_owned(), message.to_owned())
    };
    for (operation, input, message) in [
        (
            "DeleteFunction",
            named("f", Some("alias")),
            "Deletion of aliases is not currently supported.",
        ),
        (
            "TagResource",
            json!({"Resource": format!("{F}:alias"), "Tags": {"a": "b"}}),
            "Tags on function aliases and versions are not supported. Please specify a function ARN.",
        ),
        (
            "ListTags",
            json!({"Resource": format!("{F}:1")}),
            "Tags on function aliases and versions are not supported. Please specify a function ARN.",
        ),
        (
            "TagResource",
            json!({"Resource": F, "Tags": {}}),
            "An error occurred and the request cannot be processed.",
        ),
    ] {
        let seen = twin.refused(operation, input.clone()).await;
        assert_eq!(seen, invalid(message), "{operation} {input}");
    }
    // A version that is not there is as good as deleted; the function stays.
    twin.ok("DeleteFunction", named("f", Some("77"))).await;
    twin.ok("GetFunction", named("f", None)).await;
}

#[tokio::test]
async fn becoming_ready_and_the_policy_change_the_revision() {
    let twin = Twin::new().await;
    let f = json!({"FunctionName": "f"});
    let created = twin.function(json!({})).await;
    let seen = || async {
        let got = twin.ok("GetFunctionConfiguration", f.clone()).await;
        text(&got["RevisionId"])
    };
    let statement = |revision: &str| {
        json!({
            "FunctionName": "f", "StatementId": "s", "Action": "lambda:InvokeFunction",
            "Principal": "s3.amazonaws.com", "RevisionId": revision,
        })
    };
    let ready = seen().await;
    assert_ne!(created["RevisionId"], ready);
    let (code, message) = twin.refused("AddPermission", statement("stale")).await;
    assert_eq!(code, "PreconditionFailedException");
    assert_eq!(
        message,
        "The Revision Id provided does not match the latest Revision Id. Call the GetPolicy API to retrieve the latest \
         Revision Id"
    );
    assert_eq!(twin.result(&json!({"a": 1})).await, json!({"a": 1}));
    twin.ok("AddPermission", statement(&ready)).await;
    let with_policy = seen().await;
    assert_ne!(ready, with_policy);
    let policy = twin.ok("GetPolicy", f.clone()).await;
    assert_eq!(policy["RevisionId"], with_policy);
    let update =
        |revision: &Value| json!({"FunctionName": "f", "Timeout": 9, "RevisionId": revision});
    let (_, message) = twin
        .refused("UpdateFunctionConfiguration", update(&json!(ready)))
        .await;
    assert!(
        message.ends_with("Call the GetFunction/GetAlias API to retrieve the latest Revision Id"),
        "{message}"
    );
    let updated = twin
        .ok("UpdateFunctionConfiguration", update(&json!(with_policy)))
        .await;
    twin.ready();
    assert_ne!(updated["RevisionId"], seen().await);
}
