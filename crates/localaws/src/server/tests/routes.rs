//! The doors of the twin: each is asked with what each kind of sender writes into a request's head.

use std::{collections::BTreeSet, time::Duration};

use super::{CREATE, Folder, GET, Limits, Running, iam, raw_to, send, signed, status, stop};

/// Who may pass a door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Tools,
    Everyone,
    /// Tools, visits in a browser's window, and the inbox's page.
    Visitors,
    /// Tools and the inbox's page.
    InboxPage,
    Nobody,
}
use Who::{Everyone, InboxPage, Nobody, Tools, Visitors};

/// A request without its headers of a sender.
struct Door {
    /// As docs/twin.md has it.
    name: &'static str,
    line: &'static str,
    headers: String,
    who: Who,
}

const JSON: &str = "Content-Type: application/x-amz-json-1.1\r\n";
const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\n";
const MEANT: &str = "x-localaws: 1\r\n";

fn target(service: &str, operation: &str) -> String {
    format!("{JSON}X-Amz-Target: {service}.{operation}\r\n")
}

fn door(name: &'static str, who: Who, line: &'static str, headers: impl Into<String>) -> Door {
    Door {
        name,
        line,
        headers: headers.into(),
        who,
    }
}

/// On the twin's port.
fn doors() -> Vec<Door> {
    let idp = |operation| target("AWSCognitoIdentityProviderService", operation);
    let pool = |operation| target("AWSCognitoIdentityService", operation);
    let api = "AWS API calls";
    let sign_in = "Cognito's operations that need no credentials";
    let login = "managed login";
    let control = "control";
    vec![
        door(api, Tools, "POST /", signed("iam") + FORM),
        door(api, Tools, "GET /2015-03-31/functions", signed("lambda")),
        door(api, Tools, "POST /2015-03-31/functions", signed("lambda")),
        door(api, Tools, "GET /restapis", signed("apigateway")),
        door(
            api,
            Tools,
            "POST /",
            signed("logs") + &target("Logs_20140328", "DescribeLogGroups"),
        ),
        door(
            api,
            Tools,
            "POST /",
            signed("cognito-idp") + &idp("ListUserPools"),
        ),
        door(
            api,
            Tools,
            "POST /",
            signed("cognito-idp") + &idp("InitiateAuth"),
        ),
        door(
            api,
            Tools,
            "GET /?Action=ListRoles&Version=2010-05-08&X-Amz-Credential=a%2F20260101%2Fus-east-1%2Fiam%2Faws4_request",
            "",
        ),
        // Unsigned, and what a page could dress up as a sign-in.
        door(api, Tools, "POST /", FORM),
        door(api, Tools, "POST /", idp("ListUserPools")),
        door(api, Tools, "POST /", idp("NoOperation")),
        door(
            api,
            Tools,
            "POST /",
            idp("InitiateAuth").replace(JSON, FORM),
        ),
        door(
            api,
            Tools,
            "POST /?Action=AssumeRoleWithWebIdentity&Version=2011-06-15",
            idp("InitiateAuth"),
        ),
        door(api, Tools, "POST /restapis", idp("InitiateAuth")),
        door(api, Tools, "GET /", ""),
        door(api, Tools, "GET /favicon.ico", ""),
        door(api, Tools, "OPTIONS /restapis", ""),
        door(sign_in, Everyone, "POST /", idp("InitiateAuth")),
        door(sign_in, Everyone, "POST /", idp("RespondToAuthChallenge")),
        door(sign_in, Everyone, "POST /", idp("GetUser")),
        door(sign_in, Everyone, "POST /", pool("GetId")),
        door(sign_in, Everyone, "OPTIONS /", ""),
        door(
            "a user pool's keys",
            Everyone,
            "GET /us-east-1_abcdefghi/.well-known/jwks.json",
            "",
        ),
        door(
            "a user pool's keys",
            Everyone,
            "GET /us-east-1_abcdefghi/.well-known/openid-configuration",
            "",
        ),
        door(login, Everyone, "GET /_auth/us-east-1/x/login", ""),
        door(
            login,
            Everyone,
            "POST /_auth/us-east-1/x/oauth2/token",
            FORM,
        ),
        door("invoke URLs", Everyone, "GET /_api/abcdefghij/dev/x", ""),
        door("invoke URLs", Everyone, "POST /_api/abcdefghij/dev/x", JSON),
        door(
            "invoke URLs",
            Everyone,
            "OPTIONS /_api/abcdefghij/dev/x",
            "",
        ),
        door("function URLs", Everyone, "GET /_lambda-url/abc/x", ""),
        door("function URLs", Everyone, "OPTIONS /_lambda-url/abc/", ""),
        door("edges", Everyone, "GET /_cloudfront/d1/x", ""),
        door("edges", Everyone, "POST /_cloudfront/d1/x", ""),
        door("mail", Tools, "GET /_local/inbox.json", ""),
        door("mail", Tools, "GET /_local/", ""),
        door("mail", Tools, "GET /_local", ""),
        door(control, Tools, "GET /_local/health.json", ""),
        door(control, Tools, "GET /_local/calls.json", ""),
        door(control, Tools, "GET /_local/none", ""),
        door(control, Tools, "POST /_local/faults", MEANT),
        door(
            control,
            Tools,
            "DELETE /_local/accounts/111122223333",
            MEANT,
        ),
        door(control, Nobody, "POST /_local/stop", ""),
        door(control, Nobody, "OPTIONS /_local/stop", ""),
    ]
}

