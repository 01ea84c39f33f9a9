//! Which web ACL protects a stage of API Gateway; it is kept with the stage. Distributions name theirs themselves.

use serde::Deserialize;
use serde_json::json;

use super::{
    acl::{Scope, WebAcl},
    acls, fault,
};
use crate::{
    app::App,
    call::{Answer, ApiError, Call, empty},
};

/// What AWS protects, too.
const OTHERS: [&str; 6] = [
    "elasticloadbalancing",
    "appsync",
    "cognito-idp",
    "apprunner",
    "ec2",
    "amplify",
];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    #[serde(rename = "WebACLArn")]
    acl: Option<String>,
    resource_arn: String,
}

impl Input {
    /// API and stage, of the caller's region.
    fn stage(&self, call: &Call) -> Result<(&str, &str), ApiError> {
        let arn = &self.resource_arn;
        let within = format!("arn:aws:apigateway:{}::/restapis/", call.region);
        let rest = arn.strip_prefix(&within);
        if let Some(place) = rest.and_then(|rest| rest.split_once("/stages/")) {
            return Ok(place);
        }
        let kind = arn.split(':').nth(2).unwrap_or_default();
        if OTHERS.contains(&kind) {
            let what = format!("web ACLs of {kind}, only of API Gateway's stages");
            return Err(fault::not_served(&what));
        }
        Err(fault::invalid_arn(arn))
    }
}

pub(super) fn associate(app: &App, call: &Call) -> Answer {
    let input: Input = call.input()?;
    let (api, stage) = input.stage(call)?;
    let wanted = input.acl.clone().unwrap_or_default();
    app.write(|world| {
        let region = world.region(&call.account, &call.region);
        let is_wanted = |acl: &&WebAcl| acl.arn(&call.account, &call.region) == wanted;
        let acl = region.wafv2.acls.values().find(is_wanted);
        let acl = acl.ok_or_else(fault::absent)?;
        if acl.scope == Scope::CloudFront {
            return Err(fault::invalid_arn(&wanted));
        }
        if region.apigateway.set_web_acl(api, stage, Some(wanted)) {
            empty()
        } else {
            Err(fault::absent())
        }
    })
}

/// Unsure of a stage that has none: nothing happens here.
pub(super) fn disassociate(app: &App, call: &Call) -> Answer {
    let input: Input = call.input()?;
    let (api, stage) = input.stage(call)?;
    app.write(|world| {
        let region = world.region(&call.account, &call.region);
        if region.apigateway.set_web_acl(api, stage, None) {
            empty()
        } else {
            Err(fault::absent())
        }
    })
}

/// Without an ACL the answer is empty.
pub(super) fn get(app: &App, call: &Call) -> Answer {
    let input: Input = call.input()?;
    let (api, stage) = input.stage(call)?;
    app.read(|world| {
        let region = acls::region(world, call).ok_or_else(fault::absent)?;
        let arn = region
            .apigateway
            .web_acl(api, stage)
            .ok_or_else(fault::absent)?;
        let mut all = region.wafv2.acls.values();
        let found = all.find(|acl| acl.arn(&call.account, &call.region) == arn);
        Ok(match found {
            Some(acl) => json!({ "WebACL": acl.shown(&call.account, &call.region) }),
            None => json!({}),
        })
    })
}
