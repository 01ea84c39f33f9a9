//! Users, their keys and groups.

use serde_json::{Value, json};

use super::Twin;
use crate::{
    call::{Call, Service},
    iam::Context,
    sts::{self, Caller, KeyRefusal},
};

const ACCOUNT: &str = "111122223333";

fn allowing(action: &str) -> String {
    json!({"Statement": {"Effect": "Allow", "Action": action, "Resource": "*"}}).to_string()
}

impl Twin {
    /// A user, and a key.
    async fn user(&self, name: &str) -> (String, String) {
        let named = json!({"UserName": name});
        self.call("CreateUser", named.clone()).await.unwrap();
        let made = self.call("CreateAccessKey", named).await.unwrap();
        let text = |member: &str| made["AccessKey"][member].as_str().unwrap().to_owned();
        (text("AccessKeyId"), text("SecretAccessKey"))
    }

    fn caller(&self, key: &str) -> Result<Option<Caller>, KeyRefusal> {
        self.0.read(|world| Caller::of(world, key, None))
    }

    fn user_may(&self, key: &str, action: &str) -> bool {
        let caller = self.caller(key).unwrap().unwrap();
        self.0
            .read(|world| caller.ruling(world, action, "*", &Context::default()))
            .allowed()
    }
}

#[tokio::test]
async fn a_key_is_its_users() {
    let twin = Twin::new();
    let (id, secret) = twin.user("ann").await;
    assert!(id.starts_with("AKIA") && id.len() == 20 && secret.len() == 40);
    let caller = twin.caller(&id).unwrap().unwrap();
    assert_eq!(
        (caller.secret(), caller.arn(), caller.account()),
        (
            secret.as_str(),
            format!("arn:aws:iam::{ACCOUNT}:user/ann"),
            ACCOUNT
        )
    );
    let call = Call {
        service: Service::Sts,
        operation: "GetCallerIdentity".to_owned(),
        input: json!({}),
        account: ACCOUNT.to_owned(),
        caller: Some(caller),
        region: "us-east-1".to_owned(),
        request_id: String::new(),
    };
    let told = sts::handle(&twin.0, &call).await.unwrap();
    assert_eq!(told["Arn"], format!("arn:aws:iam::{ACCOUNT}:user/ann"));
    assert!(told["UserId"].as_str().unwrap().starts_with("AIDA"));
    // Without a name it is the caller.
    let own = Call {
        service: Service::Iam,
        operation: "GetUser".to_owned(),
        ..call
    };
    let seen = crate::iam::handle(&twin.0, &own).await.unwrap();
    assert_eq!(seen["User"]["UserName"], "ann");

    let key = |status: &str| json!({"UserName": "ann", "AccessKeyId": id, "Status": status});
    twin.call("UpdateAccessKey", key("Inactive")).await.unwrap();
    assert_eq!(twin.caller(&id).err(), Some(KeyRefusal::Invalid));
    let listed = twin
        .call("ListAccessKeys", json!({"UserName": "ann"}))
        .await
        .unwrap();
    assert_eq!(listed["AccessKeyMetadata"][0]["Status"], "Inactive");
    assert!(!listed.to_string().contains(&secret));
    twin.call("UpdateAccessKey", key("Active")).await.unwrap();
    let named = json!({"UserName": "ann"});
    twin.call("CreateAccessKey", named.clone()).await.unwrap();
    assert_eq!(
        twin.refused("CreateAccessKey", named.clone()).await,
        "LimitExceeded"
    );
    assert_eq!(twin.refused("DeleteUser", named).await, "DeleteConflict");
    twin.call("DeleteAccessKey", key("")).await.unwrap();
    assert!(twin.caller(&id).unwrap().is_none());
    assert_eq!(
        twin.refused("DeleteAccessKey", key("")).await,
        "NoSuchEntity"
    );
}