/// On the inbox's port.
fn inbox_doors() -> Vec<Door> {
    let name = "the inbox";
    vec![
        door(name, Visitors, "GET /_local/", ""),
        door(name, Visitors, "GET /_local", ""),
        door(name, InboxPage, "GET /_local/inbox.json", ""),
        door(name, InboxPage, "GET /_local/inbox.json?to=a%40b.c", ""),
    ]
}

/// Senders: what passes for them, and the headers that they write; `HOST` and `ORIGIN` are those of the port that is asked. The
/// `Host` is `HOST` where none stands. A `page` passes where any page may, `window` is a visit in a browser's window, `own` a
/// script of a page that the same port has served: a handler's, or the inbox's.
const SENDERS: &str = "\
a program | tool |
curl | tool | User-Agent: curl/8.0; Accept: */*
Node's fetch | tool | sec-fetch-mode: cors; accept-language: *; user-agent: node
newman | tool | User-Agent: PostmanRuntime/7.39.1; Postman-Token: 0; Cache-Control: no-cache
a link | window | Sec-Fetch-Site: cross-site; Sec-Fetch-Mode: navigate; Sec-Fetch-Dest: document
the address bar | window | Sec-Fetch-Site: none; Sec-Fetch-Mode: navigate; Sec-Fetch-User: ?1; Sec-Fetch-Dest: document
a form | window | Origin: https://evil.example; Sec-Fetch-Site: cross-site; Sec-Fetch-Mode: navigate; Sec-Fetch-Dest: document
a frame | page | Sec-Fetch-Site: cross-site; Sec-Fetch-Mode: navigate; Sec-Fetch-Dest: iframe
an image | page | Sec-Fetch-Site: cross-site; Sec-Fetch-Mode: no-cors; Sec-Fetch-Dest: image
a script element | page | Sec-Fetch-Site: cross-site; Sec-Fetch-Mode: no-cors; Sec-Fetch-Dest: script
a fetch | page | Origin: https://evil.example; Sec-Fetch-Site: cross-site; Sec-Fetch-Mode: cors; Sec-Fetch-Dest: empty
a fetch without cors | page | Sec-Fetch-Site: cross-site; Sec-Fetch-Mode: no-cors; Sec-Fetch-Dest: empty
a sandboxed page | page | Origin: null; Sec-Fetch-Site: cross-site; Sec-Fetch-Mode: cors; Sec-Fetch-Dest: empty
an older browser | page | Origin: https://evil.example
another port | page | Origin: http://127.0.0.1:1; Sec-Fetch-Site: same-site; Sec-Fetch-Mode: cors; Sec-Fetch-Dest: empty
another port's image | page | Sec-Fetch-Site: same-site; Sec-Fetch-Mode: no-cors; Sec-Fetch-Dest: image
same-origin script | own | Sec-Fetch-Site: same-origin; Sec-Fetch-Mode: cors; Sec-Fetch-Dest: empty
same-origin post | own | Origin: ORIGIN; Sec-Fetch-Site: same-origin; Sec-Fetch-Mode: cors; Sec-Fetch-Dest: empty
another origin that says same-origin | page | Origin: http://127.0.0.1:1; Sec-Fetch-Site: same-origin
two sites | page | Sec-Fetch-Site: same-origin; Sec-Fetch-Site: cross-site
an empty site | page | Sec-Fetch-Site:
a site nobody knows | page | sec-fetch-site: what
a name rebound | nobody | Host: rebound.example.com; Sec-Fetch-Site: same-origin; Sec-Fetch-Mode: cors; Sec-Fetch-Dest: empty
a name rebound, visited | nobody | Host: rebound.example.com:80; Sec-Fetch-Site: none; Sec-Fetch-Mode: navigate; Sec-Fetch-Dest: document
a name rebound, an older browser | nobody | Host: 127.0.0.1.nip.io
AWS's name | nobody | Host: iam.amazonaws.com
";

fn passes(sender: &str, who: Who) -> bool {
    match sender {
        "tool" => who != Nobody,
        "page" => who == Everyone,
        "window" => matches!(who, Everyone | Visitors),
        "own" => matches!(who, Everyone | Visitors | InboxPage),
        _ => false,
    }
}

/// Words of the refusals at the doors.
const REFUSALS: [&str; 6] = [
    "serves web pages only what needs no credentials",
    "not for web pages",
    "answers only to",
    "only for 127.0.0.1 and localhost",
    "only for the inbox's own page",
    "the header 'x-localaws: 1' is missing",
];

fn is_refused(answer: &str) -> bool {
    let refused = REFUSALS.iter().any(|words| answer.contains(words));
    if refused {
        assert_eq!(status(answer), "403", "{answer}");
        assert!(!answer.contains("access-control"), "{answer}");
    }
    refused
}

#[tokio::test]
async fn each_door_lets_in_whom_it_should() {
    let folder = Folder::new();
    // A body that a door waits for would cost a 408.
    let limits = Limits {
        body: Duration::from_millis(100),
        ..Limits::default()
    };
    let twin = folder.start_within(limits).await;
    for (origin, doors) in [(twin.endpoint(), doors()), (twin.inbox(), inbox_doors())] {
        let host = origin.strip_prefix("http://").unwrap();
        for door in &doors {
            for sender in SENDERS.lines() {
                let Door { line, headers, .. } = door;
                let parts: Vec<&str> = sender.split(" |").map(str::trim).collect();
                let mut of_sender = parts[2].replace("; ", "\r\n");
                if !of_sender.is_empty() {
                    of_sender += "\r\n";
                }
                if !of_sender.contains("Host: ") {
                    of_sender += "Host: HOST\r\n";
                }
                let of_sender = of_sender.replace("HOST", host).replace("ORIGIN", origin);
                let passes = passes(parts[1], door.who);
                let head = format!("{line} HTTP/1.1\r\n{of_sender}{headers}Connection: close\r\n");
                let asked = if passes {
                    format!("{head}Content-Length: 0\r\n\r\n")
                } else {
                    // Refused by the head: the body never comes.
                    format!("{head}Content-Length: 72000000\r\n\r\n")
                };
                let answer = raw_to(origin, &asked).await;
                let about = format!("{sender} at {origin}: {line} {headers}: {answer}");
                assert_eq!(is_refused(&answer), !passes, "{about}");
            }
        }
    }
}

/// A request line may have a host of its own, as sent to a proxy: it is a name like any other.
#[tokio::test]
async fn the_request_line_names_a_host_too() {
    let folder = Folder::new();
    let twin = folder.start().await;
    for (origin, doors) in [(twin.endpoint(), doors()), (twin.inbox(), inbox_doors())] {
        let host = origin.strip_prefix("http://").unwrap();
        for Door {
            line, headers, who, ..
        } in &doors
        {
            let (method, path) = line.split_once(' ').unwrap();
            let ask = async |scheme: &str, target: &str, hosts: &str| {
                let head =
                    format!("{method} {scheme}://{target}{path} HTTP/1.1\r\n{hosts}{headers}");
                raw_to(
                    origin,
                    &format!("{head}Connection: close\r\nContent-Length: 0\r\n\r\n"),
                )
                .await
            };
            for name in [
                "rebound.example.com",
                "127.0.0.1.nip.io:80",
                "localhost@evil.example",
                "localhost:1@evil.example",
            ] {
                for scheme in ["http", "https"] {
                    let answer = ask(scheme, name, &format!("Host: {name}\r\n")).await;
                    assert!(is_refused(&answer), "{line} {name}: {answer}");
                    let answer = ask(scheme, name, &format!("Host: {host}\r\n")).await;
                    assert_eq!(status(&answer), "400", "{line} {name}: {answer}");
                }
            }
            let answer = ask("http", host, &format!("Host: {host}\r\n")).await;
            assert_eq!(is_refused(&answer), *who == Nobody, "{line}: {answer}");
        }
    }
}

#[tokio::test]
async fn no_page_changes_anything() {
    let folder = Folder::new();
    let twin = folder.start().await;
    let query = CREATE.to_owned()
        + "&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=111122223333%2F20260101%2Fus-east-1%2Fiam%2Faws4_request\
           &X-Amz-Date=20260101T000000Z&X-Amz-SignedHeaders=host&X-Amz-Signature=00";
    for site in ["none", "same-origin", "cross-site", "?1"] {
        let header = format!("Sec-Fetch-Site: {site}\r\n");
        let link = send(&twin, &format!("GET /?{query}"), &header, "").await;
        assert_eq!(status(&link), "403", "{site} {link}");
        let sent = send(&twin, &format!("POST /?{query}"), &header, "").await;
        assert_eq!(status(&sent), "403", "{site} {sent}");
    }
    assert_eq!(status(&iam(&twin, GET).await), "404", "nothing was made");
    let link = send(&twin, &format!("GET /?{query}"), "", "").await;
    assert_eq!(status(&link), "200", "{link}");
}

#[tokio::test]
async fn sign_in_lets_any_origin_read() {
    let folder = Folder::new();
    let twin = folder.start().await;
    let origin = "Origin: http://localhost:3000\r\n";
    let sign_in = target("AWSCognitoIdentityProviderService", "InitiateAuth") + origin;
    for body in [
        "{",
        "{}",
        "{\"AuthFlow\": \"USER_AUTH\", \"ClientId\": \"c\"}",
    ] {
        let answer = send(&twin, "POST /", &sign_in, body).await;
        assert_eq!(status(&answer), "400", "{answer}");
        assert!(
            answer.contains("access-control-allow-origin: *"),
            "{answer}"
        );
    }
    let asked = format!(
        "{origin}Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: x-amz-target\r\n"
    );
    let answer = send(&twin, "OPTIONS /", &asked, "").await;
    assert!(
        answer.contains("access-control-allow-headers: x-amz-target"),
        "{answer}"
    );
}

async fn roles(twin: &Running, host: &str) -> String {
    let headers = format!("{}{FORM}Host: {host}\r\n", signed("iam"));
    send(
        twin,
        "POST /",
        &headers,
        "Action=ListRoles&Version=2010-05-08",
    )
    .await
}

#[tokio::test]
async fn aws_names_are_for_those_who_ask_for_them() {
    let folder = Folder::new();
    let twin = folder.start().await;
    let names = [
        "iam.amazonaws.com",
        "x.auth.us-east-1.amazoncognito.com",
        "d1.cloudfront.net",
    ];
    for name in names {
        let answer = roles(&twin, name).await;
        assert_eq!(status(&answer), "403", "{name}: {answer}");
        assert!(
            answer.contains("labctl local start --aws-names"),
            "{answer}"
        );
    }
    stop(twin).await;
    let twin = folder.start_with_aws_names().await;
    for name in names {
        let answer = roles(&twin, name).await;
        assert!(!is_refused(&answer), "{name}: {answer}");
        let mail = send(
            &twin,
            "GET /_local/inbox.json",
            &format!("Host: {name}\r\n"),
            "",
        )
        .await;
        assert!(is_refused(&mail), "{name}: {mail}");
    }
    assert_eq!(status(&roles(&twin, "iam.amazonaws.com").await), "200");
    for name in [
        "iam.amazonaws.com.example.com",
        "amazonaws.com",
        "example.com",
    ] {
        assert!(is_refused(&roles(&twin, name).await), "{name}");
    }
}

/// docs/twin.md says of each door who may pass.
#[test]
fn the_table_in_the_docs_is_this_one() {
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/twin.md");
    let docs = std::fs::read_to_string(docs).unwrap();
    let table = docs.split("## Doors").nth(1).expect("a heading");
    let rows = table.lines().skip_while(|line| !line.starts_with('|'));
    let rows = rows.take_while(|line| line.starts_with('|')).skip(2);
    let rows: BTreeSet<(String, bool)> = rows
        .map(|row| {
            let cells: Vec<&str> = row.split('|').map(str::trim).collect();
            (cells[1].to_owned(), cells[3] == "any web page")
        })
        .collect();
    let doors = doors().into_iter().chain(inbox_doors());
    let doors = doors.map(|door| (door.name.to_owned(), door.who == Everyone));
    assert_eq!(rows, doors.collect());
}
