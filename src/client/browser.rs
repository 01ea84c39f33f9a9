//! Sign-in in a browser: authorization code with PKCE (RFC 6749, RFC 7636, RFC 8252), at the managed login domain.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::{
    aws::{Http, Request},
    error::Error,
    verify::{Tokens, query},
};

/// A sign-in that has begun. The verifier never leaves this process but to the token endpoint.
pub struct SignInByBrowser {
    domain: String,
    client_id: String,
    callback: String,
    verifier: String,
    /// Comes back with the browser, so that nobody else's callback is taken for ours.
    pub state: String,
    /// Where the browser has to go.
    pub url: String,
}

/// Of `/oauth2/token`.
#[derive(Deserialize)]
struct Granted {
    access_token: String,
    id_token: String,
    refresh_token: Option<String>,
}

/// Of the same, when it refuses.
#[derive(Deserialize)]
struct Refused {
    error: String,
}

impl SignInByBrowser {
    /// `user`: the name that the page begins with.
    pub fn begin(
        domain: &str,
        client_id: &str,
        callback: &str,
        scopes: &[String],
        user: Option<&str>,
    ) -> Result<Self, Error> {
        let (verifier, state) = (random()?, random()?);
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));
        let mut parts = vec![
            query("response_type", "code"),
            query("client_id", client_id),
            query("redirect_uri", callback),
            query("scope", &scopes.join(" ")),
            query("state", &state),
            query("code_challenge", &challenge),
            query("code_challenge_method", "S256"),
        ];
        parts.extend(user.map(|user| query("login_hint", user)));
        Ok(Self {
            domain: domain.to_owned(),
            client_id: client_id.to_owned(),
            callback: callback.to_owned(),
            verifier,
            state,
            url: format!("{domain}/oauth2/authorize?{}", parts.join("&")),
        })
    }

    /// Asks the domain whether it takes this sign-in: a browser would only show that it does not.
    pub async fn check(&self) -> Result<(), Error> {
        let answer = Http::new(&self.domain).get(&self.url, None).await;
        let answer = answer.map_err(|e| Error::failed(e.to_string()))?;
        let to = answer.header("location").unwrap_or_default();
        let (_, given) = to.split_once('?').unwrap_or_default();
        let error = given
            .split('&')
            .find_map(|pair| pair.strip_prefix("error="));
        if matches!(answer.status, 302 | 303 | 307) && error.is_none() {
            return Ok(());
        }
        let why = error.map_or_else(|| answer.status.to_string(), str::to_owned);
        Err(Error::failed(format!(
            "managed login refuses this sign-in: {why} (callback {})",
            self.callback
        ))
        .hint("`labctl status` shows whether the app client is as lab.yaml says, `labctl up` mends it"))
    }

    /// The tokens for the code that came back.
    pub async fn exchange(&self, code: &str) -> Result<Tokens, Error> {
        let form = [
            query("grant_type", "authorization_code"),
            query("client_id", &self.client_id),
            query("redirect_uri", &self.callback),
            query("code", code),
            query("code_verifier", &self.verifier),
        ];
        let url = format!("{}/oauth2/token", self.domain);
        let mut request =
            Request::new("POST", &url).header("content-type", "application/x-www-form-urlencoded");
        request.body = form.join("&").into_bytes();
        let answer = Http::new(&url).send(&request).await;
        let answer = answer.map_err(|e| Error::failed(e.to_string()))?;
        // Neither the answer nor what is wrong with it is shown: it has tokens.
        match (
            answer.status,
            serde_json::from_slice::<Granted>(&answer.raw),
        ) {
            (200, Ok(granted)) => Ok(Tokens {
                access: granted.access_token,
                id: granted.id_token,
                refresh: granted.refresh_token,
            }),
            (200, Err(_)) => Err(Error::failed("managed login gave no access and ID token")),
            (status, _) => {
                let refused = serde_json::from_slice::<Refused>(&answer.raw);
                let why = refused.map_or_else(|_| status.to_string(), |refused| refused.error);
                Err(
                    Error::failed(format!("managed login takes the code no more: {why}"))
                        .hint("`labctl login` begins anew"),
                )
            }
        }
    }
}

/// 256 bits, in characters that PKCE takes.
fn random() -> Result<String, Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|e| Error::failed(e.to_string()))?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

/// Who an ID token is of: the address, or the name that the user pool knows. Cognito has just given the token.
pub fn who(id_token: &str) -> Option<String> {
    let payload = id_token.split('.').nth(1)?;
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(payload).ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&bytes).ok()?;
    let name = claims["email"]
        .as_str()
        .or(claims["cognito:username"].as_str());
    name.map(str::to_owned)
}
