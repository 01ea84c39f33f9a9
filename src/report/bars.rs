//! On a terminal: two redrawn lines a chapter, its state and its resources.

use std::time::{Duration, Instant};

use console::{Term, style, truncate_str};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{
    Show, step, text,
    view::{Block, Line, View},
};
use crate::engine::Change;
use crate::event::{Event, Progress};

const SPINNER: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
/// Between two drawings.
const FRAME: Duration = Duration::from_millis(80);

pub(super) struct Bars {
    screen: MultiProgress,
    view: View,
    bars: Vec<ProgressBar>,
    /// What happened so far: where each resource stands in the tutorial's order, and its line.
    done: Vec<((usize, usize), String)>,
    drawn: Instant,
    frame: usize,
    dirty: bool,
}

impl Default for Bars {
    fn default() -> Self {
        Self {
            screen: MultiProgress::with_draw_target(ProgressDrawTarget::stdout()),
            view: View::default(),
            bars: Vec::new(),
            done: Vec::new(),
            drawn: Instant::now(),
            frame: 0,
            dirty: false,
        }
    }
}

impl Bars {
    fn print(&self, lines: &[String]) {
        // Ordinary lines, which a terminal can wrap anew when its width changes; above the bars, when there are any.
        if self.bars.is_empty() {
            text::print_lines(lines);
        } else {
            self.screen.suspend(|| text::print_lines(lines));
        }
    }

    fn begin(&mut self) {
        let plain = ProgressStyle::with_template("{msg}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner());
        let count = self.view.blocks.len() * 2;
        self.bars = (0..count)
            .map(|_| {
                self.screen
                    .add(ProgressBar::new_spinner().with_style(plain.clone()))
            })
            .collect();
        self.draw();
    }

    fn draw(&mut self) {
        let width = usize::from(Term::stdout().size().1).max(40) - 1;
        let spinner = SPINNER[self.frame % SPINNER.len()];
        for (block, bars) in self.view.blocks.iter().zip(self.bars.chunks(2)) {
            bars[0].set_message(truncate_str(&heading(block, spinner), width, "…").into_owned());
            bars[1].set_message(truncate_str(&resources(block), width, "…").into_owned());
        }
        self.drawn = Instant::now();
        self.dirty = false;
    }

    /// Clears the bars. What remains are the lines that a pipe gets, in the tutorial's order: a terminal can wrap them
    /// anew when its width changes.
    fn finish(&mut self) {
        if self.bars.is_empty() {
            return;
        }
        for bar in self.bars.drain(..) {
            bar.finish_and_clear();
            self.screen.remove(&bar);
        }
        // A terminal that is gone is no failure of the run.
        let _ = self.screen.clear();
        self.done.sort_by_key(|(place, _)| *place);
        let lines: Vec<String> = self.done.drain(..).map(|(_, line)| line).collect();
        self.print(&lines);
        self.view = View::default();
    }
}

impl Show for Bars {
    fn event(&mut self, event: &Event) {
        match event {
            Event::RunStarted { steps, .. } => {
                self.print(&text::lines(event).unwrap_or_default());
                self.view = View::new(steps);
                self.begin();
            }
            Event::Progress(
                progress @ (Progress::Step { id, .. } | Progress::Waiting { id, .. }),
            ) => {
                self.dirty |= self.view.event(event);
                let line = step::line(&self.view, progress);
                let line = line.map(|line| (self.view.place(id), line));
                self.done.extend(line);
            }
            _ => {
                let below = matches!(
                    event,
                    Event::Outputs(_) | Event::SweepStarted { .. } | Event::RunFinished { .. }
                );
                if below {
                    self.finish();
                }
                self.print(&text::lines(event).unwrap_or_default());
            }
        }
    }

    fn tick(&mut self) {
        if !self.bars.is_empty() && (self.dirty || self.drawn.elapsed() >= FRAME) {
            self.frame += usize::from(self.drawn.elapsed() >= FRAME);
            self.draw();
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
