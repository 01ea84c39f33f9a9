//! What an account holds, asked of the services themselves; and the strangers' things in it.

use serde_json::{Value, json};

use crate::{
    harness::FUNCTION,
    twin::{Account, EMPTY_ZIP, percent},
};

/// Everything in the account, one line a thing, by names (ids differ from run to run), sorted.
pub(super) fn inventory(account: &Account) -> Vec<String> {
    let mut all = Vec::new();
    functions(account, &mut all);
    apis(account, &mut all);
    pools(account, &mut all);
    let groups = account.logs("DescribeLogGroups", &json!({})).json();
    all.extend(names(&groups["logGroups"], "logGroupName", "log group"));
    for role in iam_list(account, "Action=ListRoles", "RoleName") {
        for policy in iam_list(
            account,
            &format!("Action=ListRolePolicies&RoleName={role}"),
            "member",
        ) {
            all.push(format!("role {role} / policy {policy}"));
        }
        all.push(format!("role {role}"));
    }
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
        let ours = if api["tags"].is_object() {
            "ours"
        } else {
            "a stranger's"
        };
        let api = format!("API {name} ({ours})");
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
                let integration = method["methodIntegration"]["type"]
                    .as_str()
                    .unwrap_or("none");
                all.push(format!("{api} / method {verb} {path} {kind} {integration}"));
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
        let stages = get(&format!("/restapis/{id}/stages"));
        let stages = names(&stages["item"], "stageName", "stage");
        all.extend(stages.iter().map(|line| format!("{api} / {line}")));
    }
}

fn pools(account: &Account, all: &mut Vec<String>) {
    let list = account.cognito("ListUserPools", &json!({ "MaxResults": 60 }));
    for pool in list.json()["UserPools"].as_array().into_iter().flatten() {
        let id = pool["Id"].as_str().unwrap_or("?");
        let described = account
            .cognito("DescribeUserPool", &json!({ "UserPoolId": id }))
            .json();
        let tags = &described["UserPool"]["UserPoolTags"];
        let ours = tags.as_object().is_some_and(|tags| !tags.is_empty());
        let ours = if ours { "ours" } else { "a stranger's" };
        let pool = format!("pool {} ({ours})", pool["Name"].as_str().unwrap_or("?"));
        let clients = account.cognito(
            "ListUserPoolClients",
            &json!({ "UserPoolId": id, "MaxResults": 60 }),
        );
        let clients = names(&clients.json()["UserPoolClients"], "ClientName", "client");
        all.extend(clients.iter().map(|line| format!("{pool} / {line}")));
        let users = account.cognito("ListUsers", &json!({ "UserPoolId": id }));
        let users = users.json()["Users"].as_array().map_or(0, Vec::len);
        all.extend((0..users).map(|_| format!("{pool} / user")));
        all.push(pool);
    }
}

/// The texts of all elements `name` in IAM's XML answer.
fn iam_list(account: &Account, form: &str, name: &str) -> Vec<String> {
    let answer = account.iam(form);
    assert_eq!(answer.status, 200, "{}", answer.body);
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    answer
        .body
        .split(&open)
        .skip(1)
        .filter_map(|rest| rest.split(&close).next())
        .map(str::to_owned)
        .collect()
}

/// Strangers' things: with our names where names are not unique, with names like ours where they are.
pub(super) struct Bystanders {
    /// Requests that show them whole.
    looks: Vec<Look>,
    before: Vec<String>,
}

enum Look {
    Rest(&'static str, String),
    Cognito(&'static str, Value),
    Logs(&'static str, Value),
    Iam(String),
}

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
const LOGS: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"logs:*","Resource":"*"}]}"#;

