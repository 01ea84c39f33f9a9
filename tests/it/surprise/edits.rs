//! Edits of lab.yaml, one by one and together: what is said of each, and what is done.

use serde_json::{Value, json};

use super::{Place, line};
use crate::{
    harness::{Site, changes},
    support::ready::project,
};

const NOTHING: [&str; 0] = [];

fn text(value: &Value, member: &str) -> String {
    value[member].as_str().unwrap_or_default().to_owned()
}

/// Ids and addresses that people have written down.
fn outputs(place: &Place) -> Value {
    place.run("status --json").json()["outputs"].clone()
}

fn state(place: &Place, lab: &str) -> Value {
    let state = place.site.read(&format!(".labctl/{lab}/state.json"));
    serde_json::from_str(&state).expect("a state")
}

/// An edit that is carried out in place: nothing that people have is lost.
struct Rename {
    lab: &'static str,
    edit: [&'static str; 2],
    step: &'static str,
    /// As `status` says it.
    drift: &'static str,
    call: &'static str,
}

const RENAMES: [Rename; 6] = [
    Rename {
        lab: "cognito-authorizer",
        edit: ["name: d-user-pool-demo", "name: class-pool"],
        step: "user_pool",
        drift: "name: wanted class-pool, seen d-user-pool-demo",
        call: "cognito-idp:UpdateUserPool",
    },
    Rename {
        lab: "cognito-authorizer",
        edit: ["name: d-cognito-spa-app", "name: class-app"],
        step: "app_client",
        drift: "ClientName: wanted class-app, seen d-cognito-spa-app",
        call: "cognito-idp:UpdateUserPoolClient",
    },
    Rename {
        lab: "cognito-authorizer",
        edit: ["name: d-apigw-cmp-demo", "name: class-api"],
        step: "api",
        drift: "name: wanted class-api, seen d-apigw-cmp-demo",
        call: "apigateway:UpdateRestApi",
    },
    Rename {
        lab: "iam-authorizer",
        edit: ["name: d-identity-pool", "name: class-identities"],
        step: "identity_pool",
        drift: "IdentityPoolName: wanted class-identities, seen d-identity-pool",
        call: "cognito-identity:UpdateIdentityPool",
    },
    Rename {
        lab: "iam-authorizer",
        edit: ["name: d-user-pool-iam", "name: class-pool"],
        step: "user_pool",
        drift: "name: wanted class-pool, seen d-user-pool-iam",
        call: "cognito-idp:UpdateUserPool",
    },
    Rename {
        lab: "cloudfront-edge",
        edit: ["comment: d-cloudfront-edge", "comment: class-edge"],
        step: "distribution",
        drift: "Comment: wanted class-edge, seen d-cloudfront-edge",
        call: "cloudfront:UpdateDistribution",
    },
];

#[test]
fn what_people_have_ids_of_is_renamed_in_place() {
    for lab in ["cognito-authorizer", "iam-authorizer", "cloudfront-edge"] {
        let place = Place::local(Site::ready(lab));
        place.run("up").code(0);
        let before = outputs(&place);
        let made = state(&place, lab);
        for rename in RENAMES.iter().filter(|rename| rename.lab == lab) {
            let step = rename.step;
            place.site.edit(rename.edit[0], rename.edit[1]);
            let (status, none) = place.calls("status", 3);
            assert_eq!(none, NOTHING, "{step}");
            assert!(status.out.contains(rename.drift), "{}", status.out);
            let (plan, none) = place.calls("up --dry-run --json", 0);
            assert_eq!(none, NOTHING, "{step}");
            let told = line(&plan.json(), step);
            assert_eq!(told["action"], "update", "{told}");
            let was = rename.edit[0].split_once(' ').expect("a name").1;
            assert_eq!(told["was"], was, "{told}");
            let others = plan.json();
            let others = others.as_array().expect("a list").iter();
            // The edges take on what the distribution has.
            let steps = [step, "edge_deployment"];
            let others = others.filter(|l| !steps.contains(&l["id"].as_str().unwrap_or_default()));
            let others = others.filter(|l| l["action"] != "keep");
            assert_eq!(others.count(), 0, "{step}");

            let (up, calls) = place.calls("up --json", 0);
            assert_eq!(calls, [rename.call]);
            let all = changes(&up.events());
            assert!(all.contains(&(step.to_owned(), "updated".to_owned())));
            assert_eq!(outputs(&place), before, "{step}");
            place.run("status").code(0);
            assert_eq!(place.calls("up", 0).1, NOTHING, "{step}: once");
        }
        let now = state(&place, lab);
        for id in ["user_pool", "app_client", "api"] {
            assert_eq!(now["steps"][id]["output"], made["steps"][id]["output"]);
        }
        place.run("verify").code(0);
        place.run("down").code(0);
        assert_eq!(crate::twin::everything(&place.endpoint), NOTHING);
    }
}

/// An edit that AWS can only carry out by making another one, of what nobody has an id of.
struct Replace {
    what: &'static str,
    edits: &'static [[&'static str; 2]],
    /// As `status` says it.
    drift: &'static str,
    /// Steps that are replaced.
    replaced: &'static [&'static str],
    /// Steps that are changed because of that, or by the same edits.
    updated: &'static [&'static str],
}

