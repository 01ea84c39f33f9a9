//! Chapters 3 and 4: the API, from its paths to the stage that serves it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use sha2::{Digest, Sha256};

use super::{Pool, method_step};
use crate::{
    chapter::Chapter,
    engine::{Plan, Planning, Ref},
    lab::{self, Guard, Lab},
    resource::{
        Authorization, Authorizer, Deployment, Function, GatewayResponse, Integration,
        IntegrationResponse, Judge, Method, MethodResponse, MockIntegration, Path, Permission,
        RestApi, Stage, UserPool,
    },
};

/// What a preflight is answered with: nothing but headers.
const NO_CONTENT: u16 = 204;

/// The parts of an API while it is planned.
struct Builder<'a> {
    plan: &'a mut Plan,
    lab: &'a Lab,
    file: &'a lab::Api,
    functions: &'a BTreeMap<&'a str, Ref<Function>>,
    api: Ref<RestApi>,
    /// The user pool that authorizers ask.
    pool: Option<Ref<UserPool>>,
    paths: BTreeMap<String, Ref<Path>>,
    authorizers: BTreeMap<&'a str, Ref<Authorizer>>,
    methods: Vec<Ref<Method>>,
    integrations: Vec<Ref<Integration>>,
    mocks: Vec<Ref<MockIntegration>>,
    responses: Vec<Ref<IntegrationResponse>>,
    refusals: Vec<Ref<GatewayResponse>>,
    reach: Reach,
}

/// How far an API is built.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reach {
    /// With authorizers and deployed; otherwise it is as at the end of chapter 3: open to all, and only tested.
    pub(super) guarded: bool,
    /// Only a distribution may call. `None`: a later chapter says.
    pub(super) behind_edge: Option<bool>,
    /// There is a distribution, though it may be of a later chapter.
    pub(super) has_edge: bool,
}

/// What else is made from the API.
pub(super) struct Made {
    pub(super) api: Ref<RestApi>,
    /// Once it is deployed.
    pub(super) stage: Option<Ref<Stage>>,
}

pub(super) fn add(
    plan: &mut Plan,
    lab: &Lab,
    file: &lab::Api,
    functions: &BTreeMap<&str, Ref<Function>>,
    pool: Option<&Pool>,
    reach: Reach,
) -> Made {
    let guarded = reach.guarded;
    let name = file.name.clone();
    let api = plan.add(Chapter::RestApi, "api", RestApi { name }, ());
    let mut builder = Builder {
        plan,
        lab,
        file,
        functions,
        api: api.clone(),
        pool: pool.map(|(pool, _)| pool.clone()),
        paths: BTreeMap::new(),
        authorizers: BTreeMap::new(),
        methods: Vec::new(),
        integrations: Vec::new(),
        mocks: Vec::new(),
        responses: Vec::new(),
        refusals: Vec::new(),
        reach,
    };
    if guarded {
        for (name, authorizer) in &file.authorizers {
            builder.authorizer(name, authorizer);
        }
    }
    for route in &file.routes {
        builder.route(route, guarded);
    }
    if let Some(cors) = &file.cors {
        builder.cors(cors);
    }
    let stage = guarded.then(|| builder.deploy());
    Made { api, stage }
}

impl<'a> Builder<'a> {
    /// Before the methods that it guards, so that each is made once.
    fn authorizer(&mut self, name: &'a str, file: &'a lab::Authorizer) {
        let chapter = Chapter::Authorizer;
        let function = file.function().and_then(|id| {
            let function = self.lab.functions.get(id)?;
            Some((function.name.clone(), self.functions.get(id)?.clone()))
        });
        let (judge, pool) = match (&file.judge, &function) {
            (lab::Judge::Pool { .. }, _) => match &self.pool {
                Some(pool) => (Judge::Pool, Some(pool.clone())),
                None => return,
            },
            (lab::Judge::Token { validation, .. }, Some((function, _))) => {
                let function = function.clone();
                let validation = validation.clone();
                (
                    Judge::Token {
                        function,
                        validation,
                    },
                    None,
                )
            }
            (lab::Judge::Request { .. }, Some((function, _))) => {
                let function = function.clone();
                (Judge::Request { function }, None)
            }
            // A checked Lab has the functions that its authorizers name.
            (_, None) => return,
        };
        let made = Authorizer {
            name: name.to_owned(),
            judge,
            identity_source: identity_source(&file.sources()),
            ttl_s: file.ttl_s,
        };
        let id = format!("authorizer.{name}");
        let made = self.plan.add(chapter, id, made, (self.api.clone(), pool));
        if let Some((_, function)) = function {
            let permission = Permission {
                statement_id: statement_id("authorizer", name),
                method: String::new(),
                path: String::new(),
            };
            let needs = (function, self.api.clone(), Some(made.clone()));
            let id = format!("permission.authorizer.{name}");
            self.plan.add(chapter, id, permission, needs);
        }
        self.authorizers.insert(name, made);
    }

