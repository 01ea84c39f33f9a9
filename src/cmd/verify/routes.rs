//! The routes of a lab as they are deployed.

use crate::{
    engine::State,
    error::Error,
    lab::{self, Lab},
    plan::method_step,
    resource::{Method, Recorded},
    verify::{Guard, Route},
};

/// The file's routes, with the ids that the state knows.
pub(super) fn of(lab: &Lab, state: &State) -> Result<Vec<Route>, Error> {
    let Some(api) = &lab.api else {
        return Ok(Vec::new());
    };
    let mut routes = Vec::new();
    for route in &api.routes {
        let name = route.name();
        let record = method_step(&name).record(state);
        let Some(method) = record.and_then(Recorded::output::<Method>) else {
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
            resource_id: method.resource_id,
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
