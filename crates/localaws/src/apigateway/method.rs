//! Methods: what may be called, and by whom.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    api::{self, Api, MethodPlace},
    authorizer::Kind,
    fault,
    integration::Integration,
    patch::{Op, PatchOperation},
    responses::MethodResponse,
};
use crate::{
    app::App,
    call::{Answer, ApiError, Call, answer, empty},
};

const HTTP_METHODS: [&str; 8] = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "ANY",
];
const COGNITO: &str = "COGNITO_USER_POOLS";

/// `Method` of the model.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "AWS's names")]
pub(super) struct Method {
    pub(super) http_method: String,
    pub(super) authorization_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) authorizer_id: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) authorization_scopes: Vec<String>,
    pub(super) api_key_required: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation_name: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    request_parameters: BTreeMap<String, bool>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    request_models: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) method_responses: BTreeMap<String, MethodResponse>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) method_integration: Option<Integration>,
}

impl Method {
    /// Whether this protection can be kept up within this API. A method is never less protected than it
    /// says: what the data plane cannot enforce is refused here.
    fn check(&self, api: &Api) -> Result<(), ApiError> {
        let kind = self
            .authorizer_id
            .as_ref()
            .and_then(|id| api.authorizers.get(id))
            .map(|authorizer| authorizer.kind);
        match (self.authorization_type.as_str(), kind) {
            ("NONE" | "AWS_IAM", _) if self.authorizer_id.is_some() => {
                return Err(fault::bad_request(
                    "Authorizer ID can only be set if the authorization type is CUSTOM or COGNITO_USER_POOLS",
                ));
            }
            ("NONE" | "AWS_IAM", _)
            | (COGNITO, Some(Kind::CognitoUserPools))
            | ("CUSTOM", Some(Kind::Token | Kind::Request)) => {}
            (COGNITO | "CUSTOM", _) => {
                return Err(fault::bad_request(
                    "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or \
                     COGNITO_USER_POOLS requires a valid authorizer.",
                ));
            }
            (other, _) => {
                return Err(fault::bad_request(format!(
                    "Invalid authorization type specified: {other}"
                )));
            }
        }
        if self.authorization_type != COGNITO && !self.authorization_scopes.is_empty() {
            return Err(fault::bad_request(
                "Authorization scopes can only be set if the authorization type is COGNITO_USER_POOLS",
            ));
        }
        if let Some(model) = self
            .request_models
            .values()
            .find(|model| *model != "Empty" && *model != "Error")
        {
            return Err(fault::bad_request(format!(
                "Invalid model identifier specified: {model}"
            )));
        }
        Ok(())
    }

    fn patch(&mut self, patch: &PatchOperation) -> Result<(), ApiError> {
        const CAN: [&str; 7] = [
            "/authorizationType",
            "/authorizerId",
            "/authorizationScopes",
            "/apiKeyRequired",
            "/operationName",
            "/requestParameters/{name}",
            "/requestModels/{content-type}",
        ];
        if let Some(name) = patch.key("/requestParameters/") {
            if patch.op == Some(Op::Remove) {
                self.request_parameters.remove(&name);
            } else {
                self.request_parameters.insert(name, patch.boolean()?);
            }
            return Ok(());
        }
        if let Some(content_type) = patch.key("/requestModels/") {
            return super::patch::entry(&mut self.request_models, content_type, patch);
        }
        match (patch.op, patch.path.as_str()) {
            (Some(Op::Replace), "/authorizationType") => {
                patch.text()?.clone_into(&mut self.authorization_type);
                if matches!(self.authorization_type.as_str(), "NONE" | "AWS_IAM") {
                    self.authorizer_id = None;
                }
            }
            (Some(Op::Replace), "/authorizerId") => self.authorizer_id = patch.optional(),
            (Some(Op::Replace), "/apiKeyRequired") => self.api_key_required = patch.boolean()?,
            (Some(Op::Replace), "/operationName") => self.operation_name = patch.optional(),
            (Some(Op::Add), "/authorizationScopes") => {
                let scope = patch.text()?;
                if !self.authorization_scopes.iter().any(|known| known == scope) {
                    self.authorization_scopes.push(scope.to_owned());
                }
            }
            (Some(Op::Remove), "/authorizationScopes") => {
                let scope = patch.text()?;
                self.authorization_scopes.retain(|known| known != scope);
            }
            _ => return Err(patch.refused(&CAN)),
        }
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PutInput {
    #[serde(flatten)]
    place: MethodPlace,
    authorization_type: String,
    authorizer_id: Option<String>,
    #[serde(default)]
    authorization_scopes: Vec<String>,
    #[serde(default)]
    api_key_required: bool,
    operation_name: Option<String>,
    #[serde(default)]
    request_parameters: BTreeMap<String, bool>,
    #[serde(default)]
    request_models: BTreeMap<String, String>,
    request_validator_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UpdateInput {
    #[serde(flatten)]
    place: MethodPlace,
    #[serde(default)]
    patch_operations: Vec<PatchOperation>,
}

pub(super) fn put(app: &App, call: &Call) -> Answer {
    let input: PutInput = call.input()?;
    let place = input.place;
    if !HTTP_METHODS.contains(&place.http_method.as_str()) {
        return Err(fault::bad_request(format!(
            "Invalid HTTP method specified: {}",
            place.http_method
        )));
    }
    if input.request_validator_id.is_some() {
        return Err(fault::not_served("request validators"));
    }
    let method = Method {
        http_method: place.http_method.clone(),
        authorization_type: input.authorization_type,
        authorizer_id: input.authorizer_id.filter(|id| !id.is_empty()),
        authorization_scopes: input.authorization_scopes,
        api_key_required: input.api_key_required,
        operation_name: input.operation_name,
        request_parameters: input.request_parameters,
        request_models: input.request_models,
        method_responses: BTreeMap::new(),
        method_integration: None,
    };
    api::change(app, call, &place.rest_api_id, |api| {
        if api
            .resource(&place.resource_id)?
            .methods
            .contains_key(&place.http_method)
        {
            return Err(fault::conflict("Method already exists for this resource"));
        }
        method.check(api)?;
        let shown = answer(&method)?;
        let methods = &mut api.resource_mut(&place.resource_id)?.methods;
        methods.insert(place.http_method.clone(), method);
        Ok(shown)
    })
}

pub(super) fn get(app: &App, call: &Call) -> Answer {
    let place: MethodPlace = call.input()?;
    api::read(app, call, &place.rest_api_id, |api| {
        answer(api.method(&place)?)
    })
}

/// All patches, or none: only their result must make sense.
pub(super) fn update(app: &App, call: &Call) -> Answer {
    let UpdateInput {
        place,
        patch_operations,
    } = call.input()?;
    api::change(app, call, &place.rest_api_id, |api| {
        let mut method = api.method(&place)?.clone();
        for patch in &patch_operations {
            method.patch(patch)?;
        }
        method.check(api)?;
        let shown = answer(&method)?;
        *api.method_mut(&place)? = method;
        Ok(shown)
    })
}

pub(super) fn delete(app: &App, call: &Call) -> Answer {
    let place: MethodPlace = call.input()?;
    api::change(app, call, &place.rest_api_id, |api| {
        api.method(&place)?;
        let methods = &mut api.resource_mut(&place.resource_id)?.methods;
        methods.remove(&place.http_method);
        empty()
    })
}
