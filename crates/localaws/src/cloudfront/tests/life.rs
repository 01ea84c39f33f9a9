//! A distribution from its making to its end.

use super::*;

#[tokio::test]
async fn it_is_made_read_changed_and_deleted() {
    let twin = Twin::new();
    let config = config("abc.execute-api.us-east-1.amazonaws.com");
    let (id, domain) = twin.made(&config).await;
    assert!(
        id.starts_with('E') && domain.ends_with(".cloudfront.net"),
        "{id} {domain}"
    );

    let path = format!("distribution/{id}");
    let got = twin.call("GET", &path, "", "").await;
    assert!(
        got.body
            .contains("<Distribution xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\">")
    );
    assert_eq!(got.element("Status"), "Deployed");
    let etag = got.header("etag").to_owned();
    let read = twin.call("GET", &format!("{path}/config"), "", "").await;
    assert_eq!(read.header("etag"), etag);

    // What was read can be written back, defaults and all.
    let body = read.body.replace(
        "<Enabled>true</Enabled><HttpVersion>",
        "<Enabled>false</Enabled><HttpVersion>",
    );
    assert_ne!(body, read.body);
    let put = format!("{path}/config");
    let refused = |etag: &str| {
        let (twin, put, body, etag) = (&twin, &put, &body, etag.to_owned());
        async move { outcome(&twin.call("PUT", put, &etag, body).await) }
    };
    let missing =
        "400 InvalidIfMatchVersion: The If-Match version is missing or not valid for the resource.";
    assert_eq!(refused("").await, missing);
    assert_eq!(refused("E0").await, missing);
    let enabled = "409 DistributionNotDisabled: The distribution you are trying to delete has not been disabled.";
    assert_eq!(
        outcome(&twin.call("DELETE", &path, &etag, "").await),
        enabled
    );
    let changed = twin.call("PUT", &put, &etag, &body).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    let new = changed.header("etag").to_owned();
    assert_ne!(new, etag);
    assert!(refused(&etag).await.starts_with("412 PreconditionFailed"));
    assert!(
        outcome(&twin.call("DELETE", &path, &etag, "").await).starts_with("412 PreconditionFailed")
    );
    assert_eq!(outcome(&twin.call("DELETE", &path, &new, "").await), "204");
    let gone = "404 NoSuchDistribution: The specified distribution does not exist.";
    assert_eq!(outcome(&twin.call("GET", &path, "", "").await), gone);
    assert_eq!(outcome(&twin.call("DELETE", &path, &new, "").await), gone);
}

#[tokio::test]
async fn a_disabled_one_is_deleted_when_that_is_deployed() {
    let twin = Twin::new();
    let config = config("abc.execute-api.us-east-1.amazonaws.com");
    let (id, _) = twin.made(&config).await;
    twin.deploy_in(3600.0);
    let off = with(&config, [("/Enabled", json!(false))]);
    assert_eq!(twin.update(&id, &off).await, "200");
    let path = format!("distribution/{id}");
    let got = twin.call("GET", &path, "", "").await;
    assert_eq!(got.element("Status"), "InProgress");
    let etag = got.header("etag");
    let refused = outcome(&twin.call("DELETE", &path, etag, "").await);
    assert!(
        refused.starts_with("409 DistributionNotDisabled"),
        "{refused}"
    );
    // What is under way follows the setting.
    twin.deploy_in(0.0);
    assert_eq!(outcome(&twin.call("DELETE", &path, etag, "").await), "204");
}

#[tokio::test]
async fn accounts_can_have_times_of_their_own() {
    let twin = Twin::new();
    let own = json!({"account": ACCOUNT, "deploy_seconds": 3600});
    set(&twin.app, own.to_string().as_bytes()).unwrap();
    twin.deploy_in(0.0);
    let (id, _) = twin
        .made(&config("abc.execute-api.us-east-1.amazonaws.com"))
        .await;
    let got = twin
        .call("GET", &format!("distribution/{id}"), "", "")
        .await;
    assert_eq!(got.element("Status"), "InProgress");
    for bad in [
        "",
        "{}",
        "{\"deploy_seconds\": -1}",
        "{\"deploy_seconds\": 1, \"x\": 1}",
    ] {
        assert!(set(&twin.app, bad.as_bytes()).is_err(), "{bad}");
    }
}

