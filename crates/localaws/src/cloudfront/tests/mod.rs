//! The service as the server drives it: API calls as XML through the wire layer, viewers through the data plane.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod aliases;
mod edge;
mod firewall;
mod life;
mod refusals;

use std::{path::PathBuf, sync::Arc};

use hyper::{HeaderMap, body::Bytes};
use serde_json::{Value, json};

use super::{data_plane, is_alias, set};
use crate::{
    apigateway,
    app::{App, Config},
    call::{Call, Service},
    world::World,
};

const ACCOUNT: &str = "111122223333";
const DISABLED: &str = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad";
const OPTIMIZED: &str = "658327ea-f89d-4fab-a63d-7e88639e58f6";
const ALL_VIEWER: &str = "216adef6-5c7f-47e4-b989-5492eafa07d3";
const EXCEPT_HOST: &str = "b689b0a8-53d0-40ab-baf2-68738e2966ac";

struct Twin {
    app: Arc<App>,
}

/// What was answered, over HTTP.
#[derive(Debug)]
struct Seen {
    status: u16,
    headers: HeaderMap,
    body: String,
}

impl Seen {
    fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }

    /// The text of the first element of this name.
    fn element(&self, name: &str) -> &str {
        let (_, rest) = self.body.split_once(&format!("<{name}>")).unwrap();
        rest.split_once("</").unwrap().0
    }
}

impl Twin {
    /// One whose deployments take no time.
    fn new() -> Self {
        let config = Config::at(PathBuf::new());
        let twin = Self {
            app: Arc::new(App::new(config, World::default())),
        };
        twin.deploy_in(0.0);
        twin
    }

    fn deploy_in(&self, seconds: f64) {
        let setting = json!({ "deploy_seconds": seconds });
        set(&self.app, setting.to_string().as_bytes()).unwrap();
    }

    /// A signed API call.
    async fn call(&self, method: &str, path: &str, if_match: &str, body: &str) -> Seen {
        let scope = format!("{ACCOUNT}/20260101/us-east-1/cloudfront/aws4_request");
        let signature =
            format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0");
        let mut request = hyper::Request::builder()
            .method(method)
            .uri(format!("/2020-05-31/{path}"))
            .header("authorization", signature);
        if !if_match.is_empty() {
            request = request.header("if-match", if_match);
        }
        let request = request.body(Bytes::from(body.to_owned())).unwrap();
        let (response, _) = crate::wire::serve(&self.app, &request).await;
        seen(response.unwrap())
    }

    /// `201 `, or `400 Code: message`.
    async fn create(&self, config: &Value) -> String {
        let body = xml("DistributionConfig", config);
        outcome(&self.call("POST", "distribution", "", &body).await)
    }

    /// Id and domain name of a new distribution.
    async fn made(&self, config: &Value) -> (String, String) {
        let body = xml("DistributionConfig", config);
        let made = self.call("POST", "distribution", "", &body).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let id = made.header("location").rsplit('/').next().unwrap();
        (id.to_owned(), domain(&made))
    }

    async fn etag(&self, id: &str) -> String {
        let got = self
            .call("GET", &format!("distribution/{id}"), "", "")
            .await;
        got.header("etag").to_owned()
    }

    async fn update(&self, id: &str, config: &Value) -> String {
        let etag = self.etag(id).await;
        let body = xml("DistributionConfig", config);
        let path = format!("distribution/{id}/config");
        outcome(&self.call("PUT", &path, &etag, &body).await)
    }

    /// A viewer's GET by the distribution's domain name.
    async fn view(&self, domain: &str, path: &str, headers: &[(&str, &str)]) -> Seen {
        self.send("GET", domain, path, headers).await
    }

