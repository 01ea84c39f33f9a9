//! A listener on loopback for the one request that a sign-in in a browser ends with. Who may pass is decided from the
//! request's head; no body is read.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};

use http_body_util::Full;
use hyper::{
    Method, StatusCode,
    body::{Bytes, Incoming},
    header::{self, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, mpsc, oneshot},
};

/// A browser opens few connections at once; who opens more waits.
const MOST_AT_ONCE: usize = 16;
/// How long a request's head may take.
const HEAD: Duration = Duration::from_secs(10);
/// Bytes of a request's head.
const MOST_HEAD: usize = 64 << 10;

/// A callback URL that leads to this machine, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Callback {
    /// As lab.yaml has it: Cognito compares letter by letter.
    pub url: String,
    /// Host and port, as a browser sends them.
    authority: String,
    host: String,
    port: u16,
    path: String,
}

impl Callback {
    /// `None`: a browser would not bring the code to a listener of labctl there.
    pub fn of(url: &str) -> Option<Self> {
        let rest = url.strip_prefix("http://")?;
        let (authority, path) = match rest.find(['/', '?']) {
            Some(at) => rest.split_at(at),
            None => (rest, "/"),
        };
        let (host, port) = authority.rsplit_once(':')?;
        // A query of the callback's own would have to be told from Cognito's parameters.
        if !matches!(host, "localhost" | "127.0.0.1" | "[::1]") || path.contains('?') {
            return None;
        }
        Some(Self {
            url: url.to_owned(),
            authority: authority.to_owned(),
            host: host.to_owned(),
            port: port.parse().ok().filter(|port| *port > 0)?,
            path: path.to_owned(),
        })
    }

    /// Where a browser may look for the host: all of it has to be ours.
    fn addresses(&self) -> Vec<IpAddr> {
        let (v4, v6) = (Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into());
        match self.host.as_str() {
            "127.0.0.1" => vec![v4],
            "[::1]" => vec![v6],
            _ => vec![v4, v6],
        }
    }

    /// Takes the port, on loopback only.
    pub async fn listen(&self) -> io::Result<Vec<TcpListener>> {
        let mut listeners = Vec::new();
        for address in self.addresses() {
            match TcpListener::bind(SocketAddr::new(address, self.port)).await {
                Ok(listener) => listeners.push(listener),
                // A machine without IPv6.
                Err(error)
                    if address.is_ipv6()
                        && !listeners.is_empty()
                        && error.kind() != io::ErrorKind::AddrInUse => {}
                Err(error) => return Err(error),
            }
        }
        Ok(listeners)
    }
}

/// What the browser brought.
pub enum Brought {
    /// The code.
    Code(String),
    /// Why there is none: `error` and its description.
    Error(String),
}

/// The browser is here, and waits for what to show.
pub struct Arrival {
    /// What it brought.
    pub brought: Brought,
    show: oneshot::Sender<(StatusCode, String)>,
    shown: Option<oneshot::Receiver<()>>,
}

impl Arrival {
    /// Shows a sentence in the browser. Returns when it is sent.
    pub async fn show(self, ok: bool, text: &str) {
        let status = if ok {
            StatusCode::OK
        } else {
            StatusCode::BAD_REQUEST
        };
        let _ = self.show.send((status, text.to_owned()));
        if let Some(shown) = self.shown {
            let _ = tokio::time::timeout(HEAD, shown).await;
        }
    }
}

/// What all connections know.
struct Door {
    callback: Callback,
    state: String,
    arrivals: mpsc::Sender<Arrival>,
    /// Who may connect: the browser is this user's. Where the system cannot tell, all may.
    peers: localaws::Door,
}

/// Waits for the browser that comes back with `state`. Anything else is answered, and waited on.
pub async fn arrival(
    listeners: Vec<TcpListener>,
    callback: &Callback,
    state: &str,
) -> Option<Arrival> {
    let (arrivals, mut arrived) = mpsc::channel(1);
    let door = Arc::new(Door {
        callback: callback.clone(),
        state: state.to_owned(),
        arrivals,
        peers: localaws::Door::new(false).unwrap_or(localaws::Door::Open),
    });
    let places = Arc::new(Semaphore::new(MOST_AT_ONCE));
    let tasks: Vec<_> = listeners
        .into_iter()
        .map(|listener| {
            let (door, places) = (Arc::clone(&door), Arc::clone(&places));
            tokio::spawn(async move {
                while let Ok(place) = Arc::clone(&places).acquire_owned().await {
                    // Without descriptors there is nothing to do but to wait for some.
                    let Ok((stream, _)) = listener.accept().await else {
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        continue;
                    };
                    let door = Arc::clone(&door);
                    tokio::spawn(async move {
                        serve(door, stream).await;
                        drop(place);
                    });
                }
            })
        })
        .collect();
    let arrival = arrived.recv().await;
    // Nobody else is waited for.
    tasks.iter().for_each(tokio::task::JoinHandle::abort);
    arrival
}

