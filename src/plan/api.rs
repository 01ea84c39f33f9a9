//! Chapters 3 and 4: the API, from its paths to the stage that serves it.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::{Pool, method_step};
use crate::{
    chapter::Chapter,
    engine::{Plan, Planning as _, Ref},
    lab::{self, Lab},
    resource::{
        Authorizer, Content, Deployment, Function, GatewayResponse, Integration,
        IntegrationResponse, Method, MockIntegration, Path, Permission, RestApi, Stage, UserPool,
    },
};

/// The parts of an API while it is planned.
pub(super) struct Builder<'a> {
    pub(super) plan: &'a mut Plan,
    lab: &'a Lab,
    pub(super) file: &'a lab::Api,
    functions: &'a BTreeMap<&'a str, Ref<Function>>,
    pub(super) api: Ref<RestApi>,
    /// The user pool that authorizers ask.
    pool: Option<Ref<UserPool>>,
    paths: BTreeMap<String, Ref<Path>>,
    authorizers: BTreeMap<&'a str, Ref<Authorizer>>,
    pub(super) methods: Vec<Ref<Method>>,
    integrations: Vec<Ref<Integration>>,
    pub(super) mocks: Vec<Ref<MockIntegration>>,
    pub(super) responses: Vec<Ref<IntegrationResponse>>,
    pub(super) refusals: Vec<Ref<GatewayResponse>>,
    pub(super) reach: Reach,
    pub(super) content: Content,
}

/// How far an API is built.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reach {
    /// With authorizers and deployed; otherwise it is as at the end of chapter 3: open to all, and only tested.
    pub(super) guarded: bool,
    /// An authorizer that is attached already is detached.
    pub(super) opens: bool,
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
    let builder = build(plan, lab, file, functions, pool, reach);
    let api = builder.api.clone();
    let stage = reach.guarded.then(|| builder.deploy());
    Made { api, stage }
}

/// All but the deployment.
fn build<'a>(
    plan: &'a mut Plan,
    lab: &'a Lab,
    file: &'a lab::Api,
    functions: &'a BTreeMap<&'a str, Ref<Function>>,
    pool: Option<&Pool>,
    reach: Reach,
) -> Builder<'a> {
    let guarded = reach.guarded;
    let name = file.name.clone();
    let api = plan.add(Chapter::RestApi, "api", RestApi { name }, ());
    let mut builder = Builder {
        plan,
        lab,
        file,
        functions,
        api,
        pool: pool.map(|(pool, _)| pool.clone()),
        paths: BTreeMap::new(),
        authorizers: BTreeMap::new(),
        methods: Vec::new(),
        integrations: Vec::new(),
        mocks: Vec::new(),
        responses: Vec::new(),
        refusals: Vec::new(),
        reach,
        content: Content::new(reach.has_edge),
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
    builder
}

