//! Web ACLs from their making to their end.

use super::*;

const GONE: &str = "400 WAFNonexistentItemException: AWS WAF couldn’t perform the operation because your resource \
                    doesn’t exist.";

#[test]
fn made_changed_and_deleted() {
    let twin = Twin::new();
    let tags = json!({"Tags": [{"Key": "lab", "Value": "x"}], "Description": "rate limit"});
    let rules = json!([rule("often", 0, "Block", &rate(100))]);
    let input = with(acl("edge", "CLOUDFRONT", rules.clone()), tags);
    let made = twin.ok("CreateWebACL", input.clone())["Summary"].clone();
    let arn = made["ARN"].as_str().unwrap();
    let id = made["Id"].as_str().unwrap();
    assert_eq!(
        arn,
        format!("arn:aws:wafv2:us-east-1:{ACCOUNT}:global/webacl/edge/{id}")
    );
    assert_eq!(made["Description"], "rate limit");

    let duplicate = twin.refused("CreateWebACL", input);
    assert!(
        duplicate.starts_with("400 WAFDuplicateItemException: "),
        "{duplicate}"
    );
    // The other scope has names of its own.
    let regional = twin.made("edge", "REGIONAL", json!([]));
    assert!(
        regional["ARN"]
            .as_str()
            .unwrap()
            .contains(":regional/webacl/edge/")
    );

    for by in [
        json!({"ARN": arn}),
        json!({"Name": "edge", "Scope": "CLOUDFRONT", "Id": id}),
    ] {
        let got = twin.ok("GetWebACL", by);
        assert_eq!(got["LockToken"], made["LockToken"]);
        let acl = &got["WebACL"];
        assert_eq!((&acl["Rules"], &acl["Capacity"]), (&rules, &json!(2)));
        assert_eq!(
            acl["LabelNamespace"],
            format!("awswaf:{ACCOUNT}:webacl:edge:")
        );
    }
    let listed = twin.ok("ListWebACLs", json!({"Scope": "CLOUDFRONT"}));
    assert_eq!(listed, json!({"WebACLs": [made]}));

    let update = with(
        acl("edge", "CLOUDFRONT", json!([])),
        one(&made, "CLOUDFRONT"),
    );
    let next = twin.ok("UpdateWebACL", update.clone())["NextLockToken"].clone();
    assert_ne!(next, made["LockToken"]);
    let stale = twin.refused("UpdateWebACL", update);
    assert!(
        stale.starts_with("400 WAFOptimisticLockException: "),
        "{stale}"
    );
    let stale = twin.refused("DeleteWebACL", one(&made, "CLOUDFRONT"));
    assert!(
        stale.starts_with("400 WAFOptimisticLockException: "),
        "{stale}"
    );
    // What was left out is gone.
    let got = twin.ok("GetWebACL", json!({"ARN": arn}))["WebACL"].clone();
    assert_eq!(
        (&got["Rules"], &got["Description"]),
        (&json!([]), &Value::Null)
    );

    let current = with(made.clone(), json!({"LockToken": next}));
    let renamed = with(one(&current, "CLOUDFRONT"), json!({"Name": "other"}));
    assert_eq!(twin.refused("DeleteWebACL", renamed), GONE);
    assert_eq!(
        twin.ok("DeleteWebACL", one(&current, "CLOUDFRONT")),
        json!({})
    );
    assert_eq!(
        twin.refused("DeleteWebACL", one(&current, "CLOUDFRONT")),
        GONE
    );
    assert_eq!(twin.refused("GetWebACL", json!({"ARN": arn})), GONE);
    let regional = twin.ok("ListWebACLs", json!({"Scope": "REGIONAL"}));
    assert_eq!(regional["WebACLs"].as_array().unwrap().len(), 1);
}

#[test]
fn what_is_for_cloudfront_is_in_us_east_1() {
    let twin = Twin::new();
    for (operation, input) in [
        ("CreateWebACL", acl("a", "CLOUDFRONT", json!([]))),
        ("ListWebACLs", json!({"Scope": "CLOUDFRONT"})),
    ] {
        let refused = twin.in_region("eu-west-1", operation, input).unwrap_err();
        let wanted = "400 WAFInvalidParameterException: Error reason: The scope is not valid., field: SCOPE_VALUE, \
                      parameter: CLOUDFRONT";
        assert_eq!(refused, wanted);
    }
    let regional = acl("a", "REGIONAL", json!([]));
    let made = twin
        .in_region("eu-west-1", "CreateWebACL", regional)
        .unwrap();
    let arn = &made["Summary"]["ARN"];
    assert!(
        arn.as_str()
            .unwrap()
            .starts_with("arn:aws:wafv2:eu-west-1:"),
        "{arn}"
    );
    assert_eq!(twin.refused("GetWebACL", json!({ "ARN": arn })), GONE);
}

