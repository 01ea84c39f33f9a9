//! What the tests of fault rules share: calls of all protocols, and the pages under `/_local/`.

use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, net::TcpStream};

use super::{CREATE, GET, Running, connect, send, signed, status};

pub(super) const ACCOUNT: &str = "111122223333";
pub(super) const CONTROL: &str = "x-localaws: 1\r\n";

pub(super) fn body(answer: &str) -> Value {
    let body = answer.split_once("\r\n\r\n").unwrap().1;
    serde_json::from_str(body).unwrap_or_else(|_| Value::from(body))
}

pub(super) async fn control(twin: &Running, line: &str, body: Value) -> (String, Value) {
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    let answer = send(twin, line, CONTROL, &body).await;
    (status(&answer).to_owned(), self::body(&answer))
}

/// Sets a rule; its id.
pub(super) async fn set(twin: &Running, rule: Value) -> u64 {
    let (status, shown) = control(twin, "POST /_local/faults", rule).await;
    assert_eq!(status, "200", "{shown}");
    shown["id"].as_u64().unwrap()
}

pub(super) async fn rule(twin: &Running, id: u64) -> Value {
    control(twin, &format!("GET /_local/faults?id={id}"), Value::Null)
        .await
        .1
}

/// The rule as soon as it has hit.
pub(super) async fn hit(twin: &Running, id: u64) -> Value {
    let line = format!("GET /_local/faults?id={id}&wait=600");
    control(twin, &line, Value::Null).await.1
}

pub(super) async fn remove(twin: &Running, query: &str) -> Value {
    let line = format!("DELETE /_local/faults{query}");
    control(twin, &line, Value::Null).await.1
}

pub(super) async fn calls(twin: &Running, account: &str) -> Vec<(String, Option<u64>)> {
    let line = format!("GET /_local/calls.json?account={account}");
    let (_, calls) = control(twin, &line, Value::Null).await;
    let calls = calls.as_array().unwrap().iter();
    calls
        .map(|call| {
            let operation = call["operation"].as_str().unwrap().to_owned();
            (operation, call["status"].as_u64())
        })
        .collect()
}

/// A request line, headers and a body.
#[derive(Clone)]
pub(super) struct Asked(
    pub(super) &'static str,
    pub(super) String,
    pub(super) String,
);

impl Asked {
    pub(super) fn form(service: &str, form: &str) -> Self {
        let kind = "Content-Type: application/x-www-form-urlencoded\r\n";
        Self("POST /", signed(service) + kind, form.to_owned())
    }

    pub(super) fn json(service: &str, target: &str, body: Value) -> Self {
        let kind = "Content-Type: application/x-amz-json-1.1\r\n";
        let headers = format!("{}{kind}X-Amz-Target: {target}\r\n", signed(service));
        Self("POST /", headers, body.to_string())
    }

    pub(super) fn rest(service: &str, line: &'static str, body: Value) -> Self {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        Self(line, signed(service), body)
    }

    pub(super) async fn of(&self, twin: &Running) -> String {
        send(twin, self.0, &self.1, &self.2).await
    }

    /// Sends it and reads nothing.
    pub(super) async fn begin(&self, twin: &Running) -> TcpStream {
        let mut stream = connect(twin).await;
        let Self(line, headers, body) = self;
        let length = body.len();
        let request = format!(
            "{line} HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }
}

/// One read of each service: all protocols.
pub(super) fn reads() -> Vec<(&'static str, Asked)> {
    vec![
        (
            "iam:ListRoles",
            Asked::form("iam", "Action=ListRoles&Version=2010-05-08"),
        ),
        (
            "sts:GetCallerIdentity",
            Asked::form("sts", "Action=GetCallerIdentity&Version=2011-06-15"),
        ),
        (
            "lambda:ListFunctions",
            Asked::rest("lambda", "GET /2015-03-31/functions", Value::Null),
        ),
        (
            "apigateway:GetRestApis",
            Asked::rest("apigateway", "GET /restapis", Value::Null),
        ),
        (
            "logs:DescribeLogGroups",
            Asked::json("logs", "Logs_20140328.DescribeLogGroups", json!({})),
        ),
        (
            "cognito-idp:ListUserPools",
            Asked::json(
                "cognito-idp",
                "AWSCognitoIdentityProviderService.ListUserPools",
                json!({"MaxResults": 1}),
            ),
        ),
        (
            "tag:GetResources",
            Asked::json(
                "tagging",
                "ResourceGroupsTaggingAPI_20170126.GetResources",
                json!({}),
            ),
        ),
    ]
}

/// What makes something, what asks for it, and what the answer says when it is there: one of each protocol.
pub(super) fn works() -> Vec<(&'static str, Asked, Asked, &'static str)> {
    vec![
        (
            "iam:CreateRole",
            Asked::form("iam", CREATE),
            Asked::form("iam", GET),
            "<RoleName>r</RoleName>",
        ),
        (
            "apigateway:CreateRestApi",
            Asked::rest("apigateway", "POST /restapis", json!({"name": "held"})),
            Asked::rest("apigateway", "GET /restapis", Value::Null),
            "\"name\":\"held\"",
        ),
        (
            "logs:CreateLogGroup",
            Asked::json(
                "logs",
                "Logs_20140328.CreateLogGroup",
                json!({"logGroupName": "held"}),
            ),
            Asked::json("logs", "Logs_20140328.DescribeLogGroups", json!({})),
            "\"logGroupName\":\"held\"",
        ),
    ]
}
