//! Strangers' things beside a lab's: with its names where names are not unique, with names like its own where
//! they are.

use serde_json::{Value, json};

use super::{
    owned,
    support::twin::{self, Account, Answer, EMPTY_ZIP, percent, texts},
};

pub(super) struct Bystanders {
    /// Requests that show them whole.
    looks: Vec<Look>,
    before: Vec<String>,
}

enum Look {
    Rest(&'static str, String),
    Cognito(&'static str, Value),
    Identity(&'static str, Value),
    Logs(&'static str, Value),
    Waf(Value),
    Iam(String),
}

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
const LOGS: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"logs:*","Resource":"*"}]}"#;

fn done(answer: Answer) -> Answer {
    assert!(answer.status < 300, "{}", answer.body);
    answer
}

fn text(answer: &Answer, pointer: &str) -> String {
    let answer = answer.json();
    let found = answer.pointer(pointer).and_then(Value::as_str);
    found.expect("an id").to_owned()
}

impl Bystanders {
    /// Beside a lab of which `built` is the inventory.
    pub(super) fn plant(account: &Account, built: &[String]) -> Self {
        let mut planted = Self {
            looks: Vec::new(),
            before: Vec::new(),
        };
        for name in named(built, "role ") {
            planted.role(account, &format!("{name}-2"));
        }
        for name in named(built, "function ") {
            planted.function(account, &format!("{name}-2"));
        }
        for name in named(built, "pool ") {
            let clients = named(built, &format!("pool {name} (ours) / client "));
            planted.pool(account, &name, clients.first().expect("a client"));
        }
        for name in named(built, "identity pool ") {
            planted.identity_pool(account, &name);
        }
        let paths = named_inside(built, " / path /");
        for name in named(built, "API ") {
            let api = planted.api(account, &name, paths.first().expect("a path"));
            for comment in named(built, "distribution ") {
                planted.distribution(account, &comment, &api);
            }
        }
        for name in named(built, "web ACL ") {
            planted.web_acl(account, &format!("{name}-2"));
        }
        for name in named(built, "record A ") {
            planted.record(account, &name.replace("ACCOUNT", &account.id));
        }
        for name in named(built, "API key ") {
            planted.keyed(account, "apikeys", &name);
        }
        for name in named(built, "usage plan ") {
            planted.keyed(account, "usageplans", &name);
        }
        planted.before = planted.now(account);
        let blind = |seen: &&String| seen.contains("<Error>") || seen.contains("\"__type\"");
        assert_eq!(planted.before.iter().find(blind), None, "not seen");
        planted
    }

    fn role(&mut self, account: &Account, role: &str) {
        let trust = percent(TRUST);
        let form = format!("Action=CreateRole&RoleName={role}&AssumeRolePolicyDocument={trust}");
        done(account.iam(&form));
        let policy = format!("RoleName={role}&PolicyName=write-own-logs");
        let document = percent(LOGS);
        done(account.iam(&format!(
            "Action=PutRolePolicy&{policy}&PolicyDocument={document}"
        )));
        self.looks.extend([
            Look::Iam(format!("Action=GetRole&RoleName={role}")),
            Look::Iam(format!("Action=GetRolePolicy&{policy}")),
        ]);
    }

    fn function(&mut self, account: &Account, function: &str) {
        let group = format!("/aws/lambda/{function}");
        done(account.logs("CreateLogGroup", &json!({ "logGroupName": group })));
        let role = format!("{function}-role");
        self.role(account, &role);
        let input = json!({
            "FunctionName": function,
            "Role": format!("arn:aws:iam::{}:role/{role}", account.id),
            "Runtime": "python3.13",
            "Handler": "lambda_function.lambda_handler",
            "Code": { "ZipFile": EMPTY_ZIP },
            // Another lab's: labctl's tags, but not this lab's name.
            "Tags": { "labctl:lab": "another-lab" },
        });
        let path = "/2015-03-31/functions";
        done(account.rest("lambda", "POST", path, Some(&input)));
        account.function_is_active(function);
        self.looks.extend([
            Look::Logs("DescribeLogGroups", json!({ "logGroupNamePrefix": group })),
            Look::Rest("lambda", format!("{path}/{function}")),
        ]);
    }

