//! `labctl login`.

use std::{
    io::{Read, Write},
    net::TcpListener,
};

use super::{Lab, PASSWORD, STUDENT, Visit};
use crate::{
    choices::{browse, parameter},
    door::nobody,
    harness::Running,
};

const POOL: &str = "  first_factors: [password]\n";

/// The address that a running `login --json` has printed.
fn address(login: &mut Running) -> String {
    login.hears("\n");
    let event: serde_json::Value =
        serde_json::from_str(login.said().lines().next().expect("a line")).expect("JSON");
    assert_eq!(event["event"], "sign_in");
    event["url"].as_str().expect("an address").to_owned()
}

#[test]
fn a_sign_in_in_the_browser_leaves_tokens_for_the_other_commands() {
    let lab = Lab::up(POOL);
    // Nobody's password is asked for.
    let refused = lab.run("token").code(2);
    refused.complains(&["labctl login"]);
    let mut login = lab.start("login --json --user student@example.com");
    let url = address(&mut login);
    assert!(url.contains("code_challenge_method=S256"), "{url}");
    let state = parameter(&url, "state");
    // What is not this sign-in is answered, and waited on.
    let callback = lab.callback();
    let (origin, _) = callback.rsplit_once('/').expect("a path");
    for (stray, status) in [
        (format!("{origin}/favicon.ico"), 404),
        (callback.clone(), 400),
        (format!("{callback}?code=stolen&state=other"), 400),
        (format!("{callback}?code=stolen"), 400),
        (format!("{callback}?state={state}"), 400),
        (format!("{origin}/callback/?code=stolen&state={state}"), 404),
        (callback.replace("localhost", "127.0.0.1"), 421),
    ] {
        assert_eq!(browse(&stray, None).0, status, "{stray}");
    }
    assert_eq!(
        browse(&format!("{callback}?code=x&state={state}"), Some("a=b")).0,
        405
    );
    let page = Visit::to(&url).shows(&format!("value=\"{STUDENT}\""));
    let to = page.back(&[("username", STUDENT), ("password", PASSWORD)]);
    let (status, _, body) = browse(&to, None);
    assert_eq!(status, 200, "{body}");
    assert!(
        body.contains("Signed in as student@example.com. You can close this window."),
        "{body}"
    );
    let said = login.end().code(0);
    let token = lab.run("token").code(0).out.trim().to_owned();
    assert_eq!(token.split('.').count(), 3);
    assert!(!said.out.contains(&token) && !said.err.contains(&token));
    assert!(said.out.contains("\"event\":\"signed_in\""), "{}", said.out);
    let called = lab.run("call GET /demo").code(0);
    assert_eq!(called.out.trim(), "Hello from Lambda!");
    // Nothing of it is in the state.
    let state_file = lab.site.read(".labctl/login/state.json");
    assert!(!state_file.contains(&token) && !state_file.contains(&parameter(&to, "code")));
}

#[test]
fn an_error_or_somebody_else_at_the_callback_ends_it() {
    let lab = Lab::up(POOL);
    let mut login = lab.start("login --json");
    let state = parameter(&address(&mut login), "state");
    let denied = format!(
        "{}?error=access_denied&error_description=No%20%3Cb%3Eway&state={state}",
        lab.callback()
    );
    let (status, _, body) = browse(&denied, None);
    assert!(
        status == 400 && body.contains("access_denied: No &lt;b>way"),
        "{body}"
    );
    let said = login.end().code(1);
    assert!(said.out.contains("access_denied"), "{}", said.out);

    let mut login = lab.start("login --json --user other@example.com");
    let page = Visit::to(&address(&mut login));
    let to = page.back(&[("username", STUDENT), ("password", PASSWORD)]);
    assert_eq!(browse(&to, None).0, 400);
    let said = login.end().code(1);
    assert!(
        said.out
            .contains("student@example.com has signed in, not other@example.com"),
        "{}",
        said.out
    );

    // A code that Cognito does not take.
    let mut login = lab.start("login --json");
    let state = parameter(&address(&mut login), "state");
    let (status, _, _) = browse(
        &format!("{}?code=made-up&state={state}", lab.callback()),
        None,
    );
    assert_eq!(status, 400);
    assert!(login.end().code(1).out.contains("invalid_grant"));
    lab.run("token").code(2);
}

#[test]
fn it_waits_no_longer_than_told_and_ends_at_ctrl_c() {
    let lab = Lab::up(POOL);
    let said = lab.run("login --wait 1 --no-browser").code(1);
    assert!(said.out.contains("/oauth2/authorize?"), "{}", said.out);
    said.complains(&["nobody has signed in within 1 s", "--wait"]);
    let mut login = lab.start("login --json");
    address(&mut login);
    login.signal("INT");
    let said = login.end().code(130);
    assert!(
        said.out.contains("interrupted: nobody has signed in"),
        "{}",
        said.out
    );
    // The port is free again.
    TcpListener::bind(("127.0.0.1", lab.port)).expect("a free port");
}

