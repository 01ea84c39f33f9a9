//! The event that a function URL gives to its function: payload format 2.0, as "Invoking Lambda function URLs" in
//! Lambda's documentation has it.

use std::collections::BTreeMap;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::{Found, permit::Visitor};
use crate::{ids, server::Request, wire::percent};

/// Headers of the connection, not of the request.
const NOT_PASSED: [&str; 7] = [
    "connection",
    "cookie",
    "expect",
    "keep-alive",
    "te",
    "transfer-encoding",
    "upgrade",
];
const SOURCE_IP: &str = "127.0.0.1";

/// Small letters; of many values one text.
fn headers(request: &Request, host: &str) -> BTreeMap<String, String> {
    let mut headers: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in request.headers() {
        let value = String::from_utf8_lossy(value.as_bytes());
        headers
            .entry(name.as_str().to_owned())
            .and_modify(|all| {
                all.push(',');
                all.push_str(&value);
            })
            .or_insert_with(|| value.to_string());
    }
    headers.retain(|name, _| !NOT_PASSED.contains(&name.as_str()));
    let before = headers.get("x-forwarded-for");
    let hops = before.map_or(SOURCE_IP.to_owned(), |hops| format!("{hops}, {SOURCE_IP}"));
    let seconds = jiff::Timestamp::now().as_second();
    let own = [
        ("host", host.to_owned()),
        (
            "x-amzn-trace-id",
            format!("Root=1-{seconds:08x}-{}", ids::hex(24)),
        ),
        ("x-forwarded-for", hops),
        ("x-forwarded-port", "443".to_owned()),
        ("x-forwarded-proto", "https".to_owned()),
    ];
    headers.extend(own.map(|(name, value)| (name.to_owned(), value)));
    headers
}

/// Whether a body is passed on as text. Unsure of the whole list; a form is passed on in base64, as many reports say.
fn is_text(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    let kind = kind.to_ascii_lowercase();
    kind.starts_with("text/")
        || matches!(
            kind.as_str(),
            "application/json" | "application/javascript" | "application/xml"
        )
        || (kind.starts_with("application/") && (kind.ends_with("+json") || kind.ends_with("+xml")))
}

fn authorizer(visitor: &Visitor) -> Option<Value> {
    let (access_key, account, id, arn) = match visitor {
        Visitor::Anonymous => return None,
        Visitor::Root { account } => {
            let arn = format!("arn:aws:iam::{account}:root");
            (account, account.as_str(), account.clone(), arn)
        }
        Visitor::Signed { access_key, caller } => {
            (access_key, caller.account(), caller.user_id(), caller.arn())
        }
    };
    Some(json!({ "iam": {
        "accessKey": access_key,
        "accountId": account,
        "callerId": id,
        "cognitoIdentity": null,
        "principalOrgId": null,
        "userArn": arn,
        "userId": id,
    }}))
}

pub(super) fn event(request: &Request, found: &Found, visitor: &Visitor, path: &str) -> Value {
    let host = found.url.host(&found.named.region);
    let headers = headers(request, &host);
    let query = request.uri().query().unwrap_or_default();
    let now = jiff::Timestamp::now();
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "requestContext": {
            "accountId": visitor.account().unwrap_or("anonymous"),
            "apiId": found.url.id,
            "domainName": host,
            "domainPrefix": found.url.id,
            "http": {
                "method": request.method().as_str(),
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": SOURCE_IP,
                "userAgent": headers.get("user-agent"),
            },
            "requestId": ids::uuid(),
            "routeKey": "$default",
            "stage": "$default",
            "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            "timeEpoch": now.as_millisecond(),
        },
        "isBase64Encoded": false,
    });
    let mut parameters: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in percent::pairs(query).unwrap_or_default() {
        parameters
            .entry(name)
            .and_modify(|all| {
                all.push(',');
                all.push_str(&value);
            })
            .or_insert(value);
    }
    if !parameters.is_empty() {
        event["queryStringParameters"] = json!(parameters);
    }
    let cookies = request.headers().get_all("cookie").iter();
    let cookies: Vec<String> = cookies
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .map(|cookie| cookie.trim().to_owned())
        .collect();
    if !cookies.is_empty() {
        event["cookies"] = json!(cookies);
    }
    if let Some(authorizer) = authorizer(visitor) {
        event["requestContext"]["authorizer"] = authorizer;
    }
    if !request.body().is_empty() {
        let text = is_text(headers.get("content-type").map_or("", String::as_str));
        let body = std::str::from_utf8(request.body()).ok().filter(|_| text);
        event["isBase64Encoded"] = json!(body.is_none());
        event["body"] = match body {
            Some(body) => json!(body),
            None => json!(BASE64_STANDARD.encode(request.body())),
        };
    }
    event["headers"] = json!(headers);
    event
}
