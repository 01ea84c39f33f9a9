//! What a user reads about a bad file.

use std::{collections::BTreeSet, error::Error, fs, path::Path};

use super::{HERE, assert_snapshot};
use crate::lab::{LabError, Problem, load, parse, render};

type Result = std::result::Result<(), Box<dyn Error>>;

#[test]
fn every_bad_file_is_told_as_recorded() -> Result {
    let folder = Path::new(HERE).join("bad");
    let (mut files, mut snapshots) = (BTreeSet::new(), BTreeSet::new());
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        match path.extension().and_then(|e| e.to_str()) {
            Some("yaml") => files.insert(path.with_extension("")),
            Some("txt") => snapshots.insert(path.with_extension("")),
            _ => false,
        };
    }
    assert!(files.len() >= 60, "{}", files.len());
    for file in &files {
        let path = file.with_extension("yaml");
        let error = load(&path)
            .err()
            .ok_or(format!("{} is not bad", path.display()))?;
        assert_snapshot(
            &file.with_extension("txt"),
            &format!("{}\n", render(&error, 100, false)),
        )?;
    }
    assert_eq!(
        snapshots.difference(&files).count(),
        0,
        "snapshots without a file"
    );
    Ok(())
}

fn problems(outcome: std::result::Result<crate::lab::Lab, LabError>) -> Vec<Problem> {
    match outcome {
        Err(LabError::Problems { problems, .. }) => problems,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_missing_file_leads_to_init() {
    let error = load(Path::new("no/lab.yaml")).err();
    assert!(matches!(&error, Some(LabError::Missing(path)) if path == Path::new("no/lab.yaml")));
    let told = error.map(|e| render(&e, 100, false)).unwrap_or_default();
    assert!(
        told.contains("no/lab.yaml does not exist") && told.contains("labctl init"),
        "{told}"
    );
}

#[test]
fn what_is_no_file_of_text_is_said_so() -> Result {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("lab.yaml");
    assert!(
        matches!(load(folder.path()), Err(LabError::Unreadable { .. })),
        "a folder"
    );
    fs::write(&path, "#".repeat(256 * 1024 + 1))?;
    assert!(
        matches!(load(&path), Err(LabError::Unreadable { .. })),
        "too large"
    );
    fs::write(&path, b"lab: a\nregion: \xff\xfe\n")?;
    let found = problems(load(&path));
    assert_eq!(
        (found[0].place.line, found[0].place.column),
        (2, 9),
        "{found:?}"
    );
    assert!(found[0].message.contains("UTF-8"));
    Ok(())
}

#[test]
fn control_characters_are_refused_and_not_shown() {
    for stranger in ['\0', '\u{1b}', '\u{7f}', '\u{9b}'] {
        let outcome = parse(
            &format!("lab: a\nregion: x{stranger}[31m\n"),
            Path::new("lab.yaml"),
        );
        let told = outcome
            .as_ref()
            .err()
            .map(|e| render(e, 100, false))
            .unwrap_or_default();
        assert!(!told.contains(stranger), "{told:?}");
        let found = problems(outcome);
        assert_eq!((found[0].place.line, found[0].place.column), (2, 10));
    }
    // Escapes in quotes make them too.
    let outcome = parse(
        "lab: \"\\e[31m\"\nregion: \"a\\0b\"\n",
        Path::new("lab.yaml"),
    );
    let told = outcome
        .err()
        .map(|e| render(&e, 100, false))
        .unwrap_or_default();
    assert!(!told.contains(['\0', '\u{1b}']), "{told:?}");
}

#[test]
fn places_do_not_depend_on_line_ends_or_a_mark() {
    let text = "lab: a\n\nregion: nowhere # ä\ncolour: red\n";
    let want = problems(parse(text, Path::new("lab.yaml")));
    assert_eq!(
        (want[0].place.line, want[0].place.column),
        (1, 1),
        "{want:?}"
    );
    assert_eq!(
        (want[1].place.line, want[1].place.column),
        (3, 9),
        "{want:?}"
    );
    assert_eq!(
        &text[want[1].place.start..][..want[1].place.length],
        "nowhere"
    );
    for other in [
        text.replace('\n', "\r\n"),
        text.replace('\n', "\r"),
        format!("\u{feff}{text}"),
    ] {
        assert_eq!(
            problems(parse(&other, Path::new("lab.yaml"))),
            want,
            "{other:?}"
        );
    }
}

fn keys(number: usize) -> String {
    (0..number)
        .map(|i| format!("key{i}: 1"))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn depth_and_size_are_limited() {
    for text in [
        "[".repeat(100_000),
        "- ".repeat(100_000),
        "{a: ".repeat(5_000),
        "? ".repeat(50_000),
    ] {
        assert_eq!(problems(parse(&text, Path::new("lab.yaml"))).len(), 1);
    }
    assert_eq!(
        problems(parse(&keys(40_000), Path::new("lab.yaml"))).len(),
        1
    );
}

#[test]
fn of_very_many_problems_the_first_are_shown_and_all_are_counted() {
    let told = parse(&keys(500), Path::new("lab.yaml"))
        .err()
        .map(|e| render(&e, 100, false))
        .unwrap_or_default();
    assert!(told.contains("`key9`") && !told.contains("`key99`"));
    assert!(
        told.ends_with("… and 453 more\n\n503 problems in lab.yaml"),
        "{}",
        &told[told.len() - 80..]
    );
}

#[test]
fn a_link_does_not_lead_out_of_the_labs_folder() -> Result {
    let folder = tempfile::tempdir()?;
    let (lab, other) = (folder.path().join("lab"), folder.path().join("other"));
    fs::create_dir(&lab)?;
    fs::create_dir(&other)?;
    std::os::unix::fs::symlink(&other, lab.join("code"))?;
    let text = "lab: a\nregion: us-east-1\nfunctions:\n  f:\n    {name: f, runtime: python3.13, handler: a.b, source: code}\n";
    let found = problems(parse(text, &lab.join("lab.yaml")));
    assert!(
        found.len() == 1 && found[0].message.contains("by a link"),
        "{found:?}"
    );
    Ok(())
}
