//! What a person may change of the edge by hand: told by field, and mended by the calls that it takes.

use serde_json::{Value, json};

use super::{deploy_seconds, edit_config, output};
use crate::{harness::Site, twin};

const TAG: &str = "labctl:lab";

struct Edit {
    by_hand: fn(&Site),
    step: &'static str,
    /// What `status` says; nothing: the thing is missing.
    says: &'static str,
    /// All that `up` calls to change it.
    calls: &'static [&'static str],
}

fn gateway(site: &Site, method: &str, path: &str, body: Option<&Value>) {
    let answer = twin::rest(&site.endpoint(), "apigateway", method, path, body);
    assert!(answer.status < 300, "{method} {path}: {}", answer.body);
}

fn id(site: &Site, step: &str) -> String {
    output(site, step, "id")
}

fn untag(site: &Site, kind: &str, step: &str) {
    let arn = format!("arn:aws:apigateway:us-east-1::/{kind}/{}", id(site, step));
    let path = format!("/tags/{}?tagKeys={TAG}", twin::percent(&arn));
    gateway(site, "DELETE", &path, None);
}

/// Replaces a text of the config that must be there.
fn replace(config: &str, from: &str, to: &str) -> String {
    assert!(config.contains(from), "no {from} in {config}");
    config.replacen(from, to, 1)
}

const EDITS: &[Edit] = &[
    Edit {
        by_hand: |site| {
            let path = format!("/apikeys/{}", id(site, "api_key.1"));
            let off = json!({ "patchOperations": [{ "op": "replace", "path": "/enabled", "value": "false" }] });
            gateway(site, "PATCH", &path, Some(&off));
        },
        step: "api_key.1",
        says: "enabled: wanted true, seen false",
        calls: &["apigateway:UpdateApiKey"],
    },
    Edit {
        by_hand: |site| untag(site, "apikeys", "api_key.1"),
        step: "api_key.1",
        says: "tag labctl:lab: wanted cloudfront-edge, seen nothing",
        calls: &["apigateway:TagResource"],
    },
    Edit {
        by_hand: |site| {
            let stage = format!("{}:dev", id(site, "api"));
            let path = format!("/usageplans/{}", id(site, "usage_plan"));
            let off = json!({ "patchOperations": [{ "op": "remove", "path": "/apiStages", "value": stage }] });
            gateway(site, "PATCH", &path, Some(&off));
        },
        step: "usage_plan",
        says: "apiStages: wanted",
        calls: &["apigateway:UpdateUsagePlan"],
    },
    Edit {
        by_hand: |site| untag(site, "usageplans", "usage_plan"),
        step: "usage_plan",
        says: "tag labctl:lab: wanted cloudfront-edge, seen nothing",
        calls: &["apigateway:TagResource"],
    },
    Edit {
        by_hand: |site| {
            let (plan, key) = (id(site, "usage_plan"), id(site, "api_key.1"));
            gateway(
                site,
                "DELETE",
                &format!("/usageplans/{plan}/keys/{key}"),
                None,
            );
        },
        step: "usage_plan_key.1",
        says: "",
        calls: &["apigateway:CreateUsagePlanKey"],
    },
    Edit {
        by_hand: |site| {
            edit_config(site, |c| {
                replace(
                    &c,
                    "<Enabled>true</Enabled><HttpVersion",
                    "<Enabled>false</Enabled><HttpVersion",
                )
            });
        },
        step: "distribution",
        says: "Enabled: wanted true, seen false",
        calls: &["cloudfront:UpdateDistribution"],
    },
    Edit {
        by_hand: |site| {
            edit_config(site, |c| {
                let other = "216adef6-5c7f-47e4-b989-5492eafa07d3"; // AllViewer
                replace(&c, "b689b0a8-53d0-40ab-baf2-68738e2966ac", other)
            });
        },
        step: "distribution",
        says: "OriginRequestPolicyId: wanted b689b0a8-53d0-40ab-baf2-68738e2966ac, seen 216adef6",
        calls: &["cloudfront:UpdateDistribution"],
    },
    Edit {
        by_hand: |site| {
            edit_config(site, |c| {
                replace(
                    &c,
                    ">https-only</ViewerProtocolPolicy>",
                    ">allow-all</ViewerProtocolPolicy>",
                )
            });
        },
        step: "distribution",
        says: "ViewerProtocolPolicy: wanted https-only, seen allow-all",
        calls: &["cloudfront:UpdateDistribution"],
    },
    Edit {
        by_hand: |site| {
            edit_config(site, |c| {
                replace(&c, "<OriginPath>/dev<", "<OriginPath>/prod<")
            });
        },
        step: "distribution",
        says: "Origins.OriginPath: wanted /dev, seen /prod",
        calls: &["cloudfront:UpdateDistribution"],
    },
    Edit {
        by_hand: |site| edit_config(site, |c| replace(&c, ">d-cloudfront-edge<", ">mine<")),
        step: "distribution",
        says: "Comment: wanted d-cloudfront-edge, seen mine",
        calls: &["cloudfront:UpdateDistribution"],
    },
];

/// Changes among the calls of a run.
fn changes(endpoint: &str) -> Vec<String> {
    let reads = ["Get", "List", "Describe", "Filter", "AdminGet"];
    let change = |call: &String| {
        let (_, operation) = call.split_once(':').unwrap_or_default();
        !reads.iter().any(|read| operation.starts_with(read))
    };
    twin::calls(endpoint).into_iter().filter(change).collect()
}

#[test]
fn edits_by_hand_are_told_and_mended() {
    let site = Site::ready("cloudfront-edge");
    site.ok("local start");
    let endpoint = site.endpoint();
    deploy_seconds(&site, 0.0);
    site.ok("up --local");
    for edit in EDITS {
        (edit.by_hand)(&site);
        let status = site.labctl("status --json").code(3).json();
        let all = status["chapters"].as_array().expect("chapters").iter();
        let all = all.flat_map(|chapter| chapter["resources"].as_array().expect("resources"));
        let odd: Vec<&Value> = all.filter(|r| r["state"] != "present").collect();
        assert_eq!(odd.len(), 1, "{}: {odd:#?}", edit.says);
        assert_eq!(odd[0]["id"], edit.step);
        let words: Vec<String> = odd[0]["drift"]
            .as_array()
            .expect("drift")
            .iter()
            .map(|d| {
                let word = |name: &str| d[name].as_str().unwrap_or_default().to_owned();
                format!(
                    "{}: wanted {}, seen {}",
                    word("field"),
                    word("wanted"),
                    word("seen")
                )
            })
            .collect();
        let told = words.join("; ");
        if edit.says.is_empty() {
            assert_eq!(odd[0]["state"], "missing");
        } else {
            assert!(told.starts_with(edit.says), "{told}");
            assert_eq!(words.len(), 1, "{told}");
        }
        twin::forget_calls(&endpoint);
        site.ok("up --local");
        assert_eq!(changes(&endpoint), edit.calls, "{}", edit.says);
        site.ok("status");
    }
    site.ok("verify");

    // Deleted by hand, it is made anew.
    let first = id(&site, "distribution");
    edit_config(&site, |c| {
        replace(
            &c,
            "<Enabled>true</Enabled><HttpVersion",
            "<Enabled>false</Enabled><HttpVersion",
        )
    });
    super::delete_distribution(&site);
    site.labctl("status").code(3);
    site.ok("up --local");
    assert_ne!(id(&site, "distribution"), first);
    site.ok("verify");
    site.ok("down --prove");
}
