//! The inbox's own port.

use super::{Folder, asked::CONTROL, raw_to, send, signed, start, status, stop};
use crate::app::Config;

#[tokio::test]
async fn the_inbox_has_nothing_else_and_one_name() {
    let folder = Folder::new();
    let twin = folder.start().await;
    assert_ne!(twin.inbox(), twin.endpoint());
    let host = twin.inbox().strip_prefix("http://").unwrap();
    let ask = async |line: &str, headers: &str| {
        let head = format!("{line} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n");
        raw_to(twin.inbox(), &head).await
    };
    let ours = format!("Host: {host}\r\n{CONTROL}");
    for (line, wanted) in [
        ("GET /_local/", "200"),
        ("GET /_local/inbox.json", "200"),
        ("POST /_local/inbox.json", "405"),
        ("GET /_local/health.json", "404"),
        ("GET /_local/calls.json", "404"),
        ("POST /_local/faults", "404"),
        ("DELETE /_local/accounts/111122223333", "404"),
        ("POST /_local/stop", "404"),
        ("GET /_api/abcdefghij/dev/x", "404"),
        ("GET /_auth/us-east-1/x/login", "404"),
        ("GET /_cloudfront/d1/x", "404"),
        ("GET /us-east-1_abcdefghi/.well-known/jwks.json", "404"),
        ("GET /?Action=ListRoles&Version=2010-05-08", "404"),
        ("GET /", "404"),
        ("OPTIONS /", "404"),
    ] {
        for more in [String::new(), signed("iam"), signed("lambda")] {
            let answer = ask(line, &format!("{ours}{more}")).await;
            assert_eq!(status(&answer), wanted, "{line}: {answer}");
        }
    }
    // Under another name, the origin could be another program's.
    for name in [
        "localhost",
        "[::1]",
        "x.localhost",
        "x.execute-api.localhost",
    ] {
        let port = host.rsplit(':').next().unwrap();
        let answer = ask(
            "GET /_local/inbox.json",
            &format!("Host: {name}:{port}\r\n"),
        )
        .await;
        assert_eq!(status(&answer), "403", "{name}: {answer}");
        assert!(answer.contains(twin.inbox()), "{answer}");
    }
    let forwarded = ask("GET /_local/inbox.json", "Host: 127.0.0.1:8025\r\n").await;
    assert_eq!(status(&forwarded), "200", "{forwarded}");
    let page = ask("GET /_local/", &ours).await;
    for policy in [
        "frame-ancestors 'none'",
        "cross-origin-opener-policy: same-origin",
    ] {
        assert!(page.contains(policy), "{page}");
    }
}

#[tokio::test]
async fn a_refusal_names_the_inbox() {
    let folder = Folder::new();
    let twin = folder.start().await;
    let visit = "Sec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n";
    let answer = send(&twin, "GET /_local/", visit, "").await;
    let address = format!("{}/_local/", twin.inbox());
    assert!(answer.contains(&address), "{answer}");
}

#[tokio::test]
async fn the_inbox_keeps_its_port_or_takes_another() {
    let folder = Folder::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut config = Config::at(folder.0.clone());
    config.inbox_port = taken.local_addr().unwrap().port();
    let twin = start(config.clone()).await.unwrap();
    let suffix = format!(":{}", config.inbox_port);
    assert!(!twin.inbox().ends_with(&suffix), "{}", twin.inbox());
    stop(twin).await;
    drop(taken);
    let twin = start(config).await.unwrap();
    assert!(twin.inbox().ends_with(&suffix), "{}", twin.inbox());
}
