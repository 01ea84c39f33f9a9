//! `AssumeRole`, and what its credentials are good for, as the wire layer drives it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{path::PathBuf, sync::Arc};

use serde_json::{Value, json};

use crate::{
    app::{App, Config},
    call::{Call, Service},
    iam, sts,
    world::World,
};

const ACCOUNT: &str = "111122223333";
const OTHER: &str = "444455556666";

struct Twin(Arc<App>);

impl Twin {
    fn new() -> Self {
        let config = Config::at(PathBuf::new());
        Self(Arc::new(App::new(config, World::default())))
    }

    async fn as_whom(
        &self,
        who: Result<&str, sts::Caller>,
        service: Service,
        operation: &str,
        input: Value,
    ) -> Result<Value, String> {
        let call = Call {
            service,
            operation: operation.to_owned(),
            input,
            account: match &who {
                Ok(account) => (*account).to_owned(),
                Err(caller) => caller.account().to_owned(),
            },
            caller: who.err(),
            region: "us-east-1".to_owned(),
            request_id: String::new(),
        };
        let answer = match service {
            Service::Iam => iam::handle(&self.0, &call).await,
            _ => sts::handle(&self.0, &call).await,
        };
        answer.map_err(|e| format!("{} {}", e.code, e.message))
    }

    async fn role(&self, name: &str, statement: Value) -> String {
        let trust = json!({"Version": "2012-10-17", "Statement": statement}).to_string();
        let input = json!({"RoleName": name, "AssumeRolePolicyDocument": trust, "Path": "/lab/"});
        let made = self
            .as_whom(Ok(ACCOUNT), Service::Iam, "CreateRole", input)
            .await
            .unwrap();
        made["Role"]["Arn"].as_str().unwrap().to_owned()
    }

    async fn trusting(&self, name: &str, principal: Value) -> String {
        let statement =
            json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal});
        self.role(name, statement).await
    }

    async fn allow(&self, role: &str, action: &str) {
        let document = json!({"Statement": {"Effect": "Allow", "Action": action, "Resource": "*"}});
        let input = json!({
            "RoleName": role, "PolicyName": "p", "PolicyDocument": document.to_string(),
        });
        self.as_whom(Ok(ACCOUNT), Service::Iam, "PutRolePolicy", input)
            .await
            .unwrap();
    }

    async fn assume(
        &self,
        who: Result<&str, sts::Caller>,
        arn: &str,
        changes: Value,
    ) -> Result<Value, String> {
        let mut input = json!({"RoleArn": arn, "RoleSessionName": "me"});
        for (name, value) in changes.as_object().unwrap() {
            input[name] = value.clone();
        }
        self.as_whom(who, Service::Sts, "AssumeRole", input).await
    }

    fn session(&self, answer: &Value) -> sts::Caller {
        let credentials = &answer["Credentials"];
        let key = credentials["AccessKeyId"].as_str().unwrap();
        let token = credentials["SessionToken"].as_str();
        let found = self.0.read(|world| sts::Caller::of(world, key, token));
        found.unwrap().expect("a session")
    }
}

#[tokio::test]
async fn a_role_is_assumed_by_whom_it_trusts() {
    let twin = Twin::new();
    let own = twin.trusting("own", json!({"AWS": ACCOUNT})).await;
    let root = twin
        .trusting("root", json!({"AWS": format!("arn:aws:iam::{OTHER}:root")}))
        .await;
    let all = twin.trusting("all", json!({"AWS": "*"})).await;
    let lambda = twin
        .trusting("lambda", json!({"Service": "lambda.amazonaws.com"}))
        .await;
    let absent = own.replace("/own", "/absent");
    for (who, arn, good) in [
        (ACCOUNT, &own, true),
        (OTHER, &own, false),
        (ACCOUNT, &root, false),
        (OTHER, &root, true),
        (ACCOUNT, &all, true),
        (OTHER, &all, true),
        (ACCOUNT, &lambda, false),
        (ACCOUNT, &absent, false),
    ] {
        let seen = twin.assume(Ok(who), arn, json!({})).await;
        assert_eq!(seen.is_ok(), good, "{who} {arn}: {seen:?}");
        if !good {
            let told = format!(
                "AccessDenied User: arn:aws:iam::{who}:root is not authorized to perform: sts:AssumeRole \
                 on resource: {arn}"
            );
            assert_eq!(seen.unwrap_err(), told);
        }
    }
}

/// Recorded of AWS: `LocalStack`'s `test_sts_invalid_parameters`.
#[tokio::test]
async fn what_is_no_arn_is_not_asked_for_permission() {
    let twin = Twin::new();
    for arn in [
        "nothing-valid-in-here",
        "arn::b:::something/test-role",
        "arn:a::::something/test-role",
        "arn:a:::something/test-role",
        "arn:a:a::aaaaaaaaaa:",
        "arn:aws:iam::111122223333",
        "role/somebody-with-a-long-name",
    ] {
        let seen = twin.assume(Ok(ACCOUNT), arn, json!({})).await;
        let told = format!("ValidationError {arn} is invalid");
        assert_eq!(seen.unwrap_err(), told);
    }
}

