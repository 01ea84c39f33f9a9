//! `labctl export`: what other tools use.

mod spa;

use super::student::Scene;
use crate::{
    cli::{Export, Global},
    error::{Error, Exit},
    lab::STUDENT,
    plan::callable,
    report,
    resource::call_policy_document,
    screen,
};

pub(super) async fn run(global: &Global, what: &Export) -> Result<Exit, Error> {
    let scene = Scene::of(global).await?;
    match what {
        Export::Policy { caller } => policy(&scene, caller),
        Export::Spa { folder, force } => spa::write(global, &scene, folder, *force),
    }
}

/// The policy as labctl gives it to the caller's role.
fn policy(scene: &Scene, name: &str) -> Result<Exit, Error> {
    let lab = &scene.lab;
    let student = lab.identity_pool.as_ref().filter(|_| name == STUDENT);
    let caller = lab
        .callers
        .get(name)
        .or(student.map(|pool| &pool.caller))
        .ok_or_else(|| scene.no_caller(name))?;
    let (Some(api), Some(api_id)) = (&lab.api, &scene.outputs.api_id) else {
        return Err(Error::failed("the lab is not complete: there is no API")
            .hint("`labctl up` (with `--local` as before) builds the rest"));
    };
    let routes = callable(caller, api);
    let document = call_policy_document(&scene.cx, api_id, &api.stage, &routes);
    report::print_raw(&[screen::json(&format!("{document:#}"))]);
    Ok(Exit::Ok)
}
