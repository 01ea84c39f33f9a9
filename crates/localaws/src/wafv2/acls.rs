//! Operations on web ACLs.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    State,
    acl::{self, Scope, WebAcl},
    check::check,
    fault, tags,
};
use crate::{
    app::App,
    call::{Answer, ApiError, Call, empty},
    ids,
    wire::page::page,
    world::{Region, World},
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Create {
    name: String,
    scope: Scope,
    #[serde(default)]
    tags: Vec<tags::Tag>,
}

/// Which one is meant.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct One {
    name: String,
    scope: Scope,
    id: String,
    lock_token: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Get {
    name: Option<String>,
    scope: Option<Scope>,
    id: Option<String>,
    #[serde(rename = "ARN")]
    arn: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct List {
    scope: Scope,
    next_marker: Option<String>,
    limit: Option<usize>,
}

/// What is for `CloudFront` is in us-east-1.
fn in_region(scope: Scope, call: &Call) -> Result<(), ApiError> {
    if scope == Scope::CloudFront && call.region != super::GLOBAL {
        let reason = "The scope is not valid.";
        return Err(fault::invalid(reason, "SCOPE_VALUE", "CLOUDFRONT"));
    }
    Ok(())
}

pub(super) fn region<'w>(world: &'w World, call: &Call) -> Option<&'w Region> {
    world.accounts.get(&call.account)?.regions.get(&call.region)
}

/// The caller's web ACLs, of both scopes.
fn all<'w>(world: &'w World, call: &Call) -> impl Iterator<Item = &'w WebAcl> {
    region(world, call)
        .into_iter()
        .flat_map(|region| region.wafv2.acls.values())
}

fn of_mut<'s>(state: &'s mut State, wanted: &One) -> Result<&'s mut WebAcl, ApiError> {
    let acl = state.acls.get_mut(&wanted.id);
    let acl = acl.filter(|acl| acl.name == wanted.name && acl.scope == wanted.scope);
    let acl = acl.ok_or_else(fault::absent)?;
    if acl.lock_token == wanted.lock_token {
        Ok(acl)
    } else {
        Err(fault::optimistic_lock())
    }
}

pub(super) fn create(app: &App, call: &Call) -> Answer {
    let input: Create = call.input()?;
    in_region(input.scope, call)?;
    let rules = check(&call.input)?;
    let made = WebAcl {
        scope: input.scope,
        id: ids::uuid(),
        lock_token: acl::lock_token(),
        settings: acl::settings(&call.input),
        capacity: rules.capacity(),
        tags: tags::with(BTreeMap::new(), input.tags)?,
        name: input.name,
    };
    app.write(|world| {
        let quota = app.waf.web_acls(world, &call.account);
        let state = &mut world.region(&call.account, &call.region).wafv2;
        let of_scope = || state.acls.values().filter(|acl| acl.scope == made.scope);
        if of_scope().any(|acl| acl.name == made.name) {
            return Err(fault::duplicate());
        }
        if of_scope().count() >= quota {
            return Err(fault::limits_exceeded());
        }
        let summary = made.summary(&call.account, &call.region);
        state.acls.insert(made.id.clone(), made);
        Ok(json!({ "Summary": summary }))
    })
}

/// By ARN, or by name, scope and id.
pub(super) fn get(app: &App, call: &Call) -> Answer {
    let input: Get = call.input()?;
    if let Some(scope) = input.scope {
        in_region(scope, call)?;
    }
    let (account, region) = (&call.account, &call.region);
    app.read(|world| {
        let mut all = all(world, call);
        let found = match (&input.arn, &input.name, input.scope, &input.id) {
            (Some(arn), None, None, None) => all.find(|acl| acl.arn(account, region) == *arn),
            (None, Some(name), Some(scope), Some(id)) => {
                all.find(|acl| acl.id == *id && acl.name == *name && acl.scope == scope)
            }
            _ => {
                // Unsure of the text.
                let reason = "You must provide either the ARN, or the name, the scope and the id.";
                return Err(fault::invalid(reason, "WEB_ACL", "ARN"));
            }
        };
        let acl = found.ok_or_else(fault::absent)?;
        Ok(json!({"WebACL": acl.shown(account, region), "LockToken": acl.lock_token}))
    })
}

/// What is left out is gone: a client sends all of it.
pub(super) fn update(app: &App, call: &Call) -> Answer {
    let input: One = call.input()?;
    in_region(input.scope, call)?;
    let rules = check(&call.input)?;
    app.write(|world| {
        let state = &mut world.region(&call.account, &call.region).wafv2;
        let acl = of_mut(state, &input)?;
        acl.settings = acl::settings(&call.input);
        acl.capacity = rules.capacity();
        acl.lock_token = acl::lock_token();
        Ok(json!({ "NextLockToken": acl.lock_token }))
    })
}

pub(super) fn delete(app: &App, call: &Call) -> Answer {
    let input: One = call.input()?;
    in_region(input.scope, call)?;
    app.write(|world| {
        let account = world.account(&call.account);
        let region = account.regions.entry(call.region.clone()).or_default();
        let arn = of_mut(&mut region.wafv2, &input)?.arn(&call.account, &call.region);
        if account.cloudfront.uses_web_acl(&arn) || region.apigateway.uses_web_acl(&arn) {
            return Err(fault::associated());
        }
        region.wafv2.acls.remove(&input.id);
        empty()
    })
}

pub(super) fn list(app: &App, call: &Call) -> Answer {
    let input: List = call.input()?;
    in_region(input.scope, call)?;
    let (account, region) = (&call.account, &call.region);
    app.read(|world| {
        let of_scope = all(world, call).filter(|acl| acl.scope == input.scope);
        let token = input.next_marker.as_deref();
        let limit = input.limit.unwrap_or(100);
        let found = page(of_scope, |acl| acl.id.clone(), token, limit).ok_or_else(|| {
            let reason = "The parameter contains formatting that is not valid.";
            fault::invalid(reason, "WEB_ACL", "NextMarker")
        })?;
        let shown = found.items.iter().map(|acl| acl.summary(account, region));
        let mut answer = json!({ "WebACLs": shown.collect::<Vec<Value>>() });
        if let Some(next) = found.next {
            answer["NextMarker"] = json!(next);
        }
        Ok(answer)
    })
}
