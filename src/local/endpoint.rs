//! The address of a local twin.

use std::{fmt, num::NonZeroU16, str::FromStr};

use serde::{Deserialize, Serialize};

/// `http://127.0.0.1:PORT` and nothing else, so that no file in a twin's folder can name another machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Endpoint(NonZeroU16);

/// A text that is not `http://127.0.0.1:PORT`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not http://127.0.0.1:PORT")]
pub struct NoEndpoint;

impl Endpoint {
    /// Its port.
    pub fn port(self) -> u16 {
        self.0.get()
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://127.0.0.1:{}", self.0)
    }
}

impl FromStr for Endpoint {
    type Err = NoEndpoint;

    fn from_str(text: &str) -> Result<Self, NoEndpoint> {
        let port = text.rsplit(':').next().and_then(|port| port.parse().ok());
        let endpoint = Self(port.ok_or(NoEndpoint)?);
        // Any other spelling is refused.
        (endpoint.to_string() == text)
            .then_some(endpoint)
            .ok_or(NoEndpoint)
    }
}

impl TryFrom<String> for Endpoint {
    type Error = NoEndpoint;

    fn try_from(text: String) -> Result<Self, NoEndpoint> {
        text.parse()
    }
}

impl From<Endpoint> for String {
    fn from(endpoint: Endpoint) -> Self {
        endpoint.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_only_loopback_with_a_port() {
        for (text, port) in [
            ("http://127.0.0.1:1", 1),
            ("http://127.0.0.1:4588", 4588),
            ("http://127.0.0.1:65535", 65535),
        ] {
            assert_eq!(text.parse().map(Endpoint::port), Ok(port));
        }
        for text in [
            "",
            "http://127.0.0.1",
            "http://127.0.0.1:",
            "http://127.0.0.1:0",
            "http://127.0.0.1:70000",
            "http://127.0.0.1:65536",
            "http://127.0.0.1:-1",
            "http://127.0.0.1:+80",
            "http://127.0.0.1:080",
            "http://127.0.0.1:80 ",
            " http://127.0.0.1:80",
            "http://127.0.0.1:80\n",
            "http://127.0.0.1:80/",
            "http://127.0.0.1:80/x:80",
            "http://127.0.0.1:80?x",
            "http://127.0.0.1:1@evil.example",
            "http://127.0.0.1:1@evil.example:80",
            "http://user@127.0.0.1:80",
            "http://127.0.0.1.evil.example:80",
            "http://127.0.0.2:80",
            "http://127.1:80",
            "http://0x7f000001:80",
            "http://0.0.0.0:80",
            "http://localhost:80",
            "http://[::1]:80",
            "http://[::ffff:127.0.0.1]:80",
            "http://evil.example:80",
            "https://127.0.0.1:80",
            "HTTP://127.0.0.1:80",
            "//127.0.0.1:80",
            "127.0.0.1:80",
            "http://127.0.0.1:٨٠",
        ] {
            assert_eq!(text.parse::<Endpoint>(), Err(NoEndpoint), "{text:?}");
        }
    }
}
