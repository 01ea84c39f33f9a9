//! What becomes of calls that a rule hits, over TCP.

use std::{io::ErrorKind, sync::Arc, time::Duration};

use serde_json::json;
use tokio::{io::AsyncReadExt, net::TcpStream};

use super::{
    Folder,
    asked::{ACCOUNT, Asked, calls, hit, reads, remove, rule, set, works},
    status,
};

/// All that came, and how the connection ended.
async fn rest(mut stream: TcpStream) -> (Vec<u8>, Result<(), ErrorKind>) {
    let mut got = Vec::new();
    let ended = stream.read_to_end(&mut got).await;
    (got, ended.map(|_| ()).map_err(|e| e.kind()))
}

#[tokio::test]
async fn every_service_refuses_in_its_own_words() {
    let folder = Folder::new();
    let twin = folder.start().await;
    let expected = |operation: &str, action: &str| match (operation.split(':').next(), action) {
        (Some("iam"), "error 500") => (500, "ServiceFailure"),
        (Some("sts" | "apigateway"), "error 500") => (500, "InternalFailure"),
        (Some("lambda"), "error 500") => (500, "ServiceException"),
        (Some("logs"), "error 500") => (500, "ServiceUnavailableException"),
        (Some("cognito-idp"), "error 500") => (500, "InternalErrorException"),
        (Some("tag"), "error 500") => (500, "InternalServiceException"),
        (Some("iam" | "sts"), "error 503") => (503, "ServiceUnavailable"),
        (_, "error 503") => (503, "ServiceUnavailableException"),
        (Some("iam" | "sts"), "throttle") => (400, "Throttling"),
        (Some("lambda" | "apigateway"), "throttle") => (429, "TooManyRequestsException"),
        (Some("logs"), "throttle") => (400, "ThrottlingException"),
        (Some("cognito-idp"), "throttle") => (400, "TooManyRequestsException"),
        (Some("tag"), "throttle") => (400, "ThrottledException"),
        (Some("iam" | "sts"), "expired_token") => (403, "ExpiredToken"),
        (Some("lambda" | "apigateway"), "expired_token") => (403, "ExpiredTokenException"),
        (_, "expired_token") => (400, "ExpiredTokenException"),
        (Some("iam" | "sts"), "denied") => (403, "AccessDenied"),
        (Some("lambda" | "apigateway"), "denied") => (403, "AccessDeniedException"),
        (_, "denied") => (400, "AccessDeniedException"),
        other => panic!("{other:?}"),
    };
    for (operation, read) in reads() {
        for (action, more) in [
            ("throttle", json!({"retry_after": 7})),
            ("error 500", json!({"status": 500})),
            ("error 503", json!({"status": 503})),
            ("expired_token", json!({})),
            ("denied", json!({})),
        ] {
            let mut rule = more;
            rule["operation"] = json!(operation);
            rule["action"] = json!(action.split(' ').next());
            let id = set(&twin, rule).await;
            let answer = read.of(&twin).await;
            let (status, code) = expected(operation, action);
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {status} ")),
                "{action}: {answer}"
            );
            let told = [
                format!("<Code>{code}</Code>"),
                format!("x-amzn-errortype: {code}\r\n"),
            ];
            assert!(
                told.iter().any(|told| answer.contains(told)),
                "{action}: {answer}"
            );
            let retry = answer.contains("retry-after: 7\r\n");
            assert_eq!(retry, action == "throttle", "{answer}");
            if action == "denied" {
                let permission = match operation {
                    "apigateway:GetRestApis" => {
                        "apigateway:GET on resource: arn:aws:apigateway:us-east-1::/restapis"
                    }
                    other => other,
                };
                let user = format!(
                    "User: arn:aws:iam::{ACCOUNT}:root is not authorized to perform: {permission}"
                );
                assert!(answer.contains(&user), "{answer}");
            }
            let answer = read.of(&twin).await;
            assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
            self::rule(&twin, id).await;
        }
    }
}

#[tokio::test]
async fn a_reset_comes_before_the_work_and_without_a_byte() {
    let folder = Folder::new();
    let twin = folder.start().await;
    for (operation, make, ask, there) in works() {
        let id = set(&twin, json!({"operation": operation, "action": "reset"})).await;
        let (got, ended) = rest(make.begin(&twin).await).await;
        assert_eq!(
            (got.as_slice(), ended),
            (&b""[..], Err(ErrorKind::ConnectionReset))
        );
        assert_eq!(rule(&twin, id).await["hits"], 1);
        let answer = ask.of(&twin).await;
        assert!(!answer.contains(there), "{answer}");
        assert_eq!(&make.of(&twin).await[9..10], "2");
    }
}

