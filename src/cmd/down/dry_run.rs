//! `labctl down --dry-run`: what `down` would delete, from reads only.

use serde::Serialize;

use super::by_hand;
use crate::{
    aws::Cx,
    cli::Global,
    cmd::{
        link,
        lookup::{self, Looked},
        scene::{self, Known, Site},
    },
    engine::{self, Interrupt, State, StepId, Verdict},
    error::{Error, Exit},
    event::EventSink,
    lab::Lab,
    plan::{Extent, plan},
    report,
    resource::Kind,
};

/// What happens to one resource. With `--json`, one object of the list.
#[derive(Debug, Serialize)]
struct Line {
    id: StepId,
    kind: Kind,
    name: String,
    action: Action,
    /// The resource that it lives in, when it goes with that one.
    #[serde(skip_serializing_if = "Option::is_none")]
    with: Option<StepId>,
    /// Why it is left alone, or could not be looked at; what was made by hand in it, and goes with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Action {
    Delete,
    /// It does not exist any more.
    Gone,
    /// Another owner's has its name.
    Leave,
    /// AWS did not say.
    Look,
}

impl Action {
    const ALL: [Self; 4] = [Self::Delete, Self::Gone, Self::Leave, Self::Look];

    /// In a line, and in the summary.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Delete => ("delete", "to delete"),
            Self::Gone => ("gone", "already gone"),
            Self::Leave => ("leave", "not ours, left alone"),
            Self::Look => ("look", "to look at again"),
        }
    }
}

pub(super) async fn dry_run(global: &Global, site: &Site, known: &Known) -> Result<Exit, Error> {
    let reporter = scene::quiet_reporter();
    let lines = match known.state()? {
        Some(state) => of_state(global, site, known, state, reporter.sink()).await,
        None => without_state(global, site, known, reporter.sink()).await,
    };
    reporter.finish();
    let lines = lines?;
    if global.json {
        report::print_json(&lines);
    } else {
        report::print_lines(&text(&known.name, &lines));
    }
    let unknown = lines.iter().any(|line| line.action == Action::Look);
    Ok(if unknown { Exit::Failed } else { Exit::Ok })
}

async fn of_state(
    global: &Global,
    site: &Site,
    known: &Known,
    mut state: State,
    events: &EventSink,
) -> Result<Vec<Line>, Error> {
    let link = link::link(global, site, &state.region, Some(&state)).await?;
    let interrupt = Interrupt::listen();
    let cx = link.cx(&state, events, &interrupt);
    let asked = async {
        link.identity(&cx, Some(&state)).await?;
        if let Some(lab) = known.lab.as_ref().filter(|_| state.recovered) {
            recall(lab, &cx, &mut state).await?;
        }
        Ok::<_, Error>(surveyed(&cx, &state).await)
    };
    let asked = interrupt.or(Box::pin(asked)).await;
    asked
        .filter(|_| !interrupt.is_set())
        .ok_or_else(scene::interrupted)?
}

/// Adds what is found by names and tags, since the state may not know all: it was lost once.
async fn recall(lab: &Lab, cx: &Cx, state: &mut State) -> Result<(), Error> {
    let mut found = State {
        steps: std::collections::BTreeMap::new(),
        ..state.clone()
    };
    engine::discover(&plan(lab, &Extent::WHOLE)?, cx, &mut found).await?;
    for (id, record) in found.steps {
        state.steps.entry(id).or_insert(record);
    }
    Ok(())
}

async fn without_state(
    global: &Global,
    site: &Site,
    known: &Known,
    events: &EventSink,
) -> Result<Vec<Line>, Error> {
    let Some(lab) = &known.lab else {
        return Ok(Vec::new());
    };
    let plan = plan(lab, &Extent::WHOLE)?;
    // As `down` does: a twin that is stopped holds all that it held.
    let twin = site.twin(None);
    let was_running = twin.running().await.is_some();
    let looked = lookup::look_and_start(global, site, lab, &plan, events).await;
    let lines = match looked {
        Ok(Some(looked)) => of_found(global, &looked, events).await,
        Ok(None) => Ok(Vec::new()),
        Err(error) => Err(error),
    };
    if !was_running {
        twin.stop().await?;
    }
    lines
}

/// A lab that was found by its names and tags.
async fn of_found(
    global: &Global,
    looked: &Looked,
    events: &EventSink,
) -> Result<Vec<Line>, Error> {
    looked.refuse_another(&scene::command("down", global.local))?;
    let interrupt = Interrupt::listen();
    let cx = looked.link.cx(&looked.state, events, &interrupt);
    let surveyed = interrupt.or(surveyed(&cx, &looked.state)).await;
    surveyed.ok_or_else(scene::interrupted)
}

/// Every resource of the state, in the order in which `down` begins.
async fn surveyed(cx: &Cx, state: &State) -> Vec<Line> {
    let mut survey = engine::survey(cx, state).await;
    let by_hand = by_hand::by_hand(cx, state, &survey).await;
    let mut lines = Vec::new();
    for (root, _) in state.in_order().into_iter().rev() {
        let Some(seen) = survey.remove(root) else {
            continue;
        };
        let (action, message) = match &seen {
            Ok(survey) => match survey.verdict() {
                Verdict::Delete => {
                    let inside = by_hand.get(root);
                    let words =
                        inside.map(|words| format!("with it goes what was made by hand: {words}"));
                    (Action::Delete, words)
                }
                Verdict::AlreadyGone => (Action::Gone, None),
                Verdict::LeaveAlone(seen) => (Action::Leave, Some(seen.clone())),
            },
            Err(fault) => (Action::Look, Some(fault.to_string())),
        };
        for id in state.with_inhabitants(root) {
            let Some(record) = state.steps.get(&id) else {
                continue;
            };
            let is_root = id == *root;
            lines.push(Line {
                kind: record.kind,
                name: record.name.clone(),
                action,
                with: (!is_root).then(|| root.clone()),
                message: message.clone().filter(|_| is_root),
                id,
            });
        }
    }
    lines
}

fn text(lab: &str, all: &[Line]) -> Vec<String> {
    if all.is_empty() {
        return vec![format!("  {lab}: nothing there.")];
    }
    let width = report::kinds_width(all.iter().map(|line| line.kind));
    let mut lines = Vec::new();
    for line in all {
        let word = line.action.words().0;
        let indent = if line.with.is_some() { "  " } else { "" };
        let with = all.iter().find(|root| Some(&root.id) == line.with.as_ref());
        let with = with.map(|root| format!(", with the {}", root.kind.title()));
        lines.push(format!(
            "  {word:<7} {indent}{:<width$} {}{}",
            line.kind.title(),
            line.name,
            with.unwrap_or_default()
        ));
        lines.extend(line.message.iter().map(|why| format!("            {why}")));
    }
    let count = |action: Action| all.iter().filter(|line| line.action == action).count();
    let counts = Action::ALL.map(|action| (count(action), action.words().1));
    let counts = counts.iter().filter(|(n, _)| *n > 0);
    let counts: Vec<String> = counts.map(|(n, words)| format!("{n} {words}")).collect();
    lines.extend([
        String::new(),
        format!("  {}; labctl only read.", counts.join(", ")),
    ]);
    lines
}
