//! `AWS_IAM`: who signs, and what policies let him call. What a right signature is, see `gateway::signature`.

use hmac::{Hmac, KeyInit, Mac};
use labfiles::hex;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{ACCOUNT, Seen, call, lab::Lab, patch, text};
use crate::{call::Service, sts};

/// What somebody signs with.
#[derive(Clone)]
pub(super) struct Keys {
    id: String,
    secret: String,
    token: Option<String>,
}

impl Keys {
    pub(super) fn new(id: &str, secret: &str) -> Self {
        Self {
            id: id.to_owned(),
            secret: secret.to_owned(),
            token: None,
        }
    }
}

impl Lab {
    /// `GET /demo` and `ANY /demo/{id}` for those who sign.
    pub(super) async fn signed() -> Self {
        let lab = Self::open().await;
        let resources = lab
            .twin
            .ok("GetResources", json!({"restApiId": lab.api.id}))
            .await;
        for resource in resources["items"].as_array().unwrap() {
            for method in resource["resourceMethods"]
                .as_object()
                .into_iter()
                .flatten()
            {
                let patches = json!([patch("replace", "/authorizationType", "AWS_IAM")]);
                lab.protect(&text(&resource["id"]), method.0, patches).await;
            }
        }
        lab.twin.deploy(&lab.api).await;
        lab
    }

    /// A GET of a plain path, signed by the book.
    pub(super) async fn get_signed(&self, path: &str, keys: &Keys) -> Seen {
        let uri = format!("/_api/{}/dev{path}", self.api.id);
        let at = jiff::Timestamp::now()
            .strftime("%Y%m%dT%H%M%SZ")
            .to_string();
        let date = at.get(..8).unwrap();
        let scope = format!("{date}/us-east-1/execute-api/aws4_request");
        let empty = hex(&Sha256::digest(b""));
        let canonical =
            format!("GET\n{uri}\n\nhost:api\nx-amz-date:{at}\n\nhost;x-amz-date\n{empty}");
        let hash = hex(&Sha256::digest(canonical));
        let to_sign = format!("AWS4-HMAC-SHA256\n{at}\n{scope}\n{hash}");
        let mac = |key: &[u8], text: &str| {
            let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
            mac.update(text.as_bytes());
            mac.finalize().into_bytes().to_vec()
        };
        let key = scope
            .split('/')
            .fold(format!("AWS4{}", keys.secret).into_bytes(), |key, part| {
                mac(&key, part)
            });
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders=host;x-amz-date, Signature={}",
            keys.id,
            hex(&mac(&key, &to_sign))
        );
        let mut headers = vec![
            ("host", "api"),
            ("x-amz-date", at.as_str()),
            ("authorization", authorization.as_str()),
        ];
        if let Some(token) = &keys.token {
            headers.push(("x-amz-security-token", token));
        }
        self.send("GET", path, &headers, "").await
    }

    /// Status, error type and message.
    pub(super) async fn refusal_signed(&self, path: &str, keys: &Keys) -> (u16, String, String) {
        told(&self.get_signed(path, keys).await)
    }

    pub(super) async fn assume(&self, role: &str, changes: Value) -> Keys {
        let mut input = json!({"RoleArn": role, "RoleSessionName": "me"});
        for (name, value) in changes.as_object().unwrap() {
            input[name] = value.clone();
        }
        let made = sts::handle(&self.twin.app, &call(Service::Sts, "AssumeRole", input))
            .await
            .unwrap();
        let credentials = &made["Credentials"];
        Keys {
            id: text(&credentials["AccessKeyId"]),
            secret: text(&credentials["SecretAccessKey"]),
            token: Some(text(&credentials["SessionToken"])),
        }
    }

    fn arn(&self, path: &str) -> String {
        format!(
            "arn:aws:execute-api:us-east-1:{ACCOUNT}:{}/{path}",
            self.api.id
        )
    }
}

