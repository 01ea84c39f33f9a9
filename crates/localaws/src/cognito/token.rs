//! Tokens: refresh tokens as they are kept, and the claims of access and ID tokens.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    client::Client,
    keys,
    place::Place,
    pool::Pool,
    session::{SWEEP, digest, opaque},
    user::User,
};
use crate::{app::App, call::Answer, ids};

/// The one scope of tokens from the sign-in API.
const SCOPE: &str = "aws.cognito.signin.user.admin";

/// Access tokens live a day at most: so long (seconds) is remembered what concerns them.
pub(super) const DAY: i64 = 86400;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct RefreshToken {
    pub(super) client_id: String,
    pub(super) username: String,
    /// Names the sign-in that all its tokens come from.
    pub(super) origin_jti: String,
    /// Seconds: when the user signed in.
    pub(super) auth_time: i64,
    /// Seconds.
    pub(super) expires: i64,
    /// Milliseconds: when it was exchanged for a new one.
    pub(super) rotated: Option<i64>,
}

/// Tokens about to be signed, which happens without the lock on the world.
pub(super) struct Issue {
    access: Value,
    id: Value,
    refresh_token: Option<String>,
    expires_in: i64,
}

impl Pool {
    /// A new sign-in, with a refresh token of its own.
    pub(super) fn sign_in(&mut self, client: &Client, user: &User, now: i64) -> Issue {
        let seconds = now / 1000;
        let grant = RefreshToken {
            client_id: client.client_id.clone(),
            username: user.username.clone(),
            origin_jti: ids::uuid(),
            auth_time: seconds,
            expires: seconds + client.settings.refresh_seconds(),
            rotated: None,
        };
        let mut issue = self.issue(client, user, &grant, now);
        issue.refresh_token = Some(self.keep(grant, now));
        issue
    }

    /// Keeps a refresh token and gives the string for it.
    pub(super) fn keep(&mut self, token: RefreshToken, now: i64) -> String {
        let seconds = now / 1000;
        if self.refresh_tokens.len().is_multiple_of(SWEEP) {
            self.refresh_tokens
                .retain(|_, old| old.expires + DAY > seconds);
            self.revoked.retain(|_, until| *until > seconds);
        }
        let plain = opaque();
        self.refresh_tokens.insert(digest(&plain), token);
        plain
    }

    /// Access and ID token of a sign-in.
    pub(super) fn issue(
        &self,
        client: &Client,
        user: &User,
        grant: &RefreshToken,
        now: i64,
    ) -> Issue {
        let iat = now / 1000;
        let expires_in = client.settings.access_seconds();
        let mut common = Map::from_iter([
            ("sub".to_owned(), json!(user.attribute("sub"))),
            ("iss".to_owned(), json!(self.issuer())),
            ("event_id".to_owned(), json!(ids::uuid())),
            ("auth_time".to_owned(), json!(grant.auth_time)),
            ("iat".to_owned(), json!(iat)),
        ]);
        if client.settings.enable_token_revocation {
            common.insert("origin_jti".to_owned(), json!(grant.origin_jti));
        }
        let mut access = common.clone();
        access.extend([
            ("token_use".to_owned(), json!("access")),
            ("client_id".to_owned(), json!(client.client_id)),
            ("scope".to_owned(), json!(SCOPE)),
            ("username".to_owned(), json!(user.username)),
            ("exp".to_owned(), json!(iat + expires_in)),
            ("jti".to_owned(), json!(ids::uuid())),
        ]);
        let mut id = common;
        id.extend(
            user.attributes
                .iter()
                .filter(|(name, _)| *name != "sub")
                .map(|(name, value)| {
                    let value = match name.as_str() {
                        "email_verified" | "phone_number_verified" => json!(value == "true"),
                        _ => json!(value),
                    };
                    (name.clone(), value)
                }),
        );
        id.extend([
            ("token_use".to_owned(), json!("id")),
            ("aud".to_owned(), json!(client.client_id)),
            ("cognito:username".to_owned(), json!(user.username)),
            ("exp".to_owned(), json!(iat + client.settings.id_seconds())),
            ("jti".to_owned(), json!(ids::uuid())),
        ]);
        Issue {
            access: access.into(),
            id: id.into(),
            refresh_token: None,
            expires_in,
        }
    }
}

impl Issue {
    pub(super) fn with_refresh_token(self, token: String) -> Self {
        Self {
            refresh_token: Some(token),
            ..self
        }
    }

    /// `AuthenticationResultType` of the model.
    pub(super) async fn sign(self, app: &Arc<App>, place: &Place) -> Answer {
        let pair = keys::pair(app, place).await?;
        let mut result = json!({
            "AccessToken": pair.token(&self.access)?,
            "ExpiresIn": self.expires_in,
            "IdToken": pair.token(&self.id)?,
            "TokenType": "Bearer",
        });
        if let Some(token) = self.refresh_token {
            result["RefreshToken"] = token.into();
        }
        Ok(result)
    }
}
