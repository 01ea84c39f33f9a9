//! Rules of the source that the compiler does not know.

use std::{fs, path::PathBuf};

use regex::Regex;

use crate::ready::project;

/// All Rust files below a folder of the project.
pub(crate) fn sources(folder: &str) -> Vec<PathBuf> {
    let mut folders = vec![project(folder)];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found
}

/// The code of a file, without comments, texts and tests.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = text.lines().filter(|line| !line.trim().starts_with("//"));
    let strings = Regex::new(r#"(?s)"(?:[^"\\]|\\.)*""#).expect("a rule");
    let code = lines.collect::<Vec<_>>().join("\n");
    strings.replace_all(&code, "\"\"").into_owned()
}

/// What code of the sweep uses of the kinds, or changes. Without `Resource`, a kind's `find`, `check` and `delete`
/// are out of reach, except through `Kind`.
fn shared_with_kinds(code: &str) -> Vec<String> {
    let rules = [
        (r"\bResource\b", ""),
        // `Iterator::find` takes a closure.
        (r"\.(?:find|check|delete|claim|physical_id)\(\s*[^|\s]", ""),
        (r"\bsuper::(?:super::)*(\w+|\{[^}]*\})", "Trust"),
        (r"\bresource::(\w+|\{[^}]*\})", "Kind"),
        (r"\bEffect::(\w+)", "Read"),
        (
            r"\.(?:add|associate|attach|change|create|delete|detach|put|remove|set|tag|untag|update)_\w+\(\)",
            "",
        ),
    ];
    let found = rules.iter().flat_map(|(rule, allowed)| {
        let rule = Regex::new(rule).expect("a rule");
        let found = rule.captures_iter(code);
        let wrong = found.filter(|found| found.get(1).is_none_or(|name| name.as_str() != *allowed));
        wrong.map(|found| found[0].to_owned()).collect::<Vec<_>>()
    });
    found.collect()
}

/// A mistake in how a kind is found or deleted must not hide from `down --prove` what it left behind. So a question
/// is asked in the sweep's own words, and it only reads.
#[test]
fn the_sweep_uses_nothing_of_the_kinds() {
    let kinds = sources("src/resource");
    let asks = |path: &&PathBuf| {
        path.iter()
            .any(|part| part == "sweep" || part == "sweep.rs")
    };
    let questions: Vec<_> = kinds.iter().filter(asks).collect();
    assert!(questions.len() >= 9, "{questions:?}");
    for path in questions {
        let text = fs::read_to_string(path).expect("a source file");
        let wrong = shared_with_kinds(&code(&text));
        assert!(wrong.is_empty(), "{} uses {wrong:?}", path.display());
    }
    for path in sources("src/sweep") {
        let text = fs::read_to_string(&path).expect("a source file");
        // Its modules are siblings: `super` is the frame.
        let mut wrong = shared_with_kinds(&code(&text));
        wrong.retain(|what| !what.starts_with("super::"));
        assert!(wrong.is_empty(), "{} uses {wrong:?}", path.display());
    }
    // All questions are in the files above.
    let asked = Regex::new(r"Swept::Asked\(&(\S+?)\)").expect("a rule");
    for path in &kinds {
        let text = fs::read_to_string(path).expect("a source file");
        for question in asked.captures_iter(&text) {
            assert!(
                question[1].starts_with("super::sweep::"),
                "{}: the question {} is not in the service's sweep.rs",
                path.display(),
                &question[1]
            );
        }
    }
}

