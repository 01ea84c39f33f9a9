//! What a call may still do after its sender is gone: AWS finishes what it has begun.

use std::time::Duration;

use serde_json::Value;

use super::resource::Found;
use crate::{
    aws::{Cx, Fault},
    resource::Kind,
};

/// How long what a cut-off call makes may take to show. Chosen, not documented: the slowest of these creates
/// takes AWS about a second.
const LATE: Duration = Duration::from_secs(5);

/// Looks for what a call of unknown outcome may have made, until it shows or long enough.
pub(super) async fn find(cx: &Cx, kind: Kind, key: &Value) -> Result<Found<Value>, Fault> {
    let what = "AWS to finish a call that was cut off";
    let found = cx.poll(what, LATE, || async {
        Ok(match kind.find(cx, key).await? {
            Found::Absent => None,
            found => Some(found),
        })
    });
    Ok(found.await?.unwrap_or(Found::Absent))
}
