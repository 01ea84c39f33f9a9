//! An account's own managed policies, and roles that services have made.

use serde_json::{Value, json};

use super::Twin;
use crate::iam::Context;

const ARN: &str = "arn:aws:iam::111122223333:policy/p";

fn allowing(action: &str) -> String {
    json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": action, "Resource": "*"}})
        .to_string()
}

impl Twin {
    async fn ok(&self, operation: &str, input: Value) -> Value {
        let answer = self.call(operation, input).await;
        answer.unwrap_or_else(|code| panic!("{operation}: {code}"))
    }

    /// A policy `p` that allows `a:one`.
    async fn policy(&self) -> Value {
        let input = json!({"PolicyName": "p", "PolicyDocument": allowing("a:one")});
        self.ok("CreatePolicy", input).await["Policy"].clone()
    }

    /// Whether a role may do it.
    fn may(&self, role: &str, action: &str) -> bool {
        self.0.read(|world| {
            let iam = &world.accounts["111122223333"].iam;
            let role = iam.role(role).unwrap();
            let ruling = iam.role_ruling(role, action, "*", &Context::default());
            assert_eq!(ruling.allowed(), iam.allows(&role.arn, action, "*"));
            ruling.allowed()
        })
    }
}

#[tokio::test]
async fn a_managed_policy_counts_where_it_is_attached() {
    let twin = Twin::new();
    twin.role("r").await;
    let made = twin.policy().await;
    assert_eq!(
        (
            &made["Arn"],
            &made["DefaultVersionId"],
            &made["IsAttachable"]
        ),
        (&json!(ARN), &json!("v1"), &json!(true))
    );
    let attached = json!({"RoleName": "r", "PolicyArn": ARN});
    assert!(!twin.may("r", "a:one"));
    twin.ok("AttachRolePolicy", attached.clone()).await;
    assert!(twin.may("r", "a:one") && !twin.may("r", "a:two"));
    let of = json!({"PolicyArn": ARN});
    let seen = twin.ok("GetPolicy", of.clone()).await;
    assert_eq!(seen["Policy"]["AttachmentCount"], 1);
    let who = twin.ok("ListEntitiesForPolicy", of.clone()).await;
    assert_eq!(who["PolicyRoles"][0]["RoleName"], "r");

    // What counts is the default version.
    let other = json!({"PolicyArn": ARN, "PolicyDocument": allowing("a:two")});
    let version = twin.ok("CreatePolicyVersion", other).await;
    assert_eq!(version["PolicyVersion"]["VersionId"], "v2");
    assert!(!twin.may("r", "a:two"));
    let second = json!({"PolicyArn": ARN, "VersionId": "v2"});
    twin.ok("SetDefaultPolicyVersion", second.clone()).await;
    assert!(twin.may("r", "a:two") && !twin.may("r", "a:one"));
    let listed = twin.ok("ListPolicyVersions", of.clone()).await;
    let versions = listed["Versions"].as_array().unwrap();
    let versions: Vec<_> = versions
        .iter()
        .map(|v| (v["VersionId"].as_str().unwrap(), &v["IsDefaultVersion"]))
        .collect();
    assert_eq!(versions, [("v2", &json!(true)), ("v1", &json!(false))]);

    for (operation, input) in [
        ("DeletePolicyVersion", second),
        ("DeletePolicy", of.clone()),
        ("DeleteRole", json!({"RoleName": "r"})),
    ] {
        assert_eq!(twin.refused(operation, input).await, "DeleteConflict");
    }
    twin.ok("DetachRolePolicy", attached).await;
    assert!(!twin.may("r", "a:two"));
    assert_eq!(
        twin.refused("DeletePolicy", of.clone()).await,
        "DeleteConflict"
    );
    let first = json!({"PolicyArn": ARN, "VersionId": "v1"});
    twin.ok("DeletePolicyVersion", first.clone()).await;
    assert_eq!(
        twin.refused("GetPolicyVersion", first).await,
        "NoSuchEntity"
    );
    twin.ok("DeletePolicy", of.clone()).await;
    assert_eq!(twin.refused("DeletePolicy", of).await, "NoSuchEntity");
}

#[tokio::test]
async fn a_managed_policy_bounds_a_role() {
    let twin = Twin::new();
    twin.policy().await;
    let role = json!({
        "RoleName": "r", "AssumeRolePolicyDocument": super::trust(""), "PermissionsBoundary": ARN,
    });
    twin.ok("CreateRole", role).await;
    let power = "arn:aws:iam::aws:policy/PowerUserAccess";
    let power = json!({"RoleName": "r", "PolicyArn": power});
    twin.ok("AttachRolePolicy", power).await;
    let bounded = |action| {
        twin.0.read(|world| {
            let iam = &world.accounts["111122223333"].iam;
            iam.role_ruling(iam.role("r").unwrap(), action, "*", &Context::default())
                .allowed()
        })
    };
    assert!(bounded("a:one") && !bounded("a:two"));
    let of = json!({"PolicyArn": ARN});
    assert_eq!(twin.refused("DeletePolicy", of).await, "DeleteConflict");
}

