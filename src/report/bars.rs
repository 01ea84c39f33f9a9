//! On a terminal: two redrawn lines a chapter, its state and its resources.

use std::time::{Duration, Instant};

use console::{Term, truncate_str};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{
    Show, step, text,
    view::{Block, Line, View},
};
use crate::engine::{Change, StepId};
use crate::event::{Event, Progress};
use crate::screen::{Stream, style};

const SPINNER: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
/// Between two drawings.
const FRAME: Duration = Duration::from_millis(80);

pub(super) struct Bars {
    view: View,
    /// All chapters: one bar of many lines.
    bar: Option<ProgressBar>,
    /// What was printed so far, above the bar.
    above: Vec<String>,
    /// What happened so far.
    done: Vec<Done>,
    drawn: Instant,
    frame: usize,
    width: Width,
}

/// What happened to a resource.
struct Done {
    /// Where it stands in the tutorial's order.
    place: (usize, usize),
    id: StepId,
    change: Change,
    line: String,
}

/// The terminal's width, which changes when its window does.
#[derive(Default)]
struct Width {
    /// As the bar was drawn.
    drawn: usize,
    /// As it was last seen.
    seen: usize,
    /// What was on the screen before the run is above the screen now.
    cleared: bool,
}

impl Default for Bars {
    fn default() -> Self {
        Self {
            view: View::default(),
            bar: None,
            above: Vec::new(),
            done: Vec::new(),
            drawn: Instant::now(),
            frame: 0,
            width: Width::default(),
        }
    }
}

impl Bars {
    fn print(&mut self, lines: Vec<String>) {
        // Ordinary lines, which a terminal can wrap anew when its width changes; above the bar, when there is one.
        match &self.bar {
            Some(bar) => bar.suspend(|| text::print_lines(&lines)),
            None => text::print_lines(&lines),
        }
        self.above.extend(lines);
    }

    fn begin(&mut self) {
        let plain = ProgressStyle::with_template("{msg}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stdout());
        self.bar = Some(bar.with_style(plain));
        self.width.seen = columns();
        self.width.drawn = self.width.seen;
        self.draw();
    }

    fn draw(&mut self) {
        let Some(bar) = &self.bar else { return };
        let width = self.width.drawn.max(40) - 1;
        let spinner = SPINNER[self.frame % SPINNER.len()];
        let blocks = self.view.blocks.iter();
        let lines = blocks.flat_map(|block| [heading(block, spinner), resources(block)]);
        let lines =
            lines.map(|line| truncate_str(&Stream::Out.escaped(&line), width, "…").into_owned());
        bar.set_message(lines.collect::<Vec<_>>().join("\n"));
        self.drawn = Instant::now();
    }

    /// Draws everything anew on a clear screen. When a window's width changes, some terminals wrap the bar's lines anew
    /// and others cut them, so nobody knows in which row the bar begins.
    fn draw_all(&mut self) {
        let Some(bar) = &self.bar else { return };
        let term = Term::stdout();
        let above = &self.above;
        // A terminal that is gone is no failure of the run.
        bar.suspend(|| {
            if !self.width.cleared {
                // What was there before the run can still be scrolled to.
                let rows = usize::from(term.size().0);
                let _ = term.write_str(&"\n".repeat(rows));
            }
            let _ = term.move_cursor_to(0, 0);
            let _ = term.clear_to_end_of_screen();
            text::print_lines(above);
        });
        self.width.cleared = true;
        self.width.drawn = self.width.seen;
    }

    /// Keeps a line for the end. That a change was begun is of no interest once it is done; only what is replaced has
    /// two lines, the old one's and the new one's.
    fn note(&mut self, done: Done) {
        if done.change != Change::Replaced {
            let begun = |other: &Done| {
                other.id == done.id && matches!(other.change, Change::Updating | Change::Deleting)
            };
            self.done.retain(|other| !begun(other));
        }
        self.done.push(done);
    }

    /// Clears the bar. What remains are the lines that a pipe gets, in the tutorial's order: a terminal can wrap them
    /// anew when its width changes.
    fn finish(&mut self) {
        self.width.seen = columns();
        if self.width.seen != self.width.drawn {
            self.draw_all();
        }
        let Some(bar) = self.bar.take() else { return };
        bar.finish_and_clear();
        self.done.sort_by_key(|done| done.place);
        let lines = self.done.drain(..).map(|done| done.line).collect();
        self.print(lines);
        self.view = View::default();
    }
}

fn columns() -> usize {
    Stream::Out.columns().unwrap_or(80)
}

impl Show for Bars {
    fn event(&mut self, event: &Event) {
        match event {
            Event::RunStarted { steps, .. } => {
                self.print(text::lines(event).unwrap_or_default());
                self.view = View::new(steps);
                self.begin();
            }
            Event::Progress(progress @ Progress::Step { id, change, .. }) => {
                self.view.event(event);
                if let Some(line) = step::line(&self.view, progress) {
                    self.note(Done {
                        place: self.view.place(id),
                        id: id.clone(),
                        change: *change,
                        line,
                    });
                }
            }
            Event::Progress(Progress::Waiting { .. }) => {
                self.view.event(event);
            }
            _ => {
                let below = matches!(
                    event,
                    Event::Outputs(_) | Event::SweepStarted { .. } | Event::RunFinished { .. }
                );
                if below {
                    self.finish();
                }
                self.print(text::lines(event).unwrap_or_default());
            }
        }
    }

