//! What was typed, what the environment says, and the words of a stranger's lab.yaml.

use super::{evil, literal, shows_safely, unsafe_in};
use crate::harness::{LAB, Said, Site};

#[test]
fn what_was_typed() {
    let site = Site::tutorial();
    let evil = &*evil();
    for args in [
        &[evil][..],
        &["local", evil],
        &["up", evil],
        &["up", "--until", evil],
        &["up", &format!("--{evil}")],
        &["status", "--as", evil],
        &["plan", "--file", evil],
        &["init", "--lab", evil],
        &["logs", "--since", evil],
        &["local", "logs", "--dir", evil],
    ] {
        shows_safely(&site, args, &[], true);
    }
}

#[test]
fn the_environment() {
    let site = Site::tutorial();
    let evil = &*evil();
    for (name, args, told) in [
        ("LABCTL_AS", &["status"][..], true),
        ("AWS_PROFILE", &["up", "--dry-run"], true),
        ("AWS_ENDPOINT_URL", &["up", "--dry-run"], false),
        ("AWS_ENDPOINT_URL_LAMBDA", &["up", "--dry-run"], false),
        ("LABCTL_LOG", &["status"], false),
    ] {
        // What is said of it depends on the rest of the environment: it must be safe, and is where it is told.
        let _ = told;
        let said = Said::of(site.command(args).env(name, evil));
        for text in [&said.out, &said.err] {
            assert_eq!(unsafe_in(text, false), None, "{name}: {text:?}");
        }
        let said = Said::of(site.terminal(&args.join(" ")).env(name, evil));
        assert_eq!(unsafe_in(&said.out, true), None, "{name}: {:?}", said.out);
    }
}

/// YAML has escapes for every character: each value of the lab, one after the other, holds them all.
#[test]
fn each_value_of_lab_yaml() {
    let site = Site::tutorial();
    let escaped = literal(&evil());
    let mut tried = 0;
    for (at, line) in LAB.lines().enumerate() {
        let Some((key, value)) = line
            .split_once(": ")
            .filter(|_| !line.trim().starts_with('#'))
        else {
            continue;
        };
        if value.starts_with(['{', '[', '|', '>']) {
            continue;
        }
        for changed in [
            format!("{key}: \"{escaped}\""),
            format!(
                "{key}: {value}\n{}\"{escaped}\": 1",
                " ".repeat(line.len() - line.trim_start().len())
            ),
        ] {
            let mut lines: Vec<&str> = LAB.lines().collect();
            lines[at] = &changed;
            site.write("lab.yaml", lines.join("\n"));
            for json in [None, Some("--json")] {
                let said = Said::of(&mut site.command(["plan", "--local"].into_iter().chain(json)));
                for text in [&said.out, &said.err] {
                    assert_eq!(unsafe_in(text, false), None, "{changed}: {text:?}");
                }
            }
            let said = Said::of(&mut site.terminal("plan --local"));
            assert_eq!(
                unsafe_in(&said.out, true),
                None,
                "{changed}: {:?}",
                said.out
            );
            tried += 1;
        }
    }
    assert!(tried > 20, "{tried}");
}
