//! A lab of one's own from a file that others use too: `--as NAME` puts a suffix on every name that the account,
//! or the world, sees. What lives inside a pool or an API (users, scopes, routes, authorizers) keeps its name.

use super::{
    file::File,
    kinds::Text,
    problem::{Notes, Problem, quote},
    rules::{DomainName, Ruled},
};

/// The longest suffix. A lab's name has 32 characters at most.
const MOST: usize = 16;

/// Checks what `--as` is given. An empty text stands for the names as they are in the file.
pub fn valid_suffix(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Ok(String::new());
    }
    let class = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let ends = |c: char| c != '-';
    let good = (1..=MOST).contains(&text.len())
        && text.chars().all(class)
        && text.starts_with(ends)
        && text.ends_with(ends);
    if good {
        return Ok(text.to_owned());
    }
    Err(format!(
        "use 1 to {MOST} of a-z, 0-9 and `-`, none at either end, like `anna`"
    ))
}

/// Puts the suffix on the file's names, before defaults are made of them.
pub(super) fn add(file: &mut File, suffix: &str, notes: &Notes) {
    let add = Suffix { suffix, notes };
    add.to(file.lab.0.as_mut());
    for (_, function) in file.functions.0.iter_mut().flat_map(|map| &mut map.entries) {
        if let Some(function) = function {
            add.to(function.name.0.as_mut());
            add.to(function.role.as_mut());
        }
    }
    if let Some(pool) = file.user_pool.as_mut().and_then(|pool| pool.0.as_mut()) {
        add.to(pool.name.0.as_mut());
        add.to(pool.domain.as_mut());
        add.to(pool.app_client.0.as_mut().and_then(|c| c.name.0.as_mut()));
    }
    let identity_pool = file.identity_pool.as_mut();
    if let Some(pool) = identity_pool.and_then(|pool| pool.0.as_mut()) {
        add.to(pool.name.0.as_mut());
        add.to(pool.role.0.as_mut());
    }
    for (_, caller) in file.callers.iter_mut().flat_map(|map| &mut map.entries) {
        add.to(caller.as_mut().and_then(|caller| caller.role.0.as_mut()));
    }
    add.to(file.api.as_mut().and_then(|api| api.name.0.as_mut()));
    if let Some(edge) = file.edge.as_mut().and_then(|edge| edge.0.as_mut()) {
        add.to(edge.comment.as_mut());
        let domain = edge.domain.as_mut().and_then(|domain| domain.0.as_mut());
        add.to_first_label(domain.and_then(|domain| domain.name.0.as_mut()));
    }
}

struct Suffix<'a> {
    suffix: &'a str,
    notes: &'a Notes,
}

impl Suffix<'_> {
    fn to<R: Ruled>(&self, name: Option<&mut Text<R>>) {
        if let Some(name) = name {
            self.set(name, format!("{}-{}", name.value, self.suffix));
        }
    }

    /// `api.example.com` becomes `api-anna.example.com`.
    fn to_first_label(&self, name: Option<&mut Text<DomainName>>) {
        if let Some(name) = name
            && let Some((first, rest)) = name.value.split_once('.')
        {
            self.set(name, format!("{first}-{}.{rest}", self.suffix));
        }
    }

    /// Gives the text its new value. One that breaks the rule is noted at the text's place.
    fn set<R: Ruled>(&self, text: &mut Text<R>, value: String) {
        if let Some(wrong) = R::RULE.wrong(&value, text.place) {
            self.notes.add(Problem {
                message: format!(
                    "with `--as {}` this is {}: {}",
                    self.suffix,
                    quote(&value),
                    wrong.message
                ),
                hint: format!("{}; or a shorter name for `--as`", wrong.hint),
                ..wrong
            });
        }
        text.value = value;
    }
}
