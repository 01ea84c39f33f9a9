//! The README is true: its commands run, in its order, and print what it shows.

use std::{collections::BTreeSet, fmt::Write as _, fs};

use regex::Regex;

use crate::{
    harness::{Said, Site},
    ready::project,
};

/// The program that the README calls `labctl` and `cargo run --`, first on the PATH.
fn bin(site: &Site) -> String {
    let bin = site.path("bin");
    fs::create_dir(&bin).expect("a folder");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_labctl"), bin.join("labctl")).expect("a link");
    format!(
        "{}:{}",
        bin.display(),
        std::env::var("PATH").unwrap_or_default()
    )
}

/// What differs from run to run is made the same, and the order of what runs in parallel does not matter.
fn normal(text: &str) -> Vec<String> {
    let rules = [
        (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
        (r"\((started|running), state in", "(STATE, state in"),
        (r"us-east-1_[A-Za-z0-9]{9}\b", "POOL"),
        (r"_api/[a-z0-9]{10}/", "_api/API/"),
        (r"\bE[A-Z0-9]{12,14}\b", "DISTRIBUTION"),
        (r"( labctl-[a-z0-9-]+ +)[a-z0-9/]{6,17}$", "${1}ID"),
        (r"\b[a-z0-9]{10}/[a-z0-9]{6}/GET\b", "API/PATH/GET"),
        (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID"),
        (r"\d{4}-\d{2}-\d{2}T[0-9:.]+Z", "TIME"),
        (r"receipt-\d{8}T\d{9}Z", "receipt-TIME"),
        (r"\b\d{8}\b", "CODE"),
        (r"(Client +)[a-z0-9]{26}$", "${1}CLIENT"),
        (r"client_id=[a-z0-9]{26}\b", "client_id=CLIENT"),
        (r"(API +)[a-z0-9]{10}$", "${1}API"),
        // Ids at the end of a line about one resource.
        (r"( d-apigw-cmp-demo +)[a-z0-9]{10}$", "${1}ID"),
        (r"( d-cognito-spa-app +)[a-z0-9]{26}$", "${1}ID"),
        (
            r"( (/demo|deployment|d-authorizer-user-pool-demo) +)[a-z0-9]{6}$",
            "${1}ID",
        ),
        (r" in \d+\.\d s:", " in SECONDS:"),
        (r":[a-z0-9]{10}/dev/", ":API/dev/"),
    ]
    .map(|(rule, to)| (Regex::new(rule).expect("a rule"), to));
    let took = Regex::new(r" +\d+\.\d s$").expect("a rule");
    let mut lines: Vec<String> = text
        .lines()
        .map(|line| took.replace(line, "").into_owned())
        .map(|line| {
            rules.iter().fold(line, |line, (rule, to)| {
                rule.replace_all(&line, *to).into_owned()
            })
        })
        .map(|line| line.trim_end().to_owned())
        // Whether something had to be waited for is chance; what the machine lacks is its own.
        .filter(|line| {
            let own =
                line.contains(" of this machine: ") || line.contains("see this machine's files");
            !line.is_empty() && !line.starts_with("  - waiting") && !own
        })
        .collect();
    lines.sort();
    lines
}

#[test]
fn its_blocks_run_and_print_what_it_shows() {
    let site = Site::tutorial();
    site.write(
        "docs/broken.yaml",
        fs::read(project("docs/broken.yaml")).expect("a file"),
    );
    follow(&site, "README.md");
}

#[test]
fn the_tutorial_is_true() {
    follow(&Site::ready("cognito-authorizer"), "docs/tutorial.md");
}

#[test]
fn the_readme_of_each_lab_is_true() {
    let labs = fs::read_dir(project("labs")).expect("a folder").flatten();
    let names = labs.map(|entry| entry.file_name().into_string().expect("a name"));
    let names: Vec<String> = names.collect();
    assert!(names.len() >= 5, "{names:?}");
    for name in names {
        follow(&Site::ready(&name), &format!("labs/{name}/README.md"));
    }
}

/// Runs what a README says, in its order; each command must print what is shown.
fn follow(site: &Site, readme: &str) {
    let path = bin(site);
    let text = fs::read_to_string(project(readme)).expect("a README");
    let mut written = String::new();
    let (mut inside, mut command, mut shown) = (false, None::<String>, String::new());
    let mut wrong = Vec::new();
    for line in text.lines() {
        let starts = line == "```console";
        let ends = inside && line == "```";
        if let Some(command) = command.take_if(|_| ends || line.starts_with("$ ")) {
            let run = command.replace("cargo run --", "labctl");
            let mut shell = site.program("sh");
            let said = Said::of(
                shell
                    .args(["-c", &format!("exec 2>&1; {run}")])
                    .env("PATH", &path),
            );
            if normal(&said.out) != normal(&shown) {
                wrong.push(format!("$ {run}\n{}", said.out));
            }
            if !said.out.trim().is_empty() {
                let _ = writeln!(written, "{}", said.out.trim_end());
            }
            shown.clear();
        }
        if starts || ends {
            inside = starts;
        } else if let Some(new) = line.strip_prefix("$ ").filter(|_| inside) {
            command = Some(new.to_owned());
        } else if inside {
            shown.push_str(line);
            shown.push('\n');
            continue;
        }
        let _ = writeln!(written, "{line}");
    }
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(project(readme), written).expect("the README can be written");
        return;
    }
    assert!(
        wrong.is_empty(),
        "{readme} shows something else (UPDATE_SNAPSHOTS=1 rewrites it):\n{}",
        wrong.join("\n")
    );
}

/// Everything that labctl calls is allowed by the policy that the README tells people to use.
#[test]
fn its_policy_allows_what_labctl_calls() {
    let text = fs::read_to_string(project("docs/policy.json")).expect("a policy");
    let policy: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let allowed: BTreeSet<&str> = policy["Statement"]
        .as_array()
        .expect("statements")
        .iter()
        .flat_map(|s| match &s["Action"] {
            serde_json::Value::String(one) => vec![one.as_str()],
            many => many
                .as_array()
                .expect("actions")
                .iter()
                .filter_map(|a| a.as_str())
                .collect(),
        })
        .collect();
    let operation = Regex::new(
        r#"(?:(?:call|pages)\(|(?:operation|_list) =)\s*"(iam|lambda|logs|cognito-idp|cognito-identity|sts|tag|cloudfront|wafv2|route53):([A-Z][A-Za-z]+)""#,
    )
    .expect("a rule");
    let mut called = BTreeSet::new();
    let mut folders = vec![project("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else if entry.path().extension().is_some_and(|e| e == "rs") {
                let source = fs::read_to_string(entry.path()).expect("a source file");
                called.extend(
                    operation
                        .captures_iter(&source)
                        .map(|c| format!("{}:{}", &c[1], &c[2])),
                );
            }
        }
    }
    assert!(called.len() > 30, "{called:?}");
    // A student's own calls need no permission; tagging on creation needs its own.
    let open = [
        "cognito-idp:InitiateAuth",
        "cognito-idp:RespondToAuthChallenge",
        "cognito-idp:GetTokensFromRefreshToken",
        "cognito-idp:AssociateSoftwareToken",
        "cognito-idp:VerifySoftwareToken",
        "cognito-idp:SetUserMFAPreference",
        "cognito-identity:GetId",
        "cognito-identity:GetCredentialsForIdentity",
        "sts:GetCallerIdentity",
        // Two permissions: to create, and to tag.
        "cloudfront:CreateDistributionWithTags",
    ];
    let missing: Vec<_> = called
        .iter()
        .filter(|c| !allowed.contains(c.as_str()) && !open.contains(&c.as_str()))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
