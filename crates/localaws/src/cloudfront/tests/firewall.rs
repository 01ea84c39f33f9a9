//! Distributions behind a web ACL.

use super::*;
use crate::wafv2;

impl Twin {
    fn waf(&self, operation: &str, input: Value) -> Result<Value, String> {
        let call = Call {
            service: Service::Waf,
            operation: operation.to_owned(),
            input,
            account: ACCOUNT.to_owned(),
            caller: None,
            region: "us-east-1".to_owned(),
            request_id: String::new(),
        };
        wafv2::handle(&self.app, &call).map_err(|e| e.code)
    }

    /// The summary of a new web ACL of one rule.
    fn acl(&self, name: &str, scope: &str, action: &str, statement: &Value) -> Value {
        let visibility = json!({"SampledRequestsEnabled": false, "CloudWatchMetricsEnabled": false, "MetricName": "m"});
        let rule = json!({"Name": "r", "Priority": 0, "Action": {action: {}}, "Statement": statement, "VisibilityConfig": visibility});
        let input = json!({"Name": name, "Scope": scope, "DefaultAction": {"Allow": {}}, "Rules": [rule], "VisibilityConfig": visibility});
        self.waf("CreateWebACL", input).unwrap()["Summary"].clone()
    }

    /// The domain name of a distribution behind a web ACL.
    async fn behind(&self, reference: &str, acl: &Value) -> String {
        let api = self.api("hello").await;
        let config = with(
            &config(&api),
            [
                ("/CallerReference", json!(reference)),
                ("/WebACLId", acl["ARN"].clone()),
            ],
        );
        self.made(&config).await.1
    }

    async fn statuses(&self, domain: &str, requests: &[&[(&str, &str)]]) -> Vec<u16> {
        let mut statuses = Vec::new();
        for headers in requests {
            statuses.push(self.view(domain, "/demo", headers).await.status);
        }
        statuses
    }
}

fn rate(more: Value) -> Value {
    let mut statement = json!({"Limit": 10, "AggregateKeyType": "IP"});
    statement
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    json!({ "RateBasedStatement": statement })
}

const NOTHING: &[(&str, &str)] = &[];

#[tokio::test]
async fn who_asks_too_often_is_blocked() {
    let twin = Twin::new();
    let acl = twin.acl("a", "CLOUDFRONT", "Block", &rate(json!({})));
    let domain = twin.behind("a", &acl).await;
    assert_eq!(twin.statuses(&domain, &[NOTHING; 10]).await, [200; 10]);
    let seen = twin.view(&domain, "/demo", NOTHING).await;
    assert_eq!(
        (seen.status, seen.header("x-cache")),
        (403, "Error from cloudfront")
    );
    assert_eq!(
        (seen.header("server"), seen.header("content-type")),
        ("CloudFront", "text/html")
    );
    assert!(seen.body.contains("Request blocked."), "{}", seen.body);
    // What is only counted gets in.
    let counting = twin.acl("b", "CLOUDFRONT", "Count", &rate(json!({})));
    let domain = twin.behind("b", &counting).await;
    assert_eq!(twin.statuses(&domain, &[NOTHING; 12]).await, [200; 12]);
}

#[tokio::test]
async fn requests_are_counted_by_what_the_rule_says() {
    let twin = Twin::new();
    let header = json!({"HeaderName": "X-Forwarded-For", "FallbackBehavior": "MATCH"});
    let by_header = json!({"AggregateKeyType": "FORWARDED_IP", "ForwardedIPConfig": header});
    let acl = twin.acl("a", "CLOUDFRONT", "Block", &rate(by_header));
    let domain = twin.behind("a", &acl).await;
    let from = |address: &'static str| [("x-forwarded-for", address)];
    let one = from("192.0.2.1, 192.0.2.2");
    assert_eq!(
        twin.statuses(&domain, &[&one[..]; 11]).await[9..],
        [200, 403]
    );
    assert_eq!(
        twin.statuses(&domain, &[&from("192.0.2.2")[..], NOTHING])
            .await,
        [200, 200]
    );
    // No address in the header: as the rule says.
    assert_eq!(twin.statuses(&domain, &[&from("nobody")[..]]).await, [403]);

    let german = json!({"GeoMatchStatement": {"CountryCodes": ["DE"]}});
    let constant = json!({"AggregateKeyType": "CONSTANT", "ScopeDownStatement": german});
    let acl = twin.acl("b", "CLOUDFRONT", "Block", &rate(constant));
    let domain = twin.behind("b", &acl).await;
    let de = [("x-localaws-country", "DE")];
    assert_eq!(
        twin.statuses(&domain, &[&de[..]; 11]).await[9..],
        [200, 403]
    );
    assert_eq!(twin.statuses(&domain, &[NOTHING; 12]).await, [200; 12]);
}

