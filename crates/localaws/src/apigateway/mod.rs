//! API Gateway (REST, v1): control plane, snapshot deployments, and the data plane that serves them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    app::App,
    call::{Answer, Call},
    server::{Request, Response},
};

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct State {}

pub(crate) async fn handle(_app: &Arc<App>, call: &Call) -> Answer {
    Err(call.not_served())
}

/// Serves an invoke URL: `/_api/{api}/{stage}/{path}` on any host, or by Host
/// (`{api}.execute-api.…`, path `/{stage}/{path}`). `None`: the request is not for the data plane.
pub(crate) async fn data_plane(_app: &Arc<App>, _request: &Request) -> Option<Response> {
    None
}

impl State {
    // stub until merge
    pub(crate) fn tagged(&self, _account: &str, _region: &str) -> Vec<(String, std::collections::BTreeMap<String, String>)> {
        Vec::new()
    }
}
