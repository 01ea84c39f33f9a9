//! Identity pools, their roles and tags.

use super::*;

#[tokio::test]
async fn pools_come_and_go() {
    let twin = Twin::new();
    let users = twin.users().await;
    let id = twin
        .identity_pool(&users, json!({"IdentityPoolTags": {"lab": "x"}}))
        .await;
    assert!(id.starts_with("us-east-1:"), "{id}");
    let one = json!({"IdentityPoolId": id});
    let shown = twin.ok("DescribeIdentityPool", one.clone()).await;
    assert_eq!(
        shown["CognitoIdentityProviders"][0]["ServerSideTokenCheck"],
        false
    );
    assert_eq!(shown["IdentityPoolTags"], json!({"lab": "x"}));

    let update = json!({"IdentityPoolId": id, "IdentityPoolName": "j", "AllowUnauthenticatedIdentities": true});
    let updated = twin.ok("UpdateIdentityPool", update).await;
    assert_eq!(updated["IdentityPoolName"], "j");
    assert!(
        updated.get("CognitoIdentityProviders").is_none(),
        "all is replaced: {updated}"
    );

    let other = twin.identity_pool(&users, json!({})).await;
    let page = twin.ok("ListIdentityPools", json!({"MaxResults": 1})).await;
    let next = json!({"MaxResults": 1, "NextToken": page["NextToken"]});
    let last = twin.ok("ListIdentityPools", next).await;
    let mut ids = [&page, &last].map(|page| text(&page["IdentityPools"][0]["IdentityPoolId"]));
    ids.sort();
    let mut wanted = [id.clone(), other];
    wanted.sort();
    assert_eq!(ids, wanted);
    assert!(last.get("NextToken").is_none());

    twin.ok("DeleteIdentityPool", one.clone()).await;
    let gone = format!("400 ResourceNotFoundException: IdentityPool '{id}' not found.");
    for operation in [
        "DeleteIdentityPool",
        "DescribeIdentityPool",
        "GetIdentityPoolRoles",
        "GetId",
    ] {
        assert_eq!(
            twin.refused(operation, one.clone()).await,
            gone,
            "{operation}"
        );
    }
}

#[tokio::test]
async fn roles_and_tags() {
    let twin = Twin::new();
    let users = twin.users().await;
    let id = twin.identity_pool(&users, json!({})).await;
    let one = json!({"IdentityPoolId": id});
    let none = twin.ok("GetIdentityPoolRoles", one.clone()).await;
    assert_eq!(none, one);
    let arn = "arn:aws:iam::111122223333:role/r";
    let roles = json!({"IdentityPoolId": id, "Roles": {"authenticated": arn}});
    twin.ok("SetIdentityPoolRoles", roles.clone()).await;
    assert_eq!(twin.ok("GetIdentityPoolRoles", one).await, roles);
    let bad =
        json!({"IdentityPoolId": id, "Roles": {"authenticated": "arn:aws:iam::1:user/somebody"}});
    let refused = twin.refused("SetIdentityPoolRoles", bad).await;
    assert!(
        refused.starts_with("400 InvalidParameterException"),
        "{refused}"
    );

    let resource = format!("arn:aws:cognito-identity:us-east-1:{ACCOUNT}:identitypool/{id}");
    let with = |more: Value| {
        let mut input = json!({"ResourceArn": resource});
        input
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        input
    };
    twin.ok("TagResource", with(json!({"Tags": {"a": "1", "b": "2"}})))
        .await;
    twin.ok("UntagResource", with(json!({"TagKeys": ["a"]})))
        .await;
    let tags = twin.ok("ListTagsForResource", with(json!({}))).await;
    assert_eq!(tags, json!({"Tags": {"b": "2"}}));
    let refused = twin
        .refused("TagResource", with(json!({"Tags": {"aws:a": "1"}})))
        .await;
    assert!(
        refused.starts_with("400 InvalidParameterException"),
        "{refused}"
    );
    let elsewhere =
        json!({"ResourceArn": resource.replace("us-east-1:1", "eu-west-1:1"), "Tags": {}});
    let refused = twin.refused("TagResource", elsewhere).await;
    assert!(
        refused.starts_with("400 ResourceNotFoundException"),
        "{refused}"
    );
    let tagged = twin.app.read(|world| {
        let state = &world.accounts[ACCOUNT].regions["us-east-1"];
        state.cognito_identity.tagged(ACCOUNT, "us-east-1")
    });
    assert_eq!(tagged[0].0, resource);
}

#[tokio::test]
async fn what_is_not_served_is_named() {
    let twin = Twin::new();
    let users = twin.users().await;
    let base = json!({"IdentityPoolName": "i", "AllowUnauthenticatedIdentities": false});
    for (member, value) in [
        (
            "SupportedLoginProviders",
            json!({"graph.facebook.com": "1"}),
        ),
        ("DeveloperProviderName", json!("login.example")),
        (
            "SamlProviderARNs",
            json!(["arn:aws:iam::111122223333:saml-provider/p"]),
        ),
    ] {
        let mut input = base.clone();
        input[member] = value;
        let refused = twin.refused("CreateIdentityPool", input).await;
        assert!(
            refused.starts_with("501 ") && refused.contains(member),
            "{refused}"
        );
    }
    let mut odd = base;
    odd["CognitoIdentityProviders"] =
        json!([{"ProviderName": users.pool, "ClientId": users.client}]);
    let refused = twin.refused("CreateIdentityPool", odd).await;
    assert!(
        refused.starts_with("400 InvalidParameterException"),
        "{refused}"
    );
}
