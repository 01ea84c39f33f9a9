//! One JSON object a line.

use serde::Serialize;
use serde_json::{Value, json};

use super::Show;
use crate::{
    event::Event,
    lab::LabError,
    screen::{self, Stream},
};

pub(super) struct Json;

impl Show for Json {
    fn event(&mut self, event: &Event) {
        print(event);
    }
}

/// Prints a value as one line of JSON on stdout. A closed pipe is no failure of the run.
pub fn print(value: &impl Serialize) {
    let _ = Stream::Out.print(&(line(value) + "\n"));
}

/// A value as one line of JSON, which no terminal obeys.
pub fn line(value: &impl Serialize) -> String {
    serde_json::to_string(value).map_or_else(|_| String::new(), |text| screen::json(&text))
}

/// The problems of a lab's file, in its order: `{file, line, column, message, hint}`, where lines and
/// columns count from 1, in characters.
pub fn problems(error: &LabError) -> Value {
    let file = error.file().display().to_string();
    let problem = |p: &crate::lab::Problem| {
        json!({
            "file": file,
            "line": p.place.line,
            "column": p.place.column,
            "message": p.message,
            "hint": p.hint,
        })
    };
    error.problems().iter().map(problem).collect()
}
