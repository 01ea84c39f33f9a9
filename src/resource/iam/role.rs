//! Roles: a function's, that of a caller in the account, that of signed-in users.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::inside;
use crate::{
    aws::{Cx, Effect, Fault, stranger},
    engine::{At, Compare, Drift, Found, Given, Health, Ref, Resource, Stranger},
    resource::{IdentityPool, Kind, cognito_identity::identity_pool, form, gone, present},
    sweep::Swept,
};

/// An IAM role.
#[derive(Debug, Clone)]
pub struct Role {
    /// The role's name, path `/`.
    pub name: String,
    /// Who may assume it.
    pub trust: Trust,
}

/// Who may assume a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Lambda, to run a function.
    Lambda,
    /// Who has the permission to, in the account.
    Account,
    /// The signed-in users of the identity pool that the role needs.
    Users,
}

impl Trust {
    /// Every trust that labctl gives a role: the sweep asks roles of these for their tags.
    pub const ALL: [Self; 3] = [Self::Lambda, Self::Account, Self::Users];

    /// Who may assume the role: the member of `Principal`, and its value.
    /// `root`: the ARN of the account.
    fn principal(self, root: &str) -> (&'static str, String) {
        match self {
            Self::Lambda => ("Service", "lambda.amazonaws.com".to_owned()),
            Self::Account => ("AWS", root.to_owned()),
            Self::Users => ("Federated", "cognito-identity.amazonaws.com".to_owned()),
        }
    }

    fn description(self) -> &'static str {
        match self {
            Self::Lambda => "Execution role of a labctl lab",
            Self::Account => "Caller of a labctl lab",
            Self::Users => "Signed-in users of a labctl lab",
        }
    }

    /// Whether a role's description is one that labctl writes.
    pub fn describes(text: &str) -> bool {
        Self::ALL.iter().any(|trust| trust.description() == text)
    }

    /// Whether a trust policy, URL-encoded as IAM answers it, is one that labctl may have made in this account:
    /// a statement of it lets in whom one of ours does. So is one that cannot be read. `root`: the ARN of the account.
    pub fn may_be_ours(policy: &str, root: &str) -> bool {
        let policy = policy_document(policy);
        let statements = match &policy["Statement"] {
            Value::Array(all) => all.as_slice(),
            one @ Value::Object(_) => std::slice::from_ref(one),
            _ => return true,
        };
        let lets_in = |principal: &Value, name: &str| match principal {
            Value::String(one) => one == name,
            Value::Array(all) => all.iter().any(|one| one == name),
            _ => false,
        };
        Self::ALL.iter().any(|trust| {
            let (member, name) = trust.principal(root);
            statements
                .iter()
                .any(|s| lets_in(&s["Principal"][member], &name))
        })
    }
}

/// The role's name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Key {
    #[serde(deserialize_with = "form::name")]
    pub name: String,
}

/// What AWS made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {
    #[serde(deserialize_with = "form::name")]
    pub name: String,
    #[serde(deserialize_with = "form::arn")]
    pub arn: String,
}

impl Role {
    fn trust_policy(&self, cx: &Cx, pool: Option<&identity_pool::Output>) -> Value {
        let (member, name) = self.trust.principal(&root_arn(cx));
        let action = match self.trust {
            Trust::Lambda | Trust::Account => "sts:AssumeRole",
            Trust::Users => "sts:AssumeRoleWithWebIdentity",
        };
        let mut statement =
            json!({ "Effect": "Allow", "Principal": { member: name }, "Action": action });
        if self.trust == Trust::Users {
            // Without these, users of any identity pool of the world, and guests, could assume it.
            statement["Condition"] = json!({
                "StringEquals": {
                    "cognito-identity.amazonaws.com:aud": pool.map(|p| &p.id)
                },
                "ForAnyValue:StringLike": { "cognito-identity.amazonaws.com:amr": "authenticated" }
            });
        }
        json!({ "Version": "2012-10-17", "Statement": [statement] })
    }
}

