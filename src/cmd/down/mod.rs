//! `labctl down`: removes everything that is ours. It never needs lab.yaml while there is a state.

use std::{collections::BTreeSet, sync::Arc, time::Instant};

use super::{
    link::{self, Link},
    scene::{self, Known, Site},
};
use crate::{
    aws::{Cx, Identity},
    cli::Global,
    engine::{self, Change, Event, EventSink, Failure, Interrupt, Lock, Removal, State, StepInfo},
    error::{Error, Exit},
    lab::Lab,
    plan::{Extent, plan},
    report::Reporter,
};

pub(super) async fn run(global: &Global, parallel: usize) -> Result<Exit, Error> {
    let started = Instant::now();
    let site = Site::of(global);
    let known = scene::known(global, &site)?;
    let lock = known.lock("down")?;
    let state = lock.read()?;
    let reporter = scene::reporter(global);
    let outcome = match state {
        Some(state) => {
            let run = Run {
                global,
                site: &site,
                parallel,
                started,
                reporter: &reporter,
            };
            run.remove(lock, state).await
        }
        None => without_state(global, &site, &known, lock, parallel, started, &reporter).await,
    };
    reporter.finish();
    outcome
}

/// The parts of one run.
struct Run<'a> {
    global: &'a Global,
    site: &'a Site,
    parallel: usize,
    started: Instant,
    reporter: &'a Reporter,
}

impl Run<'_> {
    async fn remove(&self, lock: Lock, state: State) -> Result<Exit, Error> {
        let link = link::link(self.global, self.site, &state.region, Some(&state)).await?;
        let interrupt = Interrupt::listen();
        let cx = link.cx(&state, self.reporter.sink(), &interrupt);
        // What is addressed by name is seen to be ours while we ask who we are.
        let (identity, survey) =
            tokio::join!(link.identity(Some(&state)), engine::survey(&cx, &state));
        let identity = identity?;
        let question = format!(
            "Remove {} resources from account {} ({}), {}?",
            state.steps.len(),
            state.account,
            identity.arn,
            state.region
        );
        scene::confirm(self.global, &link, &question)?;
        self.reporter.sink().send(started(&state));
        let journal = Arc::new(lock.journal(state));
        let removal = engine::down(cx, Arc::clone(&journal), survey, self.parallel).await;
        let left = journal.state();
        if removal.ok()
            && left.steps.is_empty()
            && let Ok(journal) = Arc::try_unwrap(journal)
        {
            journal.close()?;
        }
        finish(
            removal,
            &left,
            self.reporter.sink(),
            &interrupt,
            self.started,
        )
    }
}

fn started(state: &State) -> Event {
    let info = |(id, r): (&engine::StepId, &engine::Record)| StepInfo {
        id: id.clone(),
        kind: r.kind,
        name: r.name.clone(),
        chapter: r.chapter,
    };
    Event::RunStarted {
        command: "down",
        lab: state.lab.clone(),
        account: state.account.clone(),
        region: state.region.clone(),
        endpoint: state.endpoint.clone().filter(|_| state.local.is_none()),
        steps: state.in_order().into_iter().map(info).collect(),
    }
}

/// The state may be lost: what the lab's file names is looked for, and removed when it is ours.
async fn without_state(
    global: &Global,
    site: &Site,
    known: &Known,
    lock: Lock,
    parallel: usize,
    started_at: Instant,
    reporter: &Reporter,
) -> Result<Exit, Error> {
    let reached = match &known.lab {
        Some(lab) => reach(global, site, lab)
            .await?
            .map(|reached| (lab, reached)),
        None => None,
    };
    let Some((lab, (link, identity))) = reached else {
        tell_nothing(&known.name, reporter.sink(), started_at);
        return Ok(Exit::Ok);
    };
    let interrupt = Interrupt::listen();
    let journal = Arc::new(lock.journal(link.new_state(&lab.name, &identity.account)));
    let cx = link.cx(&journal.state(), reporter.sink(), &interrupt);
    let mut total = Removal::default();
    let mut asked = false;
    let mut seen = BTreeSet::new();
    // Names of pools and APIs are not unique: until nothing of ours is found.
    while recover(lab, &cx, &journal).await? > 0 {
        let state = journal.state();
        let found: BTreeSet<String> = state
            .steps
            .values()
            .map(|r| format!("{:?} {:?}", r.key, r.output))
            .collect();
        if found.is_subset(&seen) {
            let message =
                "AWS still shows what was just deleted: `labctl down` once more, in a minute"
                    .to_owned();
            reporter.sink().send(Event::Warning { message });
            total.skipped.extend(state.steps.into_keys());
            break;
        }
        seen.extend(found);
        if !asked {
            let question = format!(
                "There is no state, but {} resources of this lab were found in account {}. Remove them?",
                state.steps.len(),
                state.account
            );
            scene::confirm(global, &link, &question)?;
            asked = true;
        }
        reporter.sink().send(started(&state));
        let survey = engine::survey(&cx, &state).await;
        let removal = engine::down(cx.clone(), Arc::clone(&journal), survey, parallel).await;
        let ok = removal.ok();
        total.done.extend(removal.done);
        total.failed.extend(removal.failed);
        total.skipped.extend(removal.skipped);
        if !ok {
            break;
        }
    }
    drop(cx);
    let left = journal.state();
    if left.steps.is_empty()
        && let Ok(journal) = Arc::try_unwrap(journal)
    {
        journal.close()?;
    }
    if total.done.is_empty() && total.ok() {
        tell_nothing(&known.name, reporter.sink(), started_at);
        return Ok(Exit::Ok);
    }
    finish(total, &left, reporter.sink(), &interrupt, started_at)
}

