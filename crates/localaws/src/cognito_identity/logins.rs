//! Logins: provider names and tokens, as somebody gives them, and who that is.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    fault::not_authorized,
    pool::{Login, Settings},
};
use crate::{
    app::App,
    call::ApiError,
    cognito::{LoginRefusal, verify_login},
};

/// Who the tokens are of. All of them have to be good.
pub(super) fn verify(
    app: &App,
    settings: &Settings,
    logins: &BTreeMap<String, String>,
) -> Result<BTreeSet<Login>, ApiError> {
    let mut known = BTreeSet::new();
    for (provider, token) in logins {
        known.insert(one(app, settings, provider, token)?);
    }
    Ok(known)
}

fn one(app: &App, settings: &Settings, provider: &str, token: &str) -> Result<Login, ApiError> {
    let foreign =
        || not_authorized("Token is not from a supported provider of this identity pool.");
    let clients: Vec<_> = settings
        .cognito_identity_providers
        .iter()
        .filter(|known| known.provider_name == provider)
        .collect();
    if clients.is_empty() {
        return Err(foreign());
    }
    let login = verify_login(app, provider, token).map_err(refused)?;
    let client = clients
        .iter()
        .find(|client| client.client_id == login.client)
        .ok_or_else(foreign)?;
    if client.server_side_token_check && !login.is_live {
        // Unsure of the text.
        return Err(not_authorized("Invalid login token. Token is revoked."));
    }
    Ok(Login {
        provider: provider.to_owned(),
        sub: login.sub,
    })
}

/// Texts as public reports quote them; unsure of the unit of the expired token's times.
fn refused(refusal: LoginRefusal) -> ApiError {
    let why = match refusal {
        LoginRefusal::NoToken => "Not a valid OpenId Connect identity token.".to_owned(),
        LoginRefusal::OtherIssuer => "Issuer doesn't match providerName".to_owned(),
        LoginRefusal::NoAudience => "Missing a required claim: aud".to_owned(),
        LoginRefusal::NotSigned | LoginRefusal::NoKeys => {
            "Couldn't verify signed token.".to_owned()
        }
        LoginRefusal::Expired { now, exp } => format!("Token expired: {now} >= {exp}"),
    };
    not_authorized(format!("Invalid login token. {why}"))
}
