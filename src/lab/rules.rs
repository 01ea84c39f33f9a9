//! What AWS accepts, by field. From the official service models; where only observation or third
//! parties say something, the stricter reading.

use schemars::{Schema, json_schema};

use super::problem::{Place, Problem, quote};

/// A kind of text in the file.
pub(super) trait Ruled {
    const RULE: Rule;
}

/// What a text must be like.
pub(super) enum Rule {
    /// Any text; with what to say when it is left out.
    Any { hint: &'static str },
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// At most so many characters of a class, written as in a regular expression.
    Name {
        most: usize,
        class: &'static str,
        words: &'static str,
    },
    /// What the function takes; the pattern says the same to editors, as far as a pattern can.
    Form {
        wrong: fn(&str) -> Option<String>,
        pattern: &'static str,
        example: &'static str,
    },
}

impl Rule {
    /// What is wrong with a text, if anything.
    pub(super) fn wrong(&self, text: &str, place: Place) -> Option<Problem> {
        match self {
            Self::Any { .. } => None,
            Self::OneOf(words) if words.contains(&text) => None,
            Self::OneOf(words) => Some(
                Problem::new(place, format!("{} is not known here", quote(text)))
                    .suggest(text, words),
            ),
            Self::Name { most, class, words } => {
                let length = text.chars().count();
                let message = if length == 0 {
                    "this is empty".to_owned()
                } else if length > *most {
                    format!(
                        "{} has {length} characters; at most {most} are allowed",
                        quote(text)
                    )
                } else {
                    let stranger = text.chars().find(|c| !in_class(*c, class))?;
                    format!(
                        "{} is not allowed in {}",
                        quote(stranger.encode_utf8(&mut [0; 4])),
                        quote(text)
                    )
                };
                Some(Problem::new(place, message).hint(format!("1 to {most} characters: {words}")))
            }
            Self::Form { wrong, example, .. } => {
                let message = wrong(text)?;
                Some(Problem::new(place, message).hint(format!("like `{example}`")))
            }
        }
    }

    /// What to write, for who left the key `name` out.
    pub(super) fn hint(&self, name: &str) -> Option<String> {
        match self {
            Self::Any { hint } => Some((*hint).to_owned()).filter(|hint| !hint.is_empty()),
            Self::OneOf([only]) => Some(format!("write `{name}: {only}`")),
            Self::OneOf(words) => Some(format!("one of: {}", words.join(", "))),
            Self::Name { most, words, .. } => Some(format!("1 to {most} characters: {words}")),
            Self::Form { example, .. } => Some(format!("like `{name}: {example}`")),
        }
    }

    /// The same for editors.
    pub(super) fn schema(&self) -> Schema {
        match self {
            Self::Any { .. } => json_schema!({ "type": "string" }),
            Self::OneOf(words) => json_schema!({ "type": "string", "enum": words }),
            Self::Name { most, class, .. } => {
                json_schema!({ "type": "string", "pattern": format!("^[{class}]{{1,{most}}}$") })
            }
            Self::Form {
                pattern, example, ..
            } => {
                json_schema!({ "type": "string", "pattern": pattern, "examples": [example] })
            }
        }
    }
}

/// Whether a character is in a class like `A-Za-z0-9_\-`.
fn in_class(c: char, class: &str) -> bool {
    let mut rest = class.chars();
    while let Some(first) = rest.next() {
        let low = if first == '\\' {
            rest.next().unwrap_or(first)
        } else {
            first
        };
        let mut ahead = rest.clone();
        let high = match (ahead.next(), ahead.next()) {
            (Some('-'), Some('\\')) => ahead.next(),
            (Some('-'), high) => high,
            _ => None,
        };
        if high.is_some() {
            rest = ahead;
        }
        if (low..=high.unwrap_or(low)).contains(&c) {
            return true;
        }
    }
    false
}

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident = $rule:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub(super) struct $name;
        impl Ruled for $name { const RULE: Rule = $rule; }
    )*};
}

