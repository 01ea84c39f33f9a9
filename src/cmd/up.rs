//! `labctl up`: builds what is missing, mends what drifted, goes on where a run was cut off.

use std::{sync::Arc, time::Instant};

use serde::Serialize;

use super::scene::{self, Link, Site};
use crate::{
    aws::{Cx, Effect},
    cli::{Global, Up},
    engine::{
        self, Built, Change, Event, EventSink, Failure, Interrupt, Journal, Lock, Options, Plan,
        Standing, State,
    },
    error::{Error, Exit},
    lab::{self, Lab},
    plan::{Extent, plan},
    report::{self, Reporter},
};

/// The last chapter that has resources.
const LAST: u8 = 5;

pub(super) async fn run(global: &Global, args: &Up) -> Result<Exit, Error> {
    let started = Instant::now();
    let site = Site::of(global);
    let lab = scene::load_lab(global)?;
    let users = users(args)?;
    let folder = site.state_folder(&lab.name);
    if args.dry_run {
        let known = engine::journal::read(&folder)?;
        let plan = Arc::new(planned(&lab, args, users.as_deref(), known.as_ref())?);
        return dry_run(global, &site, &lab, &plan, known).await;
    }
    let lock = Lock::take(&folder, "up")?;
    let known = lock.read()?;
    let plan = Arc::new(planned(&lab, args, users.as_deref(), known.as_ref())?);
    let reporter = scene::reporter(global);
    let outcome = build(
        global, &site, &lab, plan, args, users, lock, known, &reporter, started,
    )
    .await;
    reporter.finish();
    outcome
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
) -> Result<Plan, Error> {
    let users = users.or(known.and_then(|s| s.users.as_deref()));
    Ok(plan(
        lab,
        &Extent {
            users,
            until: args.until.unwrap_or(LAST),
        },
    )?)
}

#[expect(
    clippy::too_many_arguments,
    reason = "the parts of one run, each made once in `run`"
)]
async fn build(
    global: &Global,
    site: &Site,
    lab: &Lab,
    plan: Arc<Plan>,
    args: &Up,
    users: Option<Vec<String>>,
    lock: Lock,
    known: Option<State>,
    reporter: &Reporter,
    started: Instant,
) -> Result<Exit, Error> {
    let events = reporter.sink();
    let fresh = known.is_none();
    let link = start_and_link(global, site, lab, known.as_ref(), events).await?;
    let interrupt = Interrupt::listen();
    // Without a state, something of this lab may still be there: asked at the same time as who we are.
    let (identity, leftovers) = tokio::join!(link.identity(known.as_ref()), async {
        if fresh {
            leftovers(&link, lab, events, &interrupt).await
        } else {
            false
        }
    });
    let identity = identity?;
    let mut state = known.unwrap_or_else(|| link.new_state(&lab.name, &identity.account));
    state.endpoint.clone_from(&link.connection.endpoint);
    let journal = Arc::new(lock.journal(state));
    let state = journal.state();
    let question = format!(
        "Build {} resources in account {} ({}), {}?",
        plan.steps().len(),
        state.account,
        identity.arn,
        state.region
    );
    scene::confirm(global, &link, &question)?;
    if users.is_some() || args.until != state.until {
        journal
            .change(|s| {
                s.users = users.or(s.users.take());
                s.until = args.until;
                Ok(())
            })
            .await?;
    }
    warn(&plan, &link, leftovers, events);
    events.send(Event::RunStarted {
        command: "up",
        lab: lab.name.clone(),
        account: state.account.clone(),
        region: state.region.clone(),
        endpoint: state.endpoint.clone().filter(|_| state.local.is_none()),
        steps: plan.steps().iter().map(engine::Step::info).collect(),
    });
    let cx = link.cx(&state, events, &interrupt);
    let options = Options {
        parallel: args.parallel,
        look_first: leftovers,
    };
    let built = engine::up(plan, cx, Arc::clone(&journal), options).await?;
    finish(&link, &journal, built, events, &interrupt, started).await
}

/// `--local` starts the twin; then, and otherwise, the link.
async fn start_and_link(
    global: &Global,
    site: &Site,
    lab: &Lab,
    known: Option<&State>,
    events: &EventSink,
) -> Result<Link, Error> {
    if known.is_some_and(|s| s.local.is_some()) && !global.local {
        return Err(Error::usage("this lab is up on the local twin")
            .hint("`labctl up --local` goes on there; `labctl down` removes it, then `labctl up` builds it in an account"));
    }
    if global.local && known.is_none_or(|s| s.local.is_some()) {
        require_python(lab)?;
        let dir = known.and_then(|s| s.local.clone());
        let twin = site.twin(dir.as_deref());
        let (daemon, started) = twin.start(None).await?;
        events.send(Event::Local {
            endpoint: daemon.endpoint,
            started,
            dir: twin.dir().to_owned(),
        });
    }
    scene::link(global, site, &lab.region, known).await
}

