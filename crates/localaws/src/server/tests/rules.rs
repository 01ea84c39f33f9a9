//! Rules, the list of calls and the end of accounts, over TCP.

use serde_json::{Value, json};

use super::{
    Folder,
    asked::{ACCOUNT, Asked, CONTROL, body, calls, control, reads, remove, set, works},
    send, status,
};

#[tokio::test]
async fn rules_count_the_calls_that_no_earlier_rule_has_hit() {
    let folder = Folder::new();
    let twin = folder.start().await;
    let (_, list) = reads().remove(0);
    let foreign = "222233334444";
    let rules = [
        json!({"operation": "*", "account": foreign, "action": "error", "status": 500, "times": 0}),
        json!({"operation": "iam:List*", "account": ACCOUNT, "action": "throttle", "nth": 2, "times": 2}),
        json!({"operation": "iam:*", "action": "denied", "nth": 2}),
        json!({"operation": "lambda:*", "action": "error", "status": 500, "times": 0}),
    ];
    for rule in rules {
        set(&twin, rule).await;
    }
    let mut answers = Vec::new();
    for _ in 0..5 {
        answers.push(status(&list.of(&twin).await).to_owned());
    }
    assert_eq!(answers, ["200", "400", "400", "403", "200"]);
    let (_, rules) = control(&twin, "GET /_local/faults", Value::Null).await;
    let told = |rule: &Value| (rule["seen"].as_u64(), rule["hits"].as_u64());
    let told: Vec<_> = rules.as_array().unwrap().iter().map(told).collect();
    let told: Vec<_> = told.iter().map(|(s, h)| (s.unwrap(), h.unwrap())).collect();
    assert_eq!(told, [(0, 0), (5, 2), (3, 1), (0, 0)]);
    let (_, own) = control(
        &twin,
        &format!("GET /_local/faults?account={ACCOUNT}"),
        Value::Null,
    )
    .await;
    assert_eq!(own.as_array().unwrap().len(), 1);
    assert_eq!(own[0]["operation"], "iam:List*");
    assert_eq!(
        remove(&twin, &format!("?account={ACCOUNT}")).await,
        json!({"removed": 1})
    );
    assert_eq!(remove(&twin, "").await, json!({"removed": 3}));
    let wanted = [200, 400, 400, 403, 200].map(|status| ("iam:ListRoles".to_owned(), Some(status)));
    assert_eq!(calls(&twin, ACCOUNT).await, wanted);
    assert_eq!(calls(&twin, foreign).await, []);
    let line = format!("DELETE /_local/calls.json?account={ACCOUNT}");
    control(&twin, &line, Value::Null).await;
    assert_eq!(calls(&twin, ACCOUNT).await, []);
}

#[tokio::test]
async fn who_waits_for_a_rule_is_told_that_it_is_gone() {
    let folder = Folder::new();
    let twin = folder.start().await;
    let id = set(&twin, json!({"operation": "*", "action": "drop"})).await;
    let line = format!("GET /_local/faults?id={id}&wait=0");
    let (_, rule) = control(&twin, &line, Value::Null).await;
    assert_eq!(rule["hits"], 0);
    let line = format!("GET /_local/faults?id={id}&wait=600");
    let (waited, _) = tokio::join!(control(&twin, &line, Value::Null), remove(&twin, ""));
    assert_eq!(waited.0, "404", "{}", waited.1);
}

#[tokio::test]
async fn sign_in_is_a_call_of_the_clients_account() {
    let folder = Folder::new();
    let twin = folder.start().await;
    let cognito = |operation: &str, body: Value| {
        let target = format!("AWSCognitoIdentityProviderService.{operation}");
        Asked::json("cognito-idp", &target, body)
    };
    let pool = cognito("CreateUserPool", json!({"PoolName": "p"}))
        .of(&twin)
        .await;
    let pool = body(&pool)["UserPool"]["Id"].clone();
    let client = json!({"UserPoolId": pool, "ClientName": "c"});
    let client = cognito("CreateUserPoolClient", client).of(&twin).await;
    let client = body(&client)["UserPoolClient"]["ClientId"].clone();
    let initiate = |client: &Value| {
        let parameters = json!({"USERNAME": "u"});
        let body =
            json!({"ClientId": client, "AuthFlow": "USER_AUTH", "AuthParameters": parameters});
        let mut asked = cognito("InitiateAuth", body);
        asked.1 = asked.1.replace("Authorization", "X-Nothing");
        asked
    };
    let rule = |account: Value| json!({"operation": "cognito-idp:InitiateAuth", "action": "throttle", "account": account});
    set(&twin, rule(json!(ACCOUNT))).await;
    let answer = initiate(&client).of(&twin).await;
    assert!(answer.contains("TooManyRequestsException"), "{answer}");
    set(&twin, rule(json!(ACCOUNT))).await;
    let nobody = initiate(&json!("nobody"));
    let answer = nobody.of(&twin).await;
    assert!(answer.contains("ResourceNotFoundException"), "{answer}");
    set(&twin, rule(Value::Null)).await;
    let answer = nobody.of(&twin).await;
    assert!(answer.contains("TooManyRequestsException"), "{answer}");
    let operations: Vec<_> = calls(&twin, ACCOUNT)
        .await
        .into_iter()
        .map(|(o, _)| o)
        .collect();
    assert_eq!(
        operations,
        [
            "cognito-idp:CreateUserPool",
            "cognito-idp:CreateUserPoolClient",
            "cognito-idp:InitiateAuth"
        ]
    );
}

