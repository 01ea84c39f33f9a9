//! `labctl up --watch --local`: what is saved is applied, and the functions' logs are shown.

use serde_json::Value;

use crate::harness::{Running, Site};

const HANDLER: &str = "artifacts/hello/lambda_function.py";

/// A handler that answers and logs this word.
fn handler(word: &str) -> String {
    format!(
        "def lambda_handler(event, context):\n    print('seen {word}')\n    return {{'statusCode': 200, 'body': '{word}'}}\n"
    )
}

/// What is printed when a run has ended well.
const APPLIED: &str = "\"event\":\"run_finished\"";

fn watch(site: &Site, more: &str) -> Running {
    let line = format!("up --watch --local --json {more}");
    let mut watch = Running::start(&mut site.command(line.split_whitespace()));
    watch.hears("\"state\":\"waiting\"");
    watch
}

/// Lines as events, but not the last one, which may not be whole.
fn events(watch: &Running) -> Vec<Value> {
    let said = watch.said();
    let whole = said.rfind('\n').map_or("", |end| &said[..end]);
    whole
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

#[test]
fn a_saved_handler_is_applied_and_its_log_shown() {
    let site = Site::tutorial();
    let mut watch = watch(&site, "");
    for word in ["first", "second"] {
        let before = watch.said().matches(APPLIED).count();
        site.write(HANDLER, handler(word));
        watch.hears_times(APPLIED, before + 1);
        assert_eq!(site.ok("call GET /demo").out.trim(), word);
        watch.hears(&format!("seen {word}"));
    }
    let events = events(&watch);
    let changed = events
        .iter()
        .find(|event| event["event"] == "watch" && event["state"] == "changed");
    assert_eq!(
        changed.expect("a change")["files"],
        serde_json::json!([HANDLER])
    );
    let log = events.iter().find(|event| {
        event["event"] == "log"
            && event["message"]
                .as_str()
                .is_some_and(|m| m.contains("seen"))
    });
    assert_eq!(log.expect("a log")["function"], "hello");
    // Only the function: all else stays as it is.
    let updated = events
        .iter()
        .filter(|event| event["event"] == "step" && event["change"] == "updated");
    assert!(
        updated.clone().all(|event| event["id"] == "function.hello"),
        "{events:?}"
    );
    assert_eq!(updated.count(), 2);
    watch.signal("INT");
    let said = watch.end().code(130);
    assert!(said.out.contains("Ended: the lab stays up"), "{}", said.out);
    assert_eq!(said.err, "");
    site.ok("status");
}

#[test]
fn a_mistake_in_the_file_is_shown_with_its_line_and_the_loop_goes_on() {
    let site = Site::tutorial();
    let mut watch = watch(&site, "");
    let good = site.read("lab.yaml");
    site.edit(
        "    runtime: python3.13\n",
        "    runtime: python3.13\n    memory: much\n",
    );
    let line = site
        .read("lab.yaml")
        .lines()
        .position(|l| l.contains("much"))
        .expect("a line")
        + 1;
    watch.hears(&format!("\"line\":{line}"));
    // A saved fix is applied, by an editor that replaces the file.
    site.write(
        "lab.yaml.new",
        good.replace(
            "    runtime: python3.13\n",
            "    runtime: python3.13\n    memory: 256\n",
        ),
    );
    let before = watch.said().matches(APPLIED).count();
    std::fs::rename(site.path("lab.yaml.new"), site.path("lab.yaml")).expect("renamed");
    watch.hears_times(APPLIED, before + 1);
    assert!(
        events(&watch)
            .iter()
            .any(|e| e["id"] == "function.hello" && e["change"] == "updated")
    );
    // What takes a replacement still needs to be agreed to.
    site.edit("student@example.com", "other@example.com");
    watch.hears("--replace");
    let events = events(&watch);
    let refused = events
        .iter()
        .rfind(|event| event["event"] == "error")
        .expect("an error");
    assert_eq!(refused["exit"], 7, "{refused}");
    watch.signal("TERM");
    watch.end().code(130);
}

#[test]
fn a_source_that_is_new_in_the_file_is_watched_and_down_ends_it() {
    let site = Site::tutorial();
    let mut watch = watch(&site, "");
    site.write("artifacts/other/lambda_function.py", handler("other"));
    let before = watch.said().matches(APPLIED).count();
    site.edit("source: artifacts/hello", "source: artifacts/other");
    watch.hears_times(APPLIED, before + 1);
    assert_eq!(site.ok("call GET /demo").out.trim(), "other");
    site.write("artifacts/other/lambda_function.py", handler("another"));
    watch.hears_times(APPLIED, before + 2);
    assert_eq!(site.ok("call GET /demo").out.trim(), "another");
    site.ok("down");
    let said = watch.end().code(0);
    assert!(said.out.contains("Ended: the lab is gone"), "{}", said.out);
}

#[test]
fn it_is_for_the_twin_alone() {
    let site = Site::tutorial();
    site.labctl("up --watch")
        .code(2)
        .complains(&["labctl up --watch --local", "on AWS"]);
    site.labctl("up --watch --local --dry-run").code(2);
    // What does not go up is not watched.
    site.edit("runtime: python3.13", "runtime: cobol");
    site.labctl("up --watch --local")
        .code(2)
        .complains(&["cobol"]);
}

/// For a person: what changed, and nothing of what did not.
#[test]
fn a_round_is_a_few_lines() {
    let site = Site::tutorial();
    let mut watch = Running::start(&mut site.command(["up", "--watch", "--local"]));
    watch.hears("Watching lab.yaml");
    let before = watch.said().len();
    site.write(HANDLER, handler("short"));
    watch.hears("1 changed, 14 unchanged");
    let round = watch.said()[before..].trim().to_owned();
    assert!(
        round.contains("artifacts/hello/lambda_function.py changed"),
        "{round}"
    );
    assert!(
        round.contains("1 updated")
            && !round.contains(" unchanged    ")
            && !round.contains("Next:"),
        "{round}"
    );
    watch.signal("INT");
    watch.end().code(130);
}