fn told(seen: &Seen) -> (u16, String, String) {
    let kind = seen.headers.get("x-amzn-errortype");
    let kind = kind.map_or("", |kind| kind.to_str().unwrap()).to_owned();
    let body: Value = serde_json::from_str(&seen.body).unwrap_or_default();
    let message = body.get("message").or(body.get("Message"));
    let message = message.and_then(Value::as_str).unwrap_or_default();
    (seen.status, kind, message.to_owned())
}

fn refused(kind: &str, message: &str) -> (u16, String, String) {
    (403, kind.to_owned(), message.to_owned())
}

#[tokio::test]
async fn a_root_signs_with_its_account() {
    let lab = Lab::signed().await;
    let unsigned = lab.send("GET", "/demo", &[], "").await;
    assert_eq!(
        unsigned.body,
        r#"{"message":"Missing Authentication Token"}"#
    );
    assert_eq!(
        unsigned.headers["x-amzn-errortype"],
        "MissingAuthenticationTokenException"
    );
    let seen = lab.get_signed("/demo", &Keys::new(ACCOUNT, "local")).await;
    assert_eq!(seen.status, 200, "{}", seen.body);
    let event: Value = serde_json::from_str(&seen.body).unwrap();
    let context = &event["requestContext"];
    assert!(context.get("authorizer").is_none());
    let identity = &context["identity"];
    let root = format!("arn:aws:iam::{ACCOUNT}:root");
    for (name, value) in [
        ("accessKey", ACCOUNT),
        ("accountId", ACCOUNT),
        ("caller", ACCOUNT),
        ("user", ACCOUNT),
        ("userArn", &root),
    ] {
        assert_eq!(identity[name], value, "{name}");
    }

    let unknown = "The security token included in the request is invalid.";
    let mut with_token = Keys::new(ACCOUNT, "local");
    with_token.token = Some("x".to_owned());
    for keys in [
        Keys::new("AKIAIOSFODNN7EXAMPLE", "local"),
        Keys::new("ASIAIOSFODNN7EXAMPLE", "local"),
        with_token,
    ] {
        let seen = lab.refusal_signed("/demo", &keys).await;
        assert_eq!(
            seen,
            refused("UnrecognizedClientException", unknown),
            "{}",
            keys.id
        );
    }
    let (status, kind, message) = lab
        .refusal_signed("/demo", &Keys::new(ACCOUNT, "any"))
        .await;
    assert_eq!((status, kind.as_str()), (403, "InvalidSignatureException"));
    assert!(message.starts_with("The request signature we calculated does not match"));
    let other = "444455556666";
    let seen = lab
        .refusal_signed("/demo", &Keys::new(other, "local"))
        .await;
    let message = format!(
        "User: arn:aws:iam::{other}:root is not authorized to perform: execute-api:Invoke on resource: \
         arn:aws:execute-api:us-east-1:********3333:{}/dev/GET/demo",
        lab.api.id
    );
    assert_eq!(seen, refused("AccessDeniedException", &message));
    let seen = lab.get_signed("/demo", &Keys::new(other, "local")).await;
    assert!(seen.body.starts_with(r#"{"Message":"#));
    let token = lab
        .send("GET", "/demo", &[("authorization", "Bearer x")], "")
        .await;
    assert_eq!(
        token.headers["x-amzn-errortype"],
        "IncompleteSignatureException"
    );
}

#[tokio::test]
async fn a_role_may_call_what_its_policies_say() {
    let lab = Lab::signed().await;
    let role = lab.role("caller", json!({"AWS": ACCOUNT})).await;
    let keys = lab.assume(&role, json!({})).await;
    let user = format!("arn:aws:sts::{ACCOUNT}:assumed-role/caller/me");
    let denied = |path: &str, how: &str| {
        let resource = lab.arn(path).replace(ACCOUNT, "********3333");
        let message = format!(
            "User: {user} is not authorized to perform: execute-api:Invoke on resource: {resource}{how}"
        );
        refused("AccessDeniedException", &message)
    };
    let status = async |path: &str| lab.get_signed(path, &keys).await.status;
    assert_eq!(
        lab.refusal_signed("/demo", &keys).await,
        denied("dev/GET/demo", "")
    );

    lab.allow("caller", "execute-api:Invoke", &lab.arn("*/GET/demo"))
        .await;
    let seen = lab.get_signed("/demo", &keys).await;
    assert_eq!(seen.status, 200, "{}", seen.body);
    let event: Value = serde_json::from_str(&seen.body).unwrap();
    let identity = &event["requestContext"]["identity"];
    assert_eq!(
        (text(&identity["userArn"]), text(&identity["accessKey"])),
        (user.clone(), keys.id.clone())
    );
    assert_eq!(identity["caller"], identity["user"]);
    assert!(text(&identity["caller"]).starts_with("AROA"));
    // The path counts as it was sent.
    assert_eq!(status("/demo/1").await, 403);
    for (action, resource, demo, item) in [
        ("*", "*".to_owned(), 200, 200),
        ("execute-api:*", lab.arn("dev/*"), 200, 200),
        ("execute-api:Inv?ke", lab.arn("d?v/GET/demo/*"), 403, 200),
        ("execute-api:Invoke", lab.arn("prod/GET/*"), 403, 403),
        ("execute-api:ManageConnections", "*".to_owned(), 403, 403),
        ("lambda:*", "*".to_owned(), 403, 403),
    ] {
        lab.allow("caller", action, &resource).await;
        let seen = (status("/demo").await, status("/demo/1").await);
        assert_eq!(seen, (demo, item), "{action} {resource}");
    }
    lab.policy(
        "caller",
        json!([
            {"Effect": "Allow", "Action": "execute-api:*", "Resource": "*"},
            {"Effect": "Deny", "Action": "execute-api:Invoke", "Resource": lab.arn("*/demo/*")},
        ]),
    )
    .await;
    assert_eq!(status("/demo").await, 200);
    assert_eq!(
        lab.refusal_signed("/demo/1", &keys).await,
        denied("dev/GET/demo/1", " with an explicit deny")
    );
    // A condition that is not known here lets nobody in, and keeps everybody out.
    let condition = json!({"StringEquals": {"aws:PrincipalOrgID": "o"}});
    let own = json!({"ArnEquals": {"aws:PrincipalArn": role}, "StringEquals": {"aws:userid": "${aws:userid}"}});
    for (statements, expected) in [
        (
            json!([{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}]),
            403,
        ),
        (
            json!([{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": own}]),
            200,
        ),
        (
            json!([
                {"Effect": "Allow", "Action": "*", "Resource": "*"},
                {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition},
            ]),
            403,
        ),
    ] {
        lab.policy("caller", statements.clone()).await;
        let seen = lab.get_signed("/demo", &keys).await;
        assert_eq!(seen.status, expected, "{statements}");
        let reason = seen
            .headers
            .get("x-localaws-reason")
            .map(|r| r.to_str().unwrap());
        let told = reason.is_some_and(|reason| reason.contains("aws:PrincipalOrgID"));
        assert_eq!(told, expected == 403, "{reason:?}");
    }
    // A managed policy, and then no role at all.
    lab.iam(
        "DeleteRolePolicy",
        json!({"RoleName": "caller", "PolicyName": "p"}),
    )
    .await;
    let arn = "arn:aws:iam::aws:policy/AmazonAPIGatewayInvokeFullAccess";
    let attachment = json!({"RoleName": "caller", "PolicyArn": arn});
    lab.iam("AttachRolePolicy", attachment.clone()).await;
    assert_eq!(status("/demo").await, 200);
    lab.iam("DetachRolePolicy", attachment.clone()).await;
    lab.iam("DeleteRole", json!({"RoleName": "caller"})).await;
    lab.role("caller", json!({"AWS": ACCOUNT})).await;
    lab.iam("AttachRolePolicy", attachment).await;
    assert_eq!(status("/demo").await, 403);
}

#[tokio::test]
async fn a_session_may_do_less_than_its_role() {
    let lab = Lab::signed().await;
    let role = lab.role("caller", json!({"AWS": ACCOUNT})).await;
    lab.allow("caller", "execute-api:Invoke", "*").await;
    let policy = |resource: &str| {
        let statement = json!({"Effect": "Allow", "Action": "*", "Resource": resource});
        json!({"Policy": json!({"Statement": statement}).to_string()})
    };
    for (changes, demo, item) in [
        (json!({}), 200, 200),
        (policy("*"), 200, 200),
        (policy(&lab.arn("*/GET/demo")), 200, 403),
        (
            json!({"PolicyArns": [{"arn": "arn:aws:iam::aws:policy/AdministratorAccess"}]}),
            200,
            200,
        ),
        (
            json!({"PolicyArns": [{"arn": "arn:aws:iam::aws:policy/CloudWatchLogsFullAccess"}]}),
            403,
            403,
        ),
    ] {
        let keys = lab.assume(&role, changes.clone()).await;
        let seen = (
            lab.get_signed("/demo", &keys).await.status,
            lab.get_signed("/demo/1", &keys).await.status,
        );
        assert_eq!(seen, (demo, item), "{changes}");
    }
    let mut keys = lab.assume(&role, json!({})).await;
    let again = Lab::assume(&lab, &role, json!({})).await;
    let token = keys.token.clone();
    for wrong in [None, Some("x".to_owned()), again.token.clone()] {
        keys.token = wrong;
        assert_eq!(
            lab.refusal_signed("/demo", &keys).await.1,
            "UnrecognizedClientException"
        );
    }
    keys.token = token;
    let mut wrong = keys.clone();
    wrong.secret = again.secret.clone();
    assert_eq!(
        lab.refusal_signed("/demo", &wrong).await.1,
        "InvalidSignatureException"
    );
    // Kept over a restart; not for ever.
    assert_eq!(lab.get_signed("/demo", &keys).await.status, 200);
    lab.twin
        .app
        .write(|world| world.sessions.values_mut().for_each(sts::Session::expire));
    assert_eq!(
        lab.refusal_signed("/demo", &keys).await,
        refused(
            "ExpiredTokenException",
            "The security token included in the request is expired"
        )
    );
}

#[tokio::test]
async fn a_users_key_calls_what_its_policies_allow() {
    let lab = Lab::signed().await;
    let named = json!({"UserName": "ann"});
    lab.iam("CreateUser", named.clone()).await;
    let key = lab.iam("CreateAccessKey", named).await["AccessKey"].clone();
    let (id, secret) = (text(&key["AccessKeyId"]), text(&key["SecretAccessKey"]));
    let keys = Keys::new(&id, &secret);
    let (status, _, message) = lab.refusal_signed("/demo", &keys).await;
    let arn = format!("arn:aws:iam::{ACCOUNT}:user/ann");
    assert_eq!(status, 403);
    assert!(
        message.starts_with(&format!(
            "User: {arn} is not authorized to perform: execute-api:Invoke"
        )),
        "{message}"
    );
    let statement = json!({"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": lab.arn("dev/GET/demo")});
    let policy = json!({
        "UserName": "ann", "PolicyName": "p", "PolicyDocument": json!({"Statement": statement}).to_string(),
    });
    lab.iam("PutUserPolicy", policy).await;
    let called = lab.get_signed("/demo", &keys).await;
    assert_eq!(called.status, 200, "{called:?}");
    let event: Value = serde_json::from_str(&called.body).unwrap();
    let identity = &event["requestContext"]["identity"];
    assert_eq!(
        (&identity["userArn"], &identity["accessKey"]),
        (&json!(arn), &json!(id))
    );
    assert_eq!(lab.get_signed("/demo/1", &keys).await.status, 403);
    let wrong = lab
        .refusal_signed("/demo", &Keys::new(&id, "another"))
        .await;
    assert_eq!(wrong.1, "InvalidSignatureException");
}
