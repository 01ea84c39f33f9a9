//! Requests as on API Gateway: routes by method, paths as they were sent, hops, sizes.

use serde_json::{Value, json};

use super::{Twin, lab::Lab, merged, patch, text};

#[tokio::test]
async fn a_route_without_the_method_gives_way() {
    let twin = Twin::new();
    let api = twin.api().await;
    let under = twin.resource(&api.id, &api.demo, "any").await;
    let greedy = twin.resource(&api.id, &api.root, "{proxy+}").await;
    twin.mock(&api, &api.demo, "POST", "fixed", json!({})).await;
    twin.mock(&api, &under, "ANY", "under", json!({})).await;
    twin.mock(&api, &greedy, "OPTIONS", "greedy", json!({}))
        .await;
    twin.deploy(&api).await;
    for (method, path, expected) in [
        ("POST", "/demo", Some("fixed")),
        ("OPTIONS", "/demo", Some("greedy")),
        ("OPTIONS", "/demo/any", Some("under")),
        ("GET", "/demo/any", Some("under")),
        ("OPTIONS", "/demo/other", Some("greedy")),
        ("GET", "/demo", None),
        ("POST", "/other", None),
    ] {
        let uri = format!("/_api/{}/dev{path}", api.id);
        let json = [("content-type", "application/json")];
        let seen = twin.send(method, &uri, &json, "{}").await.unwrap();
        let body = (seen.status == 200).then_some(seen.body.as_str());
        assert_eq!(body, expected, "{method} {path}");
    }
}

/// A lab with a greedy route, and one beside it.
async fn lab() -> Lab {
    let lab = Lab::open().await;
    lab.let_in("*").await;
    let greedy = lab
        .twin
        .resource(&lab.api.id, &lab.api.root, "{proxy+}")
        .await;
    lab.integrate(&greedy, "ANY", json!({})).await;
    lab.twin.deploy(&lab.api).await;
    lab
}

#[tokio::test]
async fn paths_are_passed_on_as_they_were_sent() {
    let lab = lab().await;
    for (sent, resource, path, proxy) in [
        ("/value", "/{proxy+}", "/value", Some("value")),
        ("/value/", "/{proxy+}", "/value/", Some("value")),
        ("/a//b", "/{proxy+}", "/a//b", Some("a//b")),
        ("//value", "/{proxy+}", "/value", Some("value")),
        ("///value", "/{proxy+}", "/value", Some("value")),
        ("//demo", "/demo", "/demo", None),
        (
            "/u/a%2Bb@example.com/c+d",
            "/{proxy+}",
            "/u/a%2Bb@example.com/c+d",
            Some("u/a%2Bb@example.com/c+d"),
        ),
        ("/a%20b%2Fc", "/{proxy+}", "/a%20b%2Fc", Some("a%20b%2Fc")),
    ] {
        let event = lab.event("GET", sent, &[], "").await;
        let seen = (
            text(&event["resource"]),
            text(&event["path"]),
            event["pathParameters"]["proxy"].as_str(),
            text(&event["requestContext"]["path"]),
        );
        let context = format!("/dev{sent}");
        assert_eq!(
            seen,
            (resource.to_owned(), path.to_owned(), proxy, context),
            "{sent}"
        );
    }
}

