//! What a config names outside of itself: its web ACL, its certificate, and domain names that nobody else has.

use super::{
    check::NO_CERTIFICATE,
    config::Config,
    distribution::{Distribution, items},
    fault::fault,
};
use crate::{
    acm::{self, Found},
    call::ApiError,
    wafv2,
    world::World,
};

/// Checks a config of an account. `own`: the distribution that it is for, if there is one already.
pub(super) fn check(
    world: &World,
    account: &str,
    own: Option<&str>,
    config: &Config,
) -> Result<(), ApiError> {
    let web_acl = &config.web_acl;
    if !web_acl.is_empty() && !wafv2::is_for_cloudfront(world, account, web_acl) {
        let message = "Web ACL is not accessible by the requester.";
        return Err(fault(400, "InvalidWebACLId", message));
    }
    let aliases = &config.aliases.items;
    let certificate = config.viewer_certificate.get("ACMCertificateArn");
    if let Some(arn) = certificate.and_then(serde_json::Value::as_str) {
        let invalid = |message| Err(fault(400, "InvalidViewerCertificate", message));
        match acm::for_distribution(world, account, arn, aliases) {
            Found::Nothing => return invalid(NO_CERTIFICATE),
            Found::Uncovered => {
                return invalid(
                    "The certificate that is attached to your distribution doesn't cover the alternate domain name \
                     (CNAME) that you're trying to add.",
                );
            }
            Found::Covering => {}
        }
    }
    // Everybody's, not only this account's.
    let others = world
        .accounts
        .values()
        .flat_map(|it| it.cloudfront.distributions.values());
    let mut others = others.filter(|other| Some(other.id.as_str()) != own);
    let has = |other: &Distribution| {
        items(&other.config["Aliases"]).any(|alias| {
            let alias = alias.as_str().unwrap_or_default();
            aliases.iter().any(|mine| mine.eq_ignore_ascii_case(alias))
        })
    };
    if others.any(has) {
        let message = "One or more of the CNAMEs you provided are already associated with a different resource.";
        return Err(fault(409, "CNAMEAlreadyExists", message));
    }
    Ok(())
}
