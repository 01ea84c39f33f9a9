//! Policies of APIs: how they are kept, and what they let through beside each way to authorize.

use super::{
    signed::Keys,
    tokens::{Tokens, protected},
    *,
};

const INVALID: &str = "400 BadRequestException: Invalid policy document. Please check the policy syntax and ensure that Principals are valid.";
const OTHER: &str = "444455556666";

fn statement(effect: &str, changes: Value) -> Value {
    let plain = json!({"Effect": effect, "Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"});
    merged(&plain, changes)
}

fn policy(statements: Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

fn allow() -> Value {
    statement("Allow", json!({}))
}

/// A condition on the caller's address.
fn from(block: &str) -> Value {
    json!({"Condition": {"IpAddress": {"aws:SourceIp": block}}})
}

impl Twin {
    /// Deployed at once; none takes the policy away.
    async fn set_policy(&self, api: &Api, statements: Option<Value>) {
        let text = statements.map_or(String::new(), |s| policy(s).to_string());
        let patches = json!([patch("replace", "/policy", &text)]);
        let input = json!({"restApiId": api.id, "patchOperations": patches});
        self.ok("UpdateRestApi", input).await;
        self.deploy(api).await;
    }
}

fn anonymous(api: &Api, how: &str) -> (u16, String) {
    let resource = format!(
        "arn:aws:execute-api:us-east-1:********3333:{}/dev/GET/demo",
        api.id
    );
    let message = format!(
        "User: anonymous is not authorized to perform: execute-api:Invoke on resource: {resource}{how}"
    );
    (403, json!({ "Message": message }).to_string())
}

#[tokio::test]
async fn a_policy_is_kept_with_whole_arns() {
    let twin = Twin::new();
    let given = policy(json!([
        allow(),
        statement(
            "Deny",
            json!({"Resource": [
        "execute-api:/dev/GET/a", "arn:aws:execute-api:us-east-1:111122223333:x/*"]})
        )
    ]));
    let input = json!({"name": "demo", "policy": given.to_string()});
    let made = twin.ok("CreateRestApi", input).await;
    let id = json!({"restApiId": made["id"]});
    let got = twin.ok("GetRestApi", id.clone()).await;
    assert_eq!(made["policy"], got["policy"]);
    let shown = text(&got["policy"]);
    // The text of a JSON string, slashes too.
    assert!(
        !shown.contains("1.0/") && shown.contains(r#"{\"Statement\""#),
        "{shown}"
    );
    assert!(shown.contains(r"\/dev\/GET\/a"), "{shown}");
    let inner: String = serde_json::from_str(&format!("\"{shown}\"")).unwrap();
    let kept: Value = serde_json::from_str(&inner).unwrap();
    let own = format!(
        "arn:aws:execute-api:us-east-1:{ACCOUNT}:{}/",
        text(&made["id"])
    );
    assert_eq!(kept["Statement"][0]["Resource"], format!("{own}*"));
    assert_eq!(
        kept["Statement"][1]["Resource"],
        json!([
            format!("{own}dev/GET/a"),
            "arn:aws:execute-api:us-east-1:111122223333:x/*"
        ])
    );
    let listed = twin.ok("GetRestApis", json!({})).await;
    assert_eq!(listed["items"][0]["policy"], got["policy"]);

    // The documentation's command line has it quoted.
    let quoted = Value::String(policy(json!([allow()])).to_string()).to_string();
    let update = |value: &str| {
        merged(
            &id,
            json!({"patchOperations": [patch("replace", "/policy", value)]}),
        )
    };
    let updated = twin.ok("UpdateRestApi", update(&quoted)).await;
    assert!(text(&updated["policy"]).contains(r"\/*"));
    let got = twin.restarted().ok("GetRestApi", id.clone()).await;
    assert_eq!(got["policy"], updated["policy"]);
    let gone = twin.ok("UpdateRestApi", update("")).await;
    assert!(gone.get("policy").is_none(), "{gone}");
}

#[tokio::test]
async fn what_is_no_policy() {
    let twin = Twin::new();
    let api = twin.api().await;
    let role = |account: &str| json!({"AWS": format!("arn:aws:iam::{account}:role/absent")});
    let mut wrong: Vec<String> = [
        json!({"Principal": null}),
        json!({"Principal": {}}),
        json!({"Principal": {"AWS": "somebody"}}),
        json!({"Principal": role(ACCOUNT)}),
        json!({"Principal": role(OTHER)}),
        json!({"Principal": {"AWS": format!("arn:aws:iam::{ACCOUNT}:user/absent")}}),
        json!({"Action": null}),
        json!({"Action": "lambda:InvokeFunction"}),
        json!({"Action": []}),
        json!({"Resource": null}),
        json!({"Resource": "demo"}),
        json!({"Effect": "Maybe"}),
        json!({"Condition": "x"}),
        json!({"More": 1}),
    ]
    .into_iter()
    .map(|changes| policy(json!([statement("Allow", changes)])).to_string())
    .collect();
    wrong.extend(["nonsense", "{}", "[]", "1", "\"x\""].map(str::to_owned));
    for text in wrong {
        let patches = json!([patch("replace", "/policy", &text)]);
        let update = json!({"restApiId": api.id, "patchOperations": patches});
        assert_eq!(
            twin.refused("UpdateRestApi", update).await,
            INVALID,
            "{text}"
        );
        let create = json!({"name": "x", "policy": text});
        assert_eq!(
            twin.refused("CreateRestApi", create).await,
            INVALID,
            "{text}"
        );
    }
    let long = statement("Allow", from(&"1.2.3.4/32, ".repeat(800)));
    let patches = json!([patch(
        "replace",
        "/policy",
        &policy(json!([long])).to_string()
    )]);
    let update = json!({"restApiId": api.id, "patchOperations": patches});
    let seen = twin.refused("UpdateRestApi", update).await;
    assert!(seen.contains("8192"), "{seen}");
    let got = twin.ok("GetRestApi", json!({"restApiId": api.id})).await;
    assert!(got.get("policy").is_none());
}

#[tokio::test]
async fn without_authorizer_the_policy_has_to_allow() {
    let twin = Twin::new();
    let api = twin.api().await;
    twin.mock(&api, &api.demo, "GET", "hello", json!({})).await;
    twin.deploy(&api).await;
    let open = (200, "hello".to_owned());
    assert_eq!(twin.get(&api, "/demo", &[]).await, open);
    let explicit = " with an explicit deny";
    for (statements, expected) in [
        (json!([allow()]), open.clone()),
        (
            json!([statement("Allow", from("127.0.0.0/8"))]),
            open.clone(),
        ),
        (
            json!([statement("Allow", from("192.0.2.0/24"))]),
            anonymous(&api, ""),
        ),
        (
            json!([statement(
                "Allow",
                json!({"Resource": "execute-api:/dev/POST/*"})
            )]),
            anonymous(&api, ""),
        ),
        (
            json!([statement("Allow", json!({"Principal": {"AWS": ACCOUNT}}))]),
            anonymous(&api, ""),
        ),
        (
            json!([allow(), statement("Deny", from("127.0.0.1/32"))]),
            anonymous(&api, explicit),
        ),
        (
            json!([allow(), statement("Deny", from("192.0.2.0/24"))]),
            open.clone(),
        ),
        (
            json!([
                allow(),
                statement(
                    "Deny",
                    json!({"Condition": {"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}})
                )
            ]),
            anonymous(&api, explicit),
        ),
    ] {
        twin.set_policy(&api, Some(statements.clone())).await;
        assert_eq!(twin.get(&api, "/demo", &[]).await, expected, "{statements}");
    }
    let uri = format!("/_api/{}/dev/demo", api.id);
    let seen = twin.send("GET", &uri, &[], "").await.unwrap();
    assert_eq!(seen.headers["x-amzn-errortype"], "AccessDeniedException");
    // An API's own wording covers it, and what is not deployed does not count.
    let response =
        json!({"restApiId": api.id, "responseType": "ACCESS_DENIED", "statusCode": "418"});
    twin.ok("PutGatewayResponse", response).await;
    let patches = json!([patch("replace", "/policy", "")]);
    let update = json!({"restApiId": api.id, "patchOperations": patches});
    twin.ok("UpdateRestApi", update).await;
    assert_eq!(twin.get(&api, "/demo", &[]).await.0, 403);
    twin.set_policy(&api, None).await;
    assert_eq!(twin.get(&api, "/demo", &[]).await, open);
}

#[tokio::test]
async fn behind_a_user_pool_both_are_needed() {
    let twin = Twin::new();
    let (pool, Tokens { id, .. }) = twin.pool().await;
    let api = twin.api().await;
    let authorizer = twin.authorizer(&api, &pool, json!({})).await;
    twin.mock(&api, &api.demo, "GET", "hello", protected(&authorizer, &[]))
        .await;
    let unauthorized = (401, r#"{"message":"Unauthorized"}"#.to_owned());
    for (statements, with_token) in [
        (json!([allow()]), (200, "hello".to_owned())),
        (
            json!([statement("Allow", from("192.0.2.0/24"))]),
            anonymous(&api, ""),
        ),
        (
            json!([allow(), statement("Deny", json!({}))]),
            anonymous(&api, " with an explicit deny"),
        ),
    ] {
        twin.set_policy(&api, Some(statements.clone())).await;
        // The token is looked at first.
        assert_eq!(twin.get(&api, "/demo", &[]).await, unauthorized);
        let headers = [("authorization", id.as_str())];
        assert_eq!(
            twin.get(&api, "/demo", &headers).await,
            with_token,
            "{statements}"
        );
    }
}

#[tokio::test]
async fn a_lambda_authorizer_is_not_asked_when_the_policy_denies() {
    let (lab, _) = lab::Lab::guarded_open(json!({"authorizerResultTtlInSeconds": 0})).await;
    let no = "User is not authorized to access this resource";
    let body = |message: &str| json!({ "Message": message }).to_string();
    let explicit = format!("{no} with an explicit deny");
    let elsewhere = statement("Allow", from("192.0.2.0/24"));
    // AWS's table A: the authorizer, the policy, what comes of it. `None`: the policy's own refusal.
    for (token, statements, expected) in [
        ("allow", json!([allow()]), Some(Ok(()))),
        ("allow", json!([elsewhere]), Some(Ok(()))),
        (
            "allow",
            json!([allow(), statement("Deny", json!({}))]),
            None,
        ),
        ("other", json!([allow()]), Some(Ok(()))),
        ("other", json!([elsewhere]), Some(Err(body(no)))),
        ("other", json!([statement("Deny", json!({}))]), None),
        ("deny", json!([allow()]), Some(Err(body(&explicit)))),
        ("deny", json!([elsewhere]), Some(Err(body(&explicit)))),
        ("deny", json!([statement("Deny", json!({}))]), None),
    ] {
        lab.twin
            .set_policy(&lab.api, Some(statements.clone()))
            .await;
        let (status, told, _) = lab.refusal("/demo", Some(token)).await;
        match expected {
            Some(Ok(())) => assert_eq!(status, 200, "{token} {statements}: {told}"),
            Some(Err(body)) => assert_eq!((status, told), (403, body), "{token} {statements}"),
            None => assert_eq!(
                (status, told),
                anonymous(&lab.api, " with an explicit deny"),
                "{token} {statements}"
            ),
        }
    }
    // Not even when there is no token to ask with.
    assert_eq!(lab.refusal("/demo", None).await.0, 403);
}

#[tokio::test]
async fn who_signs_needs_one_of_both_or_from_elsewhere_both() {
    let lab = lab::Lab::signed().await;
    let role = lab.role("caller", json!({"AWS": ACCOUNT})).await;
    let keys = lab.assume(&role, json!({})).await;
    let session = format!("arn:aws:sts::{ACCOUNT}:assumed-role/caller/me");
    let to =
        |principal: Value| json!([statement("Allow", json!({"Principal": {"AWS": principal}}))]);
    let deny = statement(
        "Deny",
        json!({"Principal": {"AWS": format!("arn:aws:iam::{ACCOUNT}:root")}}),
    );
    let elsewhere = json!([statement("Allow", from("192.0.2.0/24"))]);
    let status = async |statements: &Value, keys: &Keys| {
        lab.twin
            .set_policy(&lab.api, Some(statements.clone()))
            .await;
        lab.get_signed("/demo", keys).await.status
    };
    // The role's own policies say nothing.
    for (statements, expected) in [
        (json!([allow()]), 200),
        (to(json!(role)), 200),
        (to(json!([OTHER, session])), 200),
        // Trust in the account leaves it to the role's own policies.
        (to(json!(ACCOUNT)), 403),
        (elsewhere.clone(), 403),
        (json!([allow(), deny]), 403),
    ] {
        assert_eq!(status(&statements, &keys).await, expected, "{statements}");
    }
    let told = lab.refusal_signed("/demo", &keys).await.2;
    assert!(
        told.starts_with(&format!("User: {session} is not")),
        "{told}"
    );
    assert!(told.ends_with(" with an explicit deny"), "{told}");
    lab.allow("caller", "execute-api:Invoke", "*").await;
    for (statements, expected) in [
        (elsewhere.clone(), 200),
        (json!([statement("Deny", from("127.0.0.1"))]), 403),
        (json!([allow(), deny]), 403),
    ] {
        assert_eq!(status(&statements, &keys).await, expected, "{statements}");
    }
    // Another account's root may do all in its own account: what counts is the API's policy.
    let foreign = Keys::new(OTHER, "local");
    for (statements, expected) in [
        (elsewhere, 403),
        (to(json!(OTHER)), 200),
        (to(json!(format!("arn:aws:iam::{OTHER}:root"))), 200),
        (to(json!(ACCOUNT)), 403),
    ] {
        assert_eq!(
            status(&statements, &foreign).await,
            expected,
            "{statements}"
        );
    }
    // Nobody who signs wrongly, whatever the policy.
    assert_eq!(
        status(&json!([allow()]), &Keys::new(ACCOUNT, "x")).await,
        403
    );
    assert_eq!(lab.send("GET", "/demo", &[], "").await.status, 403);
}
