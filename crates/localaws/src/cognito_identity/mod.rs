use crate::{
    app::App,
    call::{Answer, Call},
};
use std::sync::Arc;
#[expect(clippy::unused_async, reason = "every service answers alike")]
pub(crate) async fn handle(_app: &Arc<App>, call: &Call) -> Answer {
    Err(call.not_served())
}