const REPLACES: [Replace; 4] = [
    Replace {
        what: "the function's name",
        edits: &[["d-lambda-nonvpc-cmp-demo-function", "class-hello"]],
        drift: "name: wanted class-hello, seen d-lambda-nonvpc-cmp-demo-function",
        replaced: &[
            "log_group.hello",
            "role.hello",
            "role_policy.hello",
            "function.hello",
            "permission.GET /demo",
        ],
        updated: &["integration.GET /demo"],
    },
    Replace {
        what: "the role's name",
        edits: &[[
            "    runtime: python3.13",
            "    role: class-role\n    runtime: python3.13",
        ]],
        drift: "name: wanted class-role, seen class-hello-role",
        replaced: &["role.hello", "role_policy.hello"],
        updated: &["function.hello"],
    },
    Replace {
        what: "the sign-in domain's prefix",
        edits: &[["domain: d-surprise-1", "domain: d-surprise-2"]],
        drift: "domain: wanted d-surprise-2, seen d-surprise-1",
        replaced: &["domain"],
        updated: &[],
    },
    Replace {
        what: "several at once",
        edits: &[
            ["domain: d-surprise-2", "domain: d-surprise-3"],
            ["name: d-user-pool-demo", "name: class-pool"],
            ["name: d-apigw-cmp-demo", "name: class-api"],
            ["role: class-role", "role: another-role\n    memory: 256"],
        ],
        drift: "name: wanted another-role, seen class-role",
        replaced: &["domain", "role.hello", "role_policy.hello"],
        updated: &["user_pool", "api", "function.hello"],
    },
];

/// The tutorial's lab with a sign-in domain.
pub(crate) fn with_domain() -> Site {
    let site = Site::tutorial();
    site.edit(
        "    type: spa # a browser cannot keep a secret, so there is none",
        "    type: spa\n    callback_urls: [\"http://localhost:8000/\"]\n    scopes: [openid, aws.cognito.signin.user.admin]",
    );
    site.edit(
        "  sign_in: [email]",
        "  sign_in: [email]\n  domain: d-surprise-1",
    );
    site
}

