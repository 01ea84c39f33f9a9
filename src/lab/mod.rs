//! A lab, valid by construction: made only from a checked file.

mod api;
pub mod builtin;
mod check;
mod code;
mod excerpt;
mod file;
mod forms;
mod kinds;
mod load;
mod path;
mod problem;
mod read;
mod render;
mod rules;
#[cfg(test)]
mod tests;
mod yaml;

use std::{collections::BTreeMap, path::PathBuf};

pub use file::schema;
pub use forms::valid_email;
pub use load::{load, parse};
pub use problem::{LabError, Place, Problem};
pub use render::render;

/// What a lab is, with every default filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lab {
    /// Names the state's folder and the ownership tag.
    pub name: String,
    /// e.g. `us-east-1`.
    pub region: String,
    /// Functions by their id in the file.
    pub functions: BTreeMap<String, Function>,
    /// The user pool.
    pub user_pool: Option<UserPool>,
    /// The REST API.
    pub api: Option<Api>,
    /// Folder of the file.
    pub dir: PathBuf,
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
    pub memory_mb: u32,
    /// Seconds.
    pub timeout_s: u32,
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
}

/// A test user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Lower-case.
    pub email: String,
}

/// A regional REST API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Api {
    /// Its name.
    pub name: String,
    /// Authorizers by name.
    pub authorizers: BTreeMap<String, Authorizer>,
    /// In the file's order.
    pub routes: Vec<Route>,
    /// e.g. `dev`.
    pub stage: String,
}

/// A Cognito authorizer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorizer {
    /// The header with the token.
    pub token_source: String,
    /// How long results are cached, seconds.
    pub ttl_s: i32,
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
    /// Name of the authorizer; `None`: open to all, as the file says.
    pub authorizer: Option<String>,
    /// Scopes of which an access token must have one.
    pub scopes: Vec<String>,
    /// The body that a good call answers, for `verify`.
    pub expect: Option<String>,
}
