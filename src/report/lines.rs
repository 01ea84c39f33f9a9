//! One line an event: for pipes, logs and CI.

use std::collections::BTreeMap;

use super::{Show, step, text, view::View};
use crate::engine::{Change, StepId};
use crate::event::{Event, Progress};

/// Seconds between two lines about the same wait.
const WAIT_LINE: f64 = 5.0;

#[derive(Default)]
pub(super) struct Lines {
    quiet: bool,
    /// What stays as it is, and what comes next, is left out.
    changes: bool,
    view: View,
    /// When a wait was last told of, seconds into it.
    told: BTreeMap<StepId, f64>,
}

impl Lines {
    pub(super) fn changes() -> Self {
        Self {
            changes: true,
            ..Self::default()
        }
    }

    pub(super) fn quiet() -> Self {
        Self {
            quiet: true,
            ..Self::default()
        }
    }
}

impl Show for Lines {
    fn event(&mut self, event: &Event) {
        if let Event::RunStarted { steps, .. } = event {
            self.view = View::new(steps);
        }
        self.view.event(event);
        let lines = match event {
            Event::Progress(progress @ Progress::Step { .. }) => {
                step::line(&self.view, progress).into_iter().collect()
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
            Event::RunFinished { summary, .. } if self.changes => vec![format!("  {summary}")],
            other => text::lines(other).unwrap_or_default(),
        };
        let done = match event {
            Event::Progress(Progress::Step { change, .. }) => *change != Change::Unchanged,
            Event::RunFinished { .. } => true,
            _ => false,
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
            || matches!(event, Event::Leftovers { .. })
            || matches!(event, Event::Check(c) if !c.ok)
            || matches!(event, Event::Receipt { receipt, .. } if !receipt.proven);
        if (self.quiet || (self.changes && !done)) && !loud {
            return;
        }
        text::print_lines(&lines);
    }
}
