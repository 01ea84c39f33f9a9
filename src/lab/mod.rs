//! A lab, valid by construction: made only from a checked file.

mod api;
mod authorizers;
pub mod builtin;
mod callers;
mod check;
mod code;
mod edge;
mod excerpt;
mod file;
mod foreign;
mod forms;
mod kinds;
mod load;
mod path;
mod problem;
mod providers;
mod read;
mod render;
mod rules;
mod suffix;
#[cfg(test)]
mod tests;
mod user_pool;
mod yaml;

use std::{collections::BTreeMap, path::PathBuf};

pub use callers::STUDENT;
pub use file::schema;
pub(crate) use forms::is_loopback;
pub use forms::valid_email;
pub(crate) use load::refused;
pub use load::{load, load_as, parse};
pub use problem::{LabError, Place, Problem};
pub(crate) use problem::{choice, closest, quote};
pub use providers::{IdentityProvider, Metadata, Provider};
pub use render::render;
pub use suffix::valid_suffix;
pub use user_pool::Mfa;

/// What a lab is, with every default filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lab {
    /// Names the state's folder and the ownership tag.
    pub name: String,
    /// e.g. `us-east-1`.
    pub region: String,
    /// Whose it is, when that is not the caller.
    pub owner: Option<String>,
    /// What `--as` put on the names, without the hyphen.
    pub suffix: Option<String>,
    /// Functions by their id in the file.
    pub functions: BTreeMap<String, Function>,
    /// The user pool.
    pub user_pool: Option<UserPool>,
    /// The identity pool.
    pub identity_pool: Option<IdentityPool>,
    /// Roles that may call routes, by the file's name for them.
    pub callers: BTreeMap<String, Caller>,
    /// The REST API.
    pub api: Option<Api>,
    /// The CloudFront distribution before the API.
    pub edge: Option<Edge>,
    /// Folder of the file.
    pub dir: PathBuf,
    /// What a person should look at, in the file's order: each a line that names its place.
    pub warnings: Vec<String>,
}

/// A Lambda function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// e.g. `python3.13`.
    pub runtime: String,
    /// `x86_64` or `arm64`.
    pub architecture: String,
    /// e.g. `lambda_function.lambda_handler`.
    pub handler: String,
    /// Folder with the code, joined to the file's folder.
    pub source: PathBuf,
    /// MB.
    pub memory_mb: i32,
    /// Seconds.
    pub timeout_s: i32,
    /// Environment variables.
    pub environment: BTreeMap<String, String>,
    /// Days that log events are kept.
    pub log_retention_days: i32,
    /// Name of the execution role.
    pub role: String,
    /// ARNs of further policies for the role.
    pub managed_policies: Vec<String>,
}

/// A Cognito user pool with sign-in by e-mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserPool {
    /// Its name.
    pub name: String,
    /// Ways to begin a sign-in.
    pub first_factors: Vec<Factor>,
    /// Whether a generator's code is wanted after the password.
    pub mfa: Option<Mfa>,
    /// The prefix of the managed login domain.
    pub domain: Option<String>,
    /// Identity providers by name.
    pub identity_providers: BTreeMap<String, IdentityProvider>,
    /// The app client.
    pub app_client: AppClient,
    /// Test users.
    pub users: Vec<User>,
}

/// A way to begin a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Factor {
    /// A password.
    Password,
    /// A one-time code by e-mail.
    EmailOtp,
}

impl Factor {
    /// As AWS spells it.
    pub fn aws_name(self) -> &'static str {
        match self {
            Self::Password => "PASSWORD",
            Self::EmailOtp => "EMAIL_OTP",
        }
    }
}

/// An app client of a single-page app, without a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppClient {
    /// Its name.
    pub name: String,
    /// How long a sign-in may take, minutes.
    pub session_minutes: i32,
    /// Life of access tokens, minutes.
    pub access_token_minutes: i32,
    /// Life of ID tokens, minutes.
    pub id_token_minutes: i32,
    /// Life of refresh tokens, days.
    pub refresh_token_days: i32,
    /// Refresh tokens are rotated; the old one lives so many seconds more.
    pub rotation_grace_s: Option<i32>,
    /// Where a sign-in at the domain may end.
    pub callback_urls: Vec<String>,
    /// Where a sign-out may end.
    pub logout_urls: Vec<String>,
    /// Scopes that a sign-in at the domain may ask for.
    pub scopes: Vec<String>,
}

/// A test user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Lower-case.
    pub email: String,
    /// The environment variable with the user's password, for users who have one.
    pub password_env: Option<String>,
}

/// A Cognito identity pool: temporary AWS keys for signed-in users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityPool {
    /// Its name.
    pub name: String,
    /// The users' role and its routes.
    pub caller: Caller,
}

