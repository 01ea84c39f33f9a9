//! Ctrl-C, SIGTERM, a closed terminal, and credentials that expire: what runs ends and is recorded,
//! and the same command goes on.

mod expired;

use std::{
    io::Write,
    process::Command,
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, Sender, channel},
    },
};

use crate::{
    harness::{Running, Said, Site, changes},
    twin,
    unruly::{Whim, proxy},
};

/// A lab whose twin is asked through a proxy, as an account would be.
struct Account {
    site: Site,
    twin: String,
    endpoint: String,
    /// Every request, in order.
    seen: Arc<Mutex<Vec<String>>>,
}

impl Account {
    fn new(mut whim: impl FnMut(&str) -> Option<Whim> + Send + 'static) -> Self {
        let site = Site::tutorial();
        site.ok("local start");
        let twin = site.endpoint();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        let endpoint = proxy(&twin, move |request| {
            log.lock().expect("a log").push(request.to_owned());
            whim(request)
        });
        Self {
            site,
            twin,
            endpoint,
            seen,
        }
    }

    fn with_credentials<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .env("AWS_ACCESS_KEY_ID", "000000000000")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
    }

    fn command(&self, line: &str) -> Command {
        let mut command = self.site.command(line.split(' '));
        self.with_credentials(&mut command);
        command
    }

    fn run(&self, line: &str) -> Said {
        Said::of(&mut self.command(line))
    }

    fn at_a_terminal(&self, line: &str) -> Running {
        Running::start(self.with_credentials(&mut self.site.terminal(line)))
    }

    /// Builds the rest, and removes it all.
    fn goes_on(&self) {
        self.run("up --yes").code(0);
        let all = twin::everything(&self.twin);
        for list in ["UserPools", "item"] {
            let count = all.iter().filter(|t| t.starts_with(list)).count();
            assert_eq!(count, 1, "no duplicate in {all:?}");
        }
        self.run("verify").code(0);
        self.run("down --yes").code(0);
        assert_eq!(twin::everything(&self.twin), Vec::<String>::new());
    }
}

/// Holds the first request that contains `what`: tells when it came, and waits for a word.
fn hold(
    what: &'static str,
) -> (
    Receiver<()>,
    Sender<()>,
    impl FnMut(&str) -> Option<Whim> + Send,
) {
    let (came, reached) = channel();
    let (word, waits) = channel();
    let mut whim = Some(Whim::Hold(came, waits));
    let hold = move |request: &str| whim.take_if(|_| request.contains(what));
    (reached, word, hold)
}

#[test]
fn a_signal_lets_the_running_call_end_and_begins_no_other() {
    for signal in ["INT", "TERM", "HUP"] {
        let (reached, word, whim) = hold("POST /restapis ");
        let account = Account::new(whim);
        let mut up = Running::start(&mut account.command("up --yes --parallel 1"));
        reached.recv().expect("CreateRestApi comes");
        up.signal(signal);
        up.hears("stopping:");
        word.send(()).expect("the proxy waits");
        let said = up.end().code(130);
        assert!(said.out.contains("Interrupted after"), "{}", said.out);
        assert!(said.out.contains("Next: labctl up"), "{}", said.out);
        let api = &account.site.state()["steps"]["api"];
        assert_eq!(api["phase"], "created", "{signal}");
        let last = account.seen.lock().expect("a log").last().cloned();
        assert_eq!(
            last.as_deref().map(str::trim),
            Some("POST /restapis"),
            "nothing after {signal}"
        );
        let kept = api["output"]["id"].clone();
        let rest = changes(&account.run("up --yes --json").code(0).events());
        assert!(
            rest.contains(&("api".to_owned(), "unchanged".to_owned())),
            "{rest:?}"
        );
        assert_eq!(account.site.state()["steps"]["api"]["output"]["id"], kept);
        account.goes_on();
    }
}

