//! What WAF refuses in a web ACL, and what the twin does not serve.

use super::*;

const INVALID: &str = "400 WAFInvalidParameterException: Error reason: ";
const UNSERVED: &str = "501 NotImplementedException: labctl's local AWS does not serve ";

fn not(statement: &Value) -> Value {
    json!({"NotStatement": {"Statement": statement}})
}

fn rate_with(more: Value) -> Value {
    let statement = with(json!({"Limit": 10, "AggregateKeyType": "IP"}), more);
    json!({ "RateBasedStatement": statement })
}

fn bytes_with(more: Value) -> Value {
    let statement = secret()["ByteMatchStatement"].clone();
    json!({"ByteMatchStatement": with(statement, more)})
}

#[test]
fn statements() {
    let twin = Twin::new();
    let geo = json!({"GeoMatchStatement": {"CountryCodes": ["DE"]}});
    let header = json!({"HeaderName": "X-Forwarded-For", "FallbackBehavior": "MATCH"});
    for good in [
        secret(),
        rate(10),
        not(&geo),
        json!({"AndStatement": {"Statements": [secret(), not(&geo)]}}),
        rate_with(json!({"EvaluationWindowSec": 60, "ScopeDownStatement": geo})),
        rate_with(json!({"AggregateKeyType": "CONSTANT", "ScopeDownStatement": secret()})),
        rate_with(json!({"AggregateKeyType": "FORWARDED_IP", "ForwardedIPConfig": header})),
    ] {
        let rules = json!([rule("r", 0, "Count", &good)]);
        let made = twin.made("good", "REGIONAL", rules);
        twin.ok("DeleteWebACL", one(&made, "REGIONAL"));
    }
    for (bad, wanted) in [
        (json!({}), format!("{INVALID}Your statement has no value")),
        (
            with(secret(), geo.clone()),
            format!(
                "{INVALID}Your statement has multiple values set for a field that requires exactly one value., field: STATEMENT"
            ),
        ),
        (
            not(&rate(10)),
            format!("{INVALID}A rate-based statement can't be nested"),
        ),
        (
            json!({"OrStatement": {"Statements": [geo]}}),
            format!("{INVALID}A logical statement needs"),
        ),
        (
            json!({"GeoMatchStatement": {}}),
            format!("{INVALID}You haven't set a value"),
        ),
        (
            json!({"GeoMatchStatement": {"CountryCodes": ["DE"], "ForwardedIPConfig": header}}),
            format!("{UNSERVED}ForwardedIPConfig of GeoMatchStatement"),
        ),
        (
            rate_with(json!({"EvaluationWindowSec": 61})),
            format!("{INVALID}The evaluation window"),
        ),
        (
            rate_with(json!({"AggregateKeyType": "CONSTANT"})),
            format!("{INVALID}The key CONSTANT"),
        ),
        (
            rate_with(json!({"AggregateKeyType": "FORWARDED_IP"})),
            format!("{INVALID}A forwarded IP"),
        ),
        (
            rate_with(json!({ "ForwardedIPConfig": header })),
            format!("{INVALID}A forwarded IP"),
        ),
        (
            rate_with(json!({"AggregateKeyType": "CUSTOM_KEYS"})),
            format!("{UNSERVED}CustomKeys"),
        ),
        (
            bytes_with(json!({"SearchString": ""})),
            format!("{INVALID}The search string"),
        ),
        (
            bytes_with(json!({"SearchString": "YWFh".repeat(67)})),
            format!("{INVALID}The search string"),
        ),
        (
            bytes_with(json!({"FieldToMatch": {"UriPath": {}}})),
            format!("{UNSERVED}the field UriPath of web ACLs"),
        ),
        (
            bytes_with(json!({"FieldToMatch": {"SingleHeader": {"Name": "a b"}}})),
            format!("{INVALID}The parameter"),
        ),
        (
            bytes_with(json!({"TextTransformations": [{"Priority": 0, "Type": "MD5"}]})),
            format!("{UNSERVED}the text transformation MD5"),
        ),
        (
            json!({"ManagedRuleGroupStatement": {"VendorName": "AWS", "Name": "x"}}),
            format!("{UNSERVED}ManagedRuleGroupStatement of web ACLs"),
        ),
    ] {
        let refused = twin.refused(
            "CreateWebACL",
            acl("a", "REGIONAL", json!([rule("r", 0, "Block", &bad)])),
        );
        assert!(refused.starts_with(&wanted), "{bad}: {refused}");
    }
    assert_eq!(
        twin.ok("ListWebACLs", json!({"Scope": "REGIONAL"})),
        json!({"WebACLs": []})
    );
}

