//! `labctl up --dry-run`: what `up` would do, from reads only.

use std::sync::Arc;

use serde::Serialize;

use super::losses;
use crate::{
    aws::Cx,
    cli::{Global, Up},
    cmd::{
        link::{self, Link},
        lookup,
        scene::{self, Site},
    },
    engine::{self, Action, Intent, Interrupt, Plan, Reads, Standing, State},
    error::{Error, Exit},
    event::EventSink,
    lab::Lab,
    report,
};

/// One line of `--dry-run`.
#[derive(Debug, Serialize)]
struct Line {
    id: engine::StepId,
    kind: crate::resource::Kind,
    name: String,
    /// The name that it has now.
    #[serde(skip_serializing_if = "Option::is_none")]
    was: Option<String>,
    action: Action,
    drift: Vec<engine::Drift>,
    /// A field that cannot be changed while it is there: `up` refuses.
    #[serde(skip_serializing_if = "Option::is_none")]
    fixed: Option<String>,
    /// What people lose with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    lost: Option<String>,
}

/// What there is to say, and how `up` would end if it refuses.
struct Told {
    lines: Vec<Line>,
    refusal: Option<Error>,
    left: Option<String>,
    /// Somebody was asked.
    asked: bool,
}

/// What `up` would do: only reads.
pub(super) async fn dry_run(
    global: &Global,
    site: &Site,
    lab: &Lab,
    args: &Up,
    plan: &Arc<Plan>,
    known: Option<State>,
) -> Result<Exit, Error> {
    let reporter = scene::reporter(&Global {
        quiet: true,
        json: false,
        ..global.clone()
    });
    let told = match known {
        Some(state) => {
            let link = link::link(global, site, &lab.region, Some(&state)).await?;
            of_state(args, plan, &state, &link, reporter.sink()).await
        }
        None => without_state(global, site, lab, plan, reporter.sink()).await,
    };
    reporter.finish();
    let told = told?;
    if global.json {
        report::print_json(&told.lines);
    } else {
        report::print_lines(&lines(&told));
    }
    Ok(told.refusal.map_or(Exit::Ok, |error| error.exit))
}

async fn of_state(
    args: &Up,
    plan: &Arc<Plan>,
    state: &State,
    link: &Link,
    events: &EventSink,
) -> Result<Told, Error> {
    let interrupt = Interrupt::listen();
    let cx: Cx = link.cx(state, events, &interrupt);
    let asked = async {
        let (identity, foresight) = tokio::join!(
            link.identity(&cx, Some(state)),
            engine::foresee(plan, &cx, state, Reads::All)
        );
        identity?;
        let intents = foresight?.intents;
        let losses = losses::losses(&intents, link, &cx, state).await;
        Ok::<_, Error>((intents, losses))
    };
    let asked = interrupt.or(Box::pin(asked)).await;
    let Some(asked) = asked.filter(|_| !interrupt.is_set()) else {
        return Err(scene::interrupted());
    };
    let (intents, losses) = asked?;
    let refusal = losses::impossible(args, &intents, link);
    let refusal = refusal.or_else(|| losses::refusal(args, &losses, link));
    let line = |intent: Intent| Line {
        lost: losses
            .iter()
            .find(|(id, _)| *id == intent.id)
            .map(|(_, loss)| loss.clone()),
        id: intent.id,
        kind: intent.kind,
        name: intent.name,
        was: intent.was,
        action: intent.action,
        drift: intent.drift,
        fixed: intent.fixed,
    };
    Ok(Told {
        lines: intents.into_iter().map(line).collect(),
        refusal,
        left: losses::left(plan, state),
        asked: true,
    })
}

async fn without_state(
    global: &Global,
    site: &Site,
    lab: &Lab,
    plan: &Plan,
    events: &EventSink,
) -> Result<Told, Error> {
    let looked = lookup::look(global, site, lab, plan, events).await?;
    let asked = looked.is_some();
    let seen = looked.map(|looked| looked.seen).unwrap_or_default();
    let lines = plan.steps().iter().map(|step| {
        let standing = seen.iter().find(|s| s.id == step.id).map(|s| s.state);
        Line {
            id: step.id.clone(),
            kind: step.kind,
            name: step.name.clone(),
            was: None,
            action: match standing {
                Some(Standing::Found) => Action::Adopt,
                Some(Standing::Foreign | Standing::Unknown) => Action::Look,
                _ => Action::Create,
            },
            drift: Vec::new(),
            fixed: None,
            lost: None,
        }
    });
    Ok(Told {
        lines: lines.collect(),
        refusal: None,
        left: None,
        asked,
    })
}

fn lines(told: &Told) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let width = report::kinds_width(told.lines.iter().map(|line| line.kind));
    for line in &told.lines {
        let name = match &line.was {
            Some(was) => format!("{was} → {}", line.name),
            None => line.name.clone(),
        };
        lines.push(format!(
            "  {:<7} {:<width$} {name}",
            word(line.action),
            line.kind.title()
        ));
        let drift = line.drift.iter();
        lines.extend(drift.map(|d| format!("            {}: {} → {}", d.field, d.seen, d.wanted)));
        lines.extend(line.lost.iter().map(|lost| format!("            {lost}")));
    }
    lines.extend([String::new(), format!("  {}", summary(told))]);
    lines.extend(told.left.iter().map(|left| format!("  {left}")));
    if let Some(error) = &told.refusal {
        lines.push(format!("  `labctl up` refuses this: {}", error.message));
        lines.extend(error.hints.iter().map(|hint| format!("  → {hint}")));
    }
    lines
}

fn summary(told: &Told) -> String {
    let count = |action: Action| told.lines.iter().filter(|l| l.action == action).count();
    let mut parts = vec![
        format!("{} to create", count(Action::Create)),
        format!("{} to update", count(Action::Update)),
        format!("{} to delete", count(Action::Delete)),
        format!("{} unchanged", count(Action::Keep)),
    ];
    for (action, words) in [
        (Action::Replace, "to replace"),
        (Action::Adopt, "to adopt"),
        (Action::Look, "to look at again"),
        (Action::Leave, "left as they are"),
    ] {
        if count(action) > 0 {
            parts.insert(parts.len() - 1, format!("{} {words}", count(action)));
        }
    }
    let asked = if told.asked {
        "nothing was called but reads"
    } else {
        "nothing was asked: no local AWS twin has run here yet"
    };
    format!("{}; {asked}.", parts.join(", "))
}

fn word(action: Action) -> &'static str {
    match action {
        Action::Keep => "keep",
        Action::Create => "create",
        Action::Adopt => "adopt",
        Action::Update => "update",
        Action::Replace => "replace",
        Action::Delete => "delete",
        Action::Leave => "leave",
        Action::Look => "look",
    }
}
