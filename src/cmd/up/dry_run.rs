//! `labctl up --dry-run`: what `up` would do, from reads only.

use std::sync::Arc;

use serde::Serialize;

use crate::{
    aws::Cx,
    cli::Global,
    cmd::{
        link,
        scene::{self, Site},
    },
    engine::{self, Interrupt, Plan, Standing, State},
    error::{Error, Exit},
    lab::Lab,
    report,
};

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
pub(super) async fn dry_run(
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
            let link = link::link(global, site, &lab.region, Some(state)).await?;
            let reporter = scene::reporter(&Global {
                quiet: true,
                json: false,
                ..global.clone()
            });
            let interrupt = Interrupt::listen();
            let cx: Cx = link.cx(state, reporter.sink(), &interrupt);
            let asked = async {
                tokio::join!(
                    link.identity(&cx, Some(state)),
                    engine::inspect(Some(plan), &cx, state)
                )
            };
            let asked = interrupt.or(asked).await;
            reporter.finish();
            let Some((identity, seen)) = asked.filter(|_| !interrupt.is_set()) else {
                return Err(scene::interrupted());
            };
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
        let width = report::kinds_width(intents.iter().map(|intent| intent.kind));
        for intent in &intents {
            lines.push(format!(
                "  {:<7} {:<width$} {}",
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
