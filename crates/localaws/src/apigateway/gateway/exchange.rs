//! One request on its way through the gateway.

use std::collections::BTreeMap;

use hyper::body::Bytes;
use serde_json::{Map, Value};

use super::super::integration::Integration;
use crate::{app::now_ms, ids, server::Request, wire::percent};

pub(super) const TEST_STAGE: &str = "test-invoke-stage";

/// A request as the client sent it, or as a test says it.
#[derive(Debug)]
pub(super) struct Incoming {
    pub(super) http_method: String,
    /// Without the stage, as sent.
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Bytes,
}

/// All that an integration is told.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) account: String,
    pub(super) region: String,
    pub(super) api_id: String,
    pub(super) stage: String,
    /// None for a test.
    pub(super) deployment_id: Option<String>,
    pub(super) variables: BTreeMap<String, String>,
    pub(super) binary_media_types: Vec<String>,
    pub(super) resource_id: String,
    pub(super) resource_path: String,
    pub(super) parameters: BTreeMap<String, String>,
    pub(super) integration: Integration,
    /// Of the token, when a user pool vouches for it.
    pub(super) claims: Option<Map<String, Value>>,
    pub(super) incoming: Incoming,
    pub(super) ids: Ids,
}

/// What names a request in headers, events and logs.
#[derive(Debug, Clone)]
pub(super) struct Ids {
    pub(super) request_id: String,
    pub(super) extended_request_id: String,
    /// X-Ray's.
    pub(super) root: String,
}

impl Ids {
    pub(super) fn new() -> Self {
        let random: String = ids::uuid().chars().filter(|c| *c != '-').take(24).collect();
        Self {
            request_id: ids::uuid(),
            extended_request_id: format!("{}=", ids::mixed(15)),
            root: format!("Root=1-{:08x}-{random}", now_ms() / 1000),
        }
    }
}

impl Incoming {
    /// `None`: a path or query that is not properly encoded.
    pub(super) fn of(request: &Request, path: &str) -> Option<Self> {
        percent::decode(path, false)?;
        let text = |value: &hyper::header::HeaderValue| {
            String::from_utf8_lossy(value.as_bytes()).into_owned()
        };
        Some(Self {
            http_method: request.method().as_str().to_owned(),
            path: path.to_owned(),
            query: percent::pairs(request.uri().query().unwrap_or_default())?,
            headers: request
                .headers()
                .iter()
                .map(|(name, value)| (name.as_str().to_owned(), text(value)))
                .collect(),
            body: request.body().clone(),
        })
    }

    /// The last value of a header, the one that counts.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let named = |header: &&(String, String)| header.0.eq_ignore_ascii_case(name);
        self.headers
            .iter()
            .rev()
            .find(named)
            .map(|(_, value)| value.as_str())
    }
}

impl Exchange {
    pub(super) fn is_test(&self) -> bool {
        self.stage == TEST_STAGE
    }

    /// Who the function's resource policy has to let in.
    pub(super) fn source_arn(&self) -> String {
        format!(
            "arn:aws:execute-api:{}:{}:{}/{}/{}{}",
            self.region,
            self.account,
            self.api_id,
            self.stage,
            self.incoming.http_method,
            self.resource_path
        )
    }

    pub(super) fn domain_name(&self) -> String {
        format!("{}.execute-api.{}.amazonaws.com", self.api_id, self.region)
    }

    /// Whether a media type is one that the API treats as binary.
    pub(super) fn is_binary(&self, media_types: &str) -> bool {
        let first = media_types.split(',').next().unwrap_or_default();
        let media_type = first.split(';').next().unwrap_or_default().trim();
        self.binary_media_types.iter().any(|binary| {
            binary == "*/*"
                || (!media_type.is_empty() && binary.eq_ignore_ascii_case(media_type))
                || binary.strip_suffix("/*").is_some_and(|kind| {
                    media_type
                        .split_once('/')
                        .is_some_and(|(of, _)| of.eq_ignore_ascii_case(kind))
                })
        })
    }
}
