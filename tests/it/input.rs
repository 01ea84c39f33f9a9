//! Bad input: everything that is wrong, where, and what to type next; nothing is called.

use std::{net::TcpListener, process::Command};

use serde_json::json;

use crate::harness::{Said, Site};

#[test]
fn all_problems_of_a_file_are_told_at_once() {
    let site = Site::tutorial();
    site.edit("python3.13", "python2");
    site.edit("function: hello", "function: helo");
    site.edit("student@example.com", "student");
    for command in ["up --local", "up --local --dry-run", "verify", "up --yes"] {
        let said = site.labctl(command).code(2);
        assert_eq!(said.out, "", "{command}");
        said.complains(&[
            "lab.yaml:",
            "python2",
            "helo",
            "student",
            "3 problems in lab.yaml",
        ]);
    }
    assert!(!site.has(".labctl"), "nothing was begun");
}

#[test]
fn a_missing_file_names_init() {
    let site = Site::empty();
    for command in ["up --local", "status", "verify", "down"] {
        site.labctl(command)
            .code(2)
            .complains(&["lab.yaml", "labctl init"]);
    }
    site.labctl("up --local --file elsewhere/my.yaml")
        .code(2)
        .complains(&["elsewhere/my.yaml"]);
}

#[test]
fn errors_are_json_with_json() {
    let site = Site::empty();
    let said = site.labctl("up --local --json").code(2);
    let event = said.json();
    assert_eq!(
        (event["event"].as_str(), event["exit"].as_u64()),
        (Some("error"), Some(2))
    );
    assert!(
        event["message"]
            .as_str()
            .is_some_and(|m| m.contains("lab.yaml")),
        "{event}"
    );
}

/// For editors and programs: where, what and what to do, one by one.
#[test]
fn problems_are_a_list_with_json() {
    let site = Site::tutorial();
    site.edit("python3.13", "python2");
    site.edit("student@example.com", "ä@student");
    let event = site
        .labctl("verify --json --file ./lab.yaml")
        .code(2)
        .json();
    assert_eq!(
        (
            &event["event"],
            &event["message"],
            &event["exit"],
            &event["hints"]
        ),
        (
            &json!("error"),
            &json!("2 problems in ./lab.yaml"),
            &json!(2),
            &json!([])
        )
    );
    let text = site.read("lab.yaml");
    let place = |word: &str| {
        let (line, text) = (1..)
            .zip(text.lines())
            .find(|(_, line)| line.contains(word))
            .expect(word);
        let before = text.split(word).next().unwrap_or_default();
        (line, before.chars().count() + 1)
    };
    let problem = |word: &str, message: &str, hint: &str| {
        let (line, column) = place(word);
        json!({ "file": "./lab.yaml", "line": line, "column": column, "message": message, "hint": hint })
    };
    let runtimes = "one of: python3.9, python3.10, python3.11, python3.12, python3.13, python3.14, nodejs20.x, \
                    nodejs22.x, nodejs24.x";
    assert_eq!(
        event["problems"],
        json!([
            problem("python2", "`python2` is not known here", runtimes),
            problem(
                "ä@student",
                "`ä@student` is not an e-mail address: a domain follows the `@`, like example.com",
                "like `student@example.com`"
            ),
        ])
    );
    let missing = site.labctl("status --json --file none.yaml").code(2).json();
    assert_eq!(missing["message"], "none.yaml does not exist");
    assert!(
        missing["hints"][0]
            .as_str()
            .is_some_and(|hint| hint.contains("labctl init")),
        "{missing}"
    );
    assert_eq!(missing["problems"], json!([]));
}

