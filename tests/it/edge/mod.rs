//! `edge:`: the distribution before the API, its secret, and the minutes that CloudFront takes.

mod drift;
mod options;
mod survivors;

use std::{collections::BTreeSet, process::Command};

use serde_json::{Value, json};

use crate::{
    harness::{Running, Said, Site, changes, standings},
    twin,
};

/// How long deployments to the edges take on this twin.
fn deploy_seconds(site: &Site, seconds: f64) {
    let settings = json!({ "deploy_seconds": seconds });
    let answer = twin::local(&site.endpoint(), "POST", "/cloudfront", Some(&settings));
    assert!(answer.status < 300, "{}", answer.body);
}

fn start(site: &Site, line: &str) -> Running {
    Running::start(&mut site.command(line.split(' ')))
}

const STATE: &str = ".labctl/cloudfront-edge/state.json";

fn state(site: &Site) -> Value {
    serde_json::from_str(&site.read(STATE)).expect("a state")
}

fn output(site: &Site, step: &str, member: &str) -> String {
    let state = state(site);
    let value = &state["steps"][step]["output"][member];
    value
        .as_str()
        .unwrap_or_else(|| panic!("{step}: {state:#}"))
        .to_owned()
}

/// The value of an API key, as whoever may read it sees it.
fn secret(site: &Site, id: &str) -> String {
    let path = format!("/apikeys/{id}?includeValue=true");
    let key = twin::rest(&site.endpoint(), "apigateway", "GET", &path, None);
    key.json()["value"].as_str().expect("a value").to_owned()
}

fn keys(site: &Site) -> usize {
    let keys = twin::rest(&site.endpoint(), "apigateway", "GET", "/apikeys", None);
    keys.json()["item"].as_array().map_or(0, Vec::len)
}

/// Changes the distribution's config by hand.
fn edit_config(site: &Site, change: impl Fn(String) -> String) {
    let (url, scope) = distribution(site);
    let (url, (config, etag)) = (format!("{url}/config"), config(site));
    let changed = twin::agent()
        .put(&url)
        .header("authorization", &scope)
        .header("if-match", etag)
        .send(change(config));
    assert_eq!(changed.expect("an answer").status(), 200);
}

/// Deletes the distribution, which is disabled and deployed, by hand.
fn delete_distribution(site: &Site) {
    let ((url, scope), (_, etag)) = (distribution(site), config(site));
    let deleted = twin::agent()
        .delete(&url)
        .header("authorization", &scope)
        .header("if-match", etag)
        .call();
    assert_eq!(deleted.expect("an answer").status(), 204);
}

/// Its URL at the control plane, and whose call it is.
fn distribution(site: &Site) -> (String, String) {
    let (endpoint, id) = (site.endpoint(), output(site, "distribution", "id"));
    let scope = twin::Account::new(&endpoint, "000000000000").scope("cloudfront");
    (format!("{endpoint}{}/{id}", twin::DISTRIBUTIONS), scope)
}

/// Its config, as XML, and the `ETag`.
fn config(site: &Site) -> (String, String) {
    let (url, scope) = distribution(site);
    let mut now = twin::agent()
        .get(format!("{url}/config"))
        .header("authorization", &scope)
        .call()
        .expect("a config");
    let etag = now.headers()["etag"].to_str().expect("text").to_owned();
    (now.body_mut().read_to_string().expect("XML"), etag)
}

#[test]
fn the_api_answers_through_the_edge_alone() {
    let site = Site::ready("cloudfront-edge");
    // Without the last chapter there is no edge, and the API answers all who may call it.
    site.ok("up --local --until 5");
    let open = site.status()["outputs"]["invoke_url"].clone();
    assert!(
        open.as_str().is_some_and(|url| url.contains("/_api/")),
        "{open}"
    );
    assert_eq!(site.ok("call GET /status").out.trim(), "Hello from Lambda!");
    site.ok("verify");

    let up = site.ok("up --local");
    assert!(up.out.contains("CloudFront to deploy"), "{}", up.out);
    let outputs = site.status()["outputs"].clone();
    let id = output(&site, "distribution", "id");
    assert_eq!(outputs["distribution_id"], id.as_str());
    let url = outputs["invoke_url"].as_str().expect("a URL").to_owned();
    assert!(url.contains(&format!("/_cloudfront/{id}/")), "{url}");
    assert_eq!(site.ok("call GET /status").out.trim(), "Hello from Lambda!");
    assert_eq!(site.ok("call GET /demo").out.trim(), "Hello from Lambda!");

    let (api, endpoint) = (output(&site, "api", "id"), site.endpoint());
    let direct = |path: &str| format!("{endpoint}/_api/{api}/dev{path}");
    let token = site.ok("token").out.trim().to_owned();
    for (path, token) in [("/status", None), ("/demo", Some(token.as_str()))] {
        let answer = twin::get(&direct(path), token);
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (403, "{\"message\":\"Forbidden\"}"),
            "{path}"
        );
    }

    // Without its header the edge is let in as little, and `verify` and `status` say so.
    let value = secret(&site, &output(&site, "api_key.1", "id"));
    deploy_seconds(&site, 0.0);
    edit_config(&site, |config| {
        assert!(config.contains(&value));
        config.replace(&value, "another-value-of-some-length")
    });
    let status = site.labctl("status").code(3);
    assert!(
        status.out.contains("x-api-key with another value"),
        "{}",
        status.out
    );
    assert!(!status.out.contains(&value), "{}", status.out);
    let failed = site.labctl("verify").code(5);
    assert!(
        failed.out.contains("saw 403 {\"message\":\"Forbidden\"}"),
        "{}",
        failed.out
    );
    site.ok("up --local");
    site.ok("verify");
    site.ok("down --prove");
    assert_eq!(twin::everything(&endpoint), Vec::<String>::new());
}

