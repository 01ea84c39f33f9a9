//! What somebody changed by hand: `status` names it, `up` mends just that, and what else was set stays.

mod edits;
mod lab;

use serde_json::{Value, json};

use crate::{harness::FUNCTION, twin};
use edits::{Edit, SCOPE, of_the_api, of_the_function, of_the_pool};
use lab::Lab;

/// Whether `text` is `pattern`, in which a `*` at either end stands for anything.
fn fits(pattern: &str, text: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        _ if pattern == "*" => true,
        (Some(_), Some(_)) => text.contains(pattern.trim_matches('*')),
        (Some(end), None) => text.ends_with(end),
        (None, Some(start)) => text.starts_with(start),
        (None, None) => text == pattern,
    }
}

fn mended_one_by_one(edits: Vec<Edit>) {
    let lab = Lab::up();
    for Edit {
        what,
        by_hand,
        step,
        fields,
        calls,
    } in edits
    {
        by_hand(&lab);
        let wrong = lab.wrong();
        let [(id, state, drift)] = &wrong[..] else {
            panic!("{what}: one resource is wrong, not {wrong:?}");
        };
        let word = if fields.is_empty() {
            "missing"
        } else {
            "drifted"
        };
        assert_eq!(
            (id.as_str(), state.as_str()),
            (step, word),
            "{what}: {wrong:?}"
        );
        let all = drift.len() == fields.len()
            && drift.iter().zip(&fields).all(|(seen, field)| {
                seen.iter()
                    .zip(field)
                    .all(|(seen, wanted)| fits(wanted, seen))
            });
        assert!(all, "{what}: {fields:?} in {drift:?}");
        let shown = lab.site.labctl("status").code(3).out;
        for [field, wanted, seen] in drift {
            let line = format!("{field}: wanted {wanted}, seen {seen}");
            assert!(shown.contains(&line), "{what}: {line} in {shown}");
        }
        assert_eq!(lab.mend(), calls, "{what}");
        lab.site.ok("status");
        assert_eq!(
            lab.mend(),
            Vec::<String>::new(),
            "{what}: nothing is left to do"
        );
    }
    lab.site.ok("verify");
    lab.site.ok("down");
    assert_eq!(twin::everything(&lab.aws.endpoint), Vec::<String>::new());
}

#[test]
fn edits_of_the_function_are_named_and_mended() {
    mended_one_by_one(of_the_function());
}

#[test]
fn edits_of_the_pool_are_named_and_mended() {
    mended_one_by_one(of_the_pool());
}

#[test]
fn edits_of_the_api_are_named_and_mended() {
    mended_one_by_one(of_the_api());
}

/// Without what no update can keep.
fn settings(mut of: Value) -> Value {
    of.as_object_mut()
        .expect("an object")
        .remove("LastModifiedDate");
    of
}

