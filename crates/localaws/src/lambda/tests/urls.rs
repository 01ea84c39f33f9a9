//! Function URLs, as LocalStack's snapshots have recorded them of AWS.

use hyper::{Request, body::Bytes};
use serde_json::{Value, json};

use super::{F, Twin, text};
use crate::lambda::serve_url;

const ECHO: &str = "
def h(event, context):
    import json
    what = event.get('queryStringParameters', {}).get('do')
    if what == 'raise':
        raise ValueError('no good')
    if what == 'made':
        return {'statusCode': 201, 'headers': {'X-One': 1, 'Content-Type': 'text/plain'},
                'cookies': ['a=1', 'b=2'], 'body': 'aGk=', 'isBase64Encoded': True}
    if what == 'body':
        return {'statusCode': 200, 'body': {}}
    if what == 'text':
        return 'hello'
    if what == 'list':
        return ['hello', 3, True]
    return event
";
const FORBIDDEN: &str = r#"{"Message":"Forbidden. For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"}"#;

struct Seen {
    status: u16,
    headers: hyper::HeaderMap,
    body: String,
}

impl Twin {
    /// A function `f` that echoes, with a URL for everyone: the URL's id.
    async fn url(&self, changes: Value) -> String {
        self.function(json!({"Code": {"ZipFile": super::zip(&[("m.py", ECHO)])}}))
            .await;
        let mut input = json!({"FunctionName": "f", "AuthType": "NONE"});
        let changes = changes.as_object().unwrap().clone();
        input.as_object_mut().unwrap().extend(changes);
        let made = self.ok("CreateFunctionUrlConfig", input).await;
        let url = text(&made["FunctionUrl"]);
        let host = url.strip_prefix("https://").unwrap();
        let id = host.strip_suffix(".lambda-url.us-east-1.on.aws/").unwrap();
        assert_eq!(id.len(), 32);
        id.to_owned()
    }

    async fn permit(&self, action: &str, changes: Value) {
        let mut input = json!({
            "FunctionName": "f", "StatementId": action.replace(':', "-"), "Action": action, "Principal": "*",
        });
        let changes = changes.as_object().unwrap().clone();
        input.as_object_mut().unwrap().extend(changes);
        self.ok("AddPermission", input).await;
    }

    async fn open(&self) {
        let public = json!({"FunctionUrlAuthType": "NONE"});
        self.permit("lambda:InvokeFunctionUrl", public).await;
        let via_url = json!({"InvokedViaFunctionUrl": true});
        self.permit("lambda:InvokeFunction", via_url).await;
    }

    async fn visit(&self, line: &str, headers: &[(&str, &str)], body: &str) -> Seen {
        let (method, uri) = line.split_once(' ').unwrap();
        let mut request = Request::builder()
            .method(method)
            .uri(uri)
            .header("host", "127.0.0.1");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Bytes::from(body.to_owned())).unwrap();
        let response = serve_url(&self.app, &request).await.unwrap();
        Seen {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: String::from_utf8(response.body().to_vec()).unwrap(),
        }
    }
}

