//! The pages, as a browser goes through them.

use serde_json::{Value, json};

use super::{Lab, PASSWORD, STUDENT, Visit, generated};
use crate::{
    choices::{browse, claims, parameter},
    twin,
};

impl Lab {
    fn visit(&self) -> Visit {
        let outputs = self.outputs();
        let text = |name: &str| outputs[name].as_str().expect("a text").to_owned();
        Visit::to(&format!(
            "{}/oauth2/authorize?response_type=code&client_id={}&redirect_uri={}&scope=openid+email&state=s-1",
            text("login_url"),
            text("client_id"),
            twin::percent(&self.callback()),
        ))
    }

    /// The tokens for the code at a callback.
    fn tokens(&self, callback: &str) -> Value {
        assert!(callback.starts_with(&self.callback()), "{callback}");
        assert_eq!(parameter(callback, "state"), "s-1");
        let outputs = self.outputs();
        let form = format!(
            "grant_type=authorization_code&client_id={}&redirect_uri={}&code={}",
            outputs["client_id"].as_str().expect("a client"),
            twin::percent(&self.callback()),
            parameter(callback, "code"),
        );
        let url = format!(
            "{}/oauth2/token",
            outputs["login_url"].as_str().expect("a domain")
        );
        let (status, _, body) = browse(&url, Some(&form));
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).expect("JSON")
    }

    fn who(&self, callback: &str) -> Value {
        claims(&self.tokens(callback)["id_token"])["email"].clone()
    }
}

#[test]
fn who_has_no_generator_sets_one_up_and_is_asked_for_its_code_from_then_on() {
    let lab = Lab::up("  first_factors: [password]\n  mfa: { totp: required }\n");
    let entered = [("username", STUDENT), ("password", PASSWORD)];
    let page = lab
        .visit()
        .next(&entered)
        .shows("Set up your authenticator app");
    let secret = page.between("<code id=\"secret\">", "<");
    let page = page.next(&[("code", "000000")]).shows("Code mismatch");
    // The secret that was scanned stays the one.
    assert_eq!(page.between("<code id=\"secret\">", "<"), secret);
    assert!(page.page.contains("<svg"), "{}", page.page);
    // One that is made again later may be another one.
    let first = generated(&secret, 0);
    let callback = page.back(&[("code", &first), ("device", "phone")]);
    assert_eq!(lab.who(&callback), STUDENT);

    let page = lab.visit().next(&entered).shows("Enter your code");
    assert!(!page.page.contains("secret"), "{}", page.page);
    let page = page
        .next(&[("code", "123")])
        .shows("Invalid code received for user");
    let page = page.next(&[("code", &first)]).shows("already been used");
    let callback = page.back(&[("code", &generated(&secret, 1))]);
    assert_eq!(lab.who(&callback), STUDENT);
    // A page that was answered is worth nothing.
    page.next(&[("code", &generated(&secret, 1))])
        .shows("can only be used once");
}

#[test]
fn a_temporary_password_is_changed_at_the_page() {
    let lab = Lab::up("  first_factors: [password]\n");
    lab.invite("new@example.com", "Temporary-1-x");
    let entered = [
        ("username", "new@example.com"),
        ("password", "Temporary-1-x"),
    ];
    let page = lab.visit().next(&entered).shows("Choose a new password");
    let page = page.next(&[
        ("new_password", "Lasting-2-pass"),
        ("repeated", "Lasting-2-past"),
    ]);
    let page = page.shows("The two passwords differ.");
    let page = page.next(&[("new_password", "short"), ("repeated", "short")]);
    let page = page.shows("Password did not conform with policy: Password not long enough");
    let callback = page.back(&[
        ("new_password", "Lasting-2-pass "),
        ("repeated", "Lasting-2-pass "),
    ]);
    assert_eq!(lab.who(&callback), "new@example.com");
    lab.visit()
        .next(&entered)
        .shows("Incorrect username or password.");
    // A blank at the end belongs to the password.
    let callback = lab.visit().back(&[
        ("username", "new@example.com"),
        ("password", "Lasting-2-pass "),
    ]);
    assert_eq!(lab.who(&callback), "new@example.com");
}

#[test]
fn people_choose_between_their_password_and_a_mailed_code() {
    let lab = Lab::up("  first_factors: [password, email_otp]\n");
    // The classic pages, which labctl makes, ask for a password.
    let page = lab.visit();
    assert!(page.page.contains("name=\"password\""), "{}", page.page);
    let mut domain =
        json!({ "UserPoolId": lab.outputs()["user_pool_id"], "Domain": "d-login-4711" });
    assert_eq!(lab.cognito("DeleteUserPoolDomain", &domain).status, 200);
    domain["ManagedLoginVersion"] = json!(2);
    assert_eq!(lab.cognito("CreateUserPoolDomain", &domain).status, 200);
    let page = lab.visit();
    assert!(!page.page.contains("name=\"password\""), "{}", page.page);
    let page = page.next(&[("username", STUDENT)]).shows("Mail me a code");
    let page = page.next(&[("answer", "PASSWORD"), ("password", "wrong")]);
    let page = page
        .shows("Incorrect username or password.")
        .shows("Mail me a code");
    let page = page
        .next(&[("answer", "EMAIL_OTP")])
        .shows("A code was mailed to s***@e***");
    let page = page.next(&[("code", "00000000")]).shows("Invalid code");
    let callback = page.back(&[("code", &format!(" {} ", lab.mailed(STUDENT)))]);
    assert_eq!(lab.who(&callback), STUDENT);
    let page = lab.visit().next(&[("username", STUDENT)]);
    let callback = page.back(&[("answer", "PASSWORD"), ("password", PASSWORD)]);
    assert_eq!(lab.who(&callback), STUDENT);
    // Who does not exist sees the same page.
    lab.visit()
        .next(&[("username", "nobody@example.com")])
        .shows("Mail me a code");
}