async fn recover(lab: &Lab, cx: &Cx, journal: &engine::Journal) -> Result<usize, Error> {
    let plan = plan(
        lab,
        &Extent {
            users: None,
            until: u8::MAX,
        },
    )?;
    Ok(engine::recover(&plan, cx, journal).await?)
}

/// Where a lab without a state may be: in the account of the credentials; on the twin beside the file
/// with `--local`, or when there are no credentials. `None`: nowhere.
async fn reach(global: &Global, site: &Site, lab: &Lab) -> Result<Option<(Link, Identity)>, Error> {
    let local = Global {
        local: true,
        ..global.clone()
    };
    let twin = site.twin(None);
    let built = twin.dir().join("world.json").exists();
    if !global.local {
        let link = link::link(global, site, &lab.region, None).await?;
        match link.connection.identity().await {
            Ok(identity) => return Ok(Some((link, identity))),
            Err(fault) if built && link::no_credentials(&fault) => {}
            Err(fault) => {
                let error = link::no_identity(fault);
                let message = format!(
                    "there is no state of {} here, and {}",
                    lab.name, error.message
                );
                return Err(Error::new(error.exit, message)
                    .hint("with credentials, `labctl down` looks for the lab's resources by their tags")
                    .hint("after `labctl up --local`: `labctl down --local`"));
            }
        }
    }
    if !built {
        return Ok(None);
    }
    twin.start(None).await?;
    let link = link::link(&local, site, &lab.region, None).await?;
    let identity = link.identity(None).await?;
    Ok(Some((link, identity)))
}

fn tell_nothing(lab: &str, events: &EventSink, started: Instant) {
    events.send(Event::RunFinished {
        command: "down",
        ok: true,
        summary: format!("{lab}: nothing there."),
        seconds: started.elapsed().as_secs_f64(),
        next: Vec::new(),
    });
}

fn finish(
    removal: Removal,
    left: &State,
    events: &EventSink,
    interrupt: &Interrupt,
    started: Instant,
) -> Result<Exit, Error> {
    let seconds = started.elapsed().as_secs_f64();
    let count = |change: Change| removal.done.values().filter(|c| **c == change).count();
    let mut words = vec![format!("{} deleted", count(Change::Deleted))];
    words.extend(
        [
            (Change::AlreadyGone, "already gone"),
            (Change::LeftAlone, "not ours, left alone"),
        ]
        .iter()
        .filter(|(c, _)| count(*c) > 0)
        .map(|(c, word)| format!("{} {word}", count(*c))),
    );
    let ok = removal.ok();
    let (summary, next) = if ok {
        let mut next = Vec::new();
        if left.local.is_some() {
            next.push((
                "labctl local stop".to_owned(),
                "stop the local AWS twin".to_owned(),
            ));
        }
        (
            format!(
                "Down in {seconds:.1} s: {}, nothing left.",
                words.join(", ")
            ),
            next,
        )
    } else {
        let survivors = removal.failed.len() + removal.skipped.len();
        let stopped = if interrupt.is_set() {
            "Interrupted"
        } else {
            "Not complete"
        };
        let next = vec![("labctl down".to_owned(), "go on from here".to_owned())];
        (
            format!(
                "{stopped} after {seconds:.1} s: {}, {survivors} still there.",
                words.join(", ")
            ),
            next,
        )
    };
    events.send(Event::RunFinished {
        command: "down",
        ok,
        summary,
        seconds,
        next,
    });
    if ok {
        return Ok(Exit::Ok);
    }
    if interrupt.is_set() {
        return Ok(Exit::Interrupted);
    }
    let Some((id, failure)) = removal
        .failed
        .into_iter()
        .find(|(_, f)| !matches!(f, Failure::Defect(_)))
    else {
        return Ok(Exit::Survivors);
    };
    let mut error = Error::from(failure);
    error.exit = Exit::Survivors;
    error.message = format!("{id}: {}", error.message);
    Err(error)
}
