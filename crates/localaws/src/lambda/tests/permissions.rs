use serde_json::{Value, json};

use super::{F, ROLE, Twin, text};
use crate::lambda::{InvokeRefusal, Invoker, invoke};

const GATEWAY: &str = "apigateway.amazonaws.com";
const SOURCE: &str = "arn:aws:execute-api:us-east-1:111122223333:abc/dev/GET/demo";

fn statement(id: &str, changes: Value) -> Value {
    let mut input = json!({
        "FunctionName": "f", "StatementId": id, "Action": "lambda:InvokeFunction", "Principal": GATEWAY,
    });
    let Value::Object(changes) = changes else {
        panic!("changes are an object")
    };
    input.as_object_mut().unwrap().extend(changes);
    input
}

impl Twin {
    async fn policy(&self) -> Value {
        let got = self.ok("GetPolicy", json!({"FunctionName": "f"})).await;
        serde_json::from_str(&text(&got["Policy"])).unwrap()
    }

    async fn lets_in(&self, principal: &str, source_arn: &str) -> bool {
        let invoker = Invoker::Service {
            principal,
            source_arn,
        };
        match invoke(&self.app, F, invoker, b"{}".to_vec()).await {
            Ok(got) => {
                assert_eq!(got.payload, b"{}");
                true
            }
            Err(InvokeRefusal::NotPermitted) => false,
            Err(other) => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_statement_is_added_shown_and_removed() {
    let twin = Twin::new().await;
    twin.function(json!({})).await;
    let source = "arn:aws:execute-api:us-east-1:111122223333:abc/*/GET/demo";
    let changes = json!({"SourceArn": source, "SourceAccount": "111122223333"});
    let added = twin.ok("AddPermission", statement("s", changes)).await;
    let shown: Value = serde_json::from_str(&text(&added["Statement"])).unwrap();
    let expected = json!({
        "Sid": "s", "Effect": "Allow", "Principal": {"Service": GATEWAY},
        "Action": "lambda:InvokeFunction", "Resource": F,
        "Condition": {
            "ArnLike": {"AWS:SourceArn": source},
            "StringEquals": {"AWS:SourceAccount": "111122223333"},
        },
    });
    assert_eq!(shown, expected);
    let policy = twin.policy().await;
    assert_eq!(
        policy,
        json!({"Version": "2012-10-17", "Id": "default", "Statement": [expected]})
    );
    let remove = json!({"FunctionName": "f", "StatementId": "s"});
    twin.ok("RemovePermission", remove.clone()).await;
    let (code, message) = twin
        .refused("GetPolicy", json!({"FunctionName": "f"}))
        .await;
    assert_eq!(code, "ResourceNotFoundException");
    assert_eq!(message, "The resource you requested does not exist.");
    let (code, _) = twin.refused("RemovePermission", remove).await;
    assert_eq!(code, "ResourceNotFoundException");
}

#[tokio::test]
async fn statement_ids_are_unique() {
    let twin = Twin::new().await;
    twin.function(json!({})).await;
    twin.ok("AddPermission", statement("s", json!({}))).await;
    let (code, message) = twin
        .refused("AddPermission", statement("s", json!({"Principal": "*"})))
        .await;
    assert_eq!(code, "ResourceConflictException");
    assert_eq!(
        message,
        "The statement id (s) provided already exists. Please provide a new statement id, or remove \
         the existing statement."
    );
    assert_eq!(
        twin.policy().await["Statement"].as_array().unwrap().len(),
        1
    );
    let other = json!({"FunctionName": "f", "StatementId": "t"});
    let (code, _) = twin.refused("RemovePermission", other).await;
    assert_eq!(code, "ResourceNotFoundException");
}

#[tokio::test]
async fn principals_are_checked() {
    let twin = Twin::new().await;
    twin.function(json!({})).await;
    let aws = |arn: &str| json!({ "AWS": arn });
    let root = "arn:aws:iam::444455556666:root";
    for (n, (given, shown)) in [
        ("*", json!("*")),
        ("444455556666", aws(root)),
        (root, aws(root)),
        (ROLE, aws(ROLE)),
    ]
    .into_iter()
    .enumerate()
    {
        let input = statement(&format!("s{n}"), json!({ "Principal": given }));
        twin.ok("AddPermission", input).await;
        assert_eq!(twin.policy().await["Statement"][n]["Principal"], shown);
    }
    for bad in ["nonsense", &ROLE.replace("exec", "absent")] {
        let (code, message) = twin
            .refused(
                "AddPermission",
                statement("bad", json!({ "Principal": bad })),
            )
            .await;
        assert_eq!(code, "InvalidParameterValueException");
        assert!(message.starts_with("The provided principal was invalid."));
    }
}

#[tokio::test]
async fn revisions_guard_the_policy() {
    let twin = Twin::new().await;
    twin.function(json!({})).await;
    twin.ok("AddPermission", statement("s", json!({}))).await;
    let (code, _) = twin
        .refused("AddPermission", statement("t", json!({"RevisionId": "x"})))
        .await;
    assert_eq!(code, "PreconditionFailedException");
    let f = json!({"FunctionName": "f"});
    let first = twin.ok("GetPolicy", f.clone()).await["RevisionId"].clone();
    twin.ok(
        "AddPermission",
        statement("t", json!({ "RevisionId": first })),
    )
    .await;
    let remove = json!({"FunctionName": "f", "StatementId": "t", "RevisionId": first});
    let (code, _) = twin.refused("RemovePermission", remove).await;
    assert_eq!(code, "PreconditionFailedException");
}

#[tokio::test]
async fn a_policy_has_a_limit() {
    let twin = Twin::new().await;
    twin.function(json!({})).await;
    let long = format!("arn:aws:s3:::{}", "x".repeat(15_000));
    let changes = json!({ "SourceArn": long });
    twin.ok("AddPermission", statement("s", changes.clone()))
        .await;
    let (code, _) = twin.refused("AddPermission", statement("t", changes)).await;
    assert_eq!(code, "PolicyLengthExceededException");
}

#[tokio::test]
async fn a_service_needs_a_statement_and_a_caller_does_not() {
    let twin = Twin::new().await;
    twin.function(json!({})).await;
    assert!(!twin.lets_in(GATEWAY, SOURCE).await);
    let own = invoke(&twin.app, F, Invoker::Caller, b"1".to_vec())
        .await
        .unwrap();
    assert_eq!((own.payload, own.error), (b"1".to_vec(), None));

    let narrow = SOURCE.replace("/dev/", "/*/");
    twin.ok(
        "AddPermission",
        statement("s", json!({ "SourceArn": narrow })),
    )
    .await;
    assert!(twin.lets_in(GATEWAY, SOURCE).await);
    assert!(
        twin.lets_in(GATEWAY, &SOURCE.replace("/dev/", "/test-invoke-stage/"))
            .await
    );
    assert!(!twin.lets_in(GATEWAY, &SOURCE.replace("GET", "POST")).await);
    assert!(!twin.lets_in(GATEWAY, &SOURCE.replace("abc", "abd")).await);
    assert!(!twin.lets_in("s3.amazonaws.com", SOURCE).await);

    let account = json!({"SourceAccount": "444455556666", "Principal": "s3.amazonaws.com"});
    twin.ok("AddPermission", statement("t", account)).await;
    assert!(!twin.lets_in("s3.amazonaws.com", SOURCE).await);
    let read = json!({"Action": "lambda:GetFunction", "Principal": "*"});
    twin.ok("AddPermission", statement("u", read)).await;
    assert!(!twin.lets_in("sns.amazonaws.com", SOURCE).await);
    let all = json!({"Action": "lambda:*", "Principal": "*"});
    twin.ok("AddPermission", statement("v", all)).await;
    assert!(twin.lets_in("sns.amazonaws.com", SOURCE).await);

    let absent = invoke(&twin.app, &format!("{F}x"), Invoker::Caller, Vec::new()).await;
    assert!(matches!(absent, Err(InvokeRefusal::Absent)));
    twin.set_ready_from(i64::MAX, i64::MAX);
    let pending = invoke(&twin.app, F, Invoker::Caller, Vec::new()).await;
    assert!(matches!(pending, Err(InvokeRefusal::NotReady(_))));
}