#[tokio::test]
async fn a_url_is_kept_with_its_function() {
    let twin = Twin::new().await;
    let id = twin.url(json!({})).await;
    let f = json!({"FunctionName": "f"});
    let seen = twin.ok("GetFunctionUrlConfig", f.clone()).await;
    assert_eq!(
        (&seen["FunctionArn"], &seen["AuthType"], &seen["InvokeMode"]),
        (&json!(F), &json!("NONE"), &json!("BUFFERED"))
    );
    assert!(text(&seen["FunctionUrl"]).contains(&id));
    let again = json!({"FunctionName": "f", "AuthType": "NONE"});
    let (code, message) = twin.refused("CreateFunctionUrlConfig", again).await;
    assert_eq!(
        (code.as_str(), message),
        (
            "ResourceConflictException",
            format!(
                "Failed to create function url config for [functionArn = {F}]. Error message:  FunctionUrlConfig exists \
                 for this Lambda function"
            )
        )
    );
    let change = json!({"FunctionName": "f", "AuthType": "AWS_IAM"});
    let updated = twin.ok("UpdateFunctionUrlConfig", change).await;
    assert_eq!(updated["AuthType"], "AWS_IAM");
    assert!(updated.get("InvokeMode").is_none());
    assert_eq!(updated["FunctionUrl"], seen["FunctionUrl"]);
    let listed = twin.ok("ListFunctionUrlConfigs", f.clone()).await;
    assert_eq!(listed["FunctionUrlConfigs"].as_array().unwrap().len(), 1);

    let with = |name: &str, qualifier: &str| json!({"FunctionName": name, "Qualifier": qualifier, "AuthType": "NONE"});
    for (operation, input, message) in [
        (
            "CreateFunctionUrlConfig",
            json!({"FunctionName": "nope", "AuthType": "NONE"}),
            "Function does not exist",
        ),
        (
            "CreateFunctionUrlConfig",
            with("f", "alias"),
            "Function does not exist",
        ),
        (
            "GetFunctionUrlConfig",
            with("f", "alias"),
            "The resource you requested does not exist.",
        ),
        (
            "UpdateFunctionUrlConfig",
            with("nope", "alias"),
            "Function does not exist",
        ),
        (
            "ListFunctionUrlConfigs",
            json!({"FunctionName": "nope"}),
            "Function does not exist",
        ),
        (
            "GetFunctionUrlConfig",
            with("f", "1"),
            "1 validation error detected: Value '1' at 'qualifier' failed to satisfy constraint: Member must satisfy \
             regular expression pattern: ((?!^\\d+$)^[0-9a-zA-Z-_]+$)",
        ),
    ] {
        assert_eq!(
            twin.refused(operation, input.clone()).await.1,
            message,
            "{operation} {input}"
        );
    }
    let stream = json!({"FunctionName": "f", "InvokeMode": "RESPONSE_STREAM"});
    let (code, _) = twin.refused("UpdateFunctionUrlConfig", stream).await;
    assert_eq!(code, "NotImplementedException");
    twin.ok("DeleteFunctionUrlConfig", f.clone()).await;
    let (_, message) = twin.refused("DeleteFunctionUrlConfig", f).await;
    assert_eq!(message, "The resource you requested does not exist.");
    let gone = twin
        .visit(&format!("GET /_lambda-url/{id}/"), &[], "")
        .await;
    assert_eq!(
        (gone.status, gone.body.as_str()),
        (403, r#"{"Message":null}"#)
    );
}

#[tokio::test]
async fn everyone_needs_both_permissions() {
    let twin = Twin::new().await;
    let id = twin.url(json!({})).await;
    let line = format!("GET /_lambda-url/{id}/");
    let forbidden = async || {
        let seen = twin.visit(&line, &[], "").await;
        assert_eq!((seen.status, seen.body.as_str()), (403, FORBIDDEN));
        assert_eq!(seen.headers["x-amzn-errortype"], "AccessDeniedException");
    };
    forbidden().await;
    let signed = json!({"FunctionUrlAuthType": "AWS_IAM", "StatementId": "signed"});
    twin.permit("lambda:InvokeFunctionUrl", signed).await;
    let public = json!({"FunctionUrlAuthType": "NONE"});
    twin.permit(
        "lambda:InvokeFunction",
        json!({"SourceAccount": "111122223333", "StatementId": "account"}),
    )
    .await;
    forbidden().await;
    twin.permit("lambda:InvokeFunctionUrl", public.clone())
        .await;
    forbidden().await;
    let via_url = json!({"InvokedViaFunctionUrl": true});
    twin.permit("lambda:InvokeFunction", via_url).await;
    assert_eq!(twin.visit(&line, &[], "").await.status, 200);
    let policy = twin.ok("GetPolicy", json!({"FunctionName": "f"})).await;
    let policy: Value = serde_json::from_str(policy["Policy"].as_str().unwrap()).unwrap();
    assert_eq!(
        policy["Statement"][2]["Condition"],
        json!({"StringEquals": {"lambda:FunctionUrlAuthType": "NONE"}})
    );
    assert_eq!(
        policy["Statement"][3]["Condition"],
        json!({"Bool": {"lambda:InvokedViaFunctionUrl": "true"}})
    );
    let other = json!({
        "FunctionName": "f", "StatementId": "x", "Action": "lambda:InvokeFunction", "Principal": "*",
        "FunctionUrlAuthType": "NONE",
    });
    assert_eq!(
        twin.refused("AddPermission", other).await.1,
        "FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action"
    );

    // With AWS_IAM, who does not sign is nobody, whatever the policy says.
    let change = json!({"FunctionName": "f", "AuthType": "AWS_IAM"});
    twin.ok("UpdateFunctionUrlConfig", change).await;
    forbidden().await;
}

#[tokio::test]
async fn a_function_sees_the_request_in_format_2() {
    let twin = Twin::new().await;
    let id = twin.url(json!({})).await;
    twin.open().await;
    let line = format!("POST /_lambda-url/{id}/a%20b/?x=1&x=2&y=%20");
    let headers = [
        ("X-Many", "1"),
        ("x-many", "2"),
        ("cookie", "a=1; b=2"),
        ("content-type", "application/json"),
    ];
    let seen = twin.visit(&line, &headers, r#"{"a":1}"#).await;
    let event: Value = serde_json::from_str(&seen.body).unwrap();
    let host = format!("{id}.lambda-url.us-east-1.on.aws");
    for (member, value) in [
        ("version", json!("2.0")),
        ("rawPath", json!("/a%20b/")),
        ("rawQueryString", json!("x=1&x=2&y=%20")),
        ("queryStringParameters", json!({"x": "1,2", "y": " "})),
        ("cookies", json!(["a=1", "b=2"])),
        ("body", json!(r#"{"a":1}"#)),
        ("isBase64Encoded", json!(false)),
    ] {
        assert_eq!(event[member], value, "{member}");
    }
    assert_eq!(
        (&event["headers"]["x-many"], &event["headers"]["host"]),
        (&json!("1,2"), &json!(host))
    );
    let context = &event["requestContext"];
    assert_eq!(
        (
            &context["accountId"],
            &context["apiId"],
            &context["http"]["method"]
        ),
        (&json!("anonymous"), &json!(id), &json!("POST"))
    );
    assert!(context.get("authorizer").is_none());
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let seen = twin.visit(&line, &form, "a=1").await;
    let event: Value = serde_json::from_str(&seen.body).unwrap();
    assert_eq!(
        (&event["body"], &event["isBase64Encoded"]),
        (&json!("YT0x"), &json!(true))
    );
    // By Host, too.
    let host = format!("{id}.lambda-url.localhost");
    let request = Request::builder().uri("/x").header("host", host);
    let request = request.body(Bytes::new()).unwrap();
    let response = serve_url(&twin.app, &request).await.unwrap();
    let event: Value = serde_json::from_slice(response.body()).unwrap();
    assert_eq!(event["rawPath"], "/x");
}

#[tokio::test]
async fn what_a_function_returns_becomes_an_answer() {
    let twin = Twin::new().await;
    let id = twin.url(json!({})).await;
    twin.open().await;
    let json = "application/json";
    for (what, status, kind, body) in [
        ("made", 201, "text/plain", "hi"),
        ("text", 200, json, "hello"),
        ("list", 200, json, r#"["hello",3,true]"#),
        ("raise", 502, json, "Internal Server Error"),
        ("body", 502, json, "Internal Server Error"),
    ] {
        let line = format!("GET /_lambda-url/{id}/?do={what}");
        let seen = twin.visit(&line, &[], "").await;
        assert_eq!(
            (
                seen.status,
                seen.headers["content-type"].to_str().unwrap(),
                seen.body.as_str()
            ),
            (status, kind, body),
            "{what}"
        );
        assert!(seen.headers.contains_key("x-amzn-requestid"));
        if what == "made" {
            assert_eq!(seen.headers["x-one"], "1");
            let cookies: Vec<_> = seen.headers.get_all("set-cookie").iter().collect();
            assert_eq!(cookies, ["a=1", "b=2"]);
        }
    }
}

#[tokio::test]
async fn an_aliases_url_runs_its_version() {
    let twin = Twin::new().await;
    twin.url(json!({})).await;
    twin.ok("PublishVersion", json!({"FunctionName": "f"}))
        .await;
    let alias = json!({"FunctionName": "f", "Name": "live", "FunctionVersion": "1"});
    twin.ok("CreateAlias", alias.clone()).await;
    let url = json!({"FunctionName": "f", "Qualifier": "live", "AuthType": "NONE"});
    let made = twin.ok("CreateFunctionUrlConfig", url.clone()).await;
    assert_eq!(made["FunctionArn"], format!("{F}:live"));
    let id = text(&made["FunctionUrl"]).replace("https://", "");
    let line = format!(
        "GET /_lambda-url/{}/?do=text",
        id.split('.').next().unwrap()
    );
    // The function's own policy is none of the alias.
    twin.open().await;
    assert_eq!(twin.visit(&line, &[], "").await.status, 403);
    let of_alias = json!({"Qualifier": "live", "FunctionUrlAuthType": "NONE"});
    twin.permit("lambda:InvokeFunctionUrl", of_alias).await;
    twin.permit("lambda:InvokeFunction", json!({"Qualifier": "live"}))
        .await;
    assert_eq!(twin.visit(&line, &[], "").await.body, "hello");
    // The URL stays when its alias goes.
    twin.ok("DeleteAlias", alias).await;
    let seen = twin.visit(&line, &[], "").await;
    assert_eq!((seen.status, seen.body.as_str()), (403, FORBIDDEN));
    assert_eq!(
        twin.ok("GetFunctionUrlConfig", url).await["AuthType"],
        "NONE"
    );
}

#[tokio::test]
async fn lambda_answers_for_cors() {
    let twin = Twin::new().await;
    let cors = json!({"Cors": {
        "AllowOrigins": ["https://app.example"], "AllowMethods": ["GET"], "AllowHeaders": ["x-a", "x-b"],
        "ExposeHeaders": ["x-one"], "MaxAge": 60, "AllowCredentials": true,
    }});
    let id = twin.url(cors).await;
    twin.open().await;
    let line = |method: &str| format!("{method} /_lambda-url/{id}/?do=made");
    let asks =
        |origin: &'static str| [("origin", origin), ("access-control-request-method", "GET")];
    let preflight = twin
        .visit(&line("OPTIONS"), &asks("https://app.example"), "")
        .await;
    assert_eq!((preflight.status, preflight.body.as_str()), (200, ""));
    for (name, value) in [
        ("allow-origin", "https://app.example"),
        ("allow-methods", "GET"),
        ("allow-headers", "x-a,x-b"),
        ("allow-credentials", "true"),
        ("max-age", "60"),
    ] {
        assert_eq!(preflight.headers[format!("access-control-{name}")], value);
    }
    let stranger = twin
        .visit(&line("OPTIONS"), &asks("https://evil.example"), "")
        .await;
    assert!(!stranger.headers.contains_key("access-control-allow-origin"));
    let seen = twin
        .visit(&line("GET"), &[("origin", "https://app.example")], "")
        .await;
    assert_eq!(seen.status, 201);
    assert_eq!(
        seen.headers["access-control-allow-origin"],
        "https://app.example"
    );
    assert_eq!(seen.headers["access-control-expose-headers"], "x-one");
}
