//! What a run looks like at a moment: chapters, and how each of their resources stands.

use std::{collections::BTreeMap, time::Instant};

use crate::chapter::Chapter;
use crate::engine::{Change, StepId};
use crate::event::{Event, Progress, StepInfo};

/// One resource of a run.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) info: StepInfo,
    pub(super) change: Option<Change>,
    /// What it waits for, and how long it has (seconds).
    pub(super) waiting: Option<(String, f64)>,
}

impl Line {
    /// Nothing more will happen to it.
    pub(super) fn is_done(&self) -> bool {
        !matches!(
            self.change,
            None | Some(Change::Creating | Change::Updating | Change::Deleting)
        )
    }

    pub(super) fn is_running(&self) -> bool {
        self.change.is_some() && !self.is_done()
    }
}

/// One chapter of a run.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) number: u8,
    pub(super) title: &'static str,
    pub(super) lines: Vec<Line>,
    started: Option<Instant>,
    ended: Option<Instant>,
}

impl Block {
    /// Seconds since its first resource was begun, until its last was done.
    pub(super) fn seconds(&self) -> Option<f64> {
        let end = self.ended.unwrap_or_else(Instant::now);
        self.started.map(|started| (end - started).as_secs_f64())
    }

    pub(super) fn is_done(&self) -> bool {
        self.lines.iter().all(Line::is_done)
    }

    pub(super) fn has(&self, changes: &[Change]) -> bool {
        self.lines
            .iter()
            .any(|l| l.change.is_some_and(|c| changes.contains(&c)))
    }
}

/// All chapters of a run.
#[derive(Debug, Default)]
pub(super) struct View {
    pub(super) blocks: Vec<Block>,
    places: BTreeMap<StepId, (usize, usize)>,
}

impl View {
    pub(super) fn new(steps: &[StepInfo]) -> Self {
        let mut view = Self::default();
        for chapter in Chapter::ALL {
            let lines: Vec<Line> = steps
                .iter()
                .filter(|s| s.chapter == chapter.number())
                .map(|s| Line {
                    info: s.clone(),
                    change: None,
                    waiting: None,
                })
                .collect();
            if lines.is_empty() {
                continue;
            }
            for (i, line) in lines.iter().enumerate() {
                view.places
                    .insert(line.info.id.clone(), (view.blocks.len(), i));
            }
            view.blocks.push(Block {
                number: chapter.number(),
                title: chapter.title(),
                lines,
                started: None,
                ended: None,
            });
        }
        view
    }

    /// Width of the column with kinds.
    pub(super) fn kinds_width(&self) -> usize {
        let lines = self.blocks.iter().flat_map(|block| &block.lines);
        super::kinds_width(lines.map(|line| line.info.kind))
    }

    /// Where a step stands in the tutorial's order; those it does not have come last.
    pub(super) fn place(&self, id: &StepId) -> (usize, usize) {
        let last = (usize::MAX, usize::MAX);
        self.places.get(id).copied().unwrap_or(last)
    }

    pub(super) fn line(&self, id: &StepId) -> Option<&Line> {
        let (block, line) = self.places.get(id)?;
        self.blocks.get(*block)?.lines.get(*line)
    }

    /// Takes an event in. Answers whether it changed anything.
    pub(super) fn event(&mut self, event: &Event) -> bool {
        let Event::Progress(progress @ (Progress::Step { id, .. } | Progress::Waiting { id, .. })) =
            event
        else {
            return false;
        };
        let Some((block, line)) = self.places.get(id).copied() else {
            return false;
        };
        let block = &mut self.blocks[block];
        let line = &mut block.lines[line];
        match progress {
            Progress::Waiting {
                reason, seconds, ..
            } => line.waiting = Some((reason.clone(), *seconds)),
            Progress::Step { change, .. } => {
                line.change = Some(*change);
                line.waiting = None;
            }
            Progress::Warning { .. } => {}
        }
        let now = Instant::now();
        block.started.get_or_insert(now);
        block.ended = block.is_done().then_some(now);
        true
    }
}
