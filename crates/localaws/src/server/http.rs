//! One connection: decides from a request's head, reads the body, has the request served, logs it.

use std::{error::Error, pin::Pin, sync::Arc, time::Instant};

use http_body_util::Full;
use hyper::{
    Method, StatusCode,
    body::{Bytes, Incoming},
    header::{self, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{net::TcpStream, sync::watch};

use super::{
    Request, Response, Server, door,
    limits::{Place, Whole},
    local,
    routes::{self, Route},
    spelling,
};
use crate::{apigateway, cloudfront, cognito, faults::Cut, lambda, wire};

/// API Gateway's largest payload, and some room for its own refusal of what is larger.
const BODY_LIMIT: usize = 11 << 20;
/// Lambda's zip of 50 MB in base64, and some room.
const CODE_LIMIT: usize = 70 << 20;
/// The request line with its headers.
const HEAD_LIMIT: usize = 64 << 10;

/// The port that a connection came to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Port {
    Twin,
    /// Its origin is the inbox's page's alone.
    Inbox,
}

/// Serves a connection, unless it is refused, until it ends, or until `served` closes and the request under way is
/// answered.
pub(super) async fn connection(
    stream: TcpStream,
    port: Port,
    server: Arc<Server>,
    mut served: watch::Receiver<()>,
) {
    if let Err(refused) = server.door.admit(&stream).await {
        if let Some(line) = server.door.log_line(refused) {
            server.log(&line);
        }
        if let Ok(_turn) = server.turned_away.try_acquire() {
            door::refuse(stream, refused).await;
        }
        return;
    }
    let Some(place) = server.places.take() else {
        if let Ok(_turn) = server.turned_away.try_acquire() {
            door::busy(stream).await;
        }
        return;
    };
    let place = &place;
    // Without it, keep-alive costs 40 ms a call.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| {
        let server = Arc::clone(&server);
        async move {
            let response = answer(&server, port, request, place).await;
            place.waits();
            Ok::<_, Cut>(response?.map(Full::new))
        }
    });
    let mut connection = reader()
        .timer(TokioTimer::new())
        .header_read_timeout(server.limits.head)
        .serve_connection(TokioIo::new(stream), service);
    let ended = tokio::select! {
        ended = &mut connection => Some(ended),
        () = place.needed() => return,
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

/// How heads are read.
fn reader() -> http1::Builder {
    let mut reader = http1::Builder::new();
    reader.max_buf_size(HEAD_LIMIT).preserve_header_case(true);
    reader
}

/// Reads what a client sends on one connection, for the fuzz targets: of each request that is taken, the header names as
/// they are kept and as [`spelling::named`] has them.
pub(crate) async fn heads(sent: &[u8]) -> Vec<Vec<(String, String)>> {
    let heads = std::sync::Mutex::new(Vec::new());
    let service = service_fn(|request| {
        let heads = &heads;
        async move {
            if let Some(refusal) = routes::malformed(&request) {
                return Ok::<_, Cut>(refusal.map(Full::new));
            }
            let (mut request, _) = head(request);
            spelling::keep(&mut request).await;
            let named = spelling::named(&request);
            let kept = named.map(|(written, value)| {
                let same = request.headers().iter().find(|(name, known)| {
                    std::ptr::eq(*known, value) && name.as_str().eq_ignore_ascii_case(written)
                });
                let name = same.map_or("", |(name, _)| name.as_str());
                (name.to_owned(), written.to_owned())
            });
            let kept = kept.collect();
            heads
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .push(kept);
            Ok(Response::default().map(Full::new))
        }
    });
    let (near, mut far) = tokio::io::duplex(sent.len().max(1) + HEAD_LIMIT);
    let served = async {
        // The client has sent everything before it reads. What is no HTTP ends with an error.
        let _ = reader()
            .half_close(true)
            .serve_connection(TokioIo::new(near), service)
            .await;
    };
    let client = async {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let _ = far.write_all(sent).await;
        let _ = far.shutdown().await;
        let _ = far.read_to_end(&mut Vec::new()).await;
    };
    tokio::join!(served, client);
    heads
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Why a connection ended, if by a fault rule.
fn cut(error: &hyper::Error) -> Option<Cut> {
    error.source()?.downcast_ref::<Cut>().copied()
}

async fn answer(
    server: &Arc<Server>,
    port: Port,
    request: hyper::Request<Incoming>,
    place: &Place,
) -> Result<Response, Cut> {
    let started = Instant::now();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let (response, operation) = if let Some(refusal) = routes::malformed(&request) {
        (Ok(refusal), None)
    } else {
        match port {
            Port::Twin => twin(server, request, place).await,
            Port::Inbox => (Ok(inbox(server, request)), None),
        }
    };
    let status = response.as_ref().ok().map(Response::status);
    // The inbox page asks every two seconds.
    if status != Some(StatusCode::OK) || method != Method::GET || !path.starts_with("/_local") {
        let what = operation.unwrap_or(path);
        let ms = started.elapsed().as_millis();
        let status = status.map_or("-".to_owned(), |status| status.as_u16().to_string());
        server.log(&format!("{method} {what} {status} {ms} ms"));
    }
    response
}

/// A request without its body. That is all that decides where it goes.
fn head(request: hyper::Request<Incoming>) -> (Request, Incoming) {
    let (head, body) = request.into_parts();
    (Request::from_parts(head, Bytes::new()), body)
}

fn inbox(server: &Server, request: hyper::Request<Incoming>) -> Response {
    let (head, _) = head(request);
    match routes::inbox(&server.app, &head) {
        Ok(()) => local::serve_inbox(&server.app, &head),
        Err(refused) => refused.response(),
    }
}

/// The response, and the name of the operation when it is an API call.
async fn twin(
    server: &Arc<Server>,
    request: hyper::Request<Incoming>,
    place: &Place,
) -> (Result<Response, Cut>, Option<String>) {
    let (mut request, body) = head(request);
    let route = match Route::of(&server.app, &request) {
        Ok(route) => route,
        Err(refused) => return (Ok(refused.response()), None),
    };
    let limit = if request.uri().path().starts_with("/2015-03-31/functions") {
        CODE_LIMIT
    } else {
        BODY_LIMIT
    };
    place.reads();
    // The turn ends with the response.
    let Whole { bytes, turn: _turn } = match server.bodies.whole(body, limit).await {
        Ok(whole) => whole,
        Err(refusal) => return (Ok(refusal), None),
    };
    place.works();
    *request.body_mut() = bytes;
    serve(server, route, request).await
}

async fn serve(
    server: &Arc<Server>,
    route: Route,
    mut request: Request,
) -> (Result<Response, Cut>, Option<String>) {
    let app = &server.app;
    let response = match route {
        Route::Local => Some(local::serve(server, &request).await),
        Route::Edge => cloudfront::data_plane(app, &request).await,
        Route::Login => cognito::managed_login(app, &request).await,
        Route::Keys => {
            let keys = cognito::well_known(app, &request).await;
            keys.map(|mut response| {
                allow_any_origin(&mut response);
                response
            })
        }
        Route::Invoke => {
            spelling::keep(&mut request).await;
            apigateway::data_plane(app, &request).await
        }
        Route::FunctionUrl => lambda::serve_url(app, &request).await,
        Route::Preflight => Some(preflight(&request)),
        Route::SignIn | Route::Api => return wire::serve(app, &request).await,
    };
    // An alias that was removed meanwhile.
    let gone = || refusal(StatusCode::NOT_FOUND, "NotFoundException", "Not found");
    (Ok(response.unwrap_or_else(gone)), None)
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

pub(super) fn refusal(status: StatusCode, code: &'static str, message: &str) -> Response {
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
