//! The doors of the twin: where a request goes, and whether its sender may pass. Both follow from the head alone, before a
//! body is read. docs/twin.md has them as a table.
//!
//! Signatures are not verified, so what a browser sends could be any web page's. Browsers send `Sec-Fetch-Site` with
//! each request to this machine (Safari since 16.4), and `Origin` with most; no other program sends either.

use hyper::{
    HeaderMap, Method, StatusCode, Version,
    header::{self, HeaderValue},
};

use super::{Request, Response, http::refusal, local};
use crate::{apigateway, app::App, cloudfront, cognito, lambda, wire};

/// A door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    /// `/_local/…`: mail and control.
    Local,
    /// A distribution.
    Edge,
    /// A user pool's domain.
    Login,
    /// A user pool's keys and discovery document.
    Keys,
    /// An API's invoke URL.
    Invoke,
    /// A function's own URL.
    FunctionUrl,
    /// A browser asks before it signs a user in.
    Preflight,
    /// An operation of Cognito that needs no credentials.
    SignIn,
    /// Any other API call.
    Api,
}

/// Why a sender may not pass: a 403.
#[derive(Debug)]
pub(super) struct Refused {
    code: &'static str,
    message: String,
}

impl Refused {
    fn new(message: impl Into<String>) -> Self {
        Self {
            code: "ForbiddenException",
            message: message.into(),
        }
    }

    pub(super) fn response(&self) -> Response {
        refusal(StatusCode::FORBIDDEN, self.code, &self.message)
    }
}

impl Route {
    /// Where a request to the twin's port goes, or why its sender may not pass. The body does not count.
    pub(super) fn of(app: &App, head: &Request) -> Result<Self, Refused> {
        let route = Self::find(app, head)?;
        let page = is_from_page(head.headers());
        match route {
            Self::Local => local_only(app, head, page)?,
            Self::Api if page => {
                let message = "labctl's local AWS serves web pages only what needs no credentials";
                return Err(Refused {
                    code: "AccessDeniedException",
                    ..Refused::new(message)
                });
            }
            _ => {}
        }
        Ok(route)
    }

    fn find(app: &App, head: &Request) -> Result<Self, Refused> {
        let host = host(head).unwrap_or_default();
        let ours = is_loopback(&host)
            || (app.config.aws_names && is_aws(&host))
            // HTTP/1.0, of a program.
            || (head.headers().get(header::HOST).is_none() && head.uri().authority().is_none());
        if !ours {
            // An alias of a distribution leads to its edge, and to nothing else.
            return cloudfront::is_alias(app, &host)
                .then_some(Self::Edge)
                .ok_or_else(|| foreign(app, &host));
        }
        Ok(if local::page(head).is_some() {
            Self::Local
        } else if cloudfront::is_edge(app, head) {
            Self::Edge
        } else if cognito::is_login(head) {
            Self::Login
        } else if cognito::is_keys(head) {
            Self::Keys
        } else if apigateway::is_invoke(head) {
            Self::Invoke
        } else if lambda::is_url(head) {
            Self::FunctionUrl
        } else if head.method() == Method::OPTIONS && head.uri().path() == "/" {
            Self::Preflight
        } else if wire::is_open(head) {
            Self::SignIn
        } else {
            Self::Api
        })
    }
}

/// A 400, as RFC 9112 (3.2) wants it: HTTP/1.1 without a Host, two of them, or one that is not the request line's.
pub(super) fn malformed<B>(head: &hyper::Request<B>) -> Option<Response> {
    let mut hosts = head.headers().get_all(header::HOST).iter();
    let why = match (hosts.next(), hosts.next(), head.uri().authority()) {
        (Some(_), Some(_), _) => "two Host headers",
        (None, ..) if head.version() == Version::HTTP_11 => "no Host header",
        (Some(host), None, Some(target))
            if !host
                .as_bytes()
                .eq_ignore_ascii_case(target.as_str().as_bytes()) =>
        {
            "a Host header that is not the request line's"
        }
        _ => return None,
    };
    let message = format!("The request has {why}");
    Some(refusal(
        StatusCode::BAD_REQUEST,
        "BadRequestException",
        &message,
    ))
}

/// Whether a browser sent it, for whatever page.
fn is_from_page(headers: &HeaderMap) -> bool {
    headers.contains_key("sec-fetch-site") || headers.contains_key(header::ORIGIN)
}

/// Mail and control: for programs on this machine, and on the twin's own port for no page. A page of the twin's own origin may
/// be a handler's.
fn local_only(app: &App, head: &Request, page: bool) -> Result<(), Refused> {
    let host = host(head).unwrap_or_default();
    if !matches!(host.as_str(), "" | "127.0.0.1" | "localhost" | "[::1]") {
        return Err(Refused::new("only for 127.0.0.1 and localhost"));
    }
    if page {
        let message = format!(
            "not for web pages, which could be a stranger's or a handler's; the inbox has an address of its own: {}/_local/",
            app.inbox()
        );
        return Err(Refused::new(message));
    }
    let meant = head.headers().get("x-localaws").is_some_and(|v| v == "1");
    if head.method() != Method::GET && !meant {
        return Err(Refused::new("the header 'x-localaws: 1' is missing"));
    }
    Ok(())
}