#[tokio::test]
async fn what_a_policy_may_not_be() {
    let twin = Twin::new();
    twin.role("r").await;
    twin.policy().await;
    let create =
        |name: &str, document: String| json!({"PolicyName": name, "PolicyDocument": document});
    let attach = |arn: &str| json!({"RoleName": "r", "PolicyArn": arn});
    let of_aws = "arn:aws:iam::aws:policy/AdministratorAccess";
    for (operation, input, code) in [
        (
            "CreatePolicy",
            create("P", allowing("a:b")),
            "EntityAlreadyExists",
        ),
        (
            "CreatePolicy",
            create("q", "{".to_owned()),
            "MalformedPolicyDocument",
        ),
        (
            "CreatePolicy",
            create("q", allowing(&format!("a:{}", "b".repeat(6144)))),
            "LimitExceeded",
        ),
        ("AttachRolePolicy", attach("p"), "ValidationError"),
        (
            "AttachRolePolicy",
            attach(&format!("{ARN}x")),
            "NoSuchEntity",
        ),
        (
            "GetPolicy",
            json!({"PolicyArn": format!("{ARN}x")}),
            "NoSuchEntity",
        ),
        (
            "GetPolicy",
            json!({"PolicyArn": of_aws}),
            "NotImplementedException",
        ),
        ("ListPolicies", json!({}), "NotImplementedException"),
    ] {
        assert_eq!(
            twin.refused(operation, input.clone()).await,
            code,
            "{operation} {input}"
        );
    }
    let version = json!({"PolicyArn": ARN, "PolicyDocument": allowing("a:b")});
    for _ in 0..4 {
        twin.ok("CreatePolicyVersion", version.clone()).await;
    }
    assert_eq!(
        twin.refused("CreatePolicyVersion", version).await,
        "LimitExceeded"
    );
    let local = |changes: Value| {
        let mut input = json!({"Scope": "Local"});
        input
            .as_object_mut()
            .unwrap()
            .extend(changes.as_object().unwrap().clone());
        input
    };
    let listed = twin.ok("ListPolicies", local(json!({}))).await;
    assert_eq!(listed["Policies"][0]["PolicyName"], "p");
    for nothing in [json!({"OnlyAttached": true}), json!({"PathPrefix": "/x/"})] {
        let listed = twin.ok("ListPolicies", local(nothing)).await;
        assert_eq!(listed["Policies"], json!([]));
    }
}

#[tokio::test]
async fn a_service_linked_role_is_the_services() {
    let twin = Twin::new();
    let service = json!({"AWSServiceName": "ops.apigateway.amazonaws.com"});
    let made = twin.ok("CreateServiceLinkedRole", service.clone()).await;
    let name = "AWSServiceRoleForAPIGateway";
    let path = "/aws-service-role/ops.apigateway.amazonaws.com/";
    assert_eq!(
        made["Role"]["Arn"],
        format!("arn:aws:iam::111122223333:role{path}{name}")
    );
    let role = json!({"RoleName": name});
    let attached = twin.ok("ListAttachedRolePolicies", role.clone()).await;
    assert_eq!(
        attached["AttachedPolicies"][0]["PolicyName"],
        "APIGatewayServiceRolePolicy"
    );
    let suffix = json!({"AWSServiceName": "ops.apigateway.amazonaws.com", "CustomSuffix": "x"});
    let unknown = json!({"AWSServiceName": "x.amazonaws.com"});
    let power = json!({"RoleName": name, "PolicyArn": "arn:aws:iam::aws:policy/PowerUserAccess"});
    for (operation, input, code) in [
        ("CreateServiceLinkedRole", service, "InvalidInput"),
        ("CreateServiceLinkedRole", suffix, "InvalidInput"),
        (
            "CreateServiceLinkedRole",
            unknown,
            "NotImplementedException",
        ),
        ("DeleteRole", role.clone(), "UnmodifiableEntity"),
        ("AttachRolePolicy", power, "UnmodifiableEntity"),
    ] {
        assert_eq!(twin.refused(operation, input).await, code, "{operation}");
    }
    let task = twin.ok("DeleteServiceLinkedRole", role.clone()).await;
    let id = task["DeletionTaskId"].as_str().unwrap();
    assert!(id.starts_with(&format!("task{path}{name}/")), "{id}");
    let status = twin.ok("GetServiceLinkedRoleDeletionStatus", task).await;
    assert_eq!(status["Status"], "SUCCEEDED");
    assert_eq!(twin.refused("GetRole", role).await, "NoSuchEntity");

    let scaling = json!({"AWSServiceName": "autoscaling.amazonaws.com", "CustomSuffix": "x"});
    let made = twin.ok("CreateServiceLinkedRole", scaling).await;
    assert_eq!(made["Role"]["RoleName"], "AWSServiceRoleForAutoScaling_x");
    twin.role("own").await;
    let own = json!({"RoleName": "own"});
    assert_eq!(
        twin.refused("DeleteServiceLinkedRole", own).await,
        "InvalidInput"
    );
}
