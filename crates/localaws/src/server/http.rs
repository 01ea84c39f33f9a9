//! One connection: reads requests whole, routes them, logs them.

use std::{error::Error, pin::Pin, sync::Arc, time::Instant};

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::{
    Method, StatusCode,
    body::{Body, Bytes, Incoming},
    header::{self, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, sync::watch};

use super::{Request, Response, Server, door, local};
use crate::{apigateway, app::App, cloudfront, cognito, faults::Cut, wire};

/// API Gateway's largest payload, and some room for its own refusal of what is larger.
const BODY_LIMIT: usize = 11 << 20;
/// Lambda's zip of 50 MB in base64, and some room.
const CODE_LIMIT: usize = 70 << 20;
/// The request line with its headers.
const HEAD_LIMIT: usize = 64 << 10;

/// Serves a connection, unless it is refused, until it ends, or until `served` closes and the request under way is
/// answered.
pub(super) async fn connection(
    stream: TcpStream,
    server: Arc<Server>,
    mut served: watch::Receiver<()>,
) {
    if let Err(refused) = server.door.admit(&stream).await {
        if let Some(line) = server.door.log_line(refused) {
            server.log(&line);
        }
        return door::refuse(stream).await;
    }
    // Without it, keep-alive costs 40 ms a call.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| {
        let server = Arc::clone(&server);
        async move { Ok::<_, Cut>(answer(&server, request).await?.map(Full::new)) }
    });
    let mut connection = http1::Builder::new()
        .max_buf_size(HEAD_LIMIT)
        .serve_connection(TokioIo::new(stream), service);
    let ended = tokio::select! {
        ended = &mut connection => Some(ended),
        _ = served.changed() => None,
    };
    let ended = if let Some(ended) = ended {
        ended
    } else {
        Pin::new(&mut connection).graceful_shutdown();
        (&mut connection).await
    };
    // A broken connection is the client's affair.
    if let Err(error) = ended
        && cut(&error) == Some(Cut::Reset)
    {
        let _ = connection.into_parts().io.inner().set_zero_linger();
    }
}

/// Why a connection ended, if by a fault rule.
fn cut(error: &hyper::Error) -> Option<Cut> {
    error.source()?.downcast_ref::<Cut>().copied()
}

async fn answer(server: &Arc<Server>, request: hyper::Request<Incoming>) -> Result<Response, Cut> {
    let started = Instant::now();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let (response, operation) = match admitted(&server.app, request).await {
        Ok(request) => route(server, request).await,
        Err(refusal) => (Ok(refusal), None),
    };
    // The inbox page asks every two seconds.
    if !(method == Method::GET && path.starts_with("/_local")) {
        let what = operation.unwrap_or(path);
        let ms = started.elapsed().as_millis();
        let status = match &response {
            Ok(response) => response.status().as_u16().to_string(),
            Err(_) => "-".to_owned(),
        };
        server.log(&format!("{method} {what} {status} {ms} ms"));
    }
    response
}

/// A request with its whole body, or a refusal.
async fn admitted(app: &App, request: hyper::Request<Incoming>) -> Result<Request, Response> {
    if foreign(&request).is_some_and(|host| !cloudfront::is_alias(app, &host)) {
        return Err(not_answered());
    }
    let limit = if request.uri().path().starts_with("/2015-03-31/functions") {
        CODE_LIMIT
    } else {
        BODY_LIMIT
    };
    let (head, body) = request.into_parts();
    Ok(Request::from_parts(head, whole(body, limit).await?))
}

/// The whole body, or a refusal. A client that asks first (`Expect`) is told before it sends.
async fn whole(body: Incoming, limit: usize) -> Result<Bytes, Response> {
    let too_large = || {
        refusal(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestEntityTooLargeException",
            "The request is too large",
        )
    };
    if body.size_hint().lower() > limit as u64 {
        return Err(too_large());
    }
    match Limited::new(body, limit).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large()),
        Err(_) => Err(refusal(
            StatusCode::BAD_REQUEST,
            "BadRequestException",
            "The body could not be read",
        )),
    }
}

/// The response, and the name of the operation when it is an API call.
async fn route(server: &Arc<Server>, request: Request) -> (Result<Response, Cut>, Option<String>) {
    let app = &server.app;
    if foreign(&request).is_some() {
        // A distribution's alias leads to its edge, and to nothing else.
        let response = cloudfront::data_plane(app, &request).await;
        return (Ok(response.unwrap_or_else(not_answered)), None);
    }
    if let Some(response) = page(server, &request).await {
        return (Ok(response), None);
    }
    wire::serve(app, &request).await
}