/// Whether a request to the inbox's port may pass: a program's, a visit of the page, and what the page itself asks for.
/// The page's origin is 127.0.0.1 with that port. Under `localhost` another user's program may listen there too, on `[::1]`.
pub(super) fn inbox(app: &App, head: &Request) -> Result<(), Refused> {
    if host(head).is_none_or(|host| host != "127.0.0.1") {
        let address = app.inbox();
        let message = format!("the inbox answers only to 127.0.0.1: {address}/_local/");
        return Err(Refused::new(message));
    }
    let headers = head.headers();
    let is = |name: &str, value: &str| only(headers, name).is_some_and(|given| given == value);
    let visit = matches!(local::page(head), Some("" | "/"))
        && head.method() == Method::GET
        && is("sec-fetch-mode", "navigate")
        && is("sec-fetch-dest", "document");
    let own = is("sec-fetch-site", "same-origin")
        && (!headers.contains_key(header::ORIGIN) || is_own_origin(headers));
    if !is_from_page(headers) || visit || own {
        return Ok(());
    }
    Err(Refused::new("only for the inbox's own page"))
}

fn is_own_origin(headers: &HeaderMap) -> bool {
    let origin = only(headers, "origin").map(HeaderValue::as_bytes);
    let host = only(headers, "host").map(HeaderValue::as_bytes);
    origin.is_some_and(|origin| origin.strip_prefix(b"http://") == host)
}

/// A header's value, if it has one and no more.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a HeaderValue> {
    let mut all = headers.get_all(name).iter();
    all.next().filter(|_| all.next().is_none())
}

/// The name in the Host header (or the request line), without the port, in small letters. What cannot be read is
/// nobody's name, and so are two names.
pub(crate) fn host(request: &Request) -> Option<String> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().unwrap_or("?"),
        (None, _) => request.uri().authority()?.as_str(),
        (Some(_), Some(_)) => "?",
    };
    let end = if host.starts_with('[') {
        host.find(']').map(|end| end + 1)
    } else {
        host.find(':')
    };
    let (name, rest) = host.split_at(end.unwrap_or(host.len()));
    let port = rest.strip_prefix(':').unwrap_or(rest);
    let is_port = port.bytes().all(|b| b.is_ascii_digit());
    Some(if is_port { name } else { host }.to_ascii_lowercase())
}

/// Names that the public DNS gives to AWS alone. Whoever forges a network's answers can give them to 127.0.0.1.
fn is_aws(host: &str) -> bool {
    [
        ".amazonaws.com",
        ".amazoncognito.com",
        ".cloudfront.net",
        ".on.aws",
    ]
    .iter()
    .any(|name| host.ends_with(name))
}

fn is_loopback(host: &str) -> bool {
    matches!(host, "127.0.0.1" | "localhost" | "[::1]") || host.ends_with(".localhost")
}

/// A name that a web page may have rebound to 127.0.0.1.
fn foreign(app: &App, host: &str) -> Refused {
    let instead = if is_aws(host) {
        "`labctl local start --aws-names` lets requests use AWS's names".to_owned()
    } else {
        let port = app.endpoint().rsplit(':').next().unwrap_or_default();
        format!(
            "from another machine, forward the port and use its address here: `ssh -L {port}:127.0.0.1:{port} HOST`, or \
             Codespaces and Remote-SSH in VS Code's desktop app. The address that Codespaces gives to a browser does not \
             work, and `--any-user` changes nothing about it"
        )
    };
    Refused::new(format!(
        "labctl's local AWS answers only to 127.0.0.1, localhost and aliases of distributions; {instead}"
    ))
}

#[cfg(test)]
mod tests {
    use hyper::body::Bytes;

    use super::*;

    #[test]
    fn foreign_hosts_are_told_apart() {
        let named = |names: &[&str]| {
            let mut request = hyper::Request::builder();
            for name in names {
                request = request.header("host", *name);
            }
            let request = request.body(Bytes::new()).expect("well-formed");
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
            assert!(named(&[ours]), "{ours}");
        }
        for foreign in [
            "example.com",
            "localhost.example.com:80",
            "127.0.0.1.nip.io",
            "evillocalhost",
            "",
            "[",
            "0",
            "localhost:1@evil.com",
            "localhost:80:80",
            "[::1]evil.com",
            "127.0.0.1:x",
            "localhost, evil.com",
            "localhost.",
        ] {
            assert!(!named(&[foreign]), "{foreign}");
        }
        assert!(!named(&["localhost", "localhost"]));
        assert!(!named(&["localhost", "evil.com"]));
    }
}
