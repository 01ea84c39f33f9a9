//! Keys stay where they are: what the twin, the handlers that it runs and `--otp-command` see of the user's
//! environment, and what `up` says of the values that leave.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use serde_json::Value;

use crate::harness::{Said, Site};

/// A shell as people have it.
const KEYS: [(&str, &str); 10] = [
    ("AWS_ACCESS_KEY_ID", "AKIAPLANTED000000000"),
    ("AWS_SECRET_ACCESS_KEY", "planted-aws"),
    ("AWS_SESSION_TOKEN", "planted-session"),
    ("AWS_PROFILE", "planted-profile"),
    ("GITHUB_TOKEN", "planted-github"),
    ("MISE_GITHUB_TOKEN", "planted-mise"),
    ("SSH_AUTH_SOCK", "/planted/agent"),
    ("HTTPS_PROXY", "http://user:planted@127.0.0.1:9"),
    ("LD_PRELOAD", ""),
    ("MYSECRET", "planted-own"),
];

/// What may go on.
const PASS: [(&str, &str); 4] = [
    ("LC_ALL", "C.UTF-8"),
    ("PYENV_VERSION", "system"),
    ("TZ", "UTC"),
    ("XDG_CONFIG_HOME", "/nowhere"),
];

/// Answers with its own environment, and that of the process which started it.
const HANDLER: &str = "import json, os

def lambda_handler(event, context):
    try:
        with open(f'/proc/{os.getppid()}/environ') as file:
            parent = [line for line in file.read().split('\\0') if line]
    except PermissionError:
        parent = None
    own = [f'{name}={value}' for name, value in os.environ.items()]
    return {'statusCode': 200, 'body': json.dumps({'parent': parent, 'own': own})}
";

fn lab() -> Site {
    let site = Site::tutorial();
    site.write("artifacts/hello/lambda_function.py", HANDLER);
    site
}

/// Names of an environment in `NAME=VALUE`s, after a look at the values.
#[track_caller]
fn names(lines: &Value) -> Vec<&str> {
    let lines = lines.as_array().expect("a list");
    let names = lines.iter().map(|line| {
        let line = line.as_str().expect("text");
        assert!(!line.to_lowercase().contains("planted"), "{line}");
        line.split_once('=').expect("a pair").0
    });
    names.collect()
}

#[test]
#[cfg(target_os = "linux")]
fn a_handler_finds_no_key_in_the_twin_that_started_it() {
    for (start, isolated) in [
        ("up --local", true),
        ("local start --port 0 --no-isolation", false),
    ] {
        let site = lab();
        let with_keys = |line: &str| {
            let mut command = site.command(line.split(' '));
            command.envs(KEYS).envs(PASS);
            Said::of(&mut command).code(0)
        };
        with_keys(start);
        with_keys("up --local");
        let body = site.ok("call GET /demo").json();
        let own = names(&body["own"]);
        // A role's keys are a handler's own.
        let role = [
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
        ];
        for name in role {
            assert!(own.contains(&name), "{name} in {own:?}");
        }
        // In a namespace of its own a handler cannot look at all.
        if body["parent"].is_null() {
            assert!(isolated, "{start}");
            continue;
        }
        let parent = names(&body["parent"]);
        for (name, _) in KEYS {
            assert!(!parent.contains(&name), "{start}: {name} in {parent:?}");
        }
        let passed = PASS.map(|(name, _)| name);
        for name in ["HOME", "PATH"].into_iter().chain(passed) {
            assert!(parent.contains(&name), "{start}: no {name} in {parent:?}");
        }
    }
}

fn program(path: &Path, script: &str) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, script).expect("a script");
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("its mode");
}

/// Shims find the interpreter by variables of their own.
#[test]
fn interpreters_behind_a_shim_are_found() {
    for variable in ["ASDF_DATA_DIR", "MISE_DATA_DIR", "PYENV_ROOT"] {
        let site = lab();
        let real = Said::of(site.program("sh").args(["-c", "command -v python3"]));
        let versions = site.path("versions");
        program(
            &versions.join("python3"),
            &format!("#!/bin/sh\nexec {} \"$@\"\n", real.out.trim()),
        );
        let shim = format!("#!/bin/sh\nexec \"${{{variable}:?}}/python3\" \"$@\"\n");
        program(&site.path("shims/python3"), &shim);
        let path = std::env::var("PATH").expect("PATH");
        let mut up = site.command(["up", "--local"]);
        up.env("PATH", format!("{}:{path}", site.path("shims").display()))
            .env(variable, &versions);
        Said::of(&mut up).code(0);
        let said = site.ok("call GET /demo");
        assert!(said.out.contains("parent"), "{variable}: {}", said.out);
    }
}

