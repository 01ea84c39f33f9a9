//! Roles driven through `handle`, as the wire layer drives it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod policies;
mod users;

use std::{path::PathBuf, sync::Arc};

use serde_json::{Value, json};

use crate::{
    app::{App, Config},
    call::{Call, Service},
    iam,
    world::World,
};

struct Twin(Arc<App>);

impl Twin {
    fn new() -> Self {
        let config = Config::at(PathBuf::new());
        Self(Arc::new(App::new(config, World::default())))
    }

    /// The answer, or the error's code.
    async fn call(&self, operation: &str, input: Value) -> Result<Value, String> {
        let call = Call {
            service: Service::Iam,
            operation: operation.to_owned(),
            input,
            account: "111122223333".to_owned(),
            caller: None,
            region: "us-east-1".to_owned(),
            request_id: String::new(),
        };
        let answer = iam::handle(&self.0, &call).await;
        answer.map_err(|e| e.code)
    }

    async fn code(&self, operation: &str, input: Value) -> String {
        let answer = self.call(operation, input).await;
        answer.err().unwrap_or_else(|| "ok".to_owned())
    }

    /// A twin's state as it is saved.
    fn saved(&self) -> Value {
        self.0.read(|world| json!(world))
    }

    /// The error's code; the state must be as it was.
    async fn refused(&self, operation: &str, input: Value) -> String {
        let before = self.saved();
        let code = self.code(operation, input).await;
        assert_eq!(self.saved(), before, "{operation}");
        code
    }

    async fn role(&self, name: &str) {
        let input = json!({"RoleName": name, "AssumeRolePolicyDocument": trust("")});
        assert_eq!(self.code("CreateRole", input).await, "ok");
    }
}

fn trust(sid: &str) -> String {
    let service = json!({"Service": "lambda.amazonaws.com"});
    json!({"Statement": [{"Sid": sid, "Effect": "Allow", "Principal": service, "Action": "sts:AssumeRole"}]})
        .to_string()
}

