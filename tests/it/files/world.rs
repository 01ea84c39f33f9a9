//! The twin's own file, prepared by somebody else.

use std::fs;

use serde_json::{Value, json};

use super::{Victim, WORLD};
use crate::harness::Site;

/// The function's record in the twin's file.
fn function(world: &mut Value) -> &mut Value {
    let region = &mut world["accounts"]["000000000000"]["regions"]["us-east-1"];
    let functions = region["lambda"]["functions"].as_object_mut();
    functions
        .and_then(|all| all.values_mut().next())
        .expect("a function")
}

/// `function.id` and `code.id` name folders that are deleted.
#[test]
fn an_id_that_is_a_path_is_refused_and_nothing_is_deleted() {
    let site = Site::tutorial();
    site.ok("up --local");
    site.ok("local stop");
    let victim = Victim::beside(&site);
    let good: Value = serde_json::from_str(&site.read(WORLD)).expect("JSON");
    let absolute = victim.folder.display().to_string();
    let bads = [
        json!("../../../../victim"),
        json!(absolute),
        json!(".."),
        json!("."),
        json!(""),
        json!("https://evil.example/x"),
        json!("\u{1b}]0;PWNED\u{7}"),
        json!("a".repeat(10_000_000)),
        json!(7),
        json!(null),
    ];
    for (n, bad) in bads.iter().enumerate() {
        for field in ["id", "code.id"] {
            let mut world = good.clone();
            let record = function(&mut world);
            match field {
                "id" => record["id"] = bad.clone(),
                _ => record["code"]["id"] = bad.clone(),
            }
            let bytes = world.to_string().into_bytes();
            site.write(WORLD, &bytes);
            let line = ["local start", "up --local"][n % 2];
            let said = site.labctl(line);
            assert_eq!(said.code, 1, "{line}: {said:?}");
            assert!(said.err.len() < 2000, "{} bytes", said.err.len());
            let unruly = |c: char| c.is_control() && c != '\n';
            assert!(!said.err.contains(unruly), "{:?}", said.err);
            let _ = said.complains(&["world.json", field, "nothing was changed", "`mv "]);
            site.labctl("down").code(1);
            assert!(
                fs::read(site.path(WORLD)).expect("a file") == bytes,
                "it stays"
            );
            victim.is_unharmed(line);
        }
    }
    let names = fs::read_dir(site.path(".labctl/local"))
        .expect("a folder")
        .flatten();
    let aside = names.filter(|e| e.file_name().to_string_lossy().starts_with("world.json."));
    assert_eq!(aside.count(), 0, "nothing is moved");
    site.write(WORLD, good.to_string());
    site.ok("local start");
    site.ok("verify");
    site.ok("down");
    victim.is_unharmed("down");
}
