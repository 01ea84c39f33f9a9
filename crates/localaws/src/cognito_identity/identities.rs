//! Identities, and the credentials they get: the enhanced flow. (The basic one is in `open_id`.)

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    fault::{fault, identity_absent, not_authorized, not_served, pool_absent},
    logins,
    pool::{Identity, Login, Place, Pool, Settings},
};
use crate::{
    app::App,
    call::{Answer, ApiError, Call},
    ids,
    sts::{COGNITO, Grant, Session, WebIdentity},
    world::World,
};

/// How long credentials last, in seconds.
const LIFE: u32 = 3600;
/// What sessions of the enhanced flow are called.
const SESSION: &str = "CognitoIdentityCredentials";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetId {
    account_id: Option<String>,
    identity_pool_id: String,
    #[serde(default)]
    logins: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetCredentials {
    identity_id: String,
    #[serde(default)]
    logins: BTreeMap<String, String>,
    custom_role_arn: Option<String>,
}

fn no_guests() -> ApiError {
    not_authorized("Unauthenticated access is not supported for this identity pool.")
}

/// Who signs in again is the same identity; every guest is a new one.
pub(super) fn get_id(app: &App, call: &Call) -> Answer {
    let input: GetId = call.input()?;
    let absent = || pool_absent(&input.identity_pool_id);
    let place = app
        .read(|world| Place::of_pool(world, &input.identity_pool_id))
        .filter(|place| {
            input
                .account_id
                .as_ref()
                .is_none_or(|a| *a == place.account)
        })
        .ok_or_else(absent)?;
    let settings = app.read(|world| place.get(world).map(|pool| pool.settings.clone()))?;
    let logins = logins::verify(app, &settings, &input.logins)?;
    if logins.is_empty() && !settings.allow_unauthenticated_identities {
        return Err(no_guests());
    }
    app.write(|world| {
        let pool = place.get_mut(world)?;
        let known: Vec<String> = pool.of_logins(&logins).cloned().collect();
        let id = match known.as_slice() {
            [] => format!("{}:{}", place.region, ids::uuid()),
            [id] => id.clone(),
            _ => return Err(conflict()),
        };
        let identity = pool.identities.entry(id.clone()).or_default();
        identity.logins.extend(logins);
        Ok(json!({ "IdentityId": id }))
    })
}

/// Unsure of the text.
fn conflict() -> ApiError {
    fault(
        "ResourceConflictException",
        "Logins are linked to another identity.",
    )
}

pub(super) fn get_credentials(app: &App, call: &Call) -> Answer {
    let input: GetCredentials = call.input()?;
    if input.custom_role_arn.is_some() {
        return Err(not_served("CustomRoleArn of GetCredentialsForIdentity"));
    }
    let (place, who) = vouch(app, &input.identity_id, &input.logins, |_| Ok(()))?;
    app.write(|world| {
        let session = assume(world, &place, who)?;
        let credentials = credentials(&session);
        session.keep(world);
        Ok(json!({"IdentityId": input.identity_id, "Credentials": credentials}))
    })
}

/// Whom a pool vouches for, if the pool's settings are `good` and the logins are the identity's.
pub(super) fn vouch(
    app: &App,
    identity: &str,
    logins: &BTreeMap<String, String>,
    good: impl FnOnce(&Settings) -> Result<(), ApiError>,
) -> Result<(Place, WebIdentity), ApiError> {
    let place = app
        .read(|world| Place::of_identity(world, identity))
        .ok_or_else(|| identity_absent(identity))?;
    let settings = app.read(|world| place.get(world).map(|pool| pool.settings.clone()))?;
    good(&settings)?;
    let logins = logins::verify(app, &settings, logins)?;
    app.write(|world| link(place.get_mut(world)?, identity, &logins))?;
    let who = WebIdentity {
        provider: COGNITO.to_owned(),
        sub: identity.to_owned(),
        aud: place.pool.clone(),
        amr: methods(&logins),
    };
    Ok((place, who))
}

/// An identity is told by its logins, or has none; a guest who signs in becomes somebody.
fn link(pool: &mut Pool, id: &str, logins: &BTreeSet<Login>) -> Result<(), ApiError> {
    let others = pool.of_logins(logins).any(|known| known != id);
    let guests = pool.settings.allow_unauthenticated_identities;
    let Some(Identity { logins: own }) = pool.identities.get_mut(id) else {
        return Err(identity_absent(id));
    };
    match (own.is_empty(), logins.is_empty()) {
        (true, true) if !guests => return Err(no_guests()),
        (true, true) => {}
        (false, true) => {
            return Err(not_authorized(format!(
                "Access to Identity '{id}' is forbidden."
            )));
        }
        (false, false) if own.is_disjoint(logins) => {
            return Err(not_authorized(
                "Logins don't match. Please include at least one valid login for this identity or identity pool.",
            ));
        }
        (_, false) if others => return Err(conflict()),
        (_, false) => own.extend(logins.iter().cloned()),
    }
    Ok(())
}

/// How somebody signed in, as trust policies ask (`amr`).
fn methods(logins: &BTreeSet<Login>) -> Vec<String> {
    if logins.is_empty() {
        return vec!["unauthenticated".to_owned()];
    }
    let each = logins.iter().flat_map(|Login { provider, sub }| {
        [provider.clone(), format!("{provider}:CognitoSignIn:{sub}")]
    });
    std::iter::once("authenticated".to_owned())
        .chain(each)
        .collect()
}

/// The session of the pool's role. On AWS guests' sessions are narrowed to a list of services besides; unsure
/// which, so the role's policies are all here.
fn assume(world: &World, place: &Place, who: WebIdentity) -> Result<Session, ApiError> {
    let kind = who.amr.first().map_or("", String::as_str);
    let role_arn = place.get(world)?.roles.get(kind);
    let role = role_arn.and_then(|arn| {
        let (account, _) = arn.strip_prefix("arn:aws:iam::")?.split_once(':')?;
        let role = world.accounts.get(account)?.iam.by_arn(arn)?;
        Some((account, role))
    });
    let mut unknown = Vec::new();
    if let Some((account, role)) = role {
        let ruling = role.web_trust_ruling(COGNITO, &who.context());
        if ruling.allowed() {
            return Ok(Session::new(Grant {
                account,
                role,
                name: SESSION.to_owned(),
                seconds: LIFE,
                documents: Vec::new(),
                policy_arns: Vec::new(),
                web: Some(who),
            }));
        }
        unknown = ruling.unknown;
    }
    let error = fault(
        "InvalidIdentityPoolConfigurationException",
        "Invalid identity pool configuration. Check assigned IAM roles for this pool.",
    );
    Err(error.not_evaluated(&unknown))
}

/// `Credentials` of this service's model: the secret has another name than STS's.
fn credentials(session: &Session) -> Value {
    let mut credentials = session.credentials();
    credentials["SecretKey"] = credentials["SecretAccessKey"].take();
    credentials
}
