//! How long deployments take and where viewers are, as tests and users of the twin set it (`/_local/cloudfront`).

use serde::Deserialize;
use serde_json::{Value, json};

use super::State;
use crate::{app::App, faults::is_account};

/// An hour, in seconds.
const LONGEST: f64 = 3600.0;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Setting {
    account: Option<String>,
    deploy_seconds: Option<f64>,
    /// Empty: nobody knows.
    viewer_country: Option<String>,
}

/// Sets what is said for one account, or for all that have none of their own; deployments under way follow it.
///
/// # Errors
/// What is wrong with the body.
pub(crate) fn set(app: &App, body: &[u8]) -> Result<Value, String> {
    let setting: Setting = serde_json::from_slice(body).map_err(|e| e.to_string())?;
    let Setting {
        account,
        deploy_seconds,
        viewer_country,
    } = &setting;
    if deploy_seconds.is_none() && viewer_country.is_none() {
        return Err("deploy_seconds or viewer_country: one of them is needed".to_owned());
    }
    if account
        .as_deref()
        .is_some_and(|account| !is_account(account))
    {
        return Err("account: must be 12 digits".to_owned());
    }
    if deploy_seconds.is_some_and(|seconds| !(0.0..=LONGEST).contains(&seconds)) {
        return Err(format!(
            "deploy_seconds: must be from 0 to {LONGEST} seconds"
        ));
    }
    let code = |text: &str| text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase());
    if viewer_country
        .as_deref()
        .is_some_and(|text| !text.is_empty() && !code(text))
    {
        return Err(
            "viewer_country: must be two capital letters, or empty for a country that nobody knows"
                .to_owned(),
        );
    }
    if let Some(country) = viewer_country {
        match account {
            Some(account) => app.write(|world| {
                world.account(account).cloudfront.viewer_country = Some(country.clone());
            }),
            None => app.edge.set_viewer_country(country.clone()),
        }
    }
    if let Some(seconds) = deploy_seconds {
        #[expect(clippy::cast_possible_truncation, reason = "an hour at most")]
        deploy_in(app, account.as_deref(), (seconds * 1000.0) as i64);
    }
    let mut answer = json!({ "account": account });
    if let Some(seconds) = deploy_seconds {
        answer["deploy_seconds"] = json!(seconds);
    }
    if let Some(country) = viewer_country {
        answer["viewer_country"] = json!(country);
    }
    Ok(answer)
}

fn deploy_in(app: &App, account: Option<&str>, ms: i64) {
    app.write(|world| {
        let deploy_in = |state: &mut State| {
            let all = state.distributions.values_mut();
            all.for_each(|distribution| distribution.deploy_in(ms));
        };
        if let Some(account) = account {
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
}

/// What accounts have that have none of their own.
pub(crate) fn show(app: &App) -> Value {
    let nobody = State::default();
    #[expect(clippy::cast_precision_loss, reason = "an hour at most")]
    let seconds = app.edge.deploy(&nobody) as f64 / 1000.0;
    json!({"deploy_seconds": seconds, "viewer_country": app.edge.viewer_country(&nobody)})
}
