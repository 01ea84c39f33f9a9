//! The last change of a distribution, on all edges: nothing that AWS lists, but what everybody waits for.

use serde::{Deserialize, Serialize};

use super::{Distribution, distribution::is_deployed};
use crate::{
    aws::{Cx, Fault},
    engine::{At, Compare, Drift, Found, Given, Health, Ref, Resource, StepId},
    resource::{Kind, form},
    sweep::Swept,
};

/// The state `Deployed` of the distribution.
#[derive(Debug, Clone)]
pub struct EdgeDeployment;

/// The distribution's id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Key {
    #[serde(deserialize_with = "form::id")]
    pub distribution_id: String,
}

/// Where it answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {}

async fn wait(cx: &Cx, id: &str) -> Result<Output, Fault> {
    let what = format!("CloudFront to deploy {id} to all edges (it takes minutes)");
    cx.until(&what, cx.edge_wait(), || async {
        let seen = is_deployed(cx, id).await?;
        seen.ok_or_else(|| Fault::missing("cloudfront:GetDistribution", "Distribution"))
    })
    .await?;
    Ok(Output {})
}

impl Resource for EdgeDeployment {
    const KIND: Kind = Kind::EdgeDeployment;
    const SWEPT: Swept = Swept::Within(Kind::Distribution);
    const ACTIONS: &'static [&'static str] = &["cloudfront:GetDistribution"];
    const FOLLOWS: bool = true;
    type Needs = Ref<Distribution>;
    type Key = Key;
    type Output = Output;

    fn name(&self) -> String {
        "deployment to the edges".to_owned()
    }

    fn within(distribution: &Self::Needs) -> Option<StepId> {
        Some(distribution.id().clone())
    }

    fn inside(key: &Key) -> Option<(Kind, &str)> {
        Some((Kind::Distribution, &key.distribution_id))
    }

    fn key(&self, _cx: &Cx, distribution: Option<&Given<Self>>) -> Option<Key> {
        let distribution = distribution?;
        Some(Key {
            distribution_id: distribution.id.clone(),
        })
    }

    async fn create(&self, cx: &Cx, key: &Key, _given: &Given<Self>) -> Result<Output, Fault> {
        wait(cx, &key.distribution_id).await
    }

    async fn check(&self, at: At<'_, Self>) -> Result<Health, Fault> {
        let At { cx, key, .. } = at;
        let Some(deployed) = is_deployed(cx, &key.distribution_id).await? else {
            return Ok(Health::Missing);
        };
        let mut compare = Compare::default();
        let word = |deployed: bool| if deployed { "Deployed" } else { "InProgress" };
        compare.field("Status", word(true), word(deployed));
        Ok(compare.health())
    }

    async fn update(&self, at: At<'_, Self>, _drift: &[Drift]) -> Result<Output, Fault> {
        let At { cx, key, .. } = at;
        wait(cx, &key.distribution_id).await
    }

    async fn find(cx: &Cx, key: &Key) -> Result<Found<Output>, Fault> {
        Ok(match is_deployed(cx, &key.distribution_id).await? {
            Some(true) => Found::Ours(Output {}),
            _ => Found::Absent,
        })
    }

    /// It goes with the distribution.
    async fn delete(_cx: &Cx, _key: &Key, _out: Option<&Output>) -> Result<(), Fault> {
        Ok(())
    }

    fn physical_id(key: &Key, _out: Option<&Output>) -> Option<String> {
        Some(key.distribution_id.clone())
    }
}
