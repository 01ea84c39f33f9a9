//! `labctl verify`: proves that the lab works.

use std::time::Instant;

use super::{
    link::{self, Link},
    scene::{self, Site},
};
use crate::{
    cli::{Global, Verify},
    engine::{Event, Interrupt, State, StepId},
    error::{Error, Exit},
    lab::Lab,
    resource::Kind,
    verify::{CodeSource, Prober, Route},
};

pub(super) async fn run(global: &Global, args: &Verify) -> Result<Exit, Error> {
    let site = Site::of(global);
    let lab = scene::load_lab(global)?;
    let state = crate::engine::journal::read(&site.state_folder(&lab.name))?;
    let Some(state) = state.filter(|s| !s.steps.is_empty()) else {
        return Err(
            Error::failed(format!("{}: nothing there to verify", lab.name))
                .hint("`labctl up` builds it, `labctl up --local` without an account"),
        );
    };
    let link = link::link(global, &site, &state.region, Some(&state)).await?;
    let reporter = scene::reporter(global);
    let outcome = prove(&link, &lab, &state, args, &reporter).await;
    reporter.finish();
    outcome
}

async fn prove(
    link: &Link,
    lab: &Lab,
    state: &State,
    args: &Verify,
    reporter: &crate::report::Reporter,
) -> Result<Exit, Error> {
    let started = Instant::now();
    let events = reporter.sink();
    let interrupt = Interrupt::listen();
    let cx = link.cx(state, events, &interrupt);
    let asked = async { tokio::join!(link.identity(&cx, Some(state)), link.is_twin()) };
    let Some((identity, twin)) = interrupt.or(asked).await else {
        return Err(scene::interrupted());
    };
    let identity = identity?;
    let outputs = link.outputs(state).await;
    let (Some(api_id), Some(stage)) = (outputs.api_id.clone(), text(state, "stage", "name")) else {
        return Err(Error::failed("the lab is not complete: no API is deployed")
            .hint("`labctl up` (with `--local` as before) builds the rest"));
    };
    let endpoint = link.connection.endpoint.clone();
    events.send(Event::RunStarted {
        command: "verify",
        lab: state.lab.clone(),
        account: identity.account,
        region: state.region.clone(),
        endpoint: endpoint.clone().filter(|_| state.local.is_none()),
        steps: Vec::new(),
    });
    let routes = routes(lab, state)?;
    let mut prober = Prober::new(&cx, api_id.clone(), link.stage_url(&api_id, &stage), twin);
    for route in &routes {
        prober.test_invoke(route).await?;
        prober.without_sign_in(route).await;
    }
    let guarded: Vec<&Route> = routes.iter().filter(|r| r.token_header.is_some()).collect();
    let user = args.user.clone().or_else(|| outputs.users.first().cloned());
    if let (Some(first), Some(pool), Some(client)) =
        (guarded.first(), &outputs.user_pool_id, &outputs.client_id)
    {
        let Some(user) = user else {
            return Err(Error::failed("the lab has no user to sign in")
                .hint("`labctl up --user YOUR@ADDRESS`"));
        };
        let source = match (&args.otp_command, endpoint) {
            (Some(command), _) => CodeSource::Command(command.clone()),
            (None, Some(endpoint)) if twin => CodeSource::Inbox(endpoint),
            _ => CodeSource::Ask,
        };
        if let Some(tokens) = prober.sign_in(pool, client, &user, &source).await? {
            for route in &guarded {
                prober.with_tokens(route, &tokens).await;
            }
            prober.refresh(first, client, &tokens).await;
        }
    }
    let (failed, total) = prober.score();
    let ok = failed == 0;
    let next = |command: &str, why: &str| (command.to_owned(), why.to_owned());
    let (summary, next) = if ok {
        (
            format!("Proven: {total} of {total} checks hold."),
            vec![next("labctl down", "remove it all")],
        )
    } else {
        let summary = format!("Not proven: {failed} of {total} checks failed.");
        (
            summary,
            vec![next("labctl status", "see what differs from lab.yaml")],
        )
    };
    let seconds = started.elapsed().as_secs_f64();
    events.send(Event::RunFinished {
        command: "verify",
        ok,
        summary,
        seconds,
        next,
    });
    Ok(match (ok, interrupt.is_set()) {
        (_, true) => Exit::Interrupted,
        (true, false) => Exit::Ok,
        (false, false) => Exit::Unproven,
    })
}

fn text(state: &State, step: &str, member: &str) -> Option<String> {
    let record = state.steps.get(&StepId::new(step))?;
    Some(record.output.as_ref()?.get(member)?.as_str()?.to_owned())
}

/// The file's routes, with the ids that the state knows.
fn routes(lab: &Lab, state: &State) -> Result<Vec<Route>, Error> {
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
        let authorizer = route
            .authorizer
            .as_ref()
            .and_then(|a| api.authorizers.get(a));
        routes.push(Route {
            method: route.method.clone(),
            path: route.path.clone(),
            token_header: authorizer.map(|a| a.token_source.clone()),
            scoped: !route.scopes.is_empty(),
            expect: route.expect.clone(),
            resource_id,
        });
    }
    Ok(routes)
}
