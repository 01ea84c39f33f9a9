//! A state with values that labctl never writes: refused, and not touched.

use std::{collections::BTreeSet, fs};

use labctl::{engine::journal, kind::Kind};
use serde_json::{Value, json};

use super::STATE;
use crate::{
    harness::{Said, Site},
    ready::project,
    state::kept::ALL,
    twin,
};

/// What no value may be.
fn never() -> Vec<Value> {
    vec![
        json!(7),
        json!(null),
        json!(["a"]),
        json!({ "a": "b" }),
        json!("\u{1b}]0;PWNED\u{7}\u{1b}[2J"),
        json!("a\nb"),
        json!("a".repeat(5_000)),
    ]
}

/// What no id may be.
fn no_ids() -> Vec<Value> {
    let texts = [
        "",
        "..",
        "../../../../Documents",
        "/etc/passwd",
        "a/b",
        "a%2f..%2fb",
        "https://evil.example/",
        "evil.example/?",
        "evil.example#",
        "user@evil.example",
        "evil.example:80/",
        "a b",
        "\u{202e}a",
    ];
    let long = json!("a".repeat(10_000_000));
    never()
        .into_iter()
        .chain([long])
        .chain(texts.map(|text| json!(text)))
        .collect()
}

/// Refused by name, shortly, without a byte that a terminal obeys; the file stays as it is.
#[track_caller]
fn is_refused(site: &Site, file: &str, line: &str, field: &str, bad: &[u8]) {
    let said: Said = site.labctl(line);
    let shown: String = String::from_utf8_lossy(bad).chars().take(40).collect();
    assert_eq!(said.code, 1, "{line}, {field}, {shown}: {said:?}");
    assert!(
        said.err.len() < 2000,
        "{line}, {field}: {} bytes",
        said.err.len()
    );
    let unruly = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
    assert!(!said.err.contains(unruly), "{line}: {:?}", said.err);
    let _ = said.complains(&["state.json", field, "nothing was touched", "`mv "]);
    assert!(
        fs::read(site.path(file)).expect("a file") == bad,
        "{line}, {field}"
    );
    let folder = site.path(file).with_file_name("");
    let names = fs::read_dir(folder).expect("a folder").flatten();
    let aside = names.filter(|e| e.file_name().to_string_lossy().contains("unreadable"));
    assert_eq!(aside.count(), 0, "{line}, {field}");
}

const COMMANDS: [&str; 6] = [
    "status",
    "up --local",
    "down",
    "verify",
    "call GET /demo",
    "token",
];

#[test]
fn ids_that_are_none_are_refused() {
    let site = Site::tutorial();
    site.ok("up --local");
    let (good, before) = (site.state(), twin::everything(&site.endpoint()));
    let mut lines = COMMANDS.iter().cycle();
    for (step, part, member) in [
        ("api", "output", "id"),
        ("api", "output", "root_resource_id"),
        ("user_pool", "output", "id"),
        ("user_pool", "output", "arn"),
        ("app_client", "key", "user_pool_id"),
        ("app_client", "output", "client_id"),
        ("function.hello", "key", "name"),
        ("function.hello", "output", "arn"),
        ("role.hello", "key", "name"),
        ("path./demo", "output", "resource_id"),
        ("authorizer.d-authorizer-user-pool-demo", "output", "id"),
        ("authorizer.d-authorizer-user-pool-demo", "key", "api_id"),
        ("stage", "key", "api_id"),
        ("stage", "output", "name"),
    ] {
        for bad in no_ids() {
            // Role names may have an `@`.
            if step == "role.hello" && bad == json!("user@evil.example") {
                continue;
            }
            let mut state = good.clone();
            assert!(
                state["steps"][step][part][member].is_string(),
                "{step} {member}"
            );
            state["steps"][step][part][member] = bad;
            let bad = state.to_string().into_bytes();
            site.write(STATE, &bad);
            let field = format!("{part}.{member}");
            is_refused(&site, STATE, lines.next().expect("endless"), &field, &bad);
        }
    }
    assert_eq!(twin::everything(&site.endpoint()), before);
    site.write(STATE, good.to_string());
    site.ok("down");
}