#[test]
fn what_is_replaced_is_told_as_replaced_and_counted() {
    for place in [
        Place::local(with_domain()),
        Place::account(with_domain(), "111111111111"),
    ] {
        place.run("up --yes").code(0);
        let ids = |place: &Place| {
            let all = outputs(place);
            ["user_pool_id", "client_id", "api_id", "invoke_url"].map(|id| text(&all, id))
        };
        let before = ids(&place);
        for case in &REPLACES {
            let what = case.what;
            for [from, to] in case.edits {
                place.site.edit(from, to);
            }
            let (status, none) = place.calls("status", 3);
            assert_eq!(none, NOTHING, "{what}");
            assert!(status.out.contains(case.drift), "{what}: {}", status.out);

            let (plan, none) = place.calls("up --dry-run --replace --json", 0);
            assert_eq!(none, NOTHING, "{what}");
            let plan = plan.json();
            for (steps, action) in [(case.replaced, "replace"), (case.updated, "update")] {
                for step in steps {
                    let told = line(&plan, step);
                    assert_eq!(told["action"], action, "{what}: {told}");
                    // A domain is an address.
                    assert_eq!(
                        told.get("lost").is_some(),
                        *step == "domain",
                        "{what}: {told}"
                    );
                }
            }
            let rest = plan.as_array().expect("a list").iter();
            let rest = rest.filter(|l| l["action"] == "replace").count();
            assert_eq!(rest, case.replaced.len(), "{what}: {plan:#}");
            let shown = place.run("up --dry-run --replace").code(0).out;
            let count = format!("{} to replace", case.replaced.len());
            assert!(shown.contains(&count), "{what}: {shown}");

            let up = place.run("up --replace --yes --json").code(0);
            let all = changes(&up.events());
            for step in case.replaced {
                let replaced = ((*step).to_owned(), "replaced".to_owned());
                assert!(all.contains(&replaced), "{what}: {step} in {all:?}");
            }
            for step in case.updated {
                let updated = ((*step).to_owned(), "updated".to_owned());
                assert!(all.contains(&updated), "{what}: {step} in {all:?}");
            }
            let count = format!("{} replaced", case.replaced.len());
            assert!(up.out.contains(&count), "{what}: {}", up.out);
            assert_eq!(ids(&place), before, "{what}");
            place.run("status").code(0);
        }
        place.run("verify").code(0);
        place.run("down --yes").code(0);
        assert_eq!(crate::twin::everything(&place.endpoint), NOTHING);
    }
}

/// The line of a deletion names what goes, not what comes.
#[test]
fn a_deletion_names_the_old_name() {
    let site = Site::tutorial();
    site.ok("up --local");
    site.edit("d-lambda-nonvpc-cmp-demo-function", "class-hello");
    let up = site.ok("up --local").out;
    let deleting = up
        .lines()
        .find(|line| line.contains("deleting") && line.contains(" role  "))
        .unwrap_or_else(|| panic!("{up}"));
    assert!(
        deleting.contains("d-lambda-nonvpc-cmp-demo-function-role → class-hello-role"),
        "{deleting}"
    );
}

/// What takes a name's place is looked for before the old one goes.
#[test]
fn a_name_that_a_stranger_has_is_refused_before_the_old_one_goes() {
    let place = Place::local(Site::tutorial());
    place.run("up").code(0);
    let before = place.site.state();
    crate::twin::role(&place.endpoint, "class-role", &[]);
    crate::twin::function(&place.endpoint, "class-hello", "class-role", &json!({}));
    let file = place.site.read("lab.yaml");
    for [from, to, title] in [
        [
            "    runtime: python3.13",
            "    role: class-role\n    runtime: python3.13",
            "role `class-role`",
        ],
        [
            "d-lambda-nonvpc-cmp-demo-function",
            "class-hello",
            "function `class-hello`",
        ],
    ] {
        place.site.write("lab.yaml", &file);
        place.site.edit(from, to);
        for (line, code) in [("up --dry-run", 1), ("up", 1), ("up --replace --yes", 1)] {
            let (said, none) = place.calls(line, code);
            let all = format!("{}{}", said.out, said.err);
            assert!(all.contains(title), "{line}: {all}");
            assert!(all.contains("without this lab's tags"), "{line}: {all}");
            assert_eq!(none, NOTHING, "{line}");
        }
        assert_eq!(place.site.state(), before, "{title}");
    }
    place.site.write("lab.yaml", &file);
    place.run("status").code(0);
}

/// AWS knows functions and roles by their names: who comes first would decide which of them is left.
#[test]
fn names_that_change_places_are_refused_before_the_first_change() {
    let place = Place::local(Site::ready("lambda-authorizer"));
    place.run("up").code(0);
    let file = place.site.read("lab.yaml");
    let [hello, guard] = ["d-lambda-authorizer-hello", "d-lambda-authorizer-guard"];
    let swapped = file
        .replace(hello, "between")
        .replace(guard, hello)
        .replace("between", guard);
    let passed_on = file.replace(guard, "d-new").replace(hello, guard);
    for edited in [swapped, passed_on] {
        place.site.write("lab.yaml", &edited);
        for line in ["up --dry-run", "up", "up --replace --yes"] {
            let (said, none) = place.calls(line, 1);
            let all = format!("{}{}", said.out, said.err);
            assert!(all.contains("would get the name that"), "{line}: {all}");
            assert_eq!(none, NOTHING, "{line}");
        }
    }
    place.site.write("lab.yaml", &file);
    place.run("status").code(0);
}

