//! Functions, by name and tag, and what labctl wrote into their policies.

use std::collections::BTreeSet;

use aws_sdk_lambda::operation::get_function::GetFunctionOutput;
use serde_json::Value;

use crate::{
    aws::{Effect, Fault, FaultKind, Scope, Tagged},
    event::By,
    kind::Kind,
    sweep::{Known, Question, Seen, Sweep, Thing},
};

pub(super) const FUNCTION: Question = Question {
    scope: Scope::Region,
    named_by_aws: false,
    made_by: None,
    // Versions and aliases have another `:`.
    id: |arn| {
        let name = arn.after("lambda", "function:");
        name.filter(|name| !name.contains(':')).map(str::to_owned)
    },
    actions: &["lambda:GetFunction", "lambda:GetPolicy", "lambda:ListTags"],
    ask: |sweep| Box::pin(functions(sweep)),
};

/// How labctl's statements begin.
const OUR_STATEMENTS: &str = "labctl-";

async fn functions(sweep: &Sweep<'_>) {
    let named = sweep.names(Kind::Function);
    let mut names: BTreeSet<&str> = named.clone();
    names.extend(sweep.tagged(Kind::Function).map(String::as_str));
    for name in names {
        let by = if named.contains(name) {
            By::Name
        } else {
            By::Tag
        };
        let filter = format!("FunctionName={name}");
        let answer = function(sweep, name).await.map(Some);
        let ours = match sweep.one(by, "lambda:GetFunction", &filter, answer) {
            Seen::There(function) => function_is_there(sweep, name, &function),
            Seen::Absent => {
                sweep.note_absent(Kind::Function, name);
                false
            }
            Seen::Unknown => false,
        };
        if by == By::Name {
            statements(sweep, name, ours).await;
        }
    }
}

/// Returns whether its statements go with it, or are another lab's: then they are no leftovers of this one.
fn function_is_there(sweep: &Sweep<'_>, name: &str, function: &GetFunctionOutput) -> bool {
    if let Some(error) = function.tags_error() {
        let reason = format!("{}: {}", error.error_code(), error.message());
        sweep.unseen("lambda:ListTags", &format!("FunctionName={name}"), reason);
    }
    let tags = function.tags();
    let (lab, tagged) = (tags.lab(), sweep.cx.owns(tags));
    let known = sweep.known_as(Kind::Function, name);
    let arn = function.configuration().and_then(|c| c.function_arn());
    sweep.there(Thing {
        kind: Kind::Function,
        name,
        physical_id: arn.unwrap_or(name),
        tagged,
        known,
        more: String::new(),
        command: sweep
            .target
            .shell
            .aws("lambda", "delete-function", &[("--function-name", name)]),
    });
    lab.is_some() || known.is_some_and(|k| k.made)
}

/// In a function of the lab its statements go with it. In a stranger's, labctl's own are what is left.
async fn statements(sweep: &Sweep<'_>, function: &str, ours: bool) {
    let answer = policy(sweep, function).await;
    let filter = format!("FunctionName={function}");
    for sid in sweep.list(By::Parent, "lambda:GetPolicy", &filter, answer) {
        if ours || !sid.starts_with(OUR_STATEMENTS) {
            continue;
        }
        sweep.there(Thing {
            kind: Kind::Permission,
            name: &sid,
            physical_id: &format!("{function}/{sid}"),
            tagged: false,
            known: Some(&Known {
                made: true,
                ..Known::named(Kind::Permission, &sid)
            }),
            more: format!("; a statement in the policy of {function}"),
            command: sweep.target.shell.aws(
                "lambda",
                "remove-permission",
                &[("--function-name", function), ("--statement-id", &sid)],
            ),
        });
    }
}

async fn function(sweep: &Sweep<'_>, name: &str) -> Result<GetFunctionOutput, Fault> {
    sweep
        .cx
        .call("lambda:GetFunction", Effect::Read, || {
            let lambda = &sweep.cx.clients().lambda;
            lambda.get_function().function_name(name).send()
        })
        .await
}

/// The ids of the statements in a function's policy.
async fn policy(sweep: &Sweep<'_>, function: &str) -> Result<Vec<String>, Fault> {
    let operation = "lambda:GetPolicy";
    let answer = sweep
        .cx
        .call(operation, Effect::Read, || {
            let lambda = &sweep.cx.clients().lambda;
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