    fn pool(&mut self, account: &Account, name: &str, client: &str) {
        let made = done(account.cognito("CreateUserPool", &json!({ "PoolName": name })));
        let pool = text(&made, "/UserPool/Id");
        let client = json!({ "UserPoolId": pool, "ClientName": client });
        done(account.cognito("CreateUserPoolClient", &client));
        let clients = json!({ "UserPoolId": pool, "MaxResults": 60 });
        self.looks.extend([
            Look::Cognito("DescribeUserPool", json!({ "UserPoolId": pool })),
            Look::Cognito("ListUserPoolClients", clients),
        ]);
    }

    fn identity_pool(&mut self, account: &Account, name: &str) {
        let input = json!({
            "IdentityPoolName": name,
            "AllowUnauthenticatedIdentities": false,
        });
        let target = "AWSCognitoIdentityService.CreateIdentityPool";
        let made = done(account.json("cognito-identity", target, &input));
        let pool = json!({ "IdentityPoolId": text(&made, "/IdentityPoolId") });
        self.looks.extend([
            Look::Identity("DescribeIdentityPool", pool.clone()),
            Look::Identity("GetIdentityPoolRoles", pool),
        ]);
    }

    /// An API of this name, with an open method; its id.
    fn api(&mut self, account: &Account, name: &str, path: &str) -> String {
        let post =
            |path: &str, body: &Value| done(account.rest("apigateway", "POST", path, Some(body)));
        let made = post("/restapis", &json!({ "name": name }));
        let (api, root) = (text(&made, "/id"), text(&made, "/rootResourceId"));
        let part = path.split('/').next().expect("a part");
        let made = post(
            &format!("/restapis/{api}/resources/{root}"),
            &json!({ "pathPart": part }),
        );
        let path = text(&made, "/id");
        let method = format!("/restapis/{api}/resources/{path}/methods/GET");
        let open = json!({ "authorizationType": "NONE" });
        done(account.rest("apigateway", "PUT", &method, Some(&open)));
        self.looks.extend(
            [
                format!("/restapis/{api}"),
                format!("/restapis/{api}/resources?embed=methods"),
            ]
            .map(|path| Look::Rest("apigateway", path)),
        );
        api
    }

    /// An API key or a usage plan.
    fn keyed(&mut self, account: &Account, kind: &str, name: &str) {
        let path = format!("/{kind}");
        let input = json!({ "name": name });
        let made = done(account.rest("apigateway", "POST", &path, Some(&input)));
        let path = format!("{path}/{}", text(&made, "/id"));
        self.looks.push(Look::Rest("apigateway", path));
    }

    fn distribution(&mut self, account: &Account, comment: &str, api: &str) {
        let config = format!(
            "<DistributionConfig xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\">\
             <CallerReference>a stranger's</CallerReference><Origins><Quantity>1</Quantity><Items><Origin>\
             <Id>api</Id><DomainName>{api}.execute-api.us-east-1.amazonaws.com</DomainName><CustomOriginConfig>\
             <HTTPPort>80</HTTPPort><HTTPSPort>443</HTTPSPort>\
             <OriginProtocolPolicy>https-only</OriginProtocolPolicy></CustomOriginConfig></Origin></Items></Origins>\
             <DefaultCacheBehavior><TargetOriginId>api</TargetOriginId>\
             <ViewerProtocolPolicy>https-only</ViewerProtocolPolicy>\
             <CachePolicyId>4135ea2d-6df8-44a3-9df3-4b5a84be39ad</CachePolicyId></DefaultCacheBehavior>\
             <Comment>{comment}</Comment><Enabled>true</Enabled></DistributionConfig>"
        );
        let mut made = twin::agent()
            .post(format!("{}{}", account.endpoint, twin::DISTRIBUTIONS))
            .header("authorization", account.scope("cloudfront"))
            .send(config)
            .expect("an answer");
        let body = made.body_mut().read_to_string().expect("XML");
        assert_eq!(made.status(), 201, "{body}");
        let location = made.headers()["location"].to_str().expect("text");
        let id = location.rsplit('/').next().expect("an id");
        // Not its status, which changes while it is deployed.
        let path = format!("{}/{id}/config", twin::DISTRIBUTIONS);
        self.looks.push(Look::Rest("cloudfront", path));
    }

