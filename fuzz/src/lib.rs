//! What takes any bytes: run by `cargo fuzz`, and by `cargo test` on the seeds and what it makes of them.
//! A target panics when it finds a fault; whether it ends, and in how much memory, is for its runner to see.

use std::{fs, path::Path};

use base64::{Engine, prelude::BASE64_STANDARD};
use labctl::{
    aws::Owner,
    engine::{StepId, journal},
    kind::Kind,
    lab::{self, LabError},
    screen,
};
use labfiles::Key;
use localaws::fuzz::{heads, statuses};

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

/// Whatever is read as an HTTP head: each header is kept under the name that the client wrote.
pub fn head(bytes: &[u8]) {
    let sent = bytes.to_ascii_lowercase();
    for names in heads(bytes) {
        for (name, written) in names {
            assert!(
                written.eq_ignore_ascii_case(&name),
                "{written:?} for {name:?}"
            );
            let named = format!("{written}:");
            let framing = ["content-length", "transfer-encoding"].contains(&&*name);
            let sent = if framing { &sent } else { bytes };
            assert!(
                sent.windows(named.len())
                    .any(|part| part == named.as_bytes()),
                "nobody wrote {written:?}"
            );
        }
    }
}

/// A file with a seal: what was changed, or is for something else, has none that fits.
pub fn seal(bytes: &[u8]) {
    let Ok(mut value) = serde_json::from_slice::<serde_json::Value>(bytes) else {
        return;
    };
    let key = Key::new([7; 64]);
    let seal = key.seal("a lab");
    assert!(!seal.fits_text(bytes), "nobody has sealed {value}");
    assert!(!seal.fits(&value), "nobody has sealed {value}");
    if !value.is_object() {
        return;
    }
    seal.put(&mut value);
    assert!(seal.fits(&value), "{value}");
    // A state has no fractions, of which serde_json reads some otherwise than they were.
    let written: serde_json::Value = serde_json::from_str(&value.to_string()).expect("JSON");
    assert!(
        seal.fits(&written) || written != value,
        "{value} when it is read again"
    );
    assert!(!key.seal("another lab").fits(&value), "{value}");
    assert!(!Key::new([8; 64]).seal("a lab").fits(&value), "{value}");
    value["one more"] = 1.into();
    assert!(!seal.fits(&value), "{value}");
}

/// Text from outside: nothing that a terminal obeys or hides is left, and JSON means the same.
pub fn screen(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let styled = screen::style(&text).red().to_string();
    for shown in [screen::escaped(&text), screen::Stream::Err.escaped(&text)] {
        let bad = |c: char| {
            c.is_control() && !matches!(c, '\n' | '\t')
                || matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
                || matches!(c, '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
        };
        assert!(!shown.contains(bad), "{shown:?}");
        assert_eq!(screen::escaped(&shown), shown, "escaped again");
    }
    // A style of our own around it begins and ends where it should.
    let shown = screen::Stream::Err.escaped(&styled);
    let inside = shown
        .trim_start_matches("\u{1b}[31m")
        .trim_end_matches("\u{1b}[0m");
    assert_eq!(inside, screen::escaped(&text));
    let json = serde_json::json!({ &*text: &*text });
    for written in [json.to_string(), format!("{json:#}")] {
        let safe = screen::json(&written);
        assert!(
            !safe.contains('\u{1b}') && !safe.contains('\u{9b}'),
            "{safe:?}"
        );
        let read: serde_json::Value = serde_json::from_str(&safe).expect("JSON");
        assert_eq!(read, json);
    }
}

/// The caller's ARN, and after a line's end the owner that the user names: a tag takes whatever becomes of them.
pub fn owner(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (arn, said) = text.split_once('\n').unwrap_or((&text, ""));
    for said in [None, Some(said)] {
        let owner = Owner::of(arn, said);
        let is_hex = |c: char| matches!(c, '0'..='9' | 'a'..='f');
        assert!(
            owner.id.len() == 32 && owner.id.chars().all(is_hex),
            "{owner:?}"
        );
        let fits = |c: char| c.is_ascii_alphanumeric() || "._:/=+@-".contains(c);
        assert!(
            owner.by.len() <= 256 && owner.by.chars().all(fits),
            "{owner:?}"
        );
        assert_eq!(Owner::of(arn, said), owner, "the same each time");
    }
}
