//! `up --user`, what counts as a loss besides pools and APIs, and what later chapters go on using.

use serde_json::json;

use super::{NOTHING, text};
use crate::{
    harness::{FUNCTION, Site},
    surprise::{Place, line},
};

#[test]
fn added_users_stay_beside_the_files_until_no_user() {
    let place = Place::local(Site::tutorial());
    let users = |place: &Place| place.run("status --json").json()["outputs"]["users"].clone();
    let said = place
        .run("up --user Ada@Example.org --user student@example.com")
        .code(0);
    assert_eq!(
        users(&place),
        json!(["ada@example.org", "student@example.com"])
    );
    for words in ["--no-user", "ada@example.org", "stay until"] {
        assert!(said.out.contains(words), "{words}: {}", said.out);
    }
    place.run("up --user bob@example.net").code(0);
    // The file's users are still the file's affair.
    place.site.edit("student@example.com", "pupil@example.com");
    place.run("up").code(7);
    place.run("up --replace").code(0);
    let all = json!(["ada@example.org", "bob@example.net", "pupil@example.com"]);
    assert_eq!(users(&place), all);
    place.run("status").code(0);
    place.run("verify --user bob@example.net").code(0);
    let plan = place.run("plan --no-user --json").code(3).json();
    let lost = line(&plan, "user.ada@example.org");
    assert_eq!(text(&lost, "action"), "delete", "{lost}");
    assert!(text(&lost, "lost").contains("account"), "{lost}");
    let (_, none) = place.calls("up --no-user", 7);
    assert_eq!(none, NOTHING);
    place.run("up --no-user --replace").code(0);
    assert_eq!(users(&place), json!(["pupil@example.com"]));
    assert!(!place.run("up").code(0).out.contains("--no-user"));
    place.run("up --user a@b.example --no-user").code(2);
}

#[test]
fn addresses_and_accounts_are_losses() {
    let site = Site::tutorial();
    site.edit(
        "    type: spa #",
        "    callback_urls: [\"http://localhost:8000/\"]\n    scopes: [openid, aws.cognito.signin.user.admin]\n    type: spa #",
    );
    site.edit(
        "  sign_in: [email]",
        "  sign_in: [email]\n  domain: d-loss-1",
    );
    let place = Place::local(site);
    place.run("up").code(0);
    let file = place.site.read("lab.yaml");
    for (from, to, step, words) in [
        ("stage: dev", "stage: test", "stage", "its invoke URL"),
        ("d-loss-1", "d-loss-2", "domain", "its address"),
        (
            "student@",
            "pupil@",
            "user.student@example.com",
            "the account",
        ),
    ] {
        place.site.write("lab.yaml", &file);
        place.site.edit(from, to);
        let plan = place.run("plan --json").code(3).json();
        let lost = line(&plan, step);
        assert!(text(&lost, "lost").contains(words), "{lost}");
        for line in ["up", "up --yes"] {
            let (said, none) = place.calls(line, 7);
            assert_eq!(none, NOTHING, "{step}");
            said.complains(&["nothing was changed", words, "--replace"]);
        }
    }
    place.run("up --replace").code(0);
    place.run("status").code(0);
}

#[test]
fn later_chapters_that_use_an_old_name_are_named() {
    for until in [1, 2] {
        let place = Place::local(Site::tutorial());
        place.run("up").code(0);
        place.site.edit(FUNCTION, "class-hello");
        for command in ["plan", "up"] {
            let code = if command == "plan" { 3 } else { 0 };
            let said = place.run(&format!("{command} --until {until}")).code(code);
            let all = format!("{}{}", said.out, said.err);
            for words in [
                "4 and 5 are left as they are",
                "integration `GET /demo",
                "does not use what this run makes",
                "labctl up --local",
            ] {
                assert!(all.contains(words), "{command}: {words}: {all}");
            }
        }
        place.run("plan").code(3);
        let said = place.run("up").code(0);
        assert!(!said.out.contains("does not use"), "{}", said.out);
        place.run("verify").code(0);
    }
}

#[test]
fn without_a_state_clients_look_by_tag_and_name() {
    for (lab, account) in [
        ("cognito-authorizer", None),
        ("cloudfront-edge", Some("141414141414")),
    ] {
        let site = Site::ready(lab);
        let place = match account {
            Some(id) => Place::account(site, id),
            None => Place::local(site),
        };
        place.run("up --yes").code(0);
        std::fs::remove_dir_all(place.site.path(&format!(".labctl/{lab}"))).expect("a state");
        for line in ["verify", "token", "call GET /demo"] {
            place.calls(line, 0);
        }
        place.run("down --yes").code(0);
        for line in ["verify", "token", "call GET /demo"] {
            let said = place.run(line).code(1);
            assert!(said.err.contains("nothing there"), "{line}: {}", said.err);
        }
    }
    let site = Site::tutorial();
    for line in ["verify", "token", "call GET /demo"] {
        let said = site.labctl(line).code(1);
        assert!(said.err.contains("cannot ask AWS"), "{line}: {}", said.err);
        assert!(!said.err.contains("nothing there"), "{line}: {}", said.err);
    }
}
