//! Authorizers: user pools whose tokens are taken.

use serde::{Deserialize, Serialize};

use super::{
    api::{self, Api, Paging},
    fault,
    patch::{Op, PatchOperation},
};
use crate::{
    app::App,
    call::{Answer, ApiError, Call, answer, empty},
    ids,
};

const AUTHORIZERS: usize = 10;
const COGNITO: &str = "COGNITO_USER_POOLS";
const HEADER: &str = "method.request.header.";

/// `Authorizer` of the model.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "AWS's names")]
pub(super) struct Authorizer {
    pub(super) id: String,
    name: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(rename = "providerARNs")]
    pub(super) provider_arns: Vec<String>,
    auth_type: String,
    identity_source: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) identity_validation_expression: Option<String>,
    authorizer_result_ttl_in_seconds: i64,
}

impl Authorizer {
    /// The header with the token.
    pub(super) fn header(&self) -> &str {
        self.identity_source
            .strip_prefix(HEADER)
            .unwrap_or_default()
    }

    fn check(&self, api: &Api) -> Result<(), ApiError> {
        if self.kind != COGNITO {
            return Err(fault::not_served(&format!(
                "authorizers of type {}",
                self.kind
            )));
        }
        if self.name.is_empty() {
            return Err(fault::bad_request("Authorizer name cannot be empty"));
        }
        if self.provider_arns.is_empty() {
            return Err(fault::bad_request(
                "Invalid Authorizer: providerARNs is required for authorizers of type COGNITO_USER_POOLS",
            ));
        }
        if let Some(arn) = self.provider_arns.iter().find(|arn| !is_pool_arn(arn)) {
            return Err(fault::bad_request(format!(
                "Invalid Cognito User Pool ARN: {arn}"
            )));
        }
        let name = |text: &str| {
            !text.is_empty()
                && text
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
        };
        if !self.identity_source.strip_prefix(HEADER).is_some_and(name) {
            return Err(fault::bad_request(format!(
                "Invalid mapping expression specified: {}. A COGNITO_USER_POOLS authorizer takes its token from {HEADER}…",
                self.identity_source
            )));
        }
        if let Some(expression) = &self.identity_validation_expression {
            regex::Regex::new(expression).map_err(|_| {
                fault::bad_request("Invalid identity validation expression specified")
            })?;
        }
        if !(0..=3600).contains(&self.authorizer_result_ttl_in_seconds) {
            return Err(fault::bad_request(
                "Authorizer result TTL should be between 0 and 3600 seconds",
            ));
        }
        let taken = |other: &&Self| other.name == self.name && other.id != self.id;
        if api.authorizers.values().find(taken).is_some() {
            return Err(fault::bad_request(format!(
                "Authorizer name must be unique. Authorizer {} already exists in this RestApi.",
                self.name
            )));
        }
        Ok(())
    }

    fn patch(&mut self, patch: &PatchOperation) -> Result<(), ApiError> {
        const CAN: [&str; 6] = [
            "/name",
            "/providerARNs",
            "/authType",
            "/identitySource",
            "/identityValidationExpression",
            "/authorizerResultTtlInSeconds",
        ];
        match (patch.op, patch.path.as_str()) {
            (Some(Op::Add), "/providerARNs") => {
                let arn = patch.text()?;
                if !self.provider_arns.iter().any(|known| known == arn) {
                    self.provider_arns.push(arn.to_owned());
                }
            }
            (Some(Op::Remove), "/providerARNs") => {
                let arn = patch.text()?;
                self.provider_arns.retain(|known| known != arn);
            }
            (Some(Op::Replace), at) => match at {
                "/name" => patch.text()?.clone_into(&mut self.name),
                "/authType" => patch.text()?.clone_into(&mut self.auth_type),
                "/type" => patch.text()?.clone_into(&mut self.kind),
                "/identitySource" => patch.text()?.clone_into(&mut self.identity_source),
                "/identityValidationExpression" => {
                    self.identity_validation_expression = patch.optional();
                }
                "/authorizerResultTtlInSeconds" => {
                    self.authorizer_result_ttl_in_seconds = patch.number()?;
                }
                _ => return Err(patch.refused(&CAN)),
            },
            _ => return Err(patch.refused(&CAN)),
        }
        Ok(())
    }
}

