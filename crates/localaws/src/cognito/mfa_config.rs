//! A pool's MFA: `SetUserPoolMfaConfig` and `GetUserPoolMfaConfig`.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    fault,
    place::Place,
    pool::{Mfa, Pool},
};
use crate::{
    app::{App, now_s},
    call::{Answer, Call},
};

/// What `MfaConfiguration` of the pool's settings does not say.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct MfaConfig {
    /// Whether code generators are allowed.
    pub(super) software_token: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    user_pool_id: String,
    mfa_configuration: Option<Mfa>,
    software_token_mfa_configuration: Option<SoftwareTokenConfig>,
    sms_mfa_configuration: Option<Value>,
    email_mfa_configuration: Option<Value>,
    web_authn_configuration: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SoftwareTokenConfig {
    #[serde(default)]
    enabled: bool,
}

fn described(pool: &Pool) -> Value {
    let mut shown = json!({ "MfaConfiguration": pool.settings.mfa_configuration });
    if pool.mfa.software_token {
        shown["SoftwareTokenMfaConfiguration"] = json!({ "Enabled": true });
    }
    shown
}

/// Whether what is left out is switched off or kept is not documented; here it is kept.
pub(super) fn set(app: &App, call: &Call) -> Answer {
    let input: Input = call.input()?;
    fault::not_served_if(input.sms_mfa_configuration.is_some(), "MFA by SMS")?;
    fault::not_served_if(input.email_mfa_configuration.is_some(), "MFA by e-mail")?;
    fault::not_served_if(input.web_authn_configuration.is_some(), "WebAuthn")?;
    let place = Place::of_call(call, &input.user_pool_id);
    app.write(|world| {
        let pool = place.get_mut(world)?;
        let mfa = input
            .mfa_configuration
            .unwrap_or(pool.settings.mfa_configuration);
        let software_token = input
            .software_token_mfa_configuration
            .map_or(pool.mfa.software_token, |config| config.enabled);
        pool.settings.check_mfa(mfa)?;
        if mfa != Mfa::Off && !software_token {
            return Err(fault::invalid_parameter(
                "Invalid MFA configuration given, can't turn on MFA without configuring an MFA method",
            ));
        }
        pool.settings.mfa_configuration = mfa;
        pool.mfa.software_token = software_token;
        pool.modified = now_s();
        Ok(described(pool))
    })
}

pub(super) fn get(app: &App, call: &Call) -> Answer {
    let input: Input = call.input()?;
    let place = Place::of_call(call, &input.user_pool_id);
    app.read(|world| Ok(described(place.get(world)?)))
}
