//! Where a pool lives. Token operations carry no credentials, so they find it by client or pool id.

use serde_json::Value;

use super::{
    fault,
    pool::Pool,
    session::{ChallengeName, Session, digest},
    verify::Jwt,
};
use crate::{
    app::App,
    call::{ApiError, Call},
    world::World,
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) account: String,
    pub(super) region: String,
    pub(super) pool: String,
}

impl Place {
    /// A pool named by a caller with credentials: in the caller's own account and region.
    pub(super) fn of_call(call: &Call, pool: &str) -> Self {
        Self {
            account: call.account.clone(),
            region: call.region.clone(),
            pool: pool.to_owned(),
        }
    }

    /// The pool of an app client, whichever account and region it is in.
    pub(super) fn of_client(world: &World, client: &str) -> Result<Self, ApiError> {
        Self::search(world, |pool| pool.clients.contains_key(client))
            .ok_or_else(|| fault::client_absent(client))
    }

    /// A pool by its id, which is unique among accounts.
    pub(super) fn of_pool(world: &World, id: &str) -> Option<Self> {
        Self::search(world, |pool| pool.id == id)
    }

    pub(super) fn search(world: &World, wanted: impl Fn(&Pool) -> bool) -> Option<Self> {
        world.regions().find_map(|(account, region, state)| {
            let pool = state.cognito.pools.values().find(|pool| wanted(pool))?;
            Some(Self {
                account: account.to_owned(),
                region: region.to_owned(),
                pool: pool.id.clone(),
            })
        })
    }

    /// The pool, and the live session of this kind, that a session string names (`now` in ms).
    pub(super) fn of_session(
        world: &World,
        token: &str,
        challenge: ChallengeName,
        now: i64,
    ) -> Result<(Self, Session), ApiError> {
        let key = digest(token);
        let place = Self::search(world, |pool| pool.sessions.contains_key(&key))
            .ok_or_else(|| fault::not_authorized("Invalid session for the user."))?;
        let pool = place.get(world)?;
        let client = pool.sessions.get(&key).map(|session| &session.client_id);
        let client = pool.client(client.map_or("", String::as_str))?;
        let session = pool.session(token, client, challenge, now)?;
        Ok((place, session))
    }

    /// From `arn:aws:cognito-idp:{region}:{account}:userpool/{id}`.
    pub(super) fn of_arn(arn: &str) -> Option<Self> {
        let mut parts = arn.strip_prefix("arn:aws:cognito-idp:")?.splitn(3, ':');
        let (region, account) = (parts.next()?, parts.next()?);
        let pool = parts.next()?.strip_prefix("userpool/")?;
        Some(Self {
            account: account.to_owned(),
            region: region.to_owned(),
            pool: pool.to_owned(),
        })
    }

    pub(super) fn arn(&self) -> String {
        format!(
            "arn:aws:cognito-idp:{}:{}:userpool/{}",
            self.region, self.account, self.pool
        )
    }

    pub(super) fn get<'w>(&self, world: &'w World) -> Result<&'w Pool, ApiError> {
        world
            .accounts
            .get(&self.account)
            .and_then(|account| account.regions.get(&self.region))
            .and_then(|region| region.cognito.pools.get(&self.pool))
            .ok_or_else(|| fault::pool_absent(&self.pool))
    }

    pub(super) fn get_mut<'w>(&self, world: &'w mut World) -> Result<&'w mut Pool, ApiError> {
        world
            .accounts
            .get_mut(&self.account)
            .and_then(|account| account.regions.get_mut(&self.region))
            .and_then(|region| region.cognito.pools.get_mut(&self.pool))
            .ok_or_else(|| fault::pool_absent(&self.pool))
    }
}

/// The account that a call without credentials is for: that of the app client which it names, or whose
/// access token it carries.
pub(crate) fn account_of(app: &App, call: &Call) -> Option<String> {
    let text = |name: &str| call.input.get(name).and_then(Value::as_str);
    let client = match (text("ClientId"), text("AccessToken")) {
        (Some(client), _) => client.to_owned(),
        (None, Some(token)) => Jwt::parse(token)?.claim("client_id").to_owned(),
        (None, None) => return None,
    };
    app.read(|world| Place::of_client(world, &client).ok())
        .map(|place| place.account)
}