/// `arn:aws:cognito-idp:{region}:{account}:userpool/{region}_{id}`; whether it exists shows when it is used.
fn is_pool_arn(arn: &str) -> bool {
    let parts = arn
        .strip_prefix("arn:aws:cognito-idp:")
        .map(|rest| rest.split(':').collect::<Vec<_>>());
    let Some([region, account, pool]) = parts.as_deref() else {
        return false;
    };
    let id = pool
        .strip_prefix("userpool/")
        .and_then(|id| id.strip_prefix(region)?.strip_prefix('_'));
    !region.is_empty()
        && account.len() == 12
        && account.bytes().all(|b| b.is_ascii_digit())
        && id.is_some_and(|id| !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric()))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateInput {
    rest_api_id: String,
    name: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default, rename = "providerARNs")]
    provider_arns: Vec<String>,
    auth_type: Option<String>,
    identity_source: Option<String>,
    identity_validation_expression: Option<String>,
    authorizer_result_ttl_in_seconds: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct IdInput {
    rest_api_id: String,
    authorizer_id: String,
    #[serde(default)]
    patch_operations: Vec<PatchOperation>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListInput {
    rest_api_id: String,
    #[serde(flatten)]
    paging: Paging,
}

pub(super) fn create(app: &App, call: &Call) -> Answer {
    let input: CreateInput = call.input()?;
    let authorizer = Authorizer {
        id: ids::lower(6),
        name: input.name,
        kind: input.kind,
        provider_arns: input.provider_arns,
        auth_type: input.auth_type.unwrap_or("cognito_user_pools".to_owned()),
        identity_source: input
            .identity_source
            .unwrap_or(format!("{HEADER}Authorization")),
        identity_validation_expression: input
            .identity_validation_expression
            .filter(|e| !e.is_empty()),
        authorizer_result_ttl_in_seconds: input.authorizer_result_ttl_in_seconds.unwrap_or(300),
    };
    api::change(app, call, &input.rest_api_id, |api| {
        authorizer.check(api)?;
        if api.authorizers.len() >= AUTHORIZERS {
            return Err(fault::limit("Authorizers"));
        }
        let shown = answer(&authorizer)?;
        api.authorizers.insert(authorizer.id.clone(), authorizer);
        Ok(shown)
    })
}

pub(super) fn get(app: &App, call: &Call) -> Answer {
    let input: IdInput = call.input()?;
    api::read(app, call, &input.rest_api_id, |api| {
        answer(api.authorizer(&input.authorizer_id)?)
    })
}

pub(super) fn list(app: &App, call: &Call) -> Answer {
    let input: ListInput = call.input()?;
    api::read(app, call, &input.rest_api_id, |api| {
        answer(
            input
                .paging
                .list(api.authorizers.values(), |a| a.id.clone())?,
        )
    })
}

pub(super) fn update(app: &App, call: &Call) -> Answer {
    let input: IdInput = call.input()?;
    api::change(app, call, &input.rest_api_id, |api| {
        let mut authorizer = api.authorizer(&input.authorizer_id)?.clone();
        for patch in &input.patch_operations {
            authorizer.patch(patch)?;
        }
        authorizer.check(api)?;
        let shown = answer(&authorizer)?;
        api.authorizers.insert(input.authorizer_id, authorizer);
        Ok(shown)
    })
}

pub(super) fn delete(app: &App, call: &Call) -> Answer {
    let input: IdInput = call.input()?;
    api::change(app, call, &input.rest_api_id, |api| {
        let authorizer = api.authorizer(&input.authorizer_id)?;
        for resource in api.resources.values() {
            let uses =
                |m: &&super::method::Method| m.authorizer_id.as_ref() == Some(&authorizer.id);
            if let Some(method) = resource.methods.values().find(uses) {
                return Err(fault::conflict(format!(
                    "Cannot delete authorizer '{}', is referenced in method: {}/{}",
                    authorizer.name, method.http_method, resource.path
                )));
            }
        }
        api.authorizers.remove(&input.authorizer_id);
        empty()
    })
}