#[tokio::test]
async fn a_session_says_whose_it_is() {
    let twin = Twin::new();
    let arn = twin.trusting("own", json!({"AWS": ACCOUNT})).await;
    let made = twin.assume(Ok(ACCOUNT), &arn, json!({})).await.unwrap();
    // Without the role's path.
    let session_arn = format!("arn:aws:sts::{ACCOUNT}:assumed-role/own/me");
    assert_eq!(made["AssumedRoleUser"]["Arn"], session_arn);
    let session = twin.session(&made);
    let identity = twin
        .as_whom(Err(session), Service::Sts, "GetCallerIdentity", json!({}))
        .await
        .unwrap();
    let id = &made["AssumedRoleUser"]["AssumedRoleId"];
    assert_eq!(
        identity,
        json!({"Account": ACCOUNT, "Arn": session_arn, "UserId": id})
    );
    assert!(
        id.as_str()
            .is_some_and(|id| id.starts_with("AROA") && id.ends_with(":me"))
    );

    let key = made["Credentials"]["AccessKeyId"].as_str().unwrap();
    let token = made["Credentials"]["SessionToken"].as_str();
    let caller = |token: Option<&str>| twin.0.read(|w| sts::Caller::of(w, key, token).map(drop));
    assert_eq!(caller(token), Ok(()));
    for wrong in [None, Some(""), Some("x")] {
        assert_eq!(caller(wrong), Err(sts::KeyRefusal::Invalid), "{wrong:?}");
    }
    twin.0
        .write(|world| world.sessions.values_mut().for_each(sts::Session::expire));
    assert_eq!(caller(token), Err(sts::KeyRefusal::Expired));
}

#[tokio::test]
async fn conditions_of_a_trust_policy_count() {
    let twin = Twin::new();
    let statement = json!([
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"},
         "Condition": {"StringEquals": {"sts:ExternalId": "secret"}}},
        {"Effect": "Deny", "Action": "sts:*", "Principal": {"AWS": OTHER}},
    ]);
    let arn = twin.role("r", statement).await;
    let with = |id: &str| json!({ "ExternalId": id });
    assert!(twin.assume(Ok(ACCOUNT), &arn, json!({})).await.is_err());
    assert!(twin.assume(Ok(ACCOUNT), &arn, with("wrong")).await.is_err());
    assert!(twin.assume(Ok(ACCOUNT), &arn, with("secret")).await.is_ok());
    assert!(twin.assume(Ok(OTHER), &arn, with("secret")).await.is_err());
    // What the twin knows nothing of lets nobody in.
    let unknown = json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"},
        "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}});
    let arn = twin.role("mfa", unknown).await;
    assert!(twin.assume(Ok(ACCOUNT), &arn, json!({})).await.is_err());
}

#[tokio::test]
async fn roles_in_a_chain() {
    let twin = Twin::new();
    let first = twin.trusting("first", json!({"AWS": ACCOUNT})).await;
    let named = twin.trusting("named", json!({"AWS": first})).await;
    let delegated = twin.trusting("delegated", json!({"AWS": ACCOUNT})).await;
    let made = twin.assume(Ok(ACCOUNT), &first, json!({})).await.unwrap();
    let session = || twin.session(&made);
    // Trust in the role is enough; trust in its account leaves it to the role's own policies.
    assert!(twin.assume(Err(session()), &named, json!({})).await.is_ok());
    let seen = twin.assume(Err(session()), &delegated, json!({})).await;
    assert!(
        seen.unwrap_err()
            .contains("User: arn:aws:sts::111122223333:assumed-role/first/me")
    );
    twin.allow("first", "sts:AssumeRole").await;
    assert!(
        twin.assume(Err(session()), &delegated, json!({}))
            .await
            .is_ok()
    );
    let long = json!({"DurationSeconds": 3601});
    let seen = twin.assume(Err(session()), &named, long).await;
    assert!(seen.unwrap_err().contains("role chaining"));
    // A role of the same name is another role.
    let gone = session();
    for (operation, input) in [
        (
            "DeleteRolePolicy",
            json!({"RoleName": "first", "PolicyName": "p"}),
        ),
        ("DeleteRole", json!({"RoleName": "first"})),
    ] {
        twin.as_whom(Ok(ACCOUNT), Service::Iam, operation, input)
            .await
            .unwrap();
    }
    twin.trusting("first", json!({"AWS": ACCOUNT})).await;
    twin.allow("first", "sts:AssumeRole").await;
    assert!(twin.assume(Err(gone), &delegated, json!({})).await.is_err());
}

#[tokio::test]
async fn what_a_session_may_be_asked_for() {
    let twin = Twin::new();
    let arn = twin.trusting("r", json!({"AWS": ACCOUNT})).await;
    let policy =
        json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}).to_string();
    for (changes, told) in [
        (
            json!({"DurationSeconds": 3601}),
            "ValidationError The requested DurationSeconds exceeds the MaxSession",
        ),
        (json!({"Policy": "nonsense"}), "MalformedPolicyDocument"),
        (
            json!({"Policy": policy.replace(':', &format!(":{}", " ".repeat(900)))}),
            "ValidationError",
        ),
        (
            json!({"PolicyArns": [{"arn": "arn:aws:iam::aws:policy/Absent"}]}),
            "ValidationError",
        ),
        (
            json!({"SerialNumber": "123456789"}),
            "NotImplementedException",
        ),
    ] {
        let seen = twin.assume(Ok(ACCOUNT), &arn, changes.clone()).await;
        assert!(
            seen.as_ref().is_err_and(|e| e.starts_with(told)),
            "{changes}: {seen:?}"
        );
    }
    assert_eq!(twin.0.read(|world| world.sessions.len()), 0);
    let made = twin
        .assume(
            Ok(ACCOUNT),
            &arn,
            json!({"Policy": policy, "DurationSeconds": 900}),
        )
        .await
        .unwrap();
    assert!(made["PackedPolicySize"].as_u64().is_some_and(|n| n < 10));
}
