//! `up` does what `plan` announced: every step and action, and every call that changes something, no more and no less.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{edits, text};
use crate::{
    harness::{Site, changes},
    surprise::Place,
};

/// Compares a plan with the run after it. Returns what differs.
pub(super) fn differences(place: &Place, what: &str) -> Vec<String> {
    let plan = place.run("plan --json");
    assert!([0, 3].contains(&plan.code), "{what}: {plan:?}");
    let changing = plan.code == 3;
    let plan = plan.json();
    let lines = plan.as_array().expect("a list");
    let (up, calls) = place.calls("up --replace --yes --json", 0);
    let mut announced: BTreeSet<(String, String)> = lines
        .iter()
        .map(|line| (text(line, "id"), text(line, "action")))
        .collect();
    announced.retain(|(_, action)| action != "keep");
    let done: BTreeSet<(String, String)> = changes(&up.events())
        .into_iter()
        .filter(|(_, change)| change != "unchanged")
        .map(|(id, change)| {
            let action = match change.as_str() {
                "created" => "create",
                "updated" => "update",
                "replaced" => "replace",
                // What a run was cut off before it created is not there.
                "deleted" | "already_gone" => "delete",
                "adopted" => "adopt",
                other => other,
            };
            (id, action.to_owned())
        })
        .collect();
    let missing = announced.difference(&done);
    let extra = done.difference(&announced);
    let mut all: Vec<String> = missing
        .map(|step| format!("{what}: announced, not done: {step:?}"))
        .chain(extra.map(|step| format!("{what}: done, not announced: {step:?}")))
        .collect();
    all.extend(called(lines, &calls).map(|call| format!("{what}: {call}")));
    if changing == announced.is_empty() {
        all.push(format!("{what}: exit code and lines differ"));
    }
    let again = place.run("plan");
    if again.code != 0 {
        all.push(format!("{what}: not done in one run: {}", again.out));
    }
    all
}

/// What a call does to a resource of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Does {
    Make,
    /// Makes, or writes anew.
    Put,
    Change,
    Remove,
}

/// Kinds (some have one call in common), what makes or writes them, what changes and what removes them.
type Row = (&'static [&'static str], &'static [(Does, &'static str)]);

