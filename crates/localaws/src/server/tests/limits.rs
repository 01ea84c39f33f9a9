//! Clients that want too much of the twin at once.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::{
    super::limits::{Place, Places},
    Folder, Limits, Running,
    asked::{self, Asked},
    connect, connect_to, send, status,
};

const HALF: &[u8] = b"GET /_local/health.json HTTP/1.1\r\nHost: localhost\r\nX: a";
/// A limit of these tests.
const SOON: Duration = Duration::from_millis(300);
/// Between [`SOON`] and the limits that a twin has by itself.
const LATE: Duration = Duration::from_secs(20);

async fn health(twin: &Running) -> String {
    send(twin, "GET /_local/health.json", "", "").await
}

/// Returns when the other end has closed the connection.
async fn ends(stream: &mut TcpStream) {
    let mut rest = Vec::new();
    // A reset is an end too.
    let end = timeout(LATE, stream.read_to_end(&mut rest));
    let _ = end.await.expect("the twin closes the connection");
    assert_eq!(rest, b"", "{}", String::from_utf8_lossy(&rest));
}

/// A connection after a request that it has asked and got answered.
async fn kept_alive(twin: &Running) -> TcpStream {
    let mut stream = connect(twin).await;
    let ask = b"GET /_local/health.json HTTP/1.1\r\nHost: localhost\r\n\r\n";
    stream.write_all(ask).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"}") {
        assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0);
    }
    stream
}

#[tokio::test]
async fn a_head_must_come_in_time() {
    let folder = Folder::new();
    let twin = folder
        .start_within(Limits {
            head: SOON,
            ..Limits::default()
        })
        .await;
    for origin in [twin.endpoint(), twin.inbox()] {
        for begun in [b"".as_slice(), b"G", HALF] {
            let mut stream = connect_to(origin).await;
            stream.write_all(begun).await.unwrap();
            ends(&mut stream).await;
        }
    }
    let mut idle = kept_alive(&twin).await;
    ends(&mut idle).await;
    let mut second = kept_alive(&twin).await;
    second.write_all(HALF).await.unwrap();
    ends(&mut second).await;
    assert_eq!(status(&health(&twin).await), "200");
}

#[tokio::test]
async fn a_body_must_go_on() {
    let folder = Folder::new();
    let twin = folder
        .start_within(Limits {
            body: SOON,
            ..Limits::default()
        })
        .await;
    for framing in ["Content-Length: 10", "Transfer-Encoding: chunked"] {
        let head =
            format!("POST /_api/a/dev/x HTTP/1.1\r\nHost: localhost\r\n{framing}\r\n\r\n5\r\nab");
        let mut stream = connect(&twin).await;
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut first = [0; 12];
        let answer = timeout(LATE, stream.read_exact(&mut first));
        answer.await.expect("the twin gives it up").unwrap();
        assert_eq!(&first, b"HTTP/1.1 408", "{framing}");
    }
}

#[tokio::test]
async fn who_waits_longest_gives_way() {
    let folder = Folder::new();
    let twin = folder
        .start_within(Limits {
            connections: 3,
            ..Limits::default()
        })
        .await;
    let mut first = kept_alive(&twin).await;
    first.write_all(HALF).await.unwrap();
    let mut second = kept_alive(&twin).await;
    let mut third = kept_alive(&twin).await;
    // Two hundred that never go on do not keep a client out.
    assert_eq!(status(&health(&twin).await), "200");
    ends(&mut first).await;
    let mut hostile = Vec::new();
    for _ in 0..200 {
        let mut stream = connect(&twin).await;
        // The twin may have closed it already.
        let _ = stream.write_all(HALF).await;
        hostile.push(stream);
    }
    assert_eq!(status(&health(&twin).await), "200");
    ends(&mut second).await;
    ends(&mut third).await;
}

/// Holds each `CreateRestApi` until the rule is removed.
async fn hold(twin: &Running) -> u64 {
    let rule = json!({
        "operation": "apigateway:CreateRestApi", "action": "hold", "when": "before", "times": 0
    });
    asked::set(twin, rule).await
}

/// A call with a body of so many bytes.
fn create(bytes: usize) -> Asked {
    let fill = "x".repeat(bytes);
    let body = json!({"name": "large", "description": "d", "x": fill});
    Asked::rest("apigateway", "POST /restapis", body)
}

