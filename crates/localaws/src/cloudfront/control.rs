//! How long deployments take, as tests and users of the twin set it (`/_local/cloudfront`).

use serde::Deserialize;
use serde_json::{Value, json};

use super::State;
use crate::app::App;

/// An hour, in seconds.
const LONGEST: f64 = 3600.0;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Setting {
    account: Option<String>,
    deploy_seconds: f64,
}

/// Sets the time for one account, or for all that have none of their own; deployments under way follow it.
///
/// # Errors
/// What is wrong with the body.
pub(crate) fn set(app: &App, body: &[u8]) -> Result<Value, String> {
    let setting: Setting = serde_json::from_slice(body).map_err(|e| e.to_string())?;
    if !(0.0..=LONGEST).contains(&setting.deploy_seconds) {
        return Err(format!(
            "deploy_seconds: must be from 0 to {LONGEST} seconds"
        ));
    }
    #[expect(clippy::cast_possible_truncation, reason = "an hour at most")]
    let ms = (setting.deploy_seconds * 1000.0) as i64;
    app.write(|world| {
        let deploy_in = |state: &mut State| {
            let all = state.distributions.values_mut();
            all.for_each(|distribution| distribution.deploy_in(ms));
        };
        if let Some(account) = &setting.account {
            let state = &mut world.account(account).cloudfront;
            state.deploy = Some(ms);
            deploy_in(state);
        } else {
            app.edge.set_deploy(ms);
            let states = world.accounts.values_mut().map(|a| &mut a.cloudfront);
            states
                .filter(|state| state.deploy.is_none())
                .for_each(deploy_in);
        }
    });
    Ok(json!({"account": setting.account, "deploy_seconds": setting.deploy_seconds}))
}

/// The time for accounts that have none of their own.
pub(crate) fn show(app: &App) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "an hour at most")]
    let seconds = app.edge.deploy(&State::default()) as f64 / 1000.0;
    json!({ "deploy_seconds": seconds })
}