    fn frame(&self) -> Option<Duration> {
        self.bar.as_ref().map(|_| FRAME)
    }

    fn tick(&mut self) {
        if self.bar.is_none() || self.drawn.elapsed() < FRAME {
            return;
        }
        let before = std::mem::replace(&mut self.width.seen, columns());
        if self.width.seen == self.width.drawn {
            self.frame += 1;
            self.draw();
        } else if self.width.seen == before {
            // The window has stopped changing.
            self.draw_all();
            self.draw();
        } else {
            self.drawn = Instant::now();
        }
    }

    fn end(&mut self) {
        self.finish();
    }
}

/// `⠹ 3 REST API            0.4 s   waiting: …`
fn heading(block: &Block, spinner: &str) -> String {
    let sign = if block.has(&[Change::Failed]) {
        text::mark(false)
    } else if block.is_done() {
        text::mark(!block.has(&[Change::Skipped]))
    } else if block.seconds().is_some() {
        style(spinner).cyan().to_string()
    } else {
        style("·").dim().to_string()
    };
    let time = block
        .seconds()
        .map(|s| format!("{s:.1} s"))
        .unwrap_or_default();
    let waits = block
        .lines
        .iter()
        .filter_map(|l| Some((l, l.waiting.as_ref()?)));
    let wait = waits
        .max_by(|a, b| a.1.1.total_cmp(&b.1.1))
        .map(|(line, (reason, seconds))| {
            let text = format!(
                "   {}: waiting for {reason}, {seconds:.0} s",
                line.info.kind.title()
            );
            style(text).yellow().to_string()
        });
    let title = style(format!("{} {:<17}", block.number, block.title)).bold();
    format!("  {sign} {title} {time:>7}{}", wait.unwrap_or_default())
}

/// `log group ✓  role ✓  function …`
fn resources(block: &Block) -> String {
    let all: Vec<String> = block.lines.iter().map(resource).collect();
    format!("      {}", all.join("  "))
}

fn resource(line: &Line) -> String {
    let title = line.info.kind.title();
    match line.change {
        None => style(title).dim().to_string(),
        Some(_) if line.is_running() => format!("{title} {}", style("…").cyan()),
        Some(Change::Failed) => format!("{title} {}", text::mark(false)),
        Some(Change::Skipped) => style(format!("{title} –")).dim().to_string(),
        Some(Change::Unchanged) => format!("{title} {}", style("=").dim()),
        Some(Change::Updated) => format!("{title} {}", style("~").yellow()),
        Some(Change::LeftAlone) => format!("{title} {}", style("!").yellow()),
        Some(_) => format!("{title} {}", text::mark(true)),
    }
}
