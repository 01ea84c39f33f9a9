//! An authorizer: the user pool checks the token that a caller sends, or a function judges the caller.

use aws_sdk_apigateway::{
    operation::get_authorizer::GetAuthorizerOutput,
    types::{AuthorizerType, Op, PatchOperation},
};
use serde::{Deserialize, Serialize};

use crate::{
    aws::{Cx, Effect, Fault},
    engine::{At, Compare, Drift, Found, Given, Health, Ref, Resource, Retired, StepId},
    lab::{self, Judge, Source},
    resource::{Kind, RestApi, UserPool, form, gone, present},
    sweep::Swept,
};

/// An authorizer.
#[derive(Debug, Clone)]
pub struct Authorizer {
    /// Its name, unique in the API.
    pub name: String,
    /// What the lab says of it.
    pub spec: lab::Authorizer,
    /// The name of the function that judges. Its ARN is computed, so it need not exist yet.
    pub function: Option<String>,
}

/// The API and the name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Key {
    #[serde(deserialize_with = "form::id")]
    pub api_id: String,
    #[serde(deserialize_with = "form::text")]
    pub name: String,
}

/// What AWS made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {
    #[serde(deserialize_with = "form::id")]
    pub id: String,
}

const TYPE: &str = "type";
const TTL: &str = "authorizerResultTtlInSeconds";

impl Authorizer {
    fn aws_type(&self) -> AuthorizerType {
        match self.spec.judge {
            Judge::Pool { .. } => AuthorizerType::CognitoUserPools,
            Judge::Token { .. } => AuthorizerType::Token,
            Judge::Request { .. } => AuthorizerType::Request,
        }
    }

    /// What identifies a caller, as API Gateway writes it: `method.request.header.Authorization`.
    pub(super) fn identity_source(&self) -> String {
        let sources = self.spec.sources();
        let sources = sources.iter().map(|source| match source {
            Source::Header(name) => format!("method.request.header.{name}"),
            Source::Query(name) => format!("method.request.querystring.{name}"),
        });
        sources.collect::<Vec<_>>().join(",")
    }

    fn uri(&self, cx: &Cx) -> Option<String> {
        let function = self.function.as_ref();
        function.map(|function| cx.invocation_uri(function))
    }

    fn validation(&self) -> Option<String> {
        match &self.spec.judge {
            Judge::Token { validation, .. } => validation.clone(),
            Judge::Pool { .. } | Judge::Request { .. } => None,
        }
    }

    /// The fields that a patch replaces, each with AWS's name for it and what is wanted.
    fn fields(&self, cx: &Cx) -> Vec<(&'static str, Option<String>)> {
        let mut fields = vec![
            (TYPE, Some(self.aws_type().as_str().to_owned())),
            ("name", Some(self.name.clone())),
            ("identitySource", Some(self.identity_source())),
            ("authorizerUri", self.uri(cx)),
            ("identityValidationExpression", self.validation()),
        ];
        // API Gateway does not return the TTL of a user pool's authorizer, even when it was sent (recorded answers of
        // create-authorizer and get-authorizer; terraform-provider-aws reads none as 300): nothing to compare.
        if !matches!(self.spec.judge, Judge::Pool { .. }) {
            fields.push((TTL, Some(self.spec.ttl_s.to_string())));
        }
        fields
    }
}

/// The same of what AWS has; an empty text is as good as none.
fn seen(now: &GetAuthorizerOutput, field: &str) -> Option<String> {
    let text = match field {
        TYPE => now.r#type().map(|kind| kind.as_str().to_owned()),
        "name" => now.name.clone(),
        "identitySource" => now.identity_source.clone(),
        TTL => now
            .authorizer_result_ttl_in_seconds
            .map(|ttl| ttl.to_string()),
        "authorizerUri" => now.authorizer_uri.clone(),
        _ => now.identity_validation_expression.clone(),
    };
    text.filter(|text| !text.is_empty())
}

async fn get(cx: &Cx, key: &Key, id: &str) -> Result<Option<GetAuthorizerOutput>, Fault> {
    let answer = cx
        .call("apigateway:GetAuthorizer", Effect::Read, || {
            cx.clients()
                .apigateway
                .get_authorizer()
                .rest_api_id(&key.api_id)
                .authorizer_id(id)
                .send()
        })
        .await;
    present(answer)
}

