use serde_json::json;

use super::{Twin, text};

#[tokio::test]
async fn a_pool_shows_its_defaults() {
    let twin = Twin::new();
    let created = twin
        .ok("CreateUserPool", json!({"PoolName": "plain"}))
        .await["UserPool"]
        .clone();
    let id = text(&created["Id"]);
    let (region, rest) = id.split_once('_').expect("region_id");
    assert_eq!((region, rest.len()), ("us-east-1", 9));
    let described = twin.ok("DescribeUserPool", json!({"UserPoolId": id})).await;
    let pool = &described["UserPool"];
    assert_eq!(*pool, created);
    assert_eq!(
        pool["Arn"],
        format!("arn:aws:cognito-idp:us-east-1:111122223333:userpool/{id}")
    );
    let policies = json!({
        "PasswordPolicy": {
            "MinimumLength": 8, "RequireUppercase": true, "RequireLowercase": true,
            "RequireNumbers": true, "RequireSymbols": true, "TemporaryPasswordValidityDays": 7,
        },
        "SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD"]},
    });
    assert_eq!(pool["Policies"], policies);
    let expected = [
        ("DeletionProtection", json!("INACTIVE")),
        ("MfaConfiguration", json!("OFF")),
        ("UserPoolTier", json!("ESSENTIALS")),
        ("EstimatedNumberOfUsers", json!(0)),
        ("LambdaConfig", json!({})),
        ("UserPoolTags", json!({})),
        (
            "EmailConfiguration",
            json!({"EmailSendingAccount": "COGNITO_DEFAULT"}),
        ),
    ];
    for (name, value) in expected {
        assert_eq!(pool[name], value, "{name}");
    }
    assert!(pool.get("UsernameAttributes").is_none() && pool.get("Status").is_none());
    assert!(pool["CreationDate"].is_f64());
    let schema = pool["SchemaAttributes"].as_array().unwrap();
    let email = schema
        .iter()
        .find(|attribute| attribute["Name"] == "email")
        .unwrap();
    assert_eq!(
        *email,
        json!({
            "Name": "email", "AttributeDataType": "String", "DeveloperOnlyAttribute": false,
            "Mutable": true, "Required": false,
            "StringAttributeConstraints": {"MinLength": "0", "MaxLength": "2048"},
        })
    );
}

#[tokio::test]
async fn names_are_not_unique_and_lists_have_pages() {
    let twin = Twin::new();
    let mut made = [twin.pool(json!({})).await, twin.pool(json!({})).await];
    made.sort_unstable();
    let first = twin.ok("ListUserPools", json!({"MaxResults": 1})).await;
    let token = &first["NextToken"];
    let second = twin
        .ok(
            "ListUserPools",
            json!({"MaxResults": 1, "NextToken": token}),
        )
        .await;
    let ids = [&first, &second].map(|page| text(&page["UserPools"][0]["Id"]));
    assert_eq!(ids, made);
    assert!(token.is_string() && second.get("NextToken").is_none());
    assert!(first["UserPools"][0].get("UserPoolTags").is_none());
}

#[tokio::test]
async fn an_update_replaces_everything_but_the_tier() {
    let twin = Twin::new();
    let id = twin
        .pool(json!({
            "UserPoolTier": "PLUS", "DeletionProtection": "ACTIVE",
            "AutoVerifiedAttributes": ["email"],
            "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": true},
        }))
        .await;
    let input = json!({"UserPoolId": id, "AutoVerifiedAttributes": ["phone_number"]});
    twin.ok("UpdateUserPool", input).await;
    let described = twin.ok("DescribeUserPool", json!({"UserPoolId": id})).await;
    let pool = &described["UserPool"];
    let expected = [
        ("UserPoolTier", json!("PLUS")),
        ("Name", json!("demo")),
        ("UsernameAttributes", json!(["email"])),
        ("UsernameConfiguration", json!({"CaseSensitive": false})),
        ("DeletionProtection", json!("INACTIVE")),
        ("AutoVerifiedAttributes", json!(["phone_number"])),
        ("UserPoolTags", json!({})),
    ];
    for (name, value) in expected {
        assert_eq!(pool[name], value, "{name}");
    }
    let factors = &pool["Policies"]["SignInPolicy"]["AllowedFirstAuthFactors"];
    assert_eq!(*factors, json!(["PASSWORD"]));
    assert_eq!(
        pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"],
        json!(false)
    );
}

