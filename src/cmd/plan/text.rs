//! A plan in words and as JSON.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::{
    cmd::build::will_tag,
    engine::{self, Action, Intent},
    error::Error,
    report,
    screen::style,
};

/// What happens to one resource. With `--json`, one object of the list.
#[derive(Debug, Serialize)]
pub(in crate::cmd) struct Line {
    pub(super) id: engine::StepId,
    pub(super) kind: crate::resource::Kind,
    pub(super) name: String,
    /// The name that it has now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) was: Option<String>,
    pub(super) action: Action,
    pub(super) drift: Vec<engine::Drift>,
    /// `up` adds the owner's tags to it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) tag: bool,
    /// A field that cannot be changed while the resource exists: `up` refuses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fixed: Option<String>,
    /// What people lose with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) lost: Option<String>,
    /// Somebody else's resource is there, or it lives in one: what was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) theirs: Option<String>,
    /// The resource that it lives in, when it goes with that one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) with: Option<engine::StepId>,
}

impl Line {
    pub(super) fn of(
        intent: Intent,
        losses: &[(engine::StepId, String)],
        state: &engine::State,
    ) -> Self {
        let lost = losses.iter().find(|(id, _)| *id == intent.id);
        Self {
            lost: lost.map(|(_, loss)| loss.clone()),
            tag: will_tag(state, &intent),
            id: intent.id,
            kind: intent.kind,
            name: intent.name,
            was: intent.was,
            action: intent.action,
            drift: intent.drift,
            fixed: intent.fixed,
            theirs: intent.theirs,
            with: intent.with,
        }
    }
}

/// All that a plan prints.
pub(in crate::cmd) struct Told {
    pub(super) lines: Vec<Line>,
    /// Why `up` refuses, if so.
    pub(super) refusal: Option<Error>,
    /// What leaves or opens, a line each.
    pub(super) leaves: Vec<String>,
    /// What else to know of the run, a sentence each.
    pub(super) notes: Vec<String>,
    /// AWS, or the emulator, was asked.
    pub(super) asked: bool,
    /// The command that carries it out.
    pub(super) up: String,
}

impl Told {
    /// Whether a run would change something.
    pub(super) fn changes(&self) -> bool {
        let still = [Action::Keep, Action::Leave];
        self.lines
            .iter()
            .any(|line| line.tag || !still.contains(&line.action))
    }

    pub(super) fn print(&self, json: bool) {
        if json {
            // What is no resource is told beside the list.
            self.remarks().iter().for_each(|l| report::print_remark(l));
            report::print_json(&self.lines);
        } else {
            report::print_lines(&self.text());
        }
    }

    fn text(&self) -> Vec<String> {
        let mut lines = lines(&self.lines);
        lines.extend([String::new(), self.summary()]);
        lines.extend(self.remarks());
        let indent = |line: String| {
            if line.is_empty() {
                line
            } else {
                format!("  {line}")
            }
        };
        lines.into_iter().map(indent).collect()
    }

    /// What leaves or opens, what else to know, and whether `up` does it.
    fn remarks(&self) -> Vec<String> {
        let sign = style("!").yellow();
        let leaves = self.leaves.iter().map(|line| format!("{sign} {line}"));
        let mut lines: Vec<String> = leaves.chain(self.notes.iter().cloned()).collect();
        if let Some(error) = &self.refusal {
            let why = error.message.strip_prefix("nothing was changed: ");
            let why = why.unwrap_or(&error.message);
            lines.push(format!("`labctl up` refuses this: {why}"));
            lines.extend(error.hints.iter().map(|hint| format!("→ {hint}")));
        } else if self.lines.iter().any(|line| line.theirs.is_some()) {
            lines.push(format!(
                "`{}` does the rest, and fails on what is not this lab's: it is left alone.",
                self.up
            ));
            lines.push(format!(
                "→ give it another name in lab.yaml; or, if it is yours, `{} --adopt` takes it over",
                self.up
            ));
        } else if self.changes() {
            lines.push(format!("`{}` does this.", self.up));
        }
        lines
    }

    fn summary(&self) -> String {
        let count = |action: Action| self.lines.iter().filter(|l| l.action == action).count();
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
        let tags = self.lines.iter().filter(|line| line.tag).count();
        if tags > 0 {
            parts.push(format!("{tags} to tag"));
        }
        let asked = if self.asked {
            "labctl only read"
        } else {
            "nothing was asked: the local emulator has not run here yet"
        };
        format!("{}; {asked}.", parts.join(", "))
    }
}

/// What changes, a line each.
pub(in crate::cmd) fn changes(intents: &[Intent]) -> Vec<String> {
    let changing = intents.iter().filter(|i| i.action != Action::Keep);
    let mut changing: Vec<&Intent> = changing.collect();
    changing.sort_by_key(|intent| intent.chapter);
    changing.into_iter().map(change).collect()
}

/// What a run does about one resource, with the fields that it changes.
pub(in crate::cmd) fn change(intent: &Intent) -> String {
    let (word, title) = (word(intent.action), intent.kind.title());
    let name = intent.was.as_ref().unwrap_or(&intent.name);
    let line = format!("{word} {title} `{name}`");
    let fields = intent.drift.iter();
    let fields: BTreeSet<String> = fields
        .map(|d| format!("{}: {} → {}", d.field, d.seen, d.wanted))
        .collect();
    let fields: Vec<String> = fields.into_iter().collect();
    match fields.join(", ") {
        none if none.is_empty() || intent.action == Action::Delete => line,
        fields => format!("{line} ({fields})"),
    }
}

/// A line or more for each.
fn lines(all: &[Line]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let width = report::kinds_width(all.iter().map(|line| line.kind));
    for line in all {
        let name = match &line.was {
            Some(was) => format!("{was} → {}", line.name),
            None => line.name.clone(),
        };
        lines.push(format!(
            "{:<7} {:<width$} {name}",
            word(line.action),
            line.kind.title()
        ));
        let drift = line.drift.iter();
        lines.extend(drift.map(|d| format!("          {}: {} → {}", d.field, d.seen, d.wanted)));
        if line.tag {
            lines.push("          gets the owner's tags".to_owned());
        }
        lines.extend(line.theirs.iter().map(|seen| format!("          {seen}")));
        lines.extend(line.lost.iter().map(|lost| format!("          {lost}")));
        lines.extend(line.with.iter().filter_map(|with| {
            let with = all.iter().find(|line| line.id == *with)?;
            let name = with.was.as_ref().unwrap_or(&with.name);
            Some(format!("          goes with {} {name}", with.kind.title()))
        }));
    }
    lines
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
