//! `labctl verify`: proves that the lab works.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use super::{
    link::{self, Link},
    scene::{self, Site},
};
use crate::{
    aws::Cx,
    cli::{Global, Verify},
    engine::{Chapter, Event, Interrupt, Outputs, State, StepId},
    error::{Error, Exit},
    lab::{self, Factor, Lab, Provider, STUDENT},
    resource::Kind,
    verify::{
        Caller, CodeSource, Federation, Guard, Guest, Judged, Login, Prober, Route, Tokens, Via,
        assume, nothing, of_user,
    },
};

pub(super) async fn run(global: &Global, args: &Verify) -> Result<Exit, Error> {
    let site = Site::of(global);
    let lab = scene::load_lab(global)?;
    let state = crate::engine::journal::read(&site.state_folder(&lab.name))?;
    let Some(state) = state.filter(|s| !s.steps.is_empty()) else {
        return Err(
            Error::failed(format!("{}: nothing there to verify", lab.name))
                .hint("`labctl up` builds it, `labctl up --local` without an account"),
        );
    };
    let link = link::link(global, &site, &state.region, Some(&state)).await?;
    let reporter = scene::reporter(global);
    let outcome = prove(&link, &lab, &state, args, &reporter).await;
    reporter.finish();
    outcome
}

async fn prove(
    link: &Link,
    lab: &Lab,
    state: &State,
    args: &Verify,
    reporter: &crate::report::Reporter,
) -> Result<Exit, Error> {
    let started = Instant::now();
    let events = reporter.sink();
    let interrupt = Interrupt::listen();
    let cx = link.cx(state, events, &interrupt);
    let asked = async { tokio::join!(link.identity(&cx, Some(state)), link.is_twin()) };
    let Some((identity, twin)) = interrupt.or(asked).await else {
        return Err(scene::interrupted());
    };
    let identity = identity?;
    let outputs = link.outputs(state).await;
    let parts = (
        outputs.api_id.clone(),
        text(state, "stage", "name"),
        link.base_url(state),
    );
    let (Some(api_id), Some(stage), Some(base_url)) = parts else {
        return Err(Error::failed("the lab is not complete: no API is deployed")
            .hint("`labctl up` (with `--local` as before) builds the rest"));
    };
    let edge = StepId::new("edge_deployment");
    let wanted = lab.edge.is_some() && state.until.is_none_or(|u| u >= Chapter::Edge.number());
    if wanted && state.steps.get(&edge).is_none_or(|r| r.output.is_none()) {
        return Err(Error::failed("`edge` is in lab.yaml, but not built")
            .hint("`labctl up` (with `--local` as before) builds the rest"));
    }
    let endpoint = link.connection.endpoint.clone();
    events.send(Event::RunStarted {
        command: "verify",
        lab: state.lab.clone(),
        account: identity.account,
        region: state.region.clone(),
        endpoint: endpoint.clone().filter(|_| state.local.is_none()),
        steps: Vec::new(),
    });
    let routes = routes(lab, state)?;
    let proof = Proof {
        cx: &cx,
        lab,
        state,
        outputs: &outputs,
        routes: &routes,
        twin,
    };
    let source = match (&args.otp_command, endpoint) {
        (Some(command), _) => CodeSource::Command(command.clone()),
        (None, Some(endpoint)) if twin => CodeSource::Inbox(endpoint),
        _ => CodeSource::Ask,
    };
    let mut prober = Prober::new(&cx, api_id, base_url, twin);
    let cors = lab.api.as_ref().and_then(|api| api.cors.as_ref());
    prober.origin = cors.map(|cors| cors.origin.clone());
    proof.without_sign_in(&mut prober).await?;
    proof.functions(&mut prober, &stage).await?;
    let user = args.user.clone().or_else(|| outputs.users.first().cloned());
    proof.login(&mut prober).await;
    let direct = link.direct_url(state);
    let direct = direct.filter(|_| outputs.distribution_id.is_some());
    if proof.by_code() {
        let tokens = proof.sign_in(&mut prober, user, &source).await?;
        let direct = direct.as_deref();
        proof.with_tokens(&mut prober, tokens, direct).await?;
    } else {
        // What tidies up goes on after an interrupt.
        let after = link.cx(state, events, &Interrupt::never());
        let direct = direct.as_deref();
        proof.by_password(&mut prober, &after, direct).await?;
    }
    let (failed, total) = prober.score();
    let ok = failed == 0;
    let next = |command: &str, why: &str| (command.to_owned(), why.to_owned());
    let (summary, next) = if ok {
        (
            format!("Proven: {total} of {total} checks hold."),
            vec![next("labctl down", "remove it all")],
        )
    } else {
        let summary = format!("Not proven: {failed} of {total} checks failed.");
        (
            summary,
            vec![next("labctl status", "see what differs from lab.yaml")],
        )
    };
    let seconds = started.elapsed().as_secs_f64();
    events.send(Event::RunFinished {
        command: "verify",
        ok,
        summary,
        seconds,
        next,
    });
    Ok(match (ok, interrupt.is_set()) {
        (_, true) => Exit::Interrupted,
        (true, false) => Exit::Ok,
        (false, false) => Exit::Unproven,
    })
}

