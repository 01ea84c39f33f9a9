//! The service driven through `handle` and `data_plane`, as the server drives it.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod authorizers;
mod deployments;
mod gateway_responses;
mod keys;
mod lab;
mod lambda;
mod lambda_authorizers;
mod lambda_checks;
mod methods;
mod mock;
mod policies;
mod recorded;
mod requests;
mod signed;
mod tokens;
mod tree;

use std::{path::PathBuf, sync::Arc};

use hyper::body::Bytes;
use serde_json::{Value, json};

use super::{data_plane, handle};
use crate::{
    app::{App, Config},
    call::{Answer, Call, Service},
    cognito,
    world::World,
};

const ACCOUNT: &str = "111122223333";

struct Twin {
    app: Arc<App>,
}

/// An API with the resource `/demo`.
struct Api {
    id: String,
    root: String,
    demo: String,
}

/// What the data plane answered.
#[derive(Debug)]
struct Seen {
    status: u16,
    headers: hyper::HeaderMap,
    body: String,
}

fn call(service: Service, operation: &str, input: Value) -> Call {
    Call {
        service,
        operation: operation.to_owned(),
        input,
        account: ACCOUNT.to_owned(),
        caller: None,
        region: "us-east-1".to_owned(),
        request_id: String::new(),
    }
}

impl Twin {
    fn new() -> Self {
        Self::with(World::default())
    }

    fn with(world: World) -> Self {
        let config = Config::at(PathBuf::new());
        Self {
            app: Arc::new(App::new(config, world)),
        }
    }

    /// The twin as it is after a restart.
    fn restarted(&self) -> Self {
        let saved = self.app.read(|world| serde_json::to_string(world).unwrap());
        Self::with(serde_json::from_str(&saved).unwrap())
    }

    async fn answer(&self, operation: &str, input: Value) -> Answer {
        handle(&self.app, &call(Service::ApiGateway, operation, input)).await
    }

    async fn ok(&self, operation: &str, input: Value) -> Value {
        self.answer(operation, input)
            .await
            .unwrap_or_else(|e| panic!("{operation}: {e:?}"))
    }

    /// `code: message`.
    async fn refused(&self, operation: &str, input: Value) -> String {
        let error = self.answer(operation, input).await.expect_err(operation);
        format!("{} {}: {}", error.status, error.code, error.message)
    }

    async fn cognito(&self, operation: &str, input: Value) -> Value {
        cognito::handle(&self.app, &call(Service::Cognito, operation, input))
            .await
            .unwrap_or_else(|e| panic!("{operation}: {e:?}"))
    }

    async fn api(&self) -> Api {
        let made = self
            .ok(
                "CreateRestApi",
                json!({"name": "demo", "tags": {"lab": "x"}}),
            )
            .await;
        let (id, root) = (text(&made["id"]), text(&made["rootResourceId"]));
        let demo = self.resource(&id, &root, "demo").await;
        Api { id, root, demo }
    }

    async fn resource(&self, api: &str, parent: &str, part: &str) -> String {
        let input = json!({"restApiId": api, "parentId": parent, "pathPart": part});
        text(&self.ok("CreateResource", input).await["id"])
    }

    /// A MOCK method that answers 200 and `body`.
    async fn mock(&self, api: &Api, resource: &str, http_method: &str, body: &str, changes: Value) {
        let place = json!({"restApiId": api.id, "resourceId": resource, "httpMethod": http_method});
        let with = |more: Value| merged(&place, more);
        let method = merged(&json!({"authorizationType": "NONE"}), changes);
        self.ok("PutMethod", with(method)).await;
        let templates = json!({"application/json": "{\"statusCode\": 200}"});
        self.ok(
            "PutIntegration",
            with(json!({"type": "MOCK", "requestTemplates": templates})),
        )
        .await;
        self.ok("PutMethodResponse", with(json!({"statusCode": "200"})))
            .await;
        let response =
            json!({"statusCode": "200", "responseTemplates": {"application/json": body}});
        self.ok("PutIntegrationResponse", with(response)).await;
    }

    /// A new deployment under the stage `dev`.
    async fn deploy(&self, api: &Api) -> String {
        let input = json!({"restApiId": api.id, "stageName": "dev"});
        text(&self.ok("CreateDeployment", input).await["id"])
    }

    async fn send(
        &self,
        method: &str,
        uri: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Option<Seen> {
        let mut request = hyper::Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Bytes::from(body.to_owned())).unwrap();
        let response = data_plane(&self.app, &request).await?;
        Some(Seen {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: String::from_utf8_lossy(response.body()).into_owned(),
        })
    }

    /// Status and body of the stage `dev`.
    async fn get(&self, api: &Api, path: &str, headers: &[(&str, &str)]) -> (u16, String) {
        let uri = format!("/_api/{}/dev{path}", api.id);
        let seen = self.send("GET", &uri, headers, "").await.unwrap();
        (seen.status, seen.body)
    }
}

fn merged(a: &Value, b: Value) -> Value {
    let mut all = a.as_object().unwrap().clone();
    let Value::Object(b) = b else {
        panic!("not an object: {b}")
    };
    all.extend(b);
    Value::Object(all)
}

fn text(value: &Value) -> String {
    let text = value
        .as_str()
        .unwrap_or_else(|| panic!("not a string: {value}"));
    text.to_owned()
}

fn patch(op: &str, path: &str, value: &str) -> Value {
    json!({"op": op, "path": path, "value": value})
}
