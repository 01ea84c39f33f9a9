//! A function's resource policy: who may invoke it besides its own account.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

const INVOKE: &str = "lambda:InvokeFunction";

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Policy {
    pub(super) statements: Vec<Statement>,
    /// `RevisionId` since its last change. Recorded: LocalStack's `test_lambda_permission_fn_versioning`, where publishing
    /// changes that of the function only.
    #[serde(default)]
    pub(super) revision: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Statement {
    pub(super) sid: String,
    pub(super) principal: Principal,
    pub(super) action: String,
    /// ARN of the function.
    pub(super) resource: String,
    pub(super) source_arn: Option<String>,
    pub(super) source_account: Option<String>,
    /// `lambda:FunctionUrlAuthType`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) url_auth_type: Option<String>,
    /// `lambda:InvokedViaFunctionUrl`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) via_url: Option<bool>,
    /// `aws:PrincipalOrgID`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) organization: Option<String>,
    /// `lambda:EventSourceToken`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) event_token: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Principal {
    Anyone,
    Service(String),
    Aws(String),
}

impl Policy {
    /// Whether a service may invoke the function on behalf of a resource.
    pub(super) fn lets_in(&self, service: &str, source_arn: &str) -> bool {
        self.statements
            .iter()
            .any(|statement| statement.lets_in(service, source_arn))
    }

    /// Whether a function URL of this type may be called by somebody of one of these names; without any, by everyone.
    pub(super) fn lets_url_in(&self, action: &str, auth_type: &str, names: &[String]) -> bool {
        self.statements
            .iter()
            .any(|statement| statement.lets_url_in(action, auth_type, names))
    }

    pub(super) fn document(&self) -> String {
        let statements: Vec<Value> = self.statements.iter().map(Statement::document).collect();
        json!({ "Version": "2012-10-17", "Id": "default", "Statement": statements }).to_string()
    }
}

impl Statement {
    fn lets_in(&self, service: &str, source_arn: &str) -> bool {
        let principal = match &self.principal {
            Principal::Anyone => true,
            Principal::Service(name) => name == service,
            Principal::Aws(_) => false,
        };
        let account = source_arn.split(':').nth(4);
        // What these ask for is not so of a service's call.
        let of_others = self.url_auth_type.is_some()
            || self.via_url == Some(true)
            || self.organization.is_some()
            || self.event_token.is_some();
        principal
            && !of_others
            && glob(self.action.as_bytes(), INVOKE.as_bytes())
            && self
                .source_arn
                .as_ref()
                .is_none_or(|pattern| arn_like(pattern, source_arn))
            && self
                .source_account
                .as_ref()
                .is_none_or(|wanted| account == Some(wanted))
    }

    fn lets_url_in(&self, action: &str, auth_type: &str, names: &[String]) -> bool {
        let principal = match &self.principal {
            Principal::Anyone => true,
            Principal::Service(_) => false,
            Principal::Aws(name) => names.contains(name),
        };
        // A viewer is no resource, and in no organization.
        let of_others = self.source_arn.is_some()
            || self.source_account.is_some()
            || self.organization.is_some()
            || self.event_token.is_some()
            || self.via_url == Some(false);
        let of_type = self.url_auth_type.as_deref();
        principal
            && !of_others
            && glob(self.action.as_bytes(), action.as_bytes())
            && of_type.is_none_or(|wanted| wanted == auth_type)
    }

    /// Recorded: LocalStack's `test_add_lambda_permission_fields`.
    pub(super) fn document(&self) -> Value {
        let mut condition = Map::new();
        let equal: Map<String, Value> = [
            ("AWS:SourceAccount", &self.source_account),
            ("lambda:FunctionUrlAuthType", &self.url_auth_type),
            ("aws:PrincipalOrgID", &self.organization),
            ("lambda:EventSourceToken", &self.event_token),
        ]
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value.clone()?.into())))
        .collect();
        if !equal.is_empty() {
            condition.insert("StringEquals".to_owned(), Value::Object(equal));
        }
        if let Some(via_url) = self.via_url {
            let via_url = via_url.to_string();
            condition.insert(
                "Bool".to_owned(),
                json!({ "lambda:InvokedViaFunctionUrl": via_url }),
            );
        }
        if let Some(arn) = &self.source_arn {
            condition.insert("ArnLike".to_owned(), json!({ "AWS:SourceArn": arn }));
        }
        let mut statement = json!({
            "Sid": self.sid,
            "Effect": "Allow",
            "Principal": match &self.principal {
                Principal::Anyone => json!("*"),
                Principal::Service(name) => json!({ "Service": name }),
                Principal::Aws(arn) => json!({ "AWS": arn }),
            },
            "Action": self.action,
            "Resource": self.resource,
        });
        if !condition.is_empty() {
            statement["Condition"] = Value::Object(condition);
        }
        statement
    }
}

/// IAM's `ArnLike`: each of the six parts is matched by itself, so a `*` does not reach over a colon
/// (but in the last part, which may have colons).
fn arn_like(pattern: &str, arn: &str) -> bool {
    let parts = |arn: &str| -> Vec<String> { arn.splitn(6, ':').map(str::to_owned).collect() };
    let (patterns, parts) = (parts(pattern), parts(arn));
    patterns.len() == parts.len()
        && patterns
            .iter()
            .zip(&parts)
            .all(|(pattern, part)| glob(pattern.as_bytes(), part.as_bytes()))
}

/// `*` any text, `?` one character. Keeps which lengths of the text the pattern so far can stand for.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let mut ends = vec![false; text.len() + 1];
    if let Some(start) = ends.first_mut() {
        *start = true;
    }
    for c in pattern {
        let mut before = false;
        let mut next = Vec::with_capacity(ends.len());
        for (n, end) in ends.iter().enumerate() {
            let here = match c {
                b'*' => *end || next.last() == Some(&true),
                c => {
                    before
                        && n.checked_sub(1)
                            .and_then(|n| text.get(n))
                            .is_some_and(|t| *c == b'?' || c == t)
                }
            };
            before = *end;
            next.push(here);
        }
        ends = next;
    }
    ends.last() == Some(&true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_are_matched_part_by_part() {
        let arn = "arn:aws:execute-api:us-east-1:111122223333:abc/dev/GET/demo";
        let of = |resource: &str| format!("arn:aws:execute-api:us-east-1:111122223333:{resource}");
        for pattern in [
            "abc/*/GET/demo",
            "abc/*",
            "abc/???/GET/demo",
            "*",
            "abc/dev/*/demo",
            "abc/dev/GET/demo",
        ] {
            assert!(arn_like(&of(pattern), arn), "{pattern}");
        }
        for pattern in [
            "abc/*/POST/demo",
            "abd/*",
            "abc/??/GET/demo",
            "abc/dev/GET/dem",
            "abc",
        ] {
            assert!(!arn_like(&of(pattern), arn), "{pattern}");
        }
        assert!(!arn_like("arn:aws:*:abc/dev/GET/demo", arn));
        assert!(!arn_like("*", arn));
        assert!(arn_like("arn:aws:execute-api:*:*:abc/*", arn));
        assert!(arn_like("arn:aws:s3:::b:*", "arn:aws:s3:::b:x:y"));
    }

    #[test]
    fn many_stars_take_no_longer() {
        let pattern = "*a".repeat(200) + "b";
        assert!(!glob(pattern.as_bytes(), "a".repeat(2000).as_bytes()));
    }
}