#[test]
fn the_rule_for_the_sweep_finds_what_it_is_for() {
    for bad in [
        "use crate::engine::{By, Resource};",
        "let found = <Role as Resource>::find(cx, &key).await;",
        "kind.find(cx, &key).await",
        "kind.delete(cx, &key, None)",
        "Kind::Role\n    .check(&key, None)",
        "use super::role;",
        "super::role::get(cx, name).await",
        "use super::{Trust, role};",
        "use crate::resource::{Kind, Role};",
        "crate::resource::iam::Role::ours(&role)",
        ".call(\"\", Effect::Idempotent, || x)",
        ".call(\"\", Effect::Create, || x)",
        ".call(\"\", Effect::Read, || iam.delete_role().role_name(name).send())",
    ] {
        assert!(!shared_with_kinds(bad).is_empty(), "{bad}");
    }
    for good in [
        "use super::Trust;",
        "use crate::{aws::Effect, resource::Kind};",
        "groups.find(|group| group.name() == name)",
        "cx.call(\"\", Effect::Read, || x)",
        "use aws_sdk_route53::types::ResourceRecordSet;",
    ] {
        assert_eq!(shared_with_kinds(good), Vec::<String>::new(), "{good}");
    }
    let source = "// Resource\nlet a = \"kind.find(x)\"; // said\n#[cfg(test)]\nkind.find(x)";
    assert_eq!(shared_with_kinds(&code(source)), Vec::<String>::new());
}

/// The modules of `src/`, each after all that it uses. What is not here is new: give it a place.
const ORDER: [&str; 19] = [
    "screen", "lab", "kind", "chapter", "event", "aws", "sweep", "engine", "resource", "plan",
    "error", "user", "cli", "prompt", "local", "verify", "client", "report", "cmd",
];

/// The modules of the crate that code uses: `crate::a`, and each of `crate::{a, b::{c, d}}`.
fn modules(code: &str) -> Vec<String> {
    let mut all = Vec::new();
    let named = Regex::new(r"\bcrate::(\w+)").expect("a rule");
    all.extend(named.captures_iter(code).map(|found| found[1].to_owned()));
    let first = Regex::new(r"^\s*(\w+)").expect("a rule");
    for list in code.split("crate::{").skip(1) {
        let mut depth = 1;
        let mut item = String::new();
        for c in list.chars() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            if depth == 0 || (depth == 1 && c == ',') {
                all.extend(first.captures(&item).map(|found| found[1].to_owned()));
                item.clear();
            } else {
                item.push(c);
            }
            if depth == 0 {
                break;
            }
        }
    }
    all
}

/// What `code` of a module uses against the flow.
fn against_the_flow(module: &str, code: &str) -> Vec<String> {
    let place = |name: &str| ORDER.iter().position(|known| *known == name);
    let mine = place(module);
    let wrong = modules(code)
        .into_iter()
        .filter(|used| place(used).is_none() || place(used) > mine);
    wrong.map(|used| format!("{module} uses {used}")).collect()
}

