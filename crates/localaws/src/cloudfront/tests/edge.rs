//! Viewers at the edge.

use super::*;

const NOTHING: &[(&str, &str)] = &[];

/// What `dev/demo` answers through a distribution with this config.
async fn through(policies: [(&str, Value); 2]) -> (Twin, String, String) {
    let twin = Twin::new();
    let api = twin.api("hello").await;
    let (_, domain) = twin.made(&with(&config(&api), policies)).await;
    (twin, api, domain)
}

fn policies(cache: &str, request: Option<&str>) -> [(&'static str, Value); 2] {
    [
        ("/DefaultCacheBehavior/CachePolicyId", json!(cache)),
        (
            "/DefaultCacheBehavior/OriginRequestPolicyId",
            json!(request),
        ),
    ]
}

#[tokio::test]
async fn it_routes_to_its_api() {
    let (twin, api, domain) = through(policies(DISABLED, Some(EXCEPT_HOST))).await;
    let seen = twin.view(&domain, "/demo?a=b", NOTHING).await;
    assert_eq!((seen.status, seen.body.as_str()), (200, "hello"));
    assert_eq!(seen.header("x-cache"), "Miss from cloudfront");
    assert!(seen.header("via").ends_with(".cloudfront.net (CloudFront)"));
    assert!(!seen.header("x-amz-cf-id").is_empty() && !seen.header("x-amz-cf-pop").is_empty());
    assert!(!seen.header("x-amzn-requestid").is_empty());

    let label = domain.split('.').next().unwrap();
    for (host, path) in [
        (
            format!("{label}.cloudfront.localhost:4588"),
            "/demo".to_owned(),
        ),
        (
            "127.0.0.1:4588".to_owned(),
            format!("/_cloudfront/{domain}/demo"),
        ),
        (
            "127.0.0.1:4588".to_owned(),
            format!("/_cloudfront/{label}/demo"),
        ),
    ] {
        let seen = twin.view(&host, &path, NOTHING).await;
        assert_eq!(
            (seen.status, seen.body.as_str()),
            (200, "hello"),
            "{host}{path}"
        );
    }
    // What the API refuses is passed on.
    let seen = twin.view(&domain, "/other", NOTHING).await;
    assert_eq!(seen.status, 403);
    assert!(
        seen.body.contains("Missing Authentication Token"),
        "{}",
        seen.body
    );
    assert_eq!(seen.header("x-cache"), "Error from cloudfront");
    assert!(api.contains(".execute-api."));
}

#[tokio::test]
async fn who_passes_on_the_host_header_is_refused_by_the_api() {
    let (twin, _, domain) = through(policies(DISABLED, Some(ALL_VIEWER))).await;
    let path = format!("/_cloudfront/{domain}/demo");
    for (host, path) in [
        (domain.as_str(), "/demo"),
        ("127.0.0.1:4588", path.as_str()),
    ] {
        let seen = twin.view(host, path, NOTHING).await;
        assert_eq!(
            (seen.status, seen.body.as_str()),
            (403, r#"{"message":"Forbidden"}"#)
        );
        assert_eq!(seen.header("x-amzn-errortype"), "ForbiddenException");
        assert_eq!(seen.header("x-cache"), "Error from cloudfront");
    }
    // An API by path is no way around it.
    let seen = twin.view(&domain, "/_api/x", NOTHING).await;
    assert_eq!(seen.status, 403);
}

#[tokio::test]
async fn an_api_whose_answers_are_cached_does_not_change() {
    let (twin, api, domain) = through(policies(OPTIMIZED, None)).await;
    let first = twin.view(&domain, "/demo", NOTHING).await;
    assert_eq!(
        (first.body.as_str(), first.header("x-cache")),
        ("hello", "Miss from cloudfront")
    );

    let id = api.split('.').next().unwrap();
    let resources = twin.gateway("GetResources", json!({"restApiId": id})).await;
    let mut resources = resources["items"].as_array().unwrap().iter();
    let demo = resources.find(|r| r["path"] == "/demo").unwrap()["id"].clone();
    let again = json!({"restApiId": id, "resourceId": demo, "httpMethod": "GET", "statusCode": "200",
                       "responseTemplates": {"application/json": "changed"}});
    twin.gateway("PutIntegrationResponse", again).await;
    twin.gateway(
        "CreateDeployment",
        json!({"restApiId": id, "stageName": "dev"}),
    )
    .await;

    // Whatever the query and the token: the key is the path.
    let cached = twin
        .view(&domain, "/demo?x=1", &[("authorization", "someone")])
        .await;
    assert_eq!(
        (cached.body.as_str(), cached.header("x-cache")),
        ("hello", "Hit from cloudfront")
    );
    assert!(!cached.header("age").is_empty());
    let posted = twin.send("POST", &domain, "/demo", NOTHING).await;
    assert_eq!(posted.status, 403, "only GET and HEAD are allowed");

    let id = twin.app.read(|world| {
        let all = &world.accounts[ACCOUNT].cloudfront.distributions;
        all.keys().next().unwrap().clone()
    });
    let path = format!("distribution/{id}/invalidation");
    let batch = |paths: Value| {
        let quantity = paths.as_array().unwrap().len();
        let batch =
            json!({"CallerReference": "i", "Paths": {"Quantity": quantity, "Items": paths}});
        xml("InvalidationBatch", &batch)
    };
    let refused = twin.call("POST", &path, "", &batch(json!(["demo"]))).await;
    assert!(
        outcome(&refused).starts_with("400 InvalidArgument"),
        "{}",
        refused.body
    );
    let made = twin.call("POST", &path, "", &batch(json!(["/de*"]))).await;
    assert_eq!((made.status, made.element("Status")), (201, "Completed"));
    let got = made
        .header("location")
        .rsplit_once("/2020-05-31/")
        .unwrap()
        .1
        .to_owned();
    assert_eq!(
        twin.call("GET", &got, "", "").await.element("Status"),
        "Completed"
    );
    let other = twin
        .call("POST", &path, "", &batch(json!(["/other"])))
        .await;
    assert!(
        outcome(&other).starts_with("400 InvalidArgument"),
        "{}",
        other.body
    );
    let fresh = twin.view(&domain, "/demo", NOTHING).await;
    assert_eq!(fresh.body, "changed");
}

#[tokio::test]
async fn edges_serve_what_was_before_until_a_change_is_deployed() {
    let twin = Twin::new();
    let api = twin.api("hello").await;
    twin.deploy_in(3600.0);
    let config = config(&api);
    let (id, domain) = twin.made(&config).await;
    let seen = twin.view(&domain, "/demo", NOTHING).await;
    assert_eq!(
        (seen.status, seen.header("x-cache")),
        (403, "Error from cloudfront")
    );
    assert!(
        seen.body.contains("The request could not be satisfied"),
        "{}",
        seen.body
    );
    twin.deploy_in(0.0);
    assert_eq!(twin.view(&domain, "/demo", NOTHING).await.status, 200);

    twin.deploy_in(3600.0);
    let off = with(&config, [("/Enabled", json!(false))]);
    assert_eq!(twin.update(&id, &off).await, "200");
    assert_eq!(twin.view(&domain, "/demo", NOTHING).await.status, 200);
    // A second change before the first is deployed.
    let elsewhere = with(&off, [("/Origins/Items/0/OriginPath", json!("/other"))]);
    assert_eq!(twin.update(&id, &elsewhere).await, "200");
    assert_eq!(twin.view(&domain, "/demo", NOTHING).await.status, 200);
    twin.deploy_in(0.0);
    let seen = twin.view(&domain, "/demo", NOTHING).await;
    assert_eq!(seen.status, 403);
    assert!(seen.body.contains("Bad request"), "{}", seen.body);
    let unknown = twin.view("dnobody.cloudfront.net", "/", NOTHING).await;
    assert_eq!(unknown.status, 403);
}

#[tokio::test]
async fn plain_http_is_redirected_or_refused() {
    let twin = Twin::new();
    let api = twin.api("hello").await;
    let policy = "/DefaultCacheBehavior/ViewerProtocolPolicy";
    let (id, domain) = twin.made(&config(&api)).await;
    let plain = &[("x-forwarded-proto", "http")];
    assert_eq!(twin.view(&domain, "/demo", plain).await.status, 403);
    assert_eq!(twin.view(&domain, "/demo", NOTHING).await.status, 200);
    let redirecting = with(&config(&api), [(policy, json!("redirect-to-https"))]);
    twin.update(&id, &redirecting).await;
    let seen = twin.view(&domain, "/demo?a=1", plain).await;
    assert_eq!(
        (seen.status, seen.header("location")),
        (301, format!("https://{domain}/demo?a=1").as_str())
    );
    assert_eq!(seen.header("x-cache"), "Redirect from cloudfront");
    assert_eq!(twin.send("POST", &domain, "/demo", plain).await.status, 307);
    twin.update(&id, &with(&config(&api), [(policy, json!("allow-all"))]))
        .await;
    assert_eq!(twin.view(&domain, "/demo", plain).await.status, 200);
}

#[tokio::test]
async fn behaviours_methods_roots_and_countries() {
    let twin = Twin::new();
    let api = twin.api("hello").await;
    let all = json!({"Quantity": 7, "Items": ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"]});
    let writing = json!({"Quantity": 1, "Items": [{
        "PathPattern": "/de*", "TargetOriginId": "api", "ViewerProtocolPolicy": "https-only",
        "AllowedMethods": all, "CachePolicyId": DISABLED, "OriginRequestPolicyId": EXCEPT_HOST,
    }]});
    let geo =
        json!({"GeoRestriction": {"RestrictionType": "whitelist", "Quantity": 1, "Items": ["DE"]}});
    let config = with(
        &config(&api),
        [
            ("/CacheBehaviors", writing),
            ("/DefaultRootObject", json!("demo")),
            ("/Restrictions", geo),
        ],
    );
    let (_, domain) = twin.made(&config).await;
    assert_eq!(
        twin.send("POST", &domain, "/demo", NOTHING).await.status,
        200
    );
    let refused = twin.send("POST", &domain, "/other", NOTHING).await;
    assert_eq!(refused.status, 403);
    assert!(
        refused.body.contains("supports only cachable requests"),
        "{}",
        refused.body
    );
    let root = twin.view(&domain, "/", NOTHING).await;
    assert_eq!((root.status, root.body.as_str()), (200, "hello"));
    assert_eq!(
        twin.view(&domain, "/demo", &[("x-localaws-country", "DE")])
            .await
            .status,
        200
    );
    let blocked = twin
        .view(&domain, "/demo", &[("x-localaws-country", "FR")])
        .await;
    assert_eq!(blocked.status, 403);
    assert!(
        blocked.body.contains("block access from your country"),
        "{}",
        blocked.body
    );
    let head = twin.send("HEAD", &domain, "/demo", NOTHING).await;
    assert_eq!(head.body, "");
}