const fn plain_name(most: usize) -> Rule {
    Rule::Name {
        most,
        class: r"A-Za-z0-9_\-",
        words: "letters, digits, `-` and `_`",
    }
}

const EMAIL: &str = "student@example.com";
const POLICY: &str = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess";

rules! {
    Any = Rule::Any { hint: "" };
    Source = Rule::Any { hint: "the folder with the code, like `source: artifacts/hello`" };
    FunctionRef = Rule::Any { hint: "the id of a function, like `function: hello`" };
    AuthorizerRef = Rule::Any { hint: "the name of an authorizer, or `authorizer: none` for a route that is open to all" };
    LabName = Rule::Form {
        wrong: lab_name,
        pattern: "^[a-z0-9][a-z0-9-]{0,31}$",
        example: "cognito-authorizer",
    };
    Region = Rule::Form { wrong: region, pattern: "^[a-z]{2}(-gov)?-[a-z]+-[0-9]$", example: "us-east-1" };
    FunctionId = plain_name(64);
    FunctionName = plain_name(64);
    /// Lambda's enum has more: these are the ones whose handlers can be looked for.
    Runtime = Rule::OneOf(&[
        "python3.9", "python3.10", "python3.11", "python3.12", "python3.13", "python3.14", "nodejs20.x", "nodejs22.x",
        "nodejs24.x",
    ]);
    Architecture = Rule::OneOf(&["x86_64", "arm64"]);
    Handler = Rule::Form { wrong: handler, pattern: r"^\S+\.[^\s./]+$", example: "lambda_function.lambda_handler" };
    Variable = Rule::Form { wrong: variable, pattern: "^[a-zA-Z][a-zA-Z0-9_]+$", example: "TABLE_NAME" };
    RoleName = Rule::Name { most: 64, class: r"A-Za-z0-9_+=,.@\-", words: "letters, digits and `_+=,.@-`" };
    PolicyArn = Rule::Form { wrong: policy_arn, pattern: r"^arn:aws[a-z-]*:iam::(aws|[0-9]{12}):policy/\S+$", example: POLICY };
    /// Of a pool or a client.
    PoolName = Rule::Name { most: 128, class: r"A-Za-z0-9_ +=,.@\-", words: "letters, digits, blanks and `_+=,.@-`" };
    SignIn = Rule::OneOf(&["email"]);
    Factor = Rule::OneOf(&["password", "email_otp"]);
    ClientType = Rule::OneOf(&["spa"]);
    Email = Rule::Form { wrong: |text| valid_email(text).err(), pattern: r"^[^@\s]+@[^@\s]+\.[^@\s]+$", example: EMAIL };
    ApiName = Rule::Name { most: 128, class: " -~", words: "printable ASCII" };
    Endpoint = Rule::OneOf(&["regional"]);
    AuthorizerName = plain_name(128);
    AuthorizerType = Rule::OneOf(&["cognito"]);
    Header = Rule::Name { most: 128, class: r"A-Za-z0-9_\-", words: "a header's name, like Authorization" };
    Scope = Rule::Name { most: 256, class: r"!#-\[\]-~", words: "printable ASCII without blanks, `\"` and `\\`" };
    StageName = Rule::Form { wrong: stage, pattern: "^[A-Za-z0-9_-]{1,128}$", example: "dev" };
    /// A method and a path; its parts are looked at with all routes.
    RouteKey = Rule::Form {
        wrong: |_| None,
        pattern: "^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|ANY) /\\S*$",
        example: "GET /demo",
    };
}

/// 32, so that what is named after a lab stays within AWS's limits.
fn lab_name(text: &str) -> Option<String> {
    let good = (1..=32).contains(&text.len())
        && text.chars().all(|c| in_class(c, r"a-z0-9\-"))
        && !text.starts_with('-');
    if !good {
        return Some(format!(
            "{} is not a lab's name: 1 to 32 of a–z, 0–9 and `-`",
            quote(text)
        ));
    }
    // The state of a lab is in `.labctl/<lab>`.
    (text == "local")
        .then(|| "`local` is the folder of the local twin: the lab needs another name".to_owned())
}

