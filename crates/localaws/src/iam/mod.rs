use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    app::App,
    call::{Answer, Call},
};

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {}

pub(crate) async fn handle(_app: &Arc<App>, call: &Call) -> Answer {
    Err(call.not_served())
}