fn text(state: &State, step: &str, member: &str) -> Option<String> {
    let record = state.steps.get(&StepId::new(step))?;
    Some(record.output.as_ref()?.get(member)?.as_str()?.to_owned())
}

/// What is proven, of which lab.
struct Proof<'a> {
    cx: &'a Cx,
    lab: &'a Lab,
    state: &'a State,
    outputs: &'a Outputs,
    routes: &'a [Route],
    twin: bool,
}

impl Proof<'_> {
    async fn without_sign_in(&self, prober: &mut Prober<'_>) -> Result<(), Error> {
        let mut asked = BTreeSet::new();
        for route in self.routes {
            prober.test_invoke(route).await?;
            if asked.insert(&route.path) && route.method != "OPTIONS" {
                prober.preflight(route).await;
            }
            prober.without_sign_in(route).await;
        }
        Ok(())
    }

    /// Lambda authorizers: whether they are asked, and for what their answer is kept.
    async fn functions(&self, prober: &mut Prober<'_>, stage: &str) -> Result<(), Error> {
        let Some(api) = &self.lab.api else {
            return Ok(());
        };
        for (name, authorizer) in &api.authorizers {
            let function = authorizer.function();
            let Some(function) = function.and_then(|id| self.lab.functions.get(id)) else {
                continue;
            };
            let guards = |route: &&Route| matches!(&route.guard, Guard::Function { authorizer, .. } if authorizer == name);
            let judged = Judged {
                name: name.clone(),
                log_group: format!("/aws/lambda/{}", function.name),
                cached: authorizer.ttl_s > 0,
                routes: self.routes.iter().filter(guards).collect(),
            };
            prober.is_asked_once(stage, &judged, self.twin).await;
            prober.does_not_leak(stage, &judged).await?;
        }
        Ok(())
    }

    /// Whether users sign in by a code that is mailed to them.
    fn by_code(&self) -> bool {
        let pool = self.lab.user_pool.as_ref();
        pool.is_none_or(|pool| pool.first_factors.contains(&Factor::EmailOtp))
    }

    /// The managed login domain, and where it sends the users of providers.
    async fn login(&self, prober: &mut Prober<'_>) {
        let (Some(pool), Some(url), Some(pool_id), Some(client_id)) = (
            &self.lab.user_pool,
            &self.outputs.login_url,
            &self.outputs.user_pool_id,
            &self.outputs.client_id,
        ) else {
            return;
        };
        let Some(callback) = pool.app_client.callback_urls.first() else {
            return;
        };
        let login = Login {
            url: url.clone(),
            client_id: client_id.clone(),
            callback: callback.clone(),
            scopes: pool.app_client.scopes.clone(),
        };
        prober.login(&login).await;
        for (name, file) in &pool.identity_providers {
            let via = match &file.provider {
                Provider::Oidc {
                    issuer,
                    client_id,
                    scopes,
                    ..
                } => Via::Oidc {
                    issuer: issuer.clone(),
                    client_id: client_id.clone(),
                    scopes: scopes.clone(),
                },
                Provider::Saml { .. } => Via::Saml,
            };
            let name = name.clone();
            let federation = Federation { name, via };
            prober.federation(pool_id, &login, &federation).await;
        }
    }

    /// Sign-in with a password, by a user of labctl's own making: whoever has set up a generator keeps it.
    async fn by_password(
        &self,
        prober: &mut Prober<'_>,
        after: &Cx,
        direct: Option<&str>,
    ) -> Result<(), Error> {
        let (Some(file), Some(pool), Some(client)) = (
            &self.lab.user_pool,
            &self.outputs.user_pool_id,
            &self.outputs.client_id,
        ) else {
            return Ok(());
        };
        let guest = Guest::make(self.cx, pool, client).await?;
        let tokens = prober.sign_in_guest(&guest, file.mfa).await;
        if let Some(tokens) = &tokens {
            for route in self.guarded() {
                prober.with_tokens(route, tokens).await;
            }
        }
        let proven = self.with_tokens(prober, tokens, direct).await;
        guest.remove(after).await?;
        proven
    }

    /// What else a signed-in user can do. `direct`: where the stage is that an edge is in front of.
    async fn with_tokens(
        &self,
        prober: &mut Prober<'_>,
        tokens: Option<Tokens>,
        direct: Option<&str>,
    ) -> Result<(), Error> {
        for route in direct.iter().flat_map(|_| self.routes) {
            let direct = direct.unwrap_or_default();
            prober.around_edge(route, direct, tokens.as_ref()).await;
        }
        self.keys(prober, tokens.as_ref()).await?;
        self.rotation(prober, tokens).await;
        Ok(())
    }

    fn guarded(&self) -> Vec<&Route> {
        let token = |route: &&Route| matches!(route.guard, Guard::Token { .. });
        self.routes.iter().filter(token).collect()
    }

    /// Signs in when anything needs it, and proves what tokens are good for. Answers the newest.
    async fn sign_in(
        &self,
        prober: &mut Prober<'_>,
        user: Option<String>,
        source: &CodeSource,
    ) -> Result<Option<Tokens>, Error> {
        let guarded = self.guarded();
        if guarded.is_empty() && self.lab.identity_pool.is_none() {
            return Ok(None);
        }
        let (Some(pool), Some(client)) = (&self.outputs.user_pool_id, &self.outputs.client_id)
        else {
            return Ok(None);
        };
        let Some(user) = user else {
            return Err(Error::failed("the lab has no user to sign in")
                .hint("`labctl up --user YOUR@ADDRESS`"));
        };
        let Some(tokens) = prober.sign_in(pool, client, &user, source).await? else {
            return Ok(None);
        };
        for route in &guarded {
            prober.with_tokens(route, &tokens).await;
        }
        Ok(Some(tokens))
    }

    /// Callers with AWS keys: roles, and the signed-in user.
    async fn keys(&self, prober: &mut Prober<'_>, tokens: Option<&Tokens>) -> Result<(), Error> {
        let mut first = true;
        for (name, file) in &self.lab.callers {
            let since = Instant::now();
            let arn = self.cx.role_arn(&file.role);
            let keys = assume(self.cx, &arn, "labctl-verify", None).await;
            prober.got_keys(name, since, &keys);
            let Ok(keys) = keys else { continue };
            let caller = Caller {
                name: name.clone(),
                keys,
                routes: file.routes.clone(),
            };
            if std::mem::take(&mut first) {
                prober.with_wrong_secret(self.routes, &caller).await;
            }
            prober.with_keys(self.routes, &caller).await;
            let limited = assume(self.cx, &arn, "labctl-verify", Some(&nothing())).await?;
            prober
                .without_permission(self.routes, &caller, &limited)
                .await;
        }
        let (Some(pool), Some(tokens)) = (&self.lab.identity_pool, tokens) else {
            return Ok(());
        };
        let ids = (
            text(self.state, "identity_pool", "id"),
            self.outputs.user_pool_id.as_ref(),
        );
        let (Some(identity_pool), Some(user_pool)) = ids else {
            return Ok(());
        };
        let since = Instant::now();
        let keys = of_user(self.cx, &identity_pool, user_pool, &tokens.id).await;
        prober.got_keys(STUDENT, since, &keys);
        if let Ok(keys) = keys {
            let caller = Caller {
                name: STUDENT.to_owned(),
                keys,
                routes: pool.caller.routes.clone(),
            };
            if first {
                prober.with_wrong_secret(self.routes, &caller).await;
            }
            prober.with_keys(self.routes, &caller).await;
        }
        Ok(())
    }

    /// The refresh, and with rotation the end of the old refresh token: last, since it is waited for.
    async fn rotation(&self, prober: &mut Prober<'_>, tokens: Option<Tokens>) {
        let (Some(tokens), Some(client)) = (tokens, &self.outputs.client_id) else {
            return;
        };
        let pool = self.lab.user_pool.as_ref();
        let grace = pool.and_then(|pool| pool.app_client.rotation_grace_s);
        let first = self
            .routes
            .iter()
            .find(|r| matches!(r.guard, Guard::Token { .. }));
        let old = tokens.refresh.clone();
        prober.refresh(first, client, grace.is_some(), tokens).await;
        if let (Some(grace), Some(old)) = (grace, old) {
            let grace = Duration::from_secs(grace.unsigned_abs().into());
            prober.rotated_out(client, &old, grace).await;
        }
    }
}

