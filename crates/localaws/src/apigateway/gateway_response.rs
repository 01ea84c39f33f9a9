//! Gateway responses: how an API words what the gateway itself answers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    api::{self, Api, Paging},
    fault, gateway,
    responses::constant,
};
use crate::{
    app::App,
    call::{Answer, ApiError, Call, answer, empty},
};

/// All types, with the status that each has of itself.
const TYPES: [(&str, Option<u16>); 21] = [
    ("ACCESS_DENIED", Some(403)),
    ("API_CONFIGURATION_ERROR", Some(500)),
    ("AUTHORIZER_CONFIGURATION_ERROR", Some(500)),
    ("AUTHORIZER_FAILURE", Some(500)),
    ("BAD_REQUEST_BODY", Some(400)),
    ("BAD_REQUEST_PARAMETERS", Some(400)),
    ("DEFAULT_4XX", None),
    ("DEFAULT_5XX", None),
    ("EXPIRED_TOKEN", Some(403)),
    ("INTEGRATION_FAILURE", Some(504)),
    ("INTEGRATION_TIMEOUT", Some(504)),
    ("INVALID_API_KEY", Some(403)),
    ("INVALID_SIGNATURE", Some(403)),
    ("MISSING_AUTHENTICATION_TOKEN", Some(403)),
    ("QUOTA_EXCEEDED", Some(429)),
    ("REQUEST_TOO_LARGE", Some(413)),
    ("RESOURCE_NOT_FOUND", Some(404)),
    ("THROTTLED", Some(429)),
    ("UNAUTHORIZED", Some(401)),
    ("UNSUPPORTED_MEDIA_TYPE", Some(415)),
    ("WAF_FILTERED", Some(403)),
];
const HEADER: &str = "gatewayresponse.header.";
const MESSAGE: &str = r#"{"message":$context.error.messageString}"#;

/// `GatewayResponse` of the model.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GatewayResponse {
    response_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    status_code: Option<String>,
    #[serde(default)]
    response_parameters: BTreeMap<String, String>,
    #[serde(default)]
    response_templates: BTreeMap<String, String>,
    /// Whether the API has none of its own.
    #[serde(default)]
    default_response: bool,
}

impl GatewayResponse {
    /// `None`: an unknown type.
    fn default_of(response_type: &str) -> Option<Self> {
        let (_, status) = TYPES.iter().find(|(known, _)| *known == response_type)?;
        Some(Self {
            response_type: response_type.to_owned(),
            status_code: status.map(|status| status.to_string()),
            response_parameters: BTreeMap::new(),
            response_templates: message(),
            default_response: true,
        })
    }

    pub(super) fn status(&self) -> Option<u16> {
        self.status_code.as_ref()?.parse().ok()
    }

    /// The headers that are mapped to constants.
    pub(super) fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.response_parameters
            .iter()
            .filter_map(|(to, from)| Some((to.strip_prefix(HEADER)?, constant(from)?)))
    }

    /// The template for what the client accepts, with its media type.
    pub(super) fn template(&self, accept: &str) -> Option<(&str, &str)> {
        let templates = &self.response_templates;
        let wanted = accept.split(',').map(|one| {
            let media_type = one.split(';').next().unwrap_or_default();
            media_type.trim()
        });
        wanted
            .chain(std::iter::once("application/json"))
            .find_map(|media_type| templates.get_key_value(media_type))
            .or_else(|| templates.iter().next())
            .map(|(media_type, template)| (media_type.as_str(), template.as_str()))
    }

    fn check(&self) -> Result<(), ApiError> {
        for (to, from) in &self.response_parameters {
            if to.strip_prefix(HEADER).is_none_or(str::is_empty) {
                return Err(fault::bad_request(format!(
                    "Invalid mapping expression specified: Validation Result: warnings : [], errors : \
                     [Invalid mapping expression parameter specified: {to}]"
                )));
            }
            if constant(from).is_none() {
                return Err(fault::not_served(
                    "parameters of gateway responses other than constants in quotes",
                ));
            }
        }
        for template in self.response_templates.values() {
            let known = gateway::REFERENCES
                .iter()
                .fold(template.clone(), |text, name| text.replace(name, ""));
            if known.contains(['#', '$']) {
                return Err(fault::not_served(
                    "VTL directives, and references other than to the error, in templates of gateway responses",
                ));
            }
        }
        Ok(())
    }
}

fn message() -> BTreeMap<String, String> {
    BTreeMap::from([("application/json".to_owned(), MESSAGE.to_owned())])
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PutInput {
    rest_api_id: String,
    response_type: String,
    status_code: Option<String>,
    #[serde(default)]
    response_parameters: BTreeMap<String, String>,
    #[serde(default)]
    response_templates: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TypeInput {
    rest_api_id: String,
    response_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListInput {
    rest_api_id: String,
    #[serde(flatten)]
    paging: Paging,
}

fn unknown(response_type: &str) -> ApiError {
    fault::bad_request(format!("Invalid gateway response type: {response_type}"))
}

/// The API's own, or what stands for it.
fn of(api: &Api, response_type: &str) -> Result<GatewayResponse, ApiError> {
    match api.gateway_responses.get(response_type) {
        Some(own) => Ok(own.clone()),
        None => GatewayResponse::default_of(response_type).ok_or_else(|| unknown(response_type)),
    }
}

pub(super) fn put(app: &App, call: &Call) -> Answer {
    let input: PutInput = call.input()?;
    let default = GatewayResponse::default_of(&input.response_type)
        .ok_or_else(|| unknown(&input.response_type))?;
    let response = GatewayResponse {
        status_code: input.status_code.or(default.status_code),
        response_parameters: input.response_parameters,
        response_templates: if input.response_templates.is_empty() {
            message()
        } else {
            input.response_templates
        },
        response_type: input.response_type,
        default_response: false,
    };
    response.check()?;
    api::change(app, call, &input.rest_api_id, |api| {
        let shown = answer(&response)?;
        let responses = &mut api.gateway_responses;
        responses.insert(response.response_type.clone(), response);
        Ok(shown)
    })
}

pub(super) fn get(app: &App, call: &Call) -> Answer {
    let input: TypeInput = call.input()?;
    api::read(app, call, &input.rest_api_id, |api| {
        answer(of(api, &input.response_type)?)
    })
}

/// All types, on one page as on AWS.
pub(super) fn list(app: &App, call: &Call) -> Answer {
    let input: ListInput = call.input()?;
    api::read(app, call, &input.rest_api_id, |api| {
        let all: Vec<Value> = TYPES
            .iter()
            .map(|(response_type, _)| answer(of(api, response_type)?))
            .collect::<Result<_, ApiError>>()?;
        let key = |shown: &Value| {
            shown["responseType"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        };
        Ok(json!(input.paging.list(all, key)?))
    })
}

pub(super) fn delete(app: &App, call: &Call) -> Answer {
    let input: TypeInput = call.input()?;
    api::change(app, call, &input.rest_api_id, |api| {
        let gone = api.gateway_responses.remove(&input.response_type);
        gone.ok_or_else(|| {
            ApiError::new(
                404,
                "NotFoundException",
                "Gateway response type not defined on api",
            )
        })?;
        empty()
    })
}
