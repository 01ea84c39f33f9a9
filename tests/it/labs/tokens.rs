//! `labctl token`: one sign-in and one refresh for all who ask.

use std::{fs, os::unix::fs::PermissionsExt};

use serde_json::{Value, json};

use crate::{
    harness::{Said, Site},
    twin,
};

#[test]
fn a_token_is_handed_out_to_many_at_once_and_kept_to_oneself() {
    let site = Site::ready("refresh-rotation");
    site.ok("up --local");
    let endpoint = site.endpoint();
    let many: Vec<_> = (0..8)
        .map(|_| {
            let mut command = site.command(["token"]);
            command.stdout(std::process::Stdio::piped());
            command.spawn().expect("labctl runs")
        })
        .collect();
    let tokens: Vec<String> = many
        .into_iter()
        .map(|child| {
            Said::from(child.wait_with_output().expect("an end"))
                .code(0)
                .out
        })
        .collect();
    let token = tokens[0].trim().to_owned();
    assert!(tokens.iter().all(|t| t.trim() == token));
    let mails = twin::local(&endpoint, "GET", "/inbox.json", None).json();
    assert_eq!(
        mails.as_array().map(Vec::len),
        Some(1),
        "one sign-in for all"
    );
    let url = site.ok("status --json").json()["outputs"]["invoke_url"].clone();
    assert_eq!(
        twin::get(url.as_str().expect("a URL"), Some(&token)).status,
        200
    );
    assert_ne!(site.ok("token --id").out.trim(), token);

    for file in ["tokens.json", "tokens.lock"] {
        let path = site.path(".labctl/refresh-rotation").join(file);
        let mode = fs::metadata(path).expect("a file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    let state = site.read(".labctl/refresh-rotation/state.json");
    assert!(!state.contains(&token));

    // Tokens about to end: one process refreshes, and its refresh token is the one that is good now.
    let cache = site.path(".labctl/refresh-rotation/tokens.json");
    let mut kept: Value =
        serde_json::from_str(&fs::read_to_string(&cache).expect("a file")).expect("JSON");
    let pair = &mut kept["users"]["student@example.com"];
    let refresh = pair["refresh"].clone();
    for kind in ["access", "id"] {
        pair[kind] = json!(expired());
    }
    fs::write(&cache, kept.to_string()).expect("written");
    twin::forget_calls(&endpoint);
    let many: Vec<_> = (0..8)
        .map(|_| {
            let mut command = site.command(["token"]);
            command.stdout(std::process::Stdio::piped());
            command.spawn().expect("labctl runs")
        })
        .collect();
    let fresh: Vec<String> = many
        .into_iter()
        .map(|child| {
            Said::from(child.wait_with_output().expect("an end"))
                .code(0)
                .out
        })
        .collect();
    assert!(fresh.iter().all(|t| *t == fresh[0] && t.trim() != token));
    let calls = twin::calls(&endpoint);
    let refreshed = calls
        .iter()
        .filter(|c| c.contains("GetTokensFromRefreshToken"));
    assert_eq!(refreshed.count(), 1, "{calls:?}");
    let kept: Value =
        serde_json::from_str(&fs::read_to_string(&cache).expect("a file")).expect("JSON");
    assert_ne!(kept["users"]["student@example.com"]["refresh"], refresh);

    // What Cognito no longer takes leads to a new sign-in.
    let mut kept = kept;
    let pair = &mut kept["users"]["student@example.com"];
    pair["access"] = json!(expired());
    pair["refresh"] = json!("worthless");
    fs::write(&cache, kept.to_string()).expect("written");
    site.ok("token");
    let mails = twin::local(&endpoint, "GET", "/inbox.json", None).json();
    assert_eq!(mails.as_array().map(Vec::len), Some(2));

    site.ok("down");
    assert!(
        !site.has(".labctl/refresh-rotation"),
        "no token outlives the lab"
    );
    site.labctl("token").code(1).complains(&["nothing there"]);
}

/// A token that ended in 2001, unsigned: only its `exp` is looked at.
fn expired() -> String {
    "e30.eyJleHAiOjEwMDAwMDAwMDB9.x".to_owned()
}
