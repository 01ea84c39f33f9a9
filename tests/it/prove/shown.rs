//! Lines, bars and quiet tell what the file keeps.

use std::fs;

use serde_json::Value;

use super::tools::{FOLDER, OURS};
use crate::{
    harness::{Said, Site},
    twin,
};

#[test]
fn lines_bars_and_quiet_tell_what_the_file_keeps() {
    let labctl = env!("CARGO_BIN_EXE_labctl");
    for planted in [false, true] {
        let site = Site::tutorial();
        let shown = |line: &str, bars: bool| {
            site.ok("up --local");
            let code = if planted { 6 } else { 0 };
            let said = if bars {
                let mut script = site.program("script");
                let line = format!("stty cols 300; {labctl} {line}");
                Said::of(
                    script
                        .args(["-qec", &line, "/dev/null"])
                        .env("TERM", "xterm"),
                )
            } else {
                site.labctl(line)
            };
            let out = console::strip_ansi_codes(&said.code(code).out).into_owned();
            let mut files: Vec<_> = fs::read_dir(site.path(FOLDER))
                .expect("a folder")
                .flatten()
                .map(|f| f.path())
                .collect();
            files.sort();
            let file = files.pop().expect("a receipt");
            let receipt: Value =
                serde_json::from_str(&fs::read_to_string(&file).expect("a file")).expect("JSON");
            (out, receipt, file)
        };
        site.ok("local start");
        if planted {
            twin::role(&site.endpoint(), "planted", &[OURS]);
        }
        for bars in [false, true] {
            let (out, receipt, file) = shown("down --prove --grace 0", bars);
            let name = file
                .file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            let mut words = vec![
                format!("Kept in .labctl/cognito-authorizer/{name}"),
                format!("Survivors: {}", usize::from(planted)),
                "Deleted: 15".to_owned(),
                receipt["caller"].as_str().expect("a caller").to_owned(),
            ];
            for (list, members) in [
                ("deleted", ["name", "physical_id"]),
                ("looked_for", ["operation", "filter"]),
                ("survivors", ["reason", "command"]),
            ] {
                for item in receipt[list].as_array().expect("a list") {
                    words.extend(members.map(|m| item[m].as_str().expect("a text").to_owned()));
                }
            }
            // An ARN is not printed beside the name that it contains; the file has it.
            words.retain(|word| !word.starts_with("arn:") || word.ends_with(":root"));
            for word in words {
                assert!(out.contains(&word), "{word} in:\n{out}");
            }
        }
        let (out, receipt, _) = shown("down --prove --grace 0 --quiet", false);
        if planted {
            let command = receipt["survivors"][0]["command"]
                .as_str()
                .expect("a command");
            assert!(out.contains(command), "{out}");
        } else {
            assert_eq!(out, "");
        }
    }
}
