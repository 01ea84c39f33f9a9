//! Certificates that are there without having been asked for, as tests and users of the twin set them
//! (`/_local/acm`): a twin is not found in the public DNS.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{certificate::Certificate, names::is_domain};
use crate::{app::App, faults::is_account, world::DEFAULT_ACCOUNT};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Setting {
    account: Option<String>,
    region: Option<String>,
    domain_names: Vec<String>,
}

/// Makes a certificate that is issued for these names.
///
/// # Errors
/// What is wrong with the body.
pub(crate) fn set(app: &App, body: &[u8]) -> Result<Value, String> {
    let setting: Setting = serde_json::from_slice(body).map_err(|e| e.to_string())?;
    let account = setting.account.as_deref().unwrap_or(DEFAULT_ACCOUNT);
    let region = setting.region.as_deref().unwrap_or("us-east-1");
    if !is_account(account) {
        return Err("account: must be 12 digits".to_owned());
    }
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if region.is_empty() || !region.chars().all(plain) {
        return Err("region: must be a region's name, such as us-east-1".to_owned());
    }
    if setting.domain_names.is_empty() {
        return Err("domain_names: must name at least one domain".to_owned());
    }
    if let Some(bad) = setting.domain_names.iter().find(|name| !is_domain(name)) {
        return Err(format!("domain_names: '{bad}' is not a domain name"));
    }
    let mut made = Certificate::new(account, region, &setting.domain_names);
    made.issued = Some(made.created);
    let answer = json!({"account": account, "certificate_arn": made.arn});
    app.write(|world| {
        let state = &mut world.region(account, region).acm;
        state.certificates.insert(made.arn.clone(), made);
    });
    Ok(answer)
}
