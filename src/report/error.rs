//! An error as the last word of a command, or of one round of a loop.

use super::{
    json::{print, problems},
    text::for_stderr,
};
use crate::{
    error::Error,
    lab,
    screen::{self, Stream, style},
};

/// Prints an error: to stderr for people, as the last event for programs.
pub fn tell(error: &Error, json: bool) {
    if json {
        let mut event = serde_json::json!({
            "event": "error",
            "message": error.message,
            "hints": error.hints,
            "exit": error.exit as u8,
        });
        if let Some(lab) = &error.lab {
            event["problems"] = problems(lab);
        }
        print(&event);
        return;
    }
    let mut text = String::new();
    if let Some(lab) = &error.lab {
        let width = Stream::Err.columns().unwrap_or(80).clamp(60, 120);
        let colours = Stream::Err.has_colours();
        text = screen::styled_by_others(lab::render(lab, width, colours).trim_end());
    } else if error.message.contains('\n') {
        text.push_str(error.message.trim_end());
    } else {
        let sign = style("error:").red().bold();
        let message = for_stderr(&error.message, 7);
        text.push_str(&format!("{sign} {message}"));
    }
    text.push('\n');
    for hint in error.hints.iter().filter(|_| error.lab.is_none()) {
        let hint = for_stderr(hint, 4);
        text.push_str(&format!("  {} {hint}\n", style("→").cyan()));
    }
    // Without stderr there is nobody to tell.
    let _ = Stream::Err.print(&text);
}