fn region(text: &str) -> Option<String> {
    let parts: Vec<&str> = text.split('-').collect();
    let lower = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    let good = match parts.as_slice() {
        [area, rest @ .., number] => {
            let rest = rest.strip_prefix(&["gov"]).unwrap_or(rest);
            area.len() == 2
                && lower(area)
                && number.len() == 1
                && number.bytes().all(|b| b.is_ascii_digit())
                && matches!(rest, [place] if lower(place))
        }
        _ => false,
    };
    (!good).then(|| format!("{} is not an AWS region", quote(text)))
}

fn handler(text: &str) -> Option<String> {
    if text.chars().count() > 128 || text.chars().any(char::is_whitespace) {
        return Some(format!(
            "{} is not a handler: at most 128 characters, no blanks",
            quote(text)
        ));
    }
    let parts = text.rsplit_once('.').filter(|(module, function)| {
        module
            .split('/')
            .all(|part| !part.is_empty() && part != "." && part != "..")
            && module.split('.').all(|part| !part.is_empty())
            && !function.is_empty()
            && !function.contains('/')
    });
    parts
        .is_none()
        .then(|| format!("{} is not `module.function`", quote(text)))
}

/// Names that Lambda sets itself; its documentation lists them.
const RESERVED_VARIABLES: &[&str] = &[
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
];

fn variable(text: &str) -> Option<String> {
    let good = text.len() >= 2
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| in_class(c, "A-Za-z0-9_"));
    if !good {
        let rule = "a letter, then at least one letter, digit or `_`";
        return Some(format!(
            "{} is not a variable that Lambda takes: {rule}",
            quote(text)
        ));
    }
    RESERVED_VARIABLES
        .contains(&text)
        .then(|| format!("Lambda sets {} itself", quote(text)))
}

fn policy_arn(text: &str) -> Option<String> {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let good = match parts.as_slice() {
        ["arn", partition, "iam", "", owner, rest] => {
            let account = owner.len() == 12 && owner.bytes().all(|b| b.is_ascii_digit());
            partition.starts_with("aws")
                && (*owner == "aws" || account)
                && rest
                    .strip_prefix("policy/")
                    .is_some_and(|name| !name.is_empty())
                && text.chars().all(|c| c.is_ascii_graphic())
        }
        _ => false,
    };
    (!good).then(|| format!("{} is not the ARN of an IAM policy", quote(text)))
}

fn stage(text: &str) -> Option<String> {
    let good =
        (1..=128).contains(&text.len()) && text.chars().all(|c| in_class(c, r"A-Za-z0-9_\-"));
    if !good {
        return Some(format!(
            "{} is not a stage's name: 1 to 128 letters, digits, `-` and `_`",
            quote(text)
        ));
    }
    (text == "test-invoke-stage")
        .then(|| "API Gateway keeps `test-invoke-stage` for test-invoke".to_owned())
}

/// The address as labctl uses it (lower-case), or what is wrong with it.
pub fn valid_email(text: &str) -> Result<String, String> {
    let email = text.trim().to_lowercase();
    if email.chars().count() > 128 {
        return Err("an e-mail address has at most 128 characters here".to_owned());
    }
    let not = |what: &str| Err(format!("{} is not an e-mail address: {what}", quote(text)));
    if email.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return not("it has a blank");
    }
    let Some((name, domain)) = email.split_once('@') else {
        return not("it has no `@`");
    };
    if name.is_empty() || domain.contains('@') {
        return not("it has one `@`, after a name");
    }
    if !domain.contains('.') || domain.split('.').any(str::is_empty) {
        return not("a domain follows the `@`, like example.com");
    }
    Ok(email)
}

#[cfg(test)]
#[path = "tests/rules.rs"]
mod tests;
