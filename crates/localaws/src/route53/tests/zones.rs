//! Hosted zones from their making to their end.

use super::*;

#[test]
fn made_found_and_deleted() {
    let twin = Twin::new();
    let config = json!({"Comment": "lab", "PrivateZone": false});
    let input =
        json!({"Name": "Lab.Example.com", "CallerReference": "r", "HostedZoneConfig": config});
    let made = twin.ok("CreateHostedZone", input.clone());
    let zone = &made["HostedZone"];
    assert_eq!(zone["Name"], "lab.example.com.");
    assert_eq!(zone["ResourceRecordSetCount"], 2);
    assert_eq!(zone["Config"], config);
    let id = zone["Id"].as_str().unwrap().to_owned();
    let location = made["Location"].as_str().unwrap();
    assert!(
        location.ends_with(&format!("/2013-04-01{id}")),
        "{location}"
    );
    assert_eq!(
        made["DelegationSet"]["NameServers"]
            .as_array()
            .unwrap()
            .len(),
        4
    );
    let again = twin.refused("CreateHostedZone", input);
    assert!(
        again.starts_with("409 HostedZoneAlreadyExists: "),
        "{again}"
    );

    let bare = id.strip_prefix("/hostedzone/").unwrap().to_owned();
    for id in [&id, &bare] {
        let got = twin.ok("GetHostedZone", json!({ "Id": id }));
        assert_eq!(
            (&got["HostedZone"], &got["DelegationSet"]),
            (zone, &made["DelegationSet"])
        );
    }
    assert_eq!(
        twin.records(&bare),
        ["lab.example.com. NS", "lab.example.com. SOA"]
    );

    let www = plain("www.lab.example.com", "A", &["192.0.2.1"]);
    twin.change(&bare, &[("CREATE", &www)]).unwrap();
    let refused = twin.refused("DeleteHostedZone", json!({ "Id": id }));
    assert!(refused.starts_with("400 HostedZoneNotEmpty: "), "{refused}");
    twin.change(&bare, &[("DELETE", &www)]).unwrap();
    let deleted = twin.ok("DeleteHostedZone", json!({ "Id": id }));
    assert_eq!(deleted["ChangeInfo"]["Status"], "INSYNC");
    let gone = format!("404 NoSuchHostedZone: No hosted zone found with ID: {bare}");
    for operation in ["GetHostedZone", "DeleteHostedZone"] {
        assert_eq!(twin.refused(operation, json!({ "Id": id })), gone);
    }
    assert_eq!(twin.change(&bare, &[("CREATE", &www)]).unwrap_err(), gone);
}

#[test]
fn zones_that_are_refused() {
    let twin = Twin::new();
    for (more, wanted) in [
        (json!({"Name": "a..b"}), "400 InvalidDomainName"),
        (json!({"Name": "."}), "400 InvalidDomainName"),
        (
            json!({"HostedZoneConfig": {"PrivateZone": true}}),
            "501 NotImplementedException: labctl's local AWS does not serve private hosted zones",
        ),
        (
            json!({"VPC": {"VPCId": "v"}}),
            "501 NotImplementedException",
        ),
        (
            json!({"DelegationSetId": "N"}),
            "501 NotImplementedException",
        ),
    ] {
        let mut input = json!({"Name": "a.b", "CallerReference": "r"});
        input
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let refused = twin.refused("CreateHostedZone", input);
        assert!(refused.starts_with(wanted), "{more}: {refused}");
    }
    let refused = twin.refused("CreateHealthCheck", json!({}));
    assert_eq!(
        refused,
        "501 NotImplementedException: labctl's local AWS does not serve Route53.CreateHealthCheck"
    );
}

