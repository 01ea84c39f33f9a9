//! Versions and aliases, as LocalStack's snapshots have recorded them of AWS.

use serde_json::{Value, json};

use super::{F, Twin, text, zip};
use crate::lambda::{InvokeRefusal, Invoker, function::Function, invoke};

fn says(what: &str) -> Value {
    let code = format!(
        "def h(event, context):\n    return ['{what}', context.function_version, context.invoked_function_arn, context.log_stream_name]\n"
    );
    json!(zip(&[("m.py", &code)]))
}

impl Twin {
    async fn update(&self, changes: Value) -> Value {
        let operation = if changes.get("ZipFile").is_some() {
            "UpdateFunctionCode"
        } else {
            "UpdateFunctionConfiguration"
        };
        let updated = self.ok(operation, merged(changes)).await;
        self.ready();
        updated
    }

    async fn publish(&self, changes: Value) -> Value {
        self.ok("PublishVersion", merged(changes)).await
    }

    async fn seen(&self, qualifier: &str) -> Value {
        let named = json!({"FunctionName": "f", "Qualifier": qualifier});
        self.ok("GetFunctionConfiguration", named).await
    }

    /// What runs under a qualifier: the version that AWS names, and what the handler returns.
    async fn ran(&self, name: &str, qualifier: Option<&str>) -> (Value, Value) {
        let named = json!({"FunctionName": name, "Qualifier": qualifier});
        let answer = self.ok("Invoke", named).await;
        let payload = super::decoded(&answer["Payload"]);
        (
            answer["ExecutedVersion"].clone(),
            serde_json::from_str(&payload).unwrap(),
        )
    }

    async fn versions(&self) -> Vec<String> {
        let listed = self.ok("ListVersionsByFunction", merged(json!({}))).await;
        let versions = listed["Versions"].as_array().unwrap().iter();
        versions.map(|version| text(&version["Version"])).collect()
    }
}

fn merged(changes: Value) -> Value {
    let mut input = json!({"FunctionName": "f"});
    let Value::Object(changes) = changes else {
        panic!("changes are an object")
    };
    input.as_object_mut().unwrap().extend(changes);
    input
}

#[tokio::test]
async fn a_version_is_made_of_what_changed_since_the_last_one() {
    let twin = Twin::new().await;
    twin.function(json!({"Description": "none yet"})).await;
    let before = twin.seen("$LATEST").await;
    let first = twin.publish(json!({"Description": "first"})).await;
    assert_eq!(
        (&first["Version"], &first["Description"], &first["State"]),
        (&json!("1"), &json!("first"), &json!("Active"))
    );
    assert_eq!(first["FunctionArn"], format!("{F}:1"));
    assert_eq!(first["CodeSha256"], before["CodeSha256"]);
    // Publishing gives `$LATEST` another revision; the version's stays.
    let latest = twin.seen("$LATEST").await;
    assert_ne!(latest["RevisionId"], before["RevisionId"]);
    assert_eq!(latest["Description"], "none yet");
    assert_eq!(twin.seen("1").await["RevisionId"], first["RevisionId"]);

    let again = twin.publish(json!({"Description": "again"})).await;
    assert_eq!(
        (&again["Version"], &again["Description"]),
        (&json!("1"), &json!("first"))
    );
    twin.update(json!({"Description": "second"})).await;
    let second = twin.publish(json!({})).await;
    assert_eq!(
        (&second["Version"], &second["Description"]),
        (&json!("2"), &json!("second"))
    );
    assert_eq!(twin.seen("1").await["Description"], "first");
    assert_eq!(twin.versions().await, ["$LATEST", "1", "2"]);

    twin.ok(
        "DeleteFunction",
        json!({"FunctionName": "f", "Qualifier": "1"}),
    )
    .await;
    assert_eq!(twin.versions().await, ["$LATEST", "2"]);
    twin.update(json!({"Description": "third"})).await;
    assert_eq!(twin.publish(json!({})).await["Version"], "3");
    let all = twin
        .ok("ListFunctions", json!({"FunctionVersion": "ALL"}))
        .await;
    let arns = all["Functions"].as_array().unwrap().iter();
    let arns: Vec<_> = arns.map(|f| text(&f["FunctionArn"])).collect();
    assert_eq!(
        arns,
        [format!("{F}:$LATEST"), format!("{F}:2"), format!("{F}:3")]
    );
    let page = twin
        .ok(
            "ListVersionsByFunction",
            merged(json!({"MaxItems": 2, "Marker": null})),
        )
        .await;
    assert_eq!(page["Versions"].as_array().unwrap().len(), 2);
    let rest = merged(json!({"Marker": page["NextMarker"]}));
    let rest = twin.ok("ListVersionsByFunction", rest).await;
    assert_eq!(rest["Versions"][0]["Version"], "3");
}