impl Bystanders {
    pub(super) fn plant(account: &Account) -> Self {
        let done = |answer: crate::twin::Answer| {
            assert!(answer.status < 300, "{}", answer.body);
            answer
        };
        let role = format!("{FUNCTION}-role-2");
        let function = format!("{FUNCTION}-2");
        let group = format!("/aws/lambda/{function}");
        done(account.iam(&format!(
            "Action=CreateRole&RoleName={role}&AssumeRolePolicyDocument={}",
            percent(TRUST)
        )));
        done(account.iam(&format!(
            "Action=PutRolePolicy&RoleName={role}&PolicyName=write-own-logs&PolicyDocument={}",
            percent(LOGS)
        )));
        done(account.logs("CreateLogGroup", &json!({ "logGroupName": group })));
        let arn = format!("arn:aws:iam::{}:role/{role}", account.id);
        done(account.rest(
            "lambda",
            "POST",
            "/2015-03-31/functions",
            Some(&json!({
                "FunctionName": function, "Role": arn, "Runtime": "python3.13",
                "Handler": "lambda_function.lambda_handler", "Code": { "ZipFile": EMPTY_ZIP },
                // Another lab's: labctl's tags, but not this lab's name.
                "Tags": { "labctl:lab": "another-lab" },
            })),
        ));
        let pool =
            done(account.cognito("CreateUserPool", &json!({ "PoolName": "d-user-pool-demo" })));
        let pool = pool.json()["UserPool"]["Id"]
            .as_str()
            .expect("an id")
            .to_owned();
        let client = json!({ "UserPoolId": pool, "ClientName": "d-cognito-spa-app" });
        done(account.cognito("CreateUserPoolClient", &client));
        let api = json!({ "name": "d-apigw-cmp-demo" });
        let api = done(account.rest("apigateway", "POST", "/restapis", Some(&api))).json();
        let (api, root) = (
            api["id"].as_str().expect("an id"),
            api["rootResourceId"].as_str().expect("an id"),
        );
        let path = format!("/restapis/{api}/resources/{root}");
        let demo = done(account.rest(
            "apigateway",
            "POST",
            &path,
            Some(&json!({ "pathPart": "demo" })),
        ));
        let demo = demo.json()["id"].as_str().expect("an id").to_owned();
        let path = format!("/restapis/{api}/resources/{demo}/methods/GET");
        let open = json!({ "authorizationType": "NONE" });
        done(account.rest("apigateway", "PUT", &path, Some(&open)));

        let mut planted = Self {
            looks: vec![
                Look::Iam(format!("Action=GetRole&RoleName={role}")),
                Look::Iam(format!(
                    "Action=GetRolePolicy&RoleName={role}&PolicyName=write-own-logs"
                )),
                Look::Logs("DescribeLogGroups", json!({ "logGroupNamePrefix": group })),
                Look::Cognito("DescribeUserPool", json!({ "UserPoolId": pool })),
                Look::Cognito(
                    "ListUserPoolClients",
                    json!({ "UserPoolId": pool, "MaxResults": 60 }),
                ),
                Look::Rest("apigateway", format!("/restapis/{api}")),
                Look::Rest(
                    "apigateway",
                    format!("/restapis/{api}/resources?embed=methods"),
                ),
            ],
            before: Vec::new(),
        };
        // A function is Pending for a moment: what does not change is compared.
        planted.looks.push(Look::Rest(
            "lambda",
            format!("/2015-03-31/functions/{function}"),
        ));
        planted.before = planted.now(account);
        planted
    }

    /// Each of them as the services show it now.
    fn now(&self, account: &Account) -> Vec<String> {
        self.looks
            .iter()
            .map(|look| match look {
                Look::Rest("lambda", path) => {
                    let seen = account.rest("lambda", "GET", path, None).json();
                    let fixed = ["CodeSha256", "LastModified", "Role", "RevisionId"];
                    let fixed = fixed.map(|member| seen["Configuration"][member].to_string());
                    format!("{} {}", fixed.join(" "), seen["Tags"])
                }
                Look::Rest(service, path) => account.rest(service, "GET", path, None).body,
                Look::Cognito(operation, input) => account.cognito(operation, input).body,
                Look::Logs(operation, input) => account.logs(operation, input).body,
                Look::Iam(form) => {
                    let body = account.iam(form).body;
                    let end = body.find("<ResponseMetadata>").unwrap_or(body.len());
                    body[..end].to_owned()
                }
            })
            .collect()
    }

    /// What is not as it was.
    pub(super) fn disturbed(&self, account: &Account) -> Vec<String> {
        let now = self.now(account);
        self.before
            .iter()
            .zip(now)
            .filter(|(before, now)| *before != now)
            .map(|(before, now)| format!("a stranger's thing was {before}, is {now}"))
            .collect()
    }
}
