//! The models' constraints, with AWS's own wording.

use serde_json::Value;

use super::{
    constraint::{constraints, own_problems},
    model::{Kind, Model, Ref, Shape},
    refusal::{Problem, java, refusal},
};
use crate::call::{ApiError, Service};

/// Checks an input against its shape; all problems in one error, as AWS reports them.
pub(crate) fn check(
    service: Service,
    model: &Model,
    of: &Ref,
    input: &Value,
) -> Result<(), ApiError> {
    let mut problems = Vec::new();
    value(model, of, input, "", &mut problems);
    match problems.as_slice() {
        [] => Ok(()),
        problems => Err(refusal(service, problems)),
    }
}

fn value(model: &Model, of: &Ref, input: &Value, path: &str, problems: &mut Vec<Problem>) {
    let shape = model.shape(&of.shape);
    let mut report = |constraint: String| {
        let shown = if shape.sensitive {
            String::new()
        } else {
            format!(" '{}'", java(input))
        };
        problems.push(Problem {
            path: path.to_owned(),
            shown,
            constraint,
        });
    };
    for constraint in own_problems(shape, input) {
        report(constraint);
    }
    if let Some(constraint) = scalar_elements(model, shape, input) {
        report(constraint);
    }
    match input {
        Value::Object(members) if shape.kind == Kind::Structure => {
            for name in shape
                .required
                .iter()
                .filter(|name| !members.contains_key(*name))
            {
                let constraint = "Member must not be null".to_owned();
                problems.push(Problem {
                    path: join(path, name),
                    shown: " null".to_owned(),
                    constraint,
                });
            }
            for (name, member) in members {
                if let Some(of) = shape.members.get(name) {
                    value(model, of, member, &join(path, name), problems);
                }
            }
        }
        Value::Object(entries) => {
            for (key, entry) in entries {
                nested(
                    model,
                    shape,
                    entry,
                    &format!("{path}.{key}.member"),
                    problems,
                );
            }
        }
        Value::Array(items) => {
            for (n, item) in (1..).zip(items) {
                nested(model, shape, item, &format!("{path}.{n}.member"), problems);
            }
        }
        _ => {}
    }
}

/// Elements that are structures, lists or maps report for themselves.
fn nested(model: &Model, shape: &Shape, item: &Value, path: &str, problems: &mut Vec<Problem>) {
    if let Some(of) = shape.element().filter(|of| compound(model, of)) {
        value(model, of, item, path, problems);
    }
}

fn compound(model: &Model, of: &Ref) -> bool {
    matches!(
        model.shape(&of.shape).kind,
        Kind::Structure | Kind::List | Kind::Map
    )
}

/// Scalars in a list or map are reported at the list, with every constraint that they have.
fn scalar_elements(model: &Model, shape: &Shape, input: &Value) -> Option<String> {
    let broken = |of: &Ref, value: &Value| !own_problems(model.shape(&of.shape), value).is_empty();
    let all = |what: &str, of: &Ref| {
        format!(
            "{what} must satisfy constraint: [{}]",
            constraints(model.shape(&of.shape)).join(", ")
        )
    };
    let element = shape.element().filter(|of| !compound(model, of));
    match input {
        Value::Array(items) => {
            let of = element?;
            items
                .iter()
                .any(|item| broken(of, item))
                .then(|| all("Member", of))
        }
        Value::Object(entries) if shape.kind == Kind::Map => {
            let bad_key = shape
                .key
                .as_ref()
                .filter(|of| entries.keys().any(|k| broken(of, &Value::from(k.as_str()))));
            let bad_value = element.filter(|of| entries.values().any(|v| broken(of, v)));
            bad_key
                .map(|of| all("Map keys", of))
                .or_else(|| bad_value.map(|of| all("Map value", of)))
        }
        _ => None,
    }
}

/// `UserPoolId` inside of `policies` → `policies.userPoolId`.
fn join(path: &str, member: &str) -> String {
    let mut chars = member.chars();
    let name: String = chars
        .next()
        .map(|c| c.to_ascii_lowercase())
        .into_iter()
        .chain(chars)
        .collect();
    if path.is_empty() {
        name
    } else {
        format!("{path}.{name}")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn message(service: Service, operation: &str, input: &Value) -> String {
        let model = Model::of(service);
        let of = model.operations[operation]
            .input
            .as_ref()
            .expect("has an input");
        match check(service, model, of, input) {
            Ok(()) => "ok".to_owned(),
            Err(error) => format!("{}: {}", error.code, error.message),
        }
    }

    #[test]
    fn says_it_as_aws_does() {
        assert_eq!(
            message(
                Service::Cognito,
                "DescribeUserPool",
                &json!({"UserPoolId": "nonsense"})
            ),
            "InvalidParameterException: 1 validation error detected: Value 'nonsense' at 'userPoolId' failed to \
             satisfy constraint: Member must satisfy regular expression pattern: [\\w-]+_[0-9a-zA-Z]+"
        );
        assert_eq!(
            message(Service::Iam, "GetRole", &json!({})),
            "ValidationError: 1 validation error detected: Value null at 'roleName' failed to satisfy \
             constraint: Member must not be null"
        );
        let long = message(
            Service::Iam,
            "GetRole",
            &json!({"RoleName": "r".repeat(65)}),
        );
        assert!(
            long.ends_with("Member must have length less than or equal to 64"),
            "{long}"
        );
        let tags = json!({"RoleName": "r", "Tags": [{"Key": "k", "Value": "v"}, {"Key": ""}]});
        let tags = message(Service::Iam, "TagRole", &tags);
        assert!(
            tags.contains("2 validation errors") || tags.contains("3 validation errors"),
            "{tags}"
        );
        assert!(tags.contains("Value '' at 'tags.2.member.key'"), "{tags}");
        assert!(
            tags.contains("Value null at 'tags.2.member.value'"),
            "{tags}"
        );
        let flows = json!({"UserPoolId": "a_b", "ClientName": "c", "ExplicitAuthFlows": ["NO"]});
        let flows = message(Service::Cognito, "CreateUserPoolClient", &flows);
        assert!(
            flows.contains("Value '[NO]' at 'explicitAuthFlows'"),
            "{flows}"
        );
        assert!(
            flows
                .contains("Member must satisfy constraint: [Member must satisfy enum value set: ["),
            "{flows}"
        );
    }

    #[test]
    fn secrets_are_not_repeated() {
        let input = json!({"UserPoolId": "a_b", "Username": "u", "Password": "a secret\n", "Permanent": true});
        let text = message(Service::Cognito, "AdminSetUserPassword", &input);
        assert!(
            text.contains("Value at 'password'") && !text.contains("secret"),
            "{text}"
        );
    }
}
