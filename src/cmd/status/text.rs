//! What `status` shows: the resources by chapter, the outputs, and how far the lab is.

use serde::Serialize;

use super::scene;
use crate::{
    chapter::Chapter,
    cli::Global,
    engine::{Seen, Standing, State},
    error::Exit,
    event::Outputs,
    report,
};

/// What `--json` prints.
#[derive(Debug, Serialize)]
pub(super) struct Status<'a> {
    pub(super) lab: &'a str,
    pub(super) account: &'a str,
    pub(super) region: &'a str,
    /// The region that lab.yaml names, when it is another one: `up` refuses that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) wanted_region: Option<&'a str>,
    pub(super) endpoint: Option<&'a str>,
    pub(super) chapters: Vec<Block>,
    /// ARNs with the lab's tag that lab.yaml does not name, when there is no state.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) others: Vec<String>,
    /// Another user's lab of the same name, in words, when there is no state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) another: Option<String>,
    pub(super) outputs: Outputs,
}

#[derive(Debug, Serialize)]
pub(super) struct Block {
    pub(super) number: u8,
    pub(super) title: &'static str,
    pub(super) resources: Vec<Seen>,
}

impl Block {
    fn is_good(&self) -> bool {
        let good = |r: &Seen| matches!(r.state, Standing::Present | Standing::Found);
        self.resources.iter().all(good)
    }
}

pub(super) fn blocks(seen: Vec<Seen>) -> Vec<Block> {
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

pub(super) fn lines(global: &Global, status: &Status<'_>, end: &str) -> Vec<String> {
    let mut lines = vec![format!(
        "  {} → {}, account {}",
        status.lab, status.region, status.account
    )];
    let kinds = status.chapters.iter().flat_map(|block| &block.resources);
    let width = report::kinds_width(kinds.map(|r| r.kind));
    for block in status.chapters.iter().filter(|b| !b.resources.is_empty()) {
        let good = block.is_good();
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
                .and_then(|id| report::beside(&r.name, id));
            let id = id.map(|id| format!("  {id}")).unwrap_or_default();
            lines.push(format!(
                "    {sign} {:<width$} {word:<9} {}{id}",
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
    if !status.others.is_empty() {
        lines.push(String::new());
        lines.push(match status.another {
            Some(_) => "  Also with this lab's tag:".to_owned(),
            None => {
                "  Also with this lab's tag, under names that lab.yaml does not have:".to_owned()
            }
        });
        lines.extend(status.others.iter().map(|arn| format!("    {arn}")));
    }
    if !global.quiet {
        lines.extend(report::outputs(&status.outputs));
    }
    lines.extend([String::new(), format!("  {end}")]);
    lines
}

/// How many of each kind of trouble: `2 missing, 1 drifted`.
fn troubles(chapters: &[Block]) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    let bad = chapters.iter().flat_map(|block| &block.resources);
    for seen in bad.filter(|r| r.state != Standing::Present) {
        let (_, word) = report::standing(seen.state);
        match counts.iter_mut().find(|(known, _)| *known == word) {
            Some((_, count)) => *count += 1,
            None => counts.push((word, 1)),
        }
    }
    let counts: Vec<String> = counts
        .iter()
        .map(|(word, n)| format!("{n} {word}"))
        .collect();
    counts.join(", ")
}

/// The last line: how far the lab is, of `of` chapters, and the command that goes on from there.
pub(super) fn end(state: &State, chapters: &[Block], of: u8, exit: Exit) -> String {
    let up = scene::command("up", state.local.is_some());
    let built = chapters.iter().filter(|block| !block.resources.is_empty());
    let complete = built.take_while(|block| block.is_good()).last();
    let complete = complete.map_or(0, |block| block.number);
    match exit {
        Exit::Ok if complete >= of => "Complete. `labctl verify` proves it.".to_owned(),
        Exit::Ok => format!("Complete up to chapter {complete} of {of}. `{up}` builds the rest."),
        Exit::Nothing => format!("Nothing there. `{up}` builds it."),
        _ => {
            let far = match complete {
                0 => String::new(),
                n => format!(" Complete up to chapter {n} of {of}."),
            };
            let troubles = troubles(chapters);
            format!(
                "Differs from lab.yaml: {troubles}.{far} `labctl plan` shows the changes, `{up}` makes them."
            )
        }
    }
}
