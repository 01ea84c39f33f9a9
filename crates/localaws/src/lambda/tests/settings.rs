use serde_json::{Value, json};

use super::{Twin, plain};

#[tokio::test]
async fn bad_settings_are_refused() {
    let twin = Twin::new().await;
    let invalid = "InvalidParameterValueException";
    let cases = [
        (
            json!({"Timeout": 901}),
            "ValidationException",
            "less than or equal to 900",
        ),
        (json!({"MemorySize": 10_241}), invalid, "10240"),
        (
            json!({"Runtime": "python3.7"}),
            invalid,
            "no longer supported",
        ),
        (json!({"Runtime": null}), invalid, "mandatory"),
        (json!({"Code": {}}), invalid, "Please provide a source"),
        (
            json!({"FunctionName": "x".repeat(65)}),
            invalid,
            "1 validation error detected: Value 'x",
        ),
        (
            json!({"Environment": {"Variables": {"AWS_REGION": "x", "MINE": "y"}}}),
            invalid,
            "Reserved keys used in this request: AWS_REGION",
        ),
        (
            json!({"Environment": {"Variables": {"MINE": "x".repeat(4087)}}}),
            invalid,
            "4KB limit. String measured: {\"MINE\":\"xxx",
        ),
        (
            // Each is short, and so are names and values together.
            json!({"Environment": {"Variables": {"ONE": "x".repeat(2000), "TWO": "\n".repeat(1040)}}}),
            invalid,
            "4KB limit",
        ),
        (
            json!({"Tags": (0..51).map(|n| (format!("k{n}"), json!("v"))).collect::<Value>()}),
            invalid,
            "Number of tags exceeds resource tag limit.",
        ),
        (json!({"Tags": {"aws:x": "y"}}), invalid, "reserved"),
    ];
    for (changes, expected, words) in cases {
        let (code, message) = twin.refused("CreateFunction", plain(changes.clone())).await;
        assert_eq!(code, expected, "{changes}");
        assert!(message.contains(words), "{changes}: {message}");
    }
    let listed = twin.ok("ListFunctions", json!({})).await;
    assert_eq!(listed["Functions"], json!([]));
    // As JSON they are just as long as they may be.
    let most = json!({"Environment": {"Variables": {"MINE": "x".repeat(4096 - 11)}}});
    twin.function(most).await;
}

#[tokio::test]
async fn what_is_not_served_says_so() {
    let twin = Twin::new().await;
    let cases = [
        (json!({"Layers": ["arn:x"]}), "Layers"),
        (
            json!({"VpcConfig": {"SubnetIds": ["subnet-1"]}}),
            "VpcConfig",
        ),
        (json!({"PublishTo": "LATEST_PUBLISHED"}), "PublishTo"),
        (json!({"PackageType": "Image"}), "container images"),
        (json!({"Code": {"S3Bucket": "b", "S3Key": "k"}}), "S3"),
        (json!({"Runtime": "java21"}), "java21"),
        (json!({"LoggingConfig": {"LogFormat": "JSON"}}), "LogFormat"),
    ];
    for (changes, words) in cases {
        let (code, message) = twin.refused("CreateFunction", plain(changes.clone())).await;
        assert_eq!(code, "NotImplementedException", "{changes}");
        assert!(message.contains(words), "{changes}: {message}");
    }
    // What tools send without meaning anything by it is no reason to refuse.
    twin.function(json!({
        "Publish": false, "Layers": [], "DeadLetterConfig": {"TargetArn": ""},
        "VpcConfig": {"SubnetIds": [], "SecurityGroupIds": []}, "SnapStart": {"ApplyOn": "None"},
    }))
    .await;
}
