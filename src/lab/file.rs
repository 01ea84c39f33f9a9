//! lab.yaml as it is written: every key, with its rule and what an editor says of it.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings, json_schema};

use super::{
    kinds::{List, Map, Text, Whole},
    problem::quote,
    read::{Need, Read, Spot, mirror},
    rules::{
        Any, ApiName, Architecture, Attribute, AuthorizerKind, AuthorizerName, AuthorizerRef,
        AuthorizerType, CallbackUrl, CallerName, CertificateArn, ClientId, ClientType, Comment,
        Country, DomainName, DomainPrefix, Email, Endpoint, EnvironmentName, Factor, FunctionId,
        FunctionName, FunctionRef, Handler, Header, IdentitySource, Issuer, LabName, Metadata,
        OAuthScope, Origin, Owner, PolicyArn, PoolName, ProviderName, ProviderType, Region,
        RoleName, RouteKey, RouteRef, Runtime, Scope, SignIn, Source, StageName, Totp, Validation,
        Variable, ZoneId,
    },
    yaml::Value,
};

mirror! {
    /// A lab: what labctl builds, proves and removes.
    struct File {
        /// The lab's name. It names the state (.labctl/NAME) and the ownership tags.
        lab: Need<Text<LabName>>,
        /// The AWS region. `--region` overrides it.
        region: Need<Text<Region>>,
        /// Whose the lab is, for its tags: where many share a role, or CI builds it. The caller when left out; `LABCTL_OWNER` overrides it.
        owner: Option<Text<Owner>>,
        /// The Lambda functions, each under an id that routes name.
        functions: Need<Map<FunctionId, Function>>,
        /// The Cognito user pool.
        user_pool: Option<Need<UserPool>>,
        /// A Cognito identity pool: a signed-in user gets temporary AWS keys for the routes with `authorizer: iam`.
        identity_pool: Option<Need<IdentityPool>>,
        /// Roles that labctl makes to call the routes with `authorizer: iam`, each under its name.
        callers: Option<Map<CallerName, Caller>>,
        /// The REST API.
        api: Option<Api>,
        /// A CloudFront distribution before the API, which then answers only through it. `edge: {}` takes what is usual.
        edge: Option<Need<Edge>>,
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
        /// How a sign-in may begin. Cognito wants `password` among them. Both when left out; with `mfa`, `password` alone.
        first_factors: Option<List<Text<Factor>>>,
        /// A second factor after the password.
        mfa: Option<Mfa>,
        /// The prefix of the managed login domain, PREFIX.auth.REGION.amazoncognito.com. All accounts of a region share the prefixes.
        domain: Option<Text<DomainPrefix>>,
        /// Identity providers whose users may sign in through the domain, each under its name.
        identity_providers: Option<Map<ProviderName, IdentityProvider>>,
        /// The app that signs users in.
        app_client: Need<AppClient>,
        /// Test users: verified, without invitation.
        users: Option<List<User>>,
    }

    /// Multi-factor authentication.
    struct Mfa {
        /// Codes of a generator app: `required` of all who sign in with a password, or `optional`, for who sets one up.
        totp: Need<Text<Totp>>,
    }

    /// An identity provider of the user pool.
    struct IdentityProvider {
        /// `oidc` for OpenID Connect, `saml` for SAML 2.0.
        r#type: Need<Text<ProviderType>>,
        /// Of `oidc`: the issuer, below which the provider describes itself (/.well-known/openid-configuration).
        issuer: Option<Need<Text<Issuer>>>,
        /// Of `oidc`: the id of the client that the provider knows the user pool as.
        client_id: Option<Need<Text<ClientId>>>,
        /// Of `oidc`: the environment variable with that client's secret. Never the secret itself.
        client_secret_env: Option<Need<Text<EnvironmentName>>>,
        /// Of `oidc`: what the provider is asked for. openid and email when left out.
        scopes: Option<List<Text<Scope>>>,
        /// Of `saml`: the provider's metadata, a file beside lab.yaml or an address.
        metadata: Option<Need<Text<Metadata>>>,
        /// Which of the provider's claims become which attributes of the user. `email: email` for `oidc` when left out.
        attributes: Option<Map<Attribute, Text<Any>>>,
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
        /// Each refresh gives a new refresh token too, and the old one ends.
        refresh_rotation: Option<Rotation>,
        /// With a `domain`: where a sign-in may end, exactly as the app says it.
        callback_urls: Option<List<Text<CallbackUrl>>>,
        /// With a `domain`: where a sign-out may end.
        logout_urls: Option<List<Text<CallbackUrl>>>,
        /// With a `domain`: the scopes that a sign-in may ask for. openid, email, profile and aws.cognito.signin.user.admin when left out.
        scopes: Option<List<Text<OAuthScope>>>,
    }

    /// Rotation of refresh tokens.
    struct Rotation {
        /// Seconds that the old refresh token still works, for a client that lost the answer.
        grace_seconds: Need<Whole<0, 60>>,
    }

    /// A test user.
    struct User {
        /// The address that one-time codes are mailed to.
        email: Need<Text<Email>>,
        /// The environment variable with the user's password; without it, labctl asks. Never the password itself.
        password_env: Option<Need<Text<EnvironmentName>>>,
    }

    /// A Cognito identity pool, for the users of the user pool.
    struct IdentityPool {
        /// The identity pool's name.
        name: Need<Text<PoolName>>,
        /// The name of the role that signed-in users get.
        role: Need<Text<RoleName>>,
        /// Routes that they may call, of those with `authorizer: iam`. All of these when left out.
        routes: Option<List<Text<RouteRef>>>,
    }

    /// A role that may call routes.
    struct Caller {
        /// The role's name. Who works in the account may assume it.
        role: Need<Text<RoleName>>,
        /// Routes that it may call, of those with `authorizer: iam`. All of these when left out.
        routes: Option<List<Text<RouteRef>>>,
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
        /// Lets pages of another origin call the API from a browser.
        cors: Option<Cors>,
        /// The routes, each under a method and a path, like `GET /demo` or `ANY /items/{id}`.
        routes: Need<Map<RouteKey, Route>>,
        /// The stage that the API is deployed to.
        stage: Need<Text<StageName>>,
    }

    /// An authorizer, which looks at what a caller sends.
    struct Authorizer {
        /// `cognito` checks tokens of the user pool, `lambda` asks a function.
        r#type: Need<Text<AuthorizerType>>,
        /// What the function of a `lambda` authorizer is given: one `token`, or the whole `request`. `token` when left out.
        kind: Option<Text<AuthorizerKind>>,
        /// The id of the function that a `lambda` authorizer asks.
        function: Option<Text<FunctionRef>>,
        /// The header with the token, for `cognito` and kind `token`. Authorization when left out.
        token_source: Option<Text<Header>>,
        /// What identifies a caller, for kind `request`: all must be there, and results are kept by them.
        identity_sources: Option<List<Text<IdentitySource>>>,
        /// For kind `token`: a regular expression. A token that does not match is refused without asking the function.
        validation: Option<Text<Validation>>,
        /// Seconds that a caller's result is kept. 300 when left out, 0 for none. AWS does not show it for `cognito`, so that a later change is not noticed there.
        ttl: Option<Whole<0, 3600>>,
    }

    /// What a browser is told of the API.
    struct Cors {
        /// The origin whose pages may call, like `https://app.example.com`, or `*` for any. The functions must answer it too, as the header Access-Control-Allow-Origin.
        origin: Need<Text<Origin>>,
        /// Headers that pages may send. Content-Type and those of the authorizers when left out.
        headers: Option<List<Text<Header>>>,
        /// Seconds that a browser may remember this. 600 when left out.
        max_age: Option<Whole<0, 86_400>>,
    }

    /// A CloudFront distribution before the API. It sends a secret that API Gateway asks for.
    struct Edge {
        /// What the distribution is called in lists. The API's name and `-edge` when left out.
        comment: Option<Text<Comment>>,
        /// Countries whose viewers are let in, by their ISO 3166 codes, like `[DE, AT]`. All when left out.
        geo: Option<List<Text<Country>>>,
        /// A web ACL that blocks addresses which ask too often: `rate-limit`, or `rate_limit:` with a number. It costs money by the month.
        waf: Option<Waf>,
        /// A domain of your own in place of CloudFront's.
        domain: Option<Need<Domain>>,
    }

    /// A domain of your own, with its certificate and its zone.
    struct Domain {
        /// The name, like `api.example.com`.
        name: Need<Text<DomainName>>,
        /// The ARN of an issued certificate for the name, in us-east-1: CloudFront takes no other.
        certificate: Need<Text<CertificateArn>>,
        /// The id of the Route 53 hosted zone that gets the record.
        zone: Need<Text<ZoneId>>,
    }

    /// A limit of requests.
    struct RateLimit {
        /// Requests that one address may send in five minutes.
        rate_limit: Need<Whole<100, 2_000_000_000>>,
    }

    /// A route of the API.
    struct Route {
        /// The id of the function that answers.
        function: Need<Text<FunctionRef>>,
        /// The name of an authorizer, `iam` for callers with AWS keys, or `none` for a route that is open to all.
        authorizer: Need<Text<AuthorizerRef>>,
        /// Scopes of which an access token must have one. Without scopes, ID tokens are wanted.
        scopes: Option<List<Text<Scope>>>,
        /// Values of a `lambda` authorizer's sources with which a call is let in: `labctl verify` proves it.
        allow: Option<List<Text<Any>>>,
        /// Values with which a call is refused: `labctl verify` proves it.
        deny: Option<List<Text<Any>>>,
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

/// What a web ACL limits: a word, or a number.
#[derive(Debug)]
pub(super) enum Waf {
    Word,
    Limit(Option<i32>),
}

const WAF_HINT: &str = "write `waf: rate-limit`, or `waf: { rate_limit: 500 }`";

impl Read for Waf {
    fn read(spot: &Spot<'_>) -> Option<Self> {
        match &spot.node.value {
            Value::Text(word) if word == "rate-limit" => Some(Self::Word),
            Value::Map(_) => {
                let limit = RateLimit::read(spot)?.rate_limit.0;
                Some(Self::Limit(limit.map(|n| n.0)))
            }
            Value::Text(word) => {
                let message = format!("{} is not known here", quote(word));
                spot.wrong(message, WAF_HINT)
            }
            _ => spot.must_be("`rate-limit` or a map", WAF_HINT),
        }
    }
}

impl JsonSchema for Waf {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Waf".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let map = RateLimit::json_schema(generator);
        json_schema!({ "anyOf": [{ "const": "rate-limit" }, map] })
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
