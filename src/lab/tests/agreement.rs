//! The schema that editors use is current, and says what the loader does.

use std::{error::Error, path::Path};

use serde_json::{Value, json};

use super::{HERE, assert_snapshot};
use crate::lab::{parse, schema};

#[test]
fn the_checked_in_schema_is_current() -> std::io::Result<()> {
    assert_snapshot(Path::new("schema/lab.schema.json"), &schema())
}

/// A good lab with every key, to be changed in one place at a time.
struct Whole(Value);

impl Whole {
    fn accepts(&self, pointer: &str, change: impl FnOnce(&mut Value)) -> bool {
        let mut changed = self.0.clone();
        change(changed.pointer_mut(pointer).unwrap_or(&mut Value::Null));
        // JSON is YAML.
        parse(&changed.to_string(), &Path::new(HERE).join("good/lab.yaml")).is_ok()
    }

    /// Everything the schema says of the value at `pointer` holds for the loader.
    fn agrees(&self, schema: &Value, pointer: &str) {
        let value = self.0.pointer(pointer).unwrap_or(&Value::Null);
        assert!(!value.is_null(), "full.yaml has no {pointer}");
        // An authorizer of one type has no keys of another: see `entries`.
        let in_map = |key: &str| !value[key].is_null() || !is_entry(pointer);
        let wrong_type = if value.is_string() {
            json!([1])
        } else {
            json!("text")
        };
        assert!(
            !self.accepts(pointer, |v| *v = wrong_type),
            "{pointer}: another type"
        );
        if let Some(properties) = schema["properties"].as_object() {
            assert_eq!(schema["additionalProperties"], json!(false), "{pointer}");
            assert!(
                !self.accepts(pointer, |v| v["stranger"] = json!("x")),
                "{pointer}: unknown key"
            );
            for (key, property) in properties {
                assert!(
                    property["description"]
                        .as_str()
                        .is_some_and(|d| d.len() > 10),
                    "{pointer}/{key}: description"
                );
                if in_map(key) {
                    self.agrees(property, &format!("{pointer}/{}", key.replace('/', "~1")));
                }
            }
            for key in schema["required"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
            {
                let removed =
                    |v: &mut Value| drop(v.as_object_mut().and_then(|map| map.remove(key)));
                assert!(!self.accepts(pointer, removed), "{pointer}: without {key}");
            }
        } else if let (Some(values), Some(map)) =
            (schema.get("additionalProperties"), value.as_object())
        {
            assert!(schema["propertyNames"].is_object(), "{pointer}");
            for key in values["properties"]
                .as_object()
                .into_iter()
                .flat_map(|p| p.keys())
            {
                let there = map.values().any(|entry| !entry[key].is_null());
                assert!(there, "full.yaml has no {pointer}/…/{key}");
            }
            for key in map.keys() {
                self.agrees(values, &format!("{pointer}/{}", key.replace('/', "~1")));
            }
        }
        if let Some(items) = schema.get("items") {
            self.agrees(items, &format!("{pointer}/0"));
        }
        for (bound, beyond) in [("minimum", -1), ("maximum", 1)] {
            if let Some(bound) = schema[bound].as_i64() {
                assert!(
                    self.accepts(pointer, |v| *v = json!(bound)),
                    "{pointer}: {bound}"
                );
                assert!(
                    !self.accepts(pointer, |v| *v = json!(bound + beyond)),
                    "{pointer}: {}",
                    bound + beyond
                );
            }
        }
        if let Some(words) = schema["enum"].as_array() {
            assert!(words.contains(value), "{pointer}");
            for number in words.iter().filter(|word| word.is_i64()) {
                assert!(
                    self.accepts(pointer, |v| *v = number.clone()),
                    "{pointer}: {number}"
                );
            }
            assert!(
                !self.accepts(pointer, |v| *v = json!("stranger")),
                "{pointer}: unknown word"
            );
            assert!(
                !self.accepts(pointer, |v| *v = json!(2)),
                "{pointer}: unknown number"
            );
        }
        if schema.get("pattern").is_some() {
            assert!(
                !self.accepts(pointer, |v| *v = json!("")),
                "{pointer}: empty"
            );
            assert!(
                !self.accepts(pointer, |v| *v = json!("\u{1F600} \\")),
                "{pointer}: strange characters"
            );
        }
    }
}

/// Whether a place is an entry of a map with keys of the user's own.
fn is_entry(pointer: &str) -> bool {
    let maps = [
        "/functions",
        "/callers",
        "/user_pool/identity_providers",
        "/api/authorizers",
        "/api/routes",
    ];
    let parent = pointer.rsplit_once('/').map(|(parent, _)| parent);
    parent.is_some_and(|parent| maps.contains(&parent))
}

#[test]
fn the_schema_says_what_the_loader_does() -> Result<(), Box<dyn Error>> {
    let text = std::fs::read_to_string(Path::new(HERE).join("good/full.yaml"))?;
    let whole = Whole(serde_saphyr::from_str(&text)?);
    assert!(whole.accepts("", |_| ()), "full.yaml is good");
    let schema: Value = serde_json::from_str(&schema())?;
    whole.agrees(&without(&schema, &["edge"]), "");

    // AWS keys and an edge exclude each other.
    let keys = ["identity_pool", "callers"];
    let mut edge = without_entries(whole.0, &keys);
    if let Some(routes) = edge
        .pointer_mut("/api/routes")
        .and_then(Value::as_object_mut)
    {
        routes.retain(|_, route| route["authorizer"] != "iam");
    }
    edge["edge"] = json!({
        "comment": "d edge",
        "geo": ["AT"],
        "waf": { "rate_limit": 500 },
        "domain": {
            "name": "api.example.com",
            "certificate": "arn:aws:acm:us-east-1:111122223333:certificate/1",
            "zone": "Z1",
        },
    });
    let edge = Whole(edge);
    assert!(edge.accepts("", |_| ()), "the same with an edge is good");
    assert!(edge.accepts("/edge/waf", |v| *v = json!("rate-limit")));
    edge.agrees(&without(&schema, &keys), "");
    Ok(())
}

/// A schema without some of its properties.
fn without(schema: &Value, keys: &[&str]) -> Value {
    let mut schema = schema.clone();
    schema["properties"] = without_entries(schema["properties"].take(), keys);
    schema
}

fn without_entries(mut map: Value, keys: &[&str]) -> Value {
    if let Some(map) = map.as_object_mut() {
        map.retain(|key, _| !keys.contains(&key.as_str()));
    }
    map
}
