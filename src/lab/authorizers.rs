//! The authorizers of an API: which keys go with which type.

use std::collections::BTreeSet;

use super::{
    Authorizer, Judge, Source,
    check::note_twin,
    file,
    kinds::{List, Text},
    problem::{Notes, Place, Problem, quote},
    rules,
};

/// Names that say something else as the `authorizer` of a route, and what.
pub(super) const WORDS: [(&str, &str); 2] = [
    ("none", "opens a route to all"),
    ("iam", "lets in who has AWS keys"),
];

/// A name that a route could not choose is noted.
pub(super) fn note_word(name: &Text<rules::AuthorizerName>, notes: &Notes) {
    if let Some((word, means)) = WORDS.iter().find(|(word, _)| *word == name.value) {
        let message = format!("an authorizer cannot be named `{word}`");
        let hint = format!("`authorizer: {word}` {means}: give this one another name");
        notes.note(name.place, message, hint);
    }
}

/// `functions`: ids that may be named; `None` when the file's functions cannot be read.
pub(super) fn authorizer(
    name: &Text<rules::AuthorizerName>,
    file: file::Authorizer,
    functions: Option<&[&str]>,
    has_pool: bool,
    notes: &Notes,
) -> Option<Authorizer> {
    let ttl_s = file.ttl.as_ref().map_or(300, |n| n.0);
    let lambda = file.r#type.0.as_ref()?.value == "lambda";
    let judge = if lambda {
        by_function(name.place, file, functions, notes)?
    } else {
        by_pool(name.place, file, has_pool, notes)
    };
    Some(Authorizer { judge, ttl_s })
}

fn by_pool(place: Place, file: file::Authorizer, has_pool: bool, notes: &Notes) -> Judge {
    if !has_pool {
        let message = "a Cognito authorizer needs a user pool";
        notes.note(place, message, "add `user_pool:` to the lab");
    }
    let others = [
        ("kind", file.kind.as_ref().map(|t| t.place)),
        ("function", file.function.as_ref().map(|t| t.place)),
        (
            "identity_sources",
            file.identity_sources.as_ref().map(|l| l.place),
        ),
        ("validation", file.validation.as_ref().map(|t| t.place)),
    ];
    note_others(
        &others,
        "a Cognito authorizer",
        "remove it, or write `type: lambda`",
        notes,
    );
    Judge::Pool {
        header: header(file.token_source),
    }
}

fn by_function(
    place: Place,
    file: file::Authorizer,
    functions: Option<&[&str]>,
    notes: &Notes,
) -> Option<Judge> {
    let Some(function) = file.function else {
        let message = "a Lambda authorizer needs `function`";
        notes.note(
            place,
            message,
            "the id of the function that is asked, like `function: guard`",
        );
        return None;
    };
    if let Some(known) = functions
        && !known.contains(&function.value.as_str())
    {
        let message = format!("there is no function {}", quote(&function.value));
        notes.add(Problem::unknown(
            function.place,
            message,
            &function.value,
            known,
        ));
    }
    let function = function.value;
    if file.kind.is_none_or(|kind| kind.value == "token") {
        let others = [(
            "identity_sources",
            file.identity_sources.as_ref().map(|l| l.place),
        )];
        let hint = "write `token_source`, or `kind: request`";
        note_others(&others, "an authorizer of kind `token`", hint, notes);
        return Some(Judge::Token {
            function,
            header: header(file.token_source),
            validation: file.validation.map(|text| text.value),
        });
    }
    let others = [
        ("token_source", file.token_source.as_ref().map(|t| t.place)),
        ("validation", file.validation.as_ref().map(|t| t.place)),
    ];
    let hint = "write `identity_sources`, or `kind: token`";
    note_others(&others, "an authorizer of kind `request`", hint, notes);
    let Some(sources) = file.identity_sources.filter(|list| list.length > 0) else {
        let message = "an authorizer of kind `request` needs `identity_sources`";
        let hint = "what a caller must send, like `identity_sources: [header.X-Key]`";
        notes.note(place, message, hint);
        return None;
    };
    let sources = sources_of(sources, notes);
    Some(Judge::Request { function, sources })
}

fn sources_of(list: List<Text<rules::IdentitySource>>, notes: &Notes) -> Vec<Source> {
    let mut known = BTreeSet::new();
    let source = |text: Text<rules::IdentitySource>| {
        // Names of headers are the same in any case.
        let same = match text.value.strip_prefix("header.") {
            Some(name) => format!("header.{}", name.to_lowercase()),
            None => text.value.clone(),
        };
        note_twin(&mut known, &same, "the identity source", text.place, notes);
        match text.value.split_once('.') {
            Some(("query", name)) => Source::Query(name.to_owned()),
            Some((_, name)) => Source::Header(name.to_owned()),
            None => Source::Header(text.value),
        }
    };
    list.items.into_iter().map(source).collect()
}

fn header(file: Option<Text<rules::Header>>) -> String {
    file.map_or_else(|| "Authorization".to_owned(), |header| header.value)
}

/// Keys that are there and mean nothing to this authorizer.
fn note_others(keys: &[(&str, Option<Place>)], what: &str, hint: &str, notes: &Notes) {
    for (key, place) in keys {
        if let Some(place) = place {
            notes.note(*place, format!("{what} has no `{key}`"), hint);
        }
    }
}
