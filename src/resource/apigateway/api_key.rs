//! The API key that only the edge knows: API Gateway makes its value, the distribution sends it, and labctl
//! keeps it nowhere.

use aws_sdk_apigateway::operation::get_api_key::GetApiKeyOutput;
use serde::{Deserialize, Serialize};

use super::rest_api;
use crate::{
    aws::{Cx, Effect, Fault, TAG_FIELD, stranger},
    engine::{At, Compare, Drift, Found, Given, Health, Resource, Stranger},
    resource::{Kind, form, gone, present},
    sweep::Swept,
};

/// An API key.
#[derive(Debug, Clone)]
pub struct ApiKey {
    /// What the names of all the lab's keys begin with.
    pub base: String,
    /// Which one it is: rotation makes the next.
    pub number: u32,
}

/// The name's parts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Key {
    #[serde(deserialize_with = "form::text")]
    pub base: String,
    pub number: u32,
}

/// What AWS made: the id, never the value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {
    #[serde(deserialize_with = "form::id")]
    pub id: String,
    /// Of the key that is there, see [`ApiKey::find`].
    pub number: u32,
}

impl Key {
    fn name(&self) -> String {
        format!("{}-{}", self.base, self.number)
    }
}

pub(super) fn arn(cx: &Cx, id: &str) -> String {
    cx.arn("apigateway", &format!("/apikeys/{id}"))
}

/// Describes somebody else's key to which the recorded id leads.
fn foreign(cx: &Cx, key: &GetApiKeyOutput, out: &Output) -> Stranger {
    let what = format!("{} `{}`", arn(cx, &out.id), key.name().unwrap_or_default());
    stranger(&what, key.tags())
}

async fn get(cx: &Cx, id: &str, with_value: bool) -> Result<Option<GetApiKeyOutput>, Fault> {
    let answer = cx
        .call("apigateway:GetApiKey", Effect::Read, || {
            let get = cx.clients().apigateway.get_api_key();
            get.api_key(id).include_value(with_value).send()
        })
        .await;
    present(answer)
}

/// The secret itself, read when it is needed.
pub(in crate::resource) async fn value(cx: &Cx, id: &str) -> Result<Option<String>, Fault> {
    Ok(get(cx, id, true).await?.and_then(|key| key.value))
}

