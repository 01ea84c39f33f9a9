//! One part of a path: what API Gateway calls a resource.

use serde::{Deserialize, Serialize};

use super::tree;
use crate::{
    aws::{Cx, Effect, Fault},
    engine::{At, Found, Given, Health, Ref, Resource, StepId},
    resource::{Kind, RestApi, form, gone, present},
    sweep::Swept,
};

/// A path part below the root or below another part.
#[derive(Debug, Clone)]
pub struct Path {
    /// The whole path, e.g. `/items/{id}`.
    pub path: String,
}

/// The API and the whole path, and where its last part hangs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Key {
    #[serde(deserialize_with = "form::id")]
    pub api_id: String,
    #[serde(deserialize_with = "form::id")]
    pub parent_id: String,
    #[serde(deserialize_with = "form::path")]
    pub path: String,
}

/// What AWS made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {
    #[serde(deserialize_with = "form::id")]
    pub resource_id: String,
    #[serde(deserialize_with = "form::path")]
    pub path: String,
}

impl Resource for Path {
    const KIND: Kind = Kind::Path;
    const SWEPT: Swept = Swept::Within(Kind::RestApi);
    const ACTIONS: &'static [&'static str] =
        &["apigateway:GET", "apigateway:POST", "apigateway:DELETE"];
    /// The API, and the parent part when it is not the root.
    type Needs = (Ref<RestApi>, Option<Ref<Path>>);
    type Key = Key;
    type Output = Output;

    fn name(&self) -> String {
        self.path.clone()
    }

    fn within((api, _): &Self::Needs) -> Option<StepId> {
        Some(api.id().clone())
    }

    fn inside(key: &Key) -> Option<(Kind, &str)> {
        Some((Kind::RestApi, &key.api_id))
    }

    fn key(&self, _cx: &Cx, given: Option<&Given<Self>>) -> Option<Key> {
        let (api, parent) = given?;
        let parent_id = parent
            .as_ref()
            .map_or(&api.root_resource_id, |p| &p.resource_id);
        Some(Key {
            api_id: api.id.clone(),
            parent_id: parent_id.clone(),
            path: self.path.clone(),
        })
    }

    async fn create(&self, cx: &Cx, key: &Key, _given: &Given<Self>) -> Result<Output, Fault> {
        let operation = "apigateway:CreateResource";
        let part = key.path.rsplit('/').next().unwrap_or_default();
        let made = cx
            .call(operation, Effect::Create, || {
                cx.clients()
                    .apigateway
                    .create_resource()
                    .rest_api_id(&key.api_id)
                    .parent_id(&key.parent_id)
                    .path_part(part)
                    .send()
            })
            .await;
        tree::forget(cx, &key.api_id);
        let resource_id = made?.id.ok_or_else(|| Fault::missing(operation, "id"))?;
        Ok(Output {
            resource_id,
            path: key.path.clone(),
        })
    }

    async fn check(&self, at: At<'_, Self>) -> Result<Health, Fault> {
        let At { cx, key, out, .. } = at;
        let Some(tree) = present(tree::read(cx, &key.api_id).await)? else {
            return Ok(Health::Missing);
        };
        let there = tree
            .iter()
            .any(|r| r.id() == Some(&out.resource_id) && r.path() == Some(&key.path));
        Ok(if there { Health::Ok } else { Health::Missing })
    }

    async fn find(cx: &Cx, key: &Key) -> Result<Found<Output>, Fault> {
        let Some(tree) = present(tree::read(cx, &key.api_id).await)? else {
            return Ok(Found::Absent);
        };
        let found = tree
            .iter()
            .find(|r| r.path() == Some(&key.path))
            .and_then(|r| r.id());
        Ok(found.map_or(Found::Absent, |id| {
            Found::Ours(Output {
                resource_id: id.to_owned(),
                path: key.path.clone(),
            })
        }))
    }

    async fn delete(cx: &Cx, key: &Key, out: Option<&Output>) -> Result<(), Fault> {
        let Some(out) = out else { return Ok(()) };
        let gone = gone(
            cx.call("apigateway:DeleteResource", Effect::Idempotent, || {
                cx.clients()
                    .apigateway
                    .delete_resource()
                    .rest_api_id(&key.api_id)
                    .resource_id(&out.resource_id)
                    .send()
            })
            .await,
        );
        tree::forget(cx, &key.api_id);
        gone
    }

    fn physical_id(_key: &Key, out: Option<&Output>) -> Option<String> {
        out.map(|o| o.resource_id.clone())
    }
}
