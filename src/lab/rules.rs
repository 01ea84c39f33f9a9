//! What AWS accepts, by field. From the official service models; where only observation or third
//! parties say something, the stricter reading.

use schemars::{Schema, json_schema};

use super::{
    foreign::environment_name,
    forms::{
        callback_url, certificate, country, domain_name, domain_prefix, handler, identity_source,
        issuer, lab_name, origin, policy_arn, provider_name, region, stage, valid_email, variable,
    },
    problem::{Place, Problem, quote},
};

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
            Self::OneOf(words) => Some(Problem::unknown(
                place,
                format!("{} is not known here", quote(text)),
                text,
                words,
            )),
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
                Some(Problem::new(
                    place,
                    message,
                    format!("1 to {most} characters: {words}"),
                ))
            }
            Self::Form { wrong, example, .. } => {
                let message = wrong(text)?;
                Some(Problem::new(place, message, format!("like `{example}`")))
            }
        }
    }

    /// What to write, for who left the key `name` out.
    pub(super) fn hint(&self, name: &str) -> String {
        match self {
            Self::Any { hint } => (*hint).to_owned(),
            Self::OneOf([only]) => format!("write `{name}: {only}`"),
            Self::OneOf(words) => format!("one of: {}", words.join(", ")),
            Self::Name { most, words, .. } => format!("1 to {most} characters: {words}"),
            Self::Form { example, .. } => format!("like `{name}: {example}`"),
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
pub(super) fn in_class(c: char, class: &str) -> bool {
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
const CERTIFICATE: &str =
    "arn:aws:acm:us-east-1:111122223333:certificate/12345678-1234-1234-1234-123456789012";
const POLICY: &str = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess";

rules! {
    Any = Rule::Any { hint: "any text" };
    Source = Rule::Any { hint: "the folder with the code, like `source: artifacts/hello`" };
    FunctionRef = Rule::Any { hint: "the id of a function, like `function: hello`" };
    AuthorizerRef = Rule::Any { hint: "the name of an authorizer, or `authorizer: none` for a route that is open to all" };
    RouteRef = Rule::Any { hint: "a route, like `GET /demo`" };
    Validation = Rule::Name { most: 1024, class: " -~", words: "a regular expression in printable ASCII" };
    LabName = Rule::Form {
        wrong: lab_name,
        pattern: "^[a-z0-9][a-z0-9-]{0,31}$",
        example: "cognito-authorizer",
    };
    Region = Rule::Form { wrong: region, pattern: "^[a-z]{2}(-gov)?-[a-z]+-[0-9]$", example: "us-east-1" };
    Owner = Rule::Name { most: 128, class: r"A-Za-z0-9._:/=+@\-", words: "letters, digits and `._:/=+@-`" };
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
    Totp = Rule::OneOf(&["optional", "required"]);
    DomainPrefix = Rule::Form {
        wrong: domain_prefix,
        pattern: "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$",
        example: "my-lab-4711",
    };
    ProviderName = Rule::Form { wrong: provider_name, pattern: "^[A-Za-z0-9-]{3,32}$", example: "Corporate" };
    ProviderType = Rule::OneOf(&["oidc", "saml"]);
    Issuer = Rule::Form { wrong: issuer, pattern: r"^https?://[^\s?#]+[^\s?#/]$", example: "https://idp.example.com" };
    ClientId = Rule::Name { most: 256, class: "!-~", words: "printable ASCII without blanks" };
    Metadata = Rule::Any { hint: "the provider's metadata, like `metadata: artifacts/saml/metadata.xml` or an https address" };
    /// Standard attributes that a user may have; `sub` and `identities` are Cognito's own.
    Attribute = Rule::OneOf(&[
        "address", "birthdate", "email", "email_verified", "family_name", "gender", "given_name", "locale", "middle_name",
        "name", "nickname", "phone_number", "phone_number_verified", "picture", "preferred_username", "profile",
        "updated_at", "website", "zoneinfo",
    ]);
    CallbackUrl = Rule::Form { wrong: callback_url, pattern: r"^[a-z][a-z0-9+.-]*://[^\s#]+$", example: "http://localhost:8000/" };
    OAuthScope = Rule::OneOf(&["openid", "email", "phone", "profile", "aws.cognito.signin.user.admin"]);
    Email = Rule::Form { wrong: |text| valid_email(text).err(), pattern: r"^[^@\s]+@[^@\s]+\.[^@\s]+$", example: EMAIL };
    ApiName = Rule::Name { most: 128, class: " -~", words: "printable ASCII" };
    Endpoint = Rule::OneOf(&["regional"]);
    AuthorizerName = plain_name(128);
    AuthorizerType = Rule::OneOf(&["cognito", "lambda"]);
    AuthorizerKind = Rule::OneOf(&["token", "request"]);
    IdentitySource = Rule::Form {
        wrong: identity_source,
        pattern: "^(header|query)\\.[A-Za-z0-9_-]{1,128}$",
        example: "header.X-Key",
    };
    Origin = Rule::Form { wrong: origin, pattern: "^(\\*|https?://[a-z0-9.:-]+)$", example: "https://app.example.com" };
    CallerName = plain_name(64);
    EnvironmentName = Rule::Form { wrong: environment_name, pattern: "^[A-Za-z0-9_]{1,128}$", example: "LAB_SECRET" };
    Comment = Rule::Name { most: 128, class: " -~", words: "printable ASCII" };
    Country = Rule::Form { wrong: country, pattern: "^[A-Z]{2}$", example: "DE" };
    DomainName = Rule::Form { wrong: domain_name, pattern: r"^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$", example: "api.example.com" };
    CertificateArn = Rule::Form { wrong: certificate, pattern: "^arn:aws:acm:us-east-1:[0-9]{12}:certificate/.+$", example: CERTIFICATE };
    ZoneId = Rule::Name { most: 32, class: "A-Z0-9", words: "a hosted zone's id, like Z0123456789ABC" };
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

#[cfg(test)]
#[path = "tests/rules.rs"]
mod tests;
