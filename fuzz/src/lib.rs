//! What takes any bytes: run by `cargo fuzz`, and by `cargo test` on the seeds and what it makes of them.
//! A target panics when it finds a fault; whether it ends, and in how much memory, is for its runner to see.

use std::{fs, path::Path};

use base64::{Engine, prelude::BASE64_STANDARD};
use labctl::{
    engine::{StepId, journal},
    kind::Kind,
    lab::{self, LabError},
};
use localaws::fuzz::statuses;

thread_local! {
    /// For what must be a file.
    static FOLDER: tempfile::TempDir = tempfile::tempdir().expect("a folder for temporary files");
}

fn in_folder<T>(work: impl FnOnce(&Path) -> T) -> T {
    FOLDER.with(|folder| work(folder.path()))
}

/// lab.yaml: a lab, or problems whose places are in the file and that are told in a few lines.
pub fn lab(bytes: &[u8]) {
    let outcome = in_folder(|folder| {
        let path = folder.join("lab.yaml");
        fs::write(&path, bytes).expect("a file");
        lab::load(&path)
    });
    let Err(error) = outcome else { return };
    let told = lab::render(&error, 80, false);
    assert!(told.len() < 150_000, "{} bytes are told", told.len());
    let unruly = |c: char| c.is_control() && c != '\n' || ('\u{202a}'..='\u{202e}').contains(&c);
    assert!(!told.contains(unruly), "{told:?}");
    if let LabError::Problems { problems, text, .. } = error {
        assert!(!problems.is_empty(), "nothing is said");
        for problem in problems {
            let (place, lines) = (problem.place, text.split('\n').count());
            assert!(place.start <= text.len(), "{place:?} of {}", text.len());
            assert!(
                (1..=lines).contains(&place.line) && place.column >= 1,
                "{place:?} of {lines} lines"
            );
            assert!(problem.message.len() < 10_000, "{}", problem.message);
            assert!(
                !problem.message.is_empty() && !problem.hint.is_empty(),
                "{problem:?}"
            );
        }
    }
}

/// The state file: a state whose steps can be gone through, or an error.
pub fn state(bytes: &[u8]) {
    let state = in_folder(|folder| {
        fs::write(folder.join("state.json"), bytes).expect("a file");
        journal::read::<Kind>(folder)
    });
    let Ok(Some(state)) = state else { return };
    let steps = state.steps.len();
    assert_eq!(state.in_order().len(), steps);
    for (id, record) in &state.steps {
        state.goes_with_parent(record);
        let inside = state.with_inhabitants(id);
        assert!(
            inside.len() <= steps && inside.first() == Some(id),
            "{inside:?}"
        );
    }
    assert_eq!(state.with_inhabitants(&StepId::new("no step")).len(), 1);
}

/// Has a twin that holds nothing answer requests; none may be a fault of its own.
fn ask(requests: &[Vec<u8>]) -> Vec<u16> {
    let statuses = in_folder(|folder| statuses(requests, folder));
    assert!(!statuses.contains(&500), "{statuses:?}");
    statuses
}

/// The same, with a first request that must work.
fn ask_after(first: Vec<u8>, others: impl IntoIterator<Item = Vec<u8>>) {
    let requests: Vec<_> = std::iter::once(first).chain(others).collect();
    assert_eq!(ask(&requests).first(), Some(&200));
}

/// Any request to the twin: paths, queries, headers, scopes, forms, JSON.
pub fn request(bytes: &[u8]) {
    ask(&[bytes.to_vec()]);
}

fn signed(service: &str, head: &str, body: &[u8]) -> Vec<u8> {
    let scope = format!(
        "AWS4-HMAC-SHA256 Credential=111122223333/20260101/us-east-1/{service}/aws4_request"
    );
    let head = format!("{head}\nhost: 127.0.0.1\nauthorization: {scope}\n\n");
    [head.as_bytes(), body].concat()
}

/// A form whose last value is any bytes, percent-encoded.
fn form(fields: &str, value: &[u8]) -> Vec<u8> {
    let value = value
        .iter()
        .fold(String::new(), |text, b| text + &format!("%{b:02X}"));
    let head = "POST /\ncontent-type: application/x-www-form-urlencoded";
    signed(
        "iam",
        head,
        format!("Version=2010-05-08&{fields}={value}").as_bytes(),
    )
}

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
    "Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

fn role() -> Vec<u8> {
    form(
        "Action=CreateRole&RoleName=r&AssumeRolePolicyDocument",
        TRUST.as_bytes(),
    )
}

/// A policy document, as a role's trust policy and as its inline policy.
pub fn policy(bytes: &[u8]) {
    let trust = "Action=CreateRole&RoleName=s&AssumeRolePolicyDocument";
    let inline = "Action=PutRolePolicy&RoleName=r&PolicyName=p&PolicyDocument";
    ask_after(role(), [form(trust, bytes), form(inline, bytes)]);
}

/// A function's zip.
pub fn package(bytes: &[u8]) {
    let zip = BASE64_STANDARD.encode(bytes);
    let body = format!(
        r#"{{"FunctionName":"f","Runtime":"python3.13","Handler":"a.b","Role":"arn:aws:iam::111122223333:role/r",
            "Code":{{"ZipFile":"{zip}"}}}}"#
    );
    let create = signed("lambda", "POST /2015-03-31/functions", body.as_bytes());
    let delete = signed("lambda", "DELETE /2015-03-31/functions/f", b"");
    ask_after(role(), [create, delete]);
}

/// JSON text of any bytes.
fn quoted(bytes: &[u8]) -> String {
    let escaped = |c: char| match c {
        '"' | '\\' => format!("\\{c}"),
        c if c.is_control() => format!("\\u{:04x}", u32::from(c)),
        c => c.to_string(),
    };
    let text = String::from_utf8_lossy(bytes);
    format!("\"{}\"", text.chars().map(escaped).collect::<String>())
}

fn target(service: &str, target: &str, body: &str) -> Vec<u8> {
    let head = format!("POST /\ncontent-type: application/x-amz-json-1.1\nx-amz-target: {target}");
    signed(service, &head, body.as_bytes())
}

/// An access token.
pub fn token(bytes: &[u8]) {
    let cognito = |operation: &str, body: String| {
        target(
            "cognito-idp",
            &format!("AWSCognitoIdentityProviderService.{operation}"),
            &body,
        )
    };
    let token = quoted(bytes);
    let user = cognito("GetUser", format!(r#"{{"AccessToken": {token}}}"#));
    let revoke = format!(r#"{{"ClientId": "c", "Token": {token}}}"#);
    // Without a pool: its key would take longer than all else.
    ask(&[user, cognito("RevokeToken", revoke)]);
}

/// A filter pattern of `CloudWatch` Logs.
pub fn pattern(bytes: &[u8]) {
    let logs = |operation: &str, body: String| {
        target("logs", &format!("Logs_20140328.{operation}"), &body)
    };
    let group = logs("CreateLogGroup", r#"{"logGroupName": "g"}"#.to_owned());
    let pattern = quoted(bytes);
    let filter = format!(r#"{{"logGroupName": "g", "filterPattern": {pattern}}}"#);
    ask_after(group, [logs("FilterLogEvents", filter)]);
}
