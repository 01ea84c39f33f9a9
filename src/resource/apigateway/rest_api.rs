//! The REST API (API Gateway v1), regional.

use aws_sdk_apigateway::{
    operation::get_rest_api::GetRestApiOutput,
    types::{EndpointConfiguration, EndpointType, Op, PatchOperation},
};
use serde::{Deserialize, Serialize};

use super::tree;
use crate::{
    aws::{Cx, Effect, Fault, TAG_FIELD, stranger},
    engine::{At, Compare, Drift, Found, Given, Health, Rekey, Resource, Stranger},
    resource::{Kind, form, gone, present},
    sweep::Swept,
};

/// A regional REST API.
#[derive(Debug, Clone)]
pub struct RestApi {
    /// Its name (not unique at AWS).
    pub name: String,
}

/// The API's name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Key {
    #[serde(deserialize_with = "form::text")]
    pub name: String,
}

/// What AWS made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {
    #[serde(deserialize_with = "form::id")]
    pub id: String,
    #[serde(deserialize_with = "form::id")]
    pub root_resource_id: String,
}

/// ARN of an API; the account is not in it.
pub(super) fn arn(cx: &Cx, id: &str) -> String {
    cx.arn("apigateway", &format!("/restapis/{id}"))
}

/// Puts the ownership tags on an API or a stage.
pub(super) async fn tag(cx: &Cx, arn: &str) -> Result<(), Fault> {
    cx.call("apigateway:TagResource", Effect::Idempotent, || {
        cx.clients()
            .apigateway
            .tag_resource()
            .resource_arn(arn)
            .set_tags(Some(cx.tag_map()))
            .send()
    })
    .await
    .map(drop)
}

async fn get(cx: &Cx, id: &str) -> Result<Option<GetRestApiOutput>, Fault> {
    let answer = cx
        .call("apigateway:GetRestApi", Effect::Read, || {
            let get = cx.clients().apigateway.get_rest_api();
            get.rest_api_id(id).send()
        })
        .await;
    present(answer)
}

/// The id of `/`: the answer of `CreateRestApi` has it; for safety, asked for when it has not.
async fn root(cx: &Cx, api_id: &str, answered: Option<String>) -> Result<String, Fault> {
    if let Some(id) = answered {
        return Ok(id);
    }
    let tree = tree::read(cx, api_id).await?;
    let root = tree
        .iter()
        .find(|r| r.path() == Some("/"))
        .and_then(|r| r.id().map(str::to_owned));
    root.ok_or_else(|| Fault::missing("apigateway:GetResources", "the resource `/`"))
}

/// Describes somebody else's API to which the recorded id leads.
fn foreign(cx: &Cx, api: &GetRestApiOutput, out: &Output) -> Stranger {
    let what = format!("{} `{}`", arn(cx, &out.id), api.name().unwrap_or_default());
    stranger(&what, api.tags())
}

