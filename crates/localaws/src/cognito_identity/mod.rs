//! Cognito identity pools: who has signed in at a user pool gets an identity, and a role's temporary credentials.
//!
//! `pool` is what is kept; `pools`, `roles`, `identities`, `open_id` and `tags` are the operations; `logins`
//! verifies the tokens of user pools.

mod fault;
mod identities;
mod logins;
mod open_id;
mod pool;
mod pools;
mod roles;
mod tags;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use self::open_id::{OpenIdRefusal, verify_token};
use self::pool::Place;
use crate::{
    app::App,
    call::{Answer, Call, Service},
};

/// The identity pools of one region of an account.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {
    /// By pool id.
    pools: BTreeMap<String, pool::Pool>,
}

impl State {
    /// The pools' ARNs and tags, for the tagging API.
    pub(crate) fn tagged(
        &self,
        account: &str,
        region: &str,
    ) -> Vec<(String, BTreeMap<String, String>)> {
        let arn =
            |id: &str| format!("arn:aws:cognito-identity:{region}:{account}:identitypool/{id}");
        self.pools
            .values()
            .map(|pool| (arn(&pool.id), pool.tags.clone()))
            .collect()
    }
}

pub(crate) async fn handle(app: &Arc<App>, call: &Call) -> Answer {
    match call.operation.as_str() {
        "CreateIdentityPool" => pools::create(app, call),
        "DescribeIdentityPool" => pools::describe(app, call),
        "UpdateIdentityPool" => pools::update(app, call),
        "DeleteIdentityPool" => pools::delete(app, call),
        "ListIdentityPools" => pools::list(app, call),
        "SetIdentityPoolRoles" => roles::set(app, call),
        "GetIdentityPoolRoles" => roles::get(app, call),
        "GetId" => identities::get_id(app, call),
        "GetCredentialsForIdentity" => identities::get_credentials(app, call),
        "GetOpenIdToken" => open_id::get_open_id_token(app, call).await,
        "TagResource" => tags::tag(app, call),
        "UntagResource" => tags::untag(app, call),
        "ListTagsForResource" => tags::list(app, call),
        _ => Err(call.not_served()),
    }
}

/// The account that a call without credentials is for: that of the pool or the identity which it names.
pub(crate) fn account_of(app: &App, call: &Call) -> Option<String> {
    if call.service != Service::CognitoIdentity {
        return None;
    }
    let text = |name: &str| call.input.get(name).and_then(Value::as_str);
    let place = app.read(|world| match (text("IdentityPoolId"), text("IdentityId")) {
        (Some(pool), _) => Place::of_pool(world, pool),
        (None, Some(identity)) => Place::of_identity(world, identity),
        (None, None) => None,
    });
    place.map(|place| place.account)
}