#[tokio::test]
async fn publishing_can_insist_on_what_is_published() {
    let twin = Twin::new().await;
    let made = twin
        .ok("CreateFunction", super::plain(json!({"Publish": true})))
        .await;
    assert_eq!(
        (&made["Version"], &made["FunctionArn"], &made["State"]),
        (&json!("1"), &json!(F), &json!("Pending"))
    );
    let (code, _) = twin.refused("PublishVersion", merged(json!({}))).await;
    assert_eq!(code, "ResourceConflictException");
    twin.ready();
    let stale = merged(json!({"RevisionId": "stale"}));
    let (code, _) = twin.refused("PublishVersion", stale).await;
    assert_eq!(code, "PreconditionFailedException");
    let other = merged(json!({"CodeSha256": "other"}));
    let (code, message) = twin.refused("PublishVersion", other).await;
    assert_eq!(code, "InvalidParameterValueException");
    let sha = text(&made["CodeSha256"]);
    assert_eq!(
        message,
        format!(
            "CodeSHA256 (other) is different from current CodeSHA256 in $LATEST ({sha}). Please try again with the \
             CodeSHA256 in $LATEST."
        )
    );
    let same = json!({"CodeSha256": sha, "RevisionId": twin.seen("$LATEST").await["RevisionId"]});
    assert_eq!(twin.publish(same).await["Version"], "1");

    let updated = json!({"ZipFile": says("new"), "Publish": true});
    let updated = twin.ok("UpdateFunctionCode", merged(updated)).await;
    assert_eq!(
        (
            &updated["Version"],
            &updated["FunctionArn"],
            &updated["State"]
        ),
        (&json!("2"), &json!(format!("{F}:2")), &json!("Pending"))
    );
    let latest = twin.seen("$LATEST").await;
    assert_eq!(
        (&latest["State"], &latest["LastUpdateStatus"]),
        (&json!("Active"), &json!("InProgress"))
    );
}

#[tokio::test]
async fn each_version_runs_its_own_code() {
    let twin = Twin::new().await;
    twin.function(json!({"Code": {"ZipFile": says("one")}}))
        .await;
    twin.publish(json!({})).await;
    twin.update(json!({"ZipFile": says("two")})).await;
    twin.publish(json!({})).await;
    twin.update(json!({"ZipFile": says("three")})).await;
    twin.update(json!({"ZipFile": says("four")})).await;
    for (qualifier, says) in [
        (Some("1"), "one"),
        (Some("2"), "two"),
        (None, "four"),
        (Some("1"), "one"),
    ] {
        let (version, returned) = twin.ran("f", qualifier).await;
        let arn = qualifier.map_or(F.to_owned(), |qualifier| format!("{F}:{qualifier}"));
        let number = qualifier.unwrap_or("$LATEST");
        assert_eq!(version, number);
        let stream = text(&returned[3]);
        assert_eq!(returned, json!([says, number, arn, stream]));
        assert!(stream.contains(&format!("/[{number}]")), "{stream}");
    }
    let log = twin.messages("/aws/lambda/f").await.unwrap().concat();
    assert!(log.contains(" Version: 1\n"), "{log}");
    // A name with its qualifier is as good.
    assert_eq!(twin.ran("f:2", None).await.0, "2");

    let gone = json!({"FunctionName": "f", "Qualifier": "1"});
    twin.ok("DeleteFunction", gone.clone()).await;
    let (code, message) = twin.refused("Invoke", gone).await;
    assert_eq!(
        (code.as_str(), message),
        (
            "ResourceNotFoundException",
            format!("Function not found: {F}:1")
        )
    );
    assert_eq!(twin.ran("f", Some("2")).await.1[0], "two");
}

