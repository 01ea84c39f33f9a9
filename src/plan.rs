//! The whole tutorial on one page: which resources a lab has, and what each is made from.

use std::collections::BTreeMap;

use serde_json::json;
use sha2::{Digest, Sha256};

use crate::{
    engine::{Chapter, Plan, Ref},
    lab::{self, Lab},
    resource::{
        self, AppClient, Authorizer, Deployment, Function, Integration, LogGroup, Method, Path,
        Permission, RestApi, Role, RolePolicy, Stage, User, UserPool, ZipError,
    },
};

/// What to build of a lab.
#[derive(Debug, Clone)]
pub struct Extent<'a> {
    /// Users in place of the file's.
    pub users: Option<&'a [String]>,
    /// The last chapter to build.
    pub until: u8,
}

/// The plan of a lab, in the tutorial's order but for one thing: an authorizer comes before the method
/// that it guards, so that the method is made once.
pub fn plan(lab: &Lab, extent: &Extent<'_>) -> Result<Plan, ZipError> {
    let mut plan = Plan::default();
    let has = |chapter: Chapter| chapter.number() <= extent.until;
    let mut functions = BTreeMap::new();
    for (id, function) in &lab.functions {
        functions.insert(id.as_str(), add_function(&mut plan, id, function)?);
    }
    let pool = lab
        .user_pool
        .as_ref()
        .filter(|_| has(Chapter::UserPool))
        .map(|pool| add_pool(&mut plan, pool));
    if let Some(api) = lab.api.as_ref().filter(|_| has(Chapter::RestApi)) {
        let guards = pool.as_ref().filter(|_| has(Chapter::Authorizer));
        add_api(
            &mut plan,
            lab,
            api,
            &functions,
            guards,
            has(Chapter::Authorizer),
        );
    }
    if let (Some(pool), Some(file), true) = (&pool, &lab.user_pool, has(Chapter::User)) {
        let from_file: Vec<String> = file.users.iter().map(|u| u.email.clone()).collect();
        for email in extent.users.unwrap_or(&from_file) {
            let user = User {
                email: email.clone(),
            };
            plan.add(Chapter::User, format!("user.{email}"), user, pool.clone());
        }
    }
    Ok(plan)
}

/// Chapter 1. The log group comes first: Lambda would make it untagged, and never remove it.
fn add_function(
    plan: &mut Plan,
    id: &str,
    function: &lab::Function,
) -> Result<Ref<Function>, ZipError> {
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
        },
        (),
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
        name: function.name.clone(),
        runtime: function.runtime.clone(),
        architecture: function.architecture.clone(),
        handler: function.handler.clone(),
        memory_mb: i32::try_from(function.memory_mb).unwrap_or(i32::MAX),
        timeout_s: i32::try_from(function.timeout_s).unwrap_or(i32::MAX),
        environment: function.environment.clone(),
        zip: resource::pack(&function.source)?,
    };
    Ok(plan.add(chapter, format!("function.{id}"), function, (role, group)))
}

/// Chapter 2.
fn add_pool(plan: &mut Plan, pool: &lab::UserPool) -> Ref<UserPool> {
    let chapter = Chapter::UserPool;
    let first_factors = pool
        .first_factors
        .iter()
        .map(|f| f.aws_name().to_owned())
        .collect();
    let made = plan.add(
        chapter,
        "user_pool",
        UserPool {
            name: pool.name.clone(),
            first_factors,
        },
        (),
    );
    let client = &pool.app_client;
    let client = AppClient {
        name: client.name.clone(),
        session_minutes: client.session_minutes,
        access_token_minutes: client.access_token_minutes,
        id_token_minutes: client.id_token_minutes,
        refresh_token_days: client.refresh_token_days,
    };
    plan.add(chapter, "app_client", client, made.clone());
    made
}

