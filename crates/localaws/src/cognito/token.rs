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
pub(super) const SCOPE: &str = "aws.cognito.signin.user.admin";

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
    /// Of a sign-in at the domain: what the app asked for. `None`: from the sign-in API.
    #[serde(default)]
    pub(super) scopes: Option<Vec<String>>,
}

/// Tokens about to be signed, which happens without the lock on the world.
pub(super) struct Issue {
    access: Value,
    /// `None`: the app did not ask for `openid`.
    id: Option<Value>,
    refresh_token: Option<String>,
    expires_in: i64,
}

impl Pool {
    /// A new sign-in, with a refresh token of its own.
    pub(super) fn sign_in(&mut self, client: &Client, user: &User, now: i64) -> Issue {
        self.begin(client, user, None, now)
    }

    /// The same at the domain, for an app that asked for these scopes.
    pub(super) fn sign_in_at_domain(
        &mut self,
        client: &Client,
        user: &User,
        scopes: &[String],
        nonce: Option<&str>,
        now: i64,
    ) -> Issue {
        let mut issue = self.begin(client, user, Some(scopes.to_vec()), now);
        if let (Some(id), Some(nonce)) = (&mut issue.id, nonce) {
            id["nonce"] = json!(nonce);
        }
        issue
    }

    fn begin(
        &mut self,
        client: &Client,
        user: &User,
        scopes: Option<Vec<String>>,
        now: i64,
    ) -> Issue {
        let seconds = now / 1000;
        let grant = RefreshToken {
            client_id: client.client_id.clone(),
            username: user.username.clone(),
            origin_jti: ids::uuid(),
            auth_time: seconds,
            expires: seconds + client.settings.refresh_seconds(),
            rotated: None,
            scopes,
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

    /// The group that Cognito makes for the users of a provider (documented).
    fn group(&self, user: &User) -> Option<String> {
        let identities = user.attribute("identities");
        let identities: Value = serde_json::from_str(identities).ok()?;
        let provider = identities[0]["providerName"].as_str()?;
        Some(format!("{}_{provider}", self.id))
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
        if let Some(group) = self.group(user) {
            common.insert("cognito:groups".to_owned(), json!([group]));
        }
        let mut access = common.clone();
        if grant.scopes.is_some() {
            // As in the documentation's examples of tokens from the domain.
            access.insert("version".to_owned(), json!(2));
        }
        let scope = match &grant.scopes {
            Some(scopes) => scopes.join(" "),
            None => SCOPE.to_owned(),
        };
        access.extend([
            ("token_use".to_owned(), json!("access")),
            ("client_id".to_owned(), json!(client.client_id)),
            ("scope".to_owned(), json!(scope)),
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
                        // A list, as it is kept in a text.
                        "identities" => {
                            serde_json::from_str(value).unwrap_or_else(|_| json!(value))
                        }
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
            id: grant
                .scopes
                .as_ref()
                .is_none_or(|scopes| scopes.iter().any(|scope| scope == "openid"))
                .then(|| id.into()),
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
            "TokenType": "Bearer",
        });
        if let Some(id) = &self.id {
            result["IdToken"] = pair.token(id)?.into();
        }
        if let Some(token) = self.refresh_token {
            result["RefreshToken"] = token.into();
        }
        Ok(result)
    }
}