    fn route(&mut self, route: &lab::Route, guarded: bool) {
        let chapter = Chapter::RestApi;
        let name = route.name();
        let authorizer = match &route.guard {
            Guard::Authorizer(name) => self.authorizers.get(name.as_str()).cloned(),
            Guard::Open | Guard::Iam => None,
        };
        let authorization = match (&route.guard, self.file.authorizer(route)) {
            _ if !guarded => Authorization::Later,
            (Guard::Iam, _) => Authorization::Iam,
            (_, Some(judge)) if authorizer.is_some() => match judge.function() {
                Some(_) => Authorization::Lambda,
                None => Authorization::Cognito,
            },
            _ => Authorization::Open,
        };
        let method = Method {
            http_method: route.method.clone(),
            path: route.path.clone(),
            authorization,
            scopes: if authorization == Authorization::Cognito {
                route.scopes.clone()
            } else {
                Vec::new()
            },
            api_key_required: self.reach.behind_edge,
        };
        let path = self.path(&route.path);
        let needs = (self.api.clone(), path, authorizer);
        let method = method_step(&name).add(self.plan, chapter, method, needs);
        let functions = (
            self.lab.functions.get(&route.function),
            self.functions.get(route.function.as_str()),
        );
        let (Some(file), Some(function)) = functions else {
            return; // A checked Lab has the functions that its routes name.
        };
        let integration = Integration {
            function: file.name.clone(),
            method: name.clone(),
        };
        let id = format!("integration.{name}");
        let integration = self.plan.add(chapter, id, integration, method.clone());
        self.integrations.push(integration);
        self.methods.push(method);
        let permission = Permission {
            statement_id: statement_id(&route.method, &route.path),
            method: route.method.clone(),
            path: route.path.clone(),
        };
        let needs = (function.clone(), self.api.clone(), None);
        self.plan
            .add(chapter, format!("permission.{name}"), permission, needs);
    }

    /// A preflight for each path that has no OPTIONS of its own, and refusals that a page can read.
    fn cors(&mut self, cors: &lab::Cors) {
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
            authorization: Authorization::Open,
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

    fn deploy(self) -> Ref<Stage> {
        let chapter = Chapter::Authorizer;
        let content = content(self.lab, self.file, self.reach.has_edge);
        let authorizers = self.authorizers.into_values().collect();
        let snapshot = (
            (self.pool, authorizers),
            (self.methods, self.integrations),
            (self.mocks, self.responses, self.refusals),
        );
        let needs = (self.api.clone(), snapshot);
        let deployment = Deployment { content };
        let deployment = self.plan.add(chapter, "deployment", deployment, needs);
        let name = self.file.stage.clone();
        self.plan
            .add(chapter, "stage", Stage { name }, (self.api, deployment))
    }

    /// The steps of a path, parents first. `/` is there from the start.
    fn path(&mut self, path: &str) -> Option<Ref<Path>> {
        let (parent, part) = path.rsplit_once('/')?;
        if part.is_empty() {
            return None;
        }
        if let Some(known) = self.paths.get(path) {
            return Some(known.clone());
        }
        let needs = (self.api.clone(), self.path(parent));
        let step = Path {
            path: path.to_owned(),
        };
        let id = format!("path.{path}");
        let made = self.plan.add(Chapter::RestApi, id, step, needs);
        self.paths.insert(path.to_owned(), made.clone());
        Some(made)
    }
}

fn identity_source(sources: &[lab::Source]) -> String {
    let sources = sources.iter().map(|source| match source {
        lab::Source::Header(name) => format!("method.request.header.{name}"),
        lab::Source::Query(name) => format!("method.request.querystring.{name}"),
    });
    sources.collect::<Vec<_>>().join(",")
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

/// All that a deployment's snapshot shows, apart from the ids that AWS makes.
fn content(lab: &Lab, api: &lab::Api, has_edge: bool) -> String {
    let function = |id: &str| lab.functions.get(id).map(|f| &f.name);
    let authorizers: Vec<_> = api
        .authorizers
        .iter()
        .map(|(name, a)| {
            let validation = match &a.judge {
                lab::Judge::Token { validation, .. } => validation.as_deref(),
                _ => None,
            };
            let sources = identity_source(&a.sources());
            let function = a.function().and_then(function);
            json!([name, sources, a.ttl_s, function, validation])
        })
        .collect();
    let routes: Vec<_> = api
        .routes
        .iter()
        .map(|r| {
            let guard = match &r.guard {
                Guard::Open => "none",
                Guard::Iam => "iam",
                Guard::Authorizer(name) => name,
            };
            json!([r.method, r.path, function(&r.function), guard, r.scopes])
        })
        .collect();
    let cors = api
        .cors
        .as_ref()
        .map(|c| json!([c.origin, c.headers, c.max_age_s]));
    if has_edge {
        json!([authorizers, routes, cors, "api key"]).to_string()
    } else {
        json!([authorizers, routes, cors]).to_string()
    }
}

/// A readable statement id (1–100 letters, digits, `-`, `_`), unique by a hash of the route.
fn statement_id(method: &str, path: &str) -> String {
    let readable: String = path
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .take(60)
        .collect();
    let hash = Sha256::digest(format!("{method} {path}"));
    let readable = readable.trim_matches('-');
    format!(
        "labctl-{method}-{readable}-{:02x}{:02x}{:02x}",
        hash[0], hash[1], hash[2]
    )
}