#[test]
fn the_secret_is_rotated_without_a_gap_and_kept_nowhere() {
    let site = Site::ready("cloudfront-edge");
    site.ok("up --local");
    let mut values = BTreeSet::from([secret(&site, &output(&site, "api_key.1", "id"))]);
    twin::forget_calls(&site.endpoint());
    let rotated = site.ok("up --local --rotate-edge-secret --json");
    let calls = twin::calls(&site.endpoint());
    let at = |operation: &str| {
        let found = calls.iter().position(|call| call.ends_with(operation));
        found.unwrap_or_else(|| panic!("no {operation} in {calls:?}"))
    };
    // The new key is good before the edge sends it, and the old one until all edges send the new one.
    let order = [
        "CreateApiKey",
        "CreateUsagePlanKey",
        "UpdateDistribution",
        "DeleteUsagePlanKey",
        "DeleteApiKey",
    ];
    assert!(order.map(at).is_sorted(), "{calls:?}");
    let last = calls
        .iter()
        .rposition(|call| call.ends_with("GetDistribution"));
    assert!(last < Some(at("DeleteUsagePlanKey")), "{calls:?}");
    let changed: Vec<_> = changes(&rotated.events())
        .into_iter()
        .filter(|(_, change)| change != "unchanged")
        .collect();
    assert_eq!(changed.len(), 6, "{changed:?}");
    values.insert(secret(&site, &output(&site, "api_key.2", "id")));
    assert_eq!((values.len(), keys(&site)), (2, 1));
    site.ok("verify");

    // Cut off while the edges change: the next `up` goes on, and ends with one key.
    deploy_seconds(&site, 3600.0);
    let mut run = start(&site, "up --local --rotate-edge-secret");
    run.hears("CloudFront to deploy");
    run.signal("INT");
    let said = run.end();
    assert_eq!(said.code, 130, "{}", said.err);
    assert_eq!(keys(&site), 2);
    // What edges served before is served until they have the new.
    site.ok("verify");
    deploy_seconds(&site, 0.0);
    site.ok("up --local");
    values.insert(secret(&site, &output(&site, "api_key.3", "id")));
    assert_eq!((values.len(), keys(&site)), (3, 1));
    site.ok("verify");

    let mut told = String::new();
    for line in [
        "status -vv",
        "up --local --rotate-edge-secret -vv",
        "verify -vv",
        "down --prove -vv",
    ] {
        let mut command: Command = site.command(line.split(' '));
        let said = Said::of(command.env("LABCTL_LOG", "trace")).code(0);
        told += &(said.out + &said.err);
        if line.starts_with("up") {
            values.insert(secret(&site, &output(&site, "api_key.4", "id")));
            told += &site.read(STATE);
        }
    }
    assert!(told.contains("GetDistributionConfig") && values.len() == 4);
    for value in &values {
        assert!(!told.contains(value), "the secret is told");
    }

    let site = Site::tutorial();
    site.labctl("up --local --rotate-edge-secret")
        .code(2)
        .complains(&["no secret to rotate", "edge: {}"]);
}

/// What a state still has.
fn left(site: &Site) -> Vec<String> {
    let state = state(site);
    let steps = state["steps"].as_object().expect("steps");
    steps.keys().cloned().collect()
}

