//! The wire: which operation a request is for, its input as canonical JSON checked against the official
//! model, and the answer in the service's protocol.

mod check;
mod constraint;
mod model;
pub(crate) mod page;
mod parse;
mod path;
mod pattern;
pub(crate) mod percent;
mod read;
mod refusal;
mod respond;
mod rest;
mod route;
mod scope;
#[cfg(test)]
mod tests;
mod xml;

use std::sync::Arc;

use hyper::header::HeaderValue;

use crate::{
    acm, apigateway,
    app::App,
    call::{Answer, ApiError, Call, Service},
    cloudfront, cognito, cognito_identity,
    faults::Cut,
    iam, ids, lambda, logs, route53,
    server::{Request, Response},
    sts, tagging, wafv2,
};
use model::{Model, Operation, SERVICES};

/// What is known of a request, as soon as it is: errors are worded in its service's protocol.
#[derive(Default)]
struct Seen {
    service: Option<Service>,
    found: Option<(&'static str, &'static Operation)>,
    /// `None`: the request carries no credentials.
    account: Option<String>,
}

/// Serves an API request. The text names the operation (`lambda.CreateFunction`) for the log.
pub(crate) async fn serve(
    app: &Arc<App>,
    request: &Request,
) -> (Result<Response, Cut>, Option<String>) {
    let request_id = ids::uuid();
    let mut seen = Seen::default();
    let read = read::read(app, request, &request_id, &mut seen);
    let Seen {
        service,
        found,
        account,
    } = seen;
    let account = match &read {
        Ok(call) if account.is_none() => cognito::account_of(app, call)
            .or_else(|| cognito_identity::account_of(app, call))
            .or_else(|| sts::account_of(call)),
        _ => account,
    };
    let arrival = service.zip(found).map(|(service, (name, _))| {
        let operation = format!("{}:{name}", service.prefix());
        app.calls.arrived(account.as_deref(), operation)
    });
    let outcome = match read {
        Ok(call) => answer(app, call, request, account.as_deref(), arrival).await,
        Err(error) => Ok(Err(error)),
    };
    let response = outcome.map(|answer| respond(request, service, found, answer, &request_id));
    if let (Some(arrival), Ok(response)) = (arrival, &response) {
        let status = response.status().as_u16();
        app.calls.note(arrival, Some(status), None);
    }
    let label =
        service.map(|service| format!("{service:?}.{}", found.map_or("?", |(name, _)| name)));
    (response, label)
}

/// Has a call done, as far as the fault rules let it.
async fn answer(
    app: &Arc<App>,
    call: Call,
    request: &Request,
    account: Option<&str>,
    arrival: Option<u64>,
) -> Result<Answer, Cut> {
    let call = Arc::new(call);
    let work = async {
        app.rates.take(account, &call)?;
        // A task of its own: as on AWS, what is begun is finished, even if the client goes away.
        let (app, call) = (Arc::clone(app), Arc::clone(&call));
        tokio::spawn(async move { dispatch(&app, &call).await })
            .await
            .unwrap_or_else(|e| Err(ApiError::internal(e.to_string())))
    };
    let Some(fault) = app.faults.of(account, &call) else {
        return Ok(work.await);
    };
    if let Some(arrival) = arrival {
        app.calls.note(arrival, None, Some(fault.id));
    }
    fault.apply(&app.faults, &call, request, work).await
}

fn respond(
    request: &Request,
    service: Option<Service>,
    found: Option<(&'static str, &'static Operation)>,
    answer: Answer,
    request_id: &str,
) -> Response {
    let model = service.map(Model::of);
    let operation = found.map(|(_, operation)| operation);
    let mut response = match (answer, model, found) {
        (Ok(answer), Some(model), Some((name, operation))) => {
            respond::success(model, name, operation, &answer, request_id)
        }
        (answer, ..) => {
            let error = answer
                .err()
                .unwrap_or_else(|| ApiError::internal("no operation"));
            let protocol = model.map_or_else(
                || route::likely_protocol(request),
                |model| model.metadata.protocol,
            );
            respond::failure(protocol, model, operation, &error, request_id)
        }
    };
    if let Ok(id) = HeaderValue::from_str(request_id) {
        response.headers_mut().insert("x-amzn-requestid", id);
    }
    if matches!(service, Some(Service::Cognito | Service::CognitoIdentity)) {
        crate::server::allow_any_origin(&mut response);
    }
    response
}

/// Whether a request is, by its head, for an operation of Cognito that needs no credentials, and carries none.
pub(crate) fn is_open(request: &Request) -> bool {
    // Of the query protocol, the operation stands in the body.
    if read::is_form(request) {
        return false;
    }
    let Some(query) = percent::pairs(request.uri().query().unwrap_or_default()) else {
        return false;
    };
    let unsigned = matches!(scope::Scope::of(request, &query), Ok(None));
    if !unsigned || query.iter().any(|(name, _)| name == "Action") {
        return false;
    }
    let Ok(service) = route::service(request, None, None) else {
        return false;
    };
    matches!(service, Service::Cognito | Service::CognitoIdentity)
        && route::operation(service, request, None).is_ok_and(|found| found.operation.is_open())
}

/// Every operation that is served.
pub(crate) fn operations() -> impl Iterator<Item = (Service, &'static str)> {
    SERVICES.into_iter().flat_map(|service| {
        let names = Model::of(service).operations.keys();
        names.map(move |name| (service, name.as_str()))
    })
}

async fn dispatch(app: &Arc<App>, call: &Call) -> Answer {
    match call.service {
        Service::Iam => iam::handle(app, call).await,
        Service::Sts => sts::handle(app, call).await,
        Service::Lambda => lambda::handle(app, call).await,
        Service::Logs => logs::handle(app, call).await,
        Service::Cognito => cognito::handle(app, call).await,
        Service::ApiGateway => apigateway::handle(app, call).await,
        Service::Tagging => tagging::handle(app, call).await,
        Service::CloudFront => cloudfront::handle(app, call).await,
        Service::CognitoIdentity => cognito_identity::handle(app, call).await,
        Service::Waf => wafv2::handle(app, call),
        Service::Route53 => route53::handle(app, call),
        Service::Acm => acm::handle(app, call),
    }
}