#[test]
fn a_second_signal_stops_at_once_and_the_next_run_finds_what_was_made() {
    let (reached, word, whim) = hold("POST /restapis ");
    let account = Account::new(whim);
    let mut up = Running::start(&mut account.command("up --yes"));
    reached.recv().expect("CreateRestApi comes");
    up.signal("INT");
    up.hears("stopping:");
    up.signal("TERM");
    up.end().code(130).complains(&["stopped at once"]);
    assert_eq!(account.site.state()["steps"]["api"]["phase"], "creating");
    // AWS carries out what it was asked for, though nobody hears of it.
    word.send(()).expect("the proxy waits");
    while !twin::everything(&account.twin)
        .iter()
        .any(|t| t.starts_with("item"))
    {
        std::thread::yield_now();
    }
    let events = account.run("up --yes --json").code(0).events();
    assert!(
        changes(&events).contains(&("api".to_owned(), "adopted".to_owned())),
        "{events:?}"
    );
    account.goes_on();
}

#[test]
fn a_signal_that_was_to_be_ignored_is_ignored() {
    let (reached, word, whim) = hold("POST /restapis ");
    let account = Account::new(whim);
    let mut nohup = account.site.program("nohup");
    nohup.args([env!("CARGO_BIN_EXE_labctl"), "up", "--yes"]);
    let up = Running::start(account.with_credentials(&mut nohup));
    reached.recv().expect("CreateRestApi comes");
    up.signal("HUP");
    word.send(()).expect("the proxy waits");
    let said = up.end().code(0);
    assert!(!said.out.contains("stopping:"), "{}", said.out);
    account.goes_on();
}

#[test]
fn a_wait_ends_with_the_signal() {
    let mut times = 1;
    let account = Account::new(move |request| {
        let hit = request.contains("POST /restapis ") && times > 0;
        times -= usize::from(hit);
        hit.then_some(Whim::Answer(
            429,
            "content-type: application/json\r\nx-amzn-errortype: TooManyRequestsException\r\nretry-after: 500\r\n",
            r#"{"message":"Too Many Requests"}"#,
        ))
    });
    let mut up = Running::start(&mut account.command("up --yes"));
    up.hears("the account's rate for apigateway:CreateRestApi");
    up.signal("INT");
    let said = up.end().code(130);
    assert!(said.out.contains("Interrupted after"), "{}", said.out);
    account.goes_on();
}

#[test]
fn down_stops_and_goes_on_likewise() {
    let (reached, word, whim) = hold("DELETE /restapis/");
    let account = Account::new(whim);
    account.run("up --yes").code(0);
    let mut down = Running::start(&mut account.command("down --yes --parallel 1"));
    reached.recv().expect("DeleteRestApi comes");
    down.signal("INT");
    down.hears("stopping:");
    word.send(()).expect("the proxy waits");
    let said = down.end().code(130);
    assert!(said.out.contains("Next: labctl down"), "{}", said.out);
    let state = account.site.state();
    assert!(
        state["steps"]["api"].is_null(),
        "it went, and that is recorded"
    );
    assert!(
        !state["steps"]["role.hello"].is_null(),
        "others were not begun"
    );
    account.run("down --yes").code(0);
    assert_eq!(twin::everything(&account.twin), Vec::<String>::new());
}

#[test]
fn questions_can_be_left_by_ctrl_c() {
    // Not a twin, as far as labctl can see: there is no inbox to read.
    let account = Account::new(|request| {
        request
            .contains("/_local/")
            .then_some(Whim::Answer(404, "", ""))
    });
    let ctrl_c = |mut at: Running, question: &str| {
        at.hears(question);
        let mut keys = at.child.stdin.take().expect("a keyboard");
        keys.write_all(b"\x03").expect("a key");
        at.end().code(130)
    };
    let said = ctrl_c(account.at_a_terminal("up"), "[y/N]");
    assert!(said.out.contains("nothing was changed"), "{}", said.out);
    assert_eq!(twin::everything(&account.twin), Vec::<String>::new());
    assert!(!account.site.has(".labctl/cognito-authorizer"), "no state");

    account.run("up --yes").code(0);
    ctrl_c(account.at_a_terminal("verify"), "Code mailed to");
    let before = account.site.state();
    ctrl_c(account.at_a_terminal("down"), "[y/N]");
    assert_eq!(account.site.state(), before);
    account.run("down --yes").code(0);
}
