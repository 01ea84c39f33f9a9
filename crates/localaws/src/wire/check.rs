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
    value(model, of, input, &body_of(service, of), &mut problems);
    match problems.as_slice() {
        [] => Ok(()),
        problems => Err(refusal(service, problems)),
    }
}

/// How a service names the members of the body: API Gateway has `createRestApiInput.name`, the others `name`.
/// Recorded: LocalStack's `test_update_method_response_negative_tests` (`statusCode` is in the URI).
fn body_of(service: Service, of: &Ref) -> String {
    match (service, of.shape.strip_suffix("Request")) {
        (Service::ApiGateway, Some(operation)) => join("", &format!("{operation}Input")),
        _ => String::new(),
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
            let in_body = |name: &str| {
                let of = shape.members.get(name);
                of.is_none_or(|of| of.location.is_none())
            };
            let at = |name: &str| join(if in_body(name) { path } else { "" }, name);
            for name in shape
                .required
                .iter()
                .filter(|name| !members.contains_key(*name))
            {
                let constraint = "Member must not be null".to_owned();
                problems.push(Problem {
                    path: at(name),
                    shown: " null".to_owned(),
                    constraint,
                });
            }
            // The body before the URI and the query.
            for wanted in [true, false] {
                for (name, member) in members.iter().filter(|(name, _)| in_body(name) == wanted) {
                    if let Some(of) = shape.members.get(name) {
                        value(model, of, member, &at(name), problems);
                    }
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
    fn api_gateway_names_the_input_of_what_is_in_the_body() {
        let of = |operation: &str, input: &Value| {
            let text = message(Service::ApiGateway, operation, input);
            let known = text.strip_prefix("ValidationException: ");
            known.unwrap_or_else(|| panic!("{text}")).to_owned()
        };
        assert_eq!(
            of(
                "CreateRestApi",
                &json!({"name": "n", "endpointConfiguration": {"types": ["wrong"]}})
            ),
            "1 validation error detected: Value '[wrong]' at 'createRestApiInput.endpointConfiguration.types' failed \
             to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [PRIVATE, \
             EDGE, REGIONAL]]"
        );
        let patches = json!([{"op": "add"}, {"op": "wrong"}]);
        assert_eq!(
            of(
                "UpdateStage",
                &json!({"restApiId": "a", "stageName": "s", "patchOperations": patches})
            ),
            "1 validation error detected: Value 'wrong' at 'updateStageInput.patchOperations.2.member.op' failed to \
             satisfy constraint: Member must satisfy enum value set: [add, remove, move, test, replace, copy]"
        );
        let of_uri = of(
            "GetGatewayResponse",
            &json!({"restApiId": "a", "responseType": "FAKE"}),
        );
        assert!(
            of_uri.contains("Value 'FAKE' at 'responseType' failed"),
            "{of_uri}"
        );
        let both = json!({"restApiId": "a", "resourceId": "r", "httpMethod": "GET", "statusCode": "x", "contentHandling": "y"});
        let both = of("PutIntegrationResponse", &both);
        assert!(
            both.starts_with(
                "2 validation errors detected: Value 'y' at 'putIntegrationResponseInput."
            ),
            "{both}"
        );
        assert!(
            both.contains("; Value 'x' at 'statusCode' failed"),
            "{both}"
        );
        let missing = of("CreateRestApi", &json!({}));
        assert!(
            missing.contains("Value null at 'createRestApiInput.name'"),
            "{missing}"
        );
    }

    #[test]
    fn some_services_have_words_of_their_own() {
        let long = json!({"logGroupName": "a".repeat(513)});
        let limit = "InvalidParameterException: Invalid LogGroup or LogStream, both must have length less than or \
                     equal to 512.";
        for operation in ["CreateLogGroup", "DeleteLogGroup", "PutRetentionPolicy"] {
            let mut input = long.clone();
            if operation == "PutRetentionPolicy" {
                input["retentionInDays"] = json!(1);
            }
            assert_eq!(message(Service::Logs, operation, &input), limit);
        }
        let role = "arn:aws:iam::111122223333:role/r";
        let function = |more: Value| {
            let mut input = json!({"FunctionName": "f", "Role": role, "Code": {}});
            for (name, value) in more.as_object().into_iter().flatten() {
                input[name] = value.clone();
            }
            message(Service::Lambda, "CreateFunction", &input)
        };
        let architectures = function(json!({"Architectures": ["X86_64"]}));
        assert!(
            architectures.ends_with(
                "[Member must satisfy enum value set: [x86_64, arm64], Member must not be null]"
            ),
            "{architectures}"
        );
        let name = function(json!({"FunctionName": "my-function!"}));
        assert!(
            name.contains(
                r"pattern: (arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?"
            ),
            "{name}"
        );
        let runtime = function(json!({"Runtime": "PYTHON3.9"}));
        assert!(
            runtime.starts_with(
                "InvalidParameterValueException: Value PYTHON3.9 at 'runtime' failed to satisfy constraint: Member \
                 must satisfy enum value set: [nodejs20.x, python3.14, provided.al2023,"
            ) && runtime.ends_with("provided.al2, java8.al2] or be a valid ARN"),
            "{runtime}"
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