#[test]
fn rules_and_actions() {
    let twin = Twin::new();
    let good = rule("r", 0, "Block", &secret());
    let custom = json!({"Block": {"CustomResponse": {"ResponseCode": 429}}});
    for (rules, more, wanted) in [
        (
            json!([good, good]),
            json!({}),
            format!("{INVALID}A rule with this name"),
        ),
        (
            json!([good, rule("s", 0, "Block", &secret())]),
            json!({}),
            format!("{INVALID}Rule priorities must be unique"),
        ),
        (
            json!([with(good.clone(), json!({"Action": null}))]),
            json!({}),
            format!("{INVALID}You haven't set"),
        ),
        (
            json!([with(good.clone(), json!({"Action": {}}))]),
            json!({}),
            format!("{INVALID}Your statement has no value"),
        ),
        (
            json!([with(good.clone(), json!({"Action": {"Captcha": {}}}))]),
            json!({}),
            format!("{UNSERVED}the action Captcha"),
        ),
        (
            json!([with(good.clone(), json!({ "Action": custom }))]),
            json!({}),
            format!("{UNSERVED}CustomResponse"),
        ),
        (
            json!([with(good.clone(), json!({"OverrideAction": {"None": {}}}))]),
            json!({}),
            format!("{INVALID}A rule has an override"),
        ),
        (
            json!([with(good.clone(), json!({"RuleLabels": [{"Name": "a"}]}))]),
            json!({}),
            format!("{UNSERVED}Rule.RuleLabels"),
        ),
        (
            json!([]),
            json!({"DefaultAction": {}}),
            format!("{INVALID}Your statement has no value"),
        ),
        (
            json!([]),
            json!({"DefaultAction": {"Allow": {}, "Block": {}}}),
            format!("{INVALID}Your statement has multiple"),
        ),
        (
            json!([]),
            json!({"TokenDomains": ["a.b"]}),
            format!("{UNSERVED}TokenDomains of web ACLs"),
        ),
        (
            json!([]),
            json!({"Tags": [{"Key": "aws:a", "Value": ""}]}),
            format!("{INVALID}Tag keys"),
        ),
    ] {
        let input = with(acl("a", "REGIONAL", rules), more);
        let refused = twin.refused("CreateWebACL", input.clone());
        assert!(refused.starts_with(&wanted), "{input}: {refused}");
    }
    let dear = json!({"ByteMatchStatement": with(
        secret()["ByteMatchStatement"].clone(),
        json!({"PositionalConstraint": "CONTAINS", "TextTransformations": [{"Priority": 0, "Type": "LOWERCASE"}]}),
    )});
    let many: Vec<Value> = (0..251)
        .map(|n| rule(&format!("r{n}"), n, "Block", &dear))
        .collect();
    let refused = twin.refused("CreateWebACL", acl("a", "REGIONAL", json!(many)));
    assert!(
        refused.starts_with("400 WAFLimitsExceededException"),
        "{refused}"
    );
    assert_eq!(
        twin.refused("CreateIPSet", json!({})),
        format!("{UNSERVED}Waf.CreateIPSet")
    );
}