#[tokio::test]
async fn an_account_ends_with_all_that_is_in_it() {
    let folder = Folder::new();
    let twin = folder.start().await;
    let other = |asked: &Asked| {
        Asked(
            asked.0,
            asked.1.replace(ACCOUNT, "222233334444"),
            asked.2.clone(),
        )
    };
    for (_, make, ask, there) in works() {
        for asked in [&make, &other(&make)] {
            assert_eq!(&asked.of(&twin).await[9..10], "2");
        }
        assert!(ask.of(&twin).await.contains(there));
    }
    set(
        &twin,
        json!({"operation": "*", "account": ACCOUNT, "action": "reset"}),
    )
    .await;
    let line = format!("DELETE /_local/accounts/{ACCOUNT}");
    assert_eq!(
        control(&twin, &line, Value::Null).await.1,
        json!({"removed": true})
    );
    assert_eq!(calls(&twin, ACCOUNT).await, []);
    for (_, _, ask, there) in works() {
        let answer = ask.of(&twin).await;
        assert!(!answer.contains(there), "{answer}");
        let answer = other(&ask).of(&twin).await;
        assert!(answer.contains(there), "{answer}");
    }
    let (status, _) = control(&twin, "DELETE /_local/accounts/1", Value::Null).await;
    assert_eq!(status, "400");
}

#[tokio::test]
async fn only_who_means_it_changes_rules() {
    let folder = Folder::new();
    let twin = folder.start().await;
    let rule = "{\"operation\": \"*\", \"action\": \"reset\", \"times\": 0}";
    for (line, headers, wanted) in [
        ("POST /_local/faults", "", "403"),
        ("DELETE /_local/faults", "", "403"),
        ("DELETE /_local/calls.json", "", "403"),
        ("DELETE /_local/accounts/111122223333", "", "403"),
        (
            "POST /_local/faults",
            "Host: example.com\r\nx-localaws: 1\r\n",
            "403",
        ),
        ("GET /_local/faults", "Host: example.com\r\n", "403"),
        (
            "GET /_local/calls.json",
            "Host: iam.amazonaws.com\r\n",
            "403",
        ),
        ("PUT /_local/faults", CONTROL, "405"),
        ("POST /_local/calls.json", CONTROL, "405"),
        ("GET /_local/accounts/111122223333", "", "405"),
        ("DELETE /_local/faults?acount=111122223333", CONTROL, "400"),
        ("DELETE /_local/faults?account=1", CONTROL, "400"),
        ("DELETE /_local/faults?id=x", CONTROL, "400"),
        ("GET /_local/faults?wait=1", "", "400"),
        ("GET /_local/faults?id=1&wait=601", "", "400"),
        ("GET /_local/faults?id=1", "", "404"),
        ("GET /_local/calls.json?id=1", "", "400"),
    ] {
        let answer = send(&twin, line, headers, rule).await;
        assert_eq!(status(&answer), wanted, "{line}: {answer}");
    }
    let (status, refused) = control(&twin, "POST /_local/faults", json!({"action": "reset"})).await;
    assert_eq!(status, "400");
    assert!(
        refused["message"]
            .as_str()
            .unwrap()
            .starts_with("operation: "),
        "{refused}"
    );
    assert_eq!(remove(&twin, "").await, json!({"removed": 0}));
}

#[tokio::test]
async fn rates_are_enforced_on_demand() {
    let folder = Folder::new();
    let twin = folder.start().await;
    let (_, make, ..) = works().remove(1);
    let statuses = async || {
        let mut statuses = Vec::new();
        for _ in 0..2 {
            let answer = make.of(&twin).await;
            let retry = answer.contains("retry-after: 3\r\n");
            statuses.push(status(&answer).to_owned() + if retry { " later" } else { "" });
        }
        statuses
    };
    assert_eq!(statuses().await, ["201", "201"]);
    let (_, shown) = control(&twin, "POST /_local/rates", json!({"enforce": true})).await;
    assert_eq!(shown["enforce"], true);
    assert_eq!(statuses().await, ["201", "429 later"]);
    let line = format!("DELETE /_local/accounts/{ACCOUNT}");
    control(&twin, &line, Value::Null).await;
    assert_eq!(statuses().await, ["201", "429 later"]);
    let (_, shown) = control(&twin, "POST /_local/rates", json!({"enforce": false})).await;
    assert_eq!(shown["enforce"], false);
    assert_eq!(statuses().await, ["201", "201"]);
    let (refused, _) = control(&twin, "POST /_local/rates", json!({"enforced": true})).await;
    assert_eq!(refused, "400");
}