#[test]
fn minutes_of_waiting_can_be_cut_off_and_gone_on_with() {
    let site = Site::ready("cloudfront-edge");
    site.ok("local start");
    let endpoint = site.endpoint();
    deploy_seconds(&site, 3600.0);
    let mut run = start(&site, "up --local");
    run.hears("CloudFront to deploy");
    run.signal("INT");
    assert_eq!(run.end().code, 130);
    let id = output(&site, "distribution", "id");
    let status = site.status();
    let waits = ("edge_deployment".to_owned(), "not_built".to_owned());
    assert!(standings(&status).contains(&waits), "{status:#}");
    deploy_seconds(&site, 0.0);
    let again = changes(&site.ok("up --local --json").events());
    let made: Vec<_> = again.iter().filter(|(_, c)| c != "unchanged").collect();
    assert!(made.iter().all(|(id, _)| id != "distribution"), "{made:?}");
    assert_eq!(output(&site, "distribution", "id"), id);
    site.ok("verify");

    // Everything else goes while CloudFront disables; killed there, the next `down` goes on.
    deploy_seconds(&site, 3600.0);
    for signal in ["KILL", "INT"] {
        let mut run = start(&site, "down --json");
        run.hears("CloudFront to disable");
        // The last of the rest.
        if signal == "KILL" {
            run.hears(r#""id":"api","change":"deleted""#);
        }
        run.signal(signal);
        run.end();
        assert_eq!(left(&site), ["distribution", "edge_deployment"], "{signal}");
        let there = twin::everything(&endpoint);
        assert!(
            there.iter().all(|thing| thing.contains("distribution")),
            "{there:?}"
        );
    }
    // `up` in between builds all anew, and `down` removes that, too.
    deploy_seconds(&site, 0.0);
    site.labctl("up --local")
        .code(7)
        .complains(&["an earlier run began to delete it", "--replace"]);
    site.ok("up --local --replace");
    site.ok("verify");
    assert_ne!(output(&site, "distribution", "id"), id);
    site.ok("down --prove");
    assert_eq!(twin::everything(&endpoint), Vec::<String>::new());
}

#[test]
fn a_lost_state_is_found_again_and_the_edge_can_be_left_out() {
    let site = Site::ready("cloudfront-edge");
    site.ok("up --local");
    site.ok("up --local --rotate-edge-secret");
    let id = output(&site, "distribution", "id");
    let lose = || std::fs::remove_file(site.path(STATE));
    lose().expect("a state");
    let found = changes(&site.ok("up --local --json").events());
    assert!(
        found.contains(&("distribution".to_owned(), "adopted".to_owned())),
        "{found:?}"
    );
    assert_eq!((output(&site, "distribution", "id"), keys(&site)), (id, 1));
    site.ok("verify");
    site.ok("up --local --rotate-edge-secret");
    site.ok("verify");
    assert_eq!(keys(&site), 1);

    // Without `edge:` the API answers all again.
    let with = site.read("lab.yaml");
    let (without, _) = with.split_once("\nedge:").expect("an edge");
    site.write("lab.yaml", without);
    // Its address is lost with it: only when that is agreed to.
    site.labctl("up --local")
        .code(7)
        .complains(&["distribution `d-cloudfront-edge`", "--replace"]);
    site.ok("verify");
    site.ok("up --local --replace");
    assert_eq!(keys(&site), 0);
    site.ok("verify");
    site.write("lab.yaml", &with);
    site.ok("up --local");
    site.ok("verify");

    lose().expect("a state");
    site.ok("down --local --prove");
    assert_eq!(twin::everything(&site.endpoint()), Vec::<String>::new());
}

/// `CloudFront` that takes longer than one will wait: said so, recorded, and gone on with.
#[test]
fn a_wait_has_an_end() {
    let site = Site::ready("cloudfront-edge");
    site.ok("local start");
    deploy_seconds(&site, 3600.0);
    site.labctl("up --local --edge-wait 0").code(1).complains(&[
        "edge_deployment",
        "still waiting for CloudFront to deploy",
        "run the same command again",
    ]);
    let id = output(&site, "distribution", "id");
    deploy_seconds(&site, 0.0);
    site.ok("up --local --edge-wait 0");
    assert_eq!(output(&site, "distribution", "id"), id);
    site.ok("verify");
    deploy_seconds(&site, 3600.0);
    site.labctl("down --edge-wait 0")
        .code(6)
        .complains(&["distribution", "still waiting for CloudFront to disable"]);
    assert_eq!(left(&site), ["distribution", "edge_deployment"]);
    deploy_seconds(&site, 0.0);
    site.ok("down --edge-wait 0 --prove");
    assert_eq!(twin::everything(&site.endpoint()), Vec::<String>::new());
}
