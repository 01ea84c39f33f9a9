//! Responses of methods and of (MOCK) integrations, as far as a CORS preflight needs them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    api::{self, MethodPlace},
    fault,
};
use crate::{
    app::App,
    call::{Answer, ApiError, Call, answer, empty},
};

/// `MethodResponse` of the model.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MethodResponse {
    status_code: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    response_parameters: BTreeMap<String, bool>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    response_models: BTreeMap<String, String>,
}

/// `IntegrationResponse` of the model.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct IntegrationResponse {
    pub(super) status_code: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) selection_pattern: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) response_parameters: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) response_templates: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_handling: Option<String>,
}

impl IntegrationResponse {
    /// The headers that are mapped to constants, the only ones that a MOCK integration can have.
    pub(super) fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.response_parameters.iter().filter_map(|(to, from)| {
            Some((to.strip_prefix("method.response.header.")?, constant(from)?))
        })
    }
}

pub(super) fn constant(mapping: &str) -> Option<&str> {
    mapping.strip_prefix('\'')?.strip_suffix('\'')
}

/// Mapping templates are a language of their own (VTL); without it they are plain text.
pub(super) fn plain_template(template: &str, member: &str) -> Result<(), ApiError> {
    if template.contains(['#', '$']) {
        return Err(fault::not_served(&format!(
            "VTL directives and references in {member}"
        )));
    }
    Ok(())
}

#[derive(Deserialize)]
struct PutInput<T> {
    #[serde(flatten)]
    place: MethodPlace,
    #[serde(flatten)]
    response: T,
}

pub(super) fn put_method_response(app: &App, call: &Call) -> Answer {
    let PutInput { place, response } = call.input::<PutInput<MethodResponse>>()?;
    let header = |name: &String| {
        name.strip_prefix("method.response.header.")
            .is_some_and(|n| !n.is_empty())
    };
    if let Some(name) = response
        .response_parameters
        .keys()
        .find(|name| !header(name))
    {
        return Err(invalid_mapping(name));
    }
    api::change(app, call, &place.rest_api_id, |api| {
        let method = api.method_mut(&place)?;
        if method.method_responses.contains_key(&response.status_code) {
            return Err(fault::conflict("Response already exists for this resource"));
        }
        let shown = answer(&response)?;
        method
            .method_responses
            .insert(response.status_code.clone(), response);
        Ok(shown)
    })
}

pub(super) fn put_integration_response(app: &App, call: &Call) -> Answer {
    let PutInput { place, response } = call.input::<PutInput<IntegrationResponse>>()?;
    for template in response.response_templates.values() {
        plain_template(template, "responseTemplates")?;
    }
    if let Some(pattern) = &response.selection_pattern {
        regex::Regex::new(pattern)
            .map_err(|_| fault::bad_request("Invalid selection pattern specified"))?;
    }
    api::change(app, call, &place.rest_api_id, |api| {
        let method = api.method_mut(&place)?;
        let integration = method
            .method_integration
            .as_mut()
            .ok_or_else(|| fault::absent("Integration"))?;
        let declared = method
            .method_responses
            .get(&response.status_code)
            .ok_or_else(absent)?;
        for (to, from) in &response.response_parameters {
            if !declared.response_parameters.contains_key(to) {
                return Err(invalid_mapping(to));
            }
            if constant(from).is_none() {
                return Err(fault::not_served(
                    "response parameters other than constants in quotes",
                ));
            }
        }
        let shown = answer(&response)?;
        integration
            .integration_responses
            .insert(response.status_code.clone(), response);
        Ok(shown)
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StatusInput {
    #[serde(flatten)]
    place: MethodPlace,
    status_code: String,
}

fn absent() -> ApiError {
    ApiError::new(
        404,
        "NotFoundException",
        "Invalid Response status code specified",
    )
}

pub(super) fn get_method_response(app: &App, call: &Call) -> Answer {
    let StatusInput { place, status_code } = call.input()?;
    api::read(app, call, &place.rest_api_id, |api| {
        let responses = &api.method(&place)?.method_responses;
        answer(responses.get(&status_code).ok_or_else(absent)?)
    })
}

pub(super) fn delete_method_response(app: &App, call: &Call) -> Answer {
    let StatusInput { place, status_code } = call.input()?;
    api::change(app, call, &place.rest_api_id, |api| {
        let responses = &mut api.method_mut(&place)?.method_responses;
        responses.remove(&status_code).ok_or_else(absent)?;
        empty()
    })
}

pub(super) fn get_integration_response(app: &App, call: &Call) -> Answer {
    let StatusInput { place, status_code } = call.input()?;
    api::read(app, call, &place.rest_api_id, |api| {
        let integration = api.method(&place)?.method_integration.as_ref();
        let responses = &integration
            .ok_or_else(|| fault::absent("Integration"))?
            .integration_responses;
        answer(responses.get(&status_code).ok_or_else(absent)?)
    })
}

pub(super) fn delete_integration_response(app: &App, call: &Call) -> Answer {
    let StatusInput { place, status_code } = call.input()?;
    api::change(app, call, &place.rest_api_id, |api| {
        let integration = api.method_mut(&place)?.method_integration.as_mut();
        let responses = &mut integration
            .ok_or_else(|| fault::absent("Integration"))?
            .integration_responses;
        responses.remove(&status_code).ok_or_else(absent)?;
        empty()
    })
}

fn invalid_mapping(parameter: &str) -> ApiError {
    fault::bad_request(format!(
        "Invalid mapping expression specified: Validation Result: warnings : [], errors : \
         [Invalid mapping expression parameter specified: {parameter}]"
    ))
}