#[tokio::test]
async fn a_dropped_answer_comes_after_the_work() {
    let folder = Folder::new();
    let twin = folder.start().await;
    for (operation, make, ask, there) in works() {
        let id = set(&twin, json!({"operation": operation, "action": "drop"})).await;
        let (got, ended) = rest(make.begin(&twin).await).await;
        assert_eq!((got.as_slice(), ended), (&b""[..], Ok(())));
        assert_eq!(rule(&twin, id).await["hits"], 1);
        let answer = ask.of(&twin).await;
        assert!(answer.contains(there), "{answer}");
    }
    let unanswered = |(_, status): &(String, Option<u64>)| status.is_none();
    assert_eq!(
        calls(&twin, ACCOUNT)
            .await
            .iter()
            .filter(|c| unanswered(c))
            .count(),
        3
    );
}

#[tokio::test]
async fn a_held_call_is_on_either_side_of_its_work() {
    let folder = Folder::new();
    let twin = folder.start().await;
    for (operation, make, ask, there) in works() {
        for when in ["before", "after"] {
            let rule = json!({"operation": operation, "action": "hold", "when": when});
            let id = set(&twin, rule).await;
            let held = make.begin(&twin).await;
            assert_eq!(hit(&twin, id).await["hits"], 1);
            let answer = ask.of(&twin).await;
            assert_eq!(answer.contains(there), when == "after", "{answer}");
            assert_eq!(
                remove(&twin, &format!("?id={id}")).await,
                json!({"removed": 1})
            );
            let (got, ended) = rest(held).await;
            assert_eq!((got.as_slice(), ended), (&b""[..], Ok(())));
        }
    }
}

#[tokio::test]
async fn a_held_call_ends_when_its_client_goes_away() {
    let folder = Folder::new();
    let twin = folder.start().await;
    let (operation, make, ..) = works().remove(0);
    let rule = json!({"operation": operation, "action": "hold", "when": "before"});
    let id = set(&twin, rule).await;
    let connections = || Arc::strong_count(&twin.server);
    let before = connections();
    let held = make.begin(&twin).await;
    hit(&twin, id).await;
    assert!(connections() > before);
    drop(held);
    while connections() > before {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_delayed_call_is_done_afterwards() {
    let folder = Folder::new();
    let twin = folder.start().await;
    for (operation, make, ask, there) in works() {
        let slow = json!({"operation": operation, "action": "delay", "ms": 600_000});
        let id = set(&twin, slow).await;
        let delayed = make.begin(&twin).await;
        assert_eq!(hit(&twin, id).await["hits"], 1);
        let answer = ask.of(&twin).await;
        assert!(!answer.contains(there), "{answer}");
        drop(delayed);
        set(
            &twin,
            json!({"operation": operation, "action": "delay", "ms": 1}),
        )
        .await;
        let answer = make.of(&twin).await;
        assert_eq!(&answer[9..10], "2", "{answer}");
        let answer = ask.of(&twin).await;
        assert!(answer.contains(there), "{answer}");
    }
}

#[tokio::test]
async fn roles_are_not_assumable_for_a_while() {
    let folder = Folder::new();
    let twin = folder.start().await;
    let role = "arn:aws:iam::111122223333:role/r";
    let create = json!({"FunctionName": "f", "Role": role, "Runtime": "python3.13", "Handler": "m.h",
                        "Code": {"ZipFile": ""}});
    let create = Asked::rest("lambda", "POST /2015-03-31/functions", create);
    let line = "PUT /2015-03-31/functions/f/configuration";
    let update = Asked::rest("lambda", line, json!({"Role": role}));
    let rest = Asked::rest("lambda", line, json!({"Timeout": 5}));
    let assume = format!("Action=AssumeRole&Version=2011-06-15&RoleSessionName=s0&RoleArn={role}");
    let assume = Asked::form("sts", &assume);
    set(
        &twin,
        json!({"operation": "*", "action": "iam_lag", "times": 3}),
    )
    .await;
    let lags = "The role defined for the function cannot be assumed by Lambda.";
    for call in [&create, &update] {
        let answer = call.of(&twin).await;
        assert_eq!(status(&answer), "400", "{answer}");
        assert!(
            answer.contains("x-amzn-errortype: InvalidParameterValueException"),
            "{answer}"
        );
        assert!(answer.contains(lags), "{answer}");
    }
    // It names no role.
    assert_eq!(status(&rest.of(&twin).await), "404");
    let answer = assume.of(&twin).await;
    assert_eq!(status(&answer), "403", "{answer}");
    assert!(
        answer.contains(&format!("sts:AssumeRole on resource: {role}")),
        "{answer}"
    );
    assert_eq!(status(&update.of(&twin).await), "404");
}
