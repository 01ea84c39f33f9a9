//! `labctl up`: builds what is missing, mends what drifted, goes on where a run was cut off.

mod adopt;
mod passwords;
mod target;
mod watch;

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    build::{Build, will_tag},
    lookup,
    plan::{
        self, Users, later,
        losses::{self, Agreed},
        planned, text,
    },
    renamed,
    scene::{self, Site},
    whose,
};
use crate::{
    cli::{Global, Up},
    engine::{Action, Intent, Interrupt, Lock, Reads, State},
    error::{Error, Exit},
    event::{Event, EventSink},
    lab::Lab,
    plan::reached,
    report::Reporter,
};
use target::{leftovers, start_and_link, warn};

pub(super) async fn run(global: &Global, args: &Up) -> Result<Exit, Error> {
    let started = Instant::now();
    let site = Site::of(global);
    let lab = scene::load_lab(global)?;
    if args.dry_run {
        return plan::dry_run(global, &site, &lab, args).await;
    }
    plan::check(&lab, &args.scope)?;
    if args.watch && !global.local {
        let message = "`--watch` works on the local AWS twin alone: on AWS, each saved file would change the account";
        return Err(Error::usage(message).hint("`labctl up --watch --local`"));
    }
    let lock = site.lock(&lab.name, "up")?;
    // Before anything is read for the plan: what is saved from now on counts as a change.
    let files = args.watch.then(|| watch::Files::of(global, &lab));
    let interrupt = Interrupt::listen();
    let run = Run {
        global,
        site: &site,
        lab: &lab,
        args,
        started,
        interrupt: &interrupt,
    };
    let outcome = Box::pin(run.report(lock, scene::reporter(global))).await;
    match (files, outcome) {
        (Some(files), Ok(Exit::Ok)) => Box::pin(watch::run(run, files)).await,
        (_, outcome) => outcome,
    }
}

/// The parts of one run.
#[derive(Clone, Copy)]
struct Run<'a> {
    global: &'a Global,
    site: &'a Site,
    lab: &'a Lab,
    args: &'a Up,
    started: Instant,
    interrupt: &'a Interrupt,
}

