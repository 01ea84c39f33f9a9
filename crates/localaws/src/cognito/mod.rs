//! Cognito user pools: pools, clients, users, sign-in, tokens, and the inbox their mail goes to.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    app::App,
    call::{Answer, Call},
    server::{Request, Response},
};

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {}

/// One mail in the inbox, as `/_local/inbox.json` shows it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Mail {
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) text: String,
    /// The code in the text, for scripts.
    pub(crate) code: Option<String>,
    /// RFC 3339, UTC.
    pub(crate) at: String,
}

pub(crate) async fn handle(_app: &Arc<App>, call: &Call) -> Answer {
    Err(call.not_served())
}

/// Unsigned pages: `/{pool}/.well-known/jwks.json` and `openid-configuration`. `None`: not one of them.
pub(crate) fn well_known(_app: &Arc<App>, _request: &Request) -> Option<Response> {
    None
}

/// Why a token is not accepted by the pools given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TokenRefusal {
    /// Not a JWT, wrong signature, wrong issuer or pool.
    Invalid,
    Expired,
}

/// The claims of a token signed by one of these user pools (ARNs), whatever its `token_use`.
pub(crate) fn verify_token(
    _app: &Arc<App>,
    _pool_arns: &[String],
    _jwt: &str,
) -> Result<Map<String, Value>, TokenRefusal> {
    Err(TokenRefusal::Invalid)
}

impl State {
    // stub until merge
    pub(crate) fn tagged(&self, _account: &str, _region: &str) -> Vec<(String, std::collections::BTreeMap<String, String>)> {
        Vec::new()
    }
}