/// What is no API call.
async fn page(server: &Arc<Server>, request: &Request) -> Option<Response> {
    let app = &server.app;
    if let Some(response) = local::serve(server, request).await {
        return Some(response);
    }
    if let Some(response) = cloudfront::data_plane(app, request).await {
        return Some(response);
    }
    if let Some(response) = cognito::managed_login(app, request).await {
        return Some(response);
    }
    if let Some(mut response) = cognito::well_known(app, request).await {
        allow_any_origin(&mut response);
        return Some(response);
    }
    if let Some(response) = apigateway::data_plane(app, request).await {
        return Some(response);
    }
    (request.method() == Method::OPTIONS && request.uri().path() == "/").then(|| preflight(request))
}

/// The host of a request, if it is neither loopback nor AWS's: signatures are not verified, so a name that a web page
/// rebinds to 127.0.0.1 must not get in.
fn foreign<B>(request: &hyper::Request<B>) -> Option<String> {
    host(request).filter(|host| !is_loopback(host) && !is_aws(host))
}

fn not_answered() -> Response {
    let message = "labctl's local AWS answers only to 127.0.0.1, localhost, *.amazonaws.com, *.amazoncognito.com, \
                   *.cloudfront.net and aliases of distributions";
    refusal(StatusCode::FORBIDDEN, "ForbiddenException", message)
}

/// The name in the Host header (or the request line), without the port, in small letters.
pub(crate) fn host<B>(request: &hyper::Request<B>) -> Option<String> {
    let host = match request.headers().get(header::HOST) {
        // What cannot be read is nobody's name.
        Some(host) => host.to_str().unwrap_or("?"),
        None => request.uri().authority()?.as_str(),
    };
    let end = if host.starts_with('[') {
        host.find(']').map(|end| end + 1)
    } else {
        host.rfind(':')
    };
    let name = end.and_then(|end| host.get(..end)).unwrap_or(host);
    Some(name.to_ascii_lowercase())
}

/// Names that only AWS can give an address to.
fn is_aws(host: &str) -> bool {
    [".amazonaws.com", ".amazoncognito.com", ".cloudfront.net"]
        .iter()
        .any(|name| host.ends_with(name))
}

pub(super) fn is_loopback(host: &str) -> bool {
    matches!(host, "127.0.0.1" | "localhost" | "[::1]") || host.ends_with(".localhost")
}

/// Cognito's endpoints are for browsers: they let any origin in. Other services never answer a preflight
/// on AWS; here they share the path, and refuse browsers by themselves (see `wire`).
fn preflight(request: &Request) -> Response {
    let mut response = Response::new(Bytes::new());
    allow_any_origin(&mut response);
    let asked = request
        .headers()
        .get(header::ACCESS_CONTROL_REQUEST_HEADERS)
        .cloned();
    let headers = response.headers_mut();
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        asked.unwrap_or(HeaderValue::from_static("*")),
    );
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_METHODS,
        HeaderValue::from_static("POST"),
    );
    headers.insert(
        header::ACCESS_CONTROL_MAX_AGE,
        HeaderValue::from_static("172800"),
    );
    response
}

pub(crate) fn allow_any_origin(response: &mut Response) {
    let expose = "x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date";
    let headers = response.headers_mut();
    headers.insert(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    );
    headers.insert(
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static(expose),
    );
}

fn refusal(status: StatusCode, code: &'static str, message: &str) -> Response {
    let mut response = Response::new(serde_json::json!({ "message": message }).to_string().into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert("x-amzn-errortype", HeaderValue::from_static(code));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_hosts_are_told_apart() {
        let named = |name: &str| {
            let request = hyper::Request::builder()
                .header("host", name)
                .body(Bytes::new())
                .expect("well-formed");
            host(&request).is_some_and(|host| is_loopback(&host))
        };
        for ours in [
            "127.0.0.1",
            "127.0.0.1:4588",
            "localhost:1",
            "LocalHost",
            "a.execute-api.localhost:4588",
            "[::1]:80",
            "[::1]",
        ] {
            assert!(named(ours), "{ours}");
        }
        for foreign in [
            "example.com",
            "localhost.example.com:80",
            "127.0.0.1.nip.io",
            "evillocalhost",
            "",
            "[",
            "0",
        ] {
            assert!(!named(foreign), "{foreign}");
        }
    }
}
