//! A user's password, which is in no file.

use serde_json::json;

use crate::{
    harness::{Said, Site, changes},
    ready::PASSWORD,
    twin,
};

#[test]
fn a_password_comes_from_the_environment_and_stays_out_of_everything() {
    let site = Site::tutorial();
    site.edit(
        "- email: student@example.com",
        "- password_env: STUDENT_PASSWORD\n      email: student@example.com",
    );
    site.labctl("up --local").code(2).complains(&[
        "student@example.com",
        "STUDENT_PASSWORD",
        "terminal",
    ]);
    let mut up = site.command(["up", "--local", "--json", "-vv"]);
    let said = Said::of(up.env("STUDENT_PASSWORD", PASSWORD)).code(0);
    assert!(changes(&said.events()).contains(&(
        "password.student@example.com".to_owned(),
        "created".to_owned()
    )));
    assert!(!said.out.contains(PASSWORD) && !said.err.contains(PASSWORD));
    assert!(
        !site
            .read(".labctl/cognito-authorizer/state.json")
            .contains(PASSWORD)
    );
    // Once it is set, nobody is asked again.
    let again = changes(&site.ok("up --local --json").events());
    assert!(
        again.iter().all(|(_, change)| change == "unchanged"),
        "{again:?}"
    );
    // A new value is not sent, and `up` says so, without it.
    let mut up = site.command(["up", "--local"]);
    let said = Said::of(up.env("STUDENT_PASSWORD", "Another-Horse-2-Battery")).code(0);
    for words in [
        "the password of student@example.com stays",
        "STUDENT_PASSWORD",
        "aws cognito-idp admin-set-user-password",
    ] {
        assert!(said.out.contains(words), "{words} in\n{}", said.out);
    }
    assert!(!said.out.contains("Another-Horse") && !said.err.contains("Another-Horse"));
    assert!(!site.ok("up --local").out.contains(" stays "));
    // The user signs in by it, and by e-mail code all the same.
    let client = site.ok("status --json").json()["outputs"]["client_id"].clone();
    let sign_in = |password: &str| {
        let input = json!({
            "AuthFlow": "USER_AUTH",
            "ClientId": client,
            "AuthParameters": {
                "USERNAME": "student@example.com",
                "PREFERRED_CHALLENGE": "PASSWORD",
                "PASSWORD": password,
            },
        });
        let target = "AWSCognitoIdentityProviderService.InitiateAuth";
        twin::json_call(&site.endpoint(), "cognito-idp", target, &input)
    };
    let tokens = sign_in(PASSWORD).json();
    assert!(
        tokens["AuthenticationResult"]["AccessToken"].is_string(),
        "{tokens}"
    );
    assert_eq!(sign_in("Wrong-Horse-1-Battery").status, 400);
    site.ok("verify");
    site.ok("down");
}