/// The tutorial's lab, whose users may also sign in with a provider.
pub(crate) fn with_provider() -> Site {
    let site = with_domain();
    let metadata = project("labs/user-pool-choices/artifacts/provider/metadata.xml");
    let metadata = std::fs::read(metadata).expect("a file");
    site.write("artifacts/metadata.xml", metadata);
    site.edit(
        "  domain: d-surprise-1\n",
        "  domain: d-surprise-1\n  identity_providers:\n    Campus: { type: saml, metadata: artifacts/metadata.xml }\n",
    );
    site
}

/// The provider is spoken to in another way from now on.
pub(crate) fn other_type(site: &Site) {
    site.edit(
        "type: saml, metadata: artifacts/metadata.xml",
        "type: oidc, issuer: https://idp.example.com, client_id: a, client_secret_env: CAMPUS_SECRET",
    );
}

#[test]
fn a_change_that_aws_does_not_make_is_refused_before_the_first() {
    for place in [
        Place::local(with_provider()),
        Place::account(with_provider(), "222222222222"),
    ] {
        place.run("up --yes").code(0);
        let before = (place.site.state(), outputs(&place));
        let file = place.site.read("lab.yaml");
        // Alone, and with edits that would delete something first.
        for more in [
            &[][..],
            &[["GET /demo:", "GET /reports:"]],
            &[["name: d-user-pool-demo", "name: class-pool"]],
            &[["d-lambda-nonvpc-cmp-demo-function", "class-hello"]],
        ] {
            place.site.write("lab.yaml", &file);
            other_type(&place.site);
            for [from, to] in more {
                place.site.edit(from, to);
            }
            let (status, none) = place.calls("status", 3);
            assert!(
                status.out.contains("ProviderType: wanted OIDC, seen SAML"),
                "{}",
                status.out
            );
            assert_eq!(none, NOTHING);
            let (plan, none) = place.calls("up --dry-run", 1);
            for words in [
                "refuses this",
                "the ProviderType of identity provider",
                "labctl down",
            ] {
                assert!(plan.out.contains(words), "{words}: {}", plan.out);
            }
            assert_eq!(none, NOTHING);
            let plan = place.run("up --dry-run --json").code(1).json();
            let told = line(&plan, "identity_provider.Campus");
            assert_eq!(told["fixed"], "ProviderType", "{told}");
            for line in ["up", "up --yes", "up --replace --yes", "up --parallel 1"] {
                let (said, none) = place.calls(line, 1);
                said.complains(&[
                    "nothing was changed",
                    "the ProviderType of identity provider",
                    "labctl down",
                ]);
                assert_eq!(none, NOTHING, "{line} {more:?}");
            }
            assert_eq!(place.site.state(), before.0, "{more:?}");
        }
        place.site.write("lab.yaml", &file);
        place.run("status").code(0);
        assert_eq!(outputs(&place), before.1);
        other_type(&place.site);
        place.run("down --yes").code(0);
    }
}

/// An edit that takes away what people have ids, addresses or passwords of.
struct Loss {
    lab: &'static str,
    what: &'static str,
    edit: fn(&str) -> String,
    step: &'static str,
    /// In the refusal.
    words: &'static [&'static str],
}

fn before<'a>(text: &'a str, words: &str) -> &'a str {
    text.split_once(words)
        .unwrap_or_else(|| panic!("{words}"))
        .0
}