impl Resource for ApiKey {
    const KIND: Kind = Kind::ApiKey;
    const SWEPT: Swept = Swept::Asked(&super::sweep::API_KEY);
    const ACTIONS: &'static [&'static str] = &[
        "apigateway:GET",
        "apigateway:POST",
        "apigateway:PATCH",
        "apigateway:DELETE",
    ];
    const REPEATS: bool = true;
    const LINGERS: bool = true;
    const TAGGED: bool = true;
    type Needs = ();
    type Key = Key;
    type Output = Output;

    fn name(&self) -> String {
        format!("{}-{}", self.base, self.number)
    }

    fn key(&self, _cx: &Cx, _given: Option<&Given<Self>>) -> Option<Key> {
        Some(Key {
            base: self.base.clone(),
            number: self.number,
        })
    }

    async fn create(&self, cx: &Cx, key: &Key, _given: &Given<Self>) -> Result<Output, Fault> {
        let operation = "apigateway:CreateApiKey";
        let made = cx
            .call(operation, Effect::Create, || {
                cx.clients()
                    .apigateway
                    .create_api_key()
                    .name(key.name())
                    .description("sent by the distribution, and known to nobody else")
                    .enabled(true)
                    .set_tags(Some(cx.tag_map()))
                    .send()
            })
            .await?;
        Ok(Output {
            id: made.id.ok_or_else(|| Fault::missing(operation, "id"))?,
            number: key.number,
        })
    }

    async fn check(&self, at: At<'_, Self>) -> Result<Health, Fault> {
        let At { cx, out, .. } = at;
        let Some(seen) = get(cx, &out.id, false).await? else {
            return Ok(Health::Missing);
        };
        let name = Key {
            number: out.number,
            ..at.key.clone()
        }
        .name();
        if cx.is_strange(seen.tags(), seen.name(), &name) {
            return Ok(Health::Foreign(foreign(cx, &seen, out)));
        }
        let mut compare = Compare::default();
        compare.field("enabled", &true, &seen.enabled);
        cx.compare_tag(&mut compare, seen.tags());
        Ok(compare.health())
    }

    async fn update(&self, at: At<'_, Self>, drift: &[Drift]) -> Result<Output, Fault> {
        use aws_sdk_apigateway::types::{Op, PatchOperation};
        let At { cx, out, .. } = at;
        if drift.iter().any(|d| d.field == TAG_FIELD) {
            Self::tag(cx, at.key, out).await?;
        }
        if drift.iter().any(|d| d.field == "enabled") {
            let patch = PatchOperation::builder()
                .op(Op::Replace)
                .path("/enabled")
                .value("true")
                .build();
            cx.call("apigateway:UpdateApiKey", Effect::Idempotent, || {
                let update = cx.clients().apigateway.update_api_key();
                update
                    .api_key(&out.id)
                    .patch_operations(patch.clone())
                    .send()
            })
            .await?;
        }
        Ok(out.clone())
    }

    async fn own(cx: &Cx, key: &Key, out: &Output) -> Result<Found<Output>, Fault> {
        // The one that was found may be a later one than the key's: see `find`.
        let name = Key {
            number: out.number,
            ..key.clone()
        }
        .name();
        Ok(match get(cx, &out.id, false).await? {
            None => Found::Absent,
            Some(seen) if cx.is_strange(seen.tags(), seen.name(), &name) => {
                Found::Foreign(foreign(cx, &seen, out))
            }
            Some(_) => Found::Ours(out.clone()),
        })
    }

    async fn tag(cx: &Cx, _key: &Key, out: &Output) -> Result<bool, Fault> {
        rest_api::tag(cx, &arn(cx, &out.id)).await.map(|()| true)
    }

    /// By name, then by tags. When nothing else is known (the state is lost), the first key stands for the
    /// newest: rotations may have been.
    async fn find(cx: &Cx, key: &Key) -> Result<Found<Output>, Fault> {
        let items = cx.pages(
            "apigateway:GetApiKeys",
            |position| {
                let list = cx.clients().apigateway.get_api_keys().limit(500);
                list.include_values(false).set_position(position).send()
            },
            |page| (page.items.unwrap_or_default(), page.position),
        );
        let mut best: Option<Output> = None;
        for item in items.await? {
            let number = item.name().and_then(|name| {
                name.strip_prefix(&key.base)?
                    .strip_prefix('-')?
                    .parse()
                    .ok()
            });
            let (Some(number), Some(id)) = (number, item.id()) else {
                continue;
            };
            let fits = number == key.number || (key.number == 1 && number > 1);
            let better = best.as_ref().is_none_or(|b| number > b.number);
            if !(fits && better) {
                continue;
            }
            let seen = get(cx, id, false).await?;
            if seen.is_some_and(|seen| cx.owns(seen.tags())) {
                best = Some(Output {
                    id: id.to_owned(),
                    number,
                });
            }
        }
        Ok(best.map_or(Found::Absent, Found::Ours))
    }

    async fn delete(cx: &Cx, _key: &Key, out: Option<&Output>) -> Result<(), Fault> {
        let Some(out) = out else { return Ok(()) };
        gone(
            cx.call("apigateway:DeleteApiKey", Effect::Idempotent, || {
                let delete = cx.clients().apigateway.delete_api_key();
                delete.api_key(&out.id).send()
            })
            .await,
        )
    }

    fn physical_id(_key: &Key, out: Option<&Output>) -> Option<String> {
        out.map(|o| o.id.clone())
    }
}
