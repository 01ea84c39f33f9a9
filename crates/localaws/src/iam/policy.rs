//! Policy documents: what IAM accepts, and what they allow.

use serde::Deserialize;
use serde_json::Value;

use crate::call::ApiError;

/// AWS-managed policies that can be attached, by the ARN's end, with what they allow on every resource.
/// Only the first is spelled out in full; for the others the gist is enough.
const MANAGED: &[(&str, &[&str])] = &[
    (
        "service-role/AWSLambdaBasicExecutionRole",
        &[
            "logs:CreateLogGroup",
            "logs:CreateLogStream",
            "logs:PutLogEvents",
        ],
    ),
    (
        "service-role/AWSLambdaVPCAccessExecutionRole",
        &[
            "logs:CreateLogGroup",
            "logs:CreateLogStream",
            "logs:PutLogEvents",
            "ec2:*NetworkInterface*",
        ],
    ),
    ("service-role/AWSLambdaRole", &["lambda:InvokeFunction"]),
    (
        "service-role/AmazonAPIGatewayPushToCloudWatchLogs",
        &["logs:*"],
    ),
    (
        "AWSXRayDaemonWriteAccess",
        &["xray:Put*", "xray:GetSampling*"],
    ),
    ("CloudWatchLogsFullAccess", &["logs:*"]),
    (
        "AmazonS3ReadOnlyAccess",
        &["s3:Get*", "s3:List*", "s3:Describe*"],
    ),
    (
        "AmazonDynamoDBReadOnlyAccess",
        &[
            "dynamodb:Get*",
            "dynamodb:List*",
            "dynamodb:Describe*",
            "dynamodb:Query",
        ],
    ),
    (
        "AmazonCognitoPowerUser",
        &["cognito-idp:*", "cognito-identity:*"],
    ),
    ("AWSLambda_FullAccess", &["lambda:*", "logs:*"]),
    ("PowerUserAccess", &["*"]),
    ("AdministratorAccess", &["*"]),
];

