//! A user's password, which is in no file.

use serde_json::{Value, json};

use crate::{
    harness::{Said, Site, changes},
    ready::PASSWORD,
    surprise::{changing, line},
    twin,
};

const STEP: &str = "password.student@example.com";
const STATE: &str = ".labctl/cognito-authorizer/state.json";
const SET: &str = "cognito-idp:AdminSetUserPassword";
const NONE: &[&str] = &[];

/// The tutorial, whose student has a password.
struct Lab(Site);

impl Lab {
    fn new() -> Self {
        let site = Site::tutorial();
        site.edit(
            "- email: student@example.com",
            "- password_env: STUDENT_PASSWORD\n      email: student@example.com",
        );
        Self(site)
    }

    fn up() -> Self {
        let lab = Self::new();
        lab.run("up --local", Some(PASSWORD)).code(0);
        lab
    }

    /// Runs labctl with the password in its variable. No password is ever printed or kept.
    fn run(&self, line: &str, password: Option<&str>) -> Said {
        let mut command = self.0.command(line.split(' '));
        let said = Said::of(command.envs(password.map(|p| ("STUDENT_PASSWORD", p))));
        let state = self.0.path(STATE);
        let state = std::fs::read_to_string(state).unwrap_or_default();
        for text in [&said.out, &said.err, &state] {
            for password in password.into_iter().filter(|p| !p.is_empty()) {
                assert!(!text.contains(password), "{line}: {text}");
            }
        }
        said
    }

    /// Runs labctl, and returns which calls changed something.
    fn calls(&self, line: &str, password: Option<&str>, code: i32) -> (Said, Vec<String>) {
        let endpoint = self.0.endpoint();
        twin::forget_calls(&endpoint);
        let said = self.run(line, password).code(code);
        (said, changing(&endpoint))
    }

    /// What `plan` announces for the password.
    fn plan(&self, password: Option<&str>) -> Value {
        line(&self.run("plan --json", password).json(), STEP)
    }

    fn cognito(&self, operation: &str, input: &Value) -> twin::Answer {
        let target = format!("AWSCognitoIdentityProviderService.{operation}");
        twin::json_call(&self.0.endpoint(), "cognito-idp", &target, input)
    }

    fn output(&self, name: &str) -> Value {
        self.run("output --json", None).json()[name].clone()
    }

    fn signs_in(&self, password: &str) -> bool {
        let input = json!({
            "AuthFlow": "USER_AUTH",
            "ClientId": self.output("client_id"),
            "AuthParameters": {
                "USERNAME": "student@example.com",
                "PREFERRED_CHALLENGE": "PASSWORD",
                "PASSWORD": password,
            },
        });
        let answer = self.cognito("InitiateAuth", &input);
        answer.status == 200 && answer.json()["AuthenticationResult"]["AccessToken"].is_string()
    }
}

#[test]
fn a_password_comes_from_the_environment_and_stays_out_of_everything() {
    let lab = Lab::new();
    let plan = lab.run("plan --local", None).code(3).out;
    let asks =
        "STUDENT_PASSWORD is not set: `labctl up` asks for the password of student@example.com";
    assert!(plan.contains(asks), "{plan}");
    lab.run("up --local", None).code(2).complains(&[
        "student@example.com",
        "STUDENT_PASSWORD",
        "terminal",
    ]);
    let said = lab.run("up --local --json -vv", Some(PASSWORD)).code(0);
    assert!(changes(&said.events()).contains(&(STEP.to_owned(), "created".to_owned())));
    // The user signs in by it, and by e-mail code all the same.
    assert!(lab.signs_in(PASSWORD) && !lab.signs_in("Wrong-Horse-1-Battery"));
    lab.run("verify", None).code(0);
    lab.run("down", None).code(0);
}

