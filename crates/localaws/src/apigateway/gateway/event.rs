//! The event that a Lambda proxy integration gives to its function (REST, v1).

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Value, json};

use super::{
    exchange::{Caller, Exchange, SOURCE_IP},
    log::java_date,
};
use crate::{cloudfront, sts::WebIdentity};

/// Headers of the connection to the gateway, not of the request.
const NOT_PASSED: [&str; 7] = [
    "connection",
    "content-length",
    "expect",
    "keep-alive",
    "te",
    "transfer-encoding",
    "upgrade",
];

pub(super) fn event(exchange: &Exchange) -> Value {
    let incoming = &exchange.incoming;
    let headers = headers(exchange);
    let binary = exchange.is_binary(incoming.header("content-type").unwrap_or_default());
    let body = match incoming.body.as_ref() {
        [] => Value::Null,
        bytes if binary => BASE64_STANDARD.encode(bytes).into(),
        bytes => String::from_utf8_lossy(bytes).into(),
    };
    json!({
        "resource": exchange.resource_path,
        "path": incoming.path,
        "httpMethod": incoming.http_method,
        "headers": last(&headers),
        "multiValueHeaders": all(&headers),
        "queryStringParameters": last(&incoming.query),
        "multiValueQueryStringParameters": all(&incoming.query),
        "pathParameters": unless_empty(&exchange.parameters),
        "stageVariables": unless_empty(&exchange.variables),
        "requestContext": request_context(exchange),
        "isBase64Encoded": binary && !body.is_null(),
        "body": body,
    })
}

/// The event that a REQUEST authorizer is given: all but the body.
pub(super) fn authorizer_event(exchange: &Exchange) -> Value {
    let mut event = event(exchange);
    if let Value::Object(members) = &mut event {
        members.remove("body");
        members.remove("isBase64Encoded");
        for value in members.values_mut().filter(|value| value.is_null()) {
            *value = json!({});
        }
        members.insert("type".to_owned(), json!("REQUEST"));
        members.insert("methodArn".to_owned(), json!(exchange.method_arn()));
    }
    event
}

/// Names as the client wrote them, but for those that AWS writes itself. `CloudFront`, in front of an API of type
/// `EDGE`, writes `Authorization` (a recording of AWS: localstack/localstack#10500); a regional endpoint does not
/// (aws/aws-sdk-js#2719). Unsure of `User-Agent` from clients that write it otherwise.
fn headers(exchange: &Exchange) -> Vec<(String, String)> {
    let given = &exchange.incoming.headers;
    if exchange.is_test() {
        return given.clone();
    }
    let own = [
        ("Host", exchange.domain_name()),
        ("X-Amzn-Trace-Id", exchange.ids.root.clone()),
        ("X-Forwarded-For", forwarded_for(exchange)),
        ("X-Forwarded-Port", "443".to_owned()),
        ("X-Forwarded-Proto", "https".to_owned()),
    ]
    .into_iter()
    .chain(edge(exchange));
    let own: Vec<(&str, String)> = own.collect();
    let passed = |name: &str| {
        let is = |other: &&str| other.eq_ignore_ascii_case(name);
        !NOT_PASSED.iter().any(is) && !own.iter().any(|(own, _)| is(own))
    };
    let spelled = |name: &str| {
        if name.eq_ignore_ascii_case("user-agent") {
            "User-Agent".to_owned()
        } else if exchange.edge_optimized && name.eq_ignore_ascii_case("authorization") {
            "Authorization".to_owned()
        } else {
            name.to_owned()
        }
    };
    given
        .iter()
        .filter(|(name, _)| passed(name))
        .map(|(name, value)| (spelled(name), value.clone()))
        .chain(
            own.iter()
                .map(|(name, value)| ((*name).to_owned(), value.clone())),
        )
        .collect()
}

/// Who asked, behind what the client says of those before it. An API of type `EDGE` is asked by `CloudFront`.
fn forwarded_for(exchange: &Exchange) -> String {
    let given = &exchange.incoming.headers;
    let before = given
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("x-forwarded-for"))
        .map(|(_, value)| value.as_str());
    let hops = if exchange.edge_optimized { 2 } else { 1 };
    let all: Vec<&str> = before.chain(std::iter::repeat_n(SOURCE_IP, hops)).collect();
    all.join(", ")
}

/// What `CloudFront`, in front of an API of type `EDGE`, tells of the viewer. Recorded: LocalStack's
/// `test_lambda_aws_proxy_integration`. Country and network are left out: a viewer on loopback has none.
fn edge(exchange: &Exchange) -> Vec<(&'static str, String)> {
    if !exchange.edge_optimized {
        return Vec::new();
    }
    let via = match exchange.incoming.header("via") {
        Some(before) => format!("{before}, {}", cloudfront::via()),
        None => cloudfront::via(),
    };
    vec![
        ("CloudFront-Forwarded-Proto", "https".to_owned()),
        ("CloudFront-Is-Desktop-Viewer", "true".to_owned()),
        ("CloudFront-Is-Mobile-Viewer", "false".to_owned()),
        ("CloudFront-Is-SmartTV-Viewer", "false".to_owned()),
        ("CloudFront-Is-Tablet-Viewer", "false".to_owned()),
        ("Via", via),
        ("X-Amz-Cf-Id", cloudfront::request_id()),
    ]
}