/// One connection, with one request.
async fn serve(door: Arc<Door>, stream: TcpStream) {
    // Another user's program is neither heard nor answered: it could hand in a sign-in of its own.
    if door.peers.admit(&stream).await.is_err() {
        return;
    }
    let (gone, shown) = oneshot::channel();
    let shown = Mutex::new(Some(shown));
    let answer = service_fn(|request: hyper::Request<Incoming>| {
        let shown = shown
            .lock()
            .map(|mut shown| shown.take())
            .unwrap_or_default();
        let door = Arc::clone(&door);
        async move { Ok::<_, Infallible>(door.answer(&request, shown).await) }
    });
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(MOST_HEAD)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), answer)
        .await;
    let _ = gone.send(());
}

impl Door {
    async fn answer(
        &self,
        request: &hyper::Request<Incoming>,
        shown: Option<oneshot::Receiver<()>>,
    ) -> hyper::Response<Full<Bytes>> {
        let brought = match self.admit(request) {
            Ok(brought) => brought,
            Err((status, text)) => return page(status, text),
        };
        let (show, what) = oneshot::channel();
        let arrival = Arrival {
            brought,
            show,
            shown,
        };
        if self.arrivals.try_send(arrival).is_err() {
            return page(
                StatusCode::CONFLICT,
                "labctl has taken this sign-in already.",
            );
        }
        match what.await {
            Ok((status, text)) => page(status, &text),
            Err(_) => page(
                StatusCode::GONE,
                "labctl waits no more: run `labctl login` again.",
            ),
        }
    }

    /// What a request brings, by its head.
    fn admit(
        &self,
        request: &hyper::Request<Incoming>,
    ) -> Result<Brought, (StatusCode, &'static str)> {
        let stray = "This address is for the end of a sign-in that `labctl login` began.";
        let host = request.headers().get(header::HOST);
        if host.is_none_or(|host| host.as_bytes() != self.callback.authority.as_bytes()) {
            return Err((StatusCode::MISDIRECTED_REQUEST, stray));
        }
        if request.uri().path() != self.callback.path {
            return Err((StatusCode::NOT_FOUND, stray));
        }
        if request.method() != Method::GET {
            return Err((StatusCode::METHOD_NOT_ALLOWED, stray));
        }
        let given = parameters(request.uri().query().unwrap_or_default());
        let get = |name: &str| given.get(name).cloned();
        if get("state").is_none_or(|state| state != self.state) {
            let other = "This is not the sign-in that labctl waits for. Use the address that it printed last.";
            return Err((StatusCode::BAD_REQUEST, other));
        }
        match (get("code"), get("error")) {
            (_, Some(error)) => Ok(Brought::Error(match get("error_description") {
                Some(why) => format!("{error}: {why}"),
                None => error,
            })),
            (Some(code), None) => Ok(Brought::Code(code)),
            (None, None) => Err((StatusCode::BAD_REQUEST, stray)),
        }
    }
}

/// The first of each name.
fn parameters(query: &str) -> BTreeMap<String, String> {
    let mut given = BTreeMap::new();
    for pair in query.split('&').filter_map(|pair| pair.split_once('=')) {
        let (name, value) = (
            crate::verify::unescaped(pair.0),
            crate::verify::unescaped(pair.1),
        );
        given.entry(name).or_insert(value);
    }
    given
}

/// A page with one sentence. It has no script and loads nothing; the address of the page, with the code, is not passed on.
fn page(status: StatusCode, text: &str) -> hyper::Response<Full<Bytes>> {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    let body = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>labctl login</title>\n\
         <style>:root {{ color-scheme: light dark; }} body {{ font: 18px/1.5 system-ui, sans-serif; max-width: 32rem; \
         margin: 20vh auto 0; padding: 0 1rem; text-align: center; overflow-wrap: anywhere; }}</style>\n<p>{text}</p>\n</html>\n"
    );
    let mut response = hyper::Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-store"),
        (
            "content-security-policy",
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
        ),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
    ] {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::Callback;

    #[test]
    fn only_loopback_over_http_with_a_port() {
        let known = Callback::of("http://localhost:8000").expect("a callback");
        assert_eq!((known.path.as_str(), known.port), ("/", 8000));
        assert_eq!(known.addresses().len(), 2);
        let deep = Callback::of("http://127.0.0.1:9/a/b").expect("a callback");
        assert_eq!((deep.path.as_str(), deep.addresses().len()), ("/a/b", 1));
        for other in [
            "https://localhost:8000/",
            "http://localhost/",
            "http://localhost:0/",
            "http://localhost:99999/",
            "http://localhost.example:8000/",
            "http://0.0.0.0:8000/",
            "http://you@localhost:8000/",
            "http://localhost:8000/?a=b",
            "app://localhost:8000/",
        ] {
            assert_eq!(Callback::of(other), None, "{other}");
        }
    }
}
