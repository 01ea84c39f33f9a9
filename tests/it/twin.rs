//! The twin asked from outside labctl: over plain HTTP, as any client could.

use serde_json::{Value, json};

pub(crate) use crate::support::twin::{
    Account, Answer, DISTRIBUTIONS, EMPTY_ZIP, Rule, agent, local, percent, request, send,
};
use crate::support::twin::{read, texts};

/// `GET url`, with a token in `Authorization` or without.
pub(crate) fn get(url: &str, token: Option<&str>) -> Answer {
    let mut request = agent().get(url);
    if let Some(token) = token {
        request = request.header("authorization", token);
    }
    read(request.call())
}

fn default_account(endpoint: &str) -> Account {
    Account::new(endpoint, "000000000000")
}

/// A call of a JSON 1.1 service.
pub(crate) fn json_call(endpoint: &str, service: &str, target: &str, input: &Value) -> Answer {
    default_account(endpoint).json(service, target, input)
}

/// A call of a REST service.
pub(crate) fn rest(
    endpoint: &str,
    service: &str,
    method: &str,
    path: &str,
    body: Option<&Value>,
) -> Answer {
    default_account(endpoint).rest(service, method, path, body)
}

/// A call of IAM.
pub(crate) fn iam(endpoint: &str, form: &str) -> Answer {
    default_account(endpoint).iam(form)
}

/// A role that Lambda may assume.
pub(crate) fn role(endpoint: &str, name: &str, tags: &[(&str, &str)]) {
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    let mut form = format!(
        "Action=CreateRole&RoleName={name}&AssumeRolePolicyDocument={}",
        percent(trust)
    );
    for (i, (key, value)) in (1..).zip(tags) {
        form += &format!(
            "&Tags.member.{i}.Key={}&Tags.member.{i}.Value={}",
            percent(key),
            percent(value)
        );
    }
    let made = iam(endpoint, &form);
    assert_eq!(made.status, 200, "{}", made.body);
}

/// A function whose handler is empty.
pub(crate) fn function(endpoint: &str, name: &str, role: &str, tags: &Value) {
    let input = json!({
        "FunctionName": name,
        "Role": format!("arn:aws:iam::000000000000:role/{role}"),
        "Runtime": "python3.13",
        "Handler": "lambda_function.lambda_handler",
        "Code": { "ZipFile": EMPTY_ZIP },
        "Tags": tags,
    });
    let path = "/2015-03-31/functions";
    let made = rest(endpoint, "lambda", "POST", path, Some(&input));
    assert_eq!(made.status, 201, "{}", made.body);
}

/// The operations that the twin was asked for since [`forget_calls`], in order.
pub(crate) fn calls(endpoint: &str) -> Vec<String> {
    let calls = local(endpoint, "GET", "/calls.json", None).json();
    let all = calls.as_array().cloned().unwrap_or_default();
    all.iter()
        .map(|call| call["operation"].as_str().expect("an operation").to_owned())
        .collect()
}

pub(crate) fn forget_calls(endpoint: &str) {
    let done = local(endpoint, "DELETE", "/calls.json", None);
    assert_eq!(done.status, 200, "{}", done.body);
}

impl Rule {
    /// Returns when it has hit a call.
    pub(crate) fn hit(&self) {
        assert!(self.hits(60) > 0, "no hit");
    }
}

/// Everything that there is, in the words of the services' own lists: nothing after a clean `down`.
pub(crate) fn everything(endpoint: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut list = |answer: Answer, list: &str, name: &str| {
        assert_eq!(answer.status, 200, "{}", answer.body);
        let found = answer.json();
        let items = found[list].as_array().cloned().unwrap_or_default();
        all.extend(
            items
                .iter()
                .map(|item| format!("{list}: {}", item[name].as_str().unwrap_or("?"))),
        );
    };
    list(
        rest(endpoint, "lambda", "GET", "/2015-03-31/functions", None),
        "Functions",
        "FunctionName",
    );
    list(
        rest(endpoint, "apigateway", "GET", "/restapis", None),
        "item",
        "name",
    );
    for path in ["/apikeys", "/usageplans"] {
        list(
            rest(endpoint, "apigateway", "GET", path, None),
            "item",
            "name",
        );
    }
    let pools = json!({ "MaxResults": 60 });
    list(
        json_call(
            endpoint,
            "cognito-idp",
            "AWSCognitoIdentityProviderService.ListUserPools",
            &pools,
        ),
        "UserPools",
        "Name",
    );
    list(
        json_call(
            endpoint,
            "cognito-identity",
            "AWSCognitoIdentityService.ListIdentityPools",
            &pools,
        ),
        "IdentityPools",
        "IdentityPoolName",
    );
    list(
        json_call(
            endpoint,
            "logs",
            "Logs_20140328.DescribeLogGroups",
            &json!({}),
        ),
        "logGroups",
        "logGroupName",
    );
    let tagged = json!({});
    let target = "ResourceGroupsTaggingAPI_20170126.GetResources";
    list(
        json_call(endpoint, "tagging", target, &tagged),
        "ResourceTagMappingList",
        "ResourceARN",
    );
    let account = default_account(endpoint);
    let acls = account.waf("ListWebACLs", &json!({ "Scope": "CLOUDFRONT" }));
    list(acls, "WebACLs", "Name");
    let edges = rest(endpoint, "cloudfront", "GET", DISTRIBUTIONS, None);
    assert_eq!(edges.status, 200, "{}", edges.body);
    let domains = edges.body.split("<ARN>").skip(1);
    all.extend(domains.map(|rest| format!("distribution: {}", &rest[..rest.len().min(80)])));
    // A zone and the proof of a certificate are the user's.
    let records = account.records().into_iter();
    let users = |record: &String| {
        ["NS ", "SOA ", "CNAME _"]
            .iter()
            .any(|start| record.starts_with(start))
    };
    all.extend(
        records
            .filter(|record| !users(record))
            .map(|record| format!("record: {record}")),
    );
    let roles = account.iam("Action=ListRoles");
    assert_eq!(roles.status, 200, "{}", roles.body);
    for role in texts(&roles.body, "RoleName") {
        let attached = account.attached(&role).into_iter();
        all.extend(attached.map(|policy| format!("attached policy: {role} / {policy}")));
        all.push(format!("role: {role}"));
    }
    all
}

/// Passes a request on as it is: status, header lines and body of the answer.
pub(crate) fn pass(
    method: &str,
    url: &str,
    headers: &[(String, String)],
    body: Vec<u8>,
) -> (u16, String, Vec<u8>) {
    let mut request = ureq::http::Request::builder().method(method).uri(url);
    for (name, value) in headers {
        if !["host", "content-length", "connection"].contains(&name.to_lowercase().as_str()) {
            request = request.header(name, value);
        }
    }
    let mut answer = agent()
        .run(request.body(body).expect("a request"))
        .expect("the twin answers");
    let mut head = String::new();
    for (name, value) in answer.headers() {
        let hop = ["content-length", "connection", "transfer-encoding"];
        if !hop.contains(&name.as_str()) {
            let value = value.to_str().expect("a text");
            head += &format!("{name}: {value}\r\n");
        }
    }
    (
        answer.status().as_u16(),
        head,
        answer.body_mut().read_to_vec().expect("a body"),
    )
}