#[tokio::test]
async fn a_caller_reference_makes_one_distribution() {
    let twin = Twin::new();
    let config = config("abc.execute-api.us-east-1.amazonaws.com");
    let (id, _) = twin.made(&config).await;
    assert_eq!(
        twin.create(&config).await,
        format!(
            "409 DistributionAlreadyExists: The caller reference that you are using to create a distribution is \
             associated with another distribution. Already exists: {id}"
        )
    );
    let other = with(&config, [("/CallerReference", json!("other"))]);
    assert_eq!(twin.create(&other).await, "201");
    let refused = twin.update(&id, &other).await;
    assert!(refused.starts_with("400 IllegalUpdate"), "{refused}");
}

#[tokio::test]
async fn tags_and_pages() {
    let twin = Twin::new();
    let base = config("abc.execute-api.us-east-1.amazonaws.com");
    let mut ids = Vec::new();
    for reference in ["a", "b", "c"] {
        let config = with(&base, [("/CallerReference", json!(reference))]);
        let body = format!(
            "<DistributionConfigWithTags>{}{}</DistributionConfigWithTags>",
            xml("DistributionConfig", &config),
            xml(
                "Tags",
                &json!({"Items": [{"Key": "lab", "Value": reference}]})
            )
        );
        let made = twin.call("POST", "distribution?WithTags", "", &body).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let location = made.header("location");
        ids.push(location.rsplit('/').next().unwrap().to_owned());
    }
    ids.sort();
    let first = twin.call("GET", "distribution?MaxItems=2", "", "").await;
    assert_eq!(
        (first.element("IsTruncated"), first.element("NextMarker")),
        ("true", ids[1].as_str())
    );
    let next = format!("distribution?MaxItems=2&Marker={}", ids[1]);
    let second = twin.call("GET", &next, "", "").await;
    assert_eq!(second.element("IsTruncated"), "false");
    assert!(
        second.body.contains(&format!("<Id>{}</Id>", ids[2])) && !second.body.contains(&ids[0])
    );

    let arn = format!(
        "arn%3Aaws%3Acloudfront%3A%3A{ACCOUNT}%3Adistribution%2F{}",
        ids[0]
    );
    let tag = xml("Tags", &json!({"Items": [{"Key": "run", "Value": "Ü 1"}]}));
    let tagging = format!("tagging?Resource={arn}");
    let done = twin
        .call("POST", &format!("{tagging}&Operation=Tag"), "", &tag)
        .await;
    assert_eq!(done.status, 204, "{}", done.body);
    let listed = twin.call("GET", &tagging, "", "").await;
    assert!(
        listed.body.contains("<Key>run</Key><Value>Ü 1</Value>"),
        "{}",
        listed.body
    );
    let keys = xml("TagKeys", &json!({"Items": ["lab"]}));
    let done = twin
        .call("POST", &format!("{tagging}&Operation=Untag"), "", &keys)
        .await;
    assert_eq!(done.status, 204, "{}", done.body);
    let listed = twin.call("GET", &tagging, "", "").await;
    assert!(!listed.body.contains("<Key>lab</Key>"), "{}", listed.body);
    let absent = twin
        .call(
            "GET",
            "tagging?Resource=arn:aws:cloudfront::1:distribution/E",
            "",
            "",
        )
        .await;
    assert!(
        outcome(&absent).starts_with("404 NoSuchResource"),
        "{}",
        absent.body
    );
    let reserved = xml("Tags", &json!({"Items": [{"Key": "AWS:x", "Value": ""}]}));
    let refused = twin
        .call("POST", &format!("{tagging}&Operation=Tag"), "", &reserved)
        .await;
    assert!(
        outcome(&refused).starts_with("400 InvalidTagging"),
        "{}",
        refused.body
    );
}

#[tokio::test]
async fn policies_are_listed() {
    let twin = Twin::new();
    let list = twin
        .call("GET", "cache-policy?Type=managed&MaxItems=3", "", "")
        .await;
    assert_eq!(list.element("NextMarker"), DISABLED);
    assert!(
        list.body
            .ends_with("<Quantity>3</Quantity></CachePolicyList>"),
        "{}",
        list.body
    );
    assert!(
        list.body.contains("<Name>Managed-CachingDisabled</Name>"),
        "{}",
        list.body
    );
    let list = twin
        .call("GET", "origin-request-policy?Type=managed", "", "")
        .await;
    assert!(
        list.body
            .contains("<Name>Managed-AllViewerExceptHostHeader</Name>"),
        "{}",
        list.body
    );
    assert!(
        list.body
            .contains("<HeaderBehavior>allExcept</HeaderBehavior>"),
        "{}",
        list.body
    );
    let none = twin.call("GET", "cache-policy?Type=custom", "", "").await;
    assert_eq!(none.element("Quantity"), "0");
}
