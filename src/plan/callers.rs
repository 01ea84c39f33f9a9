//! Who may call the routes with IAM authorization: callers' roles, and the identity pool's users.

use super::Pool;
use crate::{
    chapter::Chapter,
    engine::{Plan, Planning, Ref},
    lab::{self, Lab},
    resource::{CallPolicy, IdentityPool, PoolRoles, RestApi, Role, Trust},
};

const CHAPTER: Chapter = Chapter::Authorizer;

pub(super) fn add(
    plan: &mut Plan,
    lab: &Lab,
    api: &lab::Api,
    made: &Ref<RestApi>,
    pool: Option<&Pool>,
) {
    for (name, caller) in &lab.callers {
        add_role(plan, &format!("caller.{name}"), caller, None, api, made);
    }
    if let (Some(file), Some((pool, client))) = (&lab.identity_pool, pool) {
        let identity = IdentityPool {
            name: file.name.clone(),
        };
        let needs = (pool.clone(), client.clone());
        let identity = plan.add(CHAPTER, "identity_pool", identity, needs);
        let needs = Some(identity.clone());
        let id = format!("caller.{}", lab::STUDENT);
        let role = add_role(plan, &id, &file.caller, needs, api, made);
        let roles = PoolRoles {
            pool: file.name.clone(),
        };
        plan.add(CHAPTER, "pool_roles", roles, (identity, role));
    }
}

/// A role that may call its routes. The policy belongs to a stage, but does not wait for it.
fn add_role(
    plan: &mut Plan,
    id: &str,
    caller: &lab::Caller,
    identity: Option<Ref<IdentityPool>>,
    api: &lab::Api,
    made: &Ref<RestApi>,
) -> Ref<Role> {
    let role = Role {
        name: caller.role.clone(),
        trust: if identity.is_some() {
            Trust::Users
        } else {
            Trust::Account
        },
    };
    let role = plan.add(CHAPTER, format!("role.{id}"), role, identity);
    let routes = callable(caller, api);
    // A policy without resources is none: such a caller may call nothing.
    if !routes.is_empty() {
        let stage = api.stage.clone();
        let needs = (role.clone(), made.clone());
        let policy = CallPolicy { stage, routes };
        plan.add(CHAPTER, format!("call_policy.{id}"), policy, needs);
    }
    role
}

/// Method and path of the routes that a caller may call.
pub fn callable(caller: &lab::Caller, api: &lab::Api) -> Vec<(String, String)> {
    let routes = api.routes.iter();
    routes
        .filter(|route| caller.routes.contains(&route.name()))
        .map(|route| (route.method.clone(), route.path.clone()))
        .collect()
}
