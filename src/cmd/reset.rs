//! `labctl reset --to N`: goes back to the end of a chapter.

use std::{sync::Arc, time::Duration, time::Instant};

use super::{
    link,
    plan::{
        Secrets, Users,
        losses::{self, Agreed},
        text,
    },
    scene::{self, Site},
    up::{Ran, finish},
};
use crate::{
    cli::{Global, Reset},
    engine::{self, Intent, Interrupt, Lock, Options, Plan, Reads, State},
    error::{Error, Exit},
    event::{Event, EventSink, StepInfo},
    lab::Lab,
    plan::{Extent, key_number, plan, reached},
};

pub(super) async fn run(global: &Global, args: &Reset) -> Result<Exit, Error> {
    let started = Instant::now();
    let site = Site::of(global);
    let lab = scene::load_lab(global)?;
    let lock = site.lock(&lab.name, "reset")?;
    let state = lock.read()?.filter(|state| !state.steps.is_empty());
    let Some(state) = state else {
        return Err(Error::failed(format!("{}: no state here to go back from", lab.name))
            .hint(format!("`labctl up --until {}` builds the lab so far", args.to))
            .hint("`labctl status` looks for the lab by its tags and names, and `labctl up` adopts it"));
    };
    if reached(Some(&state)) < args.to {
        let reached = reached(Some(&state));
        return Err(
            Error::usage(format!("the lab is up to chapter {reached} only"))
                .hint(format!("`labctl up --until {}` goes on", args.to)),
        );
    }
    let reporter = scene::reporter(global);
    let outcome = back(
        global,
        &site,
        &lab,
        args,
        (lock, state),
        reporter.sink(),
        started,
    )
    .await;
    reporter.finish();
    outcome
}

async fn back(
    global: &Global,
    site: &Site,
    lab: &Lab,
    args: &Reset,
    (lock, known): (Lock, State),
    events: &EventSink,
    started: Instant,
) -> Result<Exit, Error> {
    let plan = Arc::new(planned(lab, args.to, &known)?);
    let link = link::link(global, site, &lab.region, Some(&known)).await?;
    let interrupt = Interrupt::listen();
    let journal = Arc::new(lock.journal(known));
    let state = journal.state();
    let wait = Duration::from_mins(args.edge_wait);
    let cx = link.cx(&state, events, &interrupt).with_edge_wait(wait);
    let asked = async {
        tokio::join!(
            link.identity(&cx, Some(&state)),
            engine::foresee(&plan, &cx, &state, Reads::All),
            link.is_twin()
        )
    };
    let asked = interrupt.or(Box::pin(asked)).await;
    let Some((identity, foresight, _)) = asked.filter(|_| !interrupt.is_set()) else {
        return Err(scene::interrupted());
    };
    let identity = identity?;
    let mut foresight = foresight?;
    let intents = &foresight.intents;
    // Later chapters are what the command is about; what else would be lost is for `up` to say.
    let earlier: Vec<Intent> = intents
        .iter()
        .filter(|intent| intent.chapter <= args.to)
        .cloned()
        .collect();
    losses::check(Agreed::default(), &earlier, &link, &cx, &state).await?;
    for message in losses::losses(intents, &link, &cx, &state).await {
        cx.warn(message.1);
    }
    if intents
        .iter()
        .any(|intent| intent.action != engine::Action::Keep)
    {
        for line in text::changes(intents) {
            cx.warn(line);
        }
        events.shown().await;
        let count = intents.iter().filter(|intent| intent.goes()).count();
        let question = format!(
            "Go back to the end of chapter {}, and delete {count} resources in account {} ({}), {}?",
            args.to, state.account, identity.arn, state.region
        );
        scene::ask(global, &interrupt, &question).await?;
    }
    if !global.yes {
        // Somebody was asked, and nobody knows for how long.
        foresight.healths.clear();
    }
    journal
        .change(|s| {
            s.until = Some(args.to);
            Ok(())
        })
        .await?;
    events.send(Event::RunStarted {
        command: "reset",
        lab: lab.name.clone(),
        account: state.account.clone(),
        region: state.region.clone(),
        endpoint: state.endpoint.clone().filter(|_| state.local.is_none()),
        steps: plan.steps().iter().map(StepInfo::of).collect(),
    });
    let announced = foresight.intents.iter().filter(|intent| intent.goes());
    let options = Options {
        announced: Some(announced.map(|intent| intent.id.clone()).collect()),
        parallel: args.parallel,
        adopt: std::collections::BTreeSet::new(),
        foresight,
    };
    let built = engine::up(plan, cx, Arc::clone(&journal), options).await?;
    let ran = Ran {
        command: "reset",
        lab,
        started,
    };
    finish(&link, &journal, built, events, &interrupt, ran).await
}

/// The lab as it is at the end of a chapter.
fn planned(lab: &Lab, to: u8, known: &State) -> Result<Plan, Error> {
    let (users, secrets) = (Users::known(known), Secrets::default());
    let extent = Extent {
        users: users.all.as_deref(),
        until: to,
        goes_back: true,
        reached: 0,
        passwords: &secrets.passwords,
        key_number: key_number(Some(known)),
        client_secrets: &secrets.clients,
    };
    Ok(plan(lab, &extent)?)
}