#[test]
fn what_was_set_elsewhere_survives_the_mending_of_pool_and_client() {
    let lab = Lab::up();
    lab.change_pool(|p| {
        p["Policies"]["PasswordPolicy"]["MinimumLength"] = json!(14);
        p["Policies"]["PasswordPolicy"]["RequireSymbols"] = json!(false);
        p["Policies"]["PasswordPolicy"]["TemporaryPasswordValidityDays"] = json!(3);
        p["AdminCreateUserConfig"]["InviteMessageTemplate"] =
            json!({ "EmailSubject": "Welcome", "EmailMessage": "{username} {####}" });
        p["VerificationMessageTemplate"] =
            json!({ "DefaultEmailOption": "CONFIRM_WITH_CODE", "EmailSubject": "Your code" });
        p["UserAttributeUpdateSettings"] =
            json!({ "AttributesRequireVerificationBeforeUpdate": ["email"] });
        p["DeviceConfiguration"] = json!({ "ChallengeRequiredOnNewDevice": true, "DeviceOnlyRememberedOnUserPrompt": false });
        p["AccountRecoverySetting"] =
            json!({ "RecoveryMechanisms": [{ "Priority": 1, "Name": "verified_email" }] });
        p["UserPoolTags"]["team"] = json!("workshop");
    });
    lab.change_client(|c| {
        c["CallbackURLs"] = json!(["https://example.com/callback"]);
        c["LogoutURLs"] = json!(["https://example.com/logout"]);
        c["DefaultRedirectURI"] = json!("https://example.com/callback");
        c["AllowedOAuthFlows"] = json!(["code"]);
        c["AllowedOAuthScopes"] = json!(["openid", "email"]);
        c["AllowedOAuthFlowsUserPoolClient"] = json!(true);
        c["SupportedIdentityProviders"] = json!(["COGNITO"]);
        c["ReadAttributes"] = json!(["email", "name"]);
        c["WriteAttributes"] = json!(["name"]);
    });
    assert_eq!(lab.wrong(), [], "none of it is the lab's business");
    let before = (settings(lab.pool()), settings(lab.client()));
    assert_eq!(lab.mend(), Vec::<String>::new());

    lab.change_pool(|p| p["DeletionProtection"] = json!("ACTIVE"));
    lab.change_client(|c| c["IdTokenValidity"] = json!(7));
    assert_ne!(settings(lab.pool()), before.0);
    assert_ne!(settings(lab.client()), before.1);
    let calls = lab.mend();
    assert_eq!(calls.len(), 2, "{calls:?}");
    assert_eq!(settings(lab.pool()), before.0);
    assert_eq!(settings(lab.client()), before.1);

    let integration = format!("{}/integration", lab.method);
    let mut seen = lab.gateway("GET", &integration, None);
    seen["integrationHttpMethod"] = json!("POST");
    seen["timeoutInMillis"] = json!(5000);
    seen["passthroughBehavior"] = json!("NEVER");
    lab.gateway("PUT", &integration, Some(&seen));
    let before = lab.gateway("GET", &integration, None);
    assert_eq!(lab.mend(), Vec::<String>::new());
    let uri = seen["uri"]
        .as_str()
        .expect("a URI")
        .replace(FUNCTION, "another");
    seen["uri"] = json!(uri);
    lab.gateway("PUT", &integration, Some(&seen));
    assert_eq!(lab.mend(), ["apigateway:PutIntegration"]);
    assert_eq!(lab.gateway("GET", &integration, None), before);
}

#[test]
fn a_pool_made_anew_is_the_one_that_the_stage_asks() {
    let lab = Lab::up();
    lab.cognito("DeleteUserPool", json!({}));
    let wrong: Vec<_> = lab
        .wrong()
        .into_iter()
        .map(|(id, state, _)| (id, state))
        .collect();
    let missing = |id: &str| (id.to_owned(), "missing".to_owned());
    for id in ["user_pool", "app_client", "user.student@example.com"] {
        assert!(wrong.contains(&missing(id)), "{wrong:?}");
    }
    lab.mend();
    lab.site.ok("status");
    lab.site.ok("verify");
    lab.site.ok("down");
    assert_eq!(twin::everything(&lab.aws.endpoint), Vec::<String>::new());
}

#[test]
fn an_authorizer_made_anew_is_deployed() {
    let lab = Lab::up();
    let none = [
        ("remove", "/authorizationScopes", SCOPE),
        ("replace", "/authorizationType", "NONE"),
    ];
    lab.patch(&lab.method, &none);
    let authorizer = format!("/restapis/{}/authorizers/{}", lab.api, lab.authorizer);
    lab.gateway("DELETE", &authorizer, None);
    assert_eq!(
        lab.mend(),
        [
            "apigateway:CreateAuthorizer",
            "apigateway:UpdateMethod",
            "apigateway:CreateDeployment",
            "apigateway:UpdateStage"
        ]
    );
    lab.site.ok("status");
    lab.site.ok("verify");
}

#[test]
fn down_turns_off_protection_of_what_is_ours_and_says_so() {
    let lab = Lab::up();
    let input = json!({ "PoolName": "d-user-pool-demo", "DeletionProtection": "ACTIVE" });
    let other = Lab::ok(lab.aws.cognito("CreateUserPool", &input));
    lab.change_pool(|p| p["DeletionProtection"] = json!("ACTIVE"));
    let down = lab.site.ok("down").out;
    let said = format!(
        "turned off deletion protection of our user pool {}",
        lab.pool
    );
    assert!(down.contains(&said), "{down}");
    let left = twin::everything(&lab.aws.endpoint);
    assert_eq!(left, ["UserPools: d-user-pool-demo"]);
    let id = json!({ "UserPoolId": other["UserPool"]["Id"] });
    let seen = Lab::ok(lab.aws.cognito("DescribeUserPool", &id));
    assert_eq!(
        seen["UserPool"]["DeletionProtection"], "ACTIVE",
        "another's is left alone"
    );
}
