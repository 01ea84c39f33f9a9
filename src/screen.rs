//! The only writer of stdout and stderr.
//!
//! Much of what labctl prints was written by others: AWS's messages, names found in an account, mail, logs, files of a
//! cloned folder. So whatever a terminal would obey or hide is escaped here, in pipes too, since their text ends up on
//! terminals. labctl's own styles pass: each carries a number that this process drew at random, so that no text from
//! outside can look like one.

mod style;

use std::io::{self, IsTerminal, Write};

use console::Term;

pub use style::{Styled, escaped, style, styled_by_others};

/// Where to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words say it")]
pub enum Stream {
    Out,
    Err,
}

impl Stream {
    /// Whether it is a terminal.
    pub fn is_terminal(self) -> bool {
        match self {
            Self::Out => io::stdout().is_terminal(),
            Self::Err => io::stderr().is_terminal(),
        }
    }

    /// The columns of its terminal. `None`: not a terminal, or one that does not know its width.
    pub fn columns(self) -> Option<usize> {
        let term = match self {
            Self::Out => Term::stdout(),
            Self::Err => Term::stderr(),
        };
        let (_, columns) = term.size_checked().filter(|_| term.is_term())?;
        Some(usize::from(columns))
    }

    /// Whether it gets colours.
    pub fn has_colours(self) -> bool {
        match self {
            Self::Out => console::colors_enabled(),
            Self::Err => console::colors_enabled_stderr(),
        }
    }

    /// Prints text, escaped.
    ///
    /// # Errors
    /// Nobody reads any more.
    pub fn print(self, text: &str) -> io::Result<()> {
        self.write(self.escaped(text).as_bytes())
    }

    /// The text as [`Stream::print`] prints it: for what draws on the terminal by itself.
    pub fn escaped(self, text: &str) -> String {
        style::resolve(text, self.has_colours())
    }

    /// Prints bytes as they are. Only for data that a person has sent elsewhere than to a terminal.
    ///
    /// # Errors
    /// It is a terminal, or nobody reads any more.
    pub fn print_data(self, bytes: &[u8]) -> io::Result<()> {
        if self.is_terminal() {
            return Err(io::Error::other("data for a terminal"));
        }
        self.write(bytes)
    }

    fn write(self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Out => {
                let mut out = io::stdout().lock();
                out.write_all(bytes).and_then(|()| out.flush())
            }
            Self::Err => io::stderr().lock().write_all(bytes),
        }
    }
}

/// JSON text in which everything that a terminal would obey or hide is a `\u` escape, as JSON has it.
pub fn json(text: &str) -> String {
    let escape = |c: char, out: &mut String| {
        let mut units = [0; 2];
        for unit in c.encode_utf16(&mut units) {
            out.push_str(&format!("\\u{unit:04x}"));
        }
    };
    // Outside of its strings, JSON has no other control character than these.
    labfiles::escaped(text, |c| matches!(c, '\n' | '\t'), escape)
}

/// stderr for `tracing`: escaped as all else.
#[derive(Debug, Clone, Copy)]
pub struct Log;

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Stream::Err.print(&String::from_utf8_lossy(bytes))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Prints a panic's message as all else: it may repeat text from outside.
pub fn print_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let thread = std::thread::current();
        let name = thread.name().unwrap_or("unnamed");
        let trace = std::backtrace::Backtrace::capture();
        let trace = match trace.status() {
            std::backtrace::BacktraceStatus::Captured => format!("{trace}\n"),
            _ => String::new(),
        };
        let _ = Stream::Err.print(&format!(
            "labctl failed in a way that is a defect of its own; report it, with what you typed:\n\
             thread `{name}`: {panic}\n{trace}"
        ));
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVIL: &str = "\u{1b}]52;c;b3duZWQ=\u{7}\u{9b}2J\u{202e}owned";

    #[test]
    #[ignore = "panics"]
    fn panics() {
        print_panics();
        panic!("{EVIL}");
    }

    #[test]
    fn panics_print_no_control_characters() {
        let this = std::env::current_exe().expect("a program");
        let mut tests = std::process::Command::new(this);
        tests.args([
            "--ignored",
            "--exact",
            "screen::tests::panics",
            "--nocapture",
        ]);
        let said = tests.output().expect("it runs");
        let said = String::from_utf8(said.stderr).expect("UTF-8");
        assert!(
            said.contains("owned") && said.contains("\\u{1b}]52;c;"),
            "{said}"
        );
        assert!(
            !said.contains(|c: char| c != '\n' && labfiles::is_unruly(c)),
            "{said:?}"
        );
    }

    #[test]
    fn json_stays_json_without_a_control_character() {
        let text = "\u{1b}[2J\u{9b}2J\u{202e}\u{7f}\u{200b}\u{e0041}é\t\n\"\\";
        let value = serde_json::json!({ text: [text] });
        for written in [value.to_string(), format!("{value:#}")] {
            let safe = json(&written);
            assert!(
                !safe.contains(|c: char| c != '\n' && labfiles::is_unruly(c)),
                "{safe:?}"
            );
            assert!(
                safe.contains("\\udb40\\udc41") && safe.contains('é'),
                "{safe:?}"
            );
            let read: serde_json::Value = serde_json::from_str(&safe).expect("JSON");
            assert_eq!(read, value);
        }
    }
}
