//! The routes of a lab as they are deployed.

use crate::{
    engine::{State, StepId},
    error::Error,
    lab::{self, Lab},
    resource::Kind,
    verify::{Guard, Route},
};

/// The file's routes, with the ids that the state knows.
pub(super) fn of(lab: &Lab, state: &State) -> Result<Vec<Route>, Error> {
    let Some(api) = &lab.api else {
        return Ok(Vec::new());
    };
    let mut routes = Vec::new();
    for route in &api.routes {
        let name = format!("{} {}", route.method, route.path);
        let record = state
            .steps
            .get(&StepId::new(format!("method.{name}")))
            .filter(|r| r.kind == Kind::Method);
        let resource_id = record.and_then(|r| {
            r.output
                .as_ref()?
                .get("resource_id")?
                .as_str()
                .map(str::to_owned)
        });
        let Some(resource_id) = resource_id else {
            return Err(
                Error::failed(format!("{name} is in lab.yaml, but not built"))
                    .hint("`labctl up` (with `--local` as before) builds the rest"),
            );
        };
        routes.push(Route {
            method: route.method.clone(),
            path: route.path.clone(),
            guard: guard(api, route),
            expect: route.expect.clone(),
            resource_id,
        });
    }
    Ok(routes)
}

fn guard(api: &lab::Api, route: &lab::Route) -> Guard {
    let name = match &route.guard {
        lab::Guard::Open => return Guard::Open,
        lab::Guard::Iam => return Guard::Keys,
        lab::Guard::Authorizer(name) => name,
    };
    match api.authorizer(route) {
        Some(lab::Authorizer {
            judge: lab::Judge::Pool { header },
            ..
        }) => Guard::Token {
            header: header.clone(),
            scoped: !route.scopes.is_empty(),
        },
        Some(authorizer) => Guard::Function {
            authorizer: name.clone(),
            sources: authorizer.sources(),
            allow: route.allow.clone(),
            deny: route.deny.clone(),
        },
        // A checked Lab has the authorizers that its routes name.
        None => Guard::Open,
    }
}
