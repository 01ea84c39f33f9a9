//! Nothing is out of sight: every trust policy that labctl gives a role, global resources from any region, lists
//! that do not end as they should.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use serde_json::json;

use super::tools::{at, listed, logs, receipt};
use crate::{
    harness::{FUNCTION, LAB, Site},
    twin,
    unruly::{Whim, proxy},
};

/// A lab that is up, whose state is lost, and whose lab.yaml has become the tutorial's: only tags tell what it had.
fn forgotten(lab: &str, region: &str) -> Site {
    let site = Site::ready(lab);
    site.edit("region: us-east-1", &format!("region: {region}"));
    site.ok("up --local --quiet");
    std::fs::remove_dir_all(site.path(&format!(".labctl/{lab}"))).expect("a folder");
    let text = LAB
        .replace("lab: cognito-authorizer", &format!("lab: {lab}"))
        .replace("region: us-east-1", &format!("region: {region}"));
    site.write("lab.yaml", text);
    site.write(
        "artifacts/hello/lambda_function.py",
        "def lambda_handler(event, context): pass\n",
    );
    site
}

#[test]
fn roles_of_callers_and_of_signed_in_users_are_found_by_tag() {
    for lab in ["iam-authorizer", "all-authorizers"] {
        let site = forgotten(lab, "us-east-1");
        let roles: Vec<String> = twin::everything(&site.endpoint())
            .iter()
            .filter_map(|t| Some(t.strip_prefix("role: ")?.to_owned()))
            .collect();
        for trusted in ["operator", "student"] {
            assert!(roles.contains(&format!("d-{lab}-{trusted}")), "{roles:?}");
        }
        let said = site.labctl("down --local --prove --grace 0 --json").code(6);
        let receipt = receipt(&said);
        let found = listed(&receipt, "survivors");
        for role in &roles {
            assert!(found.contains(&format!("role {role}")), "{role}: {found:?}");
        }
        // The receipt says how many were asked.
        let asked = format!("{0} of {0} roles", roles.len());
        let looks = receipt["looked_for"].to_string();
        assert!(looks.contains(&asked), "no {asked:?} in {looks}");
    }
}

/// Somebody has narrowed the trust policy of a caller's role: the tag still says whose it is.
#[test]
fn a_role_with_another_trust_policy_is_found() {
    let site = forgotten("iam-authorizer", "us-east-1");
    let role = "d-iam-authorizer-operator";
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:role/admin"},"Action":"sts:AssumeRole"}]}"#;
    let form = format!(
        "Action=UpdateAssumeRolePolicy&RoleName={role}&PolicyDocument={}",
        twin::percent(trust)
    );
    let changed = twin::iam(&site.endpoint(), &form);
    assert_eq!(changed.status, 200, "{}", changed.body);
    let said = site.labctl("down --local --prove --grace 0 --json").code(6);
    let found = listed(&receipt(&said), "survivors");
    assert!(found.contains(&format!("role {role}")), "{found:?}");
}

/// Another lab's log group and another lab's statements are not left of this one, which has made nothing.
#[test]
fn what_another_lab_has_under_the_same_names_is_no_survivor() {
    let site = Site::tutorial();
    site.ok("local start --port 0");
    let group = format!("/aws/lambda/{FUNCTION}");
    let made = json!({ "logGroupName": group });
    let tagged = json!({ "logGroupName": group, "tags": { "labctl:lab": "another" } });
    logs(&site.endpoint(), "CreateLogGroup", &tagged);
    let receipt_of = |line: &str| receipt(&site.labctl(line).code(0));
    let alone = receipt_of("down --local --prove --grace 0 --json");
    assert_eq!(alone["survivors"], json!([]), "{alone:#}");
    logs(&site.endpoint(), "DeleteLogGroup", &made);
    site.ok("up --local --quiet");
    site.edit("lab: cognito-authorizer", "lab: another");
    let alone = receipt_of("down --local --prove --grace 0 --json");
    assert_eq!(alone["survivors"], json!([]), "{alone:#}");
    site.edit("lab: another", "lab: cognito-authorizer");
    site.ok("status");
}

