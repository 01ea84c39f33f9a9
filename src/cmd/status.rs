//! `labctl status`: what is really there.

use std::{collections::BTreeMap, sync::Arc};

use serde::Serialize;

use super::{
    link,
    scene::{self, Site},
};
use crate::{
    cli::Global,
    engine::{self, Chapter, Interrupt, Outputs, Seen, Standing, State},
    error::{Error, Exit},
    plan::{Extent, key_number, plan},
    report,
};

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Status<'a> {
    lab: &'a str,
    account: &'a str,
    region: &'a str,
    endpoint: Option<&'a str>,
    chapters: Vec<Block>,
    outputs: Outputs,
}

#[derive(Debug, Serialize)]
struct Block {
    number: u8,
    title: &'static str,
    resources: Vec<Seen>,
}

pub(super) async fn run(global: &Global) -> Result<Exit, Error> {
    let site = Site::of(global);
    let known = scene::known(global, &site)?;
    let Some(state) = known.state()? else {
        nothing(global, &known.name);
        return Ok(Exit::Nothing);
    };
    let plan = match &known.lab {
        Some(lab) => {
            let until = state.until.unwrap_or(u8::MAX);
            Some(Arc::new(plan(
                lab,
                &Extent {
                    users: state.users.as_deref(),
                    until,
                    passwords: &BTreeMap::new(),
                    key_number: key_number(Some(&state)),
                    client_secrets: &BTreeMap::new(),
                },
            )?))
        }
        None => None,
    };
    let link = link::link(global, &site, &state.region, Some(&state)).await?;
    let reporter = scene::reporter(&Global {
        quiet: true,
        json: false,
        ..global.clone()
    });
    let interrupt = Interrupt::listen();
    let cx = link.cx(&state, reporter.sink(), &interrupt);
    let asked = async {
        tokio::join!(
            link.identity(&cx, Some(&state)),
            engine::inspect(plan.as_ref(), &cx, &state),
            link.is_twin()
        )
    };
    let asked = interrupt.or(asked).await;
    reporter.finish();
    let Some((identity, seen, _)) = asked.filter(|_| !interrupt.is_set()) else {
        return Err(scene::interrupted());
    };
    identity?;
    let seen = seen?;
    let exit = verdict(&seen);
    let status = Status {
        lab: &state.lab,
        account: &state.account,
        region: &state.region,
        endpoint: link.connection.endpoint.as_deref(),
        chapters: blocks(seen),
        outputs: link.outputs(&state).await,
    };
    if global.json {
        report::print_json(&status);
    } else {
        report::print_lines(&lines(global, &status, &state, exit));
    }
    Ok(exit)
}

fn verdict(seen: &[Seen]) -> Exit {
    let all = |standings: &[Standing]| seen.iter().all(|s| standings.contains(&s.state));
    if all(&[Standing::Missing, Standing::NotBuilt]) {
        Exit::Nothing
    } else if all(&[Standing::Present]) {
        Exit::Ok
    } else {
        Exit::Differs
    }
}

fn nothing(global: &Global, lab: &str) {
    if global.json {
        report::print_json(
            &serde_json::json!({ "lab": lab, "chapters": [], "outputs": Outputs::default() }),
        );
    } else if !global.quiet {
        report::print_lines(&[format!(
            "  {lab}: nothing there. `labctl up` builds it, `labctl up --local` without an account."
        )]);
    }
}

fn blocks(seen: Vec<Seen>) -> Vec<Block> {
    let mut blocks: Vec<Block> = Chapter::ALL
        .iter()
        .map(|c| Block {
            number: c.number(),
            title: c.title(),
            resources: Vec::new(),
        })
        .collect();
    for resource in seen {
        if let Some(block) = blocks.iter_mut().find(|b| b.number == resource.chapter) {
            block.resources.push(resource);
        }
    }
    blocks
}

fn lines(global: &Global, status: &Status<'_>, state: &State, exit: Exit) -> Vec<String> {
    let mut lines = vec![format!(
        "  {} → {}, account {}",
        status.lab, status.region, status.account
    )];
    let kinds = status.chapters.iter().flat_map(|block| &block.resources);
    let width = report::kinds_width(kinds.map(|r| r.kind));
    for block in status.chapters.iter().filter(|b| !b.resources.is_empty()) {
        let good = block.resources.iter().all(|r| r.state == Standing::Present);
        if global.quiet && good {
            continue;
        }
        lines.push(String::new());
        lines.push(format!(
            "  {} {} {}",
            report::mark(good),
            block.number,
            block.title
        ));
        for r in &block.resources {
            let (sign, word) = report::standing(r.state);
            let id = r
                .physical_id
                .as_deref()
                .filter(|id| *id != r.name)
                .unwrap_or_default();
            lines.push(format!(
                "    {sign} {:<width$} {word:<9} {}  {id}",
                r.kind.title(),
                r.name
            ));
            lines.extend(
                r.drift
                    .iter()
                    .map(|d| format!("        {}: wanted {}, seen {}", d.field, d.wanted, d.seen)),
            );
            lines.extend(r.message.iter().map(|m| format!("        {m}")));
        }
    }
    lines.push(String::new());
    let up = if state.local.is_some() {
        "labctl up --local"
    } else {
        "labctl up"
    };
    lines.push(match exit {
        Exit::Ok => "  Complete. `labctl verify` proves it.".to_owned(),
        Exit::Nothing => format!("  Nothing there. `{up}` builds it."),
        _ => format!("  Not as lab.yaml says: `{up}` mends it."),
    });
    lines
}