#[test]
fn init_writes_a_lab_that_works_and_overwrites_nothing() {
    let site = Site::empty();
    site.ok("init");
    assert_eq!(site.read("lab.yaml"), crate::harness::LAB);
    site.ok("up --local");
    site.ok("verify");
    assert_eq!(site.read(".gitignore"), ".labctl/\n");
    let readme = site.read("README.md");
    for words in [
        "Chapter 1",
        "Chapter 6",
        "labctl up --local --until 3",
        "labctl verify",
    ] {
        assert!(readme.contains(words), "{words} in\n{readme}");
    }
    site.write("lab.yaml", "mine");
    let again = site.labctl("init").code(2);
    let _ = again.complains(&["lab.yaml", "labctl init FOLDER"]);
    assert_eq!(site.read("lab.yaml"), "mine");
    for name in ["lab.yaml", "artifacts/hello/lambda_function.py", "LAB.md"] {
        let folder = format!("only-{}", name.replace('/', "-"));
        site.write(&format!("{folder}/{name}"), "mine");
        // A README in the way of both names of ours.
        site.write(&format!("{folder}/README.md"), "mine");
        let said = site.labctl(&format!("init {folder}")).code(2);
        let _ = said.complains(&[name]);
        assert_eq!(site.read(&format!("{folder}/{name}")), "mine");
        assert!(
            !site.has(&format!("{folder}/schema")),
            "nothing was written"
        );
    }
    // What a new repository has.
    site.write("new/README.md", "mine");
    site.write("new/.gitignore", "mine");
    let said = site.ok("init new");
    for (name, words) in [
        ("README.md", "kept your README.md"),
        (".gitignore", "kept your .git"),
    ] {
        assert_eq!(site.read(&format!("new/{name}")), "mine");
        assert!(said.out.contains(words), "{}", said.out);
    }
    assert_eq!(site.read("new/LAB.md"), readme);
    site.ok("init other");
    assert!(site.has("other/artifacts/hello/lambda_function.py"));
}

/// Instance metadata that never answers: the wait for it must be labctl's own, and short.
#[test]
fn without_credentials_local_is_named() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let metadata = format!("http://{}", silent.local_addr().expect("an address"));
    let site = Site::tutorial();
    let said = Said::of(
        site.command(["up", "--yes"])
            .env("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata),
    );
    said.code(1).complains(&["no AWS credentials", "--local"]);
    assert!(!site.has(".labctl/cognito-authorizer"), "nothing was begun");
}

#[test]
fn nobody_to_ask_is_an_error_that_names_yes() {
    let site = Site::tutorial();
    site.ok("local start");
    let said = Said::of(with_account(&mut site.command(["up"]), &site.endpoint()));
    said.code(2).complains(&["15 resources", "--yes"]);
    assert!(!site.has(".labctl/cognito-authorizer"), "nothing was begun");
}

fn with_account<'c>(command: &'c mut Command, endpoint: &str) -> &'c mut Command {
    command
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_ACCESS_KEY_ID", "111122223333")
        .env("AWS_SECRET_ACCESS_KEY", "secret")
}

/// The endpoint and an account from the environment, as for any AWS tool.
#[test]
fn a_state_of_another_account_endpoint_or_region_is_refused() {
    let site = Site::tutorial();
    site.ok("local start");
    let endpoint = site.endpoint();
    let run = |line: &str| Said::of(with_account(&mut site.command(line.split(' ')), &endpoint));
    run("up --yes").code(0);
    run("status").code(0);
    for line in ["status", "verify", "down --yes", "up --yes"] {
        let other = Said::of(
            with_account(&mut site.command(line.split(' ')), &endpoint)
                .env("AWS_ACCESS_KEY_ID", "444455556666"),
        );
        other.code(2).complains(&["111122223333", "444455556666"]);
        let elsewhere = Said::of(with_account(
            &mut site.command(line.split(' ')),
            "http://127.0.0.1:9",
        ));
        elsewhere
            .code(2)
            .complains(&[&endpoint, "AWS_ENDPOINT_URL"]);
        run(&format!("{line} --region eu-west-1"))
            .code(2)
            .complains(&["us-east-1", "eu-west-1"]);
    }
    run("up --yes --local").code(2).complains(&["111122223333"]);
    run("verify").code(0);
    run("down --yes").code(0);
    run("status").code(4);
}

#[test]
fn a_bad_user_is_refused_before_anything() {
    let site = Site::tutorial();
    site.labctl("up --local --user nobody")
        .code(2)
        .complains(&["--user nobody"]);
    assert!(!site.has(".labctl/cognito-authorizer"));
}
