//! What is proven of a lab, part by part.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use crate::{
    aws::Cx,
    cmd::student,
    engine::State,
    error::Error,
    event::Outputs,
    lab::{Factor, Guard, Lab, Provider, Route, STUDENT},
    resource::{IdentityPool, Recorded},
    verify::{
        Caller, CodeSource, Federation, Guest, Judged, Login, Prober, Tokens, Via, assume, nothing,
        of_user,
    },
};

/// What is proven, of which lab.
pub(super) struct Proof<'a> {
    pub(super) cx: &'a Cx,
    pub(super) lab: &'a Lab,
    pub(super) state: &'a State,
    pub(super) outputs: &'a Outputs,
    pub(super) routes: &'a [Route],
    /// API Gateway's ids of their paths.
    pub(super) resource_ids: &'a [String],
    pub(super) twin: bool,
}

impl Proof<'_> {
    pub(super) async fn without_sign_in(&self, prober: &mut Prober<'_>) -> Result<(), Error> {
        let mut asked = BTreeSet::new();
        for (route, resource_id) in self.routes.iter().zip(self.resource_ids) {
            prober.test_invoke(route, resource_id).await?;
            if asked.insert(&route.path) && route.method != "OPTIONS" {
                prober.preflight(route).await;
            }
            prober.without_sign_in(route).await;
        }
        Ok(())
    }

    /// Lambda authorizers: whether they are asked, and for what their answer is kept.
    pub(super) async fn functions(
        &self,
        prober: &mut Prober<'_>,
        stage: &str,
    ) -> Result<(), Error> {
        let Some(api) = &self.lab.api else {
            return Ok(());
        };
        for (name, authorizer) in &api.authorizers {
            let function = authorizer.function();
            let Some(function) = function.and_then(|id| self.lab.functions.get(id)) else {
                continue;
            };
            let guards = |route: &&Route| route.guard.authorizer() == Some(name);
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
    pub(super) fn by_code(&self) -> bool {
        let pool = self.lab.user_pool.as_ref();
        pool.is_none_or(|pool| pool.first_factors.contains(&Factor::EmailOtp))
    }

    /// The managed login domain, and where it sends the users of providers.
    pub(super) async fn login(&self, prober: &mut Prober<'_>) {
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
    pub(super) async fn by_password(
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
    pub(super) async fn with_tokens(
        &self,
        prober: &mut Prober<'_>,
        tokens: Option<Tokens>,
        direct: Option<&str>,
    ) -> Result<(), Error> {
        if let Some(direct) = direct {
            for route in self.routes {
                prober.around_edge(route, direct, tokens.as_ref()).await;
            }
        }
        self.keys(prober, tokens.as_ref()).await?;
        self.rotation(prober, tokens).await;
        Ok(())
    }

    fn guarded(&self) -> Vec<&Route> {
        let token = |route: &&Route| matches!(route.guard, Guard::Pool { .. });
        self.routes.iter().filter(token).collect()
    }

    /// Signs in when anything needs it, and proves what tokens are good for. Answers the newest.
    pub(super) async fn sign_in(
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
            return Err(student::nobody());
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
            self.state.output::<IdentityPool>(),
            self.outputs.user_pool_id.as_ref(),
        );
        let (Some(identity_pool), Some(user_pool)) = ids else {
            return Ok(());
        };
        let since = Instant::now();
        let keys = of_user(self.cx, &identity_pool.id, user_pool, &tokens.id).await;
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
            .find(|r| matches!(r.guard, Guard::Pool { .. }));
        let old = tokens.refresh.clone();
        prober.refresh(first, client, grace.is_some(), tokens).await;
        if let (Some(grace), Some(old)) = (grace, old) {
            let grace = Duration::from_secs(grace.unsigned_abs().into());
            prober.rotated_out(client, &old, grace).await;
        }
    }
}
