//! What a lab's own program answers, logs and mails.

use std::process::Stdio;

use super::{evil, literal, shows_safely, unsafe_in};
use crate::harness::{Said, Site};

/// A handler that answers and logs all of it.
fn handler() -> String {
    let text = literal(&evil());
    format!(
        "EVIL = \"{text}\"\n\
         def lambda_handler(event, context):\n    print(EVIL)\n    \
         return {{'statusCode': 200, 'body': EVIL, 'headers': {{'x-evil': 'PWN\\u009b\\u00ad'}}}}\n"
    )
}

fn site() -> Site {
    let site = Site::tutorial();
    site.write("artifacts/hello/lambda_function.py", handler());
    site.ok("up --local");
    site
}

#[test]
fn bodies_logs_and_checks() {
    let site = site();
    // Piped, the body is the server's, byte by byte.
    let piped = site
        .command(["call", "GET", "/demo"])
        .stderr(Stdio::piped())
        .output()
        .expect("it runs");
    assert_eq!(String::from_utf8(piped.stdout).expect("UTF-8"), evil());
    let terminal = Said::of(&mut site.terminal("call GET /demo")).code(0).out;
    assert_eq!(unsafe_in(&terminal, true), None, "{terminal:?}");
    assert!(terminal.contains("\\u{1b}]52;c;"), "{terminal}");
    let json = site.ok("call GET /demo --json");
    assert_eq!(unsafe_in(&json.out, false), None, "{:?}", json.out);
    assert_eq!(json.json()["body"], evil());
    let included = Said::of(&mut site.terminal("call GET /demo --include"))
        .code(0)
        .out;
    assert_eq!(unsafe_in(&included, true), None, "{included:?}");
    shows_safely(&site, &["logs"], &[], true);
    shows_safely(&site, &["verify"], &[], true);
}

#[test]
fn mail() {
    let site = site();
    let twin = crate::twin::Account::new(&site.endpoint(), "000000000000");
    let pool = twin.cognito(
        "CreateUserPool",
        &serde_json::json!({ "PoolName": "stranger" }),
    );
    let pool = pool.json()["UserPool"]["Id"]
        .as_str()
        .expect("a pool")
        .to_owned();
    let mut address = evil() + "@example.com";
    address.retain(|c| !c.is_whitespace());
    let made = twin.cognito(
        "AdminCreateUser",
        &serde_json::json!({
            "UserPoolId": pool, "Username": "anna", "DesiredDeliveryMediums": ["EMAIL"],
            "UserAttributes": [{ "Name": "email", "Value": address }],
        }),
    );
    assert_eq!(made.status, 200, "{}", made.body);
    shows_safely(&site, &["local", "inbox"], &[], true);
}