#[tokio::test]
async fn hops_are_added_to_those_before() {
    let lab = lab().await;
    let own = |event: &Value| {
        let names = event["headers"].as_object().unwrap().keys();
        let own = names.filter(|name| name.starts_with("CloudFront-") || *name == "Via");
        own.cloned().collect::<Vec<_>>()
    };
    let given = [
        ("x-forwarded-for", "192.0.2.1"),
        ("X-Forwarded-For", "192.0.2.2"),
    ];
    let edge = lab.event("GET", "/a", &given, "").await;
    assert_eq!(
        edge["headers"]["X-Forwarded-For"],
        "192.0.2.1, 192.0.2.2, 127.0.0.1, 127.0.0.1"
    );
    assert_eq!(
        own(&edge),
        [
            "CloudFront-Forwarded-Proto",
            "CloudFront-Is-Desktop-Viewer",
            "CloudFront-Is-Mobile-Viewer",
            "CloudFront-Is-SmartTV-Viewer",
            "CloudFront-Is-Tablet-Viewer",
            "Via"
        ]
    );
    let answer = lab.send("GET", "/a", &[], "").await;
    assert_eq!(answer.headers["x-cache"], "Miss from cloudfront");
    for name in ["via", "x-amz-cf-id", "x-amz-cf-pop"] {
        assert!(answer.headers.contains_key(name), "{name}");
    }
    let by = lab.event("GET", "/a", &[("via", "1.1 proxy")], "").await;
    let via = text(&by["headers"]["Via"]);
    assert!(
        via.starts_with("1.1 proxy, 1.1 ") && via.ends_with(".cloudfront.net (CloudFront)"),
        "{via}"
    );

    let patches = [patch(
        "replace",
        "/endpointConfiguration/types/EDGE",
        "REGIONAL",
    )];
    let input = json!({"restApiId": lab.api.id, "patchOperations": patches});
    lab.twin.ok("UpdateRestApi", input).await;
    lab.twin.deploy(&lab.api).await;
    let regional = lab.event("GET", "/a", &given, "").await;
    let hops = "192.0.2.1, 192.0.2.2, 127.0.0.1";
    assert_eq!(regional["headers"]["X-Forwarded-For"], hops);
    assert_eq!(
        regional["multiValueHeaders"]["X-Forwarded-For"],
        json!([hops])
    );
    assert_eq!(own(&regional), Vec::<String>::new());
    let answer = lab.send("GET", "/a", &[], "").await;
    assert!(!answer.headers.contains_key("x-cache"), "{answer:?}");
    let alone = lab.event("GET", "/a", &[], "").await;
    assert_eq!(alone["headers"]["X-Forwarded-For"], "127.0.0.1");
}

#[tokio::test]
async fn large_requests_are_refused_before_any_api_is_looked_at() {
    let twin = Twin::new();
    let api = twin.api().await;
    twin.mock(&api, &api.demo, "ANY", "hello", json!({})).await;
    // No answer of the API's own replaces these.
    let own = merged(
        &json!({"restApiId": api.id, "responseType": "REQUEST_TOO_LARGE"}),
        json!({"responseTemplates": {"application/json": "mine"}}),
    );
    twin.ok("PutGatewayResponse", own).await;
    twin.deploy(&api).await;
    let uri = format!("/_api/{}/dev/demo", api.id);
    let send = |method: &'static str, uri: String, header: usize, body: usize| {
        let twin = &twin;
        async move {
            let json = ("content-type", "application/json");
            let value = "a".repeat(header);
            let body = " ".repeat(body);
            let seen = twin.send(method, &uri, &[json, ("x", &value)], &body).await;
            let seen = seen.unwrap();
            let kind = seen.headers["content-type"].to_str().unwrap().to_owned();
            (seen.status, kind, seen.body)
        }
    };
    let hello = (200, "application/json".to_owned(), "hello".to_owned());
    let refused = |text: &str| (413, "text/plain".to_owned(), text.to_owned());
    let head = refused("HTTP header is larger than 10240 bytes.");
    // The request line, the content type, and the rest for one header.
    let left = 10_240 - "GET /dev/demo HTTP/1.1".len() - "application/json".len();
    assert_eq!(send("GET", uri.clone(), left, 0).await, hello);
    assert_eq!(send("GET", uri.clone(), left + 1, 0).await, head);
    let query = format!("{uri}?q={}", "a".repeat(10_240));
    assert_eq!(send("GET", query, 0, 0).await, head);
    let most = 10 << 20;
    let body = refused("HTTP content length exceeded 10485760 bytes.");
    assert_eq!(send("POST", uri.clone(), 0, most).await, hello);
    assert_eq!(send("POST", uri.clone(), 0, most + 1).await, body);
    let absent = "/_api/absent/dev/demo".to_owned();
    assert_eq!(send("POST", absent, 0, most + 1).await, body);
}