/// The ARN of the account itself: everybody in it.
pub(super) fn root_arn(cx: &Cx) -> String {
    cx.arn("iam", "root")
}

/// IAM answers policy documents URL-encoded (RFC 3986).
pub(super) fn policy_document(encoded: &str) -> Value {
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let hex = tail
            .get(..2)
            .and_then(|h| std::str::from_utf8(h).ok())
            .and_then(|h| u8::from_str_radix(h, 16).ok());
        if let (b'%', Some(byte)) = (first, hex) {
            bytes.push(byte);
            rest = &tail[2..];
        } else {
            bytes.push(first);
            rest = tail;
        }
    }
    serde_json::from_slice(&bytes).unwrap_or(Value::Null)
}

async fn get(cx: &Cx, name: &str) -> Result<Option<aws_sdk_iam::types::Role>, Fault> {
    let answer = cx
        .call("iam:GetRole", Effect::Read, || {
            cx.clients().iam.get_role().role_name(name).send()
        })
        .await;
    Ok(present(answer)?.and_then(|a| a.role))
}

/// Whose a role is, by its tags.
pub(super) async fn owner(cx: &Cx, name: &str) -> Result<Found<Output>, Fault> {
    Ok(match get(cx, name).await? {
        None => Found::Absent,
        Some(role) if cx.owns(role.tags()) => Found::Ours(Output {
            name: role.role_name.clone(),
            arn: role.arn.clone(),
        }),
        Some(role) => Found::Foreign(foreign(&role)),
    })
}

fn foreign(role: &aws_sdk_iam::types::Role) -> Stranger {
    let described = role.description().filter(|d| !d.is_empty());
    let described = described
        .map(|d| format!(", described as \"{d}\""))
        .unwrap_or_default();
    let what = format!("{} (made {}{described})", role.arn, role.create_date);
    stranger(&what, role.tags())
}

