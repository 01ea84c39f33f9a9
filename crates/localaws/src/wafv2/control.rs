//! The quota of web ACLs, as tests and users of the twin set it (`/_local/wafv2`).

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{app::App, faults::is_account, world::World};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Setting {
    account: Option<String>,
    web_acls: usize,
}

/// Sets the quota of one account, or of all that have none of their own. Web ACLs that there are stay.
///
/// # Errors
/// What is wrong with the body.
pub(crate) fn set(app: &App, body: &[u8]) -> Result<Value, String> {
    let setting: Setting = serde_json::from_slice(body).map_err(|e| e.to_string())?;
    match &setting.account {
        Some(account) if !is_account(account) => {
            return Err("account: must be 12 digits".to_owned());
        }
        Some(account) => {
            app.write(|world| world.account(account).web_acls = Some(setting.web_acls));
        }
        None => app.waf.set_web_acls(setting.web_acls),
    }
    Ok(json!({"account": setting.account, "web_acls": setting.web_acls}))
}

/// The quota of accounts that have none of their own.
pub(crate) fn show(app: &App) -> Value {
    json!({ "web_acls": app.waf.web_acls(&World::default(), "") })
}
