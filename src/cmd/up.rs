//! `labctl up`: builds what is missing, mends what drifted, goes on where a run was cut off.

mod adopt;
mod dry_run;
mod passwords;
mod target;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    link::Link,
    scene::{self, Site},
};
use crate::{
    cli::{Global, Up},
    engine::{
        self, Built, Change, Chapter, Event, EventSink, Failure, Interrupt, Journal, Lock, Options,
        Plan, State,
    },
    error::{Error, Exit},
    lab::{self, Lab},
    plan::{Extent, key_number, next_key_number, plan},
    resource::Secret,
};
use dry_run::dry_run;
use target::{leftovers, start_and_link, warn};

/// The last chapter of a lab that has resources.
fn last(lab: &Lab) -> u8 {
    let chapter = lab.edge.as_ref().map_or(Chapter::User, |_| Chapter::Edge);
    chapter.number()
}

pub(super) async fn run(global: &Global, args: &Up) -> Result<Exit, Error> {
    let started = Instant::now();
    let site = Site::of(global);
    let lab = scene::load_lab(global)?;
    if args.rotate_edge_secret && args.until.unwrap_or_else(|| last(&lab)) < Chapter::Edge.number()
    {
        return Err(Error::usage(
            "there is no secret to rotate: no distribution stands before the API",
        )
        .hint("`edge: {}` in lab.yaml makes one, with `labctl up`"));
    }
    let users = users(args)?;
    let folder = site.state_folder(&lab.name);
    if args.dry_run {
        let known = engine::journal::read(&folder)?;
        let none = BTreeMap::new();
        let plan = Arc::new(planned(
            &lab,
            args,
            users.as_deref(),
            known.as_ref(),
            &none,
            &none,
        )?);
        return dry_run(global, &site, &lab, &plan, known).await;
    }
    let lock = Lock::take(&folder, "up")?;
    let reporter = scene::reporter(global);
    let run = Run {
        global,
        site: &site,
        lab: &lab,
        args,
        users,
        started,
    };
    let outcome = run.build(lock, reporter.sink()).await;
    reporter.finish();
    outcome
}

/// The parts of one run.
struct Run<'a> {
    global: &'a Global,
    site: &'a Site,
    lab: &'a Lab,
    args: &'a Up,
    users: Option<Vec<String>>,
    started: Instant,
}

/// The addresses of `--user`, checked like the file's.
fn users(args: &Up) -> Result<Option<Vec<String>>, Error> {
    if args.users.is_empty() {
        return Ok(None);
    }
    let mut users = Vec::new();
    for given in &args.users {
        let email = lab::valid_email(given)
            .map_err(|why| Error::usage(format!("--user {given}: {why}")))?;
        if !users.contains(&email) {
            users.push(email);
        }
    }
    Ok(Some(users))
}

/// The plan; what the command line does not say is as it was in the last run (users), or all (chapters).
fn planned(
    lab: &Lab,
    args: &Up,
    users: Option<&[String]>,
    known: Option<&State>,
    passwords: &BTreeMap<String, Secret>,
    client_secrets: &BTreeMap<String, Secret>,
) -> Result<Plan, Error> {
    let users = users.or(known.and_then(|s| s.users.as_deref()));
    Ok(plan(
        lab,
        &Extent {
            users,
            until: args.until.unwrap_or(u8::MAX),
            passwords,
            key_number: if args.rotate_edge_secret {
                next_key_number(known)
            } else {
                key_number(known)
            },
            client_secrets,
        },
    )?)
}