/// Who waits gives way first, then whose body is coming; a request under way never does.
#[tokio::test]
async fn requests_under_way_keep_their_place() {
    let places = Arc::new(Places::new(&Limits {
        connections: 3,
        ..Limits::default()
    }));
    let goes = async |place: &Place| timeout(Duration::ZERO, place.needed()).await.is_ok();
    let take = || places.take().unwrap();
    let (working, reading, waiting) = (take(), take(), take());
    working.works();
    reading.reads();
    let second = take();
    assert!(goes(&waiting).await && !goes(&reading).await);
    drop(waiting);
    second.works();
    let third = take();
    assert!(goes(&reading).await);
    drop(reading);
    third.works();
    assert!(places.take().is_none(), "all are under way");
    for place in [&working, &second, &third] {
        assert!(!goes(place).await);
    }
    third.waits();
    drop(places.take().unwrap());
    assert!(goes(&third).await);
}

/// Begins a request whose body never comes, and returns when the twin waits for it.
async fn begun(twin: &Running) -> TcpStream {
    let mut stream = connect(twin).await;
    let head = "POST /_api/a/dev/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\
                Expect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut told = [0; 25];
    stream.read_exact(&mut told).await.unwrap();
    assert_eq!(&told, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream
}

#[tokio::test]
async fn bodies_that_do_not_come_keep_no_tool_out() {
    let folder = Folder::new();
    let twin = folder
        .start_within(Limits {
            connections: 3,
            ..Limits::default()
        })
        .await;
    let mut slow = Vec::new();
    for _ in 0..20 {
        slow.push(begun(&twin).await);
        assert_eq!(status(&health(&twin).await), "200");
    }
    // The newest are still read.
    let mut last = slow.pop().unwrap();
    last.write_all(b"abc").await.unwrap();
    let mut first = [0; 12];
    last.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 403", "no such API");
    for mut stream in slow.drain(..15) {
        ends(&mut stream).await;
    }
}

/// A byte now and then keeps no body alive: it has to come at a rate.
#[tokio::test]
async fn a_body_must_not_trickle() {
    let folder = Folder::new();
    let twin = folder
        .start_within(Limits {
            body: SOON,
            ..Limits::default()
        })
        .await;
    for (framing, piece) in [
        ("Content-Length: 100000", "a"),
        ("Transfer-Encoding: chunked", "1\r\na\r\n"),
    ] {
        let stream = connect(&twin).await;
        let (mut read, mut write) = stream.into_split();
        let head = format!("POST /_api/a/dev/x HTTP/1.1\r\nHost: localhost\r\n{framing}\r\n\r\n");
        write.write_all(head.as_bytes()).await.unwrap();
        let trickle = async {
            while write.write_all(piece.as_bytes()).await.is_ok() {
                tokio::time::sleep(SOON / 20).await;
            }
            std::future::pending::<()>().await;
        };
        let mut first = [0; 12];
        let answer = timeout(LATE, read.read_exact(&mut first));
        tokio::select! {
            () = trickle => {}
            answer = answer => { answer.expect("the twin gives it up").unwrap(); }
        }
        assert_eq!(&first, b"HTTP/1.1 408", "{framing}");
    }
}

#[tokio::test]
async fn large_bodies_take_turns() {
    const LARGE: usize = 600 << 10;
    let folder = Folder::new();
    let twin = folder
        .start_within(Limits {
            body: SOON,
            bytes: 1 << 20,
            ..Limits::default()
        })
        .await;
    let rule = hold(&twin).await;
    let mut held = create(LARGE).begin(&twin).await;
    asked::hit(&twin, rule).await;
    let list = Asked::rest("apigateway", "GET /restapis", serde_json::Value::Null);
    let large = Asked("POST /_api/a/dev/x", String::new(), " ".repeat(LARGE));
    let small = Asked("POST /_api/a/dev/x", String::new(), " ".repeat(60 << 10));
    let refused = large.of(&twin).await;
    assert_eq!(status(&refused), "503", "{refused}");
    assert_eq!(status(&small.of(&twin).await), "403", "no such API");
    assert_eq!(status(&list.of(&twin).await), "200");
    // One that does not say how long it is counts as the longest.
    let chunked = "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n";
    let unsaid = format!("POST /_api/a/dev/x HTTP/1.1\r\nHost: localhost\r\n{chunked}");
    assert_eq!(status(&super::raw(&twin, &unsaid).await), "503");
    asked::remove(&twin, "").await;
    ends(&mut held).await;
    for again in [&large, &small] {
        assert_eq!(status(&again.of(&twin).await), "403", "no such API");
    }
    assert_eq!(status(&super::raw(&twin, &unsaid).await), "403");
}