/// The actions that an AWS-managed policy allows; `None`: no such policy here.
pub(crate) fn managed(arn: &str) -> Option<&'static [&'static str]> {
    let name = arn.strip_prefix("arn:aws:iam::aws:policy/")?;
    MANAGED
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, actions)| *actions)
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Document {
    version: Option<String>,
    #[serde(rename = "Id")]
    _id: Option<String>,
    statement: OneOrMany<Statement>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Statement {
    #[serde(rename = "Sid")]
    _sid: Option<String>,
    effect: Effect,
    principal: Option<Principal>,
    not_principal: Option<Principal>,
    action: Option<OneOrMany<String>>,
    not_action: Option<OneOrMany<String>>,
    resource: Option<OneOrMany<String>>,
    not_resource: Option<OneOrMany<String>>,
    condition: Option<Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Effect {
    Allow,
    Deny,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Principal {
    Anyone(String),
    Some(Principals),
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Principals {
    #[serde(rename = "AWS")]
    aws: OneOrMany<String>,
    #[serde(rename = "Service")]
    service: OneOrMany<String>,
    #[serde(rename = "Federated")]
    _federated: OneOrMany<String>,
    #[serde(rename = "CanonicalUser")]
    _canonical_user: OneOrMany<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

impl<T> Default for OneOrMany<T> {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl<T> OneOrMany<T> {
    fn iter(&self) -> impl Iterator<Item = &T> {
        match self {
            Self::One(one) => std::slice::from_ref(one).iter(),
            Self::Many(many) => many.iter(),
        }
    }
}

fn malformed(message: impl Into<String>) -> ApiError {
    ApiError::new(400, "MalformedPolicyDocument", message)
}

impl Document {
    fn parse(text: &str) -> Result<Self, ApiError> {
        let value: Value = serde_json::from_str(text)
            .map_err(|_| malformed("This policy contains invalid Json"))?;
        let document: Self =
            serde_json::from_value(value).map_err(|_| malformed("Syntax errors in policy."))?;
        match document.version.as_deref() {
            None | Some("2012-10-17" | "2008-10-17") => {}
            Some(_) => {
                return Err(malformed(
                    "The policy version is not valid; it must be 2012-10-17 or 2008-10-17",
                ));
            }
        }
        if document.statement.iter().next().is_none() {
            return Err(malformed("Syntax errors in policy."));
        }
        Ok(document)
    }

    /// A role's trust policy, with IAM's checks.
    pub(crate) fn trust(text: &str) -> Result<Self, ApiError> {
        let document = Self::parse(text)?;
        for statement in document.statement.iter() {
            if statement.resource.is_some() || statement.not_resource.is_some() {
                return Err(malformed("Has prohibited field Resource"));
            }
            match (&statement.principal, &statement.not_principal) {
                (None, None) => return Err(malformed("Missing required field Principal")),
                (Some(principal), _) | (None, Some(principal)) => principal.check()?,
            }
            let Some(actions) = statement.action.as_ref().or(statement.not_action.as_ref()) else {
                return Err(malformed("Missing required field Action"));
            };
            if !actions
                .iter()
                .all(|action| action.to_ascii_lowercase().starts_with("sts:"))
            {
                return Err(malformed(
                    "AssumeRole policy may only specify STS AssumeRole actions.",
                ));
            }
        }
        Ok(document)
    }

    /// A role's inline policy, with IAM's checks.
    pub(crate) fn identity(text: &str) -> Result<Self, ApiError> {
        let document = Self::parse(text)?;
        for statement in document.statement.iter() {
            if statement.principal.is_some() || statement.not_principal.is_some() {
                return Err(malformed("Policy document should not specify a principal."));
            }
            let actions = statement.action.as_ref().or(statement.not_action.as_ref());
            let Some(actions) = actions.filter(|actions| actions.iter().next().is_some()) else {
                return Err(malformed("Policy statement must contain actions."));
            };
            if !actions.iter().all(|action| {
                action == "*" || action.split_once(':').is_some_and(|(v, _)| !v.is_empty())
            }) {
                return Err(malformed(
                    "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
                ));
            }
            let resources = statement
                .resource
                .as_ref()
                .or(statement.not_resource.as_ref());
            let Some(resources) = resources.filter(|resources| resources.iter().next().is_some())
            else {
                return Err(malformed("Policy statement must contain resources."));
            };
            let arn = |resource: &&String| {
                resource.starts_with("arn:") && resource.matches(':').count() >= 5
            };
            if let Some(resource) = resources
                .iter()
                .find(|resource| *resource != "*" && !arn(resource))
            {
                return Err(malformed(format!(
                    "Resource {resource} must be in ARN format or \"*\"."
                )));
            }
        }
        Ok(document)
    }

    /// Whether a trust policy lets a service (`lambda.amazonaws.com`) assume the role.
    pub(crate) fn trusts(&self, service: &str) -> bool {
        let named = |principal: &Principal| match principal {
            Principal::Anyone(_) => true,
            Principal::Some(principals) => {
                principals.service.iter().any(|s| s == service || s == "*")
            }
        };
        self.decide(|statement| {
            let principal = statement.principal.as_ref().is_some_and(named)
                || statement
                    .not_principal
                    .as_ref()
                    .is_some_and(|principal| !named(principal));
            principal && statement.acts("sts:AssumeRole")
        }) == Some(Effect::Allow)
    }

    /// What the document says about an action on a resource: nothing, allowed, or explicitly denied.
    fn decide(&self, applies: impl Fn(&Statement) -> bool) -> Option<Effect> {
        // Conditions are not evaluated: those of an Allow are taken to hold, those of a Deny not to.
        let effects = self
            .statement
            .iter()
            .filter(|s| !(s.effect == Effect::Deny && s.condition.is_some()) && applies(s))
            .map(|s| s.effect);
        effects.max_by_key(|effect| *effect == Effect::Deny)
    }
}

impl Principal {
    fn check(&self) -> Result<(), ApiError> {
        let invalid = |kind: &str, name: &str| {
            malformed(format!(
                "Invalid principal in policy: \"{kind}\":\"{name}\""
            ))
        };
        match self {
            Self::Anyone(star) if star == "*" => Ok(()),
            Self::Anyone(name) => Err(invalid("STAR", name)),
            Self::Some(principals) => {
                let account =
                    |name: &str| name.len() == 12 && name.bytes().all(|b| b.is_ascii_digit());
                let known = |name: &str| name == "*" || account(name) || name.starts_with("arn:");
                if let Some(name) = principals.aws.iter().find(|name| !known(name)) {
                    return Err(invalid("AWS", name));
                }
                let service = |name: &str| name == "*" || name.ends_with(".amazonaws.com");
                match principals.service.iter().find(|name| !service(name)) {
                    Some(name) => Err(invalid("SERVICE", name)),
                    None => Ok(()),
                }
            }
        }
    }
}

impl Statement {
    fn acts(&self, action: &str) -> bool {
        let action = action.to_ascii_lowercase();
        let named =
            |list: &OneOrMany<String>| list.iter().any(|p| glob(&p.to_ascii_lowercase(), &action));
        self.action.as_ref().is_some_and(named)
            || self.not_action.as_ref().is_some_and(|list| !named(list))
    }

    fn covers(&self, resource: &str) -> bool {
        let named = |list: &OneOrMany<String>| list.iter().any(|pattern| glob(pattern, resource));
        self.resource.as_ref().is_some_and(named)
            || self.not_resource.as_ref().is_some_and(|list| !named(list))
    }
}

/// Whether inline documents and attached policies together allow an action: one Allow, and no Deny.
pub(crate) fn allows<'a>(
    inline: impl Iterator<Item = &'a str>,
    attached: impl Iterator<Item = &'a str>,
    action: &str,
    resource: &str,
) -> bool {
    let mut allowed = attached
        .filter_map(managed)
        .flatten()
        .any(|pattern| glob(&pattern.to_ascii_lowercase(), &action.to_ascii_lowercase()));
    for document in inline.filter_map(|text| Document::parse(text).ok()) {
        match document.decide(|s| s.acts(action) && s.covers(resource)) {
            Some(Effect::Deny) => return false,
            Some(Effect::Allow) => allowed = true,
            None => {}
        }
    }
    allowed
}

/// IAM's wildcards: `*` any text, `?` one character.
fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // Where the last star was, and the text that it has not swallowed yet.
    let mut star = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p + 1, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((after, swallowed)) => {
                    star = Some((after, swallowed + 1));
                    p = after;
                    t = swallowed + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        for (pattern, text) in [
            ("*", ""),
            ("a*c", "abbc"),
            ("*b?", "abbc"),
            ("a", "a"),
            ("*a*b", "xaxbab"),
        ] {
            assert!(glob(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("", "a"), ("a?", "a"), ("a*c", "abcd"), ("*ab", "aba")] {
            assert!(!glob(pattern, text), "{pattern} {text}");
        }
    }

    const LAMBDA: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
        "Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

    #[test]
    fn trust() {
        let document = Document::trust(LAMBDA).expect("what the tutorial uses");
        assert!(
            document.trusts("lambda.amazonaws.com") && !document.trusts("apigateway.amazonaws.com")
        );
        let denied = LAMBDA.replace(
            "[{",
            r#"[{"Effect":"Deny","Principal":"*","Action":"sts:*"},{"#,
        );
        assert!(
            !Document::trust(&denied)
                .expect("well-formed")
                .trusts("lambda.amazonaws.com")
        );
    }

    #[test]
    fn malformed_documents() {
        let trust = |text: &str| {
            Document::trust(text)
                .err()
                .map_or("ok".to_owned(), |e| e.message)
        };
        assert_eq!(trust("nonsense"), "This policy contains invalid Json");
        assert_eq!(trust("{}"), "Syntax errors in policy.");
        assert_eq!(
            trust(&LAMBDA.replace("Allow", "allow")),
            "Syntax errors in policy."
        );
        let cut = LAMBDA.replace("lambda.amazonaws.com", "lambda");
        assert_eq!(
            trust(&cut),
            "Invalid principal in policy: \"SERVICE\":\"lambda\""
        );
        assert!(
            trust(&LAMBDA.replace("sts:AssumeRole", "lambda:Invoke")).contains("STS AssumeRole")
        );
        let identity = |text: &str| {
            Document::identity(text)
                .err()
                .map_or("ok".to_owned(), |e| e.message)
        };
        assert!(identity(LAMBDA).contains("principal"));
        let statement = |inner: &str| format!(r#"{{"Statement":{{"Effect":"Allow",{inner}}}}}"#);
        assert_eq!(
            identity(&statement(r#""Action":"*""#)),
            "Policy statement must contain resources."
        );
        assert!(
            identity(&statement(r#""Action":"x","Resource":"*""#)).contains("prefaced by a vendor")
        );
        assert!(
            identity(&statement(r#""Action":"a:b","Resource":"x""#))
                .contains("Resource x must be in ARN")
        );
        assert_eq!(
            identity(&statement(r#""Action":"a:b","Resource":"*""#)),
            "ok"
        );
    }

    #[test]
    fn allowed_actions() {
        let group = "arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/f";
        let inline = format!(
            r#"{{"Statement":[{{"Effect":"Allow","Action":["logs:Create*","logs:PutLogEvents"],"Resource":"{group}:*"}},
                {{"Effect":"Deny","Action":"logs:CreateLogGroup","Resource":"*"}}]}}"#
        );
        let basic = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
        let allows = |inline: &[&str], attached: &[&str], action: &str| {
            super::allows(
                inline.iter().copied(),
                attached.iter().copied(),
                action,
                &format!("{group}:*"),
            )
        };
        assert!(
            allows(&[&inline], &[], "logs:PutLogEvents")
                && allows(&[], &[basic], "logs:putlogevents")
        );
        assert!(!allows(&[&inline], &[basic], "logs:CreateLogGroup"));
        assert!(!allows(&[], &[], "logs:PutLogEvents"));
        assert!(!allows(
            &[&inline.replace("/f:*", "/g:*")],
            &[],
            "logs:PutLogEvents"
        ));
    }
}
