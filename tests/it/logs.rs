//! What functions logged, and why a call was refused or failed.

use crate::harness::{Running, Said, Site};

const HANDLER: &str = "artifacts/hello/lambda_function.py";

/// A handler that prints what it is asked to, and fails when it is asked to.
const LOUD: &str = r#"
import json
def lambda_handler(event, context):
    query = event.get("queryStringParameters") or {}
    if "fail" in query:
        raise KeyError("no such thing: " + query["fail"])
    if "odd" in query:
        return {"nothing": True}
    print("seen " + query.get("word", "nothing"))
    print("\x1b[31mred\x1b[0m \u202etfel")
    return {"statusCode": 200, "body": "Hello from Lambda!"}
"#;

fn loud() -> Site {
    let site = Site::tutorial();
    site.write(HANDLER, LOUD);
    site.ok("up --local");
    site
}

#[test]
fn logs_print_what_functions_said_newest_last() {
    let site = loud();
    for word in ["one", "two", "three"] {
        site.ok(&format!("call GET /demo?word={word}"));
    }
    for line in [
        "logs",
        "logs hello",
        "logs d-lambda-nonvpc-cmp-demo-function",
        "logs --since 1h --file lab.yaml",
    ] {
        let out = site.ok(line).out;
        let at = |word: &str| {
            out.find(&format!("seen {word}"))
                .unwrap_or_else(|| panic!("{word} in\n{out}"))
        };
        assert!(at("one") < at("two") && at("two") < at("three"), "{out}");
        assert!(out.contains("REPORT RequestId"), "{out}");
        // What a terminal obeys is only shown.
        assert!(out.contains("\\u{1b}[31mred"), "{out}");
        assert!(out.contains("\\u{202e}tfel"), "{out}");
        assert!(!out.contains(['\u{1b}', '\u{202e}']), "{out}");
    }
    let events = site.ok("logs --json").events();
    let seen = events.iter().filter(|e| {
        e["message"]
            .as_str()
            .is_some_and(|m| m.starts_with("seen "))
    });
    assert_eq!(seen.count(), 3);
    assert!(
        events
            .iter()
            .all(|e| e["function"] == "hello" && e["time"].is_string()),
        "{events:?}"
    );
    assert_eq!(site.ok("logs --since 0s").out, "");
    site.labctl("logs nobody")
        .code(2)
        .complains(&["no function", "hello"]);
    for time in ["soon", "10", "-1m", "99999999999999999999d"] {
        site.labctl(&format!("logs --since={time}")).code(2);
    }
    site.ok("down");
    site.labctl("logs").code(4).complains(&["nothing there"]);
}

/// The lab is found by its tags and names, as `verify` and `call` find it.
#[test]
fn logs_need_no_state() {
    let site = loud();
    site.ok("call GET /demo?word=kept");
    let before = site.ok("logs --json").events();
    std::fs::remove_dir_all(site.path(".labctl/cognito-authorizer")).expect("a state");
    for line in [
        "logs --json",
        "logs hello --json",
        "logs d-lambda-nonvpc-cmp-demo-function --json",
    ] {
        assert_eq!(site.ok(line).events(), before, "{line}");
    }
    site.labctl("logs nobody")
        .code(2)
        .complains(&["no function", "hello"]);
    assert!(!site.has(".labctl/cognito-authorizer"), "only read");
    site.ok("local stop");
    site.labctl("logs")
        .code(1)
        .complains(&["cannot ask AWS", "labctl local start"]);
    // Nor lab.yaml, when there is a state.
    site.ok("local start");
    site.ok("up --local");
    std::fs::remove_file(site.path("lab.yaml")).expect("a file");
    assert_eq!(site.ok("logs --json").events(), before);
    std::fs::remove_dir_all(site.path(".labctl/cognito-authorizer")).expect("a state");
    site.labctl("logs").code(2).complains(&["lab.yaml"]);
}

