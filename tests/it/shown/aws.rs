//! What AWS says, and what is found there.

use std::sync::{Arc, Mutex};

use serde_json::json;

use super::{evil, shows_safely, unsafe_in};
use crate::{
    harness::{Said, Site},
    unruly::{Whim, proxy},
};

const KEYS: [(&str, &str); 2] = [
    ("AWS_ACCESS_KEY_ID", "111122223333"),
    ("AWS_SECRET_ACCESS_KEY", "x"),
];

fn kept(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

/// A refusal whose code, message and request id are a stranger's.
fn refusal(evil: &str, is_query: bool) -> Whim {
    if is_query {
        // XML has no way to write most control characters.
        let text: String = evil
            .chars()
            .filter(|c| !c.is_control() || *c >= '\u{7f}')
            .collect();
        let body = format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>{text}</Message></Error>\
             <RequestId>{text}</RequestId></ErrorResponse>"
        );
        return Whim::Answer(403, "content-type: text/xml\r\n", kept(body));
    }
    let body = json!({ "__type": "AccessDeniedException", "message": evil, "Message": evil });
    // What a header may hold.
    let header: String = evil.chars().filter(|c| *c > '\u{ff}').collect();
    let headers = format!("content-type: application/json\r\nx-amzn-requestid: PWN{header}\r\n");
    Whim::Answer(403, kept(headers), kept(body.to_string()))
}

#[test]
fn refusals() {
    let site = Site::tutorial();
    site.ok("local start --port 0");
    let twin = site.endpoint();
    let evil = evil();
    let refused = Arc::new(Mutex::new("GetCallerIdentity"));
    let now = Arc::clone(&refused);
    let endpoint = proxy(&twin, move |call| {
        let what = *now.lock().expect("no panic");
        let is_query = what == "GetCallerIdentity";
        call.contains(what).then(|| refusal(&evil, is_query))
    });
    let mut env = vec![("AWS_ENDPOINT_URL", &*endpoint)];
    env.extend(KEYS);
    for args in [
        &["up", "--yes"][..],
        &["status"],
        &["down", "--yes"],
        &["plan"],
        &["token"],
    ] {
        shows_safely(&site, args, &env, true);
    }
    *refused.lock().expect("no panic") = "CreateUserPool";
    // Once: a failed `up` waits for what its cut-off calls may still do.
    let said = Said::of(site.terminal("up --yes").envs(env.iter().copied()));
    assert!(said.out.contains("PWN"), "{said:?}");
    assert_eq!(unsafe_in(&said.out, true), None, "{said:?}");
}

/// Resources of the lab's names with a stranger's description and tags, and what the tagging API finds.
#[test]
fn what_is_found() {
    let site = Site::tutorial();
    site.ok("local start --port 0");
    let twin = site.endpoint();
    let evil = evil();
    let name = kept(
        json!({ "Functions": [], "ResourceTagMappingList": [{
            "ResourceARN": format!("arn:aws:lambda:us-east-1:111122223333:function:{evil}"),
            "Tags": [{ "Key": "labctl:lab", "Value": "cognito-authorizer" }, { "Key": "labctl:run", "Value": evil }],
        }]})
        .to_string(),
    );
    let endpoint = proxy(&twin, move |call| {
        let json = "content-type: application/x-amz-json-1.1\r\n";
        call.contains("GetResources")
            .then_some(Whim::Answer(200, json, name))
    });
    let mut env = vec![("AWS_ENDPOINT_URL", &*endpoint)];
    env.extend(KEYS);
    for args in [
        &["status"][..],
        &["plan"],
        &["down", "--yes"],
        &["down", "--prove", "--yes"],
    ] {
        for json in [None, Some("--json")] {
            let mut command = site.command(args.iter().copied().chain(json));
            let said = Said::of(command.envs(env.iter().copied()));
            for text in [&said.out, &said.err] {
                assert_eq!(unsafe_in(text, false), None, "{args:?}: {text:?}");
            }
        }
    }
}
