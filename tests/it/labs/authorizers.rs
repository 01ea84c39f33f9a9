//! Authorizers that are functions, and what of an API may be changed.

use super::checks;
use crate::{
    harness::{Site, changes},
    twin,
};

/// What `verify` proves of a Lambda authorizer fails when the policy is for one route only, when nothing is
/// kept, and when the function lets everybody in.
#[test]
fn a_lambda_authorizer_that_errs_is_not_proven() {
    let site = Site::ready("lambda-authorizer");
    site.ok("up --local");
    let failed = |site: &Site| -> Vec<String> {
        let said = site.labctl("verify --json").code(5);
        let failed = checks(&said).into_iter().filter(|(_, ok)| !ok);
        failed.map(|(name, _)| name).collect()
    };
    let good = site.read("artifacts/guard/guard.py");
    let with = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        site.write("artifacts/guard/guard.py", good.replace(from, to));
        site.ok("up --local");
    };

    with(
        "\"Resource\": allowed or [f\"{stage}/*\"]",
        "\"Resource\": [method_arn]",
    );
    let names = failed(&site);
    assert!(
        names.contains(&"GET /admin, then GET /reports, as the same caller".to_owned())
            || names.contains(&"GET /reports, then GET /admin, as the same caller".to_owned()),
        "{names:?}"
    );

    with(
        "\"Effect\": \"Allow\" if allowed else \"Deny\",\n        \"Resource\": allowed or",
        "\"Effect\": \"Allow\",\n        \"Resource\":",
    );
    let names = failed(&site);
    assert!(
        names.contains(&"GET /reports refused by d-guard".to_owned()),
        "{names:?}"
    );

    site.write("artifacts/guard/guard.py", &good);
    site.edit("ttl: 300", "ttl: 0");
    site.ok("up --local");
    let said = site.ok("verify --json");
    assert!(checks(&said).contains(&("d-guard is asked each time".to_owned(), true)));

    // A function that throws is no way to be let in, and its lab can be removed.
    with(
        "scheme, _, token = event[\"authorizationToken\"].partition(\" \")",
        "raise Exception(\"broken\")",
    );
    let said = site.labctl("verify").code(5);
    for words in [
        "✗ GET /reports let in by d-guard",
        "says: [ERROR] Exception: broken",
    ] {
        assert!(said.out.contains(words), "{}", said.out);
    }
    site.ok("down");
    assert_eq!(twin::everything(&site.endpoint()), Vec::<String>::new());
}

#[test]
fn a_change_of_an_authorizer_is_deployed() {
    let site = Site::ready("lambda-authorizer");
    site.ok("up --local");
    site.edit("token_source: Authorization", "token_source: X-Guard");
    site.edit("^Bearer [a-z-]+$", "^Bearer lab-[a-z]+$");
    let events = changes(&site.ok("up --local --json").events());
    let changed: Vec<_> = events
        .iter()
        .filter(|(_, change)| change != "unchanged")
        .map(|(id, change)| (id.as_str(), change.as_str()))
        .collect();
    assert_eq!(
        changed,
        [
            ("authorizer.d-guard", "updated"),
            ("deployment", "created"),
            ("stage", "updated")
        ]
    );
    site.ok("verify");
    // One that looks at the whole request is the same authorizer, changed in place.
    site.edit("kind: token", "kind: request");
    site.edit(
        "token_source: X-Guard",
        "identity_sources: [header.X-Guard]",
    );
    let text = site.read("lab.yaml");
    let kept: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("validation:"))
        .collect();
    site.write("lab.yaml", kept.join("\n"));
    let events = changes(&site.ok("up --local --json").events());
    let updated = ("authorizer.d-guard".to_owned(), "updated".to_owned());
    assert!(events.contains(&updated), "{events:?}");
    site.ok("status");
    site.ok("down");
}

#[test]
fn cors_can_be_taken_away() {
    let site = Site::ready("refresh-rotation");
    site.ok("up --local");
    let url = site.ok("status --json").json()["outputs"]["invoke_url"].clone();
    let url = url.as_str().expect("a URL");
    site.edit(
        "  cors:\n    origin: \"*\" # better: the one origin of your app\n",
        "",
    );
    let events = site.ok("up --local --json").events();
    let deleted: Vec<String> = changes(&events)
        .into_iter()
        .filter(|(_, change)| change == "deleted")
        .map(|(id, _)| id)
        .collect();
    assert!(
        deleted
            .iter()
            .any(|id| id == "gateway_response.DEFAULT_4XX"),
        "{deleted:?}"
    );
    assert!(
        deleted.iter().any(|id| id == "method.OPTIONS /demo"),
        "{deleted:?}"
    );
    let answer = ureq::get(url)
        .config()
        .http_status_as_error(false)
        .build()
        .call();
    let answer = answer.expect("an answer");
    assert!(
        answer
            .headers()
            .get("access-control-allow-origin")
            .is_none()
    );
    site.ok("verify");
    site.ok("down");
    assert_eq!(twin::everything(&site.endpoint()), Vec::<String>::new());
}
