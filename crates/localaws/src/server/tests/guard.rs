//! What is kept out: names from elsewhere, and too much of anything.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{Folder, Running, connect, raw, send, signed, status};

#[tokio::test]
async fn no_path_answers_to_a_foreign_name() {
    let folder = Folder::new();
    let twin = folder.start().await;
    assert!(twin.endpoint().starts_with("http://127.0.0.1:"));
    for line in [
        "GET /_api/abcdefghij/dev/demo",
        "GET /us-east-1_abcdefghi/.well-known/jwks.json",
        "GET /us-east-1_abcdefghi/.well-known/openid-configuration",
        "GET /_local",
        "GET /_local/health.json",
        "GET /_local/inbox.json",
        "GET /_local/faults",
        "GET /_local/calls.json",
        "GET /_local/rates",
        "GET /_local/runtimes",
        "GET /_local/nothing",
        "POST /_local/stop",
        "GET /restapis",
        "GET /nothing",
        "OPTIONS /",
        "POST /",
    ] {
        for host in [
            "rebound.example.com",
            "127.0.0.1.nip.io",
            "localhost.example.com:80",
            "",
        ] {
            let headers = format!("Host: {host}\r\nx-localaws: 1\r\n{}", signed("apigateway"));
            let answer = send(&twin, line, &headers, "").await;
            assert_eq!(status(&answer), "403", "{host} {line}: {answer}");
            assert!(!answer.contains("access-control"), "{answer}");
        }
        let ours = format!("Host: localhost:80\r\n{}", signed("apigateway"));
        let answer = send(&twin, line, &ours, "").await;
        assert!(!answer.contains("answers only to"), "{line}: {answer}");
    }
}

/// Sends a body that goes on until the twin has enough; how much of it was sent. The answer may be lost, as the
/// connection ends with much still under way.
async fn endless(twin: &Running, path: &str) -> usize {
    const CHUNK: usize = 1 << 14;
    let mut stream = connect(twin).await;
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nx-localaws: 1\r\n{}Transfer-Encoding: chunked\r\n\r\n",
        signed("lambda")
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = format!("{CHUNK:x}\r\n{}\r\n", " ".repeat(CHUNK));
    let mut sent = 0;
    while stream.write_all(chunk.as_bytes()).await.is_ok() {
        sent += CHUNK;
    }
    let mut answer = Vec::new();
    if stream.read_to_end(&mut answer).await.is_ok() {
        assert!(answer.starts_with(b"HTTP/1.1 413 "), "{path}");
    }
    sent
}

#[tokio::test]
async fn an_endless_body_is_cut_off() {
    let folder = Folder::new();
    let twin = folder.start().await;
    for (path, least, most) in [
        ("/", 11 << 20, 40 << 20),
        ("/_local/faults", 11 << 20, 40 << 20),
        ("/_api/abcdefghij/dev/demo", 11 << 20, 40 << 20),
        ("/2015-03-31/functions", 70 << 20, 100 << 20),
    ] {
        let sent = endless(&twin, path).await;
        assert!((least..most).contains(&sent), "{path}: {sent}");
    }
}

#[tokio::test]
async fn too_large_bodies_are_refused_before_they_are_sent() {
    let folder = Folder::new();
    let twin = folder.start().await;
    let ask = async |path: &str, length: usize| {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: {length}\r\n\r\n"
        );
        let mut stream = connect(&twin).await;
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut first = [0; 12];
        stream.read_exact(&mut first).await.unwrap();
        String::from_utf8_lossy(&first).into_owned()
    };
    assert_eq!(ask("/", 12 << 20).await, "HTTP/1.1 413");
    assert_eq!(ask("/", 10 << 20).await, "HTTP/1.1 100");
    assert_eq!(ask("/2015-03-31/functions", 71 << 20).await, "HTTP/1.1 413");
    assert_eq!(ask("/2015-03-31/functions", 69 << 20).await, "HTTP/1.1 100");
}

#[tokio::test]
async fn heads_have_limits() {
    let folder = Folder::new();
    let twin = folder.start().await;
    let with = |headers: &str| {
        format!("GET /_local HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n")
    };
    let long = |bytes: usize| with(&format!("x: {}\r\n", "a".repeat(bytes)));
    let many = |count: usize| with(&"x: a\r\n".repeat(count));
    assert_eq!(status(&raw(&twin, &long(40_000)).await), "200");
    assert_eq!(status(&raw(&twin, &long(500_000)).await), "431");
    assert_eq!(status(&raw(&twin, &many(90)).await), "200");
    assert_eq!(status(&raw(&twin, &many(101)).await), "431");
}