/// A role that may call routes with IAM authorization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The role's name.
    pub role: String,
    /// Names of the routes, like `GET /demo`.
    pub routes: Vec<String>,
}

/// A regional REST API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Api {
    /// Its name.
    pub name: String,
    /// Authorizers by name.
    pub authorizers: BTreeMap<String, Authorizer>,
    /// What browsers are told.
    pub cors: Option<Cors>,
    /// In the file's order.
    pub routes: Vec<Route>,
    /// e.g. `dev`.
    pub stage: String,
}

/// An authorizer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorizer {
    /// Who judges.
    pub judge: Judge,
    /// How long results are cached, seconds.
    pub ttl_s: i32,
}

/// Who judges a caller, by what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judge {
    /// The user pool, by the token in a header.
    Pool {
        /// The header.
        header: String,
    },
    /// A function, by the token in a header.
    Token {
        /// The function's id in the file.
        function: String,
        /// The header.
        header: String,
        /// A regular expression that a token must match to be looked at.
        validation: Option<String>,
    },
    /// A function, by the whole request.
    Request {
        /// The function's id in the file.
        function: String,
        /// What must be in the request.
        sources: Vec<Source>,
    },
}

/// Where in a request something is that identifies the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A header, by name.
    Header(String),
    /// A parameter of the query, by name.
    Query(String),
}

impl Authorizer {
    /// What a caller must send.
    pub fn sources(&self) -> Vec<Source> {
        match &self.judge {
            Judge::Pool { header } | Judge::Token { header, .. } => {
                vec![Source::Header(header.clone())]
            }
            Judge::Request { sources, .. } => sources.clone(),
        }
    }

    /// The id of the function that is asked.
    pub fn function(&self) -> Option<&str> {
        match &self.judge {
            Judge::Pool { .. } => None,
            Judge::Token { function, .. } | Judge::Request { function, .. } => Some(function),
        }
    }
}

/// What browsers are told of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cors {
    /// The origin that may call; `*` for any.
    pub origin: String,
    /// Headers that may be sent.
    pub headers: Vec<String>,
    /// How long a browser may remember it, seconds.
    pub max_age_s: i32,
}

/// A CloudFront distribution, through which alone the API answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// The distribution's comment.
    pub comment: String,
    /// ISO codes of the countries whose viewers are let in; none: all.
    pub geo: Vec<String>,
    /// Requests that one address may send in five minutes.
    pub rate_limit: Option<i32>,
    /// A domain in place of CloudFront's.
    pub domain: Option<Domain>,
}

/// A domain of the user's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain {
    /// e.g. `api.example.com`.
    pub name: String,
    /// ARN of its certificate in us-east-1.
    pub certificate: String,
    /// Id of the Route 53 hosted zone.
    pub zone: String,
}

/// A route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// e.g. `GET`.
    pub method: String,
    /// e.g. `/demo`.
    pub path: String,
    /// Id of the function in the file.
    pub function: String,
    /// Who may call.
    pub guard: Guard,
    /// Scopes of which an access token must have one.
    pub scopes: Vec<String>,
    /// Values of the authorizer's sources that are let in, for `verify`.
    pub allow: Vec<String>,
    /// Values that are refused.
    pub deny: Vec<String>,
    /// The body that a good call answers, for `verify`.
    pub expect: Option<String>,
}

/// Who may call a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Guard {
    /// All, as the file says.
    Open,
    /// Who has AWS keys and the permission.
    Iam,
    /// Who has a token of the user pool.
    Pool {
        /// The authorizer's name.
        authorizer: String,
        /// The token's header.
        header: String,
    },
    /// Whom a function lets in.
    Function {
        /// The authorizer's name.
        authorizer: String,
        /// What must be in the request.
        sources: Vec<Source>,
    },
}

impl Guard {
    /// The name of the authorizer.
    pub fn authorizer(&self) -> Option<&str> {
        match self {
            Self::Open | Self::Iam => None,
            Self::Pool { authorizer, .. } | Self::Function { authorizer, .. } => Some(authorizer),
        }
    }
}

impl Lab {
    /// Where each function logs, by its key in the file.
    pub fn log_groups(&self) -> BTreeMap<String, String> {
        let group = |(key, function): (&String, &Function)| {
            (key.clone(), format!("/aws/lambda/{}", function.name))
        };
        self.functions.iter().map(group).collect()
    }
}

impl Route {
    /// e.g. `GET /demo`.
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// Whether the user pool's access token lets a caller in: only that has scopes. Otherwise the ID token does.
    pub fn wants_access_token(&self) -> bool {
        !self.scopes.is_empty()
    }
}
