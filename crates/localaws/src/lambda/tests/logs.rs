use serde_json::{Value, json};

use super::{Twin, until, zip};

const GROUP: &str = "/aws/lambda/f";
const SOURCE: &str = "import logging
print('loading')
log = logging.getLogger()
log.setLevel('INFO')
def h(event, context):
    print('one\\ntwo')
    log.info('kept\\ntogether')
    print()
";

#[tokio::test]
async fn an_invocation_leaves_its_lines() {
    let twin = Twin::python(SOURCE).await;
    twin.invoke(&json!({})).await;
    let first = twin.messages(GROUP).await.unwrap();
    let starts: Vec<&str> = first
        .iter()
        .map(|message| message.split([' ', '\t']).next().unwrap())
        .collect();
    assert_eq!(
        starts,
        [
            "INIT_START",
            "loading\n",
            "START",
            "one\n",
            "two\n",
            "[INFO]",
            "\n",
            "END",
            "REPORT"
        ]
    );
    assert!(first[2].ends_with(" Version: $LATEST\n"));
    assert!(first[5].ends_with("\tkept\ntogether\n"));
    let report = &first[8];
    for words in [
        "\tDuration: ",
        " ms\tBilled Duration: ",
        "\tMemory Size: 128 MB\t",
        "\tInit Duration: ",
    ] {
        assert!(report.contains(words), "{report}");
    }
    let used = report.split("Max Memory Used: ").nth(1).unwrap();
    assert_ne!(used.split(' ').next(), Some("0"), "{report}");

    twin.invoke(&json!({})).await;
    let second = twin.messages(GROUP).await.unwrap().split_off(first.len());
    assert_eq!(second.len(), 7);
    assert!(second[0].starts_with("START"));
    assert!(!second[6].contains("Init Duration"), "a warm process");
}

#[tokio::test]
async fn the_result_has_the_last_4_kb() {
    let twin = Twin::python("def h(e, c):\n    print('a' * 3000)\n    print('ü' * 3000)\n").await;
    let (_, _, log) = twin.invoke(&json!({})).await;
    assert!(log.len() <= 4096 && log.len() > 4090, "{}", log.len());
    assert!(log.starts_with('ü') && log.contains("REPORT"));
}

#[tokio::test]
async fn an_event_is_taken_and_run_later() {
    let twin = Twin::python("def h(e, c):\n    print('ran')\n").await;
    let input = json!({"FunctionName": "f", "InvocationType": "Event"});
    let answer = twin.ok("Invoke", input).await;
    assert_eq!(answer, json!({"StatusCode": 202}));
    until("the invocation", async || {
        let messages = twin.messages(GROUP).await.unwrap_or_default();
        messages.contains(&"ran\n".to_owned())
    })
    .await;
}

/// Has the role only what `statements` give it.
async fn limit(twin: &Twin, statements: Value) {
    let basic = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
    let detached = json!({"RoleName": "exec", "PolicyArn": basic});
    twin.iam("DetachRolePolicy", detached).await;
    let document = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    let put = json!({"RoleName": "exec", "PolicyName": "p", "PolicyDocument": document});
    twin.iam("PutRolePolicy", put).await;
}

fn write_to(group: &str) -> Value {
    json!({
        "Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": format!("arn:aws:logs:us-east-1:111122223333:log-group:{group}:*"),
    })
}

#[tokio::test]
async fn logs_go_where_the_role_lets_them() {
    let twin = Twin::python(SOURCE).await;
    limit(&twin, json!([write_to(GROUP)])).await;
    let (_, _, log) = twin.invoke(&json!({})).await;
    assert!(log.contains("kept"), "the caller sees the log all the same");
    assert_eq!(
        twin.messages(GROUP).await,
        None,
        "the group may not be made"
    );
    twin.app.write(|world| {
        let region = world.region("111122223333", "us-east-1");
        region.logs.create_group(GROUP);
    });
    twin.invoke(&json!({})).await;
    assert_eq!(twin.messages(GROUP).await.unwrap().len(), 7);
}

#[tokio::test]
async fn a_role_without_a_right_to_write_leaves_no_log() {
    let twin = Twin::python(SOURCE).await;
    limit(
        &twin,
        json!([
            write_to("/aws/lambda/other"),
            {"Effect": "Allow", "Action": "logs:CreateLogGroup", "Resource": "*"},
        ]),
    )
    .await;
    twin.invoke(&json!({})).await;
    assert_eq!(twin.messages(GROUP).await, None);
}

#[tokio::test]
async fn another_group_can_be_named() {
    let twin = Twin::new().await;
    let logging = json!({"LogGroup": "/lab/all"});
    twin.function(json!({ "LoggingConfig": logging })).await;
    twin.invoke(&json!({})).await;
    assert_eq!(twin.messages(GROUP).await, None);
    assert_eq!(twin.messages("/lab/all").await.unwrap().len(), 4);
}

/// What interprets a handler here is told at the start of each process's log, and whether it is another one
/// than the function names.
#[tokio::test]
async fn another_version_than_the_runtime_named_is_told() {
    let twin = Twin::new().await;
    let source = "import platform\ndef h(e, c):\n    return platform.python_version()\n";
    let code = json!({"ZipFile": zip(&[("m.py", source)])});
    for runtime in ["python3.9", "python3.13", "python3.14"] {
        let name = json!({"FunctionName": "f"});
        let _ = twin.answer("DeleteFunction", name).await;
        twin.function(json!({"Code": code, "Runtime": runtime}))
            .await;
        let (_, version, log) = twin.invoke(&json!({})).await;
        let version = version.as_str().unwrap();
        let begun = format!("INIT_START Runtime Version: python:{version}");
        assert!(log.starts_with(&begun), "{log}");
        let words = format!("{runtime} functions run on python3 {version} of this machine");
        let release = format!("{}.", runtime.trim_start_matches("python"));
        assert_eq!(
            log.contains(&words),
            !version.starts_with(&release),
            "{log}"
        );
        let (_, _, log) = twin.invoke(&json!({})).await;
        assert!(log.starts_with("START"), "{log}");
    }
}
