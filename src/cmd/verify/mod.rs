//! `labctl verify`: proves that the lab works.

mod proof;
mod routes;

use std::time::Instant;

use super::{
    link::Link,
    lookup,
    scene::{self, Site},
    student::code_source,
};
use crate::{
    chapter::Chapter,
    cli::{Global, Verify},
    engine::{Interrupt, State},
    error::{Error, Exit},
    event::Event,
    lab::Lab,
    local,
    resource::{EdgeDeployment, Recorded, Stage},
    verify::Prober,
};
use proof::Proof;

pub(super) async fn run(global: &Global, args: &Verify) -> Result<Exit, Error> {
    let site = Site::of(global);
    let lab = scene::load_lab(global)?;
    let Some((link, state)) = lookup::find(global, &site, &lab).await? else {
        return Err(
            Error::failed(format!("{}: nothing there to verify", lab.name))
                .hint("`labctl up` builds it, `labctl up --local` without an account"),
        );
    };
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
    let parts = (
        outputs.api_id.clone(),
        state.output::<Stage>(),
        link.base_url(state),
    );
    let (Some(api_id), Some(stage), Some(base_url)) = parts else {
        return Err(Error::failed("the lab is not complete: no API is deployed")
            .hint("`labctl up` (with `--local` as before) builds the rest"));
    };
    let wanted = lab.edge.is_some() && state.until.is_none_or(|u| u >= Chapter::Edge.number());
    if wanted && state.output::<EdgeDeployment>().is_none() {
        return Err(Error::failed("`edge` is in lab.yaml, but not built")
            .hint("`labctl up` (with `--local` as before) builds the rest"));
    }
    let endpoint = link.connection.endpoint.clone();
    let source = code_source(&args.sign_in, endpoint.as_deref().filter(|_| twin))?;
    events.send(Event::RunStarted {
        command: "verify",
        lab: state.lab.clone(),
        account: identity.account,
        region: state.region.clone(),
        endpoint: endpoint.filter(|_| state.local.is_none()),
        steps: Vec::new(),
    });
    if let Some(endpoint) = link.connection.endpoint.as_deref().filter(|_| twin) {
        for message in local::differences(endpoint).await {
            events.send(Event::Notice { message });
        }
    }
    let routes = lab.api.as_ref().map_or(&[][..], |api| &api.routes);
    let resource_ids = routes::resource_ids(routes, state)?;
    let proof = Proof {
        cx: &cx,
        lab,
        state,
        outputs: &outputs,
        routes,
        resource_ids: &resource_ids,
        twin,
    };
    let mut prober = Prober::new(&cx, api_id, base_url, twin);
    prober.routes = routes;
    prober.log_groups = lab.log_groups();
    let cors = lab.api.as_ref().and_then(|api| api.cors.as_ref());
    prober.origin = cors.map(|cors| cors.origin.clone());
    proof.without_sign_in(&mut prober).await?;
    proof.functions(&mut prober, &stage.name).await?;
    let user = args
        .sign_in
        .user
        .clone()
        .or_else(|| outputs.users.first().cloned());
    proof.login(&mut prober).await;
    let direct = link.direct_url(state);
    let direct = direct.filter(|_| outputs.distribution_id.is_some());
    if proof.by_code() {
        let tokens = proof.sign_in(&mut prober, user, &source).await?;
        let direct = direct.as_deref();
        proof.with_tokens(&mut prober, tokens, direct).await?;
    } else {
        // What tidies up goes on after an interrupt.
        let after = link.cx(state, events, &Interrupt::never());
        let direct = direct.as_deref();
        proof.by_password(&mut prober, &after, direct).await?;
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
