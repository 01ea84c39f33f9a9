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
    /// By media type; an empty one is kept as none, and shown as `null`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) response_templates: BTreeMap<String, Option<String>>,
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
    api::change_method(app, call, &place, |api| {
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
    let PutInput {
        place,
        mut response,
    } = call.input::<PutInput<IntegrationResponse>>()?;
    let templates = &mut response.response_templates;
    if let Some(other) = templates.keys().find(|kind| !kind.contains('/')) {
        return Err(fault::bad_request(format!(
            "Validation Result: warnings : [], errors : [Invalid content type specified: {other}]"
        )));
    }
    for template in templates.values_mut() {
        template.take_if(|text| text.is_empty());
        plain_template(template.as_deref().unwrap_or_default(), "responseTemplates")?;
    }
    if let Some(pattern) = &response.selection_pattern {
        regex::Regex::new(pattern)
            .map_err(|_| fault::bad_request("Invalid selection pattern specified"))?;
    }
    api::change_method(app, call, &place, |api| {
        let method = api.method_mut(&place)?;
        let integration = method
            .method_integration
            .as_mut()
            .ok_or_else(|| fault::absent("Integration"))?;
        // The method's response may still be missing (LocalStack's recording `test_lifecycle_integration_response`),
        // unless it is looked at for its headers: who calls the method then gets a 500, see `mock`.
        let declared = method.method_responses.get(&response.status_code);
        for (to, from) in &response.response_parameters {
            let declared = declared.ok_or_else(absent)?;
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
    api::read_method(app, call, &place, |api| {
        let responses = &api.method(&place)?.method_responses;
        answer(responses.get(&status_code).ok_or_else(absent)?)
    })
}

pub(super) fn delete_method_response(app: &App, call: &Call) -> Answer {
    let StatusInput { place, status_code } = call.input()?;
    api::change_method(app, call, &place, |api| {
        let responses = &mut api.method_mut(&place)?.method_responses;
        responses.remove(&status_code).ok_or_else(absent)?;
        empty()
    })
}

pub(super) fn get_integration_response(app: &App, call: &Call) -> Answer {
    let StatusInput { place, status_code } = call.input()?;
    api::read_method(app, call, &place, |api| {
        let integration = api.method(&place)?.method_integration.as_ref();
        let responses = &integration
            .ok_or_else(|| fault::absent("Integration"))?
            .integration_responses;
        answer(responses.get(&status_code).ok_or_else(absent)?)
    })
}

pub(super) fn delete_integration_response(app: &App, call: &Call) -> Answer {
    let StatusInput { place, status_code } = call.input()?;
    api::change_method(app, call, &place, |api| {
        // Of an unknown method AWS says here that it has no integration.
        let methods = &mut api.resource_mut(&place.resource_id)?.methods;
        let method = methods.get_mut(&place.http_method);
        let integration = method.and_then(|method| method.method_integration.as_mut());
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