    async fn send(&self, method: &str, host: &str, path: &str, headers: &[(&str, &str)]) -> Seen {
        let mut request = hyper::Request::builder()
            .method(method)
            .uri(path)
            .header("host", host);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Bytes::new()).unwrap();
        seen(data_plane(&self.app, &request).await.unwrap())
    }

    async fn gateway(&self, operation: &str, input: Value) -> Value {
        let call = Call {
            service: Service::ApiGateway,
            operation: operation.to_owned(),
            input,
            account: ACCOUNT.to_owned(),
            caller: None,
            region: "us-east-1".to_owned(),
            request_id: String::new(),
        };
        apigateway::handle(&self.app, &call).await.unwrap()
    }

    /// An API whose `/demo` answers `body` at its stage `dev`: its domain name.
    async fn api(&self, body: &str) -> String {
        let api = self.gateway("CreateRestApi", json!({"name": "a"})).await;
        let id = api["id"].as_str().unwrap();
        let parent =
            json!({"restApiId": id, "parentId": api["rootResourceId"], "pathPart": "demo"});
        let demo = self.gateway("CreateResource", parent).await;
        self.answer(id, &demo["id"], body).await;
        format!("{id}.execute-api.us-east-1.amazonaws.com")
    }

    /// Has GET and POST answer `body`, deployed.
    async fn answer(&self, api: &str, resource: &Value, body: &str) {
        for method in ["GET", "POST"] {
            let place = json!({"restApiId": api, "resourceId": resource, "httpMethod": method});
            let with = |more: Value| {
                let mut all = place.clone();
                all.as_object_mut()
                    .unwrap()
                    .extend(more.as_object().unwrap().clone());
                all
            };
            let templates = json!({"application/json": "{\"statusCode\": 200}"});
            for (operation, more) in [
                ("PutMethod", json!({"authorizationType": "NONE"})),
                (
                    "PutIntegration",
                    json!({"type": "MOCK", "requestTemplates": templates}),
                ),
                ("PutMethodResponse", json!({"statusCode": "200"})),
                (
                    "PutIntegrationResponse",
                    json!({"statusCode": "200", "responseTemplates": {"application/json": body}}),
                ),
            ] {
                self.gateway(operation, with(more)).await;
            }
        }
        let stage = json!({"restApiId": api, "stageName": "dev"});
        self.gateway("CreateDeployment", stage).await;
    }
}

fn seen(response: crate::server::Response) -> Seen {
    let (head, body) = response.into_parts();
    Seen {
        status: head.status.as_u16(),
        headers: head.headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    }
}

fn outcome(seen: &Seen) -> String {
    if seen.status < 300 {
        return seen.status.to_string();
    }
    let (code, message) = (seen.element("Code"), seen.element("Message"));
    format!("{} {code}: {message}", seen.status)
}

/// The distribution's own domain name comes behind its config, whose origins have one too.
fn domain(distribution: &Seen) -> String {
    let (_, rest) = distribution.body.rsplit_once("<DomainName>").unwrap();
    let own = rest.split_once("</").unwrap().0;
    own.to_owned()
}

/// What an expert has in front of an API.
fn config(domain: &str) -> Value {
    json!({
        "CallerReference": "r",
        "Comment": "",
        "Enabled": true,
        "Origins": {"Quantity": 1, "Items": [{
            "Id": "api",
            "DomainName": domain,
            "OriginPath": "/dev",
            "CustomOriginConfig": {
                "HTTPPort": 80,
                "HTTPSPort": 443,
                "OriginProtocolPolicy": "https-only",
                "OriginSslProtocols": {"Quantity": 1, "Items": ["TLSv1.2"]},
            },
        }]},
        "DefaultCacheBehavior": {
            "TargetOriginId": "api",
            "ViewerProtocolPolicy": "https-only",
            "CachePolicyId": DISABLED,
            "OriginRequestPolicyId": EXCEPT_HOST,
        },
    })
}

/// The config with the parts at these JSON pointers replaced; null takes them away.
fn with<const N: usize>(config: &Value, changes: [(&str, Value); N]) -> Value {
    let mut config = config.clone();
    for (pointer, value) in changes {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let parent = config.pointer_mut(parent).unwrap();
        match (parent, value) {
            (Value::Object(members), Value::Null) => drop(members.remove(name)),
            (Value::Object(members), value) => drop(members.insert(name.to_owned(), value)),
            (parent, value) => *parent.pointer_mut(&format!("/{name}")).unwrap() = value,
        }
    }
    config
}

/// The names of list elements, where there are lists.
fn item_name(list: &str) -> &str {
    match list {
        "Origins" => "Origin",
        "CacheBehaviors" => "CacheBehavior",
        "AllowedMethods" | "CachedMethods" => "Method",
        "CustomHeaders" => "OriginCustomHeader",
        "OriginSslProtocols" => "SslProtocol",
        "GeoRestriction" => "Location",
        "Aliases" => "CNAME",
        "Paths" => "Path",
        "Tags" => "Tag",
        "TagKeys" => "Key",
        other => panic!("{other} has no list"),
    }
}

fn xml(name: &str, value: &Value) -> String {
    let inner = match value {
        Value::Object(members) => members
            .iter()
            .map(|(member, value)| match value {
                Value::Array(items) => {
                    let items: String = items.iter().map(|i| xml(item_name(name), i)).collect();
                    format!("<{member}>{items}</{member}>")
                }
                value => xml(member, value),
            })
            .collect(),
        Value::String(text) => text.replace('&', "&amp;").replace('<', "&lt;"),
        other => other.to_string(),
    };
    format!("<{name}>{inner}</{name}>")
}