/// Chapters 3 and 4. Without `guards` and `deploy`, the API is as at the end of chapter 3: methods
/// open to all, and nothing deployed.
fn add_api(
    plan: &mut Plan,
    lab: &Lab,
    file: &lab::Api,
    functions: &BTreeMap<&str, Ref<Function>>,
    guards: Option<&Ref<UserPool>>,
    deploy: bool,
) {
    let api = plan.add(
        Chapter::RestApi,
        "api",
        RestApi {
            name: file.name.clone(),
        },
        (),
    );
    let mut authorizers = BTreeMap::new();
    for (name, authorizer) in &file.authorizers {
        let Some(pool) = guards else { continue };
        let made = Authorizer {
            name: name.clone(),
            token_source: authorizer.token_source.clone(),
            ttl_s: authorizer.ttl_s,
        };
        let made = plan.add(
            Chapter::Authorizer,
            format!("authorizer.{name}"),
            made,
            (api.clone(), pool.clone()),
        );
        authorizers.insert(name.as_str(), made);
    }
    let mut paths: BTreeMap<String, Ref<Path>> = BTreeMap::new();
    let (mut methods, mut integrations) = (Vec::new(), Vec::new());
    for route in &file.routes {
        let path = add_path(plan, &api, &mut paths, &route.path);
        let name = format!("{} {}", route.method, route.path);
        let authorizer = route
            .authorizer
            .as_deref()
            .and_then(|a| authorizers.get(a))
            .cloned();
        let method = Method {
            http_method: route.method.clone(),
            path: route.path.clone(),
            scopes: if authorizer.is_some() {
                route.scopes.clone()
            } else {
                Vec::new()
            },
        };
        let method = plan.add(
            Chapter::RestApi,
            format!("method.{name}"),
            method,
            (api.clone(), path, authorizer),
        );
        let Some((file, function)) = lab
            .functions
            .get(&route.function)
            .zip(functions.get(route.function.as_str()))
        else {
            continue; // A checked Lab has the functions that its routes name.
        };
        let integration = Integration {
            function: file.name.clone(),
            method: name.clone(),
        };
        integrations.push(plan.add(
            Chapter::RestApi,
            format!("integration.{name}"),
            integration,
            method.clone(),
        ));
        methods.push(method);
        let permission = Permission {
            statement_id: statement_id(&route.method, &route.path),
            method: route.method.clone(),
            path: route.path.clone(),
        };
        plan.add(
            Chapter::RestApi,
            format!("permission.{name}"),
            permission,
            (function.clone(), api.clone()),
        );
    }
    if deploy {
        let content = content(lab, file);
        let guards = (guards.cloned(), authorizers.into_values().collect());
        let deployment = (api.clone(), guards, (methods, integrations));
        let deployment = plan.add(
            Chapter::Authorizer,
            "deployment",
            Deployment { content },
            deployment,
        );
        plan.add(
            Chapter::Authorizer,
            "stage",
            Stage {
                name: file.stage.clone(),
            },
            (api, deployment),
        );
    }
}

/// The steps of a path, parents first. `/` is there from the start.
fn add_path(
    plan: &mut Plan,
    api: &Ref<RestApi>,
    paths: &mut BTreeMap<String, Ref<Path>>,
    path: &str,
) -> Option<Ref<Path>> {
    let (parent, part) = path.rsplit_once('/')?;
    if part.is_empty() {
        return None;
    }
    if let Some(known) = paths.get(path) {
        return Some(known.clone());
    }
    let parent = add_path(plan, api, paths, parent);
    let step = Path {
        path: path.to_owned(),
    };
    let made = plan.add(
        Chapter::RestApi,
        format!("path.{path}"),
        step,
        (api.clone(), parent),
    );
    paths.insert(path.to_owned(), made.clone());
    Some(made)
}

/// All that a deployment's snapshot shows, apart from the ids that AWS makes.
fn content(lab: &Lab, api: &lab::Api) -> String {
    let authorizers: Vec<_> = api
        .authorizers
        .iter()
        .map(|(n, a)| json!([n, a.token_source, a.ttl_s]))
        .collect();
    let routes: Vec<_> = api
        .routes
        .iter()
        .map(|r| {
            let function = lab.functions.get(&r.function).map(|f| &f.name);
            json!([r.method, r.path, function, r.authorizer, r.scopes])
        })
        .collect();
    json!([authorizers, routes]).to_string()
}

/// A readable statement id (1–100 letters, digits, `-`, `_`), unique by a hash of the route.
fn statement_id(method: &str, path: &str) -> String {
    let readable: String = path
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .take(60)
        .collect();
    let hash = Sha256::digest(format!("{method} {path}"));
    let readable = readable.trim_matches('-');
    format!(
        "labctl-{method}-{readable}-{:02x}{:02x}{:02x}",
        hash[0], hash[1], hash[2]
    )
}
