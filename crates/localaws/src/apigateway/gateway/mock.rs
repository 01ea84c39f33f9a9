//! MOCK integrations: a status out of a request template, and the response that goes with it. Templates
//! are plain text (see `responses::plain_template`).

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    super::responses::IntegrationResponse, authorize::matches_whole, exchange::Exchange, log::Log,
    reply::Reply,
};

pub(super) fn answer(exchange: &Exchange, log: &mut Log) -> Reply {
    let integration = &exchange.integration;
    let asked = status(exchange);
    let responses = &integration.integration_responses;
    let Some(response) = asked.and_then(|status| select(responses, &status)) else {
        log.line(
            "Execution failed due to configuration error: \
             No match for output mapping and no default endpoint response configured",
        );
        return Reply::internal(500);
    };
    if !integration.declared.contains(&response.status_code) {
        log.line(&format!(
            "Execution failed due to configuration error: Output mapping refers to an invalid method response: {}",
            response.status_code
        ));
        return Reply::internal(500);
    }
    let wanted = exchange.incoming.header("accept").unwrap_or_default();
    let templates = &response.response_templates;
    let template = templates
        .get_key_value(wanted)
        .or_else(|| templates.get_key_value("application/json"))
        .or_else(|| templates.iter().next());
    let content_type = template.map_or("application/json", |(content_type, _)| content_type);
    let mut reply = Reply {
        status: response.status_code.parse().unwrap_or(500),
        headers: Vec::new(),
        body: template
            .and_then(|(_, text)| text.clone())
            .map(String::into_bytes)
            .unwrap_or_default(),
        refusal: None,
    };
    for (name, value) in response.headers() {
        reply.pass_on(name, value.to_owned());
    }
    if !reply.has("content-type") {
        reply
            .headers
            .push(("Content-Type".to_owned(), content_type.to_owned()));
    }
    log.line("Successfully completed execution");
    reply
}

/// `statusCode` of the request template, or of the body when no template is meant for it.
fn status(exchange: &Exchange) -> Option<String> {
    let incoming = &exchange.incoming;
    let content_type = incoming
        .header("content-type")
        .unwrap_or("application/json");
    let content_type = content_type.split(';').next().unwrap_or_default().trim();
    let text = match exchange.integration.request_templates.get(content_type) {
        Some(template) => template.clone(),
        None => String::from_utf8_lossy(&incoming.body).into_owned(),
    };
    let value: Value = serde_json::from_str(&text).ok()?;
    match &value["statusCode"] {
        Value::Number(status) => Some(status.to_string()),
        Value::String(status) => Some(status.clone()),
        _ => None,
    }
}

/// The response whose pattern fits the status, else the one without a pattern.
fn select<'a>(
    responses: &'a BTreeMap<String, IntegrationResponse>,
    status: &str,
) -> Option<&'a IntegrationResponse> {
    let pattern = |response: &'a IntegrationResponse| {
        response
            .selection_pattern
            .as_deref()
            .filter(|pattern| !pattern.is_empty())
    };
    let fits = |response: &&'a IntegrationResponse| {
        pattern(response).is_some_and(|p| matches_whole(p, status))
    };
    let default = |response: &&'a IntegrationResponse| pattern(response).is_none();
    responses
        .values()
        .find(fits)
        .or_else(|| responses.values().find(default))
}
