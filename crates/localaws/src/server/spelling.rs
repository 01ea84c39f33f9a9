//! Header names as the client wrote them.
//!
//! hyper keeps the spelling in a private extension of the request, for proxies: when the request is sent on, the names
//! are written as they came. So the head is sent on, into memory, and the names are read from there.

use http_body_util::Empty;
use hyper::{
    body::Bytes,
    client::conn::http1,
    header::{CONTENT_LENGTH, HeaderName, HeaderValue, TRANSFER_ENCODING},
};
use hyper_util::rt::TokioIo;
use tokio::io::AsyncReadExt;

use super::Request;

/// More than the names of any head that the server takes.
const ROOM: usize = 1 << 18;
/// hyper sets them anew when it sends a request on.
const REWRITTEN: [HeaderName; 2] = [CONTENT_LENGTH, TRANSFER_ENCODING];

/// The names of [`headers`], as the client wrote them.
#[derive(Debug, Clone)]
struct Names(Vec<String>);

/// All headers but [`REWRITTEN`].
fn headers(request: &Request) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
    let all = request.headers();
    let names = all.keys().filter(|name| !REWRITTEN.contains(name));
    names.flat_map(move |name| all.get_all(name).iter().map(move |value| (name, value)))
}

/// The headers with their names as the client wrote them, if [`keep`] has found these out; else in small letters.
pub(crate) fn named(request: &Request) -> impl Iterator<Item = (&str, &HeaderValue)> {
    let written = request.extensions().get();
    let written = written.map_or(&[][..], |Names(names)| names.as_slice());
    let rewritten = request.headers().iter();
    let rewritten = rewritten.filter(|(name, _)| REWRITTEN.contains(name));
    headers(request)
        .enumerate()
        .map(|(n, (name, value))| (written.get(n).map_or(name.as_str(), |name| name), value))
        .chain(rewritten.map(|(name, value)| (name.as_str(), value)))
}

/// Finds out how the client wrote the names, for [`named`].
pub(super) async fn keep(request: &mut Request) {
    let written = written(request).await.filter(|written| {
        // As many, and the same.
        let same = |(written, (name, _)): (&String, (&HeaderName, _))| {
            written.eq_ignore_ascii_case(name.as_str())
        };
        written.len() == headers(request).count() && written.iter().zip(headers(request)).all(same)
    });
    if let Some(written) = written {
        request.extensions_mut().insert(Names(written));
    }
}

async fn written(request: &Request) -> Option<Vec<String>> {
    let mut copy = hyper::Request::new(Empty::<Bytes>::new());
    // The names only.
    for (name, _) in headers(request) {
        let empty = HeaderValue::from_static("");
        copy.headers_mut().append(name, empty);
    }
    *copy.extensions_mut() = request.extensions().clone();
    let (near, mut far) = tokio::io::duplex(ROOM);
    let (mut sender, connection) = http1::handshake(TokioIo::new(near)).await.ok()?;
    let read = async {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            far.read_buf(&mut head)
                .await
                .ok()
                .filter(|read| *read > 0)?;
        }
        String::from_utf8(head).ok()
    };
    let head = tokio::select! {
        head = read => head?,
        _ = connection => return None,
        _ = sender.send_request(copy) => return None,
    };
    let lines = head.lines().skip(1).filter(|line| !line.is_empty());
    let names = lines.map(|line| Some(line.split_once(':')?.0.to_owned()));
    names.collect()
}