#[tokio::test]
async fn an_alias_leads_to_its_version() {
    let twin = Twin::new().await;
    twin.function(json!({"Code": {"ZipFile": says("one")}}))
        .await;
    twin.publish(json!({})).await;
    twin.update(json!({"ZipFile": says("two")})).await;
    twin.publish(json!({})).await;
    let live = |changes: Value| {
        let mut input = merged(json!({"Name": "live"}));
        input
            .as_object_mut()
            .unwrap()
            .extend(changes.as_object().unwrap().clone());
        input
    };
    let made = twin
        .ok("CreateAlias", live(json!({"FunctionVersion": "1"})))
        .await;
    let revision = made["RevisionId"].clone();
    assert_eq!(
        made,
        json!({
            "AliasArn": format!("{F}:live"), "Name": "live", "FunctionVersion": "1", "Description": "",
            "RevisionId": revision,
        })
    );
    assert_eq!(twin.ok("GetAlias", live(json!({}))).await, made);
    let shown = twin.seen("live").await;
    assert_eq!(
        (&shown["FunctionArn"], &shown["Version"]),
        (&json!(format!("{F}:live")), &json!("1"))
    );
    let (version, returned) = twin.ran("f", Some("live")).await;
    assert_eq!(
        (version, &returned[1], &returned[2]),
        (json!("1"), &json!("1"), &json!(format!("{F}:live")))
    );

    let moved = json!({"FunctionVersion": "2", "Description": "new", "RevisionId": revision});
    let moved = twin.ok("UpdateAlias", live(moved)).await;
    assert_ne!(moved["RevisionId"], revision);
    assert_eq!(twin.ran("f", Some("live")).await.1[0], "two");
    let stale = live(json!({"RevisionId": revision}));
    let (code, _) = twin.refused("UpdateAlias", stale).await;
    assert_eq!(code, "PreconditionFailedException");

    // All the weight is the other version's.
    let weights = json!({"RoutingConfig": {"AdditionalVersionWeights": {"1": 1.0}}});
    let weighed = twin.ok("UpdateAlias", live(weights.clone())).await;
    assert_eq!(weighed["RoutingConfig"], weights["RoutingConfig"]);
    assert_eq!(weighed["Description"], "new");
    assert_eq!(twin.ran("f", Some("live")).await.0, "1");
    assert_eq!(twin.seen("live").await["Version"], "2");
    let half = json!({"RoutingConfig": {"AdditionalVersionWeights": {"1": 0.5}}});
    twin.ok("UpdateAlias", live(half)).await;
    let mut ran = std::collections::BTreeSet::new();
    // Forty in a row of one version: once in 10^11 runs.
    for _ in 0..40 {
        ran.insert(text(&twin.ran("f", Some("live")).await.0));
    }
    assert_eq!(ran.len(), 2);

    let pinned = json!({"FunctionName": "f", "Qualifier": "1"});
    let (code, message) = twin.refused("DeleteFunction", pinned.clone()).await;
    assert_eq!(
        (code.as_str(), message.as_str()),
        (
            "ResourceConflictException",
            "Unable to delete version because the following aliases reference it: [live]"
        )
    );
    let of_version = |version: &str| merged(json!({"FunctionVersion": version}));
    let listed = twin.ok("ListAliases", of_version("2")).await;
    assert_eq!(listed["Aliases"][0]["Name"], "live");
    assert_eq!(
        twin.ok("ListAliases", of_version("3")).await["Aliases"],
        json!([])
    );
    for _ in 0..2 {
        twin.ok("DeleteAlias", live(json!({}))).await;
    }
    twin.ok("DeleteFunction", pinned).await;
    let (_, message) = twin.refused("GetAlias", live(json!({}))).await;
    assert_eq!(message, format!("Cannot find alias arn: {F}:live"));
    let (_, message) = twin.refused("UpdateAlias", live(json!({}))).await;
    assert_eq!(message, format!("Alias not found: {F}:live"));
}

#[tokio::test]
async fn an_alias_of_nonsense_is_refused() {
    let twin = Twin::new().await;
    twin.function(json!({})).await;
    twin.publish(json!({})).await;
    let alias = |version: &str, weights: Value| {
        merged(json!({
            "Name": "a", "FunctionVersion": version,
            "RoutingConfig": {"AdditionalVersionWeights": weights},
        }))
    };
    for (input, message) in [
        (
            alias("1", json!({"1": 0.8, "2": 0.2})),
            "Number of items in AdditionalVersionWeights cannot be greater than 1".to_owned(),
        ),
        (
            alias("1", json!({"1": 0.5})),
            "Invalid function version 1. Function version 1 is already included in routing configuration."
                .to_owned(),
        ),
        (
            alias("$LATEST", json!({"1": 0.5})),
            "$LATEST is not supported for an alias pointing to more than 1 version".to_owned(),
        ),
        (
            alias("10", json!({})),
            format!("Function not found: {F}:10"),
        ),
        (
            alias("1", json!({"10": 0.5})),
            format!("Function not found: {F}:10"),
        ),
        (
            json!({"FunctionName": "nope", "Name": "a", "FunctionVersion": "1"}),
            format!("Function not found: {}nope:1", F.strip_suffix('f').unwrap()),
        ),
        (
            merged(json!({"Name": "2024", "FunctionVersion": "1"})),
            "1 validation error detected: Value '2024' at 'name' failed to satisfy constraint: Member must satisfy \
             regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)"
                .to_owned(),
        ),
    ] {
        let seen = twin.refused("CreateAlias", input.clone()).await.1;
        assert_eq!(seen, message, "{input}");
    }
    twin.ok("CreateAlias", alias("$LATEST", json!({}))).await;
    let (code, message) = twin.refused("CreateAlias", alias("1", json!({}))).await;
    assert_eq!(
        (code.as_str(), message),
        (
            "ResourceConflictException",
            format!("Alias already exists: {F}:a")
        )
    );
}

