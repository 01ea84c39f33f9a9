//! Every kind that the sweep asks about is found when it is left.

use std::{collections::BTreeSet, fs};

use regex::Regex;
use serde_json::json;

use super::tools::{listed, receipt};
use crate::{
    state::kept::{self, ALL},
    tidy::sources,
    twin::Rule,
};

/// Kinds whose `SWEPT` is a question, as states and receipts name them.
fn asked() -> BTreeSet<String> {
    let kind = Regex::new(r"const KIND: Kind = Kind::(\w+);").expect("a rule");
    let capital = Regex::new(r"\B[A-Z]").expect("a rule");
    let mut asked = BTreeSet::new();
    for path in sources("src/resource") {
        let text = fs::read_to_string(&path).expect("a source file");
        if let Some(kind) = kind
            .captures(&text)
            .filter(|_| text.contains("Swept::Asked("))
        {
            let name = capital.replace_all(&kind[1], "_$0");
            asked.insert(name.to_lowercase());
        }
    }
    asked
}

/// Kept labs have every kind between them. When AWS refuses every deletion, all of it is left.
#[test]
fn finds_every_kind_that_it_asks_about() {
    let mut missing = asked();
    assert!(missing.len() > 10, "{missing:?}");
    for lab in ALL.iter().filter(|kept| kept.killed.is_none()) {
        let (site, state) = kept::start(lab.name);
        let kinds: BTreeSet<&str> = state["steps"]
            .as_object()
            .expect("steps")
            .values()
            .filter_map(|step| step["kind"].as_str())
            .collect();
        if !missing.iter().any(|kind| kinds.contains(kind.as_str())) {
            continue;
        }
        let refused = [
            "*:Delete*",
            "*:Detach*",
            "*:Update*",
            "route53:ChangeResourceRecordSets",
        ];
        let refused = refused.map(|operation| {
            let rule = json!({ "operation": operation, "action": "denied", "times": 0 });
            Rule::set(&site.endpoint(), &rule)
        });
        let said = site.labctl("down --prove --grace 0 --json").code(6);
        drop(refused);
        let survivors = listed(&receipt(&said), "survivors");
        let found: BTreeSet<_> = survivors
            .iter()
            .filter_map(|survivor| survivor.split(' ').next())
            .collect();
        missing.retain(|kind| !found.contains(kind.as_str()));
        let lost: Vec<_> = missing
            .iter()
            .filter(|kind| kinds.contains(kind.as_str()))
            .collect();
        assert!(
            lost.is_empty(),
            "{} is left of {}, but the sweep does not find it: see its `sweep.rs`",
            lost.iter()
                .map(|kind| kind.as_str())
                .collect::<Vec<_>>()
                .join(", "),
            lab.name
        );
    }
    assert!(missing.is_empty(), "no kept lab has {missing:?}");
}
