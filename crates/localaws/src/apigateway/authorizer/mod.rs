//! Authorizers: user pools whose tokens are taken, and functions that say who may call.

mod check;
mod source;

use serde::{Deserialize, Serialize};

pub(super) use self::source::Source;
use super::{
    api::{self, Paging},
    fault,
    patch::{Op, PatchOperation},
};
use crate::{
    app::App,
    call::{Answer, ApiError, Call, answer, empty},
    ids,
};

const AUTHORIZERS: usize = 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Kind {
    Token,
    Request,
    CognitoUserPools,
}

/// `Authorizer` of the model.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "AWS's names")]
pub(super) struct Authorizer {
    pub(super) id: String,
    name: String,
    #[serde(rename = "type")]
    pub(super) kind: Kind,
    #[serde(
        default,
        rename = "providerARNs",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub(super) provider_arns: Vec<String>,
    auth_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) authorizer_uri: Option<String>,
    /// The role that API Gateway invokes the function with; without it, the function has to let it in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) authorizer_credentials: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    identity_source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) identity_validation_expression: Option<String>,
    /// None for a user pool: AWS does not show it there, even when it was sent (recorded answers of
    /// `create-authorizer` and `get-authorizer`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    authorizer_result_ttl_in_seconds: Option<i64>,
}

/// How long results are kept when nobody says it, in seconds.
const TTL: i64 = 300;

impl Authorizer {
    /// How long results are kept, in seconds.
    pub(super) fn ttl(&self) -> i64 {
        self.authorizer_result_ttl_in_seconds.unwrap_or(TTL)
    }

    fn expressions(&self) -> impl Iterator<Item = &str> {
        let all = self.identity_source.as_deref().unwrap_or_default();
        all.split(',').map(str::trim).filter(|one| !one.is_empty())
    }

    pub(super) fn sources(&self) -> impl Iterator<Item = Source<'_>> {
        self.expressions().filter_map(Source::of)
    }

    /// The header with the token.
    pub(super) fn header(&self) -> &str {
        match self.sources().next() {
            Some(Source::Header(name)) => name,
            _ => "",
        }
    }

    fn forget_ttl(&mut self) {
        if self.kind == Kind::CognitoUserPools {
            self.authorizer_result_ttl_in_seconds = None;
        }
    }

    fn patch(&mut self, patch: &PatchOperation) -> Result<(), ApiError> {
        const CAN: [&str; 9] = [
            "/name",
            "/type",
            "/authorizerUri",
            "/authorizerCredentials",
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
                "/type" => self.kind = patch.variant()?,
                "/authorizerUri" => self.authorizer_uri = patch.optional(),
                "/authorizerCredentials" => self.authorizer_credentials = patch.optional(),
                "/identitySource" => self.identity_source = patch.optional(),
                "/identityValidationExpression" => {
                    self.identity_validation_expression = patch.optional();
                }
                "/authorizerResultTtlInSeconds" => {
                    self.authorizer_result_ttl_in_seconds = Some(patch.number()?);
                }
                _ => return Err(patch.refused(&CAN)),
            },
            _ => return Err(patch.refused(&CAN)),
        }
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateInput {
    rest_api_id: String,
    name: String,
    #[serde(rename = "type")]
    kind: Kind,
    #[serde(default, rename = "providerARNs")]
    provider_arns: Vec<String>,
    auth_type: Option<String>,
    authorizer_uri: Option<String>,
    authorizer_credentials: Option<String>,
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
    let pools = input.kind == Kind::CognitoUserPools;
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let auth_type = if pools {
        "cognito_user_pools"
    } else {
        "custom"
    };
    let header = || pools.then(|| "method.request.header.Authorization".to_owned());
    let mut authorizer = Authorizer {
        id: ids::lower(6),
        name: input.name,
        kind: input.kind,
        // Of no meaning for the other kind, so not kept.
        provider_arns: input.provider_arns.into_iter().filter(|_| pools).collect(),
        authorizer_uri: given(input.authorizer_uri).filter(|_| !pools),
        authorizer_credentials: given(input.authorizer_credentials).filter(|_| !pools),
        auth_type: input.auth_type.unwrap_or_else(|| auth_type.to_owned()),
        identity_source: given(input.identity_source).or_else(header),
        identity_validation_expression: input
            .identity_validation_expression
            .filter(|e| !e.is_empty()),
        authorizer_result_ttl_in_seconds: Some(
            input.authorizer_result_ttl_in_seconds.unwrap_or(TTL),
        ),
    };
    api::change(app, call, &input.rest_api_id, |api| {
        authorizer.check(api)?;
        authorizer.forget_ttl();
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
        authorizer.forget_ttl();
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
