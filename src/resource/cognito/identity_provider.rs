//! An identity provider of a user pool: OpenID Connect or SAML.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_cognitoidentityprovider::types::{IdentityProviderType, IdentityProviderTypeType};
use serde::{Deserialize, Serialize};

use crate::{
    aws::{Cx, Effect, Fault, FaultKind},
    engine::{At, Compare, Drift, Found, Given, Health, Ref, Resource, StepId},
    lab::{self, Metadata, Provider},
    resource::{Kind, Secret, UserPool, form, gone, present},
    sweep::Swept,
};

/// An identity provider.
#[derive(Debug, Clone)]
pub struct IdentityProvider {
    /// Its name in the pool.
    pub name: String,
    /// What the lab says of it.
    pub spec: lab::IdentityProvider,
    /// The client's secret, of OIDC. `None`: not said in this run.
    pub secret: Option<Secret>,
}

/// The pool and the name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Key {
    #[serde(deserialize_with = "form::user_pool_id")]
    pub user_pool_id: String,
    #[serde(deserialize_with = "form::name")]
    pub name: String,
}

/// The name, for app clients.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {
    #[serde(deserialize_with = "form::name")]
    pub name: String,
}

const SECRET: &str = "client_secret";
/// What Cognito maps by itself.
const USERNAME: &str = "username";

async fn describe(cx: &Cx, key: &Key) -> Result<Option<IdentityProviderType>, Fault> {
    let answer = cx
        .call("cognito-idp:DescribeIdentityProvider", Effect::Read, || {
            cx.clients()
                .cognito
                .describe_identity_provider()
                .user_pool_id(&key.user_pool_id)
                .provider_name(&key.name)
                .send()
        })
        .await;
    Ok(present(answer)?.and_then(|a| a.identity_provider))
}

/// What Cognito shows of one detail; nothing when it is not there.
fn detail<'p>(provider: &'p IdentityProviderType, name: &str) -> Option<&'p str> {
    provider.provider_details()?.get(name).map(String::as_str)
}

impl IdentityProvider {
    fn aws_type(&self) -> IdentityProviderTypeType {
        match self.spec.provider {
            Provider::Oidc { .. } => IdentityProviderTypeType::Oidc,
            Provider::Saml { .. } => IdentityProviderTypeType::Saml,
        }
    }

    /// What Cognito is told of it, by Cognito's names, without the secret.
    fn details(&self) -> BTreeMap<&'static str, String> {
        match &self.spec.provider {
            Provider::Oidc {
                issuer,
                client_id,
                client_secret_env: _,
                scopes,
            } => BTreeMap::from([
                ("oidc_issuer", issuer.clone()),
                ("client_id", client_id.clone()),
                ("authorize_scopes", scopes.join(" ")),
                ("attributes_request_method", "GET".to_owned()),
            ]),
            Provider::Saml { metadata } => {
                let (name, value) = match metadata {
                    Metadata::Url(url) => ("MetadataURL", url),
                    Metadata::File(xml) => ("MetadataFile", xml),
                };
                BTreeMap::from([(name, value.clone())])
            }
        }
    }

    /// The environment variable with the client's secret, of OIDC.
    fn variable(&self) -> Option<&str> {
        match &self.spec.provider {
            Provider::Oidc {
                client_secret_env, ..
            } => Some(client_secret_env),
            Provider::Saml { .. } => None,
        }
    }

    /// All that Cognito is told, with the secret said in this run or the one that it has.
    fn all_details(
        &self,
        operation: &str,
        known: Option<&str>,
    ) -> Result<HashMap<String, String>, Fault> {
        let details = self.details().into_iter();
        let mut all: HashMap<_, _> = details.map(|(k, v)| (k.to_owned(), v)).collect();
        if let Some(variable) = self.variable() {
            let secret = self.secret.as_ref().map(Secret::reveal).or(known);
            let Some(secret) = secret else {
                let message = format!(
                    "the client secret of {} is not known here: set {variable} and run `labctl up` again",
                    self.name
                );
                return Err(Fault::new(FaultKind::Other, operation, message));
            };
            all.insert(SECRET.to_owned(), secret.to_owned());
        }
        Ok(all)
    }

    fn mapping(&self) -> HashMap<String, String> {
        self.spec.attributes.clone().into_iter().collect()
    }
}

