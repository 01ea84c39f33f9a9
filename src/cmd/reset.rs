//! `labctl reset --to N`: goes back to the end of a chapter.

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    build::Build,
    link,
    plan::{Secrets, Users, losses::Agreed, text},
    scene::{self, Site},
    whose,
};
use crate::{
    cli::{Global, Reset},
    engine::{Action, Interrupt, Lock, Plan, Reads, State, StepId},
    error::{Error, Exit},
    event::{Event, EventSink},
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
    let run = Run {
        global,
        site: &site,
        lab: &lab,
        args,
        started,
    };
    let outcome = run.back(lock, state, reporter.sink()).await;
    reporter.finish();
    outcome
}

/// The parts of one run.
struct Run<'a> {
    global: &'a Global,
    site: &'a Site,
    lab: &'a Lab,
    args: &'a Reset,
    started: Instant,
}

impl Run<'_> {
    async fn back(self, lock: Lock, known: State, events: &EventSink) -> Result<Exit, Error> {
        let Self {
            global,
            site,
            lab,
            args,
            ..
        } = self;
        let secrets = Secrets::said(lab);
        let plan = Arc::new(planned(lab, args.to, &known, &secrets)?);
        let link = link::link(global, site, &lab.region, Some(&known)).await?;
        let interrupt = Interrupt::listen();
        let ask = link.cx(&known, events, &interrupt);
        let asked = async { tokio::join!(link.identity(&ask, Some(&known)), link.is_twin()) };
        let asked = interrupt.or(Box::pin(asked)).await;
        let identity = asked.ok_or_else(scene::interrupted)?.0?;
        let owner = whose::owner(&identity.arn, lab.owner.as_deref());
        let journal = Arc::new(lock.journal(known));
        let state = journal.state();
        let wait = Duration::from_mins(args.edge_wait);
        let build = Build {
            command: "reset",
            started: self.started,
            site,
            lab,
            link: &link,
            interrupt: &interrupt,
            plan,
            secrets: &secrets,
            cx: ask.with_edge_wait(wait).with_owner(owner.clone()),
            journal: Arc::clone(&journal),
            owner,
        };
        let mut foreseen = build.foreseen(Reads::AtOnce).await?;
        loop {
            let intents = &foreseen.foresight.intents;
            // Later chapters are what the command is about; what else would be lost is for `up` to say.
            let earlier = intents.iter().filter(|intent| intent.chapter <= args.to);
            let earlier: BTreeSet<_> = earlier.map(|intent| intent.id.clone()).collect();
            let asked = |id: &StepId| earlier.contains(id);
            build.check(Agreed::default(), &foreseen, asked).await?;
            if intents.iter().all(|intent| intent.action == Action::Keep) {
                break;
            }
            for line in text::changes(intents) {
                events.send(Event::warning(line));
            }
            build.say_what_leaves(intents).await;
            let count = intents.iter().filter(|intent| intent.goes()).count();
            let question = format!(
                "Go back to the end of chapter {}, and delete {count} resources in account {} ({}), {}?",
                args.to, state.account, identity.arn, state.region
            );
            scene::ask(global, &interrupt, &question).await?;
            if global.yes || build.still_holds(&mut foreseen, Reads::AtOnce).await? {
                break;
            }
        }
        let foresight = foreseen.foresight;
        let until = journal.change(|s| {
            s.until = Some(args.to);
            Ok(())
        });
        until.await?;
        build.run(foresight, args.parallel, BTreeSet::new()).await
    }
}

/// The lab as it is at the end of a chapter.
fn planned(lab: &Lab, to: u8, known: &State, secrets: &Secrets) -> Result<Plan, Error> {
    let users = Users::known(known);
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
