//! A plan in words and as JSON.

use serde::Serialize;

use crate::{
    engine::{self, Action, Intent},
    error::Error,
    report,
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
    /// A field that cannot be changed while the resource exists: `up` refuses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fixed: Option<String>,
    /// What people lose with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) lost: Option<String>,
    /// The resource that it lives in, when it goes with that one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) with: Option<engine::StepId>,
}

impl Line {
    pub(super) fn of(intent: Intent, losses: &[(engine::StepId, String)]) -> Self {
        let lost = losses.iter().find(|(id, _)| *id == intent.id);
        Self {
            lost: lost.map(|(_, loss)| loss.clone()),
            id: intent.id,
            kind: intent.kind,
            name: intent.name,
            was: intent.was,
            action: intent.action,
            drift: intent.drift,
            fixed: intent.fixed,
            with: intent.with,
        }
    }
}

/// All that a plan prints.
pub(in crate::cmd) struct Told {
    pub(super) lines: Vec<Line>,
    /// Why `up` refuses, if so.
    pub(super) refusal: Option<Error>,
    /// What is said of later chapters, which are left alone: a sentence each.
    pub(super) left: Vec<String>,
    /// AWS, or the emulator, was asked.
    pub(super) asked: bool,
}

impl Told {
    /// Whether a run would change something.
    pub(super) fn changes(&self) -> bool {
        let still = [Action::Keep, Action::Leave];
        self.lines.iter().any(|line| !still.contains(&line.action))
    }

    pub(super) fn print(&self, json: bool) {
        if json {
            report::print_json(&self.lines);
        } else {
            report::print_lines(&self.text());
        }
    }

    fn text(&self) -> Vec<String> {
        let mut lines = lines(&self.lines);
        lines.extend([String::new(), format!("  {}", self.summary())]);
        lines.extend(self.left.iter().map(|left| format!("  {left}")));
        if let Some(error) = &self.refusal {
            lines.push(format!("  `labctl up` refuses this: {}", error.message));
            lines.extend(error.hints.iter().map(|hint| format!("  → {hint}")));
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
        let asked = if self.asked {
            "nothing was called but reads"
        } else {
            "nothing was asked: no local AWS twin has run here yet"
        };
        format!("{}; {asked}.", parts.join(", "))
    }
}

/// What changes, a line each.
pub(in crate::cmd) fn changes(intents: &[Intent]) -> Vec<String> {
    let changing = intents
        .iter()
        .filter(|intent| intent.action != Action::Keep);
    let line = |i: &Intent| format!("{} {} `{}`", word(i.action), i.kind.title(), i.name);
    changing.map(line).collect()
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
            "  {:<7} {:<width$} {name}",
            word(line.action),
            line.kind.title()
        ));
        let drift = line.drift.iter();
        lines.extend(drift.map(|d| format!("            {}: {} → {}", d.field, d.seen, d.wanted)));
        lines.extend(line.lost.iter().map(|lost| format!("            {lost}")));
        lines.extend(line.with.iter().filter_map(|with| {
            let with = all.iter().find(|line| line.id == *with)?;
            let name = with.was.as_ref().unwrap_or(&with.name);
            Some(format!(
                "            goes with {} {name}",
                with.kind.title()
            ))
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
