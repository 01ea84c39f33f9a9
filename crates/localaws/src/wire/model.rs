//! The reduced official service models (see `scripts/reduce-models.py`), read on first use.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;

use super::pattern::Pattern;
use crate::call::Service;

#[derive(Debug, Deserialize)]
pub(crate) struct Model {
    pub(crate) metadata: Metadata,
    pub(crate) operations: BTreeMap<String, Operation>,
    /// Operations of AWS that the twin does not serve: name → `METHOD uri`.
    pub(crate) others: BTreeMap<String, String>,
    shapes: BTreeMap<String, Shape>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Metadata {
    pub(crate) protocol: Protocol,
    pub(crate) target_prefix: Option<String>,
    pub(crate) api_version: String,
    pub(crate) xml_namespace: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Protocol {
    Query,
    Json,
    RestJson,
    RestXml,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Operation {
    pub(crate) http: Http,
    pub(crate) input: Option<Ref>,
    pub(crate) output: Option<Output>,
    /// Names of the modelled error shapes.
    pub(crate) errors: Vec<String>,
    /// `none`: served without credentials.
    authtype: Option<String>,
}

impl Operation {
    /// Whether it needs no credentials.
    pub(crate) fn is_open(&self) -> bool {
        self.authtype.as_deref() == Some("none")
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Http {
    pub(crate) method: String,
    pub(crate) request_uri: String,
    pub(crate) response_code: Option<u16>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    pub(crate) shape: String,
    /// Element around the members in the query protocol.
    pub(crate) result_wrapper: Option<String>,
}

/// A use of a shape: as a member, a list's element, a map's key or value.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Ref {
    pub(crate) shape: String,
    pub(crate) location: Option<Location>,
    pub(crate) location_name: Option<String>,
    /// In XML, a list's elements stand in the list's place.
    pub(crate) flattened: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Location {
    Uri,
    Querystring,
    Header,
    StatusCode,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Shape {
    #[serde(rename = "type")]
    pub(crate) kind: Kind,
    #[serde(default)]
    pub(crate) members: BTreeMap<String, Ref>,
    #[serde(default)]
    pub(crate) required: Vec<String>,
    #[serde(default)]
    member: Option<Ref>,
    #[serde(default)]
    pub(crate) key: Option<Ref>,
    #[serde(default)]
    value: Option<Ref>,
    /// Name of the member that is the whole body.
    pub(crate) payload: Option<String>,
    #[serde(default)]
    flattened: bool,
    #[serde(rename = "enum", default)]
    pub(crate) values: Vec<String>,
    pub(crate) pattern: Option<Pattern>,
    pub(crate) min: Option<f64>,
    pub(crate) max: Option<f64>,
    /// Values are left out of messages.
    #[serde(default)]
    pub(crate) sensitive: bool,
    pub(crate) error: Option<ErrorTrait>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Structure,
    List,
    Map,
    String,
    Integer,
    Long,
    Double,
    Boolean,
    Blob,
    Timestamp,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ErrorTrait {
    /// Code on the wire when it is not the shape's name (query protocol).
    pub(crate) code: Option<String>,
}

impl Model {
    pub(crate) fn of(service: Service) -> &'static Self {
        macro_rules! model {
            ($name:literal) => {{
                static MODEL: LazyLock<Model> = LazyLock::new(|| {
                    serde_json::from_str(include_str!(concat!("../../models/", $name, ".json")))
                        .expect("the models are checked in, and a test reads them all")
                });
                &MODEL
            }};
        }
        match service {
            Service::Iam => model!("iam"),
            Service::Sts => model!("sts"),
            Service::Lambda => model!("lambda"),
            Service::Logs => model!("logs"),
            Service::Cognito => model!("cognito-idp"),
            Service::ApiGateway => model!("apigateway"),
            Service::Tagging => model!("resourcegroupstaggingapi"),
            Service::CloudFront => model!("cloudfront"),
            Service::CognitoIdentity => model!("cognito-identity"),
            Service::Waf => model!("wafv2"),
            Service::Route53 => model!("route53"),
            Service::Acm => model!("acm"),
        }
    }

    pub(crate) fn shape(&self, name: &str) -> &Shape {
        self.shapes
            .get(name)
            .expect("the script keeps every shape that is referred to, and a test follows them all")
    }

    /// The operation's error shape with this code on the wire.
    pub(crate) fn error(&self, operation: &Operation, code: &str) -> Option<&Shape> {
        operation.errors.iter().find_map(|name| {
            let shape = self.shape(name);
            let own = shape
                .error
                .as_ref()
                .and_then(|e| e.code.as_deref())
                .unwrap_or(name);
            (own == code).then_some(shape)
        })
    }
}

impl Shape {
    /// The element of a list, or the value of a map.
    pub(crate) fn element(&self) -> Option<&Ref> {
        self.member.as_ref().or(self.value.as_ref())
    }
}

impl Ref {
    /// The member's name on the wire.
    pub(crate) fn wire_name<'a>(&'a self, member: &'a str) -> &'a str {
        self.location_name.as_deref().unwrap_or(member)
    }

    /// Whether a list's elements stand in the list's place in XML.
    pub(crate) fn is_flattened(&self, shape: &Shape) -> bool {
        self.flattened || shape.flattened
    }
}

/// All services, in the order in which unsigned requests are tried.
pub(crate) const SERVICES: [Service; 12] = [
    Service::Lambda,
    Service::ApiGateway,
    Service::Cognito,
    Service::Logs,
    Service::Iam,
    Service::Sts,
    Service::Tagging,
    Service::CloudFront,
    Service::CognitoIdentity,
    Service::Waf,
    Service::Route53,
    Service::Acm,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_model_is_whole() {
        for service in SERVICES {
            let model = Model::of(service);
            let roots = model.operations.values().flat_map(|op| {
                op.errors
                    .iter()
                    .chain(op.input.iter().map(|r| &r.shape))
                    .chain(op.output.iter().map(|o| &o.shape))
            });
            let inner = model
                .shapes
                .values()
                .flat_map(|s| s.members.values().chain(s.element()).chain(&s.key))
                .map(|r| &r.shape);
            for name in roots.chain(inner) {
                model.shape(name);
            }
            for shape in model.shapes.values() {
                assert_eq!(
                    shape.element().is_some(),
                    matches!(shape.kind, Kind::List | Kind::Map)
                );
            }
        }
    }

    #[test]
    fn patterns_that_are_not_checked() {
        let mut skipped: Vec<&str> = SERVICES
            .into_iter()
            .flat_map(|service| Model::of(service).shapes.values())
            .filter_map(|shape| shape.pattern.as_ref())
            .filter(|pattern| pattern.regex().is_none())
            .map(|pattern| pattern.source.as_str())
            .collect();
        skipped.sort_unstable();
        // Look-around: names of Lambda's aliases, the same for function URLs, and ACM's domain names, which they check themselves; names of S3 buckets
        // and of layers' code, which the twin does not use.
        assert_eq!(
            skipped,
            [
                r"((?!^\d+$)^[0-9a-zA-Z-_]+$)",
                r"(?!^[0-9]+$)([a-zA-Z0-9-_]+)",
                r"(\*\.)?(((?!-)[A-Za-z0-9-]{0,62}[A-Za-z0-9])\.)+((?!-)[A-Za-z0-9-]{1,62}[A-Za-z0-9])",
                r"[0-9A-Za-z\.\-_]*(?<!\.)",
                r"^[0-9A-Za-z\.\-_]*(?<!\.)$"
            ]
        );
    }
}
