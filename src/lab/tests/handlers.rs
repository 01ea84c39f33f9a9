//! What the look at handlers refuses, warns of, and lets pass.

use std::{error::Error, fs};

use crate::lab::parse;

/// What a handler in files comes to: the warning, the problem, or nothing.
fn told(runtime: &str, handler: &str, files: &[(&str, &str)]) -> Result<String, Box<dyn Error>> {
    let lab = tempfile::tempdir()?;
    for (name, text) in files {
        let file = lab.path().join("code").join(name);
        fs::create_dir_all(file.parent().ok_or("no folder")?)?;
        fs::write(file, text)?;
    }
    let text = format!(
        "lab: demo\nregion: us-east-1\nfunctions:\n  f: {{ name: f, runtime: {runtime}, handler: {handler}, source: code }}\n\
         api:\n  name: d-api\n  routes:\n    GET /f: {{ function: f, authorizer: none }}\n  stage: dev\n"
    );
    Ok(match parse(&text, &lab.path().join("lab.yaml")) {
        Ok(lab) => lab
            .warnings
            .iter()
            .filter_map(|line| line.split_once("lab.yaml:"))
            .map(|(_, told)| format!("warning {told}"))
            .collect::<Vec<_>>()
            .concat(),
        Err(error) => error
            .problems()
            .iter()
            .map(|p| format!("{}: {}", p.message, p.hint))
            .collect::<Vec<_>>()
            .concat(),
    })
}

#[test]
fn what_runs_on_lambda_is_not_refused() -> Result<(), Box<dyn Error>> {
    let python: [(&str, &[(&str, &str)]); 9] = [
        ("m.h", &[("m.py", "def h(e, c): pass")]),
        (
            "m.h",
            &[
                ("m.py", "from other import *"),
                ("other.py", "def h(e, c): pass"),
            ],
        ),
        ("m.h", &[("m.py", "def __getattr__(name): return print")]),
        (
            "pk.h",
            &[
                ("pk/__init__.py", "from .m import h"),
                ("pk/m.py", "def h(e, c): pass"),
            ],
        ),
        ("pk.m.h", &[("pk/m.py", "h = print")]),
        ("pk/m.h", &[("pk/m.py", "h = print")]),
        ("m.h", &[("m.cpython-313-x86_64-linux-gnu.so", "")]),
        ("m.h", &[("m.abi3.so", "")]),
        ("m.h", &[("m.so", "")]),
    ];
    for (handler, files) in python {
        assert_eq!(
            told("python3.13", handler, files)?,
            "",
            "{handler} {files:?}"
        );
    }
    let node: [(&str, &[(&str, &str)]); 14] = [
        ("m.h", &[("m.js", "exports.h = async () => {}")]),
        ("m.h", &[("m.mjs", "export const h = async () => {}")]),
        (
            "m.h",
            &[("m.cjs", "module.exports = { h: async () => {} }")],
        ),
        ("m.h", &[("m", "exports.h = async () => {}")]),
        (
            "m.h",
            &[("m.js", "module.exports = require('./x')"), ("x.js", "")],
        ),
        ("m.h", &[("m.js", "module.exports = { ...other }")]),
        ("m.h", &[("m.js", "__exportStar(other, exports)")]),
        ("m.h", &[("m.mjs", "export * from './x.mjs'")]),
        (
            "m.handlers.h",
            &[("m.js", "exports.handlers = { h: async () => {} }")],
        ),
        ("a/b/m.h", &[("a/b/m.js", "exports.h = async () => {}")]),
        ("a.b/m.h", &[("a.b/m.js", "exports.h = async () => {}")]),
        ("lib.h", &[("lib/index.js", "exports.h = async () => {}")]),
        (
            "lib.h",
            &[
                ("lib/package.json", r#"{"main": "main.js"}"#),
                ("lib/main.js", ""),
            ],
        ),
        (
            "p.h",
            &[("node_modules/p/index.js", "exports.h = async () => {}")],
        ),
    ];
    for (handler, files) in node {
        assert_eq!(
            told("nodejs22.x", handler, files)?,
            "",
            "{handler} {files:?}"
        );
    }
    Ok(())
}

#[test]
fn what_may_not_run_is_warned_of() -> Result<(), Box<dyn Error>> {
    for (runtime, handler, file, right) in [
        (
            "python3.13",
            "m.lamda_handler",
            ("m.py", "def lambda_handler(event, context): pass"),
            "warning 4: `m.py` does not show `lamda_handler`; did you mean `lambda_handler`?",
        ),
        (
            "nodejs22.x",
            "m.handlers.hello",
            ("m.mjs", "export const handlers = {};"),
            "warning 4: `m.mjs` does not show `hello`; the handler is a function of that file",
        ),
    ] {
        assert_eq!(told(runtime, handler, &[file])?, right);
    }
    Ok(())
}

#[test]
fn a_file_that_is_not_there_is_refused() -> Result<(), Box<dyn Error>> {
    for (runtime, handler, file, right) in [
        (
            "python3.13",
            "hello.prod.h",
            "hello.prod.py",
            "the source folder has no `hello/prod.py`",
        ),
        (
            "python3.13",
            "m.h",
            "m.js",
            "the source folder has no `m.py`",
        ),
        (
            "nodejs22.x",
            "hello.prod.h",
            "hello.prod.js",
            "the source folder has no `hello.js` or `hello.mjs` or `hello.cjs`",
        ),
        (
            "nodejs22.x",
            "lib.h",
            "lib/main.js",
            "the source folder has no `lib.js` or `lib.mjs` or `lib.cjs`",
        ),
    ] {
        let told = told(runtime, handler, &[(file, "h")])?;
        assert!(told.starts_with(right), "{handler}: {told}");
    }
    Ok(())
}
