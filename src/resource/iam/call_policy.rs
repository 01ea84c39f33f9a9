//! What a caller's role may do: call some routes of the API, and nothing else.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::role_policy;
use crate::{
    aws::{Cx, Fault},
    engine::{At, Compare, Found, Given, Health, Ref, Resource},
    resource::{Kind, RestApi, Role, RolePolicy},
    sweep::Swept,
};

/// An inline policy with `execute-api:Invoke` on some routes.
#[derive(Debug, Clone)]
pub struct CallPolicy {
    /// The API's stage.
    pub stage: String,
    /// Method and path of each route.
    pub routes: Vec<(String, String)>,
}

const NAME: &str = "call-api";

use role_policy::Key;

/// Nothing that the key does not say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {}

/// The policy's document: the least that lets a caller call `routes` of an API's stage.
pub fn document(cx: &Cx, api_id: &str, stage: &str, routes: &[(String, String)]) -> Value {
    let arn = |(method, path): &(String, String)| {
        let method = if method == "ANY" { "*" } else { method };
        // What a path's parameter is, the policy cannot say: it matches anything.
        let path: Vec<&str> = path
            .split('/')
            .map(|part| if part.starts_with('{') { "*" } else { part })
            .collect();
        let route = format!("{api_id}/{stage}/{method}{}", path.join("/"));
        cx.arn("execute-api", &route)
    };
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Action": "execute-api:Invoke",
            "Resource": routes.iter().map(arn).collect::<Vec<_>>()
        }]
    })
}

impl CallPolicy {
    fn document(&self, cx: &Cx, api_id: &str) -> Value {
        document(cx, api_id, &self.stage, &self.routes)
    }
}

impl Resource for CallPolicy {
    const KIND: Kind = Kind::CallPolicy;
    const SWEPT: Swept = Swept::Within(Kind::Role);
    const ACTIONS: &'static [&'static str] = RolePolicy::ACTIONS;
    const PUT: bool = true;
    const BY_NAME: bool = true;
    type Needs = (Ref<Role>, Ref<RestApi>);
    type Key = Key;
    type Output = Output;

    fn name(&self) -> String {
        NAME.to_owned()
    }

    fn key(&self, _cx: &Cx, given: Option<&Given<Self>>) -> Option<Key> {
        let (role, _) = given?;
        Some(Key {
            role: role.name.clone(),
            policy: NAME.to_owned(),
        })
    }

    async fn create(&self, cx: &Cx, key: &Key, (_, api): &Given<Self>) -> Result<Output, Fault> {
        role_policy::put(cx, key, &self.document(cx, &api.id)).await?;
        Ok(Output {})
    }

    async fn check(&self, at: At<'_, Self>) -> Result<Health, Fault> {
        let At {
            cx,
            key,
            given: (_, api),
            ..
        } = at;
        let Some(seen) = role_policy::inline(cx, key).await? else {
            return Ok(Health::Missing);
        };
        let mut compare = Compare::default();
        compare.field("PolicyDocument", &self.document(cx, &api.id), &seen);
        Ok(compare.health())
    }

    /// Ours when the role is.
    async fn find(cx: &Cx, key: &Key) -> Result<Found<Output>, Fault> {
        Ok(match RolePolicy::find(cx, key).await? {
            Found::Ours(_) => Found::Ours(Output {}),
            Found::Foreign(seen) => Found::Foreign(seen),
            Found::Absent => Found::Absent,
        })
    }

    async fn delete(cx: &Cx, key: &Key, _out: Option<&Output>) -> Result<(), Fault> {
        RolePolicy::delete(cx, key, None).await
    }

    fn physical_id(key: &Key, _out: Option<&Output>) -> Option<String> {
        RolePolicy::physical_id(key, None)
    }
}