#[test]
fn a_distribution_is_found_from_any_region() {
    for region in ["us-east-1", "eu-central-1"] {
        let site = forgotten("cloudfront-edge", region);
        let said = site.labctl("down --local --prove --grace 0 --json").code(6);
        let found = listed(&receipt(&said), "survivors");
        let distribution = |s: &String| s.starts_with("distribution ");
        assert!(found.iter().any(distribution), "{region}: {found:?}");
    }
}

#[test]
fn a_web_acl_is_found_from_any_region() {
    for region in ["us-east-1", "ap-southeast-1"] {
        let site = Site::tutorial();
        site.edit("region: us-east-1", &format!("region: {region}"));
        site.ok("local start --port 0");
        let visibility = json!({ "SampledRequestsEnabled": false, "CloudWatchMetricsEnabled": false, "MetricName": "left" });
        let input = json!({
            "Name": "left", "Scope": "CLOUDFRONT", "DefaultAction": { "Allow": {} }, "Rules": [],
            "VisibilityConfig": visibility,
            "Tags": [{ "Key": "labctl:lab", "Value": "cognito-authorizer" }],
        });
        let target = "AWSWAF_20190729.CreateWebACL";
        let made = twin::json_call(&site.endpoint(), "wafv2", target, &input);
        assert_eq!(made.status, 200, "{}", made.body);
        let said = site.labctl("down --local --prove --grace 0 --json").code(6);
        let found = listed(&receipt(&said), "survivors");
        assert!(found.contains("web_acl left"), "{region}: {found:?}");
    }
}

/// Some servers name a next page where there is none: with a token that was used, or an empty one.
#[test]
fn a_list_ends_at_an_empty_or_repeated_token() {
    const JSON: &str = "content-type: application/x-amz-json-1.1\r\n";
    const REST: &str = "content-type: application/json\r\n";
    let pages = [
        ("GET /restapis?", REST, r#"{"item":[],"position":"again"}"#),
        ("GET /restapis?", REST, r#"{"item":[],"position":""}"#),
        (
            "ListUserPools",
            JSON,
            r#"{"UserPools":[],"NextToken":"again"}"#,
        ),
        ("ListUserPools", JSON, r#"{"UserPools":[],"NextToken":""}"#),
        (
            "GetResources",
            JSON,
            r#"{"ResourceTagMappingList":[],"PaginationToken":"again"}"#,
        ),
        (
            "DescribeLogGroups",
            JSON,
            r#"{"logGroups":[],"nextToken":"again"}"#,
        ),
    ];
    for (list, head, page) in pages {
        let site = Site::tutorial();
        site.ok("local start --port 0");
        let asked = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&asked);
        let endpoint = proxy(&site.endpoint(), move |request| {
            if !request.contains(list) {
                return None;
            }
            let times = counter.fetch_add(1, Ordering::SeqCst);
            assert!(times < 20, "asked again and again");
            Some(Whim::Answer(200, head, page))
        });
        let receipt = receipt(&at(&site, &endpoint, "down --prove --grace 0 --yes --json").code(0));
        assert!(asked.load(Ordering::SeqCst) > 0, "{list} was not asked for");
        assert_eq!(receipt["proven"], true, "{list}: {receipt:#}");
    }
}

/// A server that names ever new pages is not believed, and nothing is proven by it.
#[test]
fn a_list_without_an_end_is_not_proven() {
    let site = Site::tutorial();
    site.ok("local start --port 0");
    let mut page = 0;
    let endpoint = proxy(&site.endpoint(), move |request| {
        if !request.contains("ListUserPools") {
            return None;
        }
        page += 1;
        let body = json!({ "UserPools": [], "NextToken": format!("page-{page}") });
        let head = "content-type: application/x-amz-json-1.1\r\n";
        Some(Whim::Answer(200, head, body.to_string().leak()))
    });
    let receipt = receipt(&at(&site, &endpoint, "down --prove --grace 0 --yes --json").code(6));
    assert_eq!(receipt["proven"], false);
    let unseen = receipt["not_looked_at"].to_string();
    assert!(unseen.contains("does not end after 1000 pages"), "{unseen}");
}
