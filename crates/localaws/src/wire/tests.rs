//! What the models allow, no service answers with an error of ours.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{collections::BTreeSet, sync::Arc};

use serde_json::{Map, Value, json};

use super::{
    check, dispatch,
    model::{Kind, Model, Ref, SERVICES, Shape},
};
use crate::{
    app::{App, Config},
    call::{Call, Service},
    ids,
    world::World,
};

/// Texts of which one fits each pattern of the models.
const TEXTS: [&str; 19] = [
    "a",
    "1",
    "v1",
    "200",
    "123456",
    "us-east-1_abcdefghi",
    "/",
    "12345678-1234-1234-1234-123456789012",
    "arn:aws:iam::111122223333:role/r",
    "arn:aws:lambda:us-east-1:111122223333:function:f",
    "arn:aws:cognito-idp:us-east-1:111122223333:userpool/us-east-1_abcdefghi",
    "arn:aws:cloudfront::111122223333:distribution/E",
    "us-east-1:12345678-1234-1234-1234-123456789012",
    "authenticated",
    "lambda:InvokeFunction",
    "arn:aws:s3:::b",
    "arn:aws:acm:us-east-1:111122223333:certificate/c",
    "apigateway.amazonaws.com",
    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz",
];

/// An input with every member that has a value, numbers as near to `number` as their limits allow.
fn sample(model: &Model, of: &Ref, number: f64, depth: u8) -> Option<Value> {
    let shape = model.shape(&of.shape);
    let element = |of: &Ref| sample(model, of, number, depth.checked_sub(1)?);
    Some(match shape.kind {
        Kind::Structure => {
            let members = shape.members.iter();
            let members: Map<_, _> = members
                .filter_map(|(name, of)| Some((name.clone(), element(of)?)))
                .collect();
            let whole = shape.required.iter().all(|name| members.contains_key(name));
            whole.then_some(Value::Object(members))?
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "small"
        )]
        Kind::List => {
            let length = shape.min.unwrap_or(1.0).max(1.0) as usize;
            vec![element(shape.element()?)?; length].into()
        }
        Kind::Map => {
            let key = element(shape.key.as_ref()?)?;
            // Of one entry, or none where that is too few.
            shape.min.is_none_or(|min| min <= 1.0).then_some(())?;
            json!({ key.as_str()?: element(shape.element()?)? })
        }
        Kind::String => text(shape)?,
        Kind::Boolean => json!(false),
        Kind::Blob => json!("AAAA"),
        Kind::Timestamp | Kind::Double => json!(within(shape, number)),
        #[expect(clippy::cast_possible_truncation, reason = "a whole number")]
        Kind::Integer | Kind::Long => json!(within(shape, number) as i64),
    })
}

fn within(shape: &Shape, number: f64) -> f64 {
    let least = shape.min.unwrap_or(f64::MIN);
    number.clamp(least, shape.max.unwrap_or(f64::MAX))
}

fn text(shape: &Shape) -> Option<Value> {
    if let Some(first) = shape.values.first() {
        return Some(Value::from(first.as_str()));
    }
    #[expect(clippy::cast_precision_loss, reason = "small")]
    let fits = |text: &&str| {
        shape.pattern.as_ref().is_none_or(|p| p.matches(text))
            && shape.min.is_none_or(|min| text.len() as f64 >= min)
            && shape.max.is_none_or(|max| text.len() as f64 <= max)
    };
    TEXTS.into_iter().find(fits).map(Value::from)
}

/// Inputs of what is required, each with one more member.
fn inputs(model: &Model, of: Option<&Ref>, number: f64) -> Vec<Value> {
    let whole = of.and_then(|of| sample(model, of, number, 8));
    let (Some(of), Some(Value::Object(members))) = (of, whole) else {
        return vec![json!({})];
    };
    let required = &model.shape(&of.shape).required;
    let with = |more: &String| {
        let kept = members
            .iter()
            .filter(|(name, _)| required.contains(name) || *name == more);
        Value::Object(kept.map(|(n, v)| (n.clone(), v.clone())).collect())
    };
    members.keys().map(with).collect()
}

/// What goes wrong, as `Operation: message`.
async fn failures(service: Service, number: f64) -> BTreeSet<String> {
    let model = Model::of(service);
    let mut failures = BTreeSet::new();
    for (name, operation) in &model.operations {
        for input in inputs(model, operation.input.as_ref(), number) {
            if let Some(of) = &operation.input
                && let Err(error) = check::check(service, model, of, &input)
            {
                failures.insert(format!("{name}: no sample: {}", error.message));
                continue;
            }
            let config = Config::at(std::env::temp_dir().join(format!("localaws-{}", ids::uuid())));
            let app = Arc::new(App::new(config, World::default()));
            let call = Call {
                service,
                operation: name.clone(),
                input,
                account: "111122223333".to_owned(),
                caller: None,
                region: "us-east-1".to_owned(),
                request_id: ids::uuid(),
            };
            if let Err(error) = dispatch(&app, &call).await
                && error.status == 500
            {
                failures.insert(format!("{name}: {}", error.message));
            }
            let _ = std::fs::remove_dir_all(&app.config.dir);
        }
    }
    failures
}

#[tokio::test]
async fn no_allowed_number_is_an_error_of_ours() {
    let mut all = BTreeSet::new();
    for service in SERVICES {
        for number in [-1.0, 0.0, f64::from(i32::MIN), f64::from(i32::MAX)] {
            all.extend(failures(service, number).await);
        }
    }
    assert_eq!(all, BTreeSet::new());
}
