//! Methods: what may be called, and by whom.

use std::collections::{BTreeMap, BTreeSet};

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

/// In the order in which AWS names them.
const HTTP_METHODS: [&str; 8] = [
    "GET", "PUT", "POST", "DELETE", "PATCH", "OPTIONS", "HEAD", "ANY",
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
        let mut names = BTreeSet::new();
        if !self.parameter_names().all(|name| names.insert(name)) {
            return Err(fault::bad_request(
                "Parameter names must be unique across querystring, header and path",
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

    /// What is called, with the responses that the method has declared.
    pub(super) fn called(&self) -> Option<Integration> {
        let mut integration = self.method_integration.clone()?;
        integration.declared = self.method_responses.keys().cloned().collect();
        Some(integration)
    }

    /// `n` of `method.request.header.n`.
    fn parameter_names(&self) -> impl Iterator<Item = &str> {
        self.request_parameters
            .keys()
            .filter_map(|parameter| parameter.strip_prefix("method.request."))
            .filter_map(|located| located.split_once('.'))
            .map(|(_, name)| name)
    }

    /// Whether somebody who is named by an authorizer may call.
    fn has_authorizer(&self) -> bool {
        !matches!(self.authorization_type.as_str(), "NONE" | "AWS_IAM")
    }

    /// Recorded: LocalStack's `test_update_method_validation`.
    fn patch(&mut self, patch: &PatchOperation) -> Result<(), ApiError> {
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
        if patch.path == "/authorizationScopes" {
            patch.only(&[Op::Add, Op::Remove])?;
            let scope = patch.text()?;
            self.authorization_scopes.retain(|known| known != scope);
            if patch.op == Some(Op::Add) {
                self.authorization_scopes.push(scope.to_owned());
            }
            return Ok(());
        }
        let known = [
            "/authorizationType",
            "/authorizerId",
            "/apiKeyRequired",
            "/operationName",
            "/requestValidatorId",
        ];
        if !known.contains(&patch.path.as_str()) {
            return Err(patch.invalid_path());
        }
        patch.only(&[Op::Replace])?;
        match patch.path.as_str() {
            "/authorizationType" => self.authorization_type = patch.text()?.to_ascii_uppercase(),
            "/authorizerId" => self.authorizer_id = patch.optional(),
            "/apiKeyRequired" => self.api_key_required = patch.boolean()?,
            "/operationName" => self.operation_name = patch.optional(),
            _ => return refuse_validator(patch.optional().as_deref()),
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

/// The twin makes no request validators, so nothing can be the id of one.
fn refuse_validator(id: Option<&str>) -> Result<(), ApiError> {
    match id.filter(|id| !id.is_empty()) {
        Some(_) => Err(fault::bad_request(
            "Invalid Request Validator identifier specified",
        )),
        None => Ok(()),
    }
}

pub(super) fn put(app: &App, call: &Call) -> Answer {
    let input: PutInput = call.input()?;
    let place = input.place;
    let validator = input.request_validator_id;
    let method = Method {
        http_method: place.http_method.clone(),
        // AWS takes any case. Unsure: that it answers in capitals.
        authorization_type: input.authorization_type.to_ascii_uppercase(),
        authorizer_id: input.authorizer_id.filter(|id| !id.is_empty()),
        authorization_scopes: input.authorization_scopes,
        api_key_required: input.api_key_required,
        operation_name: input.operation_name,
        request_parameters: input.request_parameters,
        request_models: input.request_models,
        method_responses: BTreeMap::new(),
        method_integration: None,
    };
    api::change_method(app, call, &place, |api| {
        let resource = api.resource(&place.resource_id)?;
        if !HTTP_METHODS.contains(&place.http_method.as_str()) {
            return Err(fault::bad_request(format!(
                "Invalid HttpMethod specified. Valid options are {}",
                HTTP_METHODS.join(",")
            )));
        }
        if resource.methods.contains_key(&place.http_method) {
            return Err(fault::conflict("Method already exists for this resource"));
        }
        method.check(api)?;
        refuse_validator(validator.as_deref())?;
        let shown = answer(&method)?;
        let methods = &mut api.resource_mut(&place.resource_id)?.methods;
        methods.insert(place.http_method.clone(), method);
        Ok(shown)
    })
}

pub(super) fn get(app: &App, call: &Call) -> Answer {
    let place: MethodPlace = call.input()?;
    api::read_method(app, call, &place, |api| answer(api.method(&place)?))
}

/// All patches, or none: only their result must make sense.
pub(super) fn update(app: &App, call: &Call) -> Answer {
    let UpdateInput {
        place,
        patch_operations,
    } = call.input()?;
    api::change_method(app, call, &place, |api| {
        let mut method = api.method(&place)?.clone();
        for patch in &patch_operations {
            method.patch(patch)?;
        }
        if !method.has_authorizer() {
            method.authorizer_id = None;
        }
        method.check(api)?;
        let shown = answer(&method)?;
        *api.method_mut(&place)? = method;
        Ok(shown)
    })
}

pub(super) fn delete(app: &App, call: &Call) -> Answer {
    let place: MethodPlace = call.input()?;
    api::change_method(app, call, &place, |api| {
        api.method(&place)?;
        let methods = &mut api.resource_mut(&place.resource_id)?.methods;
        methods.remove(&place.http_method);
        empty()
    })
}