#[test]
fn a_forgotten_password_is_replaced_by_a_mailed_code() {
    let lab = Lab::up("  first_factors: [password]\n");
    let page = lab.visit();
    let forgot = page
        .between("<a href=\"", "\">Forgot")
        .replace("&amp;", "&");
    let page = Visit::to(&format!("{}{forgot}", page.origin)).shows("Forgot your password?");
    let page = page
        .next(&[("username", STUDENT)])
        .shows("Reset your password");
    let new = [
        ("new_password", "Another-3-pass"),
        ("repeated", "Another-3-pass"),
    ];
    let page = page
        .next(&[("code", "000000"), new[0], new[1]])
        .shows("Invalid verification code");
    let code = lab.mailed(STUDENT);
    // No step of the sign-in operations.
    let session = page.between("name=\"session\" value=\"", "\"");
    let answer = lab.cognito(
        "RespondToAuthChallenge",
        &json!({
            "ClientId": lab.outputs()["client_id"], "ChallengeName": "-RESET_PASSWORD", "Session": session,
            "ChallengeResponses": { "USERNAME": STUDENT, "CONFIRMATION_CODE": code, "NEW_PASSWORD": "Another-3-pass" },
        }),
    );
    assert_eq!(answer.status, 400, "{}", answer.body);
    let page = page
        .next(&[("code", &code), new[0], new[1]])
        .shows("Your password is changed.");
    let callback = page.back(&[("username", STUDENT), ("password", "Another-3-pass")]);
    assert_eq!(lab.who(&callback), STUDENT);
    lab.visit()
        .next(&[("username", STUDENT), ("password", PASSWORD)])
        .shows("Incorrect username or password.");
}

#[test]
fn pages_hold_what_was_typed_as_text_and_run_no_script() {
    let lab = Lab::up("  first_factors: [password]\n");
    let evil = "\"><script>alert(1)</script>";
    let page = lab.visit().next(&[("username", evil), ("password", "x")]);
    assert!(!page.page.contains("<script"), "{}", page.page);
    assert!(
        page.page.contains("&quot;&gt;&lt;script&gt;"),
        "{}",
        page.page
    );
    let outputs = lab.outputs();
    let url = format!(
        "{}/login?response_type=code&client_id={}&redirect_uri={}",
        outputs["login_url"].as_str().expect("a domain"),
        outputs["client_id"].as_str().expect("a client"),
        twin::percent(&lab.callback()),
    );
    let answer = twin::agent().get(&url).call().expect("an answer");
    let header = |name: &str| answer.headers()[name].to_str().expect("ASCII").to_owned();
    let policy = header("content-security-policy");
    assert!(
        policy.starts_with("default-src 'none'; style-src 'sha256-"),
        "{policy}"
    );
    assert!(
        !policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"),
        "{policy}"
    );
    assert_eq!(header("cache-control"), "no-store");
    assert_eq!(header("x-content-type-options"), "nosniff");
}

#[test]
fn user_info_and_revoke() {
    let lab = Lab::up("  first_factors: [password]\n");
    let tokens = lab.tokens(
        &lab.visit()
            .back(&[("username", STUDENT), ("password", PASSWORD)]),
    );
    let outputs = lab.outputs();
    let domain = outputs["login_url"].as_str().expect("a domain");
    let info = |token: &str| {
        twin::get(
            &format!("{domain}/oauth2/userInfo"),
            Some(&format!("Bearer {token}")),
        )
    };
    let text = |name: &str| tokens[name].as_str().expect("a token").to_owned();
    let shown = info(&text("access_token"));
    assert_eq!(shown.status, 200, "{}", shown.body);
    let shown = shown.json();
    assert_eq!(shown["email"], STUDENT);
    assert_eq!(shown["email_verified"], "true");
    assert_eq!(shown["sub"], claims(&tokens["id_token"])["sub"]);
    for other in [text("id_token"), "x".to_owned()] {
        let refused = info(&other);
        assert_eq!(refused.status, 401, "{}", refused.body);
        assert_eq!(refused.json()["error"], "invalid_token");
    }
    let revoke = |token: &str| {
        let client = outputs["client_id"].as_str().expect("a client");
        browse(
            &format!("{domain}/oauth2/revoke"),
            Some(&format!("client_id={client}&token={token}")),
        )
    };
    let (status, _, body) = revoke(&text("access_token"));
    assert!(
        status == 400 && body.contains("unsupported_token_type"),
        "{body}"
    );
    assert_eq!(revoke(&text("refresh_token")).0, 200);
    assert_eq!(info(&text("access_token")).status, 401);
    assert_eq!(revoke("no-such-token").0, 200);
}
