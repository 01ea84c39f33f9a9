//! Requests that the twin makes itself: plain HTTP to this machine, and nowhere else. It has no TLS.

use std::{net::Ipv4Addr, time::Duration};

use http_body_util::{BodyExt, Full, Limited};
use hyper::{Uri, body::Bytes, client::conn::http1, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// A whole answer may take so long.
const PATIENCE: Duration = Duration::from_secs(5);
/// Larger than any answer of a provider.
const MOST_BYTES: usize = 1 << 20;

/// What was answered.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Bytes,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The address is not plain HTTP on this machine.
    Elsewhere,
    Failed(String),
}

/// `127.0.0.1:8000` of `http://localhost:8000/…`.
fn authority(uri: &Uri) -> Option<(String, u16)> {
    let host = uri.host().filter(|_| uri.scheme_str() == Some("http"))?;
    let here = matches!(host, "localhost" | "127.0.0.1");
    here.then(|| (host.to_owned(), uri.port_u16().unwrap_or(80)))
}

/// GETs an address, or POSTs a form to it.
pub(crate) async fn send(
    url: &str,
    form: Option<String>,
    bearer: Option<&str>,
) -> Result<Reply, Refusal> {
    let uri: Uri = url.parse().map_err(|_| Refusal::Elsewhere)?;
    let place = authority(&uri).ok_or(Refusal::Elsewhere)?;
    let sent = tokio::time::timeout(PATIENCE, exchange(&uri, place, form, bearer));
    match sent.await {
        Ok(Ok(reply)) => Ok(reply),
        Ok(Err(why)) => Err(Refusal::Failed(why)),
        Err(_) => {
            let seconds = PATIENCE.as_secs();
            Err(Refusal::Failed(format!("no answer in {seconds} s")))
        }
    }
}

async fn exchange(
    uri: &Uri,
    (host, port): (String, u16),
    form: Option<String>,
    bearer: Option<&str>,
) -> Result<Reply, String> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port));
    let stream = stream.await.map_err(|e| e.to_string())?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|e| e.to_string())?;
    let driven = tokio::spawn(connection);
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut request = hyper::Request::builder()
        .method(if form.is_some() { "POST" } else { "GET" })
        .uri(path)
        .header(header::HOST, format!("{host}:{port}"))
        .header(header::ACCEPT, "*/*");
    if form.is_some() {
        request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    }
    if let Some(token) = bearer {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    let request = request
        .body(Full::new(Bytes::from(form.unwrap_or_default())))
        .map_err(|e| e.to_string())?;
    let answer = sender.send_request(request).await;
    let answer = answer.map_err(|e| e.to_string())?;
    let status = answer.status().as_u16();
    let body = Limited::new(answer.into_body(), MOST_BYTES).collect().await;
    driven.abort();
    let body = body.map_err(|e| e.to_string())?.to_bytes();
    Ok(Reply { status, body })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_this_machine_is_spoken_to() {
        for elsewhere in [
            "https://127.0.0.1/",
            "http://example.com/",
            "http://127.0.0.1.example.com/",
            "http://169.254.169.254/latest",
            "file:///etc/passwd",
            "",
        ] {
            let refused = send(elsewhere, None, None).await.err();
            assert_eq!(refused, Some(Refusal::Elsewhere), "{elsewhere}");
        }
        // Nobody listens on port 1.
        let refused = send("http://127.0.0.1:1/", None, None).await.err();
        assert!(matches!(refused, Some(Refusal::Failed(_))), "{refused:?}");
    }
}
