//! `labctl plan` and `up --dry-run`: what `up` would do, from reads only.

mod later;
pub(super) mod losses;
pub(super) mod text;
mod wanted;

use std::sync::Arc;

pub(super) use later::later;
use text::Line;
pub(super) use wanted::{Secrets, Users, check, last, planned};

use super::{
    link::{self, Link},
    lookup,
    scene::{self, Site},
    whose,
};
use crate::{
    cli::{Global, Scope, Up},
    engine::{self, Action, Intent, Interrupt, Plan, Reads, Standing, State},
    error::{Error, Exit},
    event::EventSink,
    lab::Lab,
};
use losses::Agreed;
use text::Told;

/// `labctl plan`: ends with 3 when `up` would change something.
pub(super) async fn run(global: &Global, scope: &Scope) -> Result<Exit, Error> {
    let site = Site::of(global);
    let lab = scene::load_lab(global)?;
    let told = foretell(global, &site, &lab, scope, Agreed::default()).await?;
    told.print(global.json);
    Ok(match &told.refusal {
        Some(error) if error.exit != Exit::Loses => error.exit,
        _ if told.changes() => Exit::Differs,
        _ => Exit::Ok,
    })
}

/// `up --dry-run`: ends as `up` would if it refuses.
pub(super) async fn dry_run(
    global: &Global,
    site: &Site,
    lab: &Lab,
    args: &Up,
) -> Result<Exit, Error> {
    let told = foretell(global, site, lab, &args.scope, Agreed::of(args)).await?;
    told.print(global.json);
    Ok(told.refusal.map_or(Exit::Ok, |error| error.exit))
}

/// What `up` would do: only reads.
async fn foretell(
    global: &Global,
    site: &Site,
    lab: &Lab,
    scope: &Scope,
    agreed: Agreed,
) -> Result<Told, Error> {
    check(lab, scope)?;
    let known = engine::journal::read(&site.state_folder(&lab.name))?;
    let secrets = Secrets::default();
    let users = Users::of(lab, scope, known.as_ref())?;
    let plan = planned(lab, scope, &users, known.as_ref(), &secrets)?;
    let plan = Arc::new(plan);
    let reporter = scene::quiet_reporter();
    let told = match known {
        Some(state) => {
            let told = async {
                let link = link::link(global, site, &lab.region, Some(&state)).await?;
                of_state(&link, agreed, lab, &plan, &state, reporter.sink()).await
            };
            told.await
        }
        None => without_state(global, site, lab, &plan, reporter.sink()).await,
    };
    reporter.finish();
    told
}

async fn of_state(
    link: &Link,
    agreed: Agreed,
    lab: &Lab,
    plan: &Arc<Plan>,
    state: &State,
    events: &EventSink,
) -> Result<Told, Error> {
    let interrupt = Interrupt::listen();
    let cx = link.cx(state, events, &interrupt);
    let asked = async {
        let (identity, foresight) = tokio::join!(
            link.identity(&cx, Some(state)),
            engine::foresee(plan, &cx, state, Reads::All)
        );
        identity?;
        let intents = foresight?.intents;
        let losses = losses::losses(&intents, link, &cx, state).await;
        let left = later(lab, plan, &intents, &cx, state, &Secrets::default()).await?;
        Ok::<_, Error>((intents, losses, left))
    };
    let asked = interrupt.or(Box::pin(asked)).await;
    let Some(asked) = asked.filter(|_| !interrupt.is_set()) else {
        return Err(scene::interrupted());
    };
    let (intents, losses, left) = asked?;
    let refusal = losses::impossible(agreed, &intents, link);
    let refusal = refusal.or_else(|| losses::refusal(agreed, &losses, link));
    let lines = intents.into_iter().map(|intent| Line::of(intent, &losses));
    Ok(Told {
        lines: lines.collect(),
        refusal,
        left,
        asked: true,
    })
}

/// Looks by names and tags, and compares what it finds with the plan.
async fn without_state(
    global: &Global,
    site: &Site,
    lab: &Lab,
    plan: &Arc<Plan>,
    events: &EventSink,
) -> Result<Told, Error> {
    let looked = lookup::look(global, site, lab, plan, events).await?;
    let asked = looked.is_some();
    let another = looked.as_ref().and_then(|looked| looked.of_another());
    let up = if global.local {
        "labctl up --local"
    } else {
        "labctl up"
    };
    let refusal = another.map(|another| whose::refusal(another, up));
    let lines = match looked {
        None => plan.steps().iter().map(made).collect(),
        Some(looked) => {
            let interrupt = Interrupt::listen();
            let cx = looked.link.cx(&looked.state, events, &interrupt);
            let foresight = engine::foresee(plan, &cx, &looked.state, Reads::All);
            let foresight = interrupt.or(foresight).await;
            let intents = foresight.ok_or_else(scene::interrupted)??.intents;
            let stands = |id| looked.seen.iter().find(|s| s.id == id).map(|s| s.state);
            let found = intents.into_iter().map(|intent| Intent {
                action: match (stands(intent.id.clone()), intent.action) {
                    (Some(Standing::Foreign | Standing::Unknown), _) => Action::Look,
                    (Some(Standing::Found), Action::Keep) => Action::Adopt,
                    (_, action) => action,
                },
                ..intent
            });
            found.map(|intent| Line::of(intent, &[])).collect()
        }
    };
    Ok(Told {
        lines,
        refusal,
        left: Vec::new(),
        asked,
    })
}

/// A step of which nothing can be there.
fn made(step: &engine::Step) -> Line {
    Line {
        id: step.id.clone(),
        kind: step.kind,
        name: step.name.clone(),
        was: None,
        action: Action::Create,
        drift: Vec::new(),
        fixed: None,
        lost: None,
        with: None,
    }
}