impl<'a> Builder<'a> {
    /// Before the methods that it guards, so that each is made once.
    fn authorizer(&mut self, name: &'a str, file: &'a lab::Authorizer) {
        let chapter = Chapter::Authorizer;
        // A checked Lab has the functions that its authorizers name.
        let function = file.function().and_then(|id| {
            let function = self.lab.functions.get(id)?;
            Some((function.name.clone(), self.functions.get(id)?.clone()))
        });
        let pool = self.pool.clone().filter(|_| function.is_none());
        let made = Authorizer {
            name: name.to_owned(),
            spec: file.clone(),
            function: function.as_ref().map(|(name, _)| name.clone()),
        };
        self.content.authorizer(&made);
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
        let authorizer = route.guard.authorizer();
        let authorizer = authorizer.and_then(|name| self.authorizers.get(name).cloned());
        let planned = Method {
            http_method: route.method.clone(),
            path: route.path.clone(),
            guard: if guarded {
                Some(route.guard.clone())
            } else {
                self.reach.opens.then_some(lab::Guard::Open)
            },
            scopes: if guarded {
                route.scopes.clone()
            } else {
                Vec::new()
            },
            api_key_required: self.reach.behind_edge,
        };
        let path = self.path(&route.path);
        let needs = (self.api.clone(), path, authorizer);
        let method = method_step(&name).add(self.plan, chapter, planned.clone(), needs);
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
        self.content.route(&planned, &integration);
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

    fn deploy(self) -> Ref<Stage> {
        let chapter = Chapter::Authorizer;
        let authorizers = self.authorizers.into_values().collect();
        let snapshot = (
            (self.pool, authorizers),
            (self.methods, self.integrations),
            (self.mocks, self.responses, self.refusals),
        );
        let needs = (self.api.clone(), snapshot);
        let deployment = Deployment {
            content: self.content,
        };
        let deployment = self.plan.add(chapter, "deployment", deployment, needs);
        let name = self.file.stage.clone();
        self.plan
            .add(chapter, "stage", Stage { name }, (self.api, deployment))
    }

    /// The steps of a path, parents first. `/` is there from the start.
    pub(super) fn path(&mut self, path: &str) -> Option<Ref<Path>> {
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{
        plan::{Extent, add_function, pool},
        resource,
    };

    /// States record hashes of these texts: another text would deploy every such lab anew at the first `up` after an
    /// upgrade.
    #[test]
    fn what_deployments_show_keeps_its_form() {
        for (file, text) in [
            (
                "src/lab/tests/good/full.yaml",
                r#"[[["gate","method.request.header.X-Key,method.request.querystring.team",300,"d-node",null],["guard","method.request.header.X-Guard",60,"d-node","^Bearer [a-z]+$"],["pool-a","method.request.header.X-Token",0,null,null],["pool-b","method.request.header.Authorization",300,null,null]],[["GET","/","d-node","none",[]],["GET","/items/{id}","d-hello_1","pool-a",["aws.cognito.signin.user.admin","orders/read"]],["ANY","/items/{id}/{rest+}","d-inner","pool-b",[]],["DELETE","/items/{id}","d-hello_1","pool-a",[]],["PUT","/items/{id}","d-hello_1","iam",[]],["PATCH","/items/{id}","d-hello_1","iam",[]],["GET","/guarded","d-hello_1","guard",[]],["GET","/gated","d-hello_1","gate",[]]],["https://app.example.com",["Content-Type","X-Token"],60]]"#,
            ),
            (
                "labs/cloudfront-edge/lab.yaml",
                r#"[[["d-user-pool","method.request.header.Authorization",300,null,null]],[["GET","/demo","d-cloudfront-edge-hello","d-user-pool",["aws.cognito.signin.user.admin"]],["GET","/status","d-cloudfront-edge-hello","none",[]]],null,"api key"]"#,
            ),
            (
                "labs/iam-authorizer/lab.yaml",
                r#"[[],[["GET","/reports","d-iam-authorizer-hello","iam",[]],["DELETE","/reports","d-iam-authorizer-hello","iam",[]]],null]"#,
            ),
        ] {
            let lab = lab::load(Path::new(file)).expect("a lab");
            let api = lab.api.as_ref().expect("an API");
            let extent = Extent {
                users: None,
                until: u8::MAX,
                goes_back: false,
                reached: 0,
                passwords: &BTreeMap::new(),
                key_number: 1,
                client_secrets: &BTreeMap::new(),
            };
            let mut plan = Plan::default();
            let mut functions = BTreeMap::new();
            for (id, function) in &lab.functions {
                let function =
                    add_function(&mut plan, id, function, resource::pack).expect("its code");
                functions.insert(id.as_str(), function);
            }
            let pool = lab.user_pool.as_ref();
            let pool = pool.map(|file| pool::add(&mut plan, file, &extent));
            let reach = Reach {
                opens: false,
                guarded: true,
                behind_edge: Some(lab.edge.is_some()),
                has_edge: lab.edge.is_some(),
            };
            let built = build(&mut plan, &lab, api, &functions, pool.as_ref(), reach);
            assert_eq!(built.content.text(), text, "{file}");
        }
    }
}