#[tokio::test]
async fn writing_back_what_was_read_needs_the_deprecated_member_dropped() {
    let twin = Twin::new();
    let id = twin.pool(json!({})).await;
    let described = twin.ok("DescribeUserPool", json!({"UserPoolId": id})).await;
    let pool = &described["UserPool"];
    let mut config = pool["AdminCreateUserConfig"].clone();
    let update = |config: &serde_json::Value| {
        json!({
            "UserPoolId": id, "Policies": pool["Policies"], "AdminCreateUserConfig": config,
        })
    };
    let (kind, message) = twin.refused("UpdateUserPool", update(&config)).await;
    assert_eq!(kind, "InvalidParameterException");
    assert!(
        message.contains("TemporaryPasswordValidityDays"),
        "{message}"
    );
    config
        .as_object_mut()
        .unwrap()
        .remove("UnusedAccountValidityDays");
    twin.ok("UpdateUserPool", update(&config)).await;
}

#[tokio::test]
async fn sign_in_policies_have_rules() {
    let twin = Twin::new();
    let factors = |factors: &[&str]| json!({"SignInPolicy": {"AllowedFirstAuthFactors": factors}});
    let otp = factors(&["PASSWORD", "EMAIL_OTP"]);
    let cases = [
        (
            json!({"PoolName": "x", "Policies": otp, "UserPoolTier": "LITE"}),
            "FeatureUnavailableInTierException",
        ),
        (
            json!({"PoolName": "x", "Policies": factors(&["EMAIL_OTP"])}),
            "InvalidParameterException",
        ),
        (
            json!({"PoolName": "x", "Policies": otp, "MfaConfiguration": "ON"}),
            "InvalidParameterException",
        ),
    ];
    for (input, expected) in cases {
        let (kind, _) = twin.refused("CreateUserPool", input.clone()).await;
        assert_eq!(kind, expected, "{input}");
    }
    let list = twin.ok("ListUserPools", json!({"MaxResults": 60})).await;
    assert_eq!(list["UserPools"], json!([]));
    // The tier counts on an update as well, though it is not named there.
    let id = twin
        .pool(json!({"UserPoolTier": "LITE", "Policies": factors(&["PASSWORD"])}))
        .await;
    let input = json!({"UserPoolId": id, "Policies": otp});
    let (kind, _) = twin.refused("UpdateUserPool", input).await;
    assert_eq!(kind, "FeatureUnavailableInTierException");
}

#[tokio::test]
async fn a_protected_pool_stays() {
    let twin = Twin::new();
    let id = twin.pool(json!({"DeletionProtection": "ACTIVE"})).await;
    let (kind, _) = twin
        .refused("DeleteUserPool", json!({"UserPoolId": id}))
        .await;
    assert_eq!(kind, "InvalidParameterException");
    twin.ok(
        "UpdateUserPool",
        json!({"UserPoolId": id, "DeletionProtection": "INACTIVE"}),
    )
    .await;
    twin.ok("DeleteUserPool", json!({"UserPoolId": id})).await;
    for operation in ["DescribeUserPool", "DeleteUserPool", "UpdateUserPool"] {
        let (kind, message) = twin.refused(operation, json!({"UserPoolId": id})).await;
        assert_eq!(kind, "ResourceNotFoundException");
        assert_eq!(message, format!("User pool {id} does not exist."));
    }
}

#[tokio::test]
async fn tags_are_added_listed_and_told_to_the_tagging_api() {
    let twin = Twin::new();
    let id = twin.pool(json!({})).await;
    let arn = format!("arn:aws:cognito-idp:us-east-1:111122223333:userpool/{id}");
    twin.ok(
        "TagResource",
        json!({"ResourceArn": arn, "Tags": {"a": "1"}}),
    )
    .await;
    let tags = twin
        .ok("ListTagsForResource", json!({"ResourceArn": arn}))
        .await;
    assert_eq!(tags, json!({"Tags": {"a": "1", "labctl:lab": "demo"}}));
    let tagged = twin.app.read(|world| {
        let region = &world.accounts["111122223333"].regions["us-east-1"];
        region.cognito.tagged("111122223333", "us-east-1")
    });
    assert_eq!(tagged.len(), 1);
    assert_eq!(
        (tagged[0].0.as_str(), tagged[0].1["a"].as_str()),
        (arn.as_str(), "1")
    );
    let input = json!({"ResourceArn": arn, "Tags": {"aws:x": "1"}});
    assert_eq!(
        twin.refused("TagResource", input).await.0,
        "InvalidParameterException"
    );
    let other = arn.replace("111122223333", "444455556666");
    let (kind, _) = twin
        .refused("ListTagsForResource", json!({"ResourceArn": other}))
        .await;
    assert_eq!(kind, "ResourceNotFoundException");
}

