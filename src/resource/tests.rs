//! What is true of every kind: none is forgotten by the sweep, the policy or the crash matrix.

mod policy;

use std::{collections::BTreeSet, fs, path::PathBuf};

use super::{Kind, questions};
use crate::{engine::Plan, lab, plan::outline, sweep::Swept};

fn project(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The crash matrix tries labs, so each kind must be in one of them (`tests/matrix/records/`).
#[test]
fn every_kind_is_in_a_lab_of_the_matrix() {
    let records = project("tests/matrix/records");
    let mut tried = BTreeSet::new();
    for record in fs::read_dir(records).expect("the records") {
        let text = fs::read_to_string(record.expect("a record").path()).expect("a text");
        let kinds = text.lines().skip_while(|line| *line != "kinds").skip(1);
        let kinds = kinds.map_while(|line| line.strip_prefix("  "));
        tried.extend(kinds.map(str::to_owned));
    }
    let name = |kind: &Kind| serde_json::to_value(kind).expect("a name");
    let missing: Vec<_> = Kind::ALL
        .iter()
        .filter(|kind| !name(kind).as_str().is_some_and(|name| tried.contains(name)))
        .collect();
    assert!(
        missing.is_empty(),
        "no lab of the crash matrix has {missing:?}: add it to tests/matrix/edge-options/lab.yaml"
    );
}

#[test]
fn the_sweep_asks_about_every_kind_or_its_parent() {
    for kind in Kind::ALL {
        let mut chain = vec![*kind];
        while let Swept::Within(parent) = chain[chain.len() - 1].swept() {
            assert!(
                !chain.contains(&parent),
                "the sweep never asks about {kind:?}: its SWEPT leads from {chain:?} back to {parent:?}"
            );
            chain.push(parent);
        }
    }
}

#[test]
fn what_others_make_is_asked_for_after_them() {
    let questions = questions();
    for (kind, question) in &questions {
        let Some(maker) = question.made_by else {
            continue;
        };
        let maker = questions.iter().find(|(of, _)| *of == maker);
        assert!(
            maker.is_some_and(|(_, maker)| maker.made_by.is_none()),
            "{kind:?} is never asked for: `made_by` must name a kind that is asked for first"
        );
    }
}

/// The plans of all labs that the crash matrix tries.
fn plans() -> Vec<Plan> {
    let labs = fs::read_dir(project("labs")).expect("the labs");
    let mut folders: Vec<_> = labs.map(|lab| lab.expect("a lab").path()).collect();
    folders.push(project("tests/matrix/edge-options"));
    let plan = |folder: PathBuf| {
        let file = folder.join("lab.yaml");
        let text = fs::read_to_string(&file).expect("a lab's file");
        let text = text
            .replace("DOMAIN", "example.com")
            .replace("ZONE", "Z0123456789ABC")
            .replace(
                "CERTIFICATE",
                "arn:aws:acm:us-east-1:111122223333:certificate/00000000-0000-4000-8000-000000000000",
            );
        outline(&lab::parse(&text, &file).expect("a lab"))
    };
    folders.into_iter().map(plan).collect()
}

#[test]
fn every_kind_is_planned_in_the_parent_that_the_sweep_asks_about() {
    let mut seen = BTreeSet::new();
    for plan in plans() {
        for step in plan.steps() {
            seen.insert(step.kind);
            let Some(parent) = &step.within else { continue };
            let parent = plan.get(parent).expect("a step").kind;
            assert!(
                matches!(step.kind.swept(), Swept::Within(kind) if kind == parent),
                "{:?} lives in {parent:?}, but its SWEPT says {:?}",
                step.kind,
                step.kind.swept()
            );
        }
    }
    let is_missing = |kind: &&Kind| !seen.contains(kind);
    let missing: Vec<_> = Kind::ALL.iter().filter(is_missing).collect();
    assert!(
        missing.is_empty(),
        "no plan has {missing:?}: add its step to src/plan.rs, and a lab that has it"
    );
}
