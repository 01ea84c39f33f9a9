//! A deployment: the snapshot of the API that a stage serves. Made anew only when the API changed.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    aws::{Cx, Effect, Fault},
    engine::{At, Found, Given, Health, Ref, Resource, StepId, encode},
    resource::{
        Authorizer, Content, GatewayResponse, Integration, IntegrationResponse, Kind, Method,
        MockIntegration, RestApi, UserPool, form, gone, present,
    },
    sweep::Swept,
};

/// A deployment of the API as lab.yaml says it.
#[derive(Debug, Clone)]
pub struct Deployment {
    /// What its snapshot shows.
    pub content: Content,
}

/// The API and what it looked like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Key {
    /// The API's id.
    #[serde(deserialize_with = "form::id")]
    pub api_id: String,
    /// SHA-256 over what the plan says of the API and the ids it has; in the deployment's description.
    #[serde(deserialize_with = "form::id")]
    pub fingerprint: String,
}

/// What AWS made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {
    #[serde(deserialize_with = "form::id")]
    pub id: String,
}

/// What is in the snapshot: it comes first. Authorizers with the pool that they ask.
pub type Snapshot = (
    (Option<Ref<UserPool>>, Vec<Ref<Authorizer>>),
    (Vec<Ref<Method>>, Vec<Ref<Integration>>),
    (
        Vec<Ref<MockIntegration>>,
        Vec<Ref<IntegrationResponse>>,
        Vec<Ref<GatewayResponse>>,
    ),
);

fn description(key: &Key) -> String {
    format!("labctl {}", key.fingerprint)
}

impl Resource for Deployment {
    const KIND: Kind = Kind::Deployment;
    const SWEPT: Swept = Swept::Within(Kind::RestApi);
    const ACTIONS: &'static [&'static str] =
        &["apigateway:GET", "apigateway:POST", "apigateway:DELETE"];
    const REPEATS: bool = true;
    const SUPERSEDED: bool = true;
    type Needs = (Ref<RestApi>, Snapshot);
    type Key = Key;
    type Output = Output;

    fn name(&self) -> String {
        "deployment".to_owned()
    }

    fn within((api, ..): &Self::Needs) -> Option<StepId> {
        Some(api.id().clone())
    }

    fn inside(key: &Key) -> Option<(Kind, &str)> {
        Some((Kind::RestApi, &key.api_id))
    }

    fn key(&self, _cx: &Cx, given: Option<&Given<Self>>) -> Option<Key> {
        let (api, snapshot) = given?;
        let ids = encode(snapshot).map(|v| v.to_string()).unwrap_or_default();
        let hash = Sha256::new()
            .chain_update(self.content.text())
            .chain_update(ids)
            .finalize();
        Some(Key {
            api_id: api.id.clone(),
            fingerprint: labfiles::hex(&hash[..8]),
        })
    }

    fn rekey(old: &Key, new: &Key) -> crate::engine::Rekey {
        // The old snapshot may be in use by the stage until that is moved; it goes with the API.
        if old.api_id == new.api_id {
            crate::engine::Rekey::Supersede
        } else {
            crate::engine::Rekey::Recreate
        }
    }

    async fn create(&self, cx: &Cx, key: &Key, _given: &Given<Self>) -> Result<Output, Fault> {
        let operation = "apigateway:CreateDeployment";
        // Without a stage name: a stage made here would carry no tags.
        let made = cx
            .call(operation, Effect::Create, || {
                cx.clients()
                    .apigateway
                    .create_deployment()
                    .rest_api_id(&key.api_id)
                    .description(description(key))
                    .send()
            })
            .await?;
        Ok(Output {
            id: made.id.ok_or_else(|| Fault::missing(operation, "id"))?,
        })
    }

    async fn check(&self, at: At<'_, Self>) -> Result<Health, Fault> {
        let At { cx, key, out, .. } = at;
        let answer = cx
            .call("apigateway:GetDeployment", Effect::Read, || {
                cx.clients()
                    .apigateway
                    .get_deployment()
                    .rest_api_id(&key.api_id)
                    .deployment_id(&out.id)
                    .send()
            })
            .await;
        Ok(if present(answer)?.is_some() {
            Health::Ok
        } else {
            Health::Missing
        })
    }

    async fn find(cx: &Cx, key: &Key) -> Result<Found<Output>, Fault> {
        let deployments = cx.pages(
            "apigateway:GetDeployments",
            |position| {
                let list = cx.clients().apigateway.get_deployments();
                let list = list.rest_api_id(&key.api_id).limit(500);
                list.set_position(position).send()
            },
            |page| (page.items.unwrap_or_default(), page.position),
        );
        let deployments = present(deployments.await)?.unwrap_or_default();
        let wanted = description(key);
        let deployment = deployments
            .into_iter()
            .find(|d| d.description() == Some(&wanted));
        Ok(deployment
            .and_then(|d| d.id)
            .map_or(Found::Absent, |id| Found::Ours(Output { id })))
    }

    async fn delete(cx: &Cx, key: &Key, out: Option<&Output>) -> Result<(), Fault> {
        let Some(out) = out else { return Ok(()) };
        gone(
            cx.call("apigateway:DeleteDeployment", Effect::Idempotent, || {
                cx.clients()
                    .apigateway
                    .delete_deployment()
                    .rest_api_id(&key.api_id)
                    .deployment_id(&out.id)
                    .send()
            })
            .await,
        )
    }

    fn physical_id(_key: &Key, out: Option<&Output>) -> Option<String> {
        out.map(|o| o.id.clone())
    }
}