#[test]
fn listed_by_name_from_a_name_on() {
    let twin = Twin::new();
    // Sorted by labels from the right; the same name twice is allowed.
    for name in [
        "b.example.com",
        "example.org",
        "example.com",
        "a.example.com",
        "example.com",
    ] {
        twin.zone(name);
    }
    let names = |input: Value| {
        let page = twin.ok("ListHostedZonesByName", input);
        let zones = page["HostedZones"].as_array().unwrap().iter();
        let names: Vec<String> = zones
            .map(|zone| zone["Name"].as_str().unwrap().to_owned())
            .collect();
        (names.join(" "), page)
    };
    let all = "example.com. example.com. a.example.com. b.example.com. example.org.";
    assert_eq!(names(json!({})).0, all);
    // Nothing has this name, and still there is an answer: what is behind it.
    let (behind, page) = names(json!({"DNSName": "aa.example.com", "MaxItems": "1"}));
    assert_eq!(behind, "b.example.com.");
    assert_eq!(
        (&page["IsTruncated"], &page["NextDNSName"]),
        (&json!(true), &json!("example.org."))
    );
    let next = json!({"DNSName": page["NextDNSName"], "HostedZoneId": page["NextHostedZoneId"]});
    assert_eq!(names(next).0, "example.org.");
    for bad in [
        json!({"HostedZoneId": "Z"}),
        json!({"MaxItems": "0"}),
        json!({"MaxItems": "x"}),
    ] {
        let refused = twin.refused("ListHostedZonesByName", bad);
        assert!(refused.starts_with("400 InvalidInput"), "{refused}");
    }
    let first = twin.ok("ListHostedZones", json!({"MaxItems": "3"}));
    let second = twin.ok(
        "ListHostedZones",
        json!({"MaxItems": "3", "Marker": first["NextMarker"]}),
    );
    let count = |page: &Value| page["HostedZones"].as_array().unwrap().len();
    assert_eq!((count(&first), count(&second)), (3, 2));
    assert_eq!(
        (&first["IsTruncated"], &second["IsTruncated"]),
        (&json!(true), &json!(false))
    );
}

#[test]
fn tags() {
    let twin = Twin::new();
    let zone = twin.zone("example.com");
    let of = |more: Value| {
        let mut input = json!({"ResourceType": "hostedzone", "ResourceId": zone});
        input
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        input
    };
    let listed = || twin.ok("ListTagsForResource", of(json!({})))["ResourceTagSet"]["Tags"].clone();
    assert_eq!(listed(), json!([]));
    let tag = |key: &str| json!({"Key": key, "Value": "v"});
    twin.ok(
        "ChangeTagsForResource",
        of(json!({"AddTags": [tag("a"), tag("b")]})),
    );
    twin.ok(
        "ChangeTagsForResource",
        of(json!({"AddTags": [tag("c")], "RemoveTagKeys": ["a"]})),
    );
    assert_eq!(listed(), json!([tag("b"), tag("c")]));
    let many: Vec<Value> = (0..9).map(|n| tag(&format!("k{n}"))).collect();
    for bad in [json!([tag("aws:a")]), json!([tag("")]), json!(many)] {
        let refused = twin.refused("ChangeTagsForResource", of(json!({ "AddTags": bad })));
        assert!(refused.starts_with("400 InvalidInput"), "{refused}");
    }
    for whole in [format!("/hostedzone/{zone}"), format!("hostedzone/{zone}")] {
        let input = of(json!({"ResourceId": whole, "AddTags": [tag("d")]}));
        let refused = twin.refused("ChangeTagsForResource", input);
        assert!(refused.starts_with("400 InvalidInput"), "{refused}");
    }
    let absent = twin.refused(
        "ListTagsForResource",
        json!({"ResourceType": "hostedzone", "ResourceId": "Z1"}),
    );
    assert_eq!(
        absent,
        "404 NoSuchHostedZone: No hosted zone found with ID: Z1"
    );
    let health = twin.refused(
        "ListTagsForResource",
        of(json!({"ResourceType": "healthcheck"})),
    );
    assert!(health.starts_with("404 NoSuchHealthCheck"), "{health}");
    let tagged = twin
        .app
        .read(|world| world.accounts[ACCOUNT].route53.tagged());
    assert_eq!(tagged[0].0, format!("arn:aws:route53:::hostedzone/{zone}"));
    assert_eq!(tagged[0].1.len(), 2);
}
