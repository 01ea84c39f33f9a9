//! Integrations: what a method calls. Lambda proxies and MOCK are served.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{
    api::{self, MethodPlace},
    fault,
    responses::{IntegrationResponse, plain_template},
};
use crate::{
    app::App,
    call::{Answer, ApiError, Call, answer, empty},
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Type {
    Aws,
    AwsProxy,
    Http,
    HttpProxy,
    Mock,
}

/// `Integration` of the model.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "AWS's names")]
pub(super) struct Integration {
    #[serde(rename = "type")]
    pub(super) kind: Type,
    /// How the backend is called, not how the method is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) http_method: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) uri: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    request_parameters: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) request_templates: BTreeMap<String, String>,
    passthrough_behavior: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_handling: Option<String>,
    pub(super) timeout_in_millis: u64,
    cache_namespace: String,
    cache_key_parameters: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_transfer_mode: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) integration_responses: BTreeMap<String, IntegrationResponse>,
    /// Statuses of the method's own responses; set where it is called.
    #[serde(skip)]
    pub(super) declared: BTreeSet<String>,
}

impl Integration {
    /// Stands where no method is called, and so nothing behind it.
    pub(super) fn none() -> Self {
        Self {
            kind: Type::Mock,
            http_method: None,
            uri: None,
            request_parameters: BTreeMap::new(),
            request_templates: BTreeMap::new(),
            passthrough_behavior: String::new(),
            content_handling: None,
            timeout_in_millis: 0,
            cache_namespace: String::new(),
            cache_key_parameters: Vec::new(),
            response_transfer_mode: None,
            integration_responses: BTreeMap::new(),
            declared: BTreeSet::new(),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PutInput {
    #[serde(flatten)]
    place: MethodPlace,
    #[serde(rename = "type")]
    kind: Type,
    integration_http_method: Option<String>,
    uri: Option<String>,
    connection_type: Option<String>,
    credentials: Option<String>,
    #[serde(default)]
    request_parameters: BTreeMap<String, String>,
    #[serde(default)]
    request_templates: BTreeMap<String, String>,
    passthrough_behavior: Option<String>,
    cache_namespace: Option<String>,
    #[serde(default)]
    cache_key_parameters: Vec<String>,
    content_handling: Option<String>,
    timeout_in_millis: Option<i64>,
    response_transfer_mode: Option<String>,
}

impl PutInput {
    fn integration(self) -> Result<(MethodPlace, Integration), ApiError> {
        self.check_served()?;
        match self.kind {
            Type::AwsProxy => self.check_lambda()?,
            _ => {
                for template in self.request_templates.values() {
                    plain_template(template, "requestTemplates")?;
                }
            }
        }
        let timeout = self.timeout_in_millis.unwrap_or(29_000);
        let timeout_in_millis = u64::try_from(timeout)
            .ok()
            .filter(|ms| (50..=29_000).contains(ms))
            .ok_or_else(|| fault::bad_request("Timeout should be between 50 ms and 29000 ms"))?;
        let passthrough_behavior = self
            .passthrough_behavior
            .unwrap_or("WHEN_NO_MATCH".to_owned());
        if !["WHEN_NO_MATCH", "WHEN_NO_TEMPLATES", "NEVER"].contains(&passthrough_behavior.as_str())
        {
            return Err(fault::bad_request(
                "Invalid passthrough behavior specified. Must be one of: [WHEN_NO_MATCH, WHEN_NO_TEMPLATES, NEVER]",
            ));
        }
        let proxy = self.kind == Type::AwsProxy;
        let integration = Integration {
            kind: self.kind,
            http_method: self.integration_http_method,
            uri: self.uri.filter(|_| proxy),
            request_parameters: self.request_parameters,
            request_templates: self.request_templates,
            passthrough_behavior,
            content_handling: self.content_handling,
            timeout_in_millis,
            cache_namespace: self
                .cache_namespace
                .unwrap_or(self.place.resource_id.clone()),
            cache_key_parameters: self.cache_key_parameters,
            response_transfer_mode: proxy.then(|| "BUFFERED".to_owned()),
            integration_responses: BTreeMap::new(),
            declared: BTreeSet::new(),
        };
        Ok((self.place, integration))
    }

    fn check_served(&self) -> Result<(), ApiError> {
        let kind = match self.kind {
            Type::Aws => Some("AWS"),
            Type::Http => Some("HTTP"),
            Type::HttpProxy => Some("HTTP_PROXY"),
            Type::AwsProxy | Type::Mock => None,
        };
        if let Some(kind) = kind {
            return Err(fault::not_served(&format!("integrations of type {kind}")));
        }
        let is = |given: &Option<String>, value: &str| given.as_deref() == Some(value);
        let unserved = [
            (self.credentials.is_some(), "integrations with credentials"),
            (
                is(&self.connection_type, "VPC_LINK"),
                "integrations with a VPC_LINK",
            ),
            (
                is(&self.content_handling, "CONVERT_TO_BINARY"),
                "integrations with contentHandling CONVERT_TO_BINARY",
            ),
            (
                is(&self.response_transfer_mode, "STREAM"),
                "integrations with responseTransferMode STREAM",
            ),
        ];
        match unserved.iter().find(|(given, _)| *given) {
            Some((_, what)) => Err(fault::not_served(what)),
            None => Ok(()),
        }
    }

    fn check_lambda(&self) -> Result<(), ApiError> {
        if self
            .integration_http_method
            .as_deref()
            .is_none_or(str::is_empty)
        {
            return Err(fault::bad_request(
                "Enumeration value for HttpMethod must be non-empty",
            ));
        }
        let uri = self.uri.as_deref().unwrap_or_default();
        let mut parts = uri.splitn(6, ':');
        let mut next = || parts.next().unwrap_or_default();
        let (arn, _, of, region, service) = (next(), next(), next(), next(), next());
        let action = parts.next();
        if arn != "arn" || region.is_empty() {
            return Err(fault::bad_request("Invalid ARN specified in the request"));
        }
        // Other ARNs, such as the function's own, have none of both (LocalStack's `test_put_integration_aws_proxy_uri`).
        if !action.is_some_and(|a| a.starts_with("path/") || a.starts_with("action/")) {
            return Err(fault::bad_request(
                "AWS ARN for integration must contain path or action",
            ));
        }
        if of != "apigateway" || service != "lambda" || function_of(uri).is_none() {
            return Err(fault::bad_request(
                "Integrations of type 'AWS_PROXY' currently only supports Lambda function \
                 and Firehose stream invocations.",
            ));
        }
        Ok(())
    }
}

/// The function's ARN in an integration URI.
pub(super) fn function_of(uri: &str) -> Option<&str> {
    let (_, function) = uri.split_once(":lambda:path/2015-03-31/functions/")?;
    let function = function.strip_suffix("/invocations")?;
    function.starts_with("arn:aws:lambda:").then_some(function)
}

/// A new integration each time: its responses have to be put anew, too.
pub(super) fn put(app: &App, call: &Call) -> Answer {
    let (place, integration) = call.input::<PutInput>()?.integration()?;
    api::change_method(app, call, &place, |api| {
        let method = api.method_mut(&place)?;
        let shown = answer(&integration)?;
        method.method_integration = Some(integration);
        Ok(shown)
    })
}

pub(super) fn get(app: &App, call: &Call) -> Answer {
    let place: MethodPlace = call.input()?;
    api::read_method(app, call, &place, |api| {
        let integration = api.method(&place)?.method_integration.as_ref();
        answer(integration.ok_or_else(|| fault::absent("Integration"))?)
    })
}

pub(super) fn delete(app: &App, call: &Call) -> Answer {
    let place: MethodPlace = call.input()?;
    api::change_method(app, call, &place, |api| {
        let taken = api.method_mut(&place)?.method_integration.take();
        taken.ok_or_else(|| fault::absent("Integration"))?;
        empty()
    })
}
