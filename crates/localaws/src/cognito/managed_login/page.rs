//! The page that people see: sign-in with a password or through a provider, sign-out, errors.

use hyper::StatusCode;

use super::{Given, Site, authorize, html, not_served, redirect, respond, with};
use crate::{
    app::{App, now_ms},
    cognito::{
        pool::{Mfa, Pool},
        user::Status,
    },
    server::Response,
    wire::percent,
};

/// A text inside HTML.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// The page, with what was wrong the last time.
pub(super) fn show(
    app: &App,
    site: &Site,
    given: &Given,
    query: &str,
    wrong: Option<&str>,
) -> Response {
    let checked = app.read(|world| match site.place.get(world) {
        Ok(pool) => authorize::wanted(pool, given),
        Err(_) => Err(authorize::Refusal::Here("invalid_request")),
    });
    let client = match checked {
        Ok((client, _)) => client,
        Err(refusal) => return refusal.tell(site, given),
    };
    let query = escaped(query);
    let base = &site.base;
    let mut page = String::from(
        "<!doctype html><meta charset=utf-8><title>Sign in</title>\n<h1>Sign in</h1>\n",
    );
    if let Some(wrong) = wrong {
        page.push_str(&format!("<p role=alert>{}</p>\n", escaped(wrong)));
    }
    let mut own = false;
    for name in &client.settings.supported_identity_providers {
        if name == "COGNITO" {
            own = true;
            continue;
        }
        page.push_str(&format!(
            "<p><a href=\"{base}/oauth2/authorize?{query}&amp;identity_provider={}\">Continue with {}</a></p>\n",
            percent::encode(name),
            escaped(name)
        ));
    }
    if own {
        page.push_str(&format!(
            "<form method=post action=\"{base}/login?{query}\">\n\
             <p><label>Username <input name=username autocomplete=username></label></p>\n\
             <p><label>Password <input name=password type=password autocomplete=current-password></label></p>\n\
             <p><button>Sign in</button></p>\n</form>\n"
        ));
    }
    respond(StatusCode::OK, "text/html; charset=utf-8", page)
}

/// What becomes of a username and a password.
enum Outcome {
    Code(String, Option<String>),
    Wrong,
    NotServed(&'static str),
    Refused(authorize::Refusal),
}

fn outcome(pool: &mut Pool, given: &Given, form: &Given) -> Outcome {
    let wanted = match authorize::wanted(pool, given) {
        Ok((client, wanted)) => {
            let own = client.settings.supported_identity_providers.iter();
            if !own.into_iter().any(|name| name == "COGNITO") {
                return Outcome::Wrong;
            }
            wanted
        }
        Err(refusal) => return Outcome::Refused(refusal),
    };
    let get = |name: &str| form.get(name).map_or("", String::as_str);
    let user = pool.find(get("username")).filter(|user| !user.disabled);
    let user = user.filter(|user| {
        let password = user.password.as_ref();
        password.is_some_and(|password| password.is(get("password")))
    });
    let Some(user) = user.cloned() else {
        return Outcome::Wrong;
    };
    if user.status != Status::Confirmed {
        return Outcome::NotServed("new passwords at the sign-in page: use InitiateAuth");
    }
    if pool.settings.mfa_configuration == Mfa::On || pool.counts_second_factor(&user) {
        return Outcome::NotServed("second factors at the sign-in page: use InitiateAuth");
    }
    let (to, state) = (wanted.redirect_uri.clone(), wanted.state.clone());
    let code = pool.code(wanted, &user.username, now_ms());
    Outcome::Code(with(&to, &[("code", &code)]), state)
}

pub(super) fn sign_in(
    app: &App,
    site: &Site,
    given: &Given,
    query: &str,
    form: &Given,
) -> Response {
    let outcome = app.write(|world| match site.place.get_mut(world) {
        Ok(pool) => outcome(pool, given, form),
        Err(_) => Outcome::Wrong,
    });
    match outcome {
        Outcome::Code(to, state) => {
            let state = state.as_deref().map(|state| ("state", state));
            redirect(&with(&to, state.as_slice()))
        }
        Outcome::Wrong => show(
            app,
            site,
            given,
            query,
            Some("Incorrect username or password."),
        ),
        Outcome::NotServed(what) => not_served(what),
        Outcome::Refused(refusal) => refusal.tell(site, given),
    }
}

/// There are no sessions to end: only where it leads is looked at.
pub(super) fn log_out(app: &App, site: &Site, given: &Given, query: &str) -> Response {
    let client = given.get("client_id").map_or("", String::as_str);
    let known = app.read(|world| {
        let pool = site.place.get(world).ok()?;
        Some(pool.clients.get(client)?.settings.clone())
    });
    let Some(settings) = known else {
        return site.error("invalid_request", Some(client));
    };
    if let Some(to) = given.get("logout_uri") {
        if settings.logout_urls.contains(to) {
            return redirect(to);
        }
        return site.error("redirect_mismatch", Some(client));
    }
    match given.get("redirect_uri") {
        Some(uri) if settings.callback_urls.contains(uri) => {
            redirect(&format!("{}/login?{query}", site.base))
        }
        Some(_) => site.error("redirect_mismatch", Some(client)),
        None => site.error("invalid_request", Some(client)),
    }
}

pub(super) fn error(given: &Given) -> Response {
    let error = given.get("error").map_or("", String::as_str);
    html(
        StatusCode::BAD_REQUEST,
        &format!("An error was encountered with the requested page: {error}"),
    )
}