/// Once it is set, nobody is asked again.
#[test]
fn an_unset_variable_keeps_the_password() {
    let lab = Lab::up();
    let kept = "STUDENT_PASSWORD is not set: the password of student@example.com stays as it is";
    for password in [None, Some("")] {
        let plan = lab.run("plan", password).code(0).out;
        assert!(plan.contains(kept), "{plan}");
        let (up, calls) = lab.calls("up --local", password, 0);
        assert!(up.out.contains(kept), "{}", up.out);
        assert_eq!(calls, NONE);
    }
    assert!(lab.signs_in(PASSWORD));
    // With the same value there is nothing to say.
    let (up, calls) = lab.calls("up --local", Some(PASSWORD), 0);
    assert!(!up.out.contains("STUDENT_PASSWORD"), "{}", up.out);
    assert_eq!(calls, NONE);
    lab.run("status", Some(PASSWORD)).code(0);
}

#[test]
fn a_changed_password_is_announced_and_set_once() {
    let lab = Lab::up();
    let mut before = PASSWORD;
    for password in [
        "Another-Horse-2-Battery",
        "Übungs3Meister-ß",
        "$`'\"\\5aA%s",
    ] {
        let told = lab.plan(Some(password));
        assert_eq!(told["action"], "update", "{told}");
        let drift =
            json!([{ "field": "Password", "wanted": "as in STUDENT_PASSWORD", "seen": "another" }]);
        assert_eq!(told["drift"], drift);
        lab.run("plan", Some(password)).code(3);
        let status = lab.run("status", Some(password)).code(3).out;
        assert!(status.contains("as in STUDENT_PASSWORD"), "{status}");
        let (up, calls) = lab.calls("up --local --json", Some(password), 0);
        assert_eq!(calls, [SET]);
        let changed = changes(&up.events());
        let mut changed = changed
            .into_iter()
            .filter(|(_, change)| change != "unchanged");
        assert_eq!(
            changed.next(),
            Some((STEP.to_owned(), "updated".to_owned()))
        );
        assert_eq!(changed.next(), None);
        assert!(lab.signs_in(password) && !lab.signs_in(before));
        assert_eq!(lab.calls("up --local", Some(password), 0).1, NONE);
        lab.run("plan", Some(password)).code(0);
        before = password;
    }
}

#[test]
fn a_password_that_was_not_set_is_announced_again() {
    let lab = Lab::up();
    let new = "Another-Horse-2-Battery";
    let endpoint = lab.0.endpoint();
    let rule = json!({ "operation": SET, "action": "denied", "times": 1 });
    let rule = twin::Rule::set(&endpoint, &rule);
    lab.run("up --local", Some(new)).code(1);
    rule.hit();
    assert_eq!(lab.plan(Some(new))["action"], "update");
    assert!(lab.signs_in(PASSWORD));
    // Cognito refuses it by the pool's policy.
    lab.run("up --local", Some("short")).code(1);
    assert_eq!(lab.plan(Some(new))["action"], "update");
    // Set, and labctl died before it could record that.
    let mut up = lab.0.command(["up", "--local"]);
    up.env("STUDENT_PASSWORD", new)
        .env("LABCTL_CRASH", format!("answered:{SET}:1"));
    Said::of(&mut up).code(-1);
    assert_eq!(lab.plan(Some(new))["action"], "update");
    assert_eq!(lab.calls("up --local", Some(new), 0).1, [SET]);
    assert!(lab.signs_in(new));
    lab.run("plan", Some(new)).code(0);
}

/// A user who is gone is made again, with the password: a run that does not know it changes nothing.
#[test]
fn a_password_to_be_set_again_is_needed_before_the_first_change() {
    let lab = Lab::up();
    let user =
        json!({ "UserPoolId": lab.output("user_pool_id"), "Username": "student@example.com" });
    assert_eq!(lab.cognito("AdminDeleteUser", &user).status, 200);
    let words =
        "the password of student@example.com must be set again, and STUDENT_PASSWORD is not set";
    let plan = lab.run("plan", None).code(2).out;
    assert!(plan.contains(words), "{plan}");
    let (up, calls) = lab.calls("up --local", None, 2);
    up.complains(&[words]);
    assert_eq!(calls, NONE);
    let (_, calls) = lab.calls("up --local", Some(PASSWORD), 0);
    assert_eq!(calls, ["cognito-idp:AdminCreateUser", SET]);
    assert!(lab.signs_in(PASSWORD));
}

