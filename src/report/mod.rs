//! Three ways to show the same events: bars on a terminal, lines when piped, JSON with `--json`.

mod bars;
mod error;
mod json;
mod lines;
mod receipt;
mod step;
mod text;
mod view;
mod wrap;

use std::{
    sync::mpsc::{Receiver, RecvTimeoutError},
    thread::JoinHandle,
    time::Duration,
};

use crate::{
    event::{Event, EventSink},
    screen::Stream,
};

pub use error::tell;
pub use json::{line as json_line, print as print_json, problems};
pub use text::{
    beside, for_stderr, kinds_width, local_path, mark, outputs, print_error_line, print_lines,
    print_raw, print_remark, print_warnings, standing,
};

/// How to show events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Redrawn lines, one block a chapter.
    Bars,
    /// One line an event.
    Lines,
    /// The same, of what changes only.
    Changes,
    /// One JSON object a line.
    Json,
    /// Only warnings and failures.
    Quiet,
}

/// Whether stdout is a terminal on which lines can be redrawn: it moves the cursor (`TERM` is set, and not `dumb`), and
/// its width is known.
pub fn can_redraw() -> bool {
    Stream::Out.columns().is_some() && !console::is_dumb()
}

/// Shows events until the run is finished.
#[derive(Debug)]
pub struct Reporter {
    sink: EventSink,
    thread: Option<JoinHandle<()>>,
}

/// What one way of showing does with an event.
trait Show {
    fn event(&mut self, event: &Event);
    /// How long to wait for an event before time has to be shown. `None`: as long as it takes.
    fn frame(&self) -> Option<Duration> {
        None
    }
    /// Called after each event and each frame: time goes by.
    fn tick(&mut self) {}
    /// Nothing more comes.
    fn end(&mut self) {}
}

impl Reporter {
    /// Starts to show events.
    pub fn start(style: Style) -> Self {
        let (sink, events) = EventSink::new();
        let show: Box<dyn Show + Send> = match style {
            Style::Bars => Box::new(bars::Bars::default()),
            Style::Lines => Box::new(lines::Lines::default()),
            Style::Changes => Box::new(lines::Lines::changes()),
            Style::Json => Box::new(json::Json),
            Style::Quiet => Box::new(lines::Lines::quiet()),
        };
        let thread = std::thread::Builder::new()
            .name("reporter".to_owned())
            .spawn(move || run(show, events))
            .ok();
        Self { sink, thread }
    }

    /// Where to send events.
    pub fn sink(&self) -> &EventSink {
        &self.sink
    }

    /// Shows all that was sent, and ends.
    pub fn finish(self) {
        self.sink.send(Event::End);
        if let Some(thread) = self.thread {
            // A reporter cannot fail a run.
            let _ = thread.join();
        }
    }
}

fn run(mut show: Box<dyn Show + Send>, events: Receiver<Event>) {
    loop {
        let next = match show.frame() {
            Some(frame) => events.recv_timeout(frame),
            None => events.recv().map_err(RecvTimeoutError::from),
        };
        match next {
            Ok(Event::Mark(_)) | Err(RecvTimeoutError::Timeout) => {}
            Ok(Event::End) | Err(RecvTimeoutError::Disconnected) => return show.end(),
            Ok(event) => show.event(&event),
        }
        show.tick();
    }
}
