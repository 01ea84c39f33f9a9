//! What a Lambda authorizer has to say.

use serde_json::{Map, Value, json};

use super::super::exchange::Exchange;
use crate::iam::{Ruling, authorizer_ruling};

/// What an authorizer's function said of a caller.
#[derive(Debug, Clone)]
pub(in super::super::super) struct Output {
    pub(in super::super) principal: String,
    pub(in super::super) policy: Value,
    /// Values as text.
    context: Map<String, Value>,
    /// The caller's API key, for APIs that take it from here.
    pub(in super::super) usage_key: Option<String>,
    /// How long it took, in milliseconds.
    pub(super) latency: u64,
}

impl Output {
    /// The error is as the execution log has it.
    pub(super) fn parse(payload: &[u8]) -> Result<Self, String> {
        let shown = || String::from_utf8_lossy(payload).into_owned();
        let Ok(Value::Object(mut members)) = serde_json::from_slice(payload) else {
            return Err(format!("Could not parse policy: {}", shown()));
        };
        // Documented as obligatory; one observer says that AWS does without.
        let principal = members.get("principalId").and_then(scalar);
        let principal =
            principal.ok_or_else(|| format!("No principalId in response: {}", shown()))?;
        let policy = members.remove("policyDocument").filter(Value::is_object);
        let policy = policy.ok_or_else(|| format!("Could not parse policy: {}", shown()))?;
        let context = match members.remove("context") {
            None | Some(Value::Null) => Map::new(),
            Some(Value::Object(context)) => context,
            Some(other) => return Err(format!("Invalid context in response: {other}")),
        };
        let context = context
            .into_iter()
            .map(|(key, value)| match scalar(&value) {
                Some(text) => Ok((key, text.into())),
                None => Err(format!(
                    "Invalid context in response: {key} is no string, number or boolean"
                )),
            })
            .collect::<Result<_, String>>()?;
        Ok(Self {
            principal,
            policy,
            context,
            usage_key: members.get("usageIdentifierKey").and_then(scalar),
            latency: 0,
        })
    }

    /// What the policy says of the method. `None`: it is no policy.
    pub(super) fn ruling(&self, exchange: &Exchange) -> Option<Ruling> {
        authorizer_ruling(&self.policy, &exchange.method_arn(), &exchange.context())
    }

    /// `requestContext.authorizer` of the method's function. `integrationLatency` is not documented, but
    /// there.
    pub(in super::super) fn shown(&self) -> Value {
        let mut shown = self.context.clone();
        shown.insert("principalId".to_owned(), json!(self.principal));
        shown.insert("integrationLatency".to_owned(), json!(self.latency));
        Value::Object(shown)
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_function_has_to_say() {
        let parse = |value: Value| Output::parse(value.to_string().as_bytes());
        let good = json!({"principalId": "p", "policyDocument": {}});
        let with = |name: &str, value: Value| {
            let mut changed = good.clone();
            changed[name] = value;
            changed
        };
        let output = parse(with("context", json!({"s": "x", "n": 1.5, "b": true}))).expect("good");
        assert_eq!(
            output.shown(),
            json!({"s": "x", "n": "1.5", "b": "true", "principalId": "p", "integrationLatency": 0})
        );
        assert!(parse(with("context", Value::Null)).is_ok());
        for bad in [
            json!(null),
            json!("Allow"),
            json!({"principalId": "p"}),
            json!({"policyDocument": {}}),
            with("principalId", Value::Null),
            with("policyDocument", json!("{}")),
            with("context", json!([])),
            with("context", json!({"a": {}})),
            with("context", json!({"a": []})),
            with("context", json!({"a": null})),
        ] {
            assert!(parse(bad.clone()).is_err(), "{bad}");
        }
    }
}
