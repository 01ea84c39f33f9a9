//! The packages of Lambda's runtimes: `labctl local runtimes install`, and handlers that import them.

use std::{fs, os::unix::fs::PermissionsExt};

use crate::harness::{Said, Site};

const HANDLER: &str = "import boto3
def lambda_handler(event, context):
    return {'statusCode': 200, 'body': boto3.told}
";

/// A tool that leaves a package where pip and npm are told to, or fails.
const TOOL: &str = r#"#!/bin/sh
[ -z "$BROKEN" ] || { echo "no network" >&2; exit 1; }
while [ $# -gt 0 ]; do
  case "$1" in
    --target) echo "told = 'installed'" > "$2/boto3.py" ;;
    --prefix) mkdir -p "$2/node_modules/@aws-sdk/client-sts" ;;
  esac
  echo "$1" >> "$TOLD"
  shift
done
"#;

#[test]
fn handlers_find_the_packages_that_were_installed() {
    let site = Site::tutorial();
    site.write("artifacts/hello/lambda_function.py", HANDLER);
    site.ok("up --local");
    let said = site.labctl("call GET /demo").code(5);
    assert!(said.err.contains("502"), "{}", said.err);
    assert!(
        said.err.contains("labctl local runtimes install"),
        "{}",
        said.err
    );

    for name in ["python3", "npm"] {
        let path = site.path("tools").join(name);
        fs::create_dir_all(site.path("tools")).expect("a folder");
        fs::write(&path, TOOL).expect("a script");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("its mode");
    }
    let install = |line: &str, broken: &str| {
        let mut command = site.command(line.split(' '));
        let path = std::env::var("PATH").expect("PATH");
        command.env("PATH", format!("{}:{path}", site.path("tools").display()));
        command.env("BROKEN", broken).env("TOLD", site.path("told"));
        Said::of(&mut command)
    };
    let said = install("local runtimes install", "yes").code(1);
    assert!(said.err.contains("no network"), "{}", said.err);
    install("local runtimes install @aws-sdk/client-athena", "").code(0);
    let told = fs::read_to_string(site.path("told")).expect("what the tools were told");
    for word in [
        "boto3",
        "@aws-sdk/client-sts",
        "@aws-sdk/client-athena",
        "--ignore-scripts",
    ] {
        assert!(told.lines().any(|line| line == word), "{word}: {told}");
    }
    let said = site.ok("call GET /demo");
    assert!(said.out.contains("installed"), "{}", said.out);

    // What is there stays when the next download fails.
    install("local runtimes install", "yes").code(1);
    let said = site.ok("call GET /demo");
    assert!(said.out.contains("installed"), "{}", said.out);
    let said = install("local runtimes install requests", "").code(2);
    assert!(
        said.err
            .contains("requests is not a package of Lambda's runtimes"),
        "{}",
        said.err
    );
}

/// A machine that runs another version than the runtime's name, and one that cannot isolate handlers.
#[test]
fn up_and_verify_say_how_handlers_differ() {
    let site = Site::tutorial();
    site.ok("local start --port 0 --no-isolation");
    let words = "on AWS only /tmp can be written";
    assert!(site.ok("up --local").out.contains(words));
    assert!(site.ok("verify").out.contains(words));
}
