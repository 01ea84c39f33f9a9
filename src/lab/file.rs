//! lab.yaml as it is written: every key, with its rule and what an editor says of it.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings, json_schema};

use super::{
    kinds::{List, Map, Text, Whole},
    read::{Need, Read, Spot, mirror},
    rules::{
        Any, ApiName, Architecture, AuthorizerName, AuthorizerRef, AuthorizerType, ClientType,
        Email, Endpoint, Factor, FunctionId, FunctionName, FunctionRef, Handler, Header, LabName,
        PolicyArn, PoolName, Region, RoleName, RouteKey, Runtime, Scope, SignIn, Source, StageName,
        Variable,
    },
};

mirror! {
    /// A lab: what labctl builds, proves and removes.
    struct File {
        /// The lab's name. It names the state (.labctl/NAME) and the ownership tags.
        lab: Need<Text<LabName>>,
        /// The AWS region. `--region` overrides it.
        region: Need<Text<Region>>,
        /// The Lambda functions, each under an id that routes name.
        functions: Need<Map<FunctionId, Function>>,
        /// The Cognito user pool.
        user_pool: Option<Need<UserPool>>,
        /// The REST API.
        api: Option<Api>,
    }

    /// A Lambda function, with its role and log group.
    struct Function {
        /// The function's name on AWS.
        name: Need<Text<FunctionName>>,
        /// The runtime.
        runtime: Need<Text<Runtime>>,
        /// The processor. `x86_64` when left out.
        architecture: Option<Text<Architecture>>,
        /// The code's entry: the file's name without its ending, a dot, the function's name.
        handler: Need<Text<Handler>>,
        /// The folder with the code, beside lab.yaml. It is packed into a reproducible zip.
        source: Need<Text<Source>>,
        /// Memory in MB. 128 when left out.
        memory: Option<Whole<128, 10_240>>,
        /// Seconds that a call may take. 3 when left out. API Gateway waits 29 seconds at most.
        timeout: Option<Whole<1, 900>>,
        /// Environment variables.
        environment: Option<Map<Variable, Text<Any>>>,
        /// Days that log events are kept. 7 when left out.
        log_retention_days: Option<RetentionDays>,
        /// The execution role's name. The function's name and `-role` when left out.
        role: Option<Text<RoleName>>,
        /// ARNs of further IAM policies for the role. It may always write its own logs.
        managed_policies: Option<List<Text<PolicyArn>>>,
    }

    /// A Cognito user pool with sign-in by e-mail.
    struct UserPool {
        /// The pool's name.
        name: Need<Text<PoolName>>,
        /// What users sign in with.
        sign_in: Option<List<Text<SignIn>>>,
        /// How a sign-in may begin. Cognito wants `password` among them. Both when left out.
        first_factors: Option<List<Text<Factor>>>,
        /// The app that signs users in.
        app_client: Need<AppClient>,
        /// Test users: verified, without invitation and password.
        users: Option<List<User>>,
    }

    /// An app client of the user pool.
    struct AppClient {
        /// The client's name.
        name: Need<Text<PoolName>>,
        /// The kind of app. A single-page app (spa) cannot keep a secret, so it has none.
        #[expect(dead_code, reason = "one value so far")]
        r#type: Option<Text<ClientType>>,
        /// Minutes that a sign-in may take, fetching the mail included. 10 when left out.
        session_minutes: Option<Whole<3, 15>>,
        /// Life of access tokens in minutes. 60 when left out.
        access_token_minutes: Option<Whole<5, 1440>>,
        /// Life of ID tokens in minutes. 60 when left out.
        id_token_minutes: Option<Whole<5, 1440>>,
        /// Life of refresh tokens in days. 30 when left out.
        refresh_token_days: Option<Whole<1, 3650>>,
    }

    /// A test user.
    struct User {
        /// The address that one-time codes are mailed to.
        email: Need<Text<Email>>,
    }

    /// A REST API.
    struct Api {
        /// The API's name.
        name: Need<Text<ApiName>>,
        /// The endpoint's type.
        #[expect(dead_code, reason = "one value so far")]
        endpoint: Option<Text<Endpoint>>,
        /// The authorizers, each under its name.
        authorizers: Option<Map<AuthorizerName, Authorizer>>,
        /// The routes, each under a method and a path, like `GET /demo` or `ANY /items/{id}`.
        routes: Need<Map<RouteKey, Route>>,
        /// The stage that the API is deployed to.
        stage: Need<Text<StageName>>,
    }

    /// An authorizer that checks tokens of the user pool.
    struct Authorizer {
        /// The kind of authorizer.
        #[expect(dead_code, reason = "one value so far")]
        r#type: Need<Text<AuthorizerType>>,
        /// The header with the token. Authorization when left out.
        token_source: Option<Text<Header>>,
        /// Seconds that a token's result is kept. 300 when left out, 0 for none.
        ttl: Option<Whole<0, 3600>>,
    }

    /// A route of the API.
    struct Route {
        /// The id of the function that answers.
        function: Need<Text<FunctionRef>>,
        /// The name of the authorizer, or `none` for a route that is open to all.
        authorizer: Need<Text<AuthorizerRef>>,
        /// Scopes of which an access token must have one. Without scopes, ID tokens are wanted.
        scopes: Option<List<Text<Scope>>>,
        /// The body of a good answer, which `labctl verify` looks for.
        expect: Option<Text<Any>>,
    }
}

/// What `PutRetentionPolicy` takes.
const RETENTION_DAYS: &[i32] = &[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];

/// Days that log events can be kept.
#[derive(Debug)]
pub(super) struct RetentionDays(pub(super) i32);

impl Read for RetentionDays {
    fn read(spot: &Spot<'_>) -> Option<Self> {
        let Whole(days, _) = Whole::<1, 3653>::read(spot)?;
        if RETENTION_DAYS.contains(&days) {
            return Some(Self(days));
        }
        let known: Vec<String> = RETENTION_DAYS.iter().map(ToString::to_string).collect();
        spot.wrong(
            format!("CloudWatch Logs cannot keep events for {days} days"),
            format!("one of: {}", known.join(", ")),
        )
    }
}

impl JsonSchema for RetentionDays {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "RetentionDays".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "enum": RETENTION_DAYS })
    }
}

/// The JSON Schema of lab.yaml, for editors.
pub fn schema() -> String {
    // Draft 7 is what the editors' YAML servers know best.
    let settings = SchemaSettings::draft07().with(|s| s.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<File>();
    schema.insert("title".to_owned(), "lab.yaml".into());
    format!("{:#}\n", schema.to_value())
}
