//! A web ACL's rules, typed for those who act on them.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Deserializer, de::Error};
use serde_json::Value;

use crate::call::ApiError;

/// What a client says of a web ACL, as far as it decides on requests.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Rules {
    pub(super) default_action: Action,
    #[serde(default)]
    pub(super) rules: Vec<Rule>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Rule {
    pub(super) name: String,
    /// The lowest comes first.
    pub(super) priority: i64,
    pub(super) statement: Statement,
    pub(super) action: Action,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) enum Action {
    Allow {},
    Block {},
    Count {},
}

#[derive(Debug, Deserialize)]
pub(super) enum Statement {
    #[serde(rename = "ByteMatchStatement")]
    ByteMatch(ByteMatch),
    #[serde(rename = "GeoMatchStatement")]
    GeoMatch(GeoMatch),
    #[serde(rename = "RateBasedStatement")]
    RateBased(Box<RateBased>),
    #[serde(rename = "AndStatement")]
    And(Several),
    #[serde(rename = "OrStatement")]
    Or(Several),
    #[serde(rename = "NotStatement")]
    Not(Inverted),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ByteMatch {
    #[serde(deserialize_with = "bytes")]
    pub(super) search_string: Vec<u8>,
    pub(super) field_to_match: FieldToMatch,
    pub(super) text_transformations: Vec<Transformation>,
    pub(super) positional_constraint: Position,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct FieldToMatch {
    pub(super) single_header: SingleHeader,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SingleHeader {
    pub(super) name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Transformation {
    #[serde(rename = "Type")]
    pub(super) kind: TransformationKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum TransformationKind {
    None,
    Lowercase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Position {
    Exactly,
    StartsWith,
    EndsWith,
    Contains,
    ContainsWord,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GeoMatch {
    #[serde(default)]
    pub(super) country_codes: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RateBased {
    /// Requests in the window.
    pub(super) limit: u64,
    /// Seconds.
    #[serde(default = "five_minutes")]
    pub(super) evaluation_window_sec: i64,
    pub(super) aggregate_key_type: AggregateKey,
    pub(super) scope_down_statement: Option<Statement>,
    #[serde(rename = "ForwardedIPConfig")]
    pub(super) forwarded_ip_config: Option<ForwardedIp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum AggregateKey {
    Ip,
    ForwardedIp,
    Constant,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ForwardedIp {
    pub(super) header_name: String,
    pub(super) fallback_behavior: Fallback,
}

/// What becomes of a request whose header has no address in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Fallback {
    Match,
    NoMatch,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Several {
    pub(super) statements: Vec<Statement>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Inverted {
    pub(super) statement: Box<Statement>,
}

impl Rules {
    /// Of settings that are checked, by their priority.
    pub(super) fn of(settings: &Value) -> Result<Self, ApiError> {
        let mut rules: Self = serde_json::from_value(settings.clone())
            .map_err(|e| ApiError::internal(format!("web ACL not understood: {e}")))?;
        rules.rules.sort_by_key(|rule| rule.priority);
        Ok(rules)
    }

    /// Capacity units (WCU), as the developer guide counts them. Unsure of the logical statements and of `NONE`.
    pub(super) fn capacity(&self) -> u64 {
        self.rules
            .iter()
            .map(|rule| rule.statement.capacity())
            .sum()
    }
}

impl Statement {
    fn capacity(&self) -> u64 {
        let all = |statements: &[Self]| statements.iter().map(Self::capacity).sum::<u64>();
        match self {
            Self::ByteMatch(it) => {
                let contains = matches!(
                    it.positional_constraint,
                    Position::Contains | Position::ContainsWord
                );
                let transformations = it.text_transformations.iter();
                let lowered = transformations.filter(|t| t.kind != TransformationKind::None);
                let each: u64 = lowered.map(|_| 10).sum();
                each + if contains { 10 } else { 2 }
            }
            Self::GeoMatch(_) => 1,
            Self::RateBased(it) => 2 + it.scope_down_statement.as_ref().map_or(0, Self::capacity),
            Self::And(it) | Self::Or(it) => 1 + all(&it.statements),
            Self::Not(it) => 1 + it.statement.capacity(),
        }
    }
}

fn five_minutes() -> i64 {
    300
}

/// A blob.
fn bytes<'de, D: Deserializer<'de>>(text: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(text)?;
    BASE64_STANDARD.decode(text).map_err(D::Error::custom)
}
