//! A state that is torn, empty, of a newer labctl, or of another lab.

use std::{fs, path::PathBuf};

use serde_json::{Value, json};

use super::{FILE, FOLDER, asides, count};
use crate::{
    harness::{Site, changes},
    twin,
};

/// What a torn write, a bad disk or a helpful editor may leave.
fn damaged(good: &str) -> Vec<(&'static str, Vec<u8>)> {
    let state: Value = serde_json::from_str(good).expect("a state");
    let with = |change: &dyn Fn(&mut Value)| {
        let mut state = state.clone();
        change(&mut state);
        state.to_string().into_bytes()
    };
    vec![
        ("truncated", good.as_bytes()[..good.len() / 2].to_vec()),
        ("empty", Vec::new()),
        ("zeros", vec![0; 4096]),
        ("not UTF-8", b"{\"version\": 1, \"lab\": \"\xff\"}".to_vec()),
        ("not an object", b"[]".to_vec()),
        ("no version", with(&|s| s["version"] = Value::Null)),
    ]
}

/// What no crash leaves: an edit, a bad merge, or somebody else's file.
#[test]
fn a_state_with_a_wrong_value_is_refused_and_stays() {
    type Change = fn(&mut Value);
    let site = Site::tutorial();
    site.ok("up --local");
    let endpoint = site.endpoint();
    let before = twin::everything(&endpoint);
    let good = site.read(FILE);
    let cases: [(&str, Change); 7] = [
        ("account", |s| {
            drop(s.as_object_mut().expect("an object").remove("account"));
        }),
        ("steps.api.kind", |s| {
            s["steps"]["api"]["kind"] = json!("castle");
        }),
        ("steps.api.key", |s| {
            s["steps"]["api"]["key"] = json!({ "id": 7 });
        }),
        ("steps.api.output", |s| {
            s["steps"]["api"]["output"] = json!("none");
        }),
        ("steps.api.output", |s| {
            s["steps"]["api"]["output"] = json!({});
        }),
        (r#"steps["function.hello"].needs"#, |s| {
            s["steps"]["role.hello"]["needs"] = json!(["function.hello"]);
        }),
        ("steps.api.needs", |s| {
            s["steps"]["api"]["within"] = json!("api");
        }),
    ];
    for (field, change) in cases {
        let mut state: Value = serde_json::from_str(&good).expect("a state");
        change(&mut state);
        let bad = state.to_string();
        site.write(FILE, &bad);
        for line in ["status", "up --local", "down", "verify"] {
            site.labctl(line).code(1).complains(&[
                "state.json",
                field,
                "nothing was touched",
                "`mv ",
            ]);
            assert_eq!(site.read(FILE), bad, "{line}");
        }
    }
    assert_eq!(asides(&site), Vec::<PathBuf>::new());
    assert_eq!(twin::everything(&endpoint), before);

    // The way on that the error names.
    fs::rename(site.path(FILE), site.path(&format!("{FILE}.bad"))).expect("a file");
    let events = site.ok("up --local --json").events();
    assert_eq!(count(&changes(&events), "adopted"), 15, "{events:?}");
    site.ok("down");
    assert_eq!(twin::everything(&endpoint), Vec::<String>::new());
}

#[test]
fn a_state_that_cannot_be_read_is_kept_aside_and_the_lab_found_again() {
    let site = Site::tutorial();
    site.ok("up --local");
    let endpoint = site.endpoint();
    let before = twin::everything(&endpoint);
    let all = damaged(&site.read(FILE));
    for (n, (what, bad)) in all.iter().enumerate() {
        site.write(FILE, bad);
        // What only reads changes nothing, and says what would.
        let status = site.labctl("status").code(1);
        let _ = status.complains(&[
            "state.json",
            "not a labctl state",
            "labctl up",
            "labctl down",
        ]);
        assert_eq!(fs::read(site.path(FILE)).expect("a file"), *bad, "{what}");

        let events = site.ok("up --local --json").events();
        let told = events.iter().any(|e| {
            let message = e["message"].as_str().unwrap_or_default();
            e["event"] == "warning"
                && message.contains("kept as")
                && message.contains("unreadable-")
        });
        assert!(told, "{what}: {events:?}");
        assert_eq!(
            count(&changes(&events), "adopted"),
            15,
            "{what}: {events:?}"
        );
        assert_eq!(asides(&site).len(), n + 1, "{what}");
        assert_eq!(twin::everything(&endpoint), before, "{what}: no duplicate");
        site.ok("status");
    }
    let mut kept: Vec<_> = asides(&site)
        .iter()
        .map(|p| fs::read(p).expect("kept"))
        .collect();
    let mut put: Vec<_> = all.into_iter().map(|(_, bad)| bad).collect();
    kept.sort();
    put.sort();
    assert_eq!(kept, put, "nothing is lost");

    site.write(FILE, &put[2]);
    site.labctl("verify")
        .code(1)
        .complains(&["not a labctl state"]);
}

#[test]
fn down_without_a_readable_state_leaves_nothing() {
    let site = Site::tutorial();
    site.ok("up --local");
    let endpoint = site.endpoint();
    for (what, bad) in damaged(&site.read(FILE)) {
        site.write(FILE, &bad);
        // Where it was cannot be read either: without credentials it is the twin.
        let said = site.ok("down");
        assert!(said.out.contains("kept as"), "{what}: {}", said.out);
        assert_eq!(twin::everything(&endpoint), Vec::<String>::new(), "{what}");
        assert!(!site.has(FILE), "{what}");
        let aside = asides(&site).pop().expect("kept aside");
        assert_eq!(fs::read(&aside).expect("kept"), bad, "{what}");
        site.labctl("status").code(4);
        fs::remove_dir_all(site.path(FOLDER)).expect("a folder");
        site.ok("up --local");
    }
    site.ok("down");
}

/// Nothing would say what to look for.
#[test]
fn without_the_lab_s_file_an_unreadable_state_stays() {
    let site = Site::tutorial();
    site.ok("up --local");
    let (good, lab) = (site.read(FILE), site.read("lab.yaml"));
    site.write(FILE, "{");
    fs::remove_file(site.path("lab.yaml")).expect("a file");
    site.labctl("down")
        .code(1)
        .complains(&["not a labctl state", "lab.yaml"]);
    assert_eq!(site.read(FILE), "{");
    site.write("lab.yaml", lab);
    site.write(FILE, good);
    site.ok("down");
}

#[test]
fn a_state_of_a_newer_labctl_or_another_lab_is_never_touched() {
    let site = Site::tutorial();
    site.ok("up --local");
    let good = site.read(FILE);
    let before = twin::everything(&site.endpoint());
    let other = good.replace(r#""lab": "cognito-authorizer""#, r#""lab": "another""#);
    assert_ne!(other, good);
    for (bad, word) in [
        (
            r#"{"version":99,"steps":"of a kind to come"}"#,
            "newer labctl",
        ),
        (other.as_str(), "`another`"),
    ] {
        site.write(FILE, bad);
        for line in ["up --local", "status", "verify", "down"] {
            site.labctl(line)
                .code(1)
                .complains(&["state.json", word, "nothing was touched"]);
            assert_eq!(site.read(FILE), bad, "{line}");
        }
    }
    assert_eq!(twin::everything(&site.endpoint()), before);
    assert_eq!(asides(&site), Vec::<PathBuf>::new());
    site.write(FILE, good);
    site.ok("down");
}
