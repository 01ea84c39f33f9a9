//! The twin asked from outside labctl: over plain HTTP, as any client could.

use serde_json::{Value, json};

/// An HTTP answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub status: u16,
    pub body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.body))
    }
}

pub(crate) fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .build()
        .new_agent()
}

fn read(answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Answer {
    let mut answer = answer.expect("the twin answers");
    Answer {
        status: answer.status().as_u16(),
        body: answer.body_mut().read_to_string().expect("a text body"),
    }
}

/// `GET url`, with a token in `Authorization` or without.
pub(crate) fn get(url: &str, token: Option<&str>) -> Answer {
    let mut request = agent().get(url);
    if let Some(token) = token {
        request = request.header("authorization", token);
    }
    read(request.call())
}

/// A request with headers of its own, for [`send`].
pub(crate) fn request(method: &str, url: &str) -> ureq::http::request::Builder {
    ureq::http::Request::builder().method(method).uri(url)
}

pub(crate) fn send(request: ureq::http::request::Builder, body: &str) -> Answer {
    let request = request.body(body.to_owned()).expect("a request");
    read(agent().run(request))
}

/// One account of a twin, as a client with its credentials sees it.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub endpoint: String,
    /// 12 digits: an access key id of this form names its account there.
    pub id: String,
}

impl Account {
    pub(crate) fn new(endpoint: &str, id: &str) -> Self {
        Self {
            endpoint: endpoint.to_owned(),
            id: id.to_owned(),
        }
    }

    /// What tells the twin which service, account and region a call is for; it is not verified there.
    pub(crate) fn scope(&self, service: &str) -> String {
        format!(
            "AWS4-HMAC-SHA256 Credential={}/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0",
            self.id
        )
    }

    /// A call of a JSON 1.1 service.
    pub(crate) fn json(&self, service: &str, target: &str, input: &Value) -> Answer {
        read(
            agent()
                .post(&self.endpoint)
                .header("authorization", self.scope(service))
                .header("content-type", "application/x-amz-json-1.1")
                .header("x-amz-target", target)
                .send(input.to_string()),
        )
    }

    /// A call of Cognito's user pools.
    pub(crate) fn cognito(&self, operation: &str, input: &Value) -> Answer {
        let target = format!("AWSCognitoIdentityProviderService.{operation}");
        self.json("cognito-idp", &target, input)
    }

    /// A call of `CloudWatch` Logs.
    pub(crate) fn logs(&self, operation: &str, input: &Value) -> Answer {
        self.json("logs", &format!("Logs_20140328.{operation}"), input)
    }

    /// A call of a REST service.
    pub(crate) fn rest(
        &self,
        service: &str,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Answer {
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.endpoint))
            .header("authorization", self.scope(service));
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = request.body(body).expect("a request");
        read(agent().run(request))
    }

    /// A call of IAM.
    pub(crate) fn iam(&self, form: &str) -> Answer {
        read(
            agent()
                .post(&self.endpoint)
                .header("authorization", self.scope("iam"))
                .header("content-type", "application/x-www-form-urlencoded")
                .send(format!("{form}&Version=2010-05-08")),
        )
    }
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

/// The twin's own pages (`/_local/…`), with the header that keeps browsers out.
pub(crate) fn local(endpoint: &str, method: &str, path: &str, body: Option<&Value>) -> Answer {
    let request = ureq::http::Request::builder()
        .method(method)
        .uri(format!("{endpoint}/_local{path}"))
        .header("x-localaws", "1");
    let body = body.map(Value::to_string).unwrap_or_default();
    read(agent().run(request.body(body).expect("a request")))
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

/// Text as a form carries it.
pub(crate) fn percent(text: &str) -> String {
    text.bytes()
        .fold(String::new(), |text, b| text + &format!("%{b:02X}"))
}

/// `lambda_function.py`, empty, as a zip.
pub(crate) const EMPTY_ZIP: &str = "UEsDBBQAAAAAAAAAIQAAAAAAAAAAAAAAAAASAAAAbGFtYmRhX2Z1bmN0aW9uLnB5UEsBAhQDFAAAAAAAAAAhAAAAAAAAAAAAAAAAABIAAAAAAAAAAAAAAKQBAAAAAGxhbWJkYV9mdW5jdGlvbi5weVBLBQYAAAAAAQABAEAAAAAwAAAAAAA=";

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

/// A fault rule of the twin, until dropped.
pub(crate) struct Rule {
    endpoint: String,
    id: u64,
}

impl Rule {
    pub(crate) fn set(endpoint: &str, rule: &Value) -> Self {
        let set = local(endpoint, "POST", "/faults", Some(rule));
        assert_eq!(set.status, 200, "{}", set.body);
        Self {
            endpoint: endpoint.to_owned(),
            id: set.json()["id"].as_u64().expect("an id"),
        }
    }

    /// Returns when it has hit a call.
    pub(crate) fn hit(&self) {
        assert!(self.hits(60) > 0, "no hit");
    }

    /// How often it has hit; waits for the first time, at most `seconds`.
    pub(crate) fn hits(&self, seconds: u64) -> u64 {
        let path = match seconds {
            0 => format!("/faults?id={}", self.id),
            _ => format!("/faults?id={}&wait={seconds}", self.id),
        };
        let rule = local(&self.endpoint, "GET", &path, None);
        let hits = rule.json()["hits"].as_u64();
        hits.unwrap_or_else(|| panic!("{}", rule.body))
    }
}

impl Drop for Rule {
    fn drop(&mut self) {
        local(
            &self.endpoint,
            "DELETE",
            &format!("/faults?id={}", self.id),
            None,
        );
    }
}

/// `CloudFront`'s list of distributions.
pub(crate) const DISTRIBUTIONS: &str = "/2020-05-31/distribution";

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
    let edges = rest(endpoint, "cloudfront", "GET", DISTRIBUTIONS, None);
    assert_eq!(edges.status, 200, "{}", edges.body);
    let domains = edges.body.split("<ARN>").skip(1);
    all.extend(domains.map(|rest| format!("distribution: {}", &rest[..rest.len().min(80)])));
    let roles = iam(endpoint, "Action=ListRoles");
    assert_eq!(roles.status, 200, "{}", roles.body);
    let names = roles.body.split("<RoleName>").skip(1);
    all.extend(names.map(|rest| format!("role: {}", rest.split('<').next().unwrap_or_default())));
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
