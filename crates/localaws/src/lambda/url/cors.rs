//! CORS of a function URL: Lambda answers preflights itself, and its headers replace those of the function. Source:
//! "Creating and managing Lambda function URLs" in Lambda's documentation.

use hyper::{
    HeaderMap, Method, StatusCode,
    body::Bytes,
    header::{HeaderName, HeaderValue, ORIGIN},
};
use serde::{Deserialize, Serialize};

use crate::server::{Request, Response};

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
pub(super) struct Cors {
    #[serde(skip_serializing_if = "Option::is_none")]
    allow_credentials: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allow_headers: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allow_methods: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allow_origins: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expose_headers: Option<Vec<String>>,
    /// Seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_age: Option<u32>,
}

fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}

impl Cors {
    /// What `Access-Control-Allow-Origin` says to a request; `None`: its origin is not let in.
    fn origin(&self, request: &Request) -> Option<String> {
        let asked = request.headers().get(ORIGIN)?.to_str().ok()?;
        let origins = self.allow_origins.as_deref().unwrap_or_default();
        let all = origins.iter().any(|origin| origin == "*");
        let named = origins
            .iter()
            .any(|origin| origin.eq_ignore_ascii_case(asked));
        match (all, self.allow_credentials) {
            // Browsers take no star with credentials.
            (true, None | Some(false)) => Some("*".to_owned()),
            (true, Some(true)) => Some(asked.to_owned()),
            (false, _) => named.then(|| asked.to_owned()),
        }
    }

    pub(super) fn preflight(&self, request: &Request) -> Option<Response> {
        let asks = request
            .headers()
            .contains_key("access-control-request-method");
        if request.method() != Method::OPTIONS || !asks {
            return None;
        }
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = StatusCode::OK;
        let headers = response.headers_mut();
        self.apply(request, headers);
        if self.origin(request).is_some() {
            for (name, list) in [
                ("access-control-allow-methods", &self.allow_methods),
                ("access-control-allow-headers", &self.allow_headers),
            ] {
                if let Some(list) = list {
                    set(headers, name, &list.join(","));
                }
            }
            if let Some(seconds) = self.max_age {
                set(headers, "access-control-max-age", &seconds.to_string());
            }
        }
        Some(response)
    }

    pub(super) fn apply(&self, request: &Request, headers: &mut HeaderMap) {
        let of_cors = |name: &&HeaderName| name.as_str().starts_with("access-control-");
        let own: Vec<HeaderName> = headers.keys().filter(of_cors).cloned().collect();
        for name in own {
            headers.remove(name);
        }
        let Some(origin) = self.origin(request) else {
            return;
        };
        set(headers, "access-control-allow-origin", &origin);
        set(headers, "vary", "Origin");
        if self.allow_credentials == Some(true) {
            set(headers, "access-control-allow-credentials", "true");
        }
        if let Some(list) = &self.expose_headers {
            set(headers, "access-control-expose-headers", &list.join(","));
        }
    }
}
