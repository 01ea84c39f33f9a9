//! Invalidations: what the edges are to forget.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    check::quantities,
    distributions::{of, of_mut},
    fault::{fault, invalid_argument},
};
use crate::{
    app::{App, now_ms},
    call::{Answer, Call},
    ids,
};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Invalidation {
    id: String,
    /// `InvalidationBatch` of the model.
    batch: Value,
    /// Milliseconds since the epoch.
    created: i64,
    completed: i64,
}

impl Invalidation {
    pub(super) fn is_completed(&self) -> bool {
        self.completed <= now_ms()
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "milliseconds of this age fit a double exactly"
    )]
    fn shown(&self) -> Value {
        json!({
            "Id": self.id,
            "Status": if self.is_completed() { "Completed" } else { "InProgress" },
            "CreateTime": self.created as f64 / 1000.0,
            "InvalidationBatch": self.batch,
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Create {
    distribution_id: String,
    invalidation_batch: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Get {
    distribution_id: String,
    id: String,
}

/// What is cached goes at once, though the invalidation takes as long as a deployment.
pub(super) fn create(app: &App, call: &Call) -> Answer {
    let input: Create = call.input()?;
    let batch = input.invalidation_batch;
    quantities("InvalidationBatch", &batch)?;
    let paths: Vec<String> = batch["Paths"]["Items"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|path| path.as_str().map(str::to_owned))
        .collect();
    let valid = |path: &String| {
        path.starts_with('/') && path.find('*').is_none_or(|star| star + 1 == path.len())
    };
    if paths.is_empty() || !paths.iter().all(valid) {
        return Err(invalid_argument(
            "Your request contains one or more invalid invalidation paths.",
        ));
    }
    app.write(|world| {
        let state = &mut world.account(&call.account).cloudfront;
        let takes = app.edge.deploy(state);
        let it = of_mut(state, &input.distribution_id)?;
        let reference = &batch["CallerReference"];
        let known = it
            .invalidations
            .values()
            .find(|other| other.batch["CallerReference"] == *reference);
        let made = match known {
            Some(known) if known.batch == batch => known.clone(),
            // Unsure of the text.
            Some(_) => {
                return Err(invalid_argument(
                    "Your caller reference is associated with another invalidation.",
                ));
            }
            None => {
                let now = now_ms();
                Invalidation {
                    id: format!("I{}", ids::upper(13)),
                    batch,
                    created: now,
                    completed: now + takes,
                }
            }
        };
        app.edge.forget(&it.id, &paths);
        let location = format!(
            "https://cloudfront.amazonaws.com/2020-05-31/distribution/{}/invalidation/{}",
            it.id, made.id
        );
        let answer = json!({"Invalidation": made.shown(), "Location": location});
        it.invalidations.insert(made.id.clone(), made);
        Ok(answer)
    })
}

pub(super) fn get(app: &App, call: &Call) -> Answer {
    let input: Get = call.input()?;
    app.read(|world| {
        let it = of(world, &call.account, &input.distribution_id)?;
        let absent = || {
            let message = "The specified invalidation does not exist.";
            fault(404, "NoSuchInvalidation", message)
        };
        let found = it.invalidations.get(&input.id).ok_or_else(absent)?;
        Ok(json!({ "Invalidation": found.shown() }))
    })
}
