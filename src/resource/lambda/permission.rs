//! Lets API Gateway invoke the function: one statement a route or authorizer in the function's resource policy.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    aws::{Cx, Effect, Fault, FaultKind},
    engine::{At, Compare, Drift, Found, Given, Health, Ref, Rekey, Resource, StepId},
    resource::{Authorizer, Function, Kind, RestApi, form, gone, present},
    sweep::Swept,
};

/// A statement for one route, or for the authorizer that it needs.
#[derive(Debug, Clone)]
pub struct Permission {
    /// 1–100 letters, digits, `-`, `_`; stable for the route or authorizer.
    pub statement_id: String,
    /// e.g. `GET`; `ANY` becomes `*`. Empty for an authorizer.
    pub method: String,
    /// e.g. `/demo`. Empty for an authorizer.
    pub path: String,
}

/// Function, statement and what it lets in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Key {
    #[serde(deserialize_with = "form::id")]
    pub function: String,
    #[serde(deserialize_with = "form::id")]
    pub statement_id: String,
    #[serde(deserialize_with = "form::arn")]
    pub source_arn: String,
}

/// Nothing that the key does not say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {}

const PRINCIPAL: &str = "apigateway.amazonaws.com";

const ACTION: &str = "lambda:InvokeFunction";

const GET_POLICY: &str = "lambda:GetPolicy";

/// A function's policy; `null` without one.
async fn read(cx: &Cx, function: &str) -> Result<Value, Fault> {
    let answer = cx
        .call(GET_POLICY, Effect::Read, || {
            let get = cx.clients().lambda.get_policy();
            get.function_name(function).send()
        })
        .await;
    let Some(policy) = present(answer)?.and_then(|a| a.policy) else {
        return Ok(Value::Null);
    };
    serde_json::from_str(&policy).map_err(|e| {
        Fault::new(
            FaultKind::Other,
            GET_POLICY,
            format!("the policy is not JSON: {e}"),
        )
    })
}

/// The statement as it is in the policy, when it has one.
async fn statement(cx: &Cx, key: &Key) -> Result<Option<Value>, Fault> {
    let policy = cx.once(GET_POLICY, &key.function, read(cx, &key.function));
    let policy = policy.await?;
    let found = policy["Statement"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|s| s["Sid"] == key.statement_id.as_str());
    Ok(found.cloned())
}

/// What the statement lets in.
fn source(statement: &Value) -> &str {
    // The wire shows `ArnLike`; older statements `StringLike`.
    let mut conditions = statement["Condition"]
        .as_object()
        .into_iter()
        .flat_map(|c| c.values());
    conditions
        .find_map(|c| {
            c["AWS:SourceArn"]
                .as_str()
                .or_else(|| c["aws:SourceArn"].as_str())
        })
        .unwrap_or("anything")
}

/// Statements of one policy are added and removed one after another: of two at once Lambda refuses one
/// (`ResourceConflictException`), and has been seen to lose one (terraform-provider-aws issue 5154).
fn policy(function: &str) -> String {
    format!("policy of function {function}")
}

impl Resource for Permission {
    const KIND: Kind = Kind::Permission;
    const SWEPT: Swept = Swept::Within(Kind::Function);
    const ACTIONS: &'static [&'static str] = &[
        "lambda:AddPermission",
        "lambda:GetPolicy",
        "lambda:RemovePermission",
    ];
    /// What the stage serves until the API is deployed may still invoke the function.
    const LINGERS: bool = true;
    /// The function, the API, and the authorizer when that asks the function.
    type Needs = (Ref<Function>, Ref<RestApi>, Option<Ref<Authorizer>>);
    type Key = Key;
    type Output = Output;

    fn name(&self) -> String {
        self.statement_id.clone()
    }

    fn within((function, ..): &Self::Needs) -> Option<StepId> {
        Some(function.id().clone())
    }

    fn inside(key: &Key) -> Option<(Kind, &str)> {
        Some((Kind::Function, &key.function))
    }

    /// The stage is a wildcard, so that test-invoke may call too; `{id}` in a path matches anything.
    fn key(&self, cx: &Cx, given: Option<&Given<Self>>) -> Option<Key> {
        let (function, api, authorizer) = given?;
        let method = if self.method == "ANY" {
            "*"
        } else {
            &self.method
        };
        let path: Vec<&str> = self
            .path
            .split('/')
            .map(|p| if p.starts_with('{') { "*" } else { p })
            .collect();
        let what = match authorizer {
            Some(authorizer) => format!("authorizers/{}", authorizer.id),
            None => format!("*/{method}{}", path.join("/")),
        };
        let api = &api.id;
        Some(Key {
            function: function.name.clone(),
            statement_id: self.statement_id.clone(),
            source_arn: cx.arn("execute-api", &format!("{api}/{what}")),
        })
    }

    /// The same statement for another API is looked at before it is replaced: it may be right already.
    fn rekey(old: &Key, new: &Key) -> Rekey {
        if (&old.function, &old.statement_id) == (&new.function, &new.statement_id) {
            Rekey::InPlace
        } else {
            Rekey::Recreate
        }
    }

    async fn create(&self, cx: &Cx, key: &Key, _given: &Given<Self>) -> Result<Output, Fault> {
        let _turn = cx.turn(&policy(&key.function)).await;
        let added = cx
            .call("lambda:AddPermission", Effect::Create, || {
                cx.clients()
                    .lambda
                    .add_permission()
                    .function_name(&key.function)
                    .statement_id(&key.statement_id)
                    .action(ACTION)
                    .principal(PRINCIPAL)
                    .source_arn(&key.source_arn)
                    .send()
            })
            .await;
        cx.forget(GET_POLICY, &key.function);
        added?;
        Ok(Output {})
    }

    async fn check(&self, at: At<'_, Self>) -> Result<Health, Fault> {
        let At { cx, key, .. } = at;
        let Some(seen) = statement(cx, key).await? else {
            return Ok(Health::Missing);
        };
        let mut compare = Compare::default();
        compare.field(
            "Principal",
            &json!({ "Service": PRINCIPAL }),
            &seen["Principal"],
        );
        compare.field("Action", &json!(ACTION), &seen["Action"]);
        compare.field("SourceArn", key.source_arn.as_str(), source(&seen));
        Ok(compare.health())
    }

    /// A statement cannot be changed: it is replaced (one left from a deleted API is stale).
    async fn update(&self, at: At<'_, Self>, _drift: &[Drift]) -> Result<Output, Fault> {
        let At { cx, key, given, .. } = at;
        Self::delete(cx, key, None).await?;
        self.create(cx, key, given).await
    }

    /// Lives in our function's policy, so it is ours.
    async fn find(cx: &Cx, key: &Key) -> Result<Found<Output>, Fault> {
        Ok(statement(cx, key)
            .await?
            .map_or(Found::Absent, |_| Found::Ours(Output {})))
    }

    async fn delete(cx: &Cx, key: &Key, _out: Option<&Output>) -> Result<(), Fault> {
        let _turn = cx.turn(&policy(&key.function)).await;
        let gone = gone(
            cx.call("lambda:RemovePermission", Effect::Idempotent, || {
                cx.clients()
                    .lambda
                    .remove_permission()
                    .function_name(&key.function)
                    .statement_id(&key.statement_id)
                    .send()
            })
            .await,
        );
        cx.forget(GET_POLICY, &key.function);
        gone
    }

    fn physical_id(key: &Key, _out: Option<&Output>) -> Option<String> {
        Some(key.statement_id.clone())
    }
}