#[tokio::test]
async fn what_is_not_served_says_so() {
    let twin = Twin::new();
    let (kind, message) = twin.refused("ChangePassword", json!({})).await;
    assert_eq!(kind, "NotImplementedException");
    assert!(message.contains("ChangePassword"), "{message}");
    let trigger = "arn:aws:lambda:us-east-1:111122223333:function:f";
    let input = json!({"PoolName": "x", "LambdaConfig": {"PreChangePassword": trigger}});
    let (kind, message) = twin.refused("CreateUserPool", input).await;
    assert_eq!(kind, "NotImplementedException");
    assert!(message.contains("LambdaConfig"), "{message}");
}

#[tokio::test]
async fn a_schema_is_checked() {
    let twin = Twin::new();
    let custom = |constraints: serde_json::Value| {
        let mut attribute = json!({"Name": "a", "AttributeDataType": "String"});
        super::merge(&mut attribute, constraints);
        attribute
    };
    let length = |least: &str, most: &str| {
        let constraints = json!({"MinLength": least, "MaxLength": most});
        custom(json!({ "StringAttributeConstraints": constraints }))
    };
    let number = |least: &str, most: &str| {
        let constraints = json!({"MinValue": least, "MaxValue": most});
        custom(json!({"AttributeDataType": "Number", "NumberAttributeConstraints": constraints}))
    };
    for (attribute, message) in [
        (
            json!({"Name": "a"}),
            "Invalid AttributeDataType input, consider using the provided AttributeDataType enum.",
        ),
        (
            custom(json!({"Required": true})),
            "Required custom attributes are not supported currently.",
        ),
        (length("x", ""), "Invalid MinLength for schema attribute a"),
        (length("", "-1"), "Invalid MaxLength for schema attribute a"),
        (
            length("", "2049"),
            "user.a: String attributes cannot have a length of more than 2048",
        ),
        (
            length("2049", ""),
            "user.a: String attributes cannot have a length of more than 2048",
        ),
        (
            length("5", "1"),
            "user.a: Max length cannot be less than min length.",
        ),
        (number("", "x"), "Invalid MaxValue for schema attribute a"),
        (
            number("5", "1"),
            "user.a: Max value cannot be less than min value.",
        ),
        (
            json!({"Name": "email", "AttributeDataType": "Number"}),
            "You can not change AttributeDataType or set developerOnlyAttribute for standard schema attribute email",
        ),
        (
            json!({"Name": "name", "DeveloperOnlyAttribute": true}),
            "You can not change AttributeDataType or set developerOnlyAttribute for standard schema attribute name",
        ),
    ] {
        let input = json!({"PoolName": "x", "Schema": [attribute]});
        let seen = twin.refused("CreateUserPool", input).await;
        let expected = ("InvalidParameterException".to_owned(), message.to_owned());
        assert_eq!(seen, expected, "{attribute}");
    }
    let schema = json!([
        {"Name": "email", "Required": true},
        {"Name": "banana", "AttributeDataType": "String", "DeveloperOnlyAttribute": true},
        length("1", "2048"),
        {"Name": "b", "AttributeDataType": "Number", "NumberAttributeConstraints": {"MinValue": "-5"}},
    ]);
    let input = json!({"PoolName": "x", "Schema": schema});
    let made = twin.ok("CreateUserPool", input).await;
    let names = made["UserPool"]["SchemaAttributes"].as_array().unwrap();
    let names: Vec<String> = names.iter().map(|a| text(&a["Name"])).collect();
    for name in ["dev:custom:banana", "custom:a", "custom:b"] {
        assert!(names.iter().any(|known| known == name), "{name}: {names:?}");
    }
}