impl Run<'_> {
    async fn build(self, lock: Lock, events: &EventSink) -> Result<Exit, Error> {
        let Self {
            global,
            site,
            lab,
            args,
            ..
        } = self;
        let (known, aside) = scene::state_or_aside(&lock, Some(lab), events)?;
        let users = self.users.as_deref();
        let passwords = passwords::ask(lab, args, users, known.as_ref())?;
        let secrets = passwords::client_secrets(lab, args, known.as_ref())?;
        let plan = planned(lab, args, users, known.as_ref(), &passwords, &secrets)?;
        let plan = Arc::new(plan);
        let link = start_and_link(global, site, lab, known.as_ref(), events).await?;
        let interrupt = Interrupt::listen();
        // Without a state, something of this lab may still be there: asked at the same time as who we are.
        let fresh = known.is_none() && !aside;
        let ask = link.asking(&lab.name, events, &interrupt);
        let look = async { aside || (fresh && leftovers(&ask, lab).await) };
        let who = link.identity(&ask, known.as_ref());
        let asked = async { tokio::join!(who, look, link.is_twin()) };
        let Some((identity, leftovers, _)) = interrupt.or(Box::pin(asked)).await else {
            return Err(scene::interrupted());
        };
        let identity = identity?;
        let mut state = known.unwrap_or_else(|| link.new_state(&lab.name, &identity.account));
        state.endpoint.clone_from(&link.connection.endpoint);
        state.local.clone_from(&link.local);
        let journal = Arc::new(lock.journal(state));
        let state = journal.state();
        let question = format!(
            "Build {} resources in account {} ({}), {}?",
            plan.steps().len(),
            state.account,
            identity.arn,
            state.region
        );
        passwords::warn(lab, &secrets, &link, events).await;
        scene::confirm(global, &link, &interrupt, &question).await?;
        let wait = Duration::from_mins(args.edge_wait);
        let cx = link.cx(&state, events, &interrupt).with_edge_wait(wait);
        let adopt = if args.adopt {
            adopt::agree(global, &plan, &cx).await?
        } else {
            BTreeSet::new()
        };
        if self.users.is_some() || args.until != state.until {
            journal
                .change(|s| {
                    s.users = self.users.or(s.users.take());
                    s.until = args.until;
                    Ok(())
                })
                .await?;
        }
        warn(&plan, &link, leftovers, aside, events);
        events.send(Event::RunStarted {
            command: "up",
            lab: lab.name.clone(),
            account: state.account.clone(),
            region: state.region.clone(),
            endpoint: state.endpoint.clone().filter(|_| state.local.is_none()),
            steps: plan.steps().iter().map(engine::Step::info).collect(),
        });
        let options = Options {
            parallel: args.parallel,
            look_first: leftovers,
            adopt,
        };
        let built = engine::up(plan, cx, Arc::clone(&journal), options).await?;
        let run = (lab, self.started);
        finish(&link, &journal, built, events, &interrupt, run).await
    }
}

async fn finish(
    link: &Link,
    journal: &Journal,
    built: Built,
    events: &EventSink,
    interrupt: &Interrupt,
    (lab, started): (&Lab, Instant),
) -> Result<Exit, Error> {
    let state = journal.state();
    let seconds = started.elapsed().as_secs_f64();
    let created = built.count(&[Change::Created]);
    let adopted = match built.count(&[Change::Adopted]) {
        0 => String::new(),
        n => format!(", {n} adopted"),
    };
    let changed = built.count(&[Change::Updated]);
    let removed = if built.removed > 0 {
        format!(", {} removed", built.removed)
    } else {
        String::new()
    };
    let done = format!(
        "{created} created{adopted}, {changed} changed, {} unchanged{removed}",
        built.count(&[Change::Unchanged])
    );
    let next = |command: &str, why: &str| (command.to_owned(), why.to_owned());
    let ok = built.ok();
    let (summary, next) = if ok {
        events.send(Event::Outputs(link.outputs(&state).await));
        let verify = if state.until.is_none_or(|u| u >= last(lab)) {
            next("labctl verify", "prove it")
        } else {
            next("labctl up", "build the rest")
        };
        (
            format!("Up in {seconds:.1} s: {done}."),
            vec![verify, next("labctl down", "remove it all")],
        )
    } else {
        let again = if state.local.is_some() {
            "labctl up --local"
        } else {
            "labctl up"
        };
        let stopped = if interrupt.is_set() {
            "Interrupted"
        } else if built.paused.is_some() {
            "Paused"
        } else {
            "Not complete"
        };
        let summary = format!(
            "{stopped} after {seconds:.1} s: {done}, {} failed, {} not tried.",
            built.failed.len(),
            built.skipped.len()
        );
        (
            summary,
            vec![
                next(again, "go on from here"),
                next("labctl down", "remove what is there"),
            ],
        )
    };
    events.send(Event::RunFinished {
        command: "up",
        ok,
        summary,
        seconds,
        next,
    });
    if interrupt.is_set() && !ok {
        return Ok(Exit::Interrupted);
    }
    if let Some(failure) = built.paused {
        return Err(Error::failed(format!("paused: {failure}"))
            .hint("sign in again (`aws sso login`, or fresh keys), then the same command goes on from here"));
    }
    match first_cause(built.failed) {
        Some(error) => Err(error),
        None => Ok(if ok { Exit::Ok } else { Exit::Failed }),
    }
}

/// The first failure, or what ended the run, as the error that the run ends with: its causes and hints
/// are not in the events.
fn first_cause(mut failed: Vec<(engine::StepId, Failure)>) -> Option<Error> {
    let count = failed.len();
    failed.sort_by_key(|(_, failure)| !matches!(failure, Failure::Journal(_)));
    let (id, failure) = failed.into_iter().next()?;
    let mut error = Error::from(failure);
    let more = if count > 1 {
        format!(" (and {} more, above)", count - 1)
    } else {
        String::new()
    };
    error.message = format!("{id}: {}{more}", error.message);
    Some(error)
}