const LOSSES: [Loss; 4] = [
    Loss {
        lab: "cognito-authorizer",
        what: "no user pool",
        edit: |lab| {
            let (head, tail) = lab.split_once("# Chapter 2").expect("a chapter");
            let (_, api) = tail.split_once("# Chapters 3 and 4").expect("a chapter");
            let (api, _) = api.split_once("  authorizers:").expect("authorizers");
            let routes = "  routes:\n    GET /demo:\n      function: hello\n      authorizer: none\n  stage: dev\n";
            format!("{head}#{api}{routes}")
        },
        step: "user_pool",
        words: &[
            "user pool `d-user-pool-demo`",
            "2 users",
            "us-east-1_",
            "client ",
        ],
    },
    Loss {
        lab: "cognito-authorizer",
        what: "no API",
        edit: |lab| before(lab, "# Chapters 3 and 4").to_owned(),
        step: "api",
        words: &["REST API `d-apigw-cmp-demo`", "invoke URL", "/dev"],
    },
    Loss {
        lab: "iam-authorizer",
        what: "no identity pool",
        edit: |lab| {
            let (head, tail) = lab.split_once("# A signed-in user").expect("a comment");
            let (_, tail) = tail.split_once("# Roles that").expect("a comment");
            format!("{head}# Roles that{tail}")
        },
        step: "identity_pool",
        words: &["identity pool `d-identity-pool`", "us-east-1:"],
    },
    Loss {
        lab: "cloudfront-edge",
        what: "no edge",
        edit: |lab| before(lab, "\nedge:").to_owned(),
        step: "distribution",
        words: &["distribution `d-cloudfront-edge`", "its address"],
    },
];

#[test]
fn what_people_have_in_use_is_deleted_only_when_that_is_agreed_to() {
    for loss in &LOSSES {
        for place in [
            Place::local(Site::ready(loss.lab)),
            Place::account(Site::ready(loss.lab), "333333333333"),
        ] {
            let what = loss.what;
            place.run("up --yes").code(0);
            if loss.step == "user_pool" {
                let account = crate::twin::Account::new(
                    &place.endpoint,
                    place.account.unwrap_or("000000000000"),
                );
                let pool = outputs(&place)["user_pool_id"].clone();
                let user = json!({ "UserPoolId": pool, "Username": "more@example.com" });
                assert_eq!(account.cognito("AdminCreateUser", &user).status, 200);
            }
            let file = place.site.read("lab.yaml");
            place.site.write("lab.yaml", (loss.edit)(&file));
            let before = place.site.read(&format!(".labctl/{}/state.json", loss.lab));
            place.calls("status", 3);
            let (plan, none) = place.calls("up --dry-run --json", 7);
            assert_eq!(none, NOTHING, "{what}");
            let told = line(&plan.json(), loss.step);
            assert_eq!(told["action"], "delete", "{what}: {told}");
            for words in loss.words {
                assert!(
                    text(&told, "lost").contains(words),
                    "{what}: {words}: {told}"
                );
            }
            let shown = place.run("up --dry-run").code(7).out;
            assert!(shown.contains("--replace"), "{what}: {shown}");
            place.run("up --dry-run --replace").code(0);
            for line in ["up", "up --yes", "up --yes --parallel 1"] {
                let (said, none) = place.calls(line, 7);
                let said = said.complains(&["nothing was changed", "--replace"]);
                said.complains(loss.words);
                assert_eq!(none, NOTHING, "{what}: {line}");
            }
            let after = place.site.read(&format!(".labctl/{}/state.json", loss.lab));
            assert_eq!(after, before, "{what}");
            if place.account.is_some() {
                // Agreeing to the loss is no answer to the question.
                place
                    .calls("up --replace", 2)
                    .0
                    .complains(&["deleted)", "--yes"]);
            }
            let up = place.run("up --replace --yes --json").code(0);
            let gone = (loss.step.to_owned(), "deleted".to_owned());
            assert!(changes(&up.events()).contains(&gone), "{what}: {}", up.out);
            assert!(
                up.out.contains(loss.words[0]),
                "{what}: it says what is lost"
            );
            place.run("status").code(0);
            place.run("down --yes").code(0);
            assert_eq!(crate::twin::everything(&place.endpoint), NOTHING, "{what}");
        }
    }
}

/// What was agreed to, and cut off, needs no second word.
#[test]
fn a_deletion_that_was_begun_goes_on() {
    let place = Place::local(Site::tutorial());
    place.run("up").code(0);
    let file = place.site.read("lab.yaml");
    place.site.write("lab.yaml", (LOSSES[1].edit)(&file));
    let rule = json!({ "operation": "apigateway:DeleteRestApi", "action": "denied", "times": 1 });
    let rule = crate::twin::Rule::set(&place.endpoint, &rule);
    place.run("up --replace").code(1);
    assert_eq!(rule.hits(0), 1);
    let said = place.run("up --json").code(0);
    let gone = ("api".to_owned(), "deleted".to_owned());
    assert!(changes(&said.events()).contains(&gone), "{}", said.out);
    place.run("status").code(0);
}
