//! Plain HTTP, with the client that the SDKs use: for `verify`, which calls the API as a student
//! does, and for the local twin's own pages.

use std::time::Duration;

use aws_smithy_http_client::{Connector, proxy::ProxyConfig, tls};
use aws_smithy_runtime_api::client::{
    http::{
        HttpConnector, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector, http_client_fn,
    },
    orchestrator::HttpRequest,
};
use aws_smithy_types::{body::SdkBody, byte_stream::ByteStream};

/// One connection pool for all services. `plain`: HTTP only, for loopback.
pub(super) fn client(plain: bool) -> SharedHttpClient {
    let connector = SharedHttpConnector::new(connector(plain));
    http_client_fn(move |_, _| connector.clone())
}

fn connector(plain: bool) -> Connector {
    let settings = HttpConnectorSettings::builder()
        .connect_timeout(Duration::from_secs(5))
        .read_timeout(Duration::from_mins(1))
        .build();
    let builder = Connector::builder().connector_settings(settings);
    if plain {
        return builder.build_http();
    }
    builder
        .proxy_config(ProxyConfig::from_env())
        .tls_provider(tls::Provider::Rustls(
            tls::rustls_provider::CryptoMode::Ring,
        ))
        .build()
}

/// The most bytes of an answer that are read: many times AWS's largest.
const LIMIT: usize = 64 << 20;

/// An HTTP client for a few requests.
#[derive(Debug)]
pub struct Http {
    connector: Connector,
    limit: usize,
}

/// A request, whole.
#[derive(Debug, Clone)]
pub struct Request {
    /// e.g. `GET`.
    pub method: String,
    /// `https://…`.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// Empty for none.
    pub body: Vec<u8>,
}

impl Request {
    /// A request without headers and body.
    pub fn new(method: &str, url: &str) -> Self {
        Self {
            method: method.to_owned(),
            url: url.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// The same with one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// An answer, whole.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// Body, with what is not UTF-8 replaced.
    pub body: String,
    /// Body, as it came.
    pub raw: Vec<u8>,
}

impl Answer {
    /// The first header of this name (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

/// A request that got no answer.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{method} {url}: {reason}")]
pub struct HttpError {
    method: String,
    url: String,
    reason: String,
}

impl Http {
    /// A client for `url` and others of its scheme.
    pub fn new(url: &str) -> Self {
        Self {
            connector: connector(url.starts_with("http://")),
            limit: LIMIT,
        }
    }

    /// The same client, which fails on answers of more than `limit` bytes.
    #[must_use]
    pub fn at_most(self, limit: usize) -> Self {
        Self { limit, ..self }
    }

    /// GETs `url` with one extra header, when given.
    pub async fn get(&self, url: &str, header: Option<(&str, &str)>) -> Result<Answer, HttpError> {
        let request = Request::new("GET", url);
        self.send(&match header {
            Some((name, value)) => request.header(name, value),
            None => request,
        })
        .await
    }

    /// Sends a request.
    pub async fn send(&self, wanted: &Request) -> Result<Answer, HttpError> {
        let error = |reason: String| HttpError {
            method: wanted.method.clone(),
            url: wanted.url.clone(),
            reason,
        };
        let mut request = HttpRequest::new(SdkBody::from(wanted.body.clone()));
        request
            .set_method(&wanted.method)
            .map_err(|e| error(e.to_string()))?;
        request
            .set_uri(wanted.url.as_str())
            .map_err(|e| error(e.to_string()))?;
        for (name, value) in &wanted.headers {
            request
                .headers_mut()
                .try_insert(name.to_lowercase(), value.clone())
                .map_err(|e| error(e.to_string()))?;
        }
        let response = self
            .connector
            .call(request)
            .await
            .map_err(|e| error(super::fault::chain(&e)))?;
        let status = response.status().as_u16();
        let headers = response.headers().iter();
        let headers = headers
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        let mut chunks = ByteStream::new(response.into_body());
        let mut body = Vec::new();
        while let Some(chunk) = chunks.next().await {
            body.extend(chunk.map_err(|e| error(e.to_string()))?);
            if body.len() > self.limit {
                return Err(error(format!("more than {} bytes", self.limit)));
            }
        }
        Ok(Answer {
            status,
            headers,
            body: String::from_utf8_lossy(&body).into_owned(),
            raw: body,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::TcpListener,
    };

    use super::Http;

    #[tokio::test]
    async fn limits_answers() {
        for (head, limit, wanted) in [
            ("content-length: 5\r\n\r\n", 5, Some("12345")),
            ("content-length: 5\r\n\r\n", 4, None),
            ("content-length: 0\r\n\r\n", 0, Some("")),
            ("\r\n", 5, Some("12345")),
            ("\r\n", 4, None),
        ] {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
            let url = format!("http://{}/", listener.local_addr().expect("an address"));
            let body = if head.contains(": 0") { "" } else { "12345" };
            let answers = std::thread::spawn(move || {
                let (mut stream, _) = listener.accept().expect("a client");
                let _ = stream.read(&mut [0; 1024]);
                write!(stream, "HTTP/1.1 200 OK\r\n{head}{body}")
            });
            let answer = Http::new(&url).at_most(limit).get(&url, None).await;
            let body = answer.ok().map(|answer| answer.body);
            assert_eq!(body.as_deref(), wanted, "{head:?} {limit}");
            answers.join().expect("no panic").expect("it is sent");
        }
    }
}
