//! A method on a path, and who may call it.

use std::collections::BTreeSet;

use aws_sdk_apigateway::types::{Op, PatchOperation};
use serde::{Deserialize, Serialize};

use super::tree;
use crate::{
    aws::{Cx, Effect, Fault},
    engine::{At, Compare, Drift, Found, Given, Health, Ref, Resource, StepId},
    lab::Guard,
    resource::{Authorizer, Kind, Path, RestApi, form, gone, present},
    sweep::Swept,
};

/// A method.
#[derive(Debug, Clone)]
pub struct Method {
    /// e.g. `GET`, `ANY`.
    pub http_method: String,
    /// The whole path, for its name.
    pub path: String,
    /// Who may call. `None`: a later chapter says; until then all may, or it stays as it is.
    pub guard: Option<Guard>,
    /// Scopes of which an access token must have one; empty: ID tokens are taken.
    pub scopes: Vec<String>,
    /// Who calls must have an API key, too. `None`: a later chapter says; until then nobody must, or it stays as it is.
    pub api_key_required: Option<bool>,
}

/// Where the method is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Key {
    #[serde(deserialize_with = "form::id")]
    pub api_id: String,
    #[serde(deserialize_with = "form::id")]
    pub resource_id: String,
    #[serde(deserialize_with = "form::id")]
    pub http_method: String,
    #[serde(deserialize_with = "form::path")]
    pub path: String,
}

/// Where the method is, for what hangs on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {
    #[serde(deserialize_with = "form::id")]
    pub api_id: String,
    #[serde(deserialize_with = "form::id")]
    pub resource_id: String,
    #[serde(deserialize_with = "form::id")]
    pub http_method: String,
}

pub(super) async fn get(
    cx: &Cx,
    key: &Key,
) -> Result<Option<aws_sdk_apigateway::types::Method>, Fault> {
    let Some(tree) = present(tree::read(cx, &key.api_id).await)? else {
        return Ok(None);
    };
    let resource = tree.iter().find(|r| r.id() == Some(&key.resource_id));
    Ok(resource
        .and_then(|r| r.resource_methods())
        .and_then(|m| m.get(&key.http_method))
        .cloned())
}

impl Key {
    fn output(&self) -> Output {
        Output {
            api_id: self.api_id.clone(),
            resource_id: self.resource_id.clone(),
            http_method: self.http_method.clone(),
        }
    }
}

impl Method {
    /// As API Gateway names the way callers are let in.
    fn aws_type(&self) -> &'static str {
        match self.guard {
            None | Some(Guard::Open) => "NONE",
            Some(Guard::Iam) => "AWS_IAM",
            Some(Guard::Pool { .. }) => "COGNITO_USER_POOLS",
            Some(Guard::Function { .. }) => "CUSTOM",
        }
    }
}

fn authorizer_id(given: &Given<Method>) -> Option<&str> {
    given.2.as_ref().map(|a| a.id.as_str())
}

