use std::sync::Arc;

use crate::{
    app::App,
    call::{Answer, Call},
};

pub(crate) async fn handle(_app: &Arc<App>, call: &Call) -> Answer {
    Err(call.not_served())
}
