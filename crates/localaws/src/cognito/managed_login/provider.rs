//! What an OIDC provider says: of itself, for a code, and of a user.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{rsa::PublicKeyComponents, signature::RSA_PKCS1_2048_8192_SHA256};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::saml;
use crate::{
    app::now_ms,
    call::ApiError,
    cognito::{fault, identity_provider::IdentityProvider},
    outgoing::{self, Refusal, Reply},
    wire::percent,
};

/// Of `ProviderDetails`, as Cognito fills them in from the provider's discovery document.
pub(super) const AUTHORIZE: &str = "authorize_url";
const TOKEN: &str = "token_url";
const ATTRIBUTES: &str = "attributes_url";
const KEYS: &str = "jwks_uri";

/// The members of a discovery document by the details that they become.
const DISCOVERED: [(&str, &str); 4] = [
    (AUTHORIZE, "authorization_endpoint"),
    (TOKEN, "token_endpoint"),
    (ATTRIBUTES, "userinfo_endpoint"),
    (KEYS, "jwks_uri"),
];

/// The details with what the provider says of itself. A provider that is not on this machine cannot be asked:
/// its details stay as they were given.
pub(in super::super) async fn learn(
    provider_type: &str,
    mut details: BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, ApiError> {
    let unreadable = |what: &str| {
        fault::invalid_parameter(format!("Error retrieving {what}: it cannot be read."))
    };
    if provider_type == "SAML" {
        let metadata = match (details.get("MetadataFile"), details.get("MetadataURL")) {
            (Some(file), _) => Some(file.clone()),
            (None, Some(url)) => {
                let got = document(url).await.map_err(|_| unreadable("MetadataURL"))?;
                got.map(|reply| String::from_utf8_lossy(&reply.body).into_owned())
            }
            (None, None) => None,
        };
        if let Some(metadata) = metadata {
            let endpoint = saml::endpoint(&metadata);
            let endpoint = endpoint.ok_or_else(|| unreadable("metadata"))?;
            details.insert(saml::ENDPOINT.to_owned(), endpoint);
        }
        return Ok(details);
    }
    let issuer = details.get("oidc_issuer").cloned();
    let Some(issuer) = issuer.filter(|_| provider_type == "OIDC") else {
        return Ok(details);
    };
    if issuer.ends_with('/') {
        // Documented: without a slash at its end.
        return Err(fault::invalid_parameter(
            "oidc_issuer must not end with a slash.",
        ));
    }
    let url = format!("{issuer}/.well-known/openid-configuration");
    let unreachable = |_| fault::invalid_parameter("Unable to contact well-known endpoint");
    let Some(reply) = document(&url).await.map_err(unreachable)? else {
        return Ok(details);
    };
    let said: Value = serde_json::from_slice(&reply.body).map_err(|_| unreadable(&url))?;
    for (detail, member) in DISCOVERED {
        if let Some(url) = said[member].as_str() {
            details.insert(detail.to_owned(), url.to_owned());
        }
    }
    let add = "attributes_url_add_attributes".to_owned();
    details.entry(add).or_insert_with(|| "false".to_owned());
    Ok(details)
}

/// What is there with 200; `None`: it is not on this machine.
async fn document(url: &str) -> Result<Option<Reply>, String> {
    match outgoing::send(url, None, None).await {
        Ok(reply) if reply.status == 200 => Ok(Some(reply)),
        Ok(reply) => Err(format!("status {}", reply.status)),
        Err(Refusal::Elsewhere) => Ok(None),
        Err(Refusal::Failed(why)) => Err(why),
    }
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
    access_token: Option<String>,
}

/// The claims of the user whom the provider gave `code` for.
pub(super) async fn claims(
    provider: &IdentityProvider,
    code: &str,
    back: &str,
) -> Result<Map<String, Value>, String> {
    let detail = |name: &str| {
        let missing = || format!("the provider has no {name}");
        provider.detail(name).ok_or_else(missing)
    };
    // The one way in which Cognito shows its secret (documented: client_secret_post).
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", back),
        ("client_id", detail("client_id")?),
        ("client_secret", detail("client_secret").unwrap_or_default()),
    ];
    let form = form.map(|(name, value)| format!("{name}={}", percent::encode(value)));
    let reply = ask(detail(TOKEN)?, Some(form.join("&")), None).await?;
    let tokens: Tokens = serde_json::from_slice(&reply.body)
        .map_err(|e| format!("{}: {e}", detail(TOKEN).unwrap_or_default()))?;
    let keys = ask(detail(KEYS)?, None, None).await?;
    let issuer = detail("oidc_issuer")?;
    let mut claims = verified(&tokens.id_token, &keys.body, issuer, detail("client_id")?)?;
    if let (Some(url), Some(token)) = (provider.detail(ATTRIBUTES), &tokens.access_token) {
        let reply = ask(url, None, Some(token)).await?;
        let more: Map<String, Value> =
            serde_json::from_slice(&reply.body).map_err(|e| format!("{url}: {e}"))?;
        if more.get("sub") != claims.get("sub") {
            return Err(format!("{url}: it is of another user than the ID token"));
        }
        claims.extend(more);
    }
    Ok(claims)
}

