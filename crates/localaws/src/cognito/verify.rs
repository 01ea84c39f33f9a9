//! Verification of access and ID tokens, for API Gateway's authorizer and for `GetUser`.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::{
    keys::{self, KeyPair},
    place::Place,
    pool::issuer,
};
use crate::app::{App, now_ms};

/// Why a token is not accepted by the pools given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TokenRefusal {
    /// Not a JWT, wrong signature, wrong issuer or pool.
    Invalid,
    Expired,
}

/// The claims of a token signed by one of these user pools (ARNs), whatever its `token_use`.
/// Revocation is not looked at: as on AWS, it does not reach API Gateway.
pub(crate) fn verify_token(
    app: &App,
    pool_arns: &[String],
    jwt: &str,
) -> Result<Map<String, Value>, TokenRefusal> {
    let jwt = Jwt::parse(jwt).ok_or(TokenRefusal::Invalid)?;
    let place = pool_arns
        .iter()
        .filter_map(|arn| Place::of_arn(arn))
        .find(|place| jwt.claim("iss") == issuer(&place.pool))
        .ok_or(TokenRefusal::Invalid)?;
    jwt.verified(app, &place)
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: String,
}

/// A token taken apart, not yet believed.
pub(crate) struct Jwt<'a> {
    signed: &'a str,
    signature: Vec<u8>,
    header: Header,
    claims: Map<String, Value>,
}

impl<'a> Jwt<'a> {
    pub(crate) fn parse(jwt: &'a str) -> Option<Self> {
        fn decode<T: DeserializeOwned>(part: &str) -> Option<T> {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
        }
        let (signed, signature) = jwt.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        Some(Self {
            signed,
            signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
            header: decode(header)?,
            claims: decode(claims)?,
        })
    }

    pub(super) fn claim(&self, name: &str) -> &str {
        self.claims
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// A claim that is a whole number; 0 when there is none.
    pub(super) fn number(&self, name: &str) -> i64 {
        let claim = self.claims.get(name).and_then(Value::as_i64);
        claim.unwrap_or_default()
    }

    /// The claims, if this key signed them with RS512.
    pub(crate) fn signed_512_by(self, pair: &KeyPair) -> Option<Map<String, Value>> {
        let genuine = self.header.alg == "RS512"
            && self.header.kid == pair.kid
            && pair.verifies_512(self.signed, &self.signature);
        genuine.then_some(self.claims)
    }

    /// The claims, if this pool signed them and they have not expired.
    pub(super) fn verified(
        self,
        app: &App,
        place: &Place,
    ) -> Result<Map<String, Value>, TokenRefusal> {
        let pair = keys::existing(app, place).ok_or(TokenRefusal::Invalid)?;
        let genuine = self.header.alg == "RS256"
            && self.header.kid == pair.kid
            && self.claim("iss") == issuer(&place.pool)
            && pair.verifies(self.signed, &self.signature);
        if !genuine {
            return Err(TokenRefusal::Invalid);
        }
        if self.number("exp") <= now_ms() / 1000 {
            return Err(TokenRefusal::Expired);
        }
        Ok(self.claims)
    }
}
