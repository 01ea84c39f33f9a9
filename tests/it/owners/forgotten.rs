//! What carries the lab's tags though its state does not have it: `down` names it, and its run stays the user's.

use std::fs;

use crate::{harness::Site, twin};

const FOLDER: &str = ".labctl/cognito-authorizer";
const SAID: [&str; 3] = [
    "with this lab's tags still there, which its state did not have",
    "REST API",
    "delete-rest-api",
];

fn apis(site: &Site) -> usize {
    let all = twin::everything(&site.endpoint());
    all.iter().filter(|one| one.starts_with("item: ")).count()
}

/// A state that was put back from before the API was made.
#[test]
fn an_api_that_a_state_from_a_backup_lacks_is_named() {
    let site = Site::tutorial();
    site.ok("up --local --until 2");
    let old = site.read(&format!("{FOLDER}/state.json"));
    site.ok("up --local");
    site.write(&format!("{FOLDER}/state.json"), old);
    let said = site.labctl("down --yes --trust").code(6);
    for word in SAID {
        assert!(said.out.contains(word), "no {word:?}: {}", said.out);
    }
    assert_eq!(apis(&site), 1);
    // It is still ours, and found by its name.
    let found = site.labctl("status --local").code(3).out;
    assert!(
        found.contains("`labctl down --local` removes it"),
        "{found}"
    );
    site.ok("down --local --prove --grace 0");
    assert_eq!(apis(&site), 0);
}

/// Names changed while the state was lost.
#[test]
fn an_api_under_another_name_is_named() {
    let site = Site::tutorial();
    site.ok("up --local");
    fs::remove_dir_all(site.path(FOLDER)).expect("a state");
    site.edit("d-apigw-cmp-demo", "another-api");
    let said = site.labctl("down --local --yes").code(6);
    for word in SAID {
        assert!(said.out.contains(word), "no {word:?}: {}", said.out);
    }
    let proof = site.labctl("down --local --prove --grace 0").code(6);
    assert!(proof.out.contains("d-apigw-cmp-demo"), "{}", proof.out);
    site.edit("another-api", "d-apigw-cmp-demo");
    site.ok("down --local --prove --grace 0");
    assert_eq!(apis(&site), 0);
}
