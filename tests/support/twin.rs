//! The twin asked from outside labctl: over plain HTTP, as any client could.

use serde_json::Value;

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

const BUFFER: usize = 16 * 1024;

pub(crate) fn agent() -> ureq::Agent {
    // ureq's default of 128 KiB per request cost a tenth of the crash matrix' CPU time (unoptimised builds fill it slowly).
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .input_buffer_size(BUFFER)
        .output_buffer_size(BUFFER)
        .build()
        .new_agent()
}

pub(crate) fn read(answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Answer {
    let mut answer = answer.expect("the twin answers");
    Answer {
        status: answer.status().as_u16(),
        body: answer.body_mut().read_to_string().expect("a text body"),
    }
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

    /// Waits until a function is no longer Pending: its revision changes then, and that is AWS's doing.
    pub(crate) fn function_is_active(&self, name: &str) {
        let path = format!("/2015-03-31/functions/{name}/configuration");
        while self.rest("lambda", "GET", &path, None).json()["State"] == "Pending" {
            std::thread::yield_now();
        }
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

impl Account {
    /// A call of WAF.
    pub(crate) fn waf(&self, operation: &str, input: &Value) -> Answer {
        self.json("wafv2", &format!("AWSWAF_20190729.{operation}"), input)
    }

    /// The records of all hosted zones, such as `A api.example.com.`; a zone shows as `NS` and `SOA`.
    pub(crate) fn records(&self) -> Vec<String> {
        let get = |path: &str| {
            let answer = self.rest("route53", "GET", &format!("/2013-04-01{path}"), None);
            assert_eq!(answer.status, 200, "{}", answer.body);
            answer.body
        };
        let first = |xml: &str, name: &str| texts(xml, name).into_iter().next().unwrap_or_default();
        texts(&get("/hostedzone"), "Id")
            .iter()
            .flat_map(|zone| texts(&get(&format!("{zone}/rrset")), "ResourceRecordSet"))
            .map(|set| format!("{} {}", first(&set, "Type"), first(&set, "Name")))
            .collect()
    }

    /// The managed policies that a role has attached, by name.
    pub(crate) fn attached(&self, role: &str) -> Vec<String> {
        let answer = self.iam(&format!("Action=ListAttachedRolePolicies&RoleName={role}"));
        assert_eq!(answer.status, 200, "{}", answer.body);
        texts(&answer.body, "PolicyName")
    }
}

/// The texts of all elements `name`.
pub(crate) fn texts(xml: &str, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    xml.split(&open)
        .skip(1)
        .filter_map(|rest| rest.split(&close).next())
        .map(str::to_owned)
        .collect()
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

/// Text as a form carries it.
pub(crate) fn percent(text: &str) -> String {
    text.bytes()
        .fold(String::new(), |text, b| text + &format!("%{b:02X}"))
}

/// `lambda_function.py`, empty, as a zip.
pub(crate) const EMPTY_ZIP: &str = "UEsDBBQAAAAAAAAAIQAAAAAAAAAAAAAAAAASAAAAbGFtYmRhX2Z1bmN0aW9uLnB5UEsBAhQDFAAAAAAAAAAhAAAAAAAAAAAAAAAAABIAAAAAAAAAAAAAAKQBAAAAAGxhbWJkYV9mdW5jdGlvbi5weVBLBQYAAAAAAQABAEAAAAAwAAAAAAA=";

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