#[test]
fn imports_run_one_way() {
    let root = project("src");
    let mut wrong = Vec::new();
    for file in sources("src") {
        let path = file.strip_prefix(&root).expect("a file of src");
        let parts: Vec<_> = path
            .iter()
            .map(|part| part.to_string_lossy().into_owned())
            .collect();
        let module = parts[0].trim_end_matches(".rs");
        // Tests may look down on what uses them.
        let tests = parts
            .iter()
            .any(|part| part.trim_end_matches(".rs") == "tests");
        if tests || ["lib", "main"].contains(&module) {
            continue;
        }
        let code = code(&fs::read_to_string(&file).expect("a file"));
        let found = against_the_flow(module, &code);
        wrong.extend(
            found
                .into_iter()
                .map(|what| format!("{}: {what}", path.display())),
        );
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_rule_for_imports_finds_what_it_is_for() {
    for (module, code, wrong) in [
        ("aws", "use crate::event::Event;", None),
        (
            "aws",
            "use crate::resource::Kind;",
            Some("aws uses resource"),
        ),
        (
            "aws",
            "fn f() { crate::engine::up() }",
            Some("aws uses engine"),
        ),
        (
            "plan",
            "use crate::{lab::{self, Lab}, resource::{A, B}};",
            None,
        ),
        (
            "plan",
            "use crate::{lab, cmd::{self, up}};",
            Some("plan uses cmd"),
        ),
        ("plan", "use crate::novelty::A;", Some("plan uses novelty")),
        ("novelty", "use crate::lab::Lab;", Some("novelty uses lab")),
    ] {
        let found = against_the_flow(module, code);
        let wrong: Vec<_> = wrong.map(str::to_owned).into_iter().collect();
        assert_eq!(found, wrong, "{module}: {code}");
    }
}

/// The engine knows no cloud, and the emulator shares no code with what talks to it.
#[test]
fn crates_know_only_what_they_may() {
    for (krate, banned) in [
        ("labengine", &["aws", "labctl", "localaws"][..]),
        ("labfiles", &["aws", "labctl", "localaws", "labengine"]),
        ("localaws", &["aws-", "labctl", "labengine"]),
    ] {
        let manifest = project("crates").join(krate).join("Cargo.toml");
        let manifest = fs::read_to_string(manifest).expect("a manifest");
        let dependencies = manifest
            .split("[dependencies]")
            .nth(1)
            .expect("dependencies");
        for line in dependencies.lines().filter(|line| !line.starts_with('#')) {
            let named = line.split(['=', '.']).next().unwrap_or_default().trim();
            let wrong = banned.iter().find(|banned| named.starts_with(**banned));
            assert!(wrong.is_none(), "{krate} depends on {named}");
        }
    }
}

/// Who opens files by a path of their own, and what for. All that labctl and its twin keep is opened by `labfiles`, from
/// a folder that is held open, through no link.
const OPENS: [(&str, &str); 12] = [
    ("src/lab/load.rs", "the lab's file, which the user names"),
    ("src/lab/code.rs", "code beside it, to look for the handler"),
    (
        "src/lab/providers.rs",
        "metadata beside it, looked at for links first",
    ),
    ("src/resource/lambda/zip.rs", "code beside it, never a link"),
    (
        "src/cmd/init.rs",
        "new files in a folder that the user names",
    ),
    (
        "src/cmd/export/spa.rs",
        "new files in a folder that the user names",
    ),
    ("src/cmd/call.rs", "what `--data @FILE` names"),
    (
        "src/cmd/runtimes.rs",
        "folders of labctl's cache, which pip and npm fill",
    ),
    (
        "crates/localaws/src/lambda/runtime/interpreters.rs",
        "version managers' folders, only listed",
    ),
    (
        "crates/localaws/src/lambda/runtime/memory.rs",
        "the kernel's list of processes",
    ),
    (
        "crates/localaws/src/server/peers.rs",
        "the kernel's list of connections",
    ),
    (
        "crates/localaws/src/lambda/code.rs",
        "files of a zip, in a folder under a random name",
    ),
];

/// What opens, makes or removes a file by its path.
fn opens(code: &str) -> Vec<String> {
    let calls = "read|read_to_string|read_dir|write|copy|rename|remove_\\w+|create_dir\\w*|hard_link|soft_link|symlink";
    let rules = [
        format!(r"\bfs::(?:{calls})\("),
        r"\bFile::(?:open|create|create_new|options)\(".to_owned(),
        r"\b(?:OpenOptions|DirBuilder)::new\(".to_owned(),
    ];
    let found = rules.iter().flat_map(|rule| {
        let rule = Regex::new(rule).expect("a rule");
        rule.find_iter(code)
            .map(|found| found.as_str().to_owned())
            .collect::<Vec<_>>()
    });
    found.collect()
}

/// What `rule` finds in the code of the program outside of the files that a list allows it in. Each of these must need it.
fn outside_of(list: &[(&str, &str)], rule: fn(&str) -> Vec<String>) -> Vec<String> {
    let root = project("");
    let mut wrong = Vec::new();
    let mut unused: Vec<&str> = list.iter().map(|(file, _)| *file).collect();
    for folder in [
        "src",
        "crates/labengine/src",
        "crates/labfiles/src",
        "crates/localaws/src",
    ] {
        for file in sources(folder) {
            let path = file.strip_prefix(&root).expect("a file of the project");
            if path
                .iter()
                .any(|part| part == "tests" || part == "tests.rs")
            {
                continue;
            }
            let found = rule(&code(&fs::read_to_string(&file).expect("a file")));
            let known = list.iter().find(|(known, _)| path.ends_with(known));
            match known {
                Some((known, _)) => unused.retain(|name| name != known || found.is_empty()),
                None => wrong.extend(
                    found
                        .into_iter()
                        .map(|what| format!("{}: {what}", path.display())),
                ),
            }
        }
    }
    assert!(
        unused.is_empty(),
        "no longer needed in the list: {unused:?}"
    );
    wrong
}

#[test]
fn only_labfiles_opens_what_labctl_keeps() {
    let mut wrong = outside_of(&OPENS, opens);
    wrong.retain(|what| !what.starts_with("crates/labfiles/"));
    assert!(wrong.is_empty(), "use labfiles::Dir: {wrong:#?}");
}

#[test]
fn the_rule_for_files_finds_what_it_is_for() {
    for bad in [
        "fs::read_to_string(path)",
        "std::fs::write(path, text)",
        "tokio::fs::remove_dir_all(x)",
        "File::open(&path)",
        "let options = OpenOptions::new();",
        "fs::create_dir_all(parent)",
    ] {
        assert!(!opens(bad).is_empty(), "{bad}");
    }
    for good in [
        "dir.read(FILE, 4)",
        "dir.remove(name)",
        "use std::fs::File;",
        "rustix::fs::Dir::read_from(&fd)",
    ] {
        assert_eq!(opens(good), Vec::<String>::new(), "{good}");
    }
}

/// Who may write to stdout or stderr, or style text, beside `screen`, and what for. `screen` escapes what a terminal
/// would obey.
const PRINTS: [(&str, &str); 4] = [
    ("src/screen.rs", "the writer"),
    ("src/report/bars.rs", "moves the cursor to redraw bars"),
    (
        "src/cmd/up/passwords.rs",
        "reads a line that is not echoed, on the terminal of stderr",
    ),
    (
        "crates/labengine/src/interrupt.rs",
        "words of its own, before it exits at once",
    ),
];

/// What prints by itself.
fn prints(code: &str) -> Vec<String> {
    let rules = [
        r"\be?print(?:ln)?!",
        r"\bdbg!",
        // Not `Command::stdout(file)`.
        r"\bstd(?:out|err)\(\)",
        r"\bio::std(?:out|err)\b",
        r"\bstd(?:out|err)_(?:locked|raw)\b",
        r"\bconsole::(?:style|Style)\b",
        r"\bTerm::(?:buffered_)?std(?:out|err)\b",
    ];
    let found = rules.iter().flat_map(|rule| {
        let rule = Regex::new(rule).expect("a rule");
        rule.find_iter(code)
            .map(|found| found.as_str().to_owned())
            .collect::<Vec<_>>()
    });
    found.collect()
}

#[test]
fn only_screen_prints() {
    let wrong = outside_of(&PRINTS, prints);
    assert!(wrong.is_empty(), "use screen::Stream: {wrong:#?}");
}

#[test]
fn the_rule_for_printing_finds_what_it_is_for() {
    for bad in [
        "println!(\"{x}\")",
        "eprint!(\"{x}\")",
        "dbg!(x)",
        "writeln!(io::stdout(), \"{x}\")",
        "let mut err = std::io::stderr().lock();",
        ".with_writer(std::io::stderr)",
        "console::style(x).red()",
        "use console::Style;",
        "console::Term::stderr().write_str(x)",
    ] {
        assert!(!prints(bad).is_empty(), "{bad}");
    }
    for good in [
        "command.stdout(file).stderr(copy)",
        "Stream::Out.print(&text)",
        "write!(f, \"{x}\")",
        "use crate::screen::style;",
        "io::stdin().is_terminal()",
    ] {
        assert_eq!(prints(good), Vec::<String>::new(), "{good}");
    }
}
