//! Record sets, and the batches that change them.

use super::*;

#[test]
fn created_upserted_and_deleted() {
    let twin = Twin::new();
    let zone = twin.zone("example.com");
    twin.sync_in(3600.0);
    let www = alias("WWW.example.com", "A", "d1.cloudfront.net");
    let info = twin.change(&zone, &[("CREATE", &www)]).unwrap()["ChangeInfo"].clone();
    assert_eq!(
        (&info["Status"], &info["Comment"]),
        (&json!("PENDING"), &json!("c"))
    );
    let status =
        |id: &Value| twin.ok("GetChange", json!({ "Id": id }))["ChangeInfo"]["Status"].clone();
    assert_eq!(status(&info["Id"]), "PENDING");
    twin.sync_in(0.0);
    assert_eq!(status(&info["Id"]), "INSYNC");
    let bare = json!(
        info["Id"]
            .as_str()
            .unwrap()
            .strip_prefix("/change/")
            .unwrap()
    );
    assert_eq!(status(&bare), "INSYNC");
    let unknown = twin.refused("GetChange", json!({"Id": "C1"}));
    assert!(unknown.starts_with("404 NoSuchChange"), "{unknown}");

    let exists = twin.change(&zone, &[("CREATE", &www)]).unwrap_err();
    let what = "resource record set [name='www.example.com.', type='A']";
    assert_eq!(
        exists,
        format!("400 InvalidChangeBatch: [Tried to create {what} but it already exists]")
    );
    let other = alias("www.example.com.", "A", "d2.cloudfront.net.");
    let differs = twin.change(&zone, &[("DELETE", &other)]).unwrap_err();
    let wanted = "but the values provided do not match the current values";
    assert_eq!(
        differs,
        format!("400 InvalidChangeBatch: [Tried to delete {what} {wanted}]")
    );
    twin.change(&zone, &[("UPSERT", &other)]).unwrap();
    let differs = twin.change(&zone, &[("DELETE", &www)]).unwrap_err();
    assert!(differs.contains(wanted), "{differs}");
    twin.change(&zone, &[("DELETE", &other)]).unwrap();
    let gone = twin.change(&zone, &[("DELETE", &other)]).unwrap_err();
    assert_eq!(
        gone,
        format!("400 InvalidChangeBatch: [Tried to delete {what} but it was not found]")
    );
    assert_eq!(twin.records(&zone).len(), 2);
}

#[test]
fn a_batch_is_done_whole_or_not_at_all() {
    let twin = Twin::new();
    let zone = twin.zone("example.com");
    let a = plain("a.example.com", "A", &["192.0.2.1", "192.0.2.2"]);
    let b = plain("b.example.com", "A", &["192.0.2.1"]);
    twin.change(&zone, &[("CREATE", &a)]).unwrap();
    let refused = twin.change(
        &zone,
        &[
            ("CREATE", &b),
            ("CREATE", &a),
            ("DELETE", &plain("c.example.com", "A", &["192.0.2.1"])),
        ],
    );
    let refused = refused.unwrap_err();
    assert!(
        refused.contains("already exists, Tried to delete"),
        "{refused}"
    );
    assert_eq!(
        twin.records(&zone),
        ["example.com. NS", "example.com. SOA", "a.example.com. A"]
    );
    // In order: the second change finds what the first has left. The order of values means nothing.
    let turned = plain("a.example.com", "A", &["192.0.2.2", "192.0.2.1"]);
    let text = plain("a.example.com", "TXT", &["\"hello\""]);
    twin.change(
        &zone,
        &[("DELETE", &turned), ("CREATE", &a), ("CREATE", &text)],
    )
    .unwrap();
    let page = json!({"HostedZoneId": zone, "StartRecordName": "a.example.com", "StartRecordType": "A", "MaxItems": "1"});
    let page = twin.ok("ListResourceRecordSets", page);
    assert_eq!(
        page["ResourceRecordSets"],
        json!([plain("a.example.com.", "A", &["192.0.2.1", "192.0.2.2"])])
    );
    assert_eq!(
        (
            &page["IsTruncated"],
            &page["NextRecordName"],
            &page["NextRecordType"]
        ),
        (&json!(true), &json!("a.example.com."), &json!("TXT"))
    );
    let refused = twin.refused(
        "ListResourceRecordSets",
        json!({"HostedZoneId": zone, "StartRecordType": "A"}),
    );
    assert!(refused.starts_with("400 InvalidInput"), "{refused}");
}

