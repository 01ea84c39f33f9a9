//! The whole tutorial on one page: which resources a lab has, and what each is made from.

mod api;
mod callers;
mod cors;
mod edge;
mod pool;
mod steps;

use std::{collections::BTreeMap, convert::Infallible, path::Path};

pub use callers::callable;
pub use edge::{key_number, next_key_number};
pub use steps::{identity_provider_step, method_step, password_step};

use api::Reach;

use crate::{
    chapter::Chapter,
    engine::{Plan, Planning, Ref, State},
    lab::{self, Lab},
    resource::{
        self, AppClient, Function, LogGroup, Password, Role, RolePolicy, Secret, Trust, User,
        UserPool, ZipError,
    },
};

/// What to build of a lab.
#[derive(Debug, Clone)]
pub struct Extent<'a> {
    /// Users in place of the file's.
    pub users: Option<&'a [String]>,
    /// The last chapter to build; what is there of later ones is left as it is.
    pub until: u8,
    /// What is there of later chapters goes: the lab becomes as it was at the end of `until`.
    pub goes_back: bool,
    /// The last chapter of which something is there: see [`reached`].
    pub reached: u8,
    /// Passwords by address, of users who have one: only `up` is given them.
    pub passwords: &'a BTreeMap<String, Secret>,
    /// Which of the API keys the distribution sends, from 1: rotation makes the next.
    pub key_number: u32,
    /// Client secrets by the environment variables that they are in: only `up` is given them.
    pub client_secrets: &'a BTreeMap<String, Secret>,
}

const NO_SECRETS: &BTreeMap<String, Secret> = &BTreeMap::new();

impl Extent<'_> {
    /// The whole lab as its file says: for a lab without a state.
    pub const WHOLE: Self = Self {
        users: None,
        until: u8::MAX,
        goes_back: false,
        reached: 0,
        passwords: NO_SECRETS,
        key_number: 1,
        client_secrets: NO_SECRETS,
    };
}

/// The last chapter of which the state has something; 0 when it has nothing.
pub fn reached(state: Option<&State>) -> u8 {
    let records = state.iter().flat_map(|state| state.steps.values());
    records.map(|record| record.chapter).max().unwrap_or(0)
}

/// The user pool and its app client.
type Pool = (Ref<UserPool>, Ref<AppClient>);

/// The plan of a lab, in the tutorial's order but for one thing: an authorizer comes before the method
/// that it guards, so that the method is made once.
pub fn plan(lab: &Lab, extent: &Extent<'_>) -> Result<Plan, ZipError> {
    build(lab, extent, resource::pack)
}

/// The whole lab's plan for its steps' kinds and names alone: it reads no code, so it cannot fail.
pub fn outline(lab: &Lab) -> Plan {
    let Ok(plan) = build(lab, &Extent::WHOLE, |_| Ok::<_, Infallible>(Vec::new()));
    plan
}

fn build<E>(
    lab: &Lab,
    extent: &Extent<'_>,
    pack: impl Fn(&Path) -> Result<Vec<u8>, E>,
) -> Result<Plan, E> {
    let mut plan = Plan::default();
    if extent.until < u8::MAX && !extent.goes_back {
        plan.end_with(extent.until);
    }
    let has = |chapter: Chapter| chapter.number() <= extent.until;
    let mut functions = BTreeMap::new();
    for (id, function) in &lab.functions {
        functions.insert(id.as_str(), add_function(&mut plan, id, function, &pack)?);
    }
    let pool = lab
        .user_pool
        .as_ref()
        .filter(|_| has(Chapter::UserPool))
        .map(|file| pool::add(&mut plan, file, extent));
    if let Some(file) = lab.api.as_ref().filter(|_| has(Chapter::RestApi)) {
        let guarded = has(Chapter::Authorizer);
        let pool = pool.as_ref().filter(|_| guarded);
        let edge = lab.edge.as_ref().filter(|_| has(Chapter::Edge));
        let reach = Reach {
            guarded,
            opens: extent.goes_back && !guarded,
            // Before the last chapter nobody needs a key, but whoever does already goes on needing one.
            behind_edge: match &lab.edge {
                Some(_) if extent.goes_back => Some(edge.is_some()),
                Some(_) => edge.map(|_| true),
                None => Some(false),
            },
            has_edge: lab.edge.is_some()
                && extent.until.max(extent.reached) >= Chapter::Edge.number(),
        };
        let made = api::add(&mut plan, lab, file, &functions, pool, reach);
        if guarded {
            callers::add(&mut plan, lab, file, &made.api, pool);
        }
        if let (Some(edge), Some(stage)) = (edge, made.stage) {
            edge::add(&mut plan, lab, edge, &made.api, stage, extent.key_number);
        }
    }
    if let (Some((pool, _)), Some(file), true) = (&pool, &lab.user_pool, has(Chapter::User)) {
        let from_file: Vec<String> = file.users.iter().map(|u| u.email.clone()).collect();
        for email in extent.users.unwrap_or(&from_file) {
            add_user(&mut plan, email, file, pool, extent);
        }
    }
    Ok(plan)
}

/// Chapter 1. The log group comes first: Lambda would make it untagged, and never remove it.
fn add_function<E>(
    plan: &mut Plan,
    id: &str,
    function: &lab::Function,
    pack: impl Fn(&Path) -> Result<Vec<u8>, E>,
) -> Result<Ref<Function>, E> {
    let chapter = Chapter::Function;
    let log_group = format!("/aws/lambda/{}", function.name);
    let group = LogGroup {
        name: log_group.clone(),
        retention_days: function.log_retention_days,
    };
    let group = plan.add(chapter, format!("log_group.{id}"), group, ());
    let role = plan.add(
        chapter,
        format!("role.{id}"),
        Role {
            name: function.role.clone(),
            trust: Trust::Lambda,
        },
        None,
    );
    plan.add(
        chapter,
        format!("role_policy.{id}"),
        RolePolicy::Logs { log_group },
        role.clone(),
    );
    for arn in &function.managed_policies {
        let policy = RolePolicy::Managed { arn: arn.clone() };
        plan.add(
            chapter,
            format!("role_policy.{id}.{arn}"),
            policy,
            role.clone(),
        );
    }
    let function = Function {
        spec: function.clone(),
        zip: pack(&function.source)?,
    };
    Ok(plan.add(chapter, format!("function.{id}"), function, (role, group)))
}

/// Chapter 5.
fn add_user(
    plan: &mut Plan,
    email: &str,
    file: &lab::UserPool,
    pool: &Ref<UserPool>,
    extent: &Extent<'_>,
) {
    let chapter = Chapter::User;
    let user = User {
        email: email.to_owned(),
    };
    let user = plan.add(chapter, format!("user.{email}"), user, pool.clone());
    let known = file.users.iter().find(|u| u.email == email);
    if let Some(variable) = known.and_then(|u| u.password_env.clone()) {
        let password = Password {
            email: email.to_owned(),
            variable,
            secret: extent.passwords.get(email).cloned(),
        };
        let needs = (pool.clone(), user);
        password_step(email).add(plan, chapter, password, needs);
    }
}