impl Run<'_> {
    async fn report(self, lock: Lock, reporter: Reporter) -> Result<Exit, Error> {
        let outcome = self.build(lock, reporter.sink()).await;
        reporter.finish();
        outcome
    }

    async fn build(self, lock: Lock, events: &EventSink) -> Result<Exit, Error> {
        let Self {
            global,
            site,
            lab,
            args,
            interrupt,
            ..
        } = self;
        let (known, aside) = scene::state_or_aside(&lock, Some(lab), events)?;
        let users = Users::of(lab, &args.scope, known.as_ref())?;
        let local = global.local || known.as_ref().is_some_and(|state| state.local.is_some());
        let secrets = passwords::ask(lab, args, users.all.as_deref(), known.as_ref(), local)?;
        let plan = planned(lab, &args.scope, &users, known.as_ref(), &secrets)?;
        let plan = Arc::new(plan);
        let link = start_and_link(global, site, lab, known.as_ref(), events).await?;
        // Without a state, something of this lab may still be there: asked at the same time as who we are.
        let fresh = known.is_none() && !aside;
        let ask = link.asking(&lab.name, events, interrupt);
        let look = async {
            if fresh {
                leftovers(&ask, lab).await
            } else {
                aside.then(Vec::new)
            }
        };
        let who = link.identity(&ask, known.as_ref());
        let asked = async { tokio::join!(who, look, link.is_twin()) };
        let Some((identity, leftovers, _)) = interrupt.or(Box::pin(asked)).await else {
            return Err(scene::interrupted());
        };
        let identity = identity?;
        let (leftovers, tagged) = (leftovers.is_some(), leftovers.unwrap_or_default());
        let known_nothing = known.is_none();
        let mut state = known.unwrap_or_else(|| link.new_state(&lab.name, &identity.account));
        if known_nothing {
            renamed::check(site, lab, &plan, &state)?;
        }
        state.endpoint.clone_from(&link.connection.endpoint);
        state.local.clone_from(&link.local);
        state.suffix.clone_from(&lab.suffix);
        state.recovered |= leftovers;
        let me = whose::owner(&identity.arn, lab.owner.as_deref());
        let mut taken_over = false;
        if (known_nothing && leftovers) || args.adopt {
            let cx = link.cx(&state, events, interrupt);
            let command = scene::command("up", global.local);
            let how = (command.as_str(), args.adopt);
            let settle = whose::settle((global, &cx, &me), &plan, &mut state, how);
            let settled = interrupt.or(Box::pin(settle)).await;
            let seen = settled.ok_or_else(scene::interrupted)??;
            // What is another owner's is not known by its name in an ARN.
            let all_known = cx.makers().1.is_empty();
            taken_over = args.adopt && !all_known;
            let others = lookup::others(tagged, &seen);
            if let Some(message) = lookup::unnamed(&others).filter(|_| all_known) {
                events.send(Event::warning(message));
            }
        }
        if state.steps.is_empty() && !state.recovered {
            state.owner = Some(me.id.clone());
        }
        let journal = Arc::new(lock.journal(state));
        let state = journal.state();
        let wait = Duration::from_mins(args.edge_wait);
        let cx = link.cx(&state, events, interrupt);
        let cx = cx.with_edge_wait(wait).with_owner(me.clone());
        let build = Build {
            command: "up",
            started: self.started,
            site,
            lab,
            link: &link,
            interrupt,
            plan: Arc::clone(&plan),
            secrets: &secrets,
            cx: cx.clone(),
            journal: Arc::clone(&journal),
            owner: me,
        };
        let reads = match args.parallel {
            1 => Reads::InTurn,
            _ => Reads::AtOnce,
        };
        let mut foreseen = build.foreseen(reads).await?;
        // On the local twin nobody is asked, but about what `--adopt` takes over.
        let asks = !global.yes && (args.adopt || link.local.is_none());
        let adopt = loop {
            build.check(Agreed::of(args), &foreseen, |_| true).await?;
            let intents = &foreseen.foresight.intents;
            if asks {
                say_changes(intents, &state, events);
            }
            build.say_what_leaves(intents).await;
            let question = format!(
                "Build {} resources{} in account {} ({}), {}?",
                plan.steps().len(),
                losses::counted(intents),
                state.account,
                identity.arn,
                state.region
            );
            scene::confirm(global, &link, interrupt, &question).await?;
            let adopt = if args.adopt {
                adopt::agree(global, &plan, &cx, taken_over).await?
            } else {
                BTreeSet::new()
            };
            // Nobody knows how long the question was open.
            if !asks || build.still_holds(&mut foreseen, reads).await? {
                break adopt;
            }
        };
        let foresight = foreseen.foresight;
        // A lab that is further than `--until` stays so.
        let further = args
            .scope
            .until
            .is_some_and(|until| reached(Some(&state)) > until);
        let until = if further {
            state.until
        } else {
            args.scope.until
        };
        let same = (&users.all, &users.added) == (&state.users, &state.added_users);
        if !same || until != state.until {
            journal
                .change(|s| {
                    (s.users, s.added_users) = (users.all, users.added);
                    s.until = until;
                    Ok(())
                })
                .await?;
        }
        warn(&plan, &link, leftovers, aside, events);
        for message in later(lab, &plan, &foresight.intents, &cx, &state, &secrets).await? {
            events.send(Event::warning(message));
        }
        build.run(foresight, args.parallel, adopt).await
    }
}

/// What of the lab changes, before the question. New resources are counted in it.
fn say_changes(intents: &[Intent], state: &State, events: &EventSink) {
    let changing = |intent: &&Intent| {
        matches!(
            intent.action,
            Action::Update | Action::Replace | Action::Delete | Action::Adopt
        )
    };
    for intent in intents.iter().filter(changing) {
        events.send(Event::warning(text::change(intent)));
    }
    let tags = intents.iter().filter(|intent| will_tag(state, intent));
    let tags = tags.count();
    if tags > 0 {
        events.send(Event::warning(format!(
            "add owner tags to {tags} resources"
        )));
    }
}
