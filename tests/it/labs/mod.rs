//! The ready labs, and the commands for those who use one.

mod authorizers;
mod callers;
mod password;
mod tokens;

use std::fs;

use crate::{
    harness::{Said, Site, changes, standings},
    output::fits,
    ready, twin,
};

/// Names and outcomes of the checks of `verify --json`.
fn checks(said: &Said) -> Vec<(String, bool)> {
    let events = said.events();
    let checks = events.iter().filter(|e| e["event"] == "check");
    checks
        .map(|e| {
            let name = e["name"].as_str().unwrap_or_default().to_owned();
            (name, e["ok"] == true)
        })
        .collect()
}

#[test]
fn every_lab_goes_up_is_proven_and_leaves_nothing() {
    for name in ready::labs() {
        let site = Site::ready(&name);
        let _provider = ready::Provider::of(&site.path(""));
        let environment = ready::environment(&site.read("lab.yaml"));
        let ok = |line: &str| {
            let mut command = site.command(line.split(' '));
            Said::of(command.envs(environment.iter().cloned())).code(0)
        };
        let created = changes(&ok("up --local --json").events());
        assert!(created.iter().all(|(_, change)| change == "created"));
        let endpoint = site.endpoint();
        let status = ok("status --json").json();
        assert_eq!(standings(&status).len(), created.len(), "{name}");

        let again = changes(&ok("up --local --json").events());
        assert!(
            again.iter().all(|(_, change)| change == "unchanged"),
            "{name}: {again:?}"
        );
        ok("verify");
        for (columns, line) in [
            (80, "up --local"),
            (80, "verify"),
            (80, "plan"),
            (80, "status"),
            (100, "status"),
            (100, "down --dry-run"),
        ] {
            let mut terminal = site.terminal_of(columns, line);
            let said = Said::of(terminal.envs(environment.iter().cloned())).code(0);
            let plain = fits(columns, &said);
            let whole = line != "status" || plain.contains("Complete. ");
            assert!(whole, "{name}: {plain}");
        }
        let down = ok("down --prove --json").events();
        assert_eq!(changes(&down).len(), created.len(), "{name}");
        assert_eq!(twin::everything(&endpoint), Vec::<String>::new(), "{name}");
        let receipts = fs::read_dir(site.path(&format!(".labctl/{name}")));
        for entry in receipts.into_iter().flatten().flatten() {
            let file = entry.file_name().to_string_lossy().into_owned();
            assert!(file.starts_with("receipt"), "{name}: {file} is left");
        }

        // Without a state: found by tags and names.
        ok("up --local");
        fs::remove_dir_all(site.path(&format!(".labctl/{name}"))).expect("removed");
        ok("down --local");
        assert_eq!(twin::everything(&endpoint), Vec::<String>::new(), "{name}");
    }
}

/// Each function's ARN has a name; a wrong one lists all.
#[test]
fn outputs_of_a_lab_with_several_functions_have_names() {
    let site = Site::ready("all-authorizers");
    site.ok("up --local");
    let all = site.ok("output").out;
    for name in ["gate", "guard", "hello"] {
        let output = format!("function_arn.{name}");
        let arn = site.ok(&format!("output {output}")).out;
        assert!(arn.trim().ends_with(&format!("-{name}")), "{arn}");
        assert!(all.contains(&output), "{all}");
        let json = site.ok("output --json").json();
        assert_eq!(json["functions"][name], arn.trim());
        let wrong = site.labctl("output function_arn.guest").code(2);
        let _ = wrong.complains(&[&output, "user_pool_id", "function_arn.guest"]);
        assert!(site.ok("status").out.contains(arn.trim()));
    }
    site.ok("down");
}

/// The program has those of the folder, and the tutorial.
#[test]
fn init_lists_the_labs_and_knows_no_other() {
    let site = Site::empty();
    let listed = site.ok("init --list --json").json();
    let listed = listed.as_array().expect("a list").iter();
    let mut listed: Vec<_> = listed
        .map(|lab| lab["name"].as_str().unwrap_or("?"))
        .collect();
    assert_eq!(listed.remove(0), "cognito-authorizer");
    listed.sort_unstable();
    assert_eq!(listed, ready::labs());
    let people = site.ok("init --list").out;
    assert!(listed.iter().all(|name| people.contains(name)), "{people}");
    site.labctl("init --lab nothing")
        .code(2)
        .complains(&["no ready lab `nothing`", "all-authorizers"]);
    assert!(!site.has("lab.yaml"));
}