impl Resource for IdentityProvider {
    const KIND: Kind = Kind::IdentityProvider;
    const SWEPT: Swept = Swept::Within(Kind::UserPool);
    const ACTIONS: &'static [&'static str] = &[
        "cognito-idp:CreateIdentityProvider",
        "cognito-idp:DeleteIdentityProvider",
        "cognito-idp:DescribeIdentityProvider",
        "cognito-idp:UpdateIdentityProvider",
    ];
    type Needs = Ref<UserPool>;
    type Key = Key;
    type Output = Output;

    fn name(&self) -> String {
        self.name.clone()
    }

    fn within(pool: &Self::Needs) -> Option<StepId> {
        Some(pool.id().clone())
    }

    fn fixed(drift: &Drift) -> bool {
        drift.field == "ProviderType"
    }

    fn inside(key: &Key) -> Option<(Kind, &str)> {
        Some((Kind::UserPool, &key.user_pool_id))
    }

    fn key(&self, _cx: &Cx, pool: Option<&Given<Self>>) -> Option<Key> {
        let pool = pool?;
        Some(Key {
            user_pool_id: pool.id.clone(),
            name: self.name.clone(),
        })
    }

    async fn create(&self, cx: &Cx, key: &Key, _pool: &Given<Self>) -> Result<Output, Fault> {
        let operation = "cognito-idp:CreateIdentityProvider";
        let details = self.all_details(operation, None)?;
        cx.call(operation, Effect::Create, || {
            cx.clients()
                .cognito
                .create_identity_provider()
                .user_pool_id(&key.user_pool_id)
                .provider_name(&key.name)
                .provider_type(self.aws_type())
                .set_provider_details(Some(details.clone()))
                .set_attribute_mapping(Some(self.mapping()))
                .send()
        })
        .await?;
        Ok(Output {
            name: key.name.clone(),
        })
    }

    /// The secret is compared when it is known here, and never shown.
    async fn check(&self, at: At<'_, Self>) -> Result<Health, Fault> {
        let At { cx, key, .. } = at;
        let Some(provider) = describe(cx, key).await? else {
            return Ok(Health::Missing);
        };
        let mut compare = Compare::default();
        let seen = provider.provider_type();
        let seen = seen.map(IdentityProviderTypeType::as_str);
        compare.field("ProviderType", &Some(self.aws_type().as_str()), &seen);
        for (name, wanted) in self.details() {
            let seen = detail(&provider, name);
            let field = format!("ProviderDetails.{name}");
            if name == "MetadataFile" {
                // Pages long.
                let said = |same: bool| if same { "as in the file" } else { "another" };
                let same = seen.map(str::trim) == Some(wanted.trim());
                compare.field(&field, said(true), said(same));
            } else {
                compare.field(&field, &Some(wanted.as_str()), &seen);
            }
        }
        if let (Some(variable), Some(secret)) = (self.variable(), &self.secret) {
            let wanted = format!("as in {variable}");
            let same = detail(&provider, SECRET) == Some(secret.reveal());
            let seen = if same { &wanted } else { "another" };
            compare.field("ProviderDetails.client_secret", wanted.as_str(), seen);
        }
        let seen = provider.attribute_mapping().into_iter().flatten();
        let seen: BTreeMap<String, String> = seen
            .filter(|(name, _)| *name != USERNAME)
            .map(|(name, claim)| (name.clone(), claim.clone()))
            .collect();
        compare.field("AttributeMapping", &self.spec.attributes, &seen);
        Ok(compare.health())
    }

    async fn update(&self, at: At<'_, Self>, drift: &[Drift]) -> Result<Output, Fault> {
        let At { cx, key, out, .. } = at;
        if drift.iter().any(|d| d.field == "ProviderType") {
            let field = "ProviderType";
            return Err(Fault::cannot_change(Self::KIND.title(), &key.name, field));
        }
        let operation = "cognito-idp:UpdateIdentityProvider";
        let now = describe(cx, key).await?;
        let known = now.as_ref().and_then(|provider| detail(provider, SECRET));
        let details = self.all_details(operation, known)?;
        cx.call(operation, Effect::Idempotent, || {
            cx.clients()
                .cognito
                .update_identity_provider()
                .user_pool_id(&key.user_pool_id)
                .provider_name(&key.name)
                .set_provider_details(Some(details.clone()))
                .set_attribute_mapping(Some(self.mapping()))
                .send()
        })
        .await?;
        Ok(out.clone())
    }

    /// By name in our pool, so it is ours.
    async fn find(cx: &Cx, key: &Key) -> Result<Found<Output>, Fault> {
        let there = describe(cx, key).await?.is_some();
        Ok(if there {
            Found::Ours(Output {
                name: key.name.clone(),
            })
        } else {
            Found::Absent
        })
    }

    async fn delete(cx: &Cx, key: &Key, _out: Option<&Output>) -> Result<(), Fault> {
        gone(
            cx.call(
                "cognito-idp:DeleteIdentityProvider",
                Effect::Idempotent,
                || {
                    cx.clients()
                        .cognito
                        .delete_identity_provider()
                        .user_pool_id(&key.user_pool_id)
                        .provider_name(&key.name)
                        .send()
                },
            )
            .await,
        )
    }

    fn physical_id(key: &Key, _out: Option<&Output>) -> Option<String> {
        Some(key.name.clone())
    }
}
