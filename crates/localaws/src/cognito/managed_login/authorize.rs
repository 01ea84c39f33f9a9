//! `/oauth2/authorize`: checks what an app asks for, and sends its user to the page or to a provider.

use super::{Given, Site, grant::Wanted, not_served, provider, redirect, saml, with};
use crate::{
    app::{App, now_ms},
    cognito::{client::Client, pool::Pool},
    server::Response,
};

/// Why a request is no good.
pub(super) enum Refusal {
    /// Shown here: the callback cannot be trusted.
    Here(&'static str),
    /// Told at the callback.
    There(&'static str),
    NotServed(&'static str),
}

/// What is wanted, by a client of this pool.
pub(super) fn wanted(pool: &Pool, given: &Given) -> Result<(Client, Wanted), Refusal> {
    let get = |name: &str| given.get(name).map(String::as_str);
    // How a stranger's client id is told is not settled.
    let client_id = get("client_id").ok_or(Refusal::Here("invalid_request"))?;
    let client = pool.clients.get(client_id);
    let client = client.ok_or(Refusal::Here("invalid_request"))?;
    let settings = &client.settings;
    let redirect_uri = get("redirect_uri")
        .filter(|uri| settings.callback_urls.iter().any(|known| known == uri))
        .ok_or(Refusal::Here("redirect_mismatch"))?;
    let flow = match get("response_type") {
        Some("code") => "code",
        Some("token") => "implicit",
        _ => return Err(Refusal::There("invalid_request")),
    };
    let allowed = settings.allowed_oauth_flows_user_pool_client
        && settings
            .allowed_oauth_flows
            .iter()
            .any(|known| known == flow);
    if !allowed {
        return Err(Refusal::There("unauthorized_client"));
    }
    if flow == "implicit" {
        return Err(Refusal::NotServed("the implicit grant"));
    }
    let scopes: Vec<String> = match get("scope") {
        // All that the client has (documented).
        None => settings.allowed_oauth_scopes.clone(),
        Some(scopes) => scopes.split_whitespace().map(str::to_owned).collect(),
    };
    if !scopes
        .iter()
        .all(|s| settings.allowed_oauth_scopes.contains(s))
    {
        return Err(Refusal::There("invalid_scope"));
    }
    let challenge = get("code_challenge");
    // S256 only (documented).
    if challenge.is_some() != (get("code_challenge_method") == Some("S256")) {
        return Err(Refusal::There("invalid_request"));
    }
    let wanted = Wanted {
        client_id: client_id.to_owned(),
        redirect_uri: redirect_uri.to_owned(),
        scopes,
        state: get("state").map(str::to_owned),
        nonce: get("nonce").map(str::to_owned),
        challenge: challenge.map(str::to_owned),
    };
    Ok((client.clone(), wanted))
}

impl Refusal {
    pub(super) fn tell(&self, site: &Site, given: &Given) -> Response {
        let get = |name: &str| given.get(name).map(String::as_str);
        match self {
            Self::Here(error) => site.error(error, get("client_id")),
            Self::There(error) => {
                let mut more = vec![("error", *error)];
                more.extend(get("state").map(|state| ("state", state)));
                redirect(&with(get("redirect_uri").unwrap_or_default(), &more))
            }
            Self::NotServed(what) => not_served(what),
        }
    }
}

/// `query` is the request's, as it came.
pub(super) fn begin(app: &App, site: &Site, given: &Given, query: &str) -> Response {
    let checked = app.read(|world| match site.place.get(world) {
        Ok(pool) => wanted(pool, given),
        Err(_) => Err(Refusal::Here("invalid_request")),
    });
    let (client, wanted) = match checked {
        Ok(checked) => checked,
        Err(refusal) => return refusal.tell(site, given),
    };
    let name = given.get("identity_provider").map(String::as_str);
    let Some(name) = name.filter(|name| *name != "COGNITO") else {
        return redirect(&format!("{}/login?{query}", site.base));
    };
    let known = client.settings.supported_identity_providers.iter();
    let provider = app.read(|world| {
        let pool = site.place.get(world).ok()?;
        pool.providers.get(name).cloned()
    });
    let Some(provider) = provider.filter(|_| known.into_iter().any(|known| known == name)) else {
        return Refusal::There("invalid_request").tell(site, given);
    };
    let to = if provider.is_saml() {
        provider.detail(saml::ENDPOINT)
    } else {
        provider.detail(provider::AUTHORIZE)
    };
    let Some(to) = to.map(str::to_owned) else {
        return not_served(&format!(
            "sign-in through {name}: it has no TLS, so it has not read how the provider describes itself"
        ));
    };
    let state = app.write(|world| {
        let pool = site.place.get_mut(world).ok()?;
        Some(pool.send_away(wanted, name, now_ms()))
    });
    let state = state.unwrap_or_default();
    if provider.is_saml() {
        return redirect(&saml::request(site, &to, &state));
    }
    let back = format!("{}/oauth2/idpresponse", site.url);
    redirect(&with(
        &to,
        &[
            (
                "client_id",
                provider.detail("client_id").unwrap_or_default(),
            ),
            ("redirect_uri", &back),
            (
                "scope",
                provider.detail("authorize_scopes").unwrap_or_default(),
            ),
            ("response_type", "code"),
            ("state", &state),
        ],
    ))
}