/// States of older versions do not say which password was set.
#[test]
fn a_password_that_an_older_labctl_set_stays() {
    let lab = Lab::up();
    let mut state = lab.0.state();
    state["steps"][STEP]["output"] = json!({});
    lab.0.write(STATE, state.to_string());
    for password in [PASSWORD, "Another-Horse-2-Battery"] {
        let plan = lab.run("plan", Some(password)).code(0).out;
        let (up, calls) = lab.calls("up --local", Some(password), 0);
        assert_eq!(calls, NONE);
        for text in [plan, up.out] {
            for words in ["older version", "aws cognito-idp admin-set-user-password"] {
                assert!(text.contains(words), "{words} in\n{text}");
            }
            // Arguments are for all users of the machine to see.
            assert!(!text.contains("--password \"$"), "{text}");
        }
    }
    assert!(lab.signs_in(PASSWORD));
    assert_eq!(lab.0.state()["steps"][STEP]["output"], json!({}));
}

#[test]
fn reset_deletes_passwords_and_up_sets_them_again() {
    let lab = Lab::up();
    // Nothing is of a later chapter; a changed password is announced and set, as `up` would.
    assert_eq!(lab.calls("reset --to 5 --yes", None, 0).1, NONE);
    let new = "Another-Horse-2-Battery";
    let (reset, calls) = lab.calls("reset --to 5 --yes", Some(new), 0);
    let told = "update password `of student@example.com`";
    assert!(reset.out.contains(told), "{}", reset.out);
    assert_eq!(calls, [SET]);
    assert!(lab.signs_in(new));
    for to in [4, 1] {
        // The variable is not needed to go back.
        let reset = lab
            .run(&format!("reset --to {to} --yes --json"), None)
            .code(0);
        let events = reset.events();
        let gone = changes(&events);
        for step in ["user.student@example.com", STEP] {
            assert!(
                gone.contains(&(step.to_owned(), "deleted".to_owned())),
                "{to}: {gone:?}"
            );
        }
        // What is deleted is announced with its chapter.
        let begun = events.iter().find(|event| event["event"] == "run_started");
        let steps = begun.expect("a start")["steps"].clone();
        let steps = steps.as_array().expect("a list").iter();
        let mut steps = steps.filter(|step| step["id"] == STEP);
        assert_eq!(
            steps.next().map(|step| step["chapter"].clone()),
            Some(json!(5))
        );
        assert!(steps.next().is_none());

        lab.run("up --local", None)
            .code(2)
            .complains(&["STUDENT_PASSWORD"]);
        let plan = lab.run("plan", None).code(3).out;
        assert!(plan.contains("`labctl up` asks for the password"), "{plan}");
        let up = lab.run("up --local --json", Some(PASSWORD)).code(0);
        let made = changes(&up.events());
        assert!(
            made.contains(&(STEP.to_owned(), "created".to_owned())),
            "{to}: {made:?}"
        );
        assert!(lab.signs_in(PASSWORD));
        lab.run("verify", None).code(0);
    }
    // A user who is gone is made again by `reset`, too: it has to know the password.
    let user =
        json!({ "UserPoolId": lab.output("user_pool_id"), "Username": "student@example.com" });
    assert_eq!(lab.cognito("AdminDeleteUser", &user).status, 200);
    let (reset, calls) = lab.calls("reset --to 5 --yes", None, 2);
    reset.complains(&[
        "the password of student@example.com",
        "STUDENT_PASSWORD is not set",
    ]);
    assert_eq!(calls, NONE);
    lab.run("reset --to 5 --yes", Some(PASSWORD)).code(0);
    assert!(lab.signs_in(PASSWORD));
}