impl Resource for Authorizer {
    const KIND: Kind = Kind::Authorizer;
    const SWEPT: Swept = Swept::Within(Kind::RestApi);
    const ACTIONS: &'static [&'static str] = &[
        "apigateway:GET",
        "apigateway:POST",
        "apigateway:PATCH",
        "apigateway:DELETE",
    ];
    /// Methods send callers to it, and API Gateway is not sure to refuse its deletion then.
    const LINGERS: bool = true;
    const RETIRES: bool = true;
    /// The API, and the user pool when that judges.
    type Needs = (Ref<RestApi>, Option<Ref<UserPool>>);
    type Key = Key;
    type Output = Output;

    fn name(&self) -> String {
        self.name.clone()
    }

    fn within((api, _): &Self::Needs) -> Option<StepId> {
        Some(api.id().clone())
    }

    fn inside(key: &Key) -> Option<(Kind, &str)> {
        Some((Kind::RestApi, &key.api_id))
    }

    fn key(&self, _cx: &Cx, given: Option<&Given<Self>>) -> Option<Key> {
        let (api, _) = given?;
        Some(Key {
            api_id: api.id.clone(),
            name: self.name.clone(),
        })
    }

    /// A function's authorizer may change between TOKEN and REQUEST, but none to or from a user pool's
    /// (terraform-provider-aws: `resourceAuthorizerUpdate` patches `/type`, `resourceAuthorizerCustomizeDiff` makes
    /// another one).
    fn fixed(drift: &Drift) -> bool {
        let pools = AuthorizerType::CognitoUserPools;
        drift.field == TYPE && [&drift.wanted, &drift.seen].contains(&&pools.as_str().to_owned())
    }

    async fn create(&self, cx: &Cx, key: &Key, (_, pool): &Given<Self>) -> Result<Output, Fault> {
        let operation = "apigateway:CreateAuthorizer";
        let made = cx
            .call(operation, Effect::Create, || {
                cx.clients()
                    .apigateway
                    .create_authorizer()
                    .rest_api_id(&key.api_id)
                    .name(&key.name)
                    .r#type(self.aws_type())
                    .set_provider_arns(pool.as_ref().map(|pool| vec![pool.arn.clone()]))
                    .set_authorizer_uri(self.uri(cx))
                    .set_identity_validation_expression(self.validation())
                    .identity_source(self.identity_source())
                    .authorizer_result_ttl_in_seconds(self.spec.ttl_s)
                    .send()
            })
            .await?;
        Ok(Output {
            id: made.id.ok_or_else(|| Fault::missing(operation, "id"))?,
        })
    }

    async fn check(&self, at: At<'_, Self>) -> Result<Health, Fault> {
        let At {
            cx,
            key,
            out,
            given: (_, pool),
        } = at;
        let Some(now) = get(cx, key, &out.id).await? else {
            return Ok(Health::Missing);
        };
        let mut compare = Compare::default();
        for (field, wanted) in self.fields(cx) {
            compare.field(field, &wanted, &seen(&now, field));
        }
        let pools: Vec<&str> = pool.iter().map(|pool| pool.arn.as_str()).collect();
        let now_pools: Vec<&str> = now.provider_arns().iter().map(String::as_str).collect();
        compare.field("providerARNs", &pools, &now_pools);
        Ok(compare.health())
    }

    async fn update(&self, at: At<'_, Self>, drift: &[Drift]) -> Result<Output, Fault> {
        let At {
            cx,
            key,
            out,
            given: (_, pool),
        } = at;
        let patch = |op: Op, path: &str, value: &str| {
            PatchOperation::builder()
                .op(op)
                .path(format!("/{path}"))
                .value(value)
                .build()
        };
        let fields = self.fields(cx);
        let mut patches = Vec::new();
        for field in drift.iter().map(|d| d.field.as_str()) {
            if let Some((field, wanted)) = fields.iter().find(|(name, _)| *name == field) {
                // An expression is taken away by an empty one.
                let wanted = wanted.as_deref().unwrap_or_default();
                patches.push(patch(Op::Replace, field, wanted));
            } else if let ("providerARNs", Some(pool)) = (field, pool) {
                let now = get(cx, key, &out.id).await?;
                let now = now.iter().flat_map(GetAuthorizerOutput::provider_arns);
                // The new one first: an authorizer is never without a pool.
                patches.push(patch(Op::Add, field, &pool.arn));
                let others = now.filter(|arn| **arn != pool.arn);
                patches.extend(others.map(|arn| patch(Op::Remove, field, arn)));
            } else {
                return Err(Fault::cannot_change(Self::KIND.title(), &self.name, field));
            }
        }
        cx.call("apigateway:UpdateAuthorizer", Effect::Idempotent, || {
            cx.clients()
                .apigateway
                .update_authorizer()
                .rest_api_id(&key.api_id)
                .authorizer_id(&out.id)
                .set_patch_operations(Some(patches.clone()))
                .send()
        })
        .await?;
        Ok(out.clone())
    }

    /// Its id makes the name its own: no two authorizers of an API may have one name.
    async fn retire(cx: &Cx, key: &Key, out: &Output) -> Result<Option<Retired<Key>>, Fault> {
        let name = format!("labctl-old-{}", out.id);
        let rename = PatchOperation::builder();
        let rename = rename.op(Op::Replace).path("/name").value(&name).build();
        let renamed = cx.call("apigateway:UpdateAuthorizer", Effect::Idempotent, || {
            cx.clients()
                .apigateway
                .update_authorizer()
                .rest_api_id(&key.api_id)
                .authorizer_id(&out.id)
                .patch_operations(rename.clone())
                .send()
        });
        let key = Key {
            name: name.clone(),
            ..key.clone()
        };
        Ok(present(renamed.await)?.map(|_| Retired { name, key }))
    }

    /// By name in our API, so it is ours.
    async fn find(cx: &Cx, key: &Key) -> Result<Found<Output>, Fault> {
        let all = cx.pages(
            "apigateway:GetAuthorizers",
            |position| {
                let list = cx.clients().apigateway.get_authorizers();
                let list = list.rest_api_id(&key.api_id).limit(500);
                list.set_position(position).send()
            },
            |page| (page.items.unwrap_or_default(), page.position),
        );
        let all = present(all.await)?.unwrap_or_default();
        let named = all.into_iter().find(|a| a.name() == Some(&key.name));
        Ok(named
            .and_then(|a| a.id)
            .map_or(Found::Absent, |id| Found::Ours(Output { id })))
    }

    async fn delete(cx: &Cx, key: &Key, out: Option<&Output>) -> Result<(), Fault> {
        let Some(out) = out else { return Ok(()) };
        gone(
            cx.call("apigateway:DeleteAuthorizer", Effect::Idempotent, || {
                cx.clients()
                    .apigateway
                    .delete_authorizer()
                    .rest_api_id(&key.api_id)
                    .authorizer_id(&out.id)
                    .send()
            })
            .await,
        )
    }

    fn physical_id(_key: &Key, out: Option<&Output>) -> Option<String> {
        out.map(|o| o.id.clone())
    }
}
