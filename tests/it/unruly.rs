//! AWS on a bad day: a proxy before the twin answers some calls itself, or not at all.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, Sender},
    },
};

use crate::{
    harness::{Said, Site, changes},
    twin,
};

/// What to do with a request instead of passing it on.
pub(crate) enum Whim {
    /// Answer this.
    Answer(u16, &'static str, &'static str),
    /// Pass it on, and close the connection without an answer.
    Swallow,
    /// Say that it came, wait for a word, then pass it on.
    Hold(Sender<()>, Receiver<()>),
}

/// Listens, and passes on to `twin` what `whim` (by method, path and operation) has no wish for.
pub(crate) fn proxy(twin: &str, whim: impl FnMut(&str) -> Option<Whim> + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    proxy_on(listener, twin, whim)
}

/// The same, on an address that somebody chose.
pub(crate) fn proxy_on(
    listener: TcpListener,
    twin: &str,
    whim: impl FnMut(&str) -> Option<Whim> + Send + 'static,
) -> String {
    let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
    let whim = Arc::new(Mutex::new(whim));
    let twin = twin.to_owned();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (twin, whim) = (twin.clone(), Arc::clone(&whim));
            std::thread::spawn(move || {
                // A client that goes away ends its connection.
                let _ = serve(stream, &twin, &*whim);
            });
        }
    });
    endpoint
}

fn serve(
    stream: TcpStream,
    twin: &str,
    whim: &Mutex<impl FnMut(&str) -> Option<Whim>>,
) -> std::io::Result<()> {
    // Answers are written in pieces: without it each costs 40 ms.
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream;
    loop {
        let mut first = String::new();
        if reader.read_line(&mut first)? == 0 {
            return Ok(());
        }
        let mut words = first.split(' ');
        let (method, path) = (
            words.next().unwrap_or_default(),
            words.next().unwrap_or_default(),
        );
        let (mut headers, mut length, mut target) = (Vec::new(), 0, String::new());
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(": ") else {
                break;
            };
            match name.to_lowercase().as_str() {
                "content-length" => length = value.parse().unwrap_or(0),
                "x-amz-target" => value.clone_into(&mut target),
                _ => {}
            }
            headers.push((name.to_owned(), value.to_owned()));
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        if let Some(form) = body.strip_prefix(b"Action=") {
            let action = form.split(|b| *b == b'&').next().unwrap_or_default();
            target = String::from_utf8_lossy(action).into_owned();
        }
        let wish = (whim.lock().expect("no thread panicked"))(&format!("{method} {path} {target}"));
        if let Some(Whim::Answer(status, more, text)) = wish {
            let length = text.len();
            write!(
                writer,
                "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\n{more}\r\n{text}"
            )?;
            continue;
        }
        if let Some(Whim::Hold(came, word)) = &wish {
            // A test that is over waits for nothing, and says no word.
            let _ = (came.send(()), word.recv());
        }
        let passed = twin::pass(method, &format!("{twin}{path}"), &headers, body);
        if matches!(wish, Some(Whim::Swallow)) {
            return Ok(());
        }
        let (status, head, text) = passed;
        let length = text.len();
        write!(
            writer,
            "HTTP/1.1 {status} X\r\n{head}content-length: {length}\r\n\r\n"
        )?;
        writer.write_all(&text)?;
    }
}

/// `up` through the proxy; then `verify` and `down`, which must leave nothing.
fn survives(whim: impl FnMut(&str) -> Option<Whim> + Send + 'static) -> Vec<serde_json::Value> {
    let site = Site::tutorial();
    site.ok("local start");
    let twin = site.endpoint();
    let endpoint = proxy(&twin, whim);
    let run = |line: &str| {
        Said::of(
            site.command(line.split(' '))
                .env("AWS_ENDPOINT_URL", &endpoint)
                .env("AWS_ACCESS_KEY_ID", "000000000000")
                .env("AWS_SECRET_ACCESS_KEY", "secret"),
        )
        .code(0)
    };
    let events = run("up --yes --json").events();
    let pools = twin::everything(&twin)
        .iter()
        .filter(|t| t.starts_with("UserPools"))
        .count();
    assert_eq!(pools, 1, "no duplicate");
    run("verify");
    run("down --yes");
    assert_eq!(twin::everything(&twin), Vec::<String>::new());
    events
}

/// The first `times` requests that contain `what`.
fn first(
    what: &'static str,
    mut times: usize,
    whim: impl Fn() -> Whim + Send,
) -> impl FnMut(&str) -> Option<Whim> + Send {
    move |request| {
        let hit = request.contains(what) && times > 0;
        times -= usize::from(hit);
        hit.then(&whim)
    }
}

pub(crate) fn waited_for(events: &[serde_json::Value], words: &str) -> bool {
    events
        .iter()
        .any(|e| e["event"] == "waiting" && e["reason"].as_str().is_some_and(|r| r.contains(words)))
}

#[test]
fn a_role_that_lambda_cannot_assume_yet_is_waited_for() {
    let events = survives(first("POST /2015-03-31/functions ", 2, || {
        Whim::Answer(
            400,
            "content-type: application/json\r\nx-amzn-errortype: InvalidParameterValueException\r\n",
            r#"{"Type":"User","message":"The role defined for the function cannot be assumed by Lambda."}"#,
        )
    }));
    assert!(
        waited_for(&events, "IAM to let Lambda assume the role"),
        "{events:?}"
    );
}

#[test]
fn throttling_is_waited_out() {
    let events = survives(first("POST /restapis ", 2, || {
        Whim::Answer(
            429,
            "content-type: application/json\r\nx-amzn-errortype: TooManyRequestsException\r\nretry-after: 1\r\n",
            r#"{"message":"Too Many Requests"}"#,
        )
    }));
    assert!(waited_for(&events, "rate"), "{events:?}");
}

/// The pool was made, but nobody heard of it: names of pools are not unique, so asking again would make two.
#[test]
fn a_create_without_an_answer_is_looked_up_before_it_is_repeated() {
    let events = survives(first(
        "CognitoIdentityProviderService.CreateUserPool",
        1,
        || Whim::Swallow,
    ));
    let pool = changes(&events)
        .into_iter()
        .find(|(id, _)| id == "user_pool");
    assert_eq!(pool.map(|(_, change)| change).as_deref(), Some("adopted"));
}

/// A refusal is told with all that helps: operation, code, message, request id, what it means.
#[test]
fn an_error_of_aws_names_operation_code_message_request_and_cause() {
    let site = Site::tutorial();
    site.ok("local start");
    let denied = first("CognitoIdentityProviderService.CreateUserPool", 1, || {
        Whim::Answer(
            400,
            "content-type: application/x-amz-json-1.1\r\nx-amzn-requestid: request-17\r\n",
            r#"{"__type":"AccessDeniedException","message":"Not for you."}"#,
        )
    });
    let endpoint = proxy(&site.endpoint(), denied);
    Said::of(
        site.command(["up", "--yes"])
            .env("AWS_ENDPOINT_URL", &endpoint)
            .env("AWS_ACCESS_KEY_ID", "000000000000")
            .env("AWS_SECRET_ACCESS_KEY", "secret"),
    )
    .code(1)
    .complains(&[
        "cognito-idp:CreateUserPool",
        "AccessDeniedException",
        "Not for you.",
        "request-17",
        "lack the permission `cognito-idp:CreateUserPool`",
    ]);
}