/// The twin runs handlers for real.
fn require_python(lab: &Lab) -> Result<(), Error> {
    let needed = lab
        .functions
        .values()
        .any(|f| f.runtime.starts_with("python"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    if !needed || std::env::split_paths(&path).any(|dir| dir.join("python3").is_file()) {
        return Ok(());
    }
    Err(Error::failed(
        "python3 is not on the PATH: the local AWS twin runs Python functions with it",
    )
    .hint("install Python 3 (Debian: `apt install python3`), then the same command again"))
}

/// Whether AWS has something with this lab's tag though there is no state. Without an answer: look.
async fn leftovers(link: &Link, lab: &Lab, events: &EventSink, interrupt: &Interrupt) -> bool {
    let state = link.new_state(&lab.name, "");
    let cx = link.cx(&state, events, interrupt);
    let filter = aws_sdk_resourcegroupstagging::types::TagFilter::builder()
        .key(crate::aws::TAG_LAB)
        .values(&lab.name)
        .build();
    let answer = cx
        .call("tag:GetResources", Effect::Read, || {
            cx.clients()
                .tagging
                .get_resources()
                .tag_filters(filter.clone())
                .send()
        })
        .await;
    answer.map_or(true, |a| !a.resource_tag_mapping_list().is_empty())
}

fn warn(plan: &Plan, link: &Link, leftovers: bool, events: &EventSink) {
    if leftovers {
        events.send(Event::Warning {
            message: "no state here, but resources of this lab may exist: looking for each before making it".to_owned(),
        });
    }
    let nobody = plan
        .steps()
        .iter()
        .find(|s| s.kind == crate::resource::Kind::User && is_example(&s.name));
    if let (Some(user), None) = (nobody, &link.connection.endpoint) {
        events.send(Event::Warning {
            message: format!(
                "{} cannot get mail: `labctl up --user YOUR@ADDRESS` makes a user who can",
                user.name
            ),
        });
    }
}

/// Domains that RFC 2606 keeps for examples.
fn is_example(email: &str) -> bool {
    let domain = email.rsplit('@').next().unwrap_or_default();
    ["example.com", "example.org", "example.net"]
        .iter()
        .any(|d| domain == *d || domain.ends_with(&format!(".{d}")))
        || [".example", ".test", ".invalid", ".localhost"]
            .iter()
            .any(|d| domain.ends_with(d))
}

async fn finish(
    link: &Link,
    journal: &Journal,
    built: Built,
    events: &EventSink,
    interrupt: &Interrupt,
    started: Instant,
) -> Result<Exit, Error> {
    let state = journal.state();
    let seconds = started.elapsed().as_secs_f64();
    let created = built.count(&[Change::Created, Change::Adopted]);
    let changed = built.count(&[Change::Updated]);
    let removed = if built.removed > 0 {
        format!(", {} removed", built.removed)
    } else {
        String::new()
    };
    let done = format!(
        "{created} created, {changed} changed, {} unchanged{removed}",
        built.count(&[Change::Unchanged])
    );
    let next = |command: &str, why: &str| (command.to_owned(), why.to_owned());
    let ok = built.ok();
    let (summary, next) = if ok {
        events.send(Event::Outputs(link.outputs(&state).await));
        let verify = if state.until.is_none_or(|u| u >= LAST) {
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
    match first_cause(built.failed) {
        Some(error) => Err(error),
        None => Ok(if ok { Exit::Ok } else { Exit::Failed }),
    }
}

/// The first failure as the error that the run ends with: its causes and hints are not in the events.
fn first_cause(failed: Vec<(engine::StepId, Failure)>) -> Option<Error> {
    let count = failed.len();
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

/// One line of `--dry-run`.
#[derive(Debug, Serialize)]
struct Intent {
    id: engine::StepId,
    kind: crate::resource::Kind,
    name: String,
    action: &'static str,
    drift: Vec<engine::Drift>,
}

/// What `up` would do: only reads.
async fn dry_run(
    global: &Global,
    site: &Site,
    lab: &Lab,
    plan: &Arc<Plan>,
    known: Option<State>,
) -> Result<Exit, Error> {
    let seen = match &known {
        None => plan
            .steps()
            .iter()
            .map(|s| (s.info(), Standing::NotBuilt, vec![]))
            .collect(),
        Some(state) => {
            let link = scene::link(global, site, &lab.region, Some(state)).await?;
            let reporter = scene::reporter(&Global {
                quiet: true,
                json: false,
                ..global.clone()
            });
            let cx: Cx = link.cx(state, reporter.sink(), &Interrupt::listen());
            let (identity, seen) = tokio::join!(
                link.identity(Some(state)),
                engine::inspect(Some(plan), &cx, state)
            );
            reporter.finish();
            identity?;
            let info = |s: &engine::Seen| engine::StepInfo {
                id: s.id.clone(),
                kind: s.kind,
                name: s.name.clone(),
                chapter: s.chapter,
            };
            seen?
                .into_iter()
                .map(|s| (info(&s), s.state, s.drift))
                .collect::<Vec<_>>()
        }
    };
    let intents: Vec<Intent> = seen
        .into_iter()
        .map(|(info, standing, drift)| {
            let action = match standing {
                _ if plan.get(&info.id).is_none() => "delete",
                Standing::Present => "keep",
                Standing::Missing | Standing::NotBuilt => "create",
                Standing::Drifted => "update",
                Standing::Foreign | Standing::Unknown => "look",
            };
            Intent {
                id: info.id,
                kind: info.kind,
                name: info.name,
                action,
                drift,
            }
        })
        .collect();
    let count = |action: &str| intents.iter().filter(|i| i.action == action).count();
    let summary = format!(
        "{} to create, {} to update, {} to delete, {} unchanged; nothing was called but reads.",
        count("create"),
        count("update"),
        count("delete"),
        count("keep")
    );
    if global.json {
        report::print_json(&intents);
    } else {
        let mut lines: Vec<String> = Vec::new();
        for intent in &intents {
            lines.push(format!(
                "  {:<7} {:<13} {}",
                intent.action,
                intent.kind.title(),
                intent.name
            ));
            let drift = intent
                .drift
                .iter()
                .map(|d| format!("            {}: {} → {}", d.field, d.seen, d.wanted));
            lines.extend(drift);
        }
        lines.extend([String::new(), format!("  {summary}")]);
        report::print_lines(&lines);
    }
    Ok(Exit::Ok)
}