async fn ask(url: &str, form: Option<String>, bearer: Option<&str>) -> Result<Reply, String> {
    match outgoing::send(url, form, bearer).await {
        Ok(reply) if reply.status == 200 => Ok(reply),
        Ok(reply) => {
            let body = String::from_utf8_lossy(&reply.body);
            let body: String = body.chars().take(200).collect();
            Err(format!("{} {body}", reply.status))
        }
        Err(Refusal::Elsewhere) => Err(format!("{url}: the local AWS has no TLS")),
        Err(Refusal::Failed(why)) => Err(format!("{url}: {why}")),
    }
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
}

#[derive(Deserialize)]
struct Keys {
    keys: Vec<Key>,
}

#[derive(Deserialize)]
struct Key {
    kty: String,
    kid: Option<String>,
    n: Option<String>,
    e: Option<String>,
}

impl Key {
    /// Whether this key signed `text`, by RS256.
    fn signed(&self, text: &str, signature: &[u8]) -> bool {
        let number = |text: Option<&String>| URL_SAFE_NO_PAD.decode(text?).ok();
        let (Some(n), Some(e)) = (number(self.n.as_ref()), number(self.e.as_ref())) else {
            return false;
        };
        let key = PublicKeyComponents { n, e };
        let how = &RSA_PKCS1_2048_8192_SHA256;
        key.verify(how, text.as_bytes(), signature).is_ok()
    }
}

/// The claims of an ID token that the provider signed for this client, by RS256: other algorithms are not served.
fn verified(
    token: &str,
    keys: &[u8],
    issuer: &str,
    client: &str,
) -> Result<Map<String, Value>, String> {
    let wrong = |what: &str| Err(format!("the provider's ID token {what}"));
    let parts: Vec<&str> = token.split('.').collect();
    let [header, body, signature] = parts.as_slice() else {
        return wrong("is none");
    };
    let bytes = |part: &str| URL_SAFE_NO_PAD.decode(part).unwrap_or_default();
    let Ok(said) = serde_json::from_slice::<Header>(&bytes(header)) else {
        return wrong("has no header");
    };
    if said.alg != "RS256" {
        return wrong("is not signed by RS256, which alone is served here");
    }
    let keys: Keys =
        serde_json::from_slice(keys).map_err(|e| format!("the provider's keys: {e}"))?;
    let mut fitting = keys
        .keys
        .iter()
        .filter(|key| key.kty == "RSA" && (said.kid.is_none() || key.kid == said.kid));
    let signed = format!("{header}.{body}");
    let signature = bytes(signature);
    let genuine = fitting.any(|key| key.signed(&signed, &signature));
    if !genuine {
        return wrong("is not signed with any of its keys");
    }
    let Ok(claims) = serde_json::from_slice::<Map<String, Value>>(&bytes(body)) else {
        return wrong("has no claims");
    };
    if claims.get("iss").and_then(Value::as_str) != Some(issuer) {
        return wrong("is of another issuer");
    }
    let for_us = match claims.get("aud") {
        Some(Value::String(one)) => one == client,
        Some(Value::Array(many)) => many.iter().any(|one| one == client),
        _ => false,
    };
    if !for_us {
        return wrong("is for another client");
    }
    let exp = claims.get("exp").and_then(Value::as_i64);
    if exp.is_none_or(|exp| exp <= now_ms() / 1000) {
        return wrong("has expired");
    }
    Ok(claims)
}
