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

/// An HTTP client for a few requests.
#[derive(Debug)]
pub struct Http(Connector);

/// An answer, whole.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Body, with what is not UTF-8 replaced.
    pub body: String,
}

/// A request that got no answer.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{method} {url}: {reason}")]
pub struct HttpError {
    method: &'static str,
    url: String,
    reason: String,
}

impl Http {
    /// A client for `url` and others of its scheme.
    pub fn new(url: &str) -> Self {
        Self(connector(url.starts_with("http://")))
    }

    /// GETs `url` with one extra header, when given.
    pub async fn get(&self, url: &str, header: Option<(&str, &str)>) -> Result<Answer, HttpError> {
        self.send("GET", url, header).await
    }

    /// Sends a request without body, by any method.
    pub async fn send(
        &self,
        method: &'static str,
        url: &str,
        header: Option<(&str, &str)>,
    ) -> Result<Answer, HttpError> {
        let error = |reason: String| HttpError {
            method,
            url: url.to_owned(),
            reason,
        };
        let mut request = HttpRequest::new(SdkBody::empty());
        request
            .set_method(method)
            .map_err(|e| error(e.to_string()))?;
        request.set_uri(url).map_err(|e| error(e.to_string()))?;
        if let Some((name, value)) = header {
            request
                .headers_mut()
                .try_insert(name.to_lowercase(), value.to_owned())
                .map_err(|e| error(e.to_string()))?;
        }
        let response = self
            .0
            .call(request)
            .await
            .map_err(|e| error(super::fault::chain(&e)))?;
        let status = response.status().as_u16();
        let body = ByteStream::new(response.into_body())
            .collect()
            .await
            .map_err(|e| error(e.to_string()))?;
        Ok(Answer {
            status,
            body: String::from_utf8_lossy(&body.into_bytes()).into_owned(),
        })
    }
}