impl Resource for Role {
    const KIND: Kind = Kind::Role;
    const SWEPT: Swept = Swept::Asked(&super::sweep::ROLE);
    const ACTIONS: &'static [&'static str] = &[
        "iam:CreateRole",
        "iam:DeleteRole",
        "iam:DeleteRolePolicy",
        "iam:DetachRolePolicy",
        "iam:GetRole",
        "iam:ListAttachedRolePolicies",
        "iam:ListRolePolicies",
        "iam:TagRole",
        "iam:UpdateAssumeRolePolicy",
    ];
    const BY_NAME: bool = true;
    const ADOPTABLE: bool = true;
    /// The identity pool, for its users' role.
    const TAGGED: bool = true;
    type Needs = Option<Ref<IdentityPool>>;
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

    fn derived(cx: &Cx, key: &Key) -> Option<Output> {
        Some(Output {
            name: key.name.clone(),
            arn: cx.role_arn(&key.name),
        })
    }

    async fn create(&self, cx: &Cx, key: &Key, pool: &Given<Self>) -> Result<Output, Fault> {
        let operation = "iam:CreateRole";
        let tags = cx.tag_list(operation)?;
        let policy = self.trust_policy(cx, pool.as_ref()).to_string();
        let answer = cx
            .call(operation, Effect::Create, || {
                cx.clients()
                    .iam
                    .create_role()
                    .role_name(&key.name)
                    .assume_role_policy_document(&policy)
                    .description(self.trust.description())
                    .set_tags(Some(tags.clone()))
                    .send()
            })
            .await?;
        let role = answer
            .role
            .ok_or_else(|| Fault::missing(operation, "Role"))?;
        Ok(Output {
            name: role.role_name,
            arn: role.arn,
        })
    }

    async fn check(&self, at: At<'_, Self>) -> Result<Health, Fault> {
        let At {
            cx,
            key,
            given: pool,
            ..
        } = at;
        let Some(role) = get(cx, &key.name).await? else {
            return Ok(Health::Missing);
        };
        if !cx.owns(role.tags()) {
            return Ok(Health::Foreign(foreign(&role)));
        }
        let mut compare = Compare::default();
        let seen = policy_document(role.assume_role_policy_document().unwrap_or_default());
        compare.field(
            "AssumeRolePolicyDocument",
            &self.trust_policy(cx, pool.as_ref()),
            &seen,
        );
        Ok(compare.health())
    }

    async fn update(&self, at: At<'_, Self>, _drift: &[Drift]) -> Result<Output, Fault> {
        let At {
            cx,
            key,
            out,
            given: pool,
        } = at;
        let policy = self.trust_policy(cx, pool.as_ref()).to_string();
        cx.call("iam:UpdateAssumeRolePolicy", Effect::Idempotent, || {
            cx.clients()
                .iam
                .update_assume_role_policy()
                .role_name(&key.name)
                .policy_document(&policy)
                .send()
        })
        .await?;
        Ok(out.clone())
    }

    async fn find(cx: &Cx, key: &Key) -> Result<Found<Output>, Fault> {
        owner(cx, &key.name).await
    }

    async fn tag(cx: &Cx, key: &Key, _out: &Output) -> Result<bool, Fault> {
        Self::claim(cx, key).await.map(|()| true)
    }

    async fn claim(cx: &Cx, key: &Key) -> Result<(), Fault> {
        let operation = "iam:TagRole";
        let tags = cx.tag_list(operation)?;
        cx.call(operation, Effect::Idempotent, || {
            cx.clients()
                .iam
                .tag_role()
                .role_name(&key.name)
                .set_tags(Some(tags.clone()))
                .send()
        })
        .await
        .map(drop)
    }

    async fn delete(cx: &Cx, key: &Key, _out: Option<&Output>) -> Result<(), Fault> {
        let delete = || async {
            cx.call("iam:DeleteRole", Effect::Idempotent, || {
                cx.clients().iam.delete_role().role_name(&key.name).send()
            })
            .await
        };
        match delete().await {
            // Somebody gave our role more policies: they go with it.
            Err(fault) if fault.is_code("DeleteConflict") => {
                inside::strip(cx, &key.name).await?;
                gone(delete().await)
            }
            answer => gone(answer),
        }
    }

    fn physical_id(key: &Key, out: Option<&Output>) -> Option<String> {
        Some(out.map_or_else(|| key.name.clone(), |o| o.arn.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policy_documents_are_url_decoded() {
        assert_eq!(
            policy_document("%7B%22a%22%3A%22b%20c%22%7D"),
            json!({ "a": "b c" })
        );
        assert_eq!(policy_document("{\"a\": \"100%\"}"), json!({ "a": "100%" }));
        assert_eq!(policy_document("%7"), Value::Null);
    }

    #[test]
    fn every_trust_of_ours_is_told_from_those_of_others() {
        let policy = |principal: Value| {
            let statement = json!({ "Effect": "Allow", "Principal": principal });
            json!({ "Statement": [statement] }).to_string()
        };
        let ours = |principal: Value| {
            Trust::may_be_ours(&policy(principal), "arn:aws:iam::111122223333:root")
        };
        for trust in Trust::ALL {
            let (member, name) = trust.principal("arn:aws:iam::111122223333:root");
            assert!(ours(json!({ member: name })), "{trust:?}");
            assert!(ours(json!({ member: ["other", name] })), "{trust:?}");
        }
        for other in [
            json!({ "Service": "ec2.amazonaws.com" }),
            json!({ "Service": ["ecs.amazonaws.com", "edgelambda.amazonaws.com"] }),
            json!({ "AWS": "arn:aws:iam::444455556666:root" }),
            json!({ "Federated": "arn:aws:iam::111122223333:saml-provider/idp" }),
            json!("*"),
        ] {
            assert!(!ours(other.clone()), "{other}");
        }
        let bare = json!({ "Statement": { "Principal": { "Service": "lambda.amazonaws.com" } } });
        for unusual in [bare.to_string().as_str(), "", "not JSON", "{}"] {
            assert!(
                Trust::may_be_ours(unusual, "arn:aws:iam::111122223333:root"),
                "{unusual}"
            );
        }
    }
}
