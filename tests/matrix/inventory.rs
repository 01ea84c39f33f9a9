//! What an account holds, asked of the services themselves.

use serde_json::{Map, Value, json};

use super::support::twin::{self, Account, texts};

/// Everything in the account, one line a thing, by names (ids differ from run to run), sorted.
pub(super) fn inventory(account: &Account) -> Vec<String> {
    let mut all = Vec::new();
    functions(account, &mut all);
    apis(account, &mut all);
    keys(account, &mut all);
    pools(account, &mut all);
    identity_pools(account, &mut all);
    distributions(account, &mut all);
    web_acls(account, &mut all);
    all.extend(
        account
            .records()
            .iter()
            .map(|record| format!("record {record}")),
    );
    certificates(account, &mut all);
    let groups = account.logs("DescribeLogGroups", &json!({})).json();
    all.extend(names(&groups["logGroups"], "logGroupName", "log group"));
    for role in iam_list(account, "Action=ListRoles", "RoleName") {
        let form = format!("Action=ListRolePolicies&RoleName={role}");
        let inline = iam_list(account, &form, "member").into_iter();
        let policies = inline.chain(account.attached(&role));
        all.extend(policies.map(|policy| format!("role {role} / policy {policy}")));
        all.push(format!("role {role}"));
    }
    // Domains contain the account's id.
    let mut all: Vec<String> = all
        .iter()
        .map(|line| line.replace(&account.id, "ACCOUNT"))
        .collect();
    all.sort();
    all
}

fn names(list: &Value, member: &str, what: &str) -> Vec<String> {
    list.as_array()
        .into_iter()
        .flatten()
        .map(|item| format!("{what} {}", item[member].as_str().unwrap_or("?")))
        .collect()
}

fn functions(account: &Account, all: &mut Vec<String>) {
    let list = account
        .rest("lambda", "GET", "/2015-03-31/functions", None)
        .json();
    for function in list["Functions"].as_array().into_iter().flatten() {
        let name = function["FunctionName"].as_str().unwrap_or("?");
        all.push(format!("function {name}"));
        let path = format!("/2015-03-31/functions/{name}/policy");
        let answer = account.rest("lambda", "GET", &path, None);
        if answer.status == 200 {
            let policy = answer.json()["Policy"].as_str().unwrap_or("{}").to_owned();
            let policy: Value = serde_json::from_str(&policy).expect("a policy is JSON");
            let statements = names(&policy["Statement"], "Sid", "permission");
            all.extend(statements.iter().map(|s| format!("function {name} / {s}")));
        }
    }
}

fn apis(account: &Account, all: &mut Vec<String>) {
    let get = |path: &str| account.rest("apigateway", "GET", path, None).json();
    for api in get("/restapis?limit=500")["item"]
        .as_array()
        .into_iter()
        .flatten()
    {
        let (name, id) = (
            api["name"].as_str().unwrap_or("?"),
            api["id"].as_str().unwrap_or("?"),
        );
        let api = format!("API {name} ({})", whose(&api["tags"]));
        all.push(api.clone());
        let tree = get(&format!("/restapis/{id}/resources?embed=methods"));
        for resource in tree["item"].as_array().into_iter().flatten() {
            let path = resource["path"].as_str().unwrap_or("?");
            all.push(format!("{api} / path {path}"));
            for (verb, method) in resource["resourceMethods"]
                .as_object()
                .into_iter()
                .flatten()
            {
                let kind = method["authorizationType"].as_str().unwrap_or("?");
                let integration = &method["methodIntegration"];
                let to = integration["type"].as_str().unwrap_or("none");
                let count = |responses: &Value| responses.as_object().map_or(0, Map::len);
                let responses = count(&method["methodResponses"]);
                let filled = count(&integration["integrationResponses"]);
                all.push(format!(
                    "{api} / method {verb} {path} {kind} {to}, {responses} responses, {filled} filled"
                ));
            }
        }
        for (path, member, what) in [
            ("authorizers", "name", "authorizer"),
            ("deployments", "description", "deployment"),
        ] {
            let list = get(&format!("/restapis/{id}/{path}"));
            // A deployment's description has ids in it: only how many there are is compared.
            let found = names(&list["item"], member, what);
            all.extend(found.iter().map(|line| match what {
                "deployment" => format!("{api} / deployment"),
                _ => format!("{api} / {line}"),
            }));
        }
        let refusals = get(&format!("/restapis/{id}/gatewayresponses"));
        let refusals = refusals["item"].as_array().into_iter().flatten();
        let custom = refusals.filter(|refusal| refusal["defaultResponse"] == false);
        all.extend(
            custom.map(|refusal| format!("{api} / gateway response {}", refusal["responseType"])),
        );
        let stages = get(&format!("/restapis/{id}/stages"));
        let stages = names(&stages["item"], "stageName", "stage");
        all.extend(stages.iter().map(|line| format!("{api} / {line}")));
    }
}

/// API keys, usage plans, and which keys a plan takes for how many stages.
fn keys(account: &Account, all: &mut Vec<String>) {
    let get = |path: &str| account.rest("apigateway", "GET", path, None).json();
    all.extend(names(&get("/apikeys")["item"], "name", "API key"));
    for plan in get("/usageplans")["item"].as_array().into_iter().flatten() {
        let name = plan["name"].as_str().unwrap_or("?");
        let stages = plan["apiStages"].as_array().map_or(0, Vec::len);
        all.push(format!("usage plan {name} of {stages} stages"));
        let id = plan["id"].as_str().unwrap_or("?");
        let keys = get(&format!("/usageplans/{id}/keys"));
        let keys = names(&keys["item"], "name", "key");
        all.extend(keys.iter().map(|key| format!("usage plan {name} / {key}")));
    }
}