impl Resource for Method {
    const KIND: Kind = Kind::Method;
    const DERIVED: bool = true;
    const SWEPT: Swept = Swept::Within(Kind::RestApi);
    const ACTIONS: &'static [&'static str] = &[
        "apigateway:GET",
        "apigateway:PUT",
        "apigateway:PATCH",
        "apigateway:DELETE",
    ];
    /// The API, the path (none for `/`), the authorizer (none: public, or IAM).
    type Needs = (Ref<RestApi>, Option<Ref<Path>>, Option<Ref<Authorizer>>);
    type Key = Key;
    type Output = Output;

    fn name(&self) -> String {
        format!("{} {}", self.http_method, self.path)
    }

    fn within((api, ..): &Self::Needs) -> Option<StepId> {
        Some(api.id().clone())
    }

    fn inside(key: &Key) -> Option<(Kind, &str)> {
        Some((Kind::RestApi, &key.api_id))
    }

    fn key(&self, _cx: &Cx, given: Option<&Given<Self>>) -> Option<Key> {
        let (api, path, _) = given?;
        Some(Key {
            api_id: api.id.clone(),
            resource_id: path
                .as_ref()
                .map_or(&api.root_resource_id, |p| &p.resource_id)
                .clone(),
            http_method: self.http_method.clone(),
            path: self.path.clone(),
        })
    }

    async fn create(&self, cx: &Cx, key: &Key, given: &Given<Self>) -> Result<Output, Fault> {
        let authorizer = authorizer_id(given).map(str::to_owned);
        let made = cx
            .call("apigateway:PutMethod", Effect::Create, || {
                cx.clients()
                    .apigateway
                    .put_method()
                    .rest_api_id(&key.api_id)
                    .resource_id(&key.resource_id)
                    .http_method(&key.http_method)
                    .authorization_type(self.aws_type())
                    .set_authorizer_id(authorizer.clone())
                    .set_authorization_scopes(Some(self.scopes.clone()).filter(|s| !s.is_empty()))
                    .api_key_required(self.api_key_required.unwrap_or_default())
                    .send()
            })
            .await;
        tree::forget(cx, &key.api_id);
        made?;
        Ok(key.output())
    }

    async fn check(&self, at: At<'_, Self>) -> Result<Health, Fault> {
        let At { cx, key, given, .. } = at;
        let Some(method) = get(cx, key).await? else {
            return Ok(Health::Missing);
        };
        let authorizer = authorizer_id(given);
        let set = |scopes: &[String]| scopes.iter().cloned().collect::<BTreeSet<_>>();
        let mut compare = Compare::default();
        if self.guard.is_some() {
            compare.field(
                "authorizationType",
                &Some(self.aws_type()),
                &method.authorization_type(),
            );
            compare.field("authorizerId", &authorizer, &method.authorizer_id());
            compare.field(
                "authorizationScopes",
                &set(&self.scopes),
                &set(method.authorization_scopes()),
            );
        }
        if let Some(wanted) = self.api_key_required {
            let seen = method.api_key_required().unwrap_or_default();
            compare.field("apiKeyRequired", &wanted, &seen);
        }
        Ok(compare.health())
    }

    /// Only what differs: type and authorizer together, scopes one by one.
    async fn update(&self, at: At<'_, Self>, drift: &[Drift]) -> Result<Output, Fault> {
        let At {
            cx,
            key,
            out,
            given,
        } = at;
        let authorizer = authorizer_id(given);
        let patch = |op: Op, path: &str, value: Option<&str>| {
            PatchOperation::builder()
                .op(op)
                .path(path)
                .set_value(value.map(str::to_owned))
                .build()
        };
        let differs = |field: &str| drift.iter().any(|d| d.field == field);
        let mut patches = Vec::new();
        let mut scopes = Vec::new();
        let now = get(cx, key).await?;
        let seen = now
            .as_ref()
            .filter(|_| self.guard.is_some())
            .map(aws_sdk_apigateway::types::Method::authorization_scopes)
            .unwrap_or_default();
        for scope in seen.iter().filter(|s| !self.scopes.contains(s)) {
            scopes.push(patch(Op::Remove, "/authorizationScopes", Some(scope)));
        }
        for scope in self.scopes.iter().filter(|s| !seen.contains(s)) {
            scopes.push(patch(Op::Add, "/authorizationScopes", Some(scope)));
        }
        let typed = differs("authorizationType") || differs("authorizerId");
        if typed && authorizer.is_none() {
            // Scopes go before the authorizer that gives them a meaning.
            patches.append(&mut scopes);
        }
        if typed {
            let wanted = self.aws_type();
            patches.push(patch(Op::Replace, "/authorizationType", Some(wanted)));
            if let Some(id) = authorizer {
                patches.push(patch(Op::Replace, "/authorizerId", Some(id)));
            }
        }
        patches.append(&mut scopes);
        if differs("apiKeyRequired") {
            let word = if self.api_key_required.unwrap_or_default() {
                "true"
            } else {
                "false"
            };
            patches.push(patch(Op::Replace, "/apiKeyRequired", Some(word)));
        }
        let updated = cx
            .call("apigateway:UpdateMethod", Effect::Idempotent, || {
                cx.clients()
                    .apigateway
                    .update_method()
                    .rest_api_id(&key.api_id)
                    .resource_id(&key.resource_id)
                    .http_method(&key.http_method)
                    .set_patch_operations(Some(patches.clone()))
                    .send()
            })
            .await;
        tree::forget(cx, &key.api_id);
        updated?;
        Ok(out.clone())
    }

    async fn find(cx: &Cx, key: &Key) -> Result<Found<Output>, Fault> {
        Ok(get(cx, key)
            .await?
            .map_or(Found::Absent, |_| Found::Ours(key.output())))
    }

    async fn delete(cx: &Cx, key: &Key, _out: Option<&Output>) -> Result<(), Fault> {
        let gone = gone(
            cx.call("apigateway:DeleteMethod", Effect::Idempotent, || {
                cx.clients()
                    .apigateway
                    .delete_method()
                    .rest_api_id(&key.api_id)
                    .resource_id(&key.resource_id)
                    .http_method(&key.http_method)
                    .send()
            })
            .await,
        );
        tree::forget(cx, &key.api_id);
        gone
    }

    fn physical_id(key: &Key, _out: Option<&Output>) -> Option<String> {
        Some(format!(
            "{}/{}/{}",
            key.api_id, key.resource_id, key.http_method
        ))
    }
}
