//! One line an event: for pipes, logs and CI.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use super::{Show, text, view::View};
use crate::engine::{Change, StepId};
use crate::event::{Event, Progress};

/// Seconds between two lines about the same wait.
const WAIT_LINE: f64 = 5.0;

#[derive(Default)]
pub(super) struct Lines {
    quiet: bool,
    view: View,
    /// Of the column with kinds.
    width: usize,
    /// When a wait was last told of, seconds into it.
    told: BTreeMap<StepId, f64>,
}

impl Lines {
    pub(super) fn quiet() -> Self {
        Self {
            quiet: true,
            ..Self::default()
        }
    }

    fn step(
        &self,
        id: &StepId,
        change: Change,
        physical_id: Option<&str>,
        message: Option<&str>,
        seconds: f64,
    ) -> String {
        let (chapter, title, name) = match self.view.line(id) {
            Some(line) => (
                line.info.chapter.to_string(),
                line.info.kind.title(),
                line.info.name.as_str(),
            ),
            None => ("-".to_owned(), "", ""),
        };
        let name = if name.is_empty() {
            id.to_string()
        } else {
            name.to_owned()
        };
        let mut line = format!(
            "  {chapter} {:<12} {title:<width$} {name}",
            text::change(change),
            width = self.width
        );
        if let Some(physical) = physical_id.filter(|p| *p != name) {
            line.push_str(&format!("  {physical}"));
        }
        if let Some(message) = message {
            line.push_str(&format!("  ({message})"));
        }
        if seconds >= 0.05 {
            line.push_str(&format!("  {seconds:.1} s"));
        }
        line
    }
}

impl Show for Lines {
    fn event(&mut self, event: &Event) {
        if let Event::RunStarted { steps, .. } = event {
            self.view = View::new(steps);
            self.width = text::kinds_width(steps.iter().map(|step| step.kind));
        }
        self.view.event(event);
        let lines = match event {
            Event::Progress(Progress::Step {
                change: Change::Creating,
                ..
            }) => return,
            Event::Progress(Progress::Step {
                id,
                change,
                physical_id,
                message,
                seconds,
            }) => {
                vec![self.step(
                    id,
                    *change,
                    physical_id.as_deref(),
                    message.as_deref(),
                    *seconds,
                )]
            }
            Event::Progress(Progress::Waiting {
                id,
                reason,
                seconds,
            }) => {
                let due = self
                    .told
                    .get(id)
                    .is_none_or(|told| seconds - told >= WAIT_LINE || seconds < told);
                if !due {
                    return;
                }
                self.told.insert(id.clone(), *seconds);
                vec![format!("  - waiting      {id}: {reason}, {seconds:.0} s")]
            }
            other => text::lines(other).unwrap_or_default(),
        };
        let loud = matches!(
            event,
            Event::Progress(
                Progress::Warning { .. }
                    | Progress::Step {
                        change: Change::Failed | Change::LeftAlone,
                        ..
                    }
            )
        ) || matches!(event, Event::RunFinished { ok: false, .. })
            || matches!(event, Event::Check(c) if !c.ok)
            || matches!(event, Event::Receipt { receipt, .. } if !receipt.proven);
        if self.quiet && !loud {
            return;
        }
        let mut out = io::stdout().lock();
        for line in lines {
            // A closed pipe is no failure of the run.
            let _ = writeln!(out, "{line}");
        }
        let _ = out.flush();
    }
}
