//! One JSON object a line.

use std::io::{self, Write};

use serde::Serialize;

use super::Show;
use crate::engine::Event;

pub(super) struct Json;

impl Show for Json {
    fn event(&mut self, event: &Event) {
        print(event);
    }
}

/// Prints a value as one line of JSON on stdout. A closed pipe is no failure of the run.
pub fn print(value: &impl Serialize) {
    let mut out = io::stdout().lock();
    if serde_json::to_writer(&mut out, value).is_ok() {
        let _ = out.write_all(b"\n").and_then(|()| out.flush());
    }
}