    fn web_acl(&mut self, account: &Account, name: &str) {
        let input = json!({
            "Name": name,
            "Scope": "CLOUDFRONT",
            "DefaultAction": { "Allow": {} },
            "VisibilityConfig": {
                "SampledRequestsEnabled": false,
                "CloudWatchMetricsEnabled": false,
                "MetricName": "strangers",
            },
            "Tags": [{ "Key": "labctl:lab", "Value": "another-lab" }],
        });
        let made = done(account.waf("CreateWebACL", &input));
        let id = text(&made, "/Summary/Id");
        let acl = json!({ "Name": name, "Scope": "CLOUDFRONT", "Id": id });
        self.looks.push(Look::Waf(acl));
    }

    /// A record in the user's zone, beside the lab's.
    fn record(&mut self, account: &Account, name: &str) {
        let zones = account.rest("route53", "GET", "/2013-04-01/hostedzone", None);
        let zone = texts(&zones.body, "Id").into_iter().next().expect("a zone");
        // This name sorts last, so a list that starts there does not contain the lab's record.
        let beside = format!("z{name}");
        owned::record(account, &zone, &beside);
        let look = format!("/2013-04-01{zone}/rrset?name={beside}&type=A");
        self.looks.push(Look::Rest("route53", look));
    }

    /// Each of them as the services show it now.
    fn now(&self, account: &Account) -> Vec<String> {
        self.looks
            .iter()
            .map(|look| match look {
                // What its time alone does not change.
                Look::Rest("lambda", path) => {
                    let seen = account.rest("lambda", "GET", path, None).json();
                    let fixed = ["CodeSha256", "LastModified", "Role", "RevisionId"];
                    let fixed = fixed.map(|member| seen["Configuration"][member].to_string());
                    format!("{} {}", fixed.join(" "), seen["Tags"])
                }
                Look::Rest(service, path) => account.rest(service, "GET", path, None).body,
                Look::Cognito(operation, input) => account.cognito(operation, input).body,
                Look::Identity(operation, input) => {
                    let target = format!("AWSCognitoIdentityService.{operation}");
                    account.json("cognito-identity", &target, input).body
                }
                Look::Waf(acl) => account.waf("GetWebACL", acl).body,
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

/// The names that an inventory has of one kind: `role `, `API `.
fn named(built: &[String], kind: &str) -> Vec<String> {
    let names = built.iter().filter_map(|line| line.strip_prefix(kind));
    names
        .filter(|rest| !rest.contains(" / "))
        .map(|rest| rest.trim_end_matches(" (ours)"))
        // API keys are a kind of their own, and a lab's keys are not APIs.
        .filter(|rest| kind != "API " || !rest.starts_with("key "))
        .map(|rest| {
            let end = [", enabled: ", " of "].map(|end| rest.find(end).unwrap_or(rest.len()));
            rest[..end[0].min(end[1])].to_owned()
        })
        .collect()
}

/// What follows `mark` in an inventory's lines.
fn named_inside(built: &[String], mark: &str) -> Vec<String> {
    let found = built.iter().filter_map(|line| line.split_once(mark));
    let found = found.map(|(_, rest)| rest.to_owned());
    found.filter(|rest| !rest.is_empty()).collect()
}