#[test]
fn pages() {
    let twin = Twin::new();
    for name in ["a", "b", "c"] {
        twin.made(name, "REGIONAL", json!([]));
    }
    let page = |marker: &Value| {
        let input = json!({"Scope": "REGIONAL", "Limit": 2, "NextMarker": marker});
        twin.ok("ListWebACLs", input)
    };
    let first = page(&Value::Null);
    let second = page(&first["NextMarker"]);
    let count = |page: &Value| page["WebACLs"].as_array().unwrap().len();
    assert_eq!((count(&first), count(&second)), (2, 1));
    assert_eq!(second["NextMarker"], Value::Null);
    let refused = twin.refused(
        "ListWebACLs",
        json!({"Scope": "REGIONAL", "NextMarker": "§"}),
    );
    assert!(
        refused.starts_with("400 WAFInvalidParameterException"),
        "{refused}"
    );
}

#[test]
fn tags() {
    let twin = Twin::new();
    let arn = twin.made("a", "CLOUDFRONT", json!([]))["ARN"].clone();
    let of = |more: Value| with(json!({ "ResourceARN": arn }), more);
    let listed = || twin.ok("ListTagsForResource", of(json!({})))["TagInfoForResource"].clone();
    assert_eq!(listed(), json!({ "ResourceARN": arn }));
    let tag = |key: &str, value: &str| json!({"Key": key, "Value": value});
    twin.ok(
        "TagResource",
        of(json!({"Tags": [tag("a", "1"), tag("b", "2")]})),
    );
    twin.ok("UntagResource", of(json!({"TagKeys": ["b", "c"]})));
    assert_eq!(listed()["TagList"], json!([tag("a", "1")]));
    let own = twin.refused("TagResource", of(json!({"Tags": [tag("aws:a", "1")]})));
    assert!(own.starts_with("400 WAFInvalidParameterException"), "{own}");
    let gone = arn.as_str().unwrap().replace("/a/", "/b/");
    assert_eq!(
        twin.refused("ListTagsForResource", json!({ "ResourceARN": gone })),
        GONE
    );
    for bad in [
        "arn:aws:wafv2:us-east-1:1:global/webacl/a/b",
        "nothing at all, but long",
    ] {
        let refused = twin.refused("TagResource", json!({"ResourceARN": bad, "Tags": []}));
        assert!(refused.contains("field: RESOURCE_ARN"), "{refused}");
    }
    let tagged = twin.app.read(|world| {
        let state = &world.accounts[ACCOUNT].regions["us-east-1"].wafv2;
        state.tagged(ACCOUNT, "us-east-1")
    });
    assert_eq!(
        tagged,
        [(
            arn.as_str().unwrap().to_owned(),
            [("a".to_owned(), "1".to_owned())].into()
        )]
    );
}

#[test]
fn the_quota_of_web_acls() {
    let twin = Twin::new();
    let quota = |setting: Value| set(&twin.app, setting.to_string().as_bytes());
    assert_eq!(super::super::show(&twin.app), json!({"web_acls": 100}));
    quota(json!({"web_acls": 1, "account": ACCOUNT})).unwrap();
    twin.made("a", "CLOUDFRONT", json!([]));
    let full = twin.refused("CreateWebACL", acl("b", "CLOUDFRONT", json!([])));
    let wanted = "400 WAFLimitsExceededException: AWS WAF couldn’t perform the operation because you exceeded your \
                  resource limit.";
    assert_eq!(full, wanted);
    // Each scope and region has its own.
    twin.made("b", "REGIONAL", json!([]));
    let elsewhere = acl("b", "REGIONAL", json!([]));
    twin.in_region("eu-west-1", "CreateWebACL", elsewhere)
        .unwrap();
    quota(json!({"web_acls": 0})).unwrap();
    assert_eq!(super::super::show(&twin.app), json!({"web_acls": 0}));
    quota(json!({"web_acls": 2, "account": ACCOUNT})).unwrap();
    twin.made("b", "CLOUDFRONT", json!([]));
    for bad in [
        json!({}),
        json!({"web_acls": -1}),
        json!({"web_acls": 1, "account": "1"}),
        json!({"web_acl": 1}),
    ] {
        assert!(quota(bad.clone()).is_err(), "{bad}");
    }
}
