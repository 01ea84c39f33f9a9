//! Cognito user pools: pools, clients, users, sign-in, tokens, and the inbox their mail goes to.
//!
//! `pool`, `client`, `user`, `session` and `token` are what is kept, with AWS's rules; `pools`,
//! `clients`, `users`, `list_users`, `auth`, `challenge` and `refresh` are the operations on them.
//! `by_password`, `second_factor` and `reset_password` are steps of sign-in, `srp` and `totp` the arithmetic behind them.

mod auth;
mod by_password;
mod challenge;
mod client;
mod clients;
mod create_user;
mod domain;
mod fault;
mod flow;
mod forgotten;
mod identity_provider;
mod inbox;
mod keys;
mod list_users;
mod login;
mod mailed_code;
mod managed_login;
mod mfa;
mod mfa_config;
mod pages;
mod paging;
mod password;
mod place;
mod pool;
mod pools;
mod refresh;
mod reset_password;
mod schema;
mod second_factor;
mod session;
mod sign_up;
mod srp;
mod tags;
#[cfg(test)]
mod tests;
mod token;
mod totp;
mod user;
mod users;
mod verify;

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

pub(crate) use self::{
    inbox::{Mail, forget_mail},
    keys::KeyPair,
    login::{LoginRefusal, issuer_of, verify_login},
    managed_login::{is_login, serve as managed_login},
    pages::{is_keys, well_known},
    place::account_of,
    verify::{Jwt, TokenRefusal, verify_token},
};
use crate::{
    app::App,
    call::{Answer, Call},
};

/// The user pools of one region of an account.
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
        let arn = |id: &str| format!("arn:aws:cognito-idp:{region}:{account}:userpool/{id}");
        self.pools
            .values()
            .map(|pool| (arn(&pool.id), pool.tags.clone()))
            .collect()
    }
}

/// Drops the keys of user pools that went with their account.
pub(crate) fn forget(state: &State) {
    state.pools.keys().for_each(|pool| keys::forget(pool));
}

pub(crate) async fn handle(app: &Arc<App>, call: &Call) -> Answer {
    match call.operation.as_str() {
        "CreateUserPool" => pools::create(app, call),
        "DescribeUserPool" => pools::describe(app, call),
        "UpdateUserPool" => pools::update(app, call),
        "DeleteUserPool" => pools::delete(app, call),
        "ListUserPools" => pools::list(app, call),
        "TagResource" => tags::tag(app, call),
        "ListTagsForResource" => tags::list(app, call),
        "CreateUserPoolClient" => clients::create(app, call),
        "DescribeUserPoolClient" => clients::describe(app, call),
        "UpdateUserPoolClient" => clients::update(app, call),
        "DeleteUserPoolClient" => clients::delete(app, call),
        "ListUserPoolClients" => clients::list(app, call),
        "AdminCreateUser" => create_user::create(app, call),
        "AdminGetUser" => users::get(app, call),
        "AdminDeleteUser" => users::delete(app, call),
        "AdminUpdateUserAttributes" => users::update_attributes(app, call),
        "AdminDisableUser" => users::switch(app, call, true),
        "AdminEnableUser" => users::switch(app, call, false),
        "AdminSetUserPassword" => users::set_password(app, call),
        "ListUsers" => list_users::list(app, call),
        "InitiateAuth" | "AdminInitiateAuth" => auth::initiate(app, call).await,
        "RespondToAuthChallenge" | "AdminRespondToAuthChallenge" => {
            challenge::respond(app, call).await
        }
        "GetTokensFromRefreshToken" => refresh::exchange(app, call).await,
        "RevokeToken" => refresh::revoke(app, call),
        "GlobalSignOut" => refresh::sign_out(app, call),
        "SignUp" => sign_up::sign_up(app, call),
        "ConfirmSignUp" => sign_up::confirm(app, call),
        "ResendConfirmationCode" => sign_up::resend(app, call),
        "AdminConfirmSignUp" => sign_up::admin_confirm(app, call),
        "ForgotPassword" => forgotten::forgot(app, call),
        "ConfirmForgotPassword" => forgotten::confirm(app, call),
        "GetUser" => refresh::get_user(app, call),
        "AssociateSoftwareToken" => mfa::associate(app, call),
        "VerifySoftwareToken" => mfa::verify(app, call),
        "SetUserMFAPreference" => mfa::prefer(app, call),
        "SetUserPoolMfaConfig" => mfa_config::set(app, call),
        "GetUserPoolMfaConfig" => mfa_config::get(app, call),
        "CreateUserPoolDomain" => domain::create(app, call),
        "DescribeUserPoolDomain" => domain::describe(app, call),
        "DeleteUserPoolDomain" => domain::delete(app, call),
        "CreateIdentityProvider" => identity_provider::create(app, call).await,
        "DescribeIdentityProvider" => identity_provider::describe(app, call),
        "UpdateIdentityProvider" => identity_provider::update(app, call).await,
        "DeleteIdentityProvider" => identity_provider::delete(app, call),
        "ListIdentityProviders" => identity_provider::list(app, call),
        _ => Err(call.not_served()),
    }
}
