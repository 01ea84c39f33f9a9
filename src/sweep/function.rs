//! Functions, by name and tag, and what labctl wrote into their policies.

use std::collections::BTreeSet;

use aws_sdk_lambda::operation::get_function::GetFunctionOutput;
use serde_json::Value;

use super::{Seen, Sweep, Thing, tag::Hits};
use crate::{
    aws::{Effect, Fault, FaultKind, Tagged},
    event::By,
    resource::Kind,
};

/// How labctl's statements begin.
const OUR_STATEMENTS: &str = "labctl-";

impl Sweep<'_> {
    /// Answers the names that are surely not there.
    pub(super) async fn functions(&self, hits: &Hits) -> BTreeSet<String> {
        let named: BTreeSet<String> = self.known(Kind::Function).map(|k| k.name.clone()).collect();
        let mut absent = BTreeSet::new();
        for name in named.union(&hits.functions) {
            let by = if named.contains(name) {
                By::Name
            } else {
                By::Tag
            };
            let filter = format!("FunctionName={name}");
            let answer = self.function(name).await.map(Some);
            let ours = match self.one(by, "lambda:GetFunction", &filter, answer) {
                Seen::There(function) => self.function_is_there(name, &function),
                Seen::Absent => {
                    absent.insert(name.clone());
                    false
                }
                Seen::Unknown => false,
            };
            if by == By::Name {
                self.statements(name, ours).await;
            }
        }
        absent
    }

    /// Returns whether its statements go with it, or are another lab's: then they are no leftovers of this one.
    fn function_is_there(&self, name: &str, function: &GetFunctionOutput) -> bool {
        if let Some(error) = function.tags_error() {
            let reason = format!("{}: {}", error.error_code(), error.message());
            self.unseen("lambda:ListTags", &format!("FunctionName={name}"), reason);
        }
        let tags = function.tags();
        let (lab, tagged) = (tags.lab(), self.cx.owns(tags));
        let known = self.known_as(Kind::Function, name);
        let arn = function.configuration().and_then(|c| c.function_arn());
        self.there(Thing {
            kind: Kind::Function,
            name,
            physical_id: arn.unwrap_or(name),
            tagged,
            known,
            more: String::new(),
            command: self.target.shell.aws(
                "lambda",
                "delete-function",
                &[("--function-name", name)],
            ),
        });
        lab.is_some() || known.is_some_and(|k| k.made)
    }

    /// In a function of the lab its statements go with it. In a stranger's, labctl's own are what is left.
    async fn statements(&self, function: &str, ours: bool) {
        let answer = self.policy(function).await;
        let filter = format!("FunctionName={function}");
        for sid in self.list(By::Parent, "lambda:GetPolicy", &filter, answer) {
            if ours || !sid.starts_with(OUR_STATEMENTS) {
                continue;
            }
            self.there(Thing {
                kind: Kind::Permission,
                name: &sid,
                physical_id: &format!("{function}/{sid}"),
                tagged: false,
                known: Some(&super::Known {
                    kind: Kind::Permission,
                    name: sid.clone(),
                    id: None,
                    made: true,
                    deleted: false,
                    failure: None,
                }),
                more: format!("; a statement in the policy of {function}"),
                command: self.target.shell.aws(
                    "lambda",
                    "remove-permission",
                    &[("--function-name", function), ("--statement-id", &sid)],
                ),
            });
        }
    }

    async fn function(&self, name: &str) -> Result<GetFunctionOutput, Fault> {
        self.cx
            .call("lambda:GetFunction", Effect::Read, || {
                let lambda = &self.cx.clients().lambda;
                lambda.get_function().function_name(name).send()
            })
            .await
    }

    /// The ids of the statements in a function's policy.
    async fn policy(&self, function: &str) -> Result<Vec<String>, Fault> {
        let operation = "lambda:GetPolicy";
        let answer = self
            .cx
            .call(operation, Effect::Read, || {
                let lambda = &self.cx.clients().lambda;
                lambda.get_policy().function_name(function).send()
            })
            .await?;
        let text = answer.policy.unwrap_or_default();
        let policy: Value = serde_json::from_str(&text)
            .map_err(|e| Fault::new(FaultKind::Other, operation, format!("not JSON: {e}")))?;
        let statements = policy["Statement"].as_array().into_iter().flatten();
        Ok(statements
            .map(|s| s["Sid"].as_str().unwrap_or_default().to_owned())
            .collect())
    }
}