#[test]
fn a_port_in_use_is_told() {
    let lab = Lab::up(POOL);
    let _taken = TcpListener::bind(("127.0.0.1", lab.port)).expect("a free port");
    let said = lab.run("login").code(1);
    said.complains(&[
        &lab.callback(),
        "another program has this port",
        "callback URL with another port",
    ]);
    // With a second one that is free, that is taken.
    let other = super::free_port();
    lab.site.edit(
        "    callback_urls:\n",
        &format!("    callback_urls:\n      - http://localhost:{other}/\n"),
    );
    // Cognito does not know it yet.
    lab.run("login")
        .code(1)
        .complains(&["redirect_mismatch", "labctl up"]);
    lab.run("up --local").code(0);
    let mut login = lab.start("login --json");
    let url = address(&mut login);
    assert!(url.contains(&format!("localhost%3A{other}")), "{url}");
    login.signal("INT");
    login.end().code(130);
}

#[test]
fn without_a_callback_on_this_machine_the_line_in_the_file_is_named() {
    let lab = Lab::up(POOL);
    lab.site.edit(&format!("      - {}\n", lab.callback()), "");
    let line = lab
        .site
        .read("lab.yaml")
        .lines()
        .position(|l| l.contains("callback_urls"))
        .expect("a line")
        + 1;
    lab.run("login").code(2).complains(&[
        &format!("lab.yaml:{line}:"),
        "callback_urls",
        "http://localhost:PORT/",
        "labctl up",
    ]);
    lab.site.edit(
        "      - https://app.example.com/\n",
        &format!("      - {}\n", lab.callback()),
    );
    lab.site
        .edit("    type: spa\n", "    type: spa\n    scopes: [email]\n");
    lab.run("login").code(2).complains(&["openid", "lab.yaml:"]);
}

#[test]
fn a_lab_without_managed_login_is_led_to_token() {
    let site = crate::harness::Site::tutorial();
    site.ok("up --local");
    let line = site
        .read("lab.yaml")
        .lines()
        .position(|l| l == "user_pool:")
        .expect("a line")
        + 1;
    let place = format!("lab.yaml:{line}:1");
    site.labctl("login").code(2).complains(&[
        &place,
        "no managed login",
        "labctl token",
        "callback_urls",
    ]);
}

/// One that sends half a head, or opens a connection and says nothing, keeps nobody out.
#[test]
fn who_says_nothing_keeps_nobody_out() {
    let lab = Lab::up(POOL);
    let mut login = lab.start("login --json");
    let url = address(&mut login);
    let silent: Vec<_> = (0..3)
        .map(|_| {
            let mut stream =
                std::net::TcpStream::connect(("127.0.0.1", lab.port)).expect("a connection");
            stream
                .write_all(b"GET /callback HTTP/1.1\r\nHost:")
                .expect("sent");
            stream
        })
        .collect();
    let to = Visit::to(&url).back(&[("username", STUDENT), ("password", PASSWORD)]);
    assert_eq!(browse(&to, None).0, 200);
    login.end().code(0);
    for mut stream in silent {
        // Closed with labctl.
        let _ = stream.read_to_end(&mut Vec::new());
    }
}

/// With the right state, which `ps` may have shown: another user's program is not heard, by neither protocol.
#[test]
fn another_user_s_program_is_not_heard() {
    let lab = Lab::up(POOL);
    let mut login = lab.start("login --json");
    let url = address(&mut login);
    let state = parameter(&url, "state");
    let callback = lab.callback();
    for family in ["-4", "-6"] {
        let ask = format!("curl {family} -s -m 20 '{callback}?error=stop&state={state}'; echo $?");
        let Some(said) = nobody(&lab.site, &ask) else {
            login.end();
            return;
        };
        // 52: an empty answer; 56: the connection was reset.
        assert!(
            ["52\n", "56\n"].contains(&said.out.as_str()),
            "{family}: {}",
            said.out
        );
        let ask = format!("{callback}?code=x&state=other");
        let own = std::process::Command::new("curl")
            .args([
                family,
                "-s",
                "-m",
                "20",
                "-o",
                "/dev/null",
                "-w",
                "%{http_code}",
                &ask,
            ])
            .output()
            .expect("curl runs");
        assert_eq!(own.stdout, b"400", "{family}");
    }
    let to = Visit::to(&url).back(&[("username", STUDENT), ("password", PASSWORD)]);
    assert_eq!(browse(&to, None).0, 200);
    login.end().code(0);
}
