//! Files of labs that mean harm.

use crate::harness::LAB;

/// `count` times what `part` makes of a number.
fn times(count: usize, part: impl Fn(usize) -> String) -> String {
    (0..count).map(part).collect()
}

fn api(rest: &str) -> String {
    format!("lab: a\nregion: us-east-1\nfunctions: {{}}\napi:\n  name: a\n  stage: dev\n{rest}")
}

fn functions(rest: &str) -> String {
    format!("lab: a\nregion: us-east-1\nfunctions:\n{rest}")
}

/// What is in the file, and what is said of it.
pub(super) fn files() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let x = |count: usize| "x".repeat(count);
    let texts = [
        ("10 MB", "a: 1\n".repeat(2 << 20), "at most 262144 bytes"),
        ("10 MB in a line", x(10 << 20), "at most 262144 bytes"),
        ("comment", "#".repeat(260_000), "the file is empty"),
        ("line ends", "\n".repeat(260_000), "the file is empty"),
        ("colons", ":".repeat(200_000), "not YAML"),
        ("quotes", "\"".repeat(200_000), "not YAML"),
        ("percent signs", "%".repeat(200_000), "not YAML"),
        ("documents", "---\n".repeat(60_000), "the file is empty"),
        ("directives", "%YAML 1.2\n".repeat(20_000), "not YAML"),
        ("brackets", "[".repeat(200_000), "too deep"),
        ("braces", "{a: ".repeat(50_000), "too deep"),
        ("nested lists", "- ".repeat(100_000), "too deep"),
        ("nested keys", "? ".repeat(100_000), "too deep"),
        (
            "nested blocks",
            times(500, |i| format!("{}a:\n", " ".repeat(i))),
            "too deep",
        ),
        ("items", "-\n".repeat(120_000), "too large"),
        (
            "keys",
            format!("{{{}}}", times(20_000, |i| format!("k{i}: 1, "))),
            "20003 problems",
        ),
        (
            "anchors",
            times(14_000, |i| format!("&a{i} k{i}: 1\n")),
            "14003 problems",
        ),
        (
            "aliases of lists",
            times(12, |i| match i {
                0 => "a0: &a0 [x, x]\n".to_owned(),
                i => format!("a{i}: &a{i} [{}]\n", format!("*a{}, ", i - 1).repeat(9)),
            }),
            "too large",
        ),
        (
            "aliases of a text",
            format!("a: &a {}\nb: [{}]\n", x(100_000), "*a, ".repeat(30_000)),
            "too large",
        ),
        (
            "aliases as keys",
            format!(
                "a: &a {}\nb: {{{}}}\n",
                x(100_000),
                "? *a : 1, ".repeat(10_000)
            ),
            "too large",
        ),
        (
            "merged maps",
            format!(
                "a: &a {{{}}}\nb:\n{}",
                times(3_000, |i| format!("k{i}: 1, ")),
                times(2_000, |i| format!("  - {{<<: *a, z{i}: 1}}\n"))
            ),
            "too large",
        ),
        (
            "alias of itself",
            "a: &a [*a]\n".to_owned(),
            "a part of itself",
        ),
        (
            "entries below a long key",
            functions(&format!(
                "  ? {}\n  :\n{}",
                x(120_000),
                times(10_000, |i| format!("    a{i}: 1\n"))
            )),
            "10005 problems",
        ),
        (
            "parts of a path",
            api(&format!(
                "  routes:\n    ? GET {}\n    : {{}}\n",
                "/a".repeat(120_000)
            )),
            "longer than 1024 bytes",
        ),
        (
            "paths of many parts",
            api(&format!(
                "  routes:\n{}",
                times(250, |i| format!("    GET {}{i}: {{}}\n", "/a".repeat(480)))
            )),
            "at most 300 paths, not 730",
        ),
        (
            "names that are not there",
            functions(&format!(
                "{}api:\n  name: a\n  stage: dev\n  routes:\n{}",
                times(1_200, |i| format!("  {}{i}:\n", "f".repeat(60))),
                times(1_200, |i| format!(
                    "    GET /{i}: {{function: {}{i}}}\n",
                    "g".repeat(60)
                ))
            )),
            "3601 problems",
        ),
        (
            "scopes",
            api(&format!(
                "  routes:\n    GET /: {{scopes: [{}]}}\n",
                times(36_000, |i| format!("z{i:x}, "))
            )),
            "at most 50 scopes, not 36000",
        ),
        (
            "authorizers",
            api(&format!(
                "  authorizers: {{{}}}\n  routes:\n{}",
                times(8_000, |i| format!("a{i}: , ")),
                times(3_000, |i| format!(
                    "    GET /{i}: {{function: f, authorizer: a{i}}}\n"
                ))
            )),
            "at most 10 authorizers, not 8000",
        ),
        (
            "variables",
            functions(&format!(
                "  f:\n    environment: {{{}}}\n",
                times(18_000, |i| format!("A{i}: '', "))
            )),
            "Lambda takes at most 4096",
        ),
        (
            "binary",
            format!("lab: !!binary {}\n", "A".repeat(200_000)),
            "not a lab's name",
        ),
        (
            "digits",
            format!("lab: {}\n", "9".repeat(200_000)),
            "must be text",
        ),
        (
            "exponent",
            format!("lab: 1e{}\n", "9".repeat(200_000)),
            "must be text",
        ),
        (
            "hexadecimal",
            format!("lab: 0x{}\n", "f".repeat(200_000)),
            "lab",
        ),
        (
            "tag of a program",
            "lab: !!python/object/apply:os.system [ls]\n".to_owned(),
            "must be text",
        ),
        (
            "wide characters",
            format!("lab: {}\n", "字".repeat(60_000)),
            "not a lab's name",
        ),
        (
            "combining characters",
            format!("lab: a{}\n", "\u{301}".repeat(60_000)),
            "not a lab's name",
        ),
        (
            "keys of combining characters",
            times(500, |i| format!("e{}{i}: 1\n", "\u{301}".repeat(200))),
            "503 problems",
        ),
        (
            "turned text",
            "lab: a\u{202e}b\n".to_owned(),
            "U+202E does not belong",
        ),
        (
            "turned text as escape",
            "lab: \"a\\u202eb\"\n".to_owned(),
            "`a\u{fffd}b` is not a lab's name",
        ),
        ("NUL", "lab: a\0b\n".to_owned(), "U+0000 does not belong"),
        (
            "escape",
            "lab: \u{1b}[2J\n".to_owned(),
            "U+001B does not belong",
        ),
        ("half a pair", "lab: \"\\ud800\"\n".to_owned(), "not YAML"),
        (
            "beyond Unicode",
            "lab: \"\\UFFFFFFFF\"\n".to_owned(),
            "not YAML",
        ),
        (
            "CRLF",
            "lab: A\r\nregion: x\r\n".to_owned(),
            "`x` is not an AWS region",
        ),
        (
            "CR",
            "lab: A\rregion: x\r".to_owned(),
            "`x` is not an AWS region",
        ),
        (
            "mark",
            "\u{feff}lab: A\n".to_owned(),
            "`A` is not a lab's name",
        ),
        ("tabs", "lab: a\n\tregion: x\n".to_owned(), "not with tabs"),
    ];
    let mut all: Vec<_> = texts
        .into_iter()
        .map(|(name, text, said)| (name, text.into_bytes(), said))
        .collect();
    let mut program = std::fs::read(env!("CARGO_BIN_EXE_labctl")).expect("the program");
    program.truncate(200_000);
    let utf16 = LAB.encode_utf16().flat_map(u16::to_le_bytes);
    all.extend([
        ("Latin-1", b"lab: caf\xe9\n".to_vec(), "not UTF-8"),
        (
            "half a character",
            b"lab: a\xf0\x9f\x98".to_vec(),
            "not UTF-8",
        ),
        (
            "UTF-16",
            [0xff, 0xfe].into_iter().chain(utf16).collect(),
            "not UTF-8",
        ),
        ("zeros", vec![0; 200_000], "U+0000 does not belong"),
        ("a program", program, "not UTF-8"),
    ]);
    all
}
