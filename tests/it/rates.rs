//! Many labs in one account whose request rates are enforced as AWS documents them.

use std::process::{Child, Stdio};

use serde_json::json;

use crate::{
    harness::{FUNCTION, Said, Site},
    twin,
};

/// A lab of its own name, beside others in one account.
fn numbered(number: usize) -> Site {
    let site = Site::tutorial();
    for name in [
        "cognito-authorizer",
        FUNCTION,
        "d-user-pool-demo",
        "d-apigw-cmp-demo",
    ] {
        site.edit(name, &format!("{name}-{number}"));
    }
    site
}

/// Ten processes that know nothing of each other but the file in which they take turns.
#[test]
fn ten_labs_at_once_in_one_account_finish_without_a_failure() {
    let home = Site::empty();
    home.ok("local start --port 0");
    let endpoint = home.endpoint();
    let enforced = twin::local(
        &endpoint,
        "POST",
        "/rates",
        Some(&json!({ "enforce": true })),
    );
    assert_eq!(enforced.status, 200, "{}", enforced.body);
    let sites: Vec<Site> = (0..10).map(numbered).collect();
    let together = |line: &str, sites: &[Site]| {
        let start = |site: &Site| -> Child {
            site.command(line.split(' '))
                .env("AWS_ENDPOINT_URL", &endpoint)
                .env("AWS_ACCESS_KEY_ID", "000000000000")
                .env("AWS_SECRET_ACCESS_KEY", "secret")
                .env("LABCTL_PACE_FILE", home.path("pace.json"))
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("labctl runs")
        };
        let running: Vec<Child> = sites.iter().map(start).collect();
        for child in running {
            Said::from(child.wait_with_output().expect("labctl ends")).code(0);
        }
    };
    together("up --yes", &sites);
    // One REST API in 30 s may go: two labs show that the second waits for its turn.
    together("down --yes", &sites[..2]);
    let left = twin::everything(&endpoint);
    let apis = left
        .iter()
        .filter(|thing| thing.starts_with("item"))
        .count();
    assert_eq!(apis, 8, "{left:?}");
}