#[tokio::test]
async fn countries_and_headers() {
    let twin = Twin::new();
    let german = json!({"GeoMatchStatement": {"CountryCodes": ["DE"]}});
    let secret = json!({"ByteMatchStatement": {
        "SearchString": "c2VjcmV0", "FieldToMatch": {"SingleHeader": {"Name": "X-Secret"}},
        "TextTransformations": [{"Priority": 0, "Type": "LOWERCASE"}], "PositionalConstraint": "CONTAINS",
    }});
    let neither =
        json!({"NotStatement": {"Statement": {"OrStatement": {"Statements": [german, secret]}}}});
    let acl = twin.acl("a", "CLOUDFRONT", "Block", &neither);
    let domain = twin.behind("a", &acl).await;
    let requests: [&[(&str, &str)]; 4] = [
        NOTHING,
        &[("x-localaws-country", "DE")],
        &[("x-localaws-country", "FR"), ("x-secret", "my SECRET")],
        &[("x-localaws-country", "FR")],
    ];
    assert_eq!(
        twin.statuses(&domain, &requests).await,
        [403, 200, 200, 403]
    );
    // Where viewers are unless they say it.
    let place = |setting: Value| set(&twin.app, setting.to_string().as_bytes());
    place(json!({"viewer_country": "DE"})).unwrap();
    assert_eq!(
        twin.statuses(&domain, &requests).await,
        [200, 200, 200, 403]
    );
    place(json!({"viewer_country": "FR", "account": ACCOUNT})).unwrap();
    assert_eq!(twin.statuses(&domain, &[NOTHING]).await, [403]);
    place(json!({"viewer_country": "", "account": "999999999999"})).unwrap();
    place(json!({"viewer_country": "DE", "account": ACCOUNT, "deploy_seconds": 0})).unwrap();
    assert_eq!(twin.statuses(&domain, &[NOTHING]).await, [200]);
    for bad in [
        json!({}),
        json!({"viewer_country": "de"}),
        json!({"viewer_country": "DE", "account": "1"}),
    ] {
        assert!(place(bad.clone()).is_err(), "{bad}");
    }
}

#[tokio::test]
async fn a_web_acl_in_use_stays() {
    let twin = Twin::new();
    let acl = twin.acl("a", "CLOUDFRONT", "Block", &rate(json!({})));
    let regional = twin.acl("a", "REGIONAL", "Block", &rate(json!({})));
    let api = twin.api("hello").await;
    let without = config(&api);
    let protected = |arn: &Value| with(&without, [("/WebACLId", arn.clone())]);
    for bad in [
        &regional["ARN"],
        &acl["Id"],
        &json!("arn:aws:wafv2:us-east-1:111122223333:global/webacl/b/c"),
    ] {
        let outcome = twin.create(&protected(bad)).await;
        assert_eq!(
            outcome, "400 InvalidWebACLId: Web ACL is not accessible by the requester.",
            "{bad}"
        );
    }
    let (id, domain) = twin.made(&protected(&acl["ARN"])).await;
    let delete = || {
        let one = json!({"Name": "a", "Id": acl["Id"], "Scope": "CLOUDFRONT", "LockToken": acl["LockToken"]});
        twin.waf("DeleteWebACL", one)
    };
    assert_eq!(delete(), Err("WAFAssociatedItemException".to_owned()));
    twin.deploy_in(3600.0);
    assert_eq!(twin.update(&id, &without).await, "200");
    // The edges still ask it.
    assert_eq!(delete(), Err("WAFAssociatedItemException".to_owned()));
    assert_eq!(
        twin.statuses(&domain, &[NOTHING; 11]).await[9..],
        [200, 403]
    );
    twin.deploy_in(0.0);
    assert_eq!(twin.statuses(&domain, &[NOTHING]).await, [200]);
    assert_eq!(delete(), Ok(json!({})));
}