/// An inline policy of this many characters, and some white space.
fn inline(length: usize) -> String {
    let text = |fill: &str| {
        format!(r#"{{ "Statement": {{"Effect":"Allow","Action":"a:{fill}","Resource":"*"}} }}"#)
    };
    let white = 3;
    text(&"b".repeat(length + white - text("").len()))
}

#[tokio::test]
async fn names_differ_by_more_than_case() {
    let twin = Twin::new();
    twin.role("Lab").await;
    let again = json!({"RoleName": "lAB", "AssumeRolePolicyDocument": trust("")});
    assert_eq!(
        twin.refused("CreateRole", again).await,
        "EntityAlreadyExists"
    );
}

#[tokio::test]
async fn a_role_in_use_stays() {
    let twin = Twin::new();
    twin.role("r").await;
    let arn = "arn:aws:iam::aws:policy/AdministratorAccess";
    let attached = json!({"RoleName": "r", "PolicyArn": arn});
    let named = json!({"RoleName": "r", "PolicyName": "p"});
    let mut put = named.clone();
    put["PolicyDocument"] = inline(100).into();
    let role = json!({"RoleName": "r"});
    twin.call("AttachRolePolicy", attached.clone())
        .await
        .unwrap();
    twin.call("AttachRolePolicy", attached.clone())
        .await
        .unwrap();
    twin.call("PutRolePolicy", put).await.unwrap();
    assert_eq!(
        twin.refused("DeleteRole", role.clone()).await,
        "DeleteConflict"
    );
    twin.call("DetachRolePolicy", attached.clone())
        .await
        .unwrap();
    assert_eq!(
        twin.refused("DetachRolePolicy", attached).await,
        "NoSuchEntity"
    );
    assert_eq!(
        twin.refused("DeleteRole", role.clone()).await,
        "DeleteConflict"
    );
    twin.call("DeleteRolePolicy", named.clone()).await.unwrap();
    assert_eq!(
        twin.refused("DeleteRolePolicy", named).await,
        "NoSuchEntity"
    );
    twin.call("DeleteRole", role.clone()).await.unwrap();
    assert_eq!(twin.refused("DeleteRole", role).await, "NoSuchEntity");
}

#[tokio::test]
async fn a_policy_that_is_not_here_is_answered_by_what_it_is() {
    let twin = Twin::new();
    twin.role("r").await;
    let aws = |name: &str| format!("arn:aws:iam::aws:policy/{name}");
    let own = |name: &str| format!("arn:aws:iam::111122223333:policy/{name}");
    for (arn, code) in [
        ("longpolicynamebutnoarn".to_owned(), "ValidationError"),
        (
            "arn:aws:iam:policy/ReadOnlyAccess".to_owned(),
            "ValidationError",
        ),
        (own("mine"), "NoSuchEntity"),
        (aws("NoSuchPolicyAtAll"), "NoSuchEntity"),
        (aws("Billing"), "NoSuchEntity"),
        (aws("ReadOnlyAccess"), "NotImplementedException"),
        (aws("job-function/Billing"), "NotImplementedException"),
        (aws("AWSLambdaExecute"), "ok"),
        (aws("AdministratorAccess"), "ok"),
    ] {
        let input = json!({"RoleName": "r", "PolicyArn": arn});
        assert_eq!(twin.code("AttachRolePolicy", input).await, code, "{arn}");
        let boundary = json!({
            "RoleName": format!("b-{}", code.to_lowercase()), "AssumeRolePolicyDocument": trust(""),
            "PermissionsBoundary": arn,
        });
        if code != "ok" {
            assert_eq!(twin.code("CreateRole", boundary).await, code, "{arn}");
        }
    }
}

#[tokio::test]
async fn a_new_role_tells_only_a_session_length_that_was_asked_for() {
    let twin = Twin::new();
    for (name, asked, kept) in [("a", None, 3600), ("b", Some(7200), 7200)] {
        let input = json!({
            "RoleName": name, "AssumeRolePolicyDocument": trust(""), "MaxSessionDuration": asked,
        });
        let made = twin.call("CreateRole", input).await.unwrap();
        let told = made["Role"].get("MaxSessionDuration");
        assert_eq!(told.and_then(Value::as_u64), asked, "{name}");
        let got = twin.call("GetRole", json!({"RoleName": name})).await;
        assert_eq!(got.unwrap()["Role"]["MaxSessionDuration"], kept, "{name}");
    }
}

#[tokio::test]
async fn quotas_count_no_white_space() {
    let twin = Twin::new();
    twin.role("r").await;
    let base = trust("").len();
    let update = |length: usize| {
        let document = trust(&"s".repeat(length - base)).replace(',', ", \n");
        json!({"RoleName": "r", "PolicyDocument": document})
    };
    assert_eq!(
        twin.code("UpdateAssumeRolePolicy", update(2048)).await,
        "ok"
    );
    assert_eq!(
        twin.refused("UpdateAssumeRolePolicy", update(2049)).await,
        "LimitExceeded"
    );

    let put = |name: &str, length: usize| json!({"RoleName": "r", "PolicyName": name, "PolicyDocument": inline(length)});
    assert_eq!(twin.code("PutRolePolicy", put("a", 5120)).await, "ok");
    assert_eq!(
        twin.refused("PutRolePolicy", put("b", 5121)).await,
        "LimitExceeded"
    );
    assert_eq!(twin.code("PutRolePolicy", put("b", 5120)).await, "ok");
    // In its own place, a policy counts once.
    assert_eq!(twin.code("PutRolePolicy", put("b", 5120)).await, "ok");

    let tags = |range: std::ops::Range<u32>| {
        let tags: Vec<_> = range
            .map(|n| json!({"Key": n.to_string(), "Value": ""}))
            .collect();
        json!({"RoleName": "r", "Tags": tags})
    };
    assert_eq!(twin.code("TagRole", tags(0..50)).await, "ok");
    assert_eq!(twin.code("TagRole", tags(0..50)).await, "ok");
    assert_eq!(twin.refused("TagRole", tags(49..51)).await, "LimitExceeded");
}

#[tokio::test]
async fn documents_that_say_nothing_are_refused() {
    let twin = Twin::new();
    twin.role("r").await;
    let good = json!({"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"});
    let with = |member: &str, value: Value| {
        let mut statement = good.clone();
        statement[member] = value;
        statement
    };
    let document = |statements: Value| json!({"RoleName": "r", "PolicyDocument": json!({"Statement": statements}).to_string()});
    for bad in [
        with("Principal", json!({})),
        with("Principal", json!({"Service": []})),
        with("Action", json!([])),
        with("NotAction", json!("sts:TagSession")),
        with("NotPrincipal", json!("*")),
    ] {
        let code = twin
            .refused("UpdateAssumeRolePolicy", document(json!([bad])))
            .await;
        assert_eq!(code, "MalformedPolicyDocument", "{bad}");
    }
    let twice = json!([with("Sid", json!("one")), with("Sid", json!("one"))]);
    let code = twin
        .refused("UpdateAssumeRolePolicy", document(twice))
        .await;
    assert_eq!(code, "MalformedPolicyDocument");
    let two = json!([with("Sid", json!("one")), with("Sid", json!("two")), good]);
    assert_eq!(
        twin.code("UpdateAssumeRolePolicy", document(two)).await,
        "ok"
    );
}

#[tokio::test]
async fn policies_are_simulated() {
    let twin = Twin::new();
    twin.role("r").await;
    let document = json!({"Statement": [
        {"Effect": "Allow", "Action": "execute-api:*", "Resource": "arn:aws:execute-api:*:*:abc/*/GET/*"},
        {"Effect": "Deny", "Action": "*", "Resource": "arn:aws:execute-api:*:*:abc/prod/*"},
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*",
         "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}},
    ]});
    let put = json!({"RoleName": "r", "PolicyName": "p", "PolicyDocument": document.to_string()});
    twin.call("PutRolePolicy", put).await.unwrap();
    let attach = json!({"RoleName": "r", "PolicyArn": "arn:aws:iam::aws:policy/PowerUserAccess"});
    let arn = "arn:aws:iam::111122223333:role/r";
    let ask = |actions: &[&str], resource: &str, more: Value| {
        let mut input = json!({
            "PolicySourceArn": arn, "ActionNames": actions, "ResourceArns": [resource],
        });
        for (name, value) in more.as_object().unwrap() {
            input[name] = value.clone();
        }
        input
    };
    let api = |path: &str| format!("arn:aws:execute-api:us-east-1:111122223333:abc/{path}");
    let decided = async |input: Value| {
        let answer = twin.call("SimulatePrincipalPolicy", input).await.unwrap();
        let first = &answer["EvaluationResults"][0];
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (
            text(&first["EvalDecision"]),
            first["MissingContextValues"].to_string(),
        )
    };
    let none = "[]".to_owned();
    let invoke = ["execute-api:Invoke"];
    for (path, decision) in [
        ("dev/GET/demo", "allowed"),
        ("prod/GET/demo", "explicitDeny"),
        ("dev/POST/demo", "implicitDeny"),
    ] {
        let seen = decided(ask(&invoke, &api(path), json!({}))).await;
        assert_eq!(seen, (decision.to_owned(), none.clone()), "{path}");
    }
    let get = ["s3:GetObject"];
    let bucket = "arn:aws:s3:::b/k";
    assert_eq!(
        decided(ask(&get, bucket, json!({}))).await,
        (
            "implicitDeny".to_owned(),
            r#"["aws:PrincipalOrgID"]"#.to_owned()
        )
    );
    let entry = json!({"ContextEntries": [
        {"ContextKeyName": "aws:PrincipalOrgID", "ContextKeyValues": ["o-1"], "ContextKeyType": "string"},
    ]});
    assert_eq!(
        decided(ask(&get, bucket, entry)).await,
        ("allowed".to_owned(), none.clone())
    );
    twin.call("AttachRolePolicy", attach).await.unwrap();
    let power = |action: &'static str| decided(ask(&[action], "*", json!({})));
    assert_eq!(power("sqs:SendMessage").await.0, "allowed");
    assert_eq!(power("iam:CreateRole").await.0, "implicitDeny");

    // Page by page, in the order asked.
    let two = ["sqs:b", "sqs:a"];
    let page = twin
        .call(
            "SimulatePrincipalPolicy",
            ask(&two, "*", json!({"MaxItems": 1})),
        )
        .await
        .unwrap();
    assert_eq!(page["EvaluationResults"][0]["EvalActionName"], "sqs:b");
    let rest = ask(&two, "*", json!({"Marker": page["Marker"]}));
    let page = twin.call("SimulatePrincipalPolicy", rest).await.unwrap();
    assert_eq!(page["EvaluationResults"][0]["EvalActionName"], "sqs:a");
    assert_eq!(page["IsTruncated"], false);

    let absent = json!({"PolicySourceArn": format!("{arn}x"), "ActionNames": ["a:b"]});
    assert_eq!(
        twin.refused("SimulatePrincipalPolicy", absent).await,
        "NoSuchEntity"
    );
    assert_eq!(
        twin.refused("SimulatePrincipalPolicy", ask(&["a"], "*", json!({})))
            .await,
        "InvalidInput"
    );
    let unserved = ask(&get, "*", json!({"ResourceOwner": "111122223333"}));
    assert_eq!(
        twin.refused("SimulatePrincipalPolicy", unserved).await,
        "NotImplementedException"
    );
}
