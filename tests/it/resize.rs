//! A terminal's window whose width changes during a run.

use std::{
    fs,
    io::Read as _,
    path::PathBuf,
    process::{Child, ChildStdout, Command, Stdio},
};

use avt::Terminal;
use serde_json::json;

use crate::{harness::Site, twin};

const ROWS: usize = 40;
const CHAPTERS: [&str; 5] = [
    "1 Lambda function",
    "2 User pool",
    "3 REST API",
    "4 Authorizer",
    "5 Test user",
];
/// Frames to wait for: enough for whatever a change of the width leads to.
const FRAMES: usize = 6;

/// A window in which labctl runs: an emulator that wraps lines anew when its width changes, as most terminals do.
struct Window {
    child: Child,
    out: ChildStdout,
    tty: PathBuf,
    screen: Terminal,
    /// What was read and not yet shown: a part of a character.
    rest: Vec<u8>,
}

impl Window {
    fn open(site: &Site, columns: u16, line: &str) -> Self {
        let name = site.path("tty");
        let run = format!(
            "tty > {} && stty cols {columns} rows {ROWS} && exec {} {line}",
            name.display(),
            env!("CARGO_BIN_EXE_labctl")
        );
        let mut script = site.program("script");
        script
            .args(["-qec", &run, "/dev/null"])
            .env("TERM", "xterm");
        let mut child = script
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let out = child.stdout.take().expect("a pipe");
        let screen = Terminal::with_scrollback(columns.into(), ROWS, None);
        let mut window = Self {
            child,
            out,
            tty: PathBuf::new(),
            screen: screen.expect("a screen"),
            rest: Vec::new(),
        };
        // A shell's line, which is there before.
        window.screen.feed(format!("$ labctl {line}\r\n").as_str());
        window.reads(1, "up ");
        window.tty = PathBuf::from(fs::read_to_string(name).expect("a name").trim());
        window
    }

    /// Reads on until `words` were written so many times.
    #[track_caller]
    fn reads(&mut self, times: usize, words: &str) {
        let mut heard = String::new();
        while heard.matches(words).count() < times {
            let more = self.more();
            heard += &more.unwrap_or_else(|| panic!("it ended without {words:?}: {heard:?}"));
        }
    }

    /// Shows what comes next. `None`: it has ended.
    fn more(&mut self) -> Option<String> {
        let mut buffer = [0; 4096];
        let length = self.out.read(&mut buffer).unwrap_or(0);
        self.rest.extend(&buffer[..length]);
        let whole = match std::str::from_utf8(&self.rest) {
            Ok(text) => text.len(),
            Err(error) => error.valid_up_to(),
        };
        let text: Vec<u8> = self.rest.drain(..whole).collect();
        let text = String::from_utf8(text).expect("UTF-8");
        self.screen.feed(text.as_str());
        (length > 0).then_some(text)
    }

    /// The window gets another width, then the program is told.
    fn resize(&mut self, columns: u16) {
        self.screen.resize(columns.into(), ROWS);
        let mut stty = Command::new("stty");
        stty.arg("-F").arg(&self.tty);
        let done = stty.args(["cols", &columns.to_string()]).status();
        assert!(done.expect("stty runs").success());
        self.reads(FRAMES, CHAPTERS[0]);
    }

    /// What can be seen, without blanks at the ends.
    fn visible(&self) -> Vec<String> {
        let lines = self.screen.screen().visible_lines();
        lines
            .map(|line| line.text().trim_end().to_owned())
            .collect()
    }

    #[track_caller]
    fn shows_once(&self, words: &[&str]) {
        let visible = self.visible().join("\n");
        for word in words {
            assert_eq!(visible.matches(word).count(), 1, "{word} in\n{visible}");
        }
    }

    fn end(&mut self) {
        while self.more().is_some() {}
        assert!(self.child.wait().expect("it ends").success());
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // The terminal goes, and with it whatever still runs there.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_window_that_changes_its_width_shows_each_line_once() {
    for widths in [&[80_u16, 60, 100][..], &[100, 99, 45], &[60, 132, 60, 61]] {
        let site = Site::tutorial();
        site.ok("local start");
        let rule = json!({ "operation": "apigateway:CreateRestApi", "action": "hold", "when": "before", "times": 0 });
        let rule = twin::Rule::set(&site.endpoint(), &rule);
        let mut window = Window::open(&site, widths[0], "up --local");
        window.reads(FRAMES, CHAPTERS[0]);
        for columns in &widths[1..] {
            window.resize(*columns);
            window.shows_once(&CHAPTERS);
            window.shows_once(&["up cognito-authorizer →", "Local AWS on"]);
            // Nothing is left of how it was: the bar's lines are the last.
            let visible = window.visible();
            let last = visible.iter().rposition(|line| !line.is_empty());
            let first = visible.iter().position(|line| line.contains(CHAPTERS[0]));
            assert_eq!(
                last.zip(first).map(|(last, first)| last - first),
                Some(9),
                "{visible:#?}"
            );
        }
        drop(rule);
        window.end();
        let visible = window.visible().join("\n");
        for line in CHAPTERS {
            assert!(!visible.contains(line), "{line} in\n{visible}");
        }
        let text = window.screen.screen().text().join(" ");
        let words: Vec<&str> = text.split_whitespace().collect();
        let text = words.join(" ");
        for words in [
            "$ labctl up --local",
            "created log group",
            "created role policy",
            "created function",
            "created user pool",
            "created REST API",
            "created stage",
            "created user s",
        ] {
            assert_eq!(text.matches(words).count(), 1, "{words} in\n{text}");
        }
        assert!(visible.contains("Up in"), "{visible}");
    }
}
