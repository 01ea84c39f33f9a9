//! Reads a tree piece by piece and notes every problem instead of stopping at the first.

use std::{cell::RefCell, rc::Rc};

use serde_saphyr::Location;

use super::{
    problem::Problem,
    yaml::{Key, Node, Value},
};

/// Where problems are noted.
#[derive(Debug, Clone, Default)]
pub(super) struct Notes(Rc<RefCell<Vec<Problem>>>);

impl Notes {
    pub(super) fn add(&self, problem: Problem) {
        self.0.borrow_mut().push(problem);
    }

    /// All problems in the file's order.
    pub(super) fn all(&self) -> Vec<Problem> {
        let mut all = self.0.borrow().clone();
        all.sort_by_key(|p| (p.line, p.column));
        all.dedup();
        all
    }
}

/// A text of the file, with its place for further checks.
#[derive(Debug, Clone)]
pub(super) struct Text {
    pub(super) value: String,
    pub(super) at: Location,
}

/// A map whose keys are known beforehand.
pub(super) struct Fields<'n> {
    /// What the map is, e.g. `function \`hello\``.
    what: String,
    at: Location,
    entries: Vec<(&'n Key, &'n Node)>,
    notes: Notes,
}

impl<'n> Fields<'n> {
    /// The map at `node`, with `allowed` keys; notes unknown and repeated ones.
    pub(super) fn of(node: &'n Node, what: &str, allowed: &[&str], notes: &Notes) -> Option<Self> {
        let entries = map(node, what, notes)?;
        for (key, _) in &entries {
            if allowed.contains(&key.text.as_str()) {
                continue;
            }
            let problem = Problem::at(&key.at, format!("{what} has no `{}`", key.text));
            notes.add(match closest(&key.text, allowed) {
                Some(near) => problem.hint(format!("did you mean `{near}`?")),
                None => problem.hint(format!("it can have: {}", allowed.join(", "))),
            });
        }
        Some(Self { what: what.to_owned(), at: node.at, entries, notes: notes.clone() })
    }

    /// A field that may be left out (or empty).
    pub(super) fn get(&self, name: &str) -> Option<&'n Node> {
        let (_, node) = self.entries.iter().find(|(k, _)| k.text == name)?;
        (!matches!(node.value, Value::Null)).then_some(*node)
    }

    /// A field that must be there.
    pub(super) fn need(&self, name: &str) -> Option<&'n Node> {
        let node = self.get(name);
        if node.is_none() {
            self.notes.add(Problem::at(&self.at, format!("{} needs `{name}`", self.what)));
        }
        node
    }

    pub(super) fn need_text(&self, name: &str) -> Option<Text> {
        text(self.need(name)?, name, &self.notes)
    }

    pub(super) fn get_text(&self, name: &str) -> Option<Text> {
        text(self.get(name)?, name, &self.notes)
    }

    /// A whole number within `range`, or the default when it is left out.
    pub(super) fn number(&self, name: &str, default: i32, range: std::ops::RangeInclusive<i32>, unit: &str) -> i32 {
        let Some(node) = self.get(name) else { return default };
        let number = match &node.value {
            Value::Int(n) => i32::try_from(*n).ok().filter(|n| range.contains(n)),
            _ => None,
        };
        number.unwrap_or_else(|| {
            let (low, high) = (range.start(), range.end());
            let message = format!("`{name}` is a whole number of {unit} from {low} to {high}");
            self.notes.add(Problem::at(&node.at, message));
            default
        })
    }
}

/// The entries of a map with any keys; notes when it is none, and repeated keys.
pub(super) fn map<'n>(node: &'n Node, what: &str, notes: &Notes) -> Option<Vec<(&'n Key, &'n Node)>> {
    let Value::Map(entries) = &node.value else {
        notes.add(Problem::at(&node.at, format!("{what} is a map (`key: value` lines), not {}", node.value.noun())));
        return None;
    };
    let mut seen: Vec<&str> = Vec::new();
    for (key, _) in entries {
        if seen.contains(&key.text.as_str()) {
            notes.add(Problem::at(&key.at, format!("{what} has `{}` twice", key.text)));
        }
        seen.push(&key.text);
    }
    Some(entries.iter().map(|(k, v)| (k, v)).collect())
}

/// The items of a list; notes when it is none.
pub(super) fn list<'n>(node: &'n Node, what: &str, notes: &Notes) -> &'n [Node] {
    if let Value::List(items) = &node.value {
        return items;
    }
    notes.add(
        Problem::at(&node.at, format!("`{what}` is a list, not {}", node.value.noun()))
            .hint(format!("write `{what}: [one, two]`")),
    );
    &[]
}

/// A text; notes when it is none.
pub(super) fn text(node: &Node, what: &str, notes: &Notes) -> Option<Text> {
    if let Value::Text(value) = &node.value {
        return Some(Text { value: value.clone(), at: node.at });
    }
    let problem = Problem::at(&node.at, format!("`{what}` is text, not {}", node.value.noun()));
    let quotable = matches!(node.value, Value::Int(_) | Value::Float(_) | Value::Bool(_));
    notes.add(if quotable { problem.hint("put it in quotes") } else { problem });
    None
}

/// The nearest of `known`, when it is near enough to be a slip.
pub(super) fn closest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let near = known.iter().map(|k| (distance(word, k), *k)).min()?;
    (near.0 <= 1 + word.chars().count() / 4).then_some(near.1)
}

/// Levenshtein's distance, in characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let cost = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = cost.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
