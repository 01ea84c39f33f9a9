//! What happened to one resource, as a line: the same in pipes and in what remains on a terminal.

use super::{text, view::View, wrap};
use crate::engine::Change;
use crate::event::Progress;

/// `  1 created      role          d-hello-role  0.1 s`. `None`: such an event has no line of its own.
pub(super) fn line(view: &View, progress: &Progress) -> Option<String> {
    let Progress::Step {
        id,
        change,
        physical_id,
        message,
        seconds,
    } = progress
    else {
        return None;
    };
    if *change == Change::Creating {
        return None;
    }
    let (chapter, title, name) = match view.line(id) {
        Some(line) => (
            line.info.chapter.to_string(),
            line.info.kind.title(),
            line.info.name.as_str(),
        ),
        None => ("-".to_owned(), "", ""),
    };
    let name = if name.is_empty() {
        id.to_string()
    } else {
        name.to_owned()
    };
    let mut line = format!(
        "  {chapter} {:<12} {title:<width$} {name}",
        text::change(*change),
        width = view.kinds_width()
    );
    if let Some(physical) = physical_id
        .as_deref()
        .and_then(|id| text::beside(&name, id))
    {
        line.push_str(&format!("  {physical}"));
    }
    if let Some(message) = message {
        line.push_str(&format!("  ({message})"));
    }
    if *seconds >= 0.05 {
        line.push_str(&format!("  {}", wrap::unbroken(&format!("{seconds:.1} s"))));
    }
    Some(line)
}
