//! `docs/policy.json` against what each kind says that it needs, against the source, and against calls of real runs.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use regex::Regex;
use serde_json::Value;

use super::{Kind, project};
use crate::sweep::Swept;

/// What is needed for no kind in particular.
const FOR_NO_KIND: [&str; 3] = [
    // The sweep's and the recovery's question by tag.
    "tag:GetResources",
    // `verify`: a caller's keys, the logs of a function.
    "sts:AssumeRole",
    "logs:FilterLogEvents",
];

/// What the source names because policies that labctl writes do.
const IN_POLICIES: [&str; 7] = [
    "aws:SourceArn",
    "execute-api:Invoke",
    "lambda:InvokeFunction",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sts:AssumeRole",
    "sts:AssumeRoleWithWebIdentity",
];

/// Calls that need no permission.
const OPEN: [&str; 1] = ["sts:GetCallerIdentity"];

/// The actions that allow a call. API Gateway's are its HTTP methods.
fn allow(call: &str) -> Vec<String> {
    let method = |name: &str| {
        let methods = [
            ("Create", "POST"),
            ("Delete", "DELETE"),
            ("Get", "GET"),
            ("Put", "PUT"),
            ("TagResource", "PUT"),
            ("Update", "PATCH"),
        ];
        let method = methods.iter().find(|(verb, _)| name.starts_with(verb));
        method.map_or(name, |(_, method)| method).to_owned()
    };
    match call.split_once(':') {
        Some(("apigateway", name)) => vec![format!("apigateway:{}", method(name))],
        Some(("cloudfront", "CreateDistributionWithTags")) => vec![
            "cloudfront:CreateDistribution".to_owned(),
            "cloudfront:TagResource".to_owned(),
        ],
        _ => vec![call.to_owned()],
    }
}

/// All that `docs/policy.json` allows.
fn allowed() -> BTreeSet<String> {
    let text = fs::read_to_string(project("docs/policy.json")).expect("a policy");
    let policy: Value = serde_json::from_str(&text).expect("JSON");
    let statements = policy["Statement"].as_array().expect("statements");
    let actions = statements.iter().flat_map(|statement| {
        let action = &statement["Action"];
        action.as_array().cloned().unwrap_or(vec![action.clone()])
    });
    let text = |action: Value| action.as_str().expect("an action").to_owned();
    actions.map(text).collect()
}

/// Calls in a text of ours, as the actions that allow them.
fn calls(text: &str) -> BTreeSet<String> {
    let call = Regex::new(r#""([a-z][a-z0-9-]+:[A-Z][A-Za-z]+)""#).expect("a rule");
    let calls = call.captures_iter(text).map(|found| found[1].to_owned());
    let calls = calls.filter(|call| !IN_POLICIES.contains(&call.as_str()));
    calls.flat_map(|call| allow(&call)).collect()
}

/// Source files below a path.
fn below(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let entries = fs::read_dir(path).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.flat_map(|path| below(&path)).collect()
}

/// What a file of a service's folder may call, and who says so. Files of no kind may do what the service's kinds may.
fn owner(path: &Path, kinds: &BTreeMap<String, Kind>) -> (String, BTreeSet<&'static str>) {
    let inside = path.strip_prefix(project("src/resource")).expect("inside");
    let parts: Vec<String> = inside
        .with_extension("")
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .collect();
    let shown = format!("src/resource/{}", inside.display());
    if let Some(kind) = parts.iter().skip(1).find_map(|part| kinds.get(part))
        && !parts.contains(&"sweep".to_owned())
    {
        let who = format!("`ACTIONS` of {kind:?} ({shown})");
        return (who, kind.actions().iter().copied().collect());
    }
    let service = project("src/resource").join(&parts[0]);
    let mine = kinds.iter().filter(|(name, _)| {
        service.join(format!("{name}.rs")).exists() || service.join(name).exists()
    });
    let asks = parts.contains(&"sweep".to_owned());
    let actions = mine.flat_map(|(_, kind)| match kind.swept() {
        Swept::Asked(question) if asks => question.actions,
        Swept::Within(_) if asks => &[],
        _ => kind.actions(),
    });
    let who = if asks {
        format!("`actions` of a question in {shown}")
    } else {
        format!("`ACTIONS` of a kind of {} ({shown})", parts[0])
    };
    (who, actions.copied().collect())
}

#[test]
fn every_kind_names_its_actions_and_the_policy_allows_them() {
    let allowed = allowed();
    let mut wrong = BTreeSet::new();
    let mut needed: BTreeSet<&str> = FOR_NO_KIND.into();
    let mut kinds = BTreeMap::new();
    for kind in Kind::ALL {
        let name = serde_json::to_value(kind).expect("a name");
        kinds.insert(name.as_str().expect("a text").to_owned(), *kind);
        let asked = match kind.swept() {
            Swept::Asked(question) => question.actions,
            Swept::Within(_) => &[],
        };
        if kind.actions().is_empty() {
            wrong.insert(format!("{kind:?} names no actions"));
        }
        for action in kind.actions().iter().chain(asked) {
            needed.insert(action);
            if !allowed.contains(*action) {
                wrong.insert(format!(
                    "docs/policy.json does not allow {action}, which {kind:?} needs"
                ));
            }
        }
    }
    for action in &allowed {
        if !needed.contains(action.as_str()) {
            wrong.insert(format!(
                "docs/policy.json allows {action}: nothing needs it"
            ));
        }
    }
    let services = fs::read_dir(project("src/resource")).expect("a folder");
    let services = services.map(|entry| entry.expect("an entry").path());
    let services = services.filter(|path| path.is_dir() && !path.ends_with("tests"));
    for path in services.flat_map(|service| below(&service)) {
        let (who, may) = owner(&path, &kinds);
        let text = fs::read_to_string(&path).expect("a source file");
        for call in calls(&text) {
            if !may.contains(call.as_str()) {
                wrong.insert(format!("{call} is missing in {who}"));
            }
        }
    }
    let wrong: Vec<String> = wrong.into_iter().collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The records of the crash matrix have all calls of clean runs of labs that have every kind between them.
#[test]
fn the_policy_allows_the_calls_of_real_runs() {
    let allowed = allowed();
    let record = Regex::new(r"(?m)^  \d+ ([a-z-]+:\w+)$").expect("a rule");
    let mut made = BTreeSet::new();
    for path in below(&project("tests/matrix/records")) {
        let text = fs::read_to_string(path).expect("a record");
        made.extend(record.captures_iter(&text).map(|call| call[1].to_owned()));
    }
    assert!(made.len() > 50, "{} calls: {made:?}", made.len());
    let missing: Vec<_> = made
        .iter()
        .filter(|call| !OPEN.contains(&call.as_str()))
        .filter(|call| !allow(call).iter().all(|action| allowed.contains(action)))
        .collect();
    assert!(
        missing.is_empty(),
        "docs/policy.json does not allow {missing:?}"
    );
}
