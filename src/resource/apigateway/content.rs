//! What a deployment's snapshot shows of the planned API, apart from the ids that AWS makes.
//!
//! States record a hash of this text, and another hash makes a new deployment. So the form stays as it is, the order of
//! values included: an option that lab.yaml gets later is added only for labs that use it. The patterns below name every
//! field, so that a new one does not compile until it is here, or is left out on purpose.

use serde_json::{Value, json};

use super::{Authorizer, Integration, Method};
use crate::lab::{self, Cors, Judge};

/// Collects what is planned, in the tutorial's order.
#[derive(Debug, Clone, Default)]
pub struct Content {
    authorizers: Vec<Value>,
    routes: Vec<Value>,
    cors: Option<Value>,
    has_edge: bool,
}

impl Content {
    /// `has_edge`: there is a distribution, though it may be of a later chapter, and callers need its API key.
    pub fn new(has_edge: bool) -> Self {
        Self {
            has_edge,
            ..Self::default()
        }
    }

    /// An authorizer. Its type cannot change, so it has another id then.
    pub fn authorizer(&mut self, planned: &Authorizer) {
        let Authorizer {
            name,
            spec: lab::Authorizer { judge, ttl_s },
            function,
        } = planned;
        let validation = match judge {
            Judge::Token {
                function: _,
                header: _,
                validation,
            } => validation.as_deref(),
            Judge::Pool { header: _ }
            | Judge::Request {
                function: _,
                sources: _,
            } => None,
        };
        let sources = planned.identity_source();
        let shown = json!([name, sources, ttl_s, function, validation]);
        self.authorizers.push(shown);
    }

    /// A route: its method, and what that calls.
    pub fn route(&mut self, method: &Method, integration: &Integration) {
        let Method {
            http_method,
            path,
            guard,
            scopes,
            // As `has_edge`, which does not depend on how far the lab is built.
            api_key_required: _,
        } = method;
        let Integration {
            function,
            method: _,
        } = integration;
        let guard = match guard {
            None | Some(lab::Guard::Open) => "none",
            Some(lab::Guard::Iam) => "iam",
            Some(
                lab::Guard::Pool {
                    authorizer,
                    header: _,
                }
                | lab::Guard::Function {
                    authorizer,
                    sources: _,
                },
            ) => authorizer,
        };
        let shown = json!([http_method, path, function, guard, scopes]);
        self.routes.push(shown);
    }

    /// What preflights and refusals are made from.
    pub fn cors(&mut self, cors: &Cors) {
        let Cors {
            origin,
            headers,
            max_age_s,
        } = cors;
        self.cors = Some(json!([origin, headers, max_age_s]));
    }

    /// The text of it all.
    pub fn text(&self) -> String {
        let Self {
            authorizers,
            routes,
            cors,
            has_edge,
        } = self;
        let shown = if *has_edge {
            json!([authorizers, routes, cors, "api key"])
        } else {
            json!([authorizers, routes, cors])
        };
        shown.to_string()
    }
}
