//! What `CloudFront` refuses, and what the twin does not serve.

use super::*;

#[tokio::test]
async fn configs_that_are_refused() {
    let twin = Twin::new();
    let good = config("abc.execute-api.us-east-1.amazonaws.com");
    let header =
        |name: &str| json!({"Quantity": 1, "Items": [{"HeaderName": name, "HeaderValue": "v"}]});
    let methods = |items: Value| {
        let quantity = items.as_array().unwrap().len();
        json!({"Quantity": quantity, "Items": items})
    };
    let geo = |kind: &str, items: Value| {
        let quantity = items.as_array().unwrap().len();
        json!({"GeoRestriction": {"RestrictionType": kind, "Quantity": quantity, "Items": items}})
    };
    let behavior = |name: &str| format!("/DefaultCacheBehavior/{name}");
    let origin = |name: &str| format!("/Origins/Items/0/{name}");
    for (pointer, value, wanted) in [
        (
            "/Comment".to_owned(),
            json!(null),
            "400 MalformedXML: 1 validation error detected: Value null at 'distributionConfig.comment' failed to satisfy constraint: Member must not be null",
        ),
        ("/Enabled".to_owned(), json!("maybe"), "400 MalformedInput"),
        (
            behavior("ViewerProtocolPolicy"),
            json!("none"),
            "400 MalformedXML",
        ),
        (
            "/CallerReference".to_owned(),
            json!(""),
            "400 InvalidArgument",
        ),
        (
            "/Origins/Quantity".to_owned(),
            json!(2),
            "400 InconsistentQuantities: The specified quantity of Origins (2) does not match the actual quantity supplied (1).",
        ),
        (
            "/Comment".to_owned(),
            json!("c".repeat(129)),
            "400 InvalidArgument",
        ),
        (
            behavior("TargetOriginId"),
            json!("other"),
            "404 NoSuchOrigin: One or more of your cache behavior target origins or origin groups do not exist.",
        ),
        (
            behavior("CachePolicyId"),
            json!(null),
            "400 InvalidArgument: The parameter ForwardedValues is required.",
        ),
        (
            behavior("CachePolicyId"),
            json!("none"),
            "404 NoSuchCachePolicy",
        ),
        (
            behavior("OriginRequestPolicyId"),
            json!("none"),
            "404 NoSuchOriginRequestPolicy",
        ),
        (
            behavior("AllowedMethods"),
            methods(json!(["GET"])),
            "400 InvalidArgument",
        ),
        (
            behavior("AllowedMethods"),
            methods(json!(["GET", "POST"])),
            "400 InvalidArgument",
        ),
        (
            origin("DomainName"),
            json!("https://a.b"),
            "400 InvalidArgument: The parameter origin name cannot contain a colon.",
        ),
        (
            origin("DomainName"),
            json!("a/b"),
            "400 InvalidArgument: The parameter origin name must be a domain name.",
        ),
        (origin("OriginPath"), json!("/dev/"), "400 InvalidArgument"),
        (origin("OriginPath"), json!("dev"), "400 InvalidArgument"),
        (
            origin("CustomHeaders"),
            header("Host"),
            "400 InvalidArgument",
        ),
        (
            origin("CustomHeaders"),
            header("X-Amz-Anything"),
            "400 InvalidArgument",
        ),
        (
            origin("CustomHeaders"),
            header("not a name"),
            "400 InvalidArgument",
        ),
        (
            origin("CustomOriginConfig"),
            json!(null),
            "400 InvalidArgument",
        ),
        (
            origin("CustomOriginConfig/HTTPPort"),
            json!(81),
            "400 InvalidArgument",
        ),
        (
            origin("S3OriginConfig"),
            json!({"OriginAccessIdentity": ""}),
            "400 InvalidOrigin",
        ),
        (
            "/Restrictions".to_owned(),
            geo("whitelist", json!(["de"])),
            "400 InvalidLocationCode",
        ),
        (
            "/Restrictions".to_owned(),
            geo("none", json!(["DE"])),
            "400 InvalidGeoRestrictionParameter",
        ),
        (
            "/Aliases".to_owned(),
            methods(json!(["api.example.com"])),
            "400 InvalidViewerCertificate: To add an alternate domain name",
        ),
        (
            "/ViewerCertificate".to_owned(),
            json!({"ACMCertificateArn": "arn:aws:acm:eu-west-1:1:certificate/c", "SSLSupportMethod": "sni-only"}),
            "400 InvalidViewerCertificate: The specified SSL certificate doesn't exist",
        ),
        // AWS has these.
        (
            origin("DomainName"),
            json!("example.com"),
            "501 NotImplementedException: labctl's local AWS does not serve the origin example.com",
        ),
        (
            behavior("ResponseHeadersPolicyId"),
            json!("x"),
            "501 NotImplementedException: labctl's local AWS does not serve DefaultCacheBehavior.ResponseHeadersPolicyId",
        ),
        (
            "/WebACLId".to_owned(),
            json!("arn:aws:wafv2:us-east-1:1:global/webacl/a/b"),
            "400 InvalidWebACLId: Web ACL is not accessible by the requester.",
        ),
    ] {
        let outcome = twin.create(&with(&good, [(&pointer, value.clone())])).await;
        assert!(outcome.starts_with(wanted), "{pointer} {value}: {outcome}");
    }
    assert_eq!(twin.create(&good).await, "201");
}

#[tokio::test]
async fn bodies_that_are_refused() {
    let twin = Twin::new();
    let post = |body: &'static str| {
        let twin = &twin;
        async move { outcome(&twin.call("POST", "distribution", "", body).await) }
    };
    assert!(
        post("<DistributionConfig>")
            .await
            .starts_with("400 MalformedXML: The XML")
    );
    let many = format!(
        "<DistributionConfig>{}</DistributionConfig>",
        "<a/>".repeat(200_000)
    );
    let refused = twin.call("POST", "distribution", "", &many).await;
    assert!(
        outcome(&refused).starts_with("413 RequestEntityTooLarge"),
        "{}",
        refused.status
    );
    // Empty, or something else: no config.
    for body in ["", "<Other/>"] {
        let refused = post(body).await;
        assert!(
            refused.starts_with("400 MalformedXML: 1 validation error"),
            "{body}: {refused}"
        );
    }
    // An empty list is not the same as none.
    let refused = post("<DistributionConfig><Aliases><Quantity>0</Quantity><Items/></Aliases></DistributionConfig>").await;
    assert_eq!(
        refused,
        "400 MalformedInput: Unexpected list element termination"
    );
    let refused = twin.call("GET", "distributionsByWebACLId/x", "", "").await;
    let wanted = "501 NotImplementedException: labctl&apos;s local AWS does not serve CloudFront.ListDistributionsByWebACLId";
    assert_eq!(outcome(&refused).replace('\'', "&apos;"), wanted);
}
