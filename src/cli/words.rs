//! Words of other tools, and labctl's command for each: an unknown command names the right one.

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// For each command that helps, the words that people try.
const WORDS: &[(&str, &[&str])] = &[
    (
        "`labctl up` builds the lab, and updates it",
        &[
            "apply",
            "deploy",
            "create",
            "build",
            "provision",
            "launch",
            "start",
            "run",
            "update",
            "install",
            "sync",
            "add",
            "resume",
            "repair",
            "fix",
            "retry",
            "continue",
            "upgrade",
            "converge",
            "reconcile",
        ],
    ),
    (
        "`labctl up --adopt` takes over what has the lab's names, after it was shown",
        &["import", "adopt", "takeover", "attach"],
    ),
    (
        "`labctl up --replace` replaces what AWS cannot change in place",
        &["replace", "recreate", "taint"],
    ),
    (
        "`labctl reset --to N` goes back to the end of chapter N",
        &["rollback", "revert", "undo", "rewind", "back"],
    ),
    (
        "`labctl down` removes the lab, and `labctl down --prove` then looks for anything left",
        &[
            "destroy",
            "delete",
            "remove",
            "rm",
            "teardown",
            "undeploy",
            "clean",
            "cleanup",
            "uninstall",
            "nuke",
            "stop",
            "purge",
            "sweep",
            "terminate",
            "halt",
            "kill",
            "wipe",
        ],
    ),
    (
        "`labctl status` shows what is there",
        &[
            "list",
            "ls",
            "ps",
            "show",
            "describe",
            "info",
            "get",
            "state",
            "drift",
            "resources",
            "inspect",
            "stat",
            "refresh",
        ],
    ),
    (
        "`labctl plan` checks lab.yaml, and shows what `up` would change",
        &[
            "diff",
            "preview",
            "dry-run",
            "dryrun",
            "changes",
            "validate",
            "lint",
            "what-if",
            "whatif",
            "changeset",
            "synth",
        ],
    ),
    (
        "`labctl verify` proves that the lab works",
        &[
            "test", "check", "prove", "proof", "doctor", "health", "probe",
        ],
    ),
    (
        "`labctl token` signs a user in and prints the token, `labctl login` signs in with a browser",
        &["signin", "sign-in", "auth", "authenticate", "whoami", "jwt"],
    ),
    (
        "`labctl call GET /demo` calls the API with the token that the route wants",
        &[
            "invoke", "curl", "request", "http", "send", "ssh", "exec", "shell", "connect",
        ],
    ),
    (
        "`labctl output` prints addresses and ids, `labctl output invoke_url` one of them",
        &[
            "outputs",
            "out",
            "url",
            "urls",
            "open",
            "endpoint",
            "env",
            "browse",
            "console",
            "web-console",
        ],
    ),
    (
        "`labctl logs` prints what the functions logged",
        &["log", "tail", "events", "watch", "trace", "monitor"],
    ),
    (
        "`labctl init` writes a lab's files",
        &[
            "new",
            "generate",
            "scaffold",
            "template",
            "quickstart",
            "labs",
        ],
    ),
    (
        "`labctl local inbox` shows the mail of the local AWS",
        &["inbox", "mail", "mails", "email"],
    ),
    (
        "`labctl export spa FOLDER` writes a page that signs in and calls the API",
        &["spa", "app", "web", "ui"],
    ),
    ("`labctl --version` prints the version", &["version"]),
];

/// The same for `labctl local`.
const LOCAL: &[(&str, &[&str])] = &[
    (
        "`labctl local start` starts it",
        &["up", "run", "launch", "create"],
    ),
    (
        "`labctl local stop`, then `labctl local start`",
        &["restart", "reload"],
    ),
    (
        "`labctl local stop` stops it",
        &[
            "down", "kill", "rm", "delete", "destroy", "remove", "shutdown",
        ],
    ),
    (
        "`labctl local list` shows all that run, `labctl local status` the one of this folder",
        &["ls", "ps", "show", "info"],
    ),
    (
        "`labctl local inbox` shows its mail",
        &["mail", "mails", "email"],
    ),
    (
        "`labctl local logs` shows what it was asked",
        &["log", "tail"],
    ),
];

/// The error of a wrong command line, with a hint for a word that other tools use.
#[must_use]
pub fn lead(mut error: clap::Error, args: &[String]) -> clap::Error {
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand) else {
        return error;
    };
    let before = args.iter().take_while(|arg| *arg != word);
    let words = match before
        .filter(|arg| !arg.starts_with('-'))
        .last()
        .map(String::as_str)
    {
        Some("local") => LOCAL,
        Some("export") => &[],
        _ => WORDS,
    };
    let word = word.to_lowercase();
    let hint = words
        .iter()
        .find(|(_, words)| words.contains(&word.as_str()));
    if error.kind() == ErrorKind::InvalidSubcommand
        && let Some((hint, _)) = hint
    {
        // Similar spelling is not what was meant.
        error.remove(ContextKind::SuggestedSubcommand);
        let hint = clap::builder::StyledStr::from(*hint);
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![hint]));
    }
    error
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;

    /// A word that is a command needs no hint, and each word has one.
    #[test]
    fn words_are_no_commands_and_lead_to_commands() {
        let cli = Cli::command();
        let local = cli.find_subcommand("local").expect("a command").clone();
        for (table, command, path) in [(WORDS, &cli, "labctl"), (LOCAL, &local, "labctl local")] {
            let mut seen = BTreeSet::new();
            for (hint, words) in table {
                for word in *words {
                    assert!(
                        command.find_subcommand(word).is_none(),
                        "{word} is a command"
                    );
                    assert!(seen.insert(word), "{word} has two hints");
                }
                let (_, named) = hint
                    .split_once(&format!("`{path} "))
                    .unwrap_or_else(|| panic!("{hint}"));
                let named = named.split([' ', '`']).next().unwrap_or_default();
                let there = named.starts_with("--") || command.find_subcommand(named).is_some();
                assert!(there, "{hint} names no command");
            }
        }
    }
}