/// The last value of each; null when there is none at all.
fn last(pairs: &[(String, String)]) -> Value {
    let pairs: BTreeMap<_, _> = pairs.iter().map(|(k, v)| (k, v)).collect();
    unless_empty(&pairs)
}

fn all(pairs: &[(String, String)]) -> Value {
    let mut values: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, value) in pairs {
        values.entry(name).or_default().push(value);
    }
    unless_empty(&values)
}

fn unless_empty<K, V>(map: &BTreeMap<K, V>) -> Value
where
    BTreeMap<K, V>: serde::Serialize,
{
    if map.is_empty() {
        Value::Null
    } else {
        json!(map)
    }
}

pub(super) fn request_context(exchange: &Exchange) -> Value {
    let now = jiff::Timestamp::now();
    let incoming = &exchange.incoming;
    let (domain, prefix, path) = if exchange.is_test() {
        let domain = "testPrefix.testDomainName".to_owned();
        (domain, "testPrefix", incoming.path.clone())
    } else {
        let path = format!("/{}{}", exchange.stage, incoming.sent);
        (exchange.domain_name(), exchange.api_id.as_str(), path)
    };
    let mut context = json!({
        "accountId": exchange.account,
        "apiId": exchange.api_id,
        "domainName": domain,
        "domainPrefix": prefix,
        "extendedRequestId": exchange.ids.extended_request_id,
        "httpMethod": incoming.http_method,
        "identity": identity(exchange),
        "path": path,
        "protocol": "HTTP/1.1",
        "requestId": exchange.ids.request_id,
        "requestTime": now.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
        "requestTimeEpoch": now.as_millisecond(),
        "resourceId": exchange.resource_id,
        "resourcePath": exchange.resource_path,
        "stage": exchange.stage,
    });
    if let Some(id) = &exchange.deployment_id {
        context["deploymentId"] = json!(id);
    }
    match &exchange.caller {
        Caller::Anyone | Caller::Signed(_) => {}
        Caller::Claims(claims) => {
            let claims: Map<String, Value> = claims
                .iter()
                .map(|(name, value)| (name.clone(), claim(name, value).into()))
                .collect();
            context["authorizer"] = json!({ "claims": claims });
        }
        Caller::Custom(output) => context["authorizer"] = output.shown(),
    }
    context
}

/// Functions see claims as text, and times as Java writes dates.
pub(super) fn claim(name: &str, value: &Value) -> String {
    let time = || jiff::Timestamp::from_second(value.as_i64()?).ok();
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| claim("", item)).collect();
            items.join(",")
        }
        _ if matches!(name, "exp" | "iat") => time().map_or_else(|| value.to_string(), java_date),
        other => other.to_string(),
    }
}

fn identity(exchange: &Exchange) -> Value {
    let mut identity = json!({
        "accessKey": null,
        "accountId": null,
        "caller": null,
        "cognitoAuthenticationProvider": null,
        "cognitoAuthenticationType": null,
        "cognitoIdentityId": null,
        "cognitoIdentityPoolId": null,
        "principalOrgId": null,
        "sourceIp": SOURCE_IP,
        "user": null,
        "userAgent": exchange.incoming.header("user-agent"),
        "userArn": null,
    });
    if let Caller::Signed(principal) = &exchange.caller {
        identity["accessKey"] = json!(principal.access_key);
        identity["accountId"] = json!(principal.account);
        identity["caller"] = json!(principal.user_id);
        identity["user"] = json!(principal.user_id);
        identity["userArn"] = json!(principal.arn);
        let web = principal.web.as_ref().filter(|web| web.is_of_cognito());
        if let Some(WebIdentity { sub, aud, amr, .. }) = web {
            identity["cognitoIdentityId"] = json!(sub);
            identity["cognitoIdentityPoolId"] = json!(aud);
            if let Some((kind, providers)) = amr.split_first() {
                identity["cognitoAuthenticationType"] = json!(kind);
                if !providers.is_empty() {
                    identity["cognitoAuthenticationProvider"] = json!(providers.join(","));
                }
            }
        }
    }
    if let Some(key) = &exchange.api_key {
        identity["apiKey"] = json!(key.value);
        identity["apiKeyId"] = json!(key.id);
    }
    if exchange.is_test() {
        identity["accountId"] = json!(exchange.account);
        identity["apiKey"] = json!("test-invoke-api-key");
        identity["apiKeyId"] = json!("test-invoke-api-key-id");
        identity["sourceIp"] = json!("test-invoke-source-ip");
    }
    identity
}