/// A script that keeps its environment, and prints the code.
fn mail_script(site: &Site) {
    let inbox = format!("{}/_local/inbox.json", site.endpoint());
    let script = format!(
        "import json, os, urllib.request\n\
         json.dump([f'{{n}}={{v}}' for n, v in os.environ.items()], open('seen.json', 'w'))\n\
         url = '{inbox}?to=' + os.environ['LABCTL_EMAIL']\n\
         print(json.load(urllib.request.urlopen(url))[0]['code'])\n"
    );
    site.write("code.py", script);
}

#[test]
fn otp_command_gets_no_key_and_what_otp_env_names() {
    let site = Site::tutorial();
    site.ok("up --local");
    mail_script(&site);
    let options: [&[&str]; 3] = [
        &[],
        &["--otp-env", "MAIL_PASSWORD"],
        &["--otp-env", "MAIL_PASSWORD", "--otp-env", "MAIL_HOST"],
    ];
    for command in [&["verify"][..], &["token"], &["call", "GET", "/demo"]] {
        for given in options {
            // A kept token would need no code.
            let _ = fs::remove_file(site.path(".labctl/cognito-authorizer/tokens.json"));
            let mut run = site.command(command);
            run.args(["--otp-command", "python3 code.py"])
                .args(given)
                .envs(KEYS)
                .envs(PASS)
                .env("MAIL_PASSWORD", "for the script")
                .env("MAIL_HOST", "mail.example.com");
            Said::of(&mut run).code(0);
            let seen: Value = serde_json::from_str(&site.read("seen.json")).expect("JSON");
            let seen = names(&seen);
            for name in ["MAIL_PASSWORD", "MAIL_HOST"] {
                assert_eq!(
                    seen.contains(&name),
                    given.contains(&name),
                    "{given:?}: {seen:?}"
                );
            }
            for name in ["HOME", "PATH", "LC_ALL", "LABCTL_EMAIL"] {
                assert!(seen.contains(&name), "no {name} in {seen:?}");
            }
            for (name, _) in KEYS {
                assert!(!seen.contains(&name), "{name} in {seen:?}");
            }
        }
    }
}

/// What the script says of its failure is the user's to read.
#[test]
fn otp_command_tells_why_it_failed() {
    let site = Site::tutorial();
    site.ok("up --local");
    let mut token = site.command(["token", "--otp-command", "echo no mail yet >&2; exit 3"]);
    Said::of(&mut token)
        .code(5)
        .complains(&["no mail yet", "exit status: 3"]);
}

#[test]
fn otp_env_that_cannot_be_given_is_refused() {
    let site = Site::tutorial();
    site.ok("up --local");
    let run = |args: &[&str]| Said::of(site.command(["verify"]).args(args));
    let command = ["--otp-command", "echo 000000", "--otp-env"];
    run(&[&command[..], &["NOT_SET"]].concat())
        .code(2)
        .complains(&["--otp-env `NOT_SET`: it is not set"]);
    for no_name in ["", "A=1"] {
        run(&[&command[..], &[no_name]].concat()).code(2);
    }
    run(&["--otp-env", "HOME"])
        .code(2)
        .complains(&["--otp-command"]);
}

/// The lab's file says where a secret goes, so `up` does before it asks, and with `--yes` too.
#[test]
fn up_says_which_values_leave_and_where_to() {
    let site = Site::ready("user-pool-choices");
    // A twin that is reached as AWS is, so that `up` asks.
    site.ok("local start --port 0 --dir other");
    let status = site.ok("local status --dir other --json").json();
    let endpoint = status["endpoint"].as_str().expect("an endpoint");
    let line = "sends the value of $CORPORATE_SECRET to http://127.0.0.1:8010";
    let run = |args: &[&str]| {
        let mut command = site.command(args);
        command
            .env("AWS_ENDPOINT_URL", endpoint)
            .env("AWS_ACCESS_KEY_ID", "111122223333")
            .env("AWS_SECRET_ACCESS_KEY", "x")
            .env("STUDENT_PASSWORD", "Correct-Horse-1-Battery")
            .env("CORPORATE_SECRET", "planted-secret");
        let said = Said::of(&mut command);
        assert!(!format!("{said:?}").contains("planted-secret"), "{said:?}");
        said
    };
    let asked = run(&["up"]).code(2).complains(&["Nobody can answer"]);
    assert!(asked.out.contains(line), "{}", asked.out);
    // A chapter before the pool sends nothing.
    let early = run(&["up", "--until", "1"]).code(2);
    assert!(!early.out.contains("sends the value"), "{}", early.out);
    let yes = run(&["up", "--yes"]);
    let (before, _) = yes.out.split_once("function").expect("steps");
    assert!(before.contains(line), "{}", yes.out);
    let events = run(&["up", "--yes", "--json"]).events();
    let warned = events.iter().any(|e| {
        e["event"] == "warning" && e["message"].as_str().is_some_and(|m| m.contains(line))
    });
    assert!(warned, "{events:?}");
    site.ok("local stop --dir other");
}