const CALLS: &[Row] = {
    use Does::{Change, Make, Put, Remove};
    &[
        (
            &["log_group"],
            &[
                (Make, "logs:CreateLogGroup"),
                (Change, "logs:PutRetentionPolicy"),
                (Remove, "logs:DeleteLogGroup"),
            ],
        ),
        (
            &["role"],
            &[
                (Make, "iam:CreateRole"),
                (Change, "iam:UpdateAssumeRolePolicy"),
                (Remove, "iam:DeleteRole"),
            ],
        ),
        (
            &["role_policy", "call_policy"],
            &[(Put, "iam:PutRolePolicy"), (Put, "iam:AttachRolePolicy")],
        ),
        (
            &["function"],
            &[
                (Make, "lambda:CreateFunction"),
                (Change, "lambda:UpdateFunctionCode"),
                (Change, "lambda:UpdateFunctionConfiguration"),
                (Remove, "lambda:DeleteFunction"),
            ],
        ),
        (&["permission"], &[(Put, "lambda:AddPermission")]),
        (
            &["user_pool"],
            &[
                (Make, "cognito-idp:CreateUserPool"),
                (Change, "cognito-idp:UpdateUserPool"),
                (Remove, "cognito-idp:DeleteUserPool"),
            ],
        ),
        (
            &["mfa_config"],
            &[(Put, "cognito-idp:SetUserPoolMfaConfig")],
        ),
        (
            &["user_pool_domain"],
            &[
                (Make, "cognito-idp:CreateUserPoolDomain"),
                (Remove, "cognito-idp:DeleteUserPoolDomain"),
            ],
        ),
        (
            &["app_client"],
            &[
                (Make, "cognito-idp:CreateUserPoolClient"),
                (Change, "cognito-idp:UpdateUserPoolClient"),
                (Remove, "cognito-idp:DeleteUserPoolClient"),
            ],
        ),
        (
            &["user"],
            &[
                (Make, "cognito-idp:AdminCreateUser"),
                (Change, "cognito-idp:AdminUpdateUserAttributes"),
                (Change, "cognito-idp:AdminEnableUser"),
                (Remove, "cognito-idp:AdminDeleteUser"),
            ],
        ),
        (
            &["identity_pool"],
            &[
                (Make, "cognito-identity:CreateIdentityPool"),
                (Change, "cognito-identity:UpdateIdentityPool"),
                (Remove, "cognito-identity:DeleteIdentityPool"),
            ],
        ),
        (
            &["pool_roles"],
            &[(Put, "cognito-identity:SetIdentityPoolRoles")],
        ),
        (
            &["rest_api"],
            &[
                (Make, "apigateway:CreateRestApi"),
                (Change, "apigateway:UpdateRestApi"),
                (Remove, "apigateway:DeleteRestApi"),
            ],
        ),
        (
            &["path"],
            &[
                (Make, "apigateway:CreateResource"),
                (Remove, "apigateway:DeleteResource"),
            ],
        ),
        (
            &["method"],
            &[
                (Make, "apigateway:PutMethod"),
                (Change, "apigateway:UpdateMethod"),
                (Remove, "apigateway:DeleteMethod"),
            ],
        ),
        (
            &["integration", "mock_integration"],
            &[
                (Put, "apigateway:PutIntegration"),
                (Remove, "apigateway:DeleteIntegration"),
            ],
        ),
        (
            &["method_response"],
            &[
                (Put, "apigateway:PutMethodResponse"),
                (Remove, "apigateway:DeleteMethodResponse"),
            ],
        ),
        (
            &["integration_response"],
            &[
                (Put, "apigateway:PutIntegrationResponse"),
                (Remove, "apigateway:DeleteIntegrationResponse"),
            ],
        ),
        (
            &["gateway_response"],
            &[
                (Put, "apigateway:PutGatewayResponse"),
                (Remove, "apigateway:DeleteGatewayResponse"),
            ],
        ),
        (
            &["authorizer"],
            &[
                (Make, "apigateway:CreateAuthorizer"),
                (Change, "apigateway:UpdateAuthorizer"),
                (Remove, "apigateway:DeleteAuthorizer"),
            ],
        ),
        (
            &["deployment"],
            &[
                (Make, "apigateway:CreateDeployment"),
                (Remove, "apigateway:DeleteDeployment"),
            ],
        ),
        (
            &["stage"],
            &[
                (Make, "apigateway:CreateStage"),
                (Change, "apigateway:UpdateStage"),
                (Remove, "apigateway:DeleteStage"),
            ],
        ),
        (
            &["api_key"],
            &[
                (Make, "apigateway:CreateApiKey"),
                (Change, "apigateway:UpdateApiKey"),
                (Remove, "apigateway:DeleteApiKey"),
            ],
        ),
        (
            &["usage_plan"],
            &[
                (Make, "apigateway:CreateUsagePlan"),
                (Change, "apigateway:UpdateUsagePlan"),
                (Remove, "apigateway:DeleteUsagePlan"),
            ],
        ),
        (
            &["usage_plan_key"],
            &[
                (Make, "apigateway:CreateUsagePlanKey"),
                (Remove, "apigateway:DeleteUsagePlanKey"),
            ],
        ),
        (
            &["web_acl"],
            &[
                (Make, "wafv2:CreateWebACL"),
                (Change, "wafv2:UpdateWebACL"),
                (Remove, "wafv2:DeleteWebACL"),
            ],
        ),
        (
            &["distribution"],
            &[
                (Make, "cloudfront:CreateDistributionWithTags"),
                (Change, "cloudfront:UpdateDistribution"),
                (Remove, "cloudfront:DeleteDistribution"),
            ],
        ),
    ]
};

/// Calls that clear the way for another one's deletion, or say whose it is: counted with nothing.
const BESIDE: [&str; 7] = [
    "iam:DeleteRolePolicy",
    "iam:DetachRolePolicy",
    "iam:TagRole",
    "lambda:RemovePermission",
    "lambda:TagResource",
    "apigateway:TagResource",
    "cognito-idp:TagResource",
];

