//! `labctl plan` and `up --dry-run`: what `up` would do, from reads only.

mod later;
pub(super) mod leaves;
pub(super) mod losses;
pub(super) mod secrets;
pub(super) mod text;
mod wanted;

use std::sync::Arc;

pub(super) use later::later;
pub(super) use secrets::Secrets;
use text::Line;
pub(super) use wanted::{Users, check, last, planned};

use super::{
    link, lookup, renamed,
    scene::{self, Site},
    whose,
};
use crate::{
    aws::Owner,
    cli::{Global, Scope, Up},
    engine::{self, Action, Intent, Interrupt, Phase, Plan, Reads, Standing, State, StepId},
    error::{Error, Exit},
    event::EventSink,
    lab::Lab,
};
use leaves::About;
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
    let secrets = Secrets::said(lab);
    let users = Users::of(lab, scope, known.as_ref())?;
    let plan = planned(lab, scope, &users, known.as_ref(), &secrets)?;
    let asked = Asked {
        global,
        site,
        lab,
        scope,
        agreed,
        plan: Arc::new(plan),
        secrets,
    };
    let reporter = scene::quiet_reporter();
    let told = match known {
        Some(state) => asked.of_state(&state, reporter.sink()).await,
        None => asked.without_state(reporter.sink()).await,
    };
    reporter.finish();
    let mut told = told?;
    told.notes.splice(0..0, lab.warnings.iter().cloned());
    Ok(told)
}

/// What a plan is asked for.
struct Asked<'a> {
    global: &'a Global,
    site: &'a Site,
    lab: &'a Lab,
    scope: &'a Scope,
    agreed: Agreed,
    plan: Arc<Plan>,
    secrets: Secrets,
}

impl Asked<'_> {
    async fn of_state(&self, state: &State, events: &EventSink) -> Result<Told, Error> {
        let link = link::link(self.global, self.site, &self.lab.region, Some(state)).await?;
        let interrupt = Interrupt::listen();
        let cx = link.cx(state, events, &interrupt);
        let asked = async {
            let (identity, foresight) = tokio::join!(
                link.identity(&cx, Some(state)),
                engine::foresee(&self.plan, &cx, state, Reads::AtOnce)
            );
            let identity = identity?;
            let intents = foresight?.intents;
            let losses = losses::losses(&intents, &link, &cx, state).await;
            let left = later(self.lab, &self.plan, &intents, &cx, state, &self.secrets).await?;
            let place = (link.local.is_some(), link.is_twin().await);
            Ok::<_, Error>((intents, losses, left, (identity, place)))
        };
        let asked = interrupt.or(Box::pin(asked)).await;
        let Some(asked) = asked.filter(|_| !interrupt.is_set()) else {
            return Err(scene::interrupted());
        };
        let (intents, losses, left, (identity, place)) = asked?;
        let refusal = losses::impossible(self.agreed, &intents, &link);
        let refusal = refusal.or_else(|| losses::refusal(self.agreed, &intents, &losses, &link));
        // For the first time, `up` asks.
        let again = intents
            .iter()
            .filter(|intent| intent.phase == Some(Phase::Created));
        let refusal = refusal.or_else(|| secrets::unknown(self.lab, again, &self.secrets));
        let actions = intents.iter().map(|intent| (&intent.id, intent.action));
        let mut notes = secrets::notes(self.lab, actions, Some(state), &self.secrets);
        notes.extend(left);
        let me = whose::owner(&identity.arn, self.lab.owner.as_deref());
        let lines = lines(intents, &losses, state);
        Ok(Told {
            leaves: leaves(self.lab, &lines, Some(&me), place),
            lines,
            refusal,
            notes,
            asked: true,
            up: self.command(link.local.is_some()),
        })
    }

    /// Looks by names and tags, and compares what it finds with the plan.
    async fn without_state(&self, events: &EventSink) -> Result<Told, Error> {
        let (global, site, lab) = (self.global, self.site, self.lab);
        let looked = lookup::look(global, site, lab, &self.plan, events).await?;
        let (asked, local, twin, me) = match &looked {
            Some(looked) => (
                true,
                looked.link.local.is_some(),
                looked.link.is_twin().await,
                Some(looked.me.clone()),
            ),
            None => (false, true, true, None),
        };
        let up = self.command(local);
        let another = looked.as_ref().and_then(|looked| looked.of_another());
        let refusal = another.map(|another| whose::refusal(another, &up));
        let unnamed = looked
            .as_ref()
            .and_then(|l| lookup::unnamed(&l.others).filter(|_| l.whose.is_none()));
        if let Some(looked) = &looked {
            renamed::check(site, lab, &self.plan, &looked.state)?;
        }
        let lines = match looked {
            None => {
                let mut steps: Vec<&engine::Step> = self.plan.steps().iter().collect();
                steps.sort_by_key(|step| step.chapter);
                steps.into_iter().map(made).collect()
            }
            Some(looked) => {
                let interrupt = Interrupt::listen();
                let cx = looked.link.cx(&looked.state, events, &interrupt);
                let foresight = engine::foresee(&self.plan, &cx, &looked.state, Reads::AtOnce);
                let foresight = interrupt.or(Box::pin(foresight)).await;
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
                lines(found.collect(), &[], &looked.state)
            }
        };
        let actions = lines.iter().map(|line| (&line.id, line.action));
        let mut notes = secrets::notes(lab, actions, None, &self.secrets);
        notes.extend(unnamed);
        Ok(Told {
            leaves: leaves(lab, &lines, me.as_ref(), (local, twin)),
            lines,
            refusal,
            notes,
            asked,
            up,
        })
    }

    /// The command that does what is announced.
    fn command(&self, local: bool) -> String {
        let scope = self.scope;
        let mut words = vec![scene::command("up", local)];
        words.extend(scope.until.map(|until| format!("--until {until}")));
        words.extend(scope.users.iter().map(|user| format!("--user {user}")));
        words.extend(scope.no_user.then(|| "--no-user".to_owned()));
        words.extend(
            scope
                .rotate_edge_secret
                .then(|| "--rotate-edge-secret".to_owned()),
        );
        words.extend(self.agreed.words().map(str::to_owned));
        words.join(" ")
    }
}

/// What leaves or opens with it, as `up` says before it asks.
fn leaves(lab: &Lab, lines: &[Line], me: Option<&Owner>, place: (bool, bool)) -> Vec<String> {
    let about = About::lines_of_plan(lab, lines, me, place);
    [about.lines(), about.notices()].concat()
}

/// In the tutorial's order.
fn lines(mut intents: Vec<Intent>, losses: &[(StepId, String)], state: &State) -> Vec<Line> {
    intents.sort_by_key(|intent| intent.chapter);
    let lines = intents.into_iter();
    let lines = lines.map(|intent| Line::of(intent, losses, state));
    lines.collect()
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
        tag: false,
        fixed: None,
        lost: None,
        theirs: None,
        with: None,
    }
}