#[tokio::test]
async fn what_a_user_may_comes_from_its_policies_and_groups() {
    let twin = Twin::new();
    let (id, _) = twin.user("ann").await;
    let call = async |operation: &str, input: Value| twin.call(operation, input).await.unwrap();
    let may = |action: &str| twin.user_may(&id, action);
    assert!(!may("a:inline"));
    let inline =
        json!({"UserName": "ann", "PolicyName": "p", "PolicyDocument": allowing("a:inline")});
    call("PutUserPolicy", inline).await;
    let policy = json!({"PolicyName": "p", "PolicyDocument": allowing("a:managed")});
    let arn = call("CreatePolicy", policy).await["Policy"]["Arn"].clone();
    let attached = json!({"UserName": "ann", "PolicyArn": arn});
    call("AttachUserPolicy", attached.clone()).await;
    assert!(may("a:inline") && may("a:managed") && !may("a:group"));

    call("CreateGroup", json!({"GroupName": "class"})).await;
    let grouped =
        json!({"GroupName": "class", "PolicyName": "g", "PolicyDocument": allowing("a:group")});
    call("PutGroupPolicy", grouped).await;
    let member = json!({"GroupName": "class", "UserName": "ann"});
    call("AddUserToGroup", member.clone()).await;
    assert!(may("a:group"));
    let group = call("GetGroup", json!({"GroupName": "class"})).await;
    assert_eq!(group["Users"][0]["UserName"], "ann");
    let groups = call("ListGroupsForUser", json!({"UserName": "ann"})).await;
    assert_eq!(groups["Groups"][0]["GroupName"], "class");
    let deny = json!({"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}});
    let denied =
        json!({"GroupName": "class", "PolicyName": "d", "PolicyDocument": deny.to_string()});
    call("PutGroupPolicy", denied).await;
    assert!(!may("a:inline"));
    assert_eq!(
        twin.refused("DeleteGroup", json!({"GroupName": "class"}))
            .await,
        "DeleteConflict"
    );
    call("RemoveUserFromGroup", member).await;
    assert!(may("a:inline") && !may("a:group"));

    let simulated = json!({
        "PolicySourceArn": format!("arn:aws:iam::{ACCOUNT}:user/ann"), "ActionNames": ["a:managed"],
    });
    let simulated = call("SimulatePrincipalPolicy", simulated).await;
    assert_eq!(simulated["EvaluationResults"][0]["EvalDecision"], "allowed");
    for (operation, input) in [
        ("DetachUserPolicy", attached),
        (
            "DeleteUserPolicy",
            json!({"UserName": "ann", "PolicyName": "p"}),
        ),
        (
            "DeleteAccessKey",
            json!({"UserName": "ann", "AccessKeyId": id}),
        ),
        ("DeleteUser", json!({"UserName": "ann"})),
    ] {
        call(operation, input).await;
    }
    assert_eq!(
        twin.refused("GetUser", json!({"UserName": "ann"})).await,
        "NoSuchEntity"
    );
}

#[tokio::test]
async fn a_user_made_anew_is_another_one() {
    let twin = Twin::new();
    let (id, _) = twin.user("ann").await;
    let caller = twin.caller(&id).unwrap().unwrap();
    let key = json!({"UserName": "ann", "AccessKeyId": id});
    twin.call("DeleteAccessKey", key).await.unwrap();
    let named = json!({"UserName": "ann"});
    twin.call("DeleteUser", named).await.unwrap();
    let (new, _) = twin.user("ann").await;
    let all = json!({"UserName": "ann", "PolicyName": "p", "PolicyDocument": allowing("*")});
    twin.call("PutUserPolicy", all).await.unwrap();
    let old = twin
        .0
        .read(|world| caller.ruling(world, "a:b", "*", &Context::default()));
    assert!(!old.allowed() && twin.user_may(&new, "a:b"));
    let again = json!({"UserName": "ANN"});
    assert_eq!(
        twin.refused("CreateUser", again).await,
        "EntityAlreadyExists"
    );
}
