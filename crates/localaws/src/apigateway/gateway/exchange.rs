//! One request on its way through the gateway.

use std::{collections::BTreeMap, sync::Arc};

use hyper::body::Bytes;
use serde_json::{Map, Value};

use super::{
    super::integration::Integration, iam::Principal, lambda_authorizer::Output, usage::Key,
};
use crate::{
    app::now_ms,
    iam::Context,
    ids,
    server::{Request, named},
    wire::percent,
};

pub(super) const TEST_STAGE: &str = "test-invoke-stage";
/// Where every request of the twin comes from.
pub(super) const SOURCE_IP: &str = "127.0.0.1";

/// A request as the client sent it, or as a test says it.
#[derive(Debug)]
pub(super) struct Incoming {
    pub(super) http_method: String,
    /// Without the stage, as sent.
    pub(super) sent: String,
    /// The same with one slash at its beginning, however many were sent (LocalStack's recording
    /// `test_lambda_aws_proxy_integration`).
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    /// Names as the client wrote them.
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
    /// Whether the API's endpoint is of type `EDGE`.
    pub(super) edge_optimized: bool,
    pub(super) resource_id: String,
    pub(super) resource_path: String,
    pub(super) parameters: BTreeMap<String, String>,
    pub(super) integration: Integration,
    pub(super) caller: Caller,
    /// For a method that needs one.
    pub(super) api_key: Option<Key>,
    pub(super) incoming: Incoming,
    pub(super) ids: Ids,
}

/// Who calls, as far as anybody asked.
#[derive(Debug)]
pub(super) enum Caller {
    Anyone,
    /// The claims of a user pool's token.
    Claims(Map<String, Value>),
    /// Whom a Lambda authorizer let in.
    Custom(Arc<Output>),
    /// Who signed.
    Signed(Principal),
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
            sent: path.to_owned(),
            path: one_slash(path),
            query: percent::pairs(request.uri().query().unwrap_or_default())?,
            headers: named(request)
                .map(|(name, value)| (name.to_owned(), text(value)))
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

/// The path with one slash at its beginning.
pub(super) fn one_slash(path: &str) -> String {
    format!("/{}", path.trim_start_matches('/'))
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

    /// What policies are asked about: the path as it was sent, not the resource's.
    pub(super) fn method_arn(&self) -> String {
        format!(
            "arn:aws:execute-api:{}:{}:{}/{}/{}{}",
            self.region,
            self.account,
            self.api_id,
            self.stage,
            self.incoming.http_method,
            self.incoming.path
        )
    }

    /// What conditions of policies may ask about the request.
    pub(super) fn context(&self) -> Context {
        let header = |name: &str| self.incoming.header(name).map(str::to_owned);
        Context::default()
            .with("aws:SourceIp", [SOURCE_IP.to_owned()])
            .with("aws:RequestedRegion", [self.region.clone()])
            .with("aws:UserAgent", header("user-agent"))
            .with("aws:Referer", header("referer"))
            // An invoke URL of AWS is https, and not in a VPC.
            .with("aws:SecureTransport", ["true".to_owned()])
            .with("aws:SourceVpc", [])
            .with("aws:SourceVpce", [])
    }

    pub(super) fn domain_name(&self) -> String {
        format!("{}.execute-api.{}.amazonaws.com", self.api_id, self.region)
    }

    /// Whether a media type is one that the API treats as binary. One with a star in it is none (LocalStack's
    /// `test_aws_proxy_binary_response`), unless all are.
    pub(super) fn is_binary(&self, media_types: &str) -> bool {
        let first = media_types.split(',').next().unwrap_or_default();
        let media_type = first.split(';').next().unwrap_or_default().trim();
        self.binary_media_types.iter().any(|binary| {
            binary == "*/*"
                || (!media_type.is_empty()
                    && !media_type.contains('*')
                    && binary.eq_ignore_ascii_case(media_type))
                || binary.strip_suffix("/*").is_some_and(|kind| {
                    media_type
                        .split_once('/')
                        .is_some_and(|(of, _)| of.eq_ignore_ascii_case(kind))
                })
        })
    }
}