/// What of the calls was not announced, and what of the announced was not called.
fn called<'a>(plan: &'a [Value], calls: &'a [String]) -> impl Iterator<Item = String> + 'a {
    let known: BTreeSet<&str> = CALLS
        .iter()
        .flat_map(|(_, calls)| calls.iter().map(|(_, call)| *call))
        .chain(BESIDE)
        .collect();
    let unknown = calls
        .iter()
        .filter(move |call| !known.contains(call.as_str()));
    let unknown = unknown.map(|call| format!("{call} is in no row of CALLS"));
    let counted = CALLS.iter().filter_map(move |(kinds, does)| {
        let count = |action: &str, root: bool| {
            let of_kind = plan.iter().filter(|line| kinds.contains(&text(line, "kind").as_str()));
            let of_action = of_kind.filter(|line| text(line, "action") == action);
            of_action.filter(|line| !root || line.get("with").is_none()).count()
        };
        let mut seen: BTreeMap<Does, usize> = BTreeMap::new();
        for call in calls {
            for (class, _) in does.iter().filter(|(_, name)| name == call) {
                *seen.entry(*class).or_default() += 1;
            }
        }
        let seen = |class: Does| seen.get(&class).copied().unwrap_or_default();
        let has = |class: Does| does.iter().any(|(c, _)| *c == class);
        let (made, updated) = (count("create", false) + count("replace", false), count("update", false));
        let gone = count("delete", true) + count("replace", true);
        let right = (!has(Does::Make) || seen(Does::Make) == made)
            && (!has(Does::Put) || seen(Does::Put) == made + updated)
            // What is still in use is refused, and asked again.
            && (!has(Does::Remove) || (seen(Does::Remove) >= gone && (gone > 0) == (seen(Does::Remove) > 0)))
            && (!has(Does::Change) || (seen(Does::Change) >= updated && (seen(Does::Change) == 0 || updated + made + gone > 0)));
        (!right).then(|| {
            let calls: Vec<_> = calls.iter().filter(|call| does.iter().any(|(_, c)| c == call)).collect();
            format!("{kinds:?}: {made} to make, {updated} to update, {gone} to remove, and called were {calls:?}")
        })
    });
    unknown.chain(counted)
}

/// Carries out all edits of a table, one after another, and says what differs.
fn all_of(place: &Place, edits: &[edits::Edit]) {
    place.run("up --yes").code(0);
    let mut all = Vec::new();
    for edit in edits {
        for (from, to) in edit.file {
            place.site.edit(from, to);
        }
        if let Some(by_hand) = edit.by_hand {
            by_hand(place);
        }
        all.extend(differences(place, edit.what));
    }
    place.run("down --yes").code(0);
    assert!(all.is_empty(), "{all:#?}");
}

#[test]
fn edits_of_the_tutorial() {
    all_of(&Place::local(Site::tutorial()), edits::TUTORIAL);
}

#[test]
fn edits_by_hand() {
    all_of(&Place::local(Site::tutorial()), edits::BY_HAND);
}

#[test]
fn edits_of_callers() {
    all_of(&Place::local(Site::ready("iam-authorizer")), edits::CALLERS);
}

#[test]
fn edits_of_the_edge() {
    all_of(&Place::local(Site::ready("cloudfront-edge")), edits::EDGE);
}

#[test]
fn edits_that_move_routes_to_new_resources() {
    all_of(&Place::local(Site::ready("all-authorizers")), edits::MOVED);
}

#[test]
fn edits_of_the_api() {
    let place = Place::local(Site::ready("all-authorizers"));
    place.run("up --yes").code(0);
    let mut all = Vec::new();
    for (option, edits, _) in crate::deployed::EDITS {
        for (from, to) in *edits {
            place.site.edit(from, to);
        }
        all.extend(differences(&place, &format!("{option} {edits:?}")));
    }
    assert!(all.is_empty(), "{all:#?}");
}

#[test]
fn there_are_at_least_sixty_edits() {
    let tables = [
        edits::TUTORIAL,
        edits::BY_HAND,
        edits::CALLERS,
        edits::EDGE,
        edits::MOVED,
    ];
    let count: usize = tables.iter().map(|table| table.len()).sum();
    assert!(count + crate::deployed::EDITS.len() >= 60, "{count}");
}
