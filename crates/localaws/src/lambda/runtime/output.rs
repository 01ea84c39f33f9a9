//! What a handler prints, as lines of its log.

use tokio::{io::AsyncReadExt, process::ChildStderr};

use super::Line;
use crate::app::now_ms;

/// A longer line is cut, as `CloudWatch` Logs does.
const LONGEST: usize = 256 << 10;
/// Lines of one invocation; older ones go.
const KEPT: usize = 10_000;
/// The bootstrap programs write it for a line break that does not end the event.
const BREAK: char = '\u{1e}';

pub(super) struct Output {
    /// `None` at its end.
    pipe: Option<ChildStderr>,
    /// The beginning of a line.
    rest: Vec<u8>,
    lines: Vec<Line>,
}

impl Output {
    /// `begun`: the first line.
    pub(super) fn new(pipe: ChildStderr, begun: Option<String>) -> Self {
        Self {
            pipe: Some(pipe),
            rest: Vec::new(),
            lines: begun.map(|line| (now_ms(), line)).into_iter().collect(),
        }
    }

    /// Reads what comes next; after the end nothing comes, ever. Nothing is lost when this is not
    /// awaited to its end.
    pub(super) async fn read(&mut self) {
        let Some(pipe) = &mut self.pipe else {
            return std::future::pending().await;
        };
        let old = self.rest.len();
        match pipe.read_buf(&mut self.rest).await {
            Ok(count) if count > 0 => self.split(old),
            _ => self.pipe = None,
        }
    }

    /// Reads up to the mark that a bootstrap program sets behind the output of an invocation. What the
    /// handler prints later is not waited for.
    pub(super) async fn read_until_mark(&mut self, id: &str) {
        let mark = format!("\0{id}");
        while self.pipe.is_some() {
            let marked = self
                .lines
                .iter()
                .rposition(|(_, text)| text.ends_with(&mark));
            if let Some(index) = marked {
                let (at, text) = self.lines.remove(index);
                let text = text.strip_suffix(&mark).unwrap_or_default();
                if !text.is_empty() {
                    self.lines.insert(index, (at, text.to_owned()));
                }
                return;
            }
            self.read().await;
        }
    }

    pub(super) async fn read_to_end(&mut self) {
        while self.pipe.is_some() {
            self.read().await;
        }
    }

    /// The lines since the last call; a line that has no end yet too, if `whole`.
    pub(super) fn take(&mut self, whole: bool) -> Vec<Line> {
        if whole && !self.rest.is_empty() {
            let rest = std::mem::take(&mut self.rest);
            self.push(&rest);
        }
        std::mem::take(&mut self.lines)
    }

    /// Takes whole lines off `rest`; up to `old` there is no line break.
    fn split(&mut self, old: usize) {
        let Some(new) = self.rest.get(old..) else {
            return;
        };
        let end = new.iter().rposition(|b| *b == b'\n').map(|n| old + n + 1);
        let cut = (self.rest.len() > LONGEST).then_some(self.rest.len());
        if let Some(end) = end.or(cut) {
            let rest = self.rest.split_off(end);
            let whole = std::mem::replace(&mut self.rest, rest);
            for line in whole.split_inclusive(|b| *b == b'\n') {
                self.push(line.strip_suffix(b"\n").unwrap_or(line));
            }
        }
    }

    fn push(&mut self, line: &[u8]) {
        let text = String::from_utf8_lossy(line).replace(BREAK, "\n");
        self.lines.push((now_ms(), text));
        if self.lines.len() > 2 * KEPT {
            self.lines.drain(..KEPT);
        }
    }
}
