//! What a call may still do after its sender is gone: AWS finishes what it has begun.

use std::time::Duration;

use serde_json::Value;

use crate::{Driver, Fault, Found};

/// How long what a cut-off call makes may take to show. Chosen, not documented: the slowest of these creates
/// takes AWS about a second.
const LATE: Duration = Duration::from_secs(5);

/// Looks for what a call of unknown outcome may have made, until it shows or long enough.
pub(crate) async fn find<D: Driver>(
    driver: &D,
    kind: D::Kind,
    key: &Value,
) -> Result<Found<Value>, Fault> {
    let what = "AWS to finish a call that was cut off";
    let found = driver.poll(what, LATE, || async {
        Ok(match driver.find(kind, key).await? {
            Found::Absent => None,
            found => Some(found),
        })
    });
    Ok(found.await?.unwrap_or(Found::Absent))
}