/// The file's routes, with the ids that the state knows.
fn routes(lab: &Lab, state: &State) -> Result<Vec<Route>, Error> {
    let Some(api) = &lab.api else {
        return Ok(Vec::new());
    };
    let mut routes = Vec::new();
    for route in &api.routes {
        let name = format!("{} {}", route.method, route.path);
        let record = state
            .steps
            .get(&StepId::new(format!("method.{name}")))
            .filter(|r| r.kind == Kind::Method);
        let resource_id = record.and_then(|r| {
            r.output
                .as_ref()?
                .get("resource_id")?
                .as_str()
                .map(str::to_owned)
        });
        let Some(resource_id) = resource_id else {
            return Err(
                Error::failed(format!("{name} is in lab.yaml, but not built"))
                    .hint("`labctl up` (with `--local` as before) builds the rest"),
            );
        };
        routes.push(Route {
            method: route.method.clone(),
            path: route.path.clone(),
            guard: guard(api, route),
            expect: route.expect.clone(),
            resource_id,
        });
    }
    Ok(routes)
}

fn guard(api: &lab::Api, route: &lab::Route) -> Guard {
    let name = match &route.guard {
        lab::Guard::Open => return Guard::Open,
        lab::Guard::Iam => return Guard::Keys,
        lab::Guard::Authorizer(name) => name,
    };
    match api.authorizer(route) {
        Some(lab::Authorizer {
            judge: lab::Judge::Pool { header },
            ..
        }) => Guard::Token {
            header: header.clone(),
            scoped: !route.scopes.is_empty(),
        },
        Some(authorizer) => Guard::Function {
            authorizer: name.clone(),
            sources: authorizer.sources(),
            allow: route.allow.clone(),
            deny: route.deny.clone(),
        },
        // A checked Lab has the authorizers that its routes name.
        None => Guard::Open,
    }
}