#[test]
fn records_that_are_refused() {
    let twin = Twin::new();
    let zone = twin.zone("example.com");
    twin.change(
        &zone,
        &[("CREATE", &plain("c.example.com", "CNAME", &["x.y"]))],
    )
    .unwrap();
    let batch = |problem: &str| format!("400 InvalidChangeBatch: [{problem}");
    let target = |changes: Value| {
        let mut set = alias("e.example.com", "A", "d1.cloudfront.net");
        set["AliasTarget"]
            .as_object_mut()
            .unwrap()
            .extend(changes.as_object().unwrap().clone());
        set
    };
    let mut routed = plain("e.example.com", "A", &["192.0.2.1"]);
    routed["SetIdentifier"] = json!("x");
    let mut both = alias("e.example.com", "A", "d1.cloudfront.net");
    both["TTL"] = json!(60);
    let mut neither = both.clone();
    neither.as_object_mut().unwrap().remove("AliasTarget");
    let own = |kind: &str| {
        let listed = twin.ok("ListResourceRecordSets", json!({ "HostedZoneId": zone }));
        let sets = listed["ResourceRecordSets"].as_array().unwrap().clone();
        sets.into_iter().find(|set| set["Type"] == kind).unwrap()
    };
    for (action, set, wanted) in [
        (
            "CREATE",
            plain("a.example.org", "A", &["192.0.2.1"]),
            batch("RRSet with DNS name a.example.org. is not permitted in zone example.com."),
        ),
        (
            "CREATE",
            plain("xexample.com", "A", &["192.0.2.1"]),
            batch("RRSet with DNS name xexample.com. is not permitted"),
        ),
        (
            "CREATE",
            plain("example.com", "CNAME", &["a.b"]),
            batch(
                "RRSet of type CNAME with DNS name example.com. is not permitted at apex in zone example.com.",
            ),
        ),
        (
            "CREATE",
            plain("c.example.com", "A", &["192.0.2.1"]),
            batch(
                "RRSet of type A with DNS name c.example.com. is not permitted because a conflicting RRSet of type CNAME",
            ),
        ),
        (
            "CREATE",
            plain("e.example.com", "A", &["192.0.2"]),
            batch("Invalid Resource Record: FATAL problem: ARRDATAIllegalIPv4Address"),
        ),
        (
            "CREATE",
            plain("e.example.com", "AAAA", &["::g"]),
            batch("Invalid Resource Record: FATAL problem: AAAARRDATAIllegalIPv6Address"),
        ),
        (
            "CREATE",
            plain("e.example.com", "TXT", &["bare"]),
            batch("Invalid Resource Record: FATAL problem: InvalidCharacterString"),
        ),
        (
            "CREATE",
            plain("e.example.com", "CNAME", &["a.b", "c.d"]),
            batch("Invalid Resource Record: CNAME"),
        ),
        (
            "CREATE",
            plain("e..example.com", "A", &["192.0.2.1"]),
            batch("Invalid Resource Record: FATAL problem: DomainLabelIllegal"),
        ),
        (
            "CREATE",
            target(json!({"DNSName": "d1.example.org"})),
            batch(
                "Tried to create an alias that targets d1.example.org., type A in zone Z2FDTNDATAQYW2, but the alias target name does not lie within the target zone",
            ),
        ),
        (
            "CREATE",
            target(json!({"EvaluateTargetHealth": true})),
            batch("Tried to create an alias"),
        ),
        (
            "CREATE",
            target(json!({"HostedZoneId": zone, "DNSName": "x.example.com"})),
            batch("Tried to create an alias"),
        ),
        (
            "CREATE",
            target(json!({"HostedZoneId": "Z35SXDOTRQ7X7K"})),
            batch("Tried to create an alias"),
        ),
        (
            "DELETE",
            own("SOA"),
            batch("A HostedZone must contain exactly one SOA record."),
        ),
        (
            "DELETE",
            own("NS"),
            batch("A HostedZone must contain at least one NS record"),
        ),
        (
            "CREATE",
            both,
            "400 InvalidInput: Invalid request: Expected exactly one of [AliasTarget,".to_owned(),
        ),
        (
            "CREATE",
            neither,
            "400 InvalidInput: Invalid request: Expected exactly one of [AliasTarget,".to_owned(),
        ),
        (
            "CREATE",
            routed,
            "501 NotImplementedException: labctl's local AWS does not serve SetIdentifier"
                .to_owned(),
        ),
    ] {
        let refused = twin.change(&zone, &[(action, &set)]).unwrap_err();
        assert!(refused.starts_with(&wanted), "{set}: {refused}");
    }
    let inside = target(json!({"HostedZoneId": zone, "DNSName": "f.example.com"}));
    let there = plain("f.example.com", "A", &["192.0.2.1"]);
    twin.change(&zone, &[("CREATE", &there), ("CREATE", &inside)])
        .unwrap();
}
