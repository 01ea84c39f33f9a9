//! What browsers of other origins are told: preflights, and refusals that a page can read.

use std::collections::BTreeSet;

use super::{api::Builder, method_step};
use crate::{
    chapter::Chapter,
    engine::Planning as _,
    lab::{self, Guard},
    resource::{GatewayResponse, IntegrationResponse, Method, MethodResponse, MockIntegration},
};

/// What a preflight is answered with: nothing but headers.
const NO_CONTENT: u16 = 204;

impl Builder<'_> {
    /// A preflight for each path that has no OPTIONS of its own, and refusals that a page can read.
    pub(super) fn cors(&mut self, cors: &lab::Cors) {
        self.content.cors(cors);
        let chapter = Chapter::RestApi;
        let routes = &self.file.routes;
        let paths: BTreeSet<&str> = routes.iter().map(|r| r.path.as_str()).collect();
        for path in paths {
            let methods = routes.iter().filter(|r| r.path == path);
            let methods: BTreeSet<&str> = methods.map(|r| r.method.as_str()).collect();
            if methods.contains("OPTIONS") {
                continue;
            }
            self.preflight(path, &preflight_headers(cors, &methods));
        }
        for response_type in ["DEFAULT_4XX", "DEFAULT_5XX"] {
            let refusal = GatewayResponse {
                response_type: response_type.to_owned(),
                headers: vec![allow_origin(cors)],
            };
            let id = format!("gateway_response.{response_type}");
            let refusal = self.plan.add(chapter, id, refusal, self.api.clone());
            self.refusals.push(refusal);
        }
    }

    fn preflight(&mut self, path: &str, headers: &[(String, String)]) {
        let chapter = Chapter::RestApi;
        let name = format!("OPTIONS {path}");
        let method = Method {
            http_method: "OPTIONS".to_owned(),
            path: path.to_owned(),
            guard: Some(Guard::Open),
            scopes: Vec::new(),
            api_key_required: self.reach.behind_edge,
        };
        let needs = (self.api.clone(), self.path(path), None);
        let method = method_step(&name).add(self.plan, chapter, method, needs);
        let response = MethodResponse {
            method: name.clone(),
            status: NO_CONTENT,
            headers: headers.iter().map(|(name, _)| name.clone()).collect(),
        };
        let id = format!("method_response.{name}");
        let response = self.plan.add(chapter, id, response, method.clone());
        let mock = MockIntegration {
            method: name.clone(),
            status: NO_CONTENT,
        };
        let id = format!("mock_integration.{name}");
        let mock = self.plan.add(chapter, id, mock, method.clone());
        let filled = IntegrationResponse {
            method: name.clone(),
            status: NO_CONTENT,
            headers: headers.to_vec(),
        };
        let id = format!("integration_response.{name}");
        let filled = self.plan.add(chapter, id, filled, (mock.clone(), response));
        self.methods.push(method);
        self.mocks.push(mock);
        self.responses.push(filled);
    }
}

fn allow_origin(cors: &lab::Cors) -> (String, String) {
    let name = "Access-Control-Allow-Origin";
    (name.to_owned(), cors.origin.clone())
}

fn preflight_headers(cors: &lab::Cors, methods: &BTreeSet<&str>) -> Vec<(String, String)> {
    let all = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];
    let any = methods.contains("ANY");
    let methods: Vec<&str> = all
        .into_iter()
        .filter(|m| any || *m == "OPTIONS" || methods.contains(m))
        .collect();
    let header = |name: &str, value: String| (name.to_owned(), value);
    vec![
        allow_origin(cors),
        header("Access-Control-Allow-Headers", cors.headers.join(",")),
        header("Access-Control-Allow-Methods", methods.join(",")),
        header("Access-Control-Max-Age", cors.max_age_s.to_string()),
    ]
}
