//! `SimulatePrincipalPolicy`: what a role's or user's policies say, without asking for it in earnest.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    State,
    fault::{Result, absent},
    paging::paged,
    policy::{self, Context, Document, Ruling},
};
use crate::call::ApiError;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Simulate {
    policy_source_arn: String,
    #[serde(default)]
    policy_input_list: Vec<String>,
    action_names: Vec<String>,
    #[serde(default)]
    resource_arns: Vec<String>,
    #[serde(default)]
    context_entries: Vec<ContextEntry>,
    marker: Option<String>,
    max_items: Option<usize>,
    /// What is not served: refused by name, not overlooked.
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ContextEntry {
    context_key_name: Option<String>,
    #[serde(default)]
    context_key_values: Vec<String>,
}

/// What an identity's own policies say.
type Own<'o> = dyn Fn(&str, &str, &Context) -> Ruling + 'o;

impl Simulate {
    fn context(&self) -> Context {
        self.context_entries
            .iter()
            .fold(Context::default(), |context, entry| {
                let name = entry.context_key_name.as_deref().unwrap_or_default();
                context.with(name, entry.context_key_values.iter().cloned())
            })
    }

    /// The identity's own policies and those given, as one's.
    fn ruling(&self, own: &Own<'_>, action: &str, resource: &str, context: &Context) -> Ruling {
        let given = self.policy_input_list.iter().map(String::as_str);
        let given = policy::ruling(given, std::iter::empty(), action, resource, context);
        given.or(own(action, resource, context))
    }
}

fn shown(action: &str, resource: &str, ruling: &Ruling) -> Value {
    let decision = match ruling {
        ruling if ruling.denied() => "explicitDeny",
        ruling if ruling.allowed() => "allowed",
        _ => "implicitDeny",
    };
    json!({
        "EvalActionName": action,
        "EvalResourceName": resource,
        "EvalDecision": decision,
        // Positions within the documents are not kept.
        "MatchedStatements": [],
        "MissingContextValues": ruling.unknown,
    })
}

impl State {
    pub(super) fn simulate(&self, input: Simulate) -> Result<Value> {
        if let Some(member) = input.rest.keys().next() {
            return Err(ApiError::new(
                501,
                "NotImplementedException",
                format!("labctl's local AWS does not serve {member} of SimulatePrincipalPolicy"),
            ));
        }
        let arn = &input.policy_source_arn;
        let role = self.by_arn(arn);
        let user = self.users.values().find(|user| user.arn == *arn);
        if role.is_none() && user.is_none() {
            return Err(absent(format!("The policy source {arn} cannot be found.")));
        }
        let own = |action: &str, resource: &str, context: &Context| match (role, user) {
            (Some(role), _) => self.role_ruling(role, action, resource, context),
            (None, Some(user)) => self.user_ruling(user, action, resource, context),
            (None, None) => Ruling::default(),
        };
        let own: &Own<'_> = &own;
        for document in &input.policy_input_list {
            Document::identity(document)
                .map_err(|e| ApiError::new(400, "InvalidInput", e.message))?;
        }
        if let Some(action) = input.action_names.iter().find(|action| !is_action(action)) {
            let message = format!("Invalid input: the action name {action} is not service:action");
            return Err(ApiError::new(400, "InvalidInput", message));
        }
        let context = input.context();
        let anything = [String::from("*")];
        let resources = match input.resource_arns.as_slice() {
            [] => &anything[..],
            some => some,
        };
        // In the order asked, which is no order of names: pages need keys that sort so.
        let results = input.action_names.iter().flat_map(|action| {
            let (context, input) = (&context, &input);
            resources.iter().map(move |resource| {
                let ruling = input.ruling(own, action, resource, context);
                shown(action, resource, &ruling)
            })
        });
        paged(
            "EvaluationResults",
            results.enumerate(),
            |(n, _)| format!("{n:08}"),
            |(_, result)| result,
            input.marker.as_deref(),
            input.max_items,
        )
    }
}

fn is_action(text: &str) -> bool {
    text.split_once(':')
        .is_some_and(|(service, action)| !service.is_empty() && !action.is_empty())
}