impl Resource for RestApi {
    const KIND: Kind = Kind::RestApi;
    const SWEPT: Swept = Swept::Asked(&super::sweep::REST_API);
    const ACTIONS: &'static [&'static str] = &[
        "apigateway:GET",
        "apigateway:POST",
        "apigateway:PUT",
        "apigateway:PATCH",
        "apigateway:DELETE",
    ];
    const REPEATS: bool = true;
    const CARRIES: Option<&'static str> = Some("its id and its invoke URL");
    const TAGGED: bool = true;
    type Needs = ();
    type Key = Key;
    type Output = Output;

    fn name(&self) -> String {
        self.name.clone()
    }

    fn key(&self, _cx: &Cx, _given: Option<&Given<Self>>) -> Option<Key> {
        Some(Key {
            name: self.name.clone(),
        })
    }

    /// Its name is changed in place: its id stays, and all that hangs on it.
    fn rekey(_old: &Key, _new: &Key) -> Rekey {
        Rekey::InPlace
    }

    async fn create(&self, cx: &Cx, key: &Key, _given: &Given<Self>) -> Result<Output, Fault> {
        let operation = "apigateway:CreateRestApi";
        let regional = EndpointConfiguration::builder()
            .types(EndpointType::Regional)
            .build();
        let api = cx
            .call(operation, Effect::Create, || {
                cx.clients()
                    .apigateway
                    .create_rest_api()
                    .name(&key.name)
                    .endpoint_configuration(regional.clone())
                    .set_tags(Some(cx.tag_map()))
                    .send()
            })
            .await?;
        let id = api.id.ok_or_else(|| Fault::missing(operation, "id"))?;
        let root_resource_id = root(cx, &id, api.root_resource_id).await?;
        Ok(Output {
            id,
            root_resource_id,
        })
    }

    async fn check(&self, at: At<'_, Self>) -> Result<Health, Fault> {
        let At { cx, out, .. } = at;
        let Some(api) = get(cx, &out.id).await? else {
            return Ok(Health::Missing);
        };
        if cx.is_strange(api.tags(), api.name(), &at.key.name) {
            return Ok(Health::Foreign(foreign(cx, &api, out)));
        }
        let types = api
            .endpoint_configuration()
            .map(EndpointConfiguration::types)
            .unwrap_or_default();
        let mut compare = Compare::default();
        cx.compare_tag(&mut compare, api.tags());
        compare.field("name", &Some(self.name.as_str()), &api.name());
        compare.field(
            "endpointConfiguration",
            &vec![EndpointType::Regional.as_str()],
            &types.iter().map(EndpointType::as_str).collect(),
        );
        compare.field(
            "disableExecuteApiEndpoint",
            &false,
            &api.disable_execute_api_endpoint(),
        );
        Ok(compare.health())
    }

    async fn update(&self, at: At<'_, Self>, drift: &[Drift]) -> Result<Output, Fault> {
        let At { cx, out, .. } = at;
        let mut patches = Vec::new();
        for Drift { field, seen, .. } in drift {
            let (path, value) = match field.as_str() {
                TAG_FIELD => {
                    tag(cx, &arn(cx, &out.id)).await?;
                    continue;
                }
                "name" => ("/name".to_owned(), self.name.as_str()),
                "endpointConfiguration" => (
                    format!("/endpointConfiguration/types/{seen}"),
                    EndpointType::Regional.as_str(),
                ),
                "disableExecuteApiEndpoint" => ("/disableExecuteApiEndpoint".to_owned(), "false"),
                _ => return Err(Fault::cannot_change(Self::KIND.title(), &self.name, field)),
            };
            let patch = PatchOperation::builder().op(Op::Replace).path(path);
            patches.push(patch.value(value).build());
        }
        if !patches.is_empty() {
            cx.call("apigateway:UpdateRestApi", Effect::Idempotent, || {
                cx.clients()
                    .apigateway
                    .update_rest_api()
                    .rest_api_id(&out.id)
                    .set_patch_operations(Some(patches.clone()))
                    .send()
            })
            .await?;
        }
        Ok(out.clone())
    }

    async fn own(cx: &Cx, key: &Key, out: &Output) -> Result<Found<Output>, Fault> {
        Ok(match get(cx, &out.id).await? {
            None => Found::Absent,
            Some(api) if cx.is_strange(api.tags(), api.name(), &key.name) => {
                Found::Foreign(foreign(cx, &api, out))
            }
            Some(_) => Found::Ours(out.clone()),
        })
    }

    async fn tag(cx: &Cx, _key: &Key, out: &Output) -> Result<bool, Fault> {
        tag(cx, &arn(cx, &out.id)).await.map(|()| true)
    }

    /// By name and tags: names are not unique.
    async fn find(cx: &Cx, key: &Key) -> Result<Found<Output>, Fault> {
        let apis = cx.pages(
            "apigateway:GetRestApis",
            |position| {
                let list = cx.clients().apigateway.get_rest_apis().limit(500);
                list.set_position(position).send()
            },
            |page| (page.items.unwrap_or_default(), page.position),
        );
        let apis = apis.await?;
        let api = apis
            .iter()
            .find(|a| a.name() == Some(&key.name) && cx.owns(a.tags()));
        let Some((api, id)) = api.and_then(|a| Some((a, a.id()?))) else {
            return Ok(Found::Absent);
        };
        let root_resource_id = root(cx, id, api.root_resource_id.clone()).await?;
        Ok(Found::Ours(Output {
            id: id.to_owned(),
            root_resource_id,
        }))
    }

    async fn delete(cx: &Cx, _key: &Key, out: Option<&Output>) -> Result<(), Fault> {
        let Some(Output { id, .. }) = out else {
            return Ok(());
        };
        // An account may send one such call in 30 s.
        let delete = cx.delete(
            "apigateway:DeleteRestApi",
            || {
                let delete = cx.clients().apigateway.delete_rest_api();
                delete.rest_api_id(id).send()
            },
            async || Ok(get(cx, id).await?.is_some()),
        );
        let gone = gone(delete.await);
        tree::forget(cx, id);
        gone
    }

    fn physical_id(_key: &Key, out: Option<&Output>) -> Option<String> {
        out.map(|o| o.id.clone())
    }
}
