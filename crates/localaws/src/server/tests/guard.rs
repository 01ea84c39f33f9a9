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

/// Whoever sits at another machine reads in the refusal what works from there.
#[tokio::test]
async fn a_refused_name_says_what_works() {
    let folder = Folder::new();
    let twin = folder.start().await;
    let port = twin.endpoint().rsplit(':').next().unwrap();
    let forward = format!("`ssh -L {port}:127.0.0.1:{port} HOST`");
    let elsewhere = [
        &*forward,
        "Remote-SSH",
        "Codespaces",
        "`--any-user` changes nothing",
    ];
    for (host, wanted) in [
        ("fluffy-4588.app.github.dev", &elsewhere[..]),
        ("course.example.org:4588", &elsewhere),
        ("192.168.1.5:4588", &elsewhere),
        ("[fe80::1]:4588", &elsewhere),
        ("iam.amazonaws.com", &["`labctl local start --aws-names`"]),
    ] {
        let header = format!("Host: {host}\r\n");
        for line in ["GET /_local/inbox.json", "POST /", "GET /_api/a/dev/x"] {
            let answer = send(&twin, line, &header, "").await;
            assert_eq!(status(&answer), "403", "{host} {line}: {answer}");
            for words in wanted {
                assert!(
                    answer.contains(words),
                    "{words} for {host} {line}: {answer}"
                );
            }
        }
    }
    // The inbox by another name, which a forwarded port may suggest.
    let visit = "GET /_local/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let answer = super::raw_to(twin.inbox(), visit).await;
    assert!(
        answer.contains(&format!("{}/_local/", twin.inbox())),
        "{answer}"
    );
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

/// As RFC 9112 wants it: a head that two readers may read otherwise is nobody's.
#[tokio::test]
async fn ambiguous_heads_are_refused() {
    let folder = Folder::new();
    let twin = folder.start().await;
    let path = "/_local/health.json";
    for (line, head, wanted) in [
        ("HTTP/1.1", "Host: localhost\r\n", "200"),
        ("HTTP/1.0", "", "200"),
        ("HTTP/1.1", "", "400"),
        ("HTTP/1.1", "Host: localhost\r\nHost: localhost\r\n", "400"),
        (
            "HTTP/1.1",
            "Host: localhost\r\nhOsT: rebound.example.com\r\n",
            "400",
        ),
        (
            "HTTP/1.0",
            "Host: rebound.example.com\r\nHost: localhost\r\n",
            "400",
        ),
        ("HTTP/1.1", "Host: localhost\r\nX: a\r\n b\r\n", "400"),
        ("HTTP/1.1", "Host: localhost\r\nX : a\r\n", "400"),
        ("HTTP/1.1", "Host: localhost\r\nX: a\rb\r\n", "400"),
        ("HTTP/1.1", "Host: localhost\r\nX: a\0b\r\n", "400"),
        (
            "HTTP/1.1",
            "Host: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n",
            "400",
        ),
        (
            "HTTP/1.1",
            "Host: localhost\r\nContent-Length: +1\r\n",
            "400",
        ),
        (
            "HTTP/1.1",
            "Host: localhost\r\nTransfer-Encoding: chunked, gzip\r\n",
            "400",
        ),
        (
            "HTTP/1.0",
            "Host: localhost\r\nTransfer-Encoding: chunked\r\n",
            "400",
        ),
        ("HTTP/1.1 ", "Host: localhost\r\n", "400"),
    ] {
        let asked = format!("GET {path} {line}\r\n{head}Connection: close\r\n\r\n");
        let answer = raw(&twin, &asked).await;
        assert_eq!(status(&answer), wanted, "{asked:?}: {answer}");
    }
    // Both lengths: the chunks count, and what follows them on the connection is no request.
    for lengths in [
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
    ] {
        let smuggled = "GET /_local/health.json HTTP/1.1\r\nHost: localhost\r\n\r\n";
        let asked =
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{lengths}\r\n0\r\n\r\n{smuggled}");
        let answer = raw(&twin, &asked).await;
        assert_eq!(
            answer.matches("HTTP/1.1 ").count(),
            1,
            "{asked:?}: {answer}"
        );
    }
    // A line may end with LF alone; it is read once, and by one reader.
    let answer = raw(
        &twin,
        &format!("GET {path} HTTP/1.1\nHost: localhost\nConnection: close\n\n"),
    )
    .await;
    assert_eq!(status(&answer), "200", "{answer}");
    let answer = raw(
        &twin,
        &format!("GET {path} HTTP/1.1\nHost: evil.example\nConnection: close\n\n"),
    )
    .await;
    assert_eq!(status(&answer), "403", "{answer}");
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