/// Every text of every record, whatever kinds there will be: one bad value by the program, all by its reader.
#[test]
fn no_text_of_a_record_is_anything_else() {
    let mut seen = BTreeSet::new();
    for kept in ALL {
        let folder = project("tests/it/state/kept").join(kept.name);
        let site = Site::empty();
        site.write(
            "lab.yaml",
            fs::read(folder.join("lab.yaml")).expect("a lab"),
        );
        let here = site.path("");
        let here = here.to_string_lossy();
        let good = fs::read_to_string(folder.join("state.json")).expect("a state");
        let good = good.replace("LAB_FOLDER", here.trim_end_matches('/'));
        let good: Value = serde_json::from_str(&good).expect("JSON");
        let lab = good["lab"].as_str().expect("a name");
        let file = format!(".labctl/{lab}/state.json");
        let reads = |state: &Value| {
            site.write(&file, state.to_string());
            journal::read::<Kind>(&site.path(&format!(".labctl/{lab}")))
        };
        assert!(
            reads(&good).is_ok_and(|state| state.is_some()),
            "{}",
            kept.name
        );
        for (step, record) in good["steps"].as_object().expect("steps") {
            if !seen.insert(record["kind"].to_string()) {
                continue;
            }
            for part in ["key", "output"] {
                let Some(members) = record[part].as_object() else {
                    continue;
                };
                // A mapping template may have any text, and leads nowhere.
                let texts = members.iter();
                let texts = texts.filter(|(member, v)| v.is_string() && *member != "template");
                for (member, _) in texts {
                    let field = format!("{part}.{member}");
                    let mut state = good.clone();
                    for bad in never() {
                        state["steps"][step][part][member] = bad;
                        let refused = reads(&state).expect_err(&field).to_string();
                        assert!(refused.contains(&field), "{field}: {refused}");
                    }
                    is_refused(
                        &site,
                        &file,
                        "status",
                        &field,
                        &fs::read(site.path(&file)).expect("a state"),
                    );
                }
            }
        }
    }
    assert!(seen.len() > 25, "{seen:?}");
}

#[test]
fn what_a_state_says_of_itself_is_read_with_care_too() {
    let site = Site::tutorial();
    site.ok("up --local");
    let good = site.state();
    for (member, bad) in [
        ("account", json!("../..")),
        ("account", json!(0)),
        ("region", json!("evil.example/")),
        ("run", json!("\u{1b}[2J")),
        ("lab", json!("../other")),
        ("endpoint", json!("file:///etc/passwd")),
        ("endpoint", json!("http://a@evil.example")),
        ("local", json!("/home/me/Documents")),
        ("local", json!("../.labctl/local")),
        ("local", json!(1)),
        ("users", json!(["\u{1b}[2J"])),
    ] {
        let mut state = good.clone();
        state[member] = bad;
        let bytes = state.to_string().into_bytes();
        site.write(STATE, &bytes);
        for line in ["status", "up --local", "down"] {
            is_refused(&site, STATE, line, member, &bytes);
        }
    }
    site.write(STATE, good.to_string());
    site.ok("down");
}

/// A token goes to the lab's own host or nowhere.
#[test]
fn the_edges_domain_name_leads_to_no_other_host() {
    let site = Site::tutorial();
    site.ok("up --local");
    let mut state = site.state();
    let id = "7ad6f3b2-0f6e-4f4b-9a1e-1f2d3c4b5a69";
    let mut edge = state["steps"]["api"].clone();
    edge["kind"] = json!("distribution");
    edge["key"] = json!({ "comment": "d" });
    edge["output"] = json!({
        "id": "E1", "arn": "arn:aws:cloudfront::000000000000:distribution/E1",
        "domain_name": "d1.cloudfront.net", "cache_policy_id": id, "origin_request_policy_id": id,
    });
    state["steps"]["distribution"] = edge;
    site.write(STATE, state.to_string());
    let said = site.labctl("status");
    assert!(!said.err.contains("domain_name"), "{said:?}");
    for bad in [
        "evil.example",
        "evil.example/.cloudfront.net",
        "d1.cloudfront.net.evil.example",
        "a@evil.example",
        "127.0.0.1:8099",
        "evil.example?.cloudfront.net",
        "evil.example#.cloudfront.net",
        "..cloudfront.net",
    ] {
        state["steps"]["distribution"]["output"]["domain_name"] = json!(bad);
        let bytes = state.to_string().into_bytes();
        site.write(STATE, &bytes);
        for line in ["call GET /demo", "verify", "token"] {
            is_refused(&site, STATE, line, "output.domain_name", &bytes);
        }
    }
}