#[test]
fn logs_follow_until_interrupted() {
    let site = loud();
    site.ok("call GET /demo?word=before");
    let mut following = Running::start(&mut site.command(["logs", "-f"]));
    following.hears("seen before");
    for word in ["first", "second"] {
        site.ok(&format!("call GET /demo?word={word}"));
        following.hears(&format!("seen {word}"));
    }
    following.signal("INT");
    let said = following.end();
    assert_eq!(said.code, 130, "{said:?}");
    for word in ["before", "first", "second"] {
        assert_eq!(
            said.out.matches(&format!("seen {word}")).count(),
            1,
            "{}",
            said.out
        );
    }
}

#[test]
fn several_functions_have_names_before_their_lines() {
    let site = Site::ready("lambda-authorizer");
    site.ok("up --local");
    site.ok("call GET /reports");
    let out = site.ok("logs").out;
    for name in ["hello", "guard"] {
        assert!(
            out.lines()
                .any(|line| line.contains(&format!("Z  {name}  "))),
            "{name} in\n{out}"
        );
    }
    assert!(!site.ok("logs guard").out.contains("Z  guard  "));
}

#[test]
fn a_failing_function_shows_its_traceback() {
    let site = loud();
    let said = site.labctl("call GET /demo?fail=tea").code(5);
    assert!(
        said.err.starts_with("HTTP 502\n") && !said.out.contains("HTTP 502"),
        "{said:?}"
    );
    assert!(!said.out.contains("KeyError"), "{}", said.out);
    said.complains(&[
        &format!("/aws/lambda/{} says:", crate::harness::FUNCTION),
        "[ERROR] KeyError",
        "no such thing: tea",
        "Traceback",
        "line ",
    ]);
    let json = site
        .labctl("call GET /demo?fail=milk --json")
        .code(5)
        .json();
    assert!(
        json["why"]
            .as_str()
            .is_some_and(|why| why.contains("no such thing: milk")),
        "{json}"
    );
    // Its answer is of the wrong form: nothing is in the log.
    site.labctl("call GET /demo?odd=1")
        .code(5)
        .complains(&["has no error", "statusCode"]);
    site.write(
        HANDLER,
        "def lambda_handler(event, context):\n    return {}['missing']\n",
    );
    site.ok("up --local");
    let out = site.labctl("verify").code(5).out;
    assert!(
        out.contains("        [ERROR] KeyError: 'missing'") && out.contains("return {}['missing']"),
        "{out}"
    );
}

/// Behind a 401: what the token says of itself, and what the route wants; never the token.
#[test]
fn a_refused_token_is_explained() {
    let site = loud();
    let access = site.ok("token").out;
    let id = site.ok("token --id").out;
    let client = site.ok("output client_id").out;
    let call = |token: &str| {
        let header = format!("Authorization: {}", token.trim());
        Said::of(&mut site.command(["call", "GET", "/demo", "--anonymous", "-H", &header]))
    };
    assert_eq!(call(&access).code(0).err, "");
    let said = call(&id).code(5);
    assert!(
        !said.err.contains(id.trim()) && !said.out.contains(id.trim()),
        "{said:?}"
    );
    said.complains(&[
        "an ID token",
        client.trim(),
        "without scopes",
        "valid until",
        "aws.cognito.signin.user.admin",
    ]);
    call("x.y.z").code(5).complains(&["no JWT"]);
    site.labctl("call GET /demo --anonymous")
        .code(5)
        .complains(&["no token was sent"]);
    // A scope that no token of the lab has.
    site.edit(
        "scopes: [aws.cognito.signin.user.admin]",
        "scopes: [demo/read]",
    );
    site.ok("up --local");
    let out = site.labctl("verify").code(5).out;
    assert!(
        out.contains("with the scopes: aws.cognito.signin.user.admin"),
        "{out}"
    );
    assert!(
        out.contains("GET /demo wants an access token with one of the scopes: demo/read"),
        "{out}"
    );
}