#[tokio::test]
async fn each_qualifier_has_a_policy_of_its_own() {
    let twin = Twin::new().await;
    twin.function(json!({})).await;
    twin.publish(json!({})).await;
    let alias = merged(json!({"Name": "live", "FunctionVersion": "1"}));
    let alias = twin.ok("CreateAlias", alias).await;
    let source = "arn:aws:execute-api:us-east-1:111122223333:abc/dev/GET/demo";
    let allowed = |qualifier: Option<&str>| {
        let app = twin.app.clone();
        let arn = qualifier.map_or(F.to_owned(), |qualifier| format!("{F}:{qualifier}"));
        async move {
            let invoker = Invoker::Service {
                principal: "apigateway.amazonaws.com",
                source_arn: source,
            };
            match invoke(&app, &arn, invoker, b"{}".to_vec()).await {
                Ok(_) => true,
                Err(InvokeRefusal::NotPermitted) => false,
                Err(refused) => panic!("{refused:?}"),
            }
        }
    };
    let permit = |qualifier: Option<&str>, revision: Option<&Value>| {
        merged(json!({
            "Qualifier": qualifier, "StatementId": "s", "Action": "lambda:InvokeFunction",
            "Principal": "apigateway.amazonaws.com", "RevisionId": revision,
        }))
    };
    let qualifiers = [None, Some("1"), Some("live")];
    for (n, qualifier) in qualifiers.into_iter().enumerate() {
        if qualifier == Some("live") {
            let wrong = permit(qualifier, Some(&json!("wrong")));
            let (code, _) = twin.refused("AddPermission", wrong).await;
            assert_eq!(code, "PreconditionFailedException");
        }
        let revision = (qualifier == Some("live")).then_some(&alias["RevisionId"]);
        let added = twin.ok("AddPermission", permit(qualifier, revision)).await;
        let statement: Value = serde_json::from_str(added["Statement"].as_str().unwrap()).unwrap();
        let arn = qualifier.map_or(F.to_owned(), |qualifier| format!("{F}:{qualifier}"));
        assert_eq!(statement["Resource"], arn);
        for (m, qualifier) in qualifiers.into_iter().enumerate() {
            assert_eq!(allowed(qualifier).await, m <= n, "{qualifier:?} {n}");
        }
    }
    let policy = |qualifier: Option<&str>| merged(json!({"Qualifier": qualifier}));
    let of_alias = twin.ok("GetPolicy", policy(Some("live"))).await;
    let named = merged(json!({"Name": "live"}));
    assert_eq!(
        of_alias["RevisionId"],
        twin.ok("GetAlias", named).await["RevisionId"]
    );
    // Publishing changes the function's revision, but not that of its policy, which is good for a change.
    let before = twin.ok("GetPolicy", policy(None)).await;
    twin.update(json!({"Description": "more"})).await;
    twin.publish(json!({})).await;
    assert_eq!(twin.ok("GetPolicy", policy(None)).await, before);
    let (_, message) = twin.refused("GetPolicy", policy(Some("2"))).await;
    assert_eq!(message, "The resource you requested does not exist.");
    let remove = json!({"StatementId": "s", "RevisionId": before["RevisionId"]});
    twin.ok("RemovePermission", merged(remove)).await;
    assert!(!allowed(None).await && allowed(Some("live")).await);
}

#[tokio::test]
async fn functions_of_older_twins_read_as_before() {
    let twin = Twin::new().await;
    twin.function(json!({})).await;
    let f = crate::lambda::name::Named::of_arn(F).unwrap();
    let kept = |world: &crate::world::World| serde_json::to_value(f.function(world).unwrap());
    let mut old = twin.app.read(kept).unwrap();
    for new in ["versions", "last", "aliases", "urls"] {
        old.as_object_mut().unwrap().remove(new).unwrap();
    }
    old["policy"] = json!({"statements": []});
    let mut members: Vec<_> = old.as_object().unwrap().keys().cloned().collect();
    members.sort_unstable();
    assert_eq!(
        members,
        [
            "active_from",
            "architectures",
            "code",
            "id",
            "modified",
            "policy",
            "revision",
            "settings",
            "settled",
            "tags",
            "updated_from"
        ]
    );
    let read: Function = serde_json::from_value(old).unwrap();
    assert_eq!(read.versions().count(), 1);
}
