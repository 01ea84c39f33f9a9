//! The fuzz targets on their seeds, and on what a few changes make of these: the same each time. `cargo
//! fuzz` looks further, and so does `PROPTEST_CASES=100000 cargo test --test it fuzz`.

#[expect(unreachable_pub, reason = "a crate of its own for cargo fuzz")]
#[path = "../../fuzz/src/lib.rs"]
mod targets;

use std::{fs, path::Path};

use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

/// What breaks parsers.
const SNIPPETS: &[&str] = &[
    "&a ",
    "*a",
    "<<: ",
    "- ",
    "? ",
    ": ",
    "{",
    "}",
    "[",
    "]",
    "\"",
    "'",
    "|\n",
    ">\n",
    "!!binary ",
    "!tag ",
    "---\n",
    "%YAML 1.2\n",
    "\t",
    "\r",
    "\n",
    "\r\n",
    "\n\n",
    "\0",
    "\u{1b}[2J",
    "\u{7f}",
    "\u{feff}",
    "\u{202e}",
    "\u{9b}",
    "\u{200d}",
    "\u{1b}]52;c;",
    "Host: a\r\n",
    "content-Length: 0\r\n",
    "\r\n\r\n",
    "\u{2028}",
    "\u{301}",
    "💥",
    "é",
    "~",
    "null",
    "true",
    "1e999",
    "-0",
    ".nan",
    "0x",
    "-9223372036854775809",
    "18446744073709551616",
    "/",
    "//",
    "../",
    "#",
    "@",
    "`",
    "{+}",
    "GET /{a}/{b+}: {}\n",
    "%",
    "%00",
    "%ff",
    "%zz",
    "+",
    "&",
    "=",
    "&=",
    "\\u0000",
    "\\ud800",
    "\\",
    ".",
    "eyJ",
    "AAAA",
    "member.1.",
    "arn:aws:iam::",
    "*",
    "$",
];

/// One change of a seed.
#[derive(Debug, Clone)]
enum Change {
    Insert(Index, Vec<u8>),
    Overwrite(Index, u8),
    Cut(Index, Index),
    Repeat(Index, Index, usize),
    SwapLines(Index, Index),
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<Index>;
    let snippet = select(SNIPPETS).prop_map(|s| s.as_bytes().to_vec());
    let many = (select(SNIPPETS), 1..3000_usize).prop_map(|(s, n)| s.repeat(n).into_bytes());
    let bytes = vec(any::<u8>(), 1..8);
    prop_oneof![
        4 => (at(), snippet).prop_map(|(i, s)| Change::Insert(i, s)),
        1 => (at(), many).prop_map(|(i, s)| Change::Insert(i, s)),
        2 => (at(), bytes).prop_map(|(i, s)| Change::Insert(i, s)),
        2 => (at(), any::<u8>()).prop_map(|(i, b)| Change::Overwrite(i, b)),
        2 => (at(), at()).prop_map(|(a, b)| Change::Cut(a, b)),
        1 => (at(), at(), 2..50_usize).prop_map(|(a, b, n)| Change::Repeat(a, b, n)),
        1 => (at(), at()).prop_map(|(a, b)| Change::SwapLines(a, b)),
    ]
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let range = |a: &Index, b: &Index, size: usize| {
            let (a, b) = (a.index(size), b.index(size));
            a.min(b)..a.max(b)
        };
        let size = bytes.len() + 1;
        match self {
            Self::Insert(at, what) => {
                let at = at.index(size);
                bytes.splice(at..at, what.iter().copied());
            }
            Self::Overwrite(at, byte) => {
                if let Some(old) = bytes.get_mut(at.index(size)) {
                    *old = *byte;
                }
            }
            Self::Cut(a, b) => drop(bytes.drain(range(a, b, size))),
            Self::Repeat(a, b, times) => {
                let range = range(a, b, size);
                let what = bytes[range.clone()].repeat(*times);
                bytes.splice(range, what);
            }
            Self::SwapLines(a, b) => {
                let mut lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
                let (a, b) = (a.index(lines.len()), b.index(lines.len()));
                lines.swap(a, b);
                *bytes = lines.join(&b'\n');
            }
        }
    }
}

/// Feeds a target the files of folders, changes of these, and bytes of no meaning.
fn feed(target: fn(&[u8]), folders: &[&str], cases: u32) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seeds: Vec<(String, Vec<u8>)> = folders
        .iter()
        .flat_map(|folder| fs::read_dir(root.join(folder)).expect("seeds"))
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            path.is_file()
                && path
                    .extension()
                    .is_none_or(|e| e != "txt" || folders.len() == 1)
        })
        .map(|path| (path.display().to_string(), fs::read(&path).expect("a seed")))
        .collect();
    seeds.sort();
    assert!(seeds.len() >= 5, "{} seeds in {folders:?}", seeds.len());
    for (name, seed) in &seeds {
        let outcome = std::panic::catch_unwind(|| target(seed));
        assert!(outcome.is_ok(), "{name}");
    }
    let mut config = Config {
        failure_persistence: None,
        ..Config::default()
    };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = cases;
    }
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let changed = (select(seeds), vec(change(), 1..6)).prop_map(|((_, mut bytes), changes)| {
        for change in changes {
            change.apply(&mut bytes);
        }
        bytes
    });
    let input = prop_oneof![9 => changed, 1 => vec(any::<u8>(), 0..500)];
    let outcome = TestRunner::new_with_rng(config, rng).run(&input, |bytes| {
        target(&bytes);
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

#[test]
fn lab() {
    feed(
        targets::lab,
        &["src/lab/tests/bad", "src/lab/tests/good"],
        1500,
    );
}

#[test]
fn state() {
    feed(targets::state, &["fuzz/seeds/state"], 1000);
}

#[test]
fn request() {
    feed(targets::request, &["fuzz/seeds/request"], 2000);
}

#[test]
fn policy() {
    feed(targets::policy, &["fuzz/seeds/policy"], 500);
}

#[test]
fn package() {
    feed(targets::package, &["fuzz/seeds/package"], 300);
}

#[test]
fn token() {
    feed(targets::token, &["fuzz/seeds/token"], 300);
}

#[test]
fn pattern() {
    feed(targets::pattern, &["fuzz/seeds/pattern"], 300);
}

#[test]
fn head() {
    feed(targets::head, &["fuzz/seeds/head"], 500);
}

#[test]
fn seal() {
    feed(targets::seal, &["fuzz/seeds/seal"], 500);
}

#[test]
fn screen() {
    feed(targets::screen, &["fuzz/seeds/screen"], 1000);
}

#[test]
fn owner() {
    feed(targets::owner, &["fuzz/seeds/owner"], 300);
}

/// The target for heads sees requests, two of them on one connection.
#[test]
fn heads_are_read() {
    let read = |name: &str| fs::read(Path::new("fuzz/seeds/head").join(name)).expect("a seed");
    let written = |name: &str| -> Vec<Vec<String>> {
        let heads = localaws::fuzz::heads(&read(name)).into_iter();
        heads
            .map(|names| names.into_iter().map(|(_, written)| written).collect())
            .collect()
    };
    assert_eq!(
        written("twice"),
        [vec!["Host", "x-tEaM", "X-TEAM"], vec!["hOST", "x-team"]]
    );
    assert_eq!(written("lf"), [["Host", "X-y"]]);
}