/// Whose something is, by its tags.
fn whose(tags: &Value) -> &'static str {
    match tags.as_object() {
        Some(tags) if !tags.is_empty() => "ours",
        _ => "a stranger's",
    }
}

fn pools(account: &Account, all: &mut Vec<String>) {
    let list = account.cognito("ListUserPools", &json!({ "MaxResults": 60 }));
    for pool in list.json()["UserPools"].as_array().into_iter().flatten() {
        let id = pool["Id"].as_str().unwrap_or("?");
        let ask = |operation: &str, more: Value| {
            let mut input = more;
            input["UserPoolId"] = json!(id);
            account.cognito(operation, &input).json()
        };
        let described = ask("DescribeUserPool", json!({}))["UserPool"].clone();
        let name = pool["Name"].as_str().unwrap_or("?");
        let pool = format!("pool {name} ({})", whose(&described["UserPoolTags"]));
        // Its name is the case's own.
        if described["Domain"].is_string() {
            all.push(format!("{pool} / domain"));
        }
        let mfa = &described["MfaConfiguration"];
        all.push(format!("{pool} / MFA {mfa}"));
        let clients = ask("ListUserPoolClients", json!({ "MaxResults": 60 }));
        let clients = names(&clients["UserPoolClients"], "ClientName", "client");
        let providers = ask("ListIdentityProviders", json!({ "MaxResults": 60 }));
        let providers = names(&providers["Providers"], "ProviderName", "provider");
        let users = ask("ListUsers", json!({}));
        let users = names(&users["Users"], "UserStatus", "user");
        let inside = clients.iter().chain(&providers).chain(&users);
        all.extend(inside.map(|line| format!("{pool} / {line}")));
        all.push(pool);
    }
}

fn identity_pools(account: &Account, all: &mut Vec<String>) {
    let ask = |operation: &str, input: &Value| {
        let target = format!("AWSCognitoIdentityService.{operation}");
        account.json("cognito-identity", &target, input).json()
    };
    let list = ask("ListIdentityPools", &json!({ "MaxResults": 60 }));
    for pool in list["IdentityPools"].as_array().into_iter().flatten() {
        let id = json!({ "IdentityPoolId": pool["IdentityPoolId"] });
        let name = pool["IdentityPoolName"].as_str().unwrap_or("?");
        let tags = &ask("DescribeIdentityPool", &id)["IdentityPoolTags"];
        let pool = format!("identity pool {name} ({})", whose(tags));
        let roles = ask("GetIdentityPoolRoles", &id)["Roles"].clone();
        for (kind, arn) in roles.as_object().into_iter().flatten() {
            // The ARN has the account in it.
            let role = arn.as_str().and_then(|arn| arn.rsplit('/').next());
            all.push(format!("{pool} / {kind} role {role:?}"));
        }
        all.push(pool);
    }
}

fn distributions(account: &Account, all: &mut Vec<String>) {
    let list = account.rest("cloudfront", "GET", twin::DISTRIBUTIONS, None);
    assert_eq!(list.status, 200, "{}", list.body);
    for distribution in texts(&list.body, "DistributionSummary") {
        // Inner elements have an `Enabled` too.
        let mut own = distribution.clone();
        for part in ["Origins", "DefaultCacheBehavior", "CacheBehaviors"] {
            for inner in texts(&distribution, part) {
                own = own.replace(&inner, "");
            }
        }
        let text = |name: &str| texts(&own, name).join(", ");
        all.push(format!(
            "distribution {}, enabled: {}",
            text("Comment"),
            text("Enabled")
        ));
    }
}

fn web_acls(account: &Account, all: &mut Vec<String>) {
    for scope in ["CLOUDFRONT", "REGIONAL"] {
        let list = account
            .waf("ListWebACLs", &json!({ "Scope": scope }))
            .json();
        for acl in list["WebACLs"].as_array().into_iter().flatten() {
            let arn = json!({ "ResourceARN": acl["ARN"] });
            let tags = account.waf("ListTagsForResource", &arn).json();
            let tags = tags["TagInfoForResource"]["TagList"].as_array();
            let tags = tags.into_iter().flatten().map(|tag| {
                let key = tag["Key"].as_str().unwrap_or("?").to_owned();
                (key, tag["Value"].clone())
            });
            let whose = whose(&Value::Object(tags.collect()));
            let name = acl["Name"].as_str().unwrap_or("?");
            all.push(format!("web ACL {name} ({whose})"));
        }
    }
}

fn certificates(account: &Account, all: &mut Vec<String>) {
    let target = "CertificateManager.ListCertificates";
    let list = account.json("acm", target, &json!({})).json();
    let list = &list["CertificateSummaryList"];
    all.extend(names(list, "DomainName", "certificate"));
}

/// What IAM's XML answer has in its elements `name`.
fn iam_list(account: &Account, form: &str, name: &str) -> Vec<String> {
    let answer = account.iam(form);
    assert_eq!(answer.status, 200, "{}", answer.body);
    texts(&answer.body, name)
}
