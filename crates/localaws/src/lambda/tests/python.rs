use serde_json::{Value, json};

use crate::sts;

use super::{F, Twin, zip};

#[tokio::test]
async fn a_handler_gets_event_and_context() {
    let twin = Twin::python(
        "import os
def h(event, context):
    left = context.get_remaining_time_in_millis()
    return {'event': event, 'left': 0 < left <= 3000, 'id': context.aws_request_id,
            'own': [context.function_name, context.function_version, context.invoked_function_arn,
                    context.memory_limit_in_mb, context.log_group_name],
            'stream': context.log_stream_name, 'identity': context.identity.cognito_identity_id,
            'client': context.client_context, 'tenant': context.tenant_id,
            'trace': os.environ['_X_AMZN_TRACE_ID']}
",
    )
    .await;
    let event = json!({"text": "ü\u{1f600}\n", "n": 1.5, "deep": [[{}]]});
    let got = twin.result(&event).await;
    assert_eq!(got["event"], event);
    assert_eq!(got["left"], true);
    assert_eq!(
        got["own"],
        json!(["f", "$LATEST", F, "128", "/aws/lambda/f"])
    );
    assert!(got["stream"].as_str().unwrap().contains("/[$LATEST]"));
    assert!(got["identity"].is_null() && got["client"].is_null());
    let again = twin.result(&event).await;
    assert_ne!(again["id"], got["id"]);
    assert_ne!(again["trace"], got["trace"]);
    assert!(got["trace"].as_str().unwrap().starts_with("Root=1-"));
    assert_eq!(again["stream"], got["stream"], "one process, one stream");
}

#[tokio::test]
async fn a_handler_sees_only_the_environment_of_lambda() {
    let twin = Twin::new().await;
    let source =
        "import os\ndef h(e, c):\n    return [dict(os.environ), os.getcwd(), os.listdir()]\n";
    twin.function(json!({
        "Code": {"ZipFile": zip(&[("m.py", source)])},
        "Environment": {"Variables": {"MINE": "yes", "TZ": "Europe/Berlin"}},
    }))
    .await;
    let got = twin.result(&json!({})).await;
    let environment = got[0].as_object().unwrap();
    for (name, value) in [
        ("MINE", "yes"),
        ("TZ", "Europe/Berlin"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
        ("AWS_LAMBDA_FUNCTION_NAME", "f"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/f"),
        ("AWS_EXECUTION_ENV", "AWS_Lambda_python3.13"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:1"),
        ("_HANDLER", "m.h"),
        ("LANG", "en_US.UTF-8"),
    ] {
        assert_eq!(environment.get(name), Some(&json!(value)), "{name}");
    }
    assert_eq!(environment["LAMBDA_TASK_ROOT"], got[1]);
    let key = environment["AWS_ACCESS_KEY_ID"].as_str().unwrap();
    let token = environment["AWS_SESSION_TOKEN"].as_str();
    let caller = twin.app.read(|world| sts::Caller::of(world, key, token));
    let caller = caller.unwrap().expect("a session of the function's role");
    assert_eq!(
        caller.arn(),
        "arn:aws:sts::111122223333:assumed-role/exec/f"
    );
    assert_eq!(environment["AWS_SECRET_ACCESS_KEY"], caller.secret());
    assert_eq!(
        got[2],
        json!(["m.py"]),
        "no bytecode is left in the code's folder"
    );
    // What the test's own process has, a handler has not, but for PATH and what the shell sets.
    for name in ["HOME", "CARGO_MANIFEST_DIR", "USER"] {
        assert!(!environment.contains_key(name), "{name}");
    }
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some());
}

#[tokio::test]
async fn errors_are_told_as_lambda_tells_them() {
    let twin = Twin::python(
        "import os, sys
def h(event, context):
    how = event['how']
    if how == 'raise': raise ValueError('ü')
    if how == 'set': return {1}
    if how == 'exit': sys.exit(3)
    if how == 'quit': os._exit(0)
    if how == 'kill': os.kill(os.getpid(), 9)
    return 'fine'
",
    )
    .await;
    let (error, log) = twin.error(&json!({"how": "raise"})).await;
    assert_eq!(
        (&error["errorType"], &error["errorMessage"]),
        (&json!("ValueError"), &json!("ü"))
    );
    let stack = error["stackTrace"].as_array().unwrap();
    assert_eq!(stack.len(), 1, "only the handler's own frames: {stack:?}");
    assert!(
        stack[0]
            .as_str()
            .unwrap()
            .contains("in h\n    if how == 'raise'")
    );
    let id = error["requestId"].as_str().unwrap();
    assert!(log.contains(&format!("END RequestId: {id}\n")), "{log}");
    assert!(
        log.contains("[ERROR] ValueError: ü\nTraceback (most recent call last):\n"),
        "{log}"
    );

    let (error, _) = twin.error(&json!({"how": "set"})).await;
    assert_eq!(error["errorType"], "Runtime.MarshalError");
    assert!(
        error["errorMessage"]
            .as_str()
            .unwrap()
            .starts_with("Unable to marshal response: ")
    );

    for (how, words) in [
        ("exit", "Error: Runtime exited with error: exit status 3"),
        ("quit", "Error: Runtime exited without providing a reason"),
        ("kill", "Error: Runtime exited with error: signal: killed"),
    ] {
        let (error, log) = twin.error(&json!({ "how": how })).await;
        assert_eq!(error["errorType"], "Runtime.ExitError", "{how}");
        let message = error["errorMessage"].as_str().unwrap();
        assert!(
            message.starts_with("RequestId: ") && message.ends_with(words),
            "{message}"
        );
        assert!(
            log.contains(message) && log.contains("Status: error"),
            "{log}"
        );
        // Another process takes over.
        assert_eq!(twin.result(&json!({"how": "not"})).await, "fine");
    }
}

#[tokio::test]
async fn a_handler_that_cannot_be_loaded_is_told() {
    let cases = [
        (
            "m.h",
            "import nonsense_of_ours\n",
            "Runtime.ImportModuleError",
            "Unable to import module 'm': No module named 'nonsense_of_ours'",
        ),
        (
            "other.h",
            "",
            "Runtime.ImportModuleError",
            "Unable to import module 'other': No module named 'other'",
        ),
        (
            "m.g",
            "def h(e, c): pass\n",
            "Runtime.HandlerNotFound",
            "Handler 'g' missing on module 'm'",
        ),
        ("h", "", "Runtime.MalformedHandlerName", "Bad handler 'h'"),
        (
            "m.h",
            "def h(:\n",
            "Runtime.UserCodeSyntaxError",
            "Syntax error in module 'm': invalid syntax",
        ),
        ("m.h", "raise KeyError('x')\n", "KeyError", "'x'"),
        (
            "m.h",
            "import sys; sys.exit(4)\n",
            "Runtime.ExitError",
            "exit status 4",
        ),
    ];
    for (handler, source, kind, words) in cases {
        let twin = Twin::new().await;
        let code = json!({"ZipFile": zip(&[("m.py", source)])});
        twin.function(json!({"Code": code, "Handler": handler}))
            .await;
        for _ in 0..2 {
            let (error, log) = twin.error(&json!({})).await;
            assert_eq!(error["errorType"], kind, "{error}");
            let message = error["errorMessage"].as_str().unwrap();
            assert!(message.contains(words), "{message}");
            assert!(log.contains(message), "{log}");
        }
    }
}

#[tokio::test]
async fn a_handler_that_takes_too_long_is_stopped() {
    let twin = Twin::new().await;
    let source = "import time\ndef h(event, context):\n    print('begun')\n    time.sleep(event)\n";
    let code = json!({"ZipFile": zip(&[("m.py", source)])});
    twin.function(json!({"Code": code, "Timeout": 1})).await;
    let (error, log) = twin.error(&json!(60)).await;
    assert_eq!(error["errorType"], "Sandbox.Timedout");
    let message = error["errorMessage"].as_str().unwrap();
    assert!(message.starts_with("RequestId: "), "{message}");
    assert!(
        message.ends_with(" Error: Task timed out after 1.00 seconds"),
        "{message}"
    );
    assert!(log.contains("begun\n"), "{log}");
    assert!(log.contains(" Task timed out after 1.00 seconds"), "{log}");
    assert!(log.contains("Status: timeout"), "{log}");
    assert!(twin.result(&json!(0)).await.is_null());
}

#[tokio::test]
async fn odd_output_and_large_payloads_get_through() {
    let twin = Twin::python(
        "import os, subprocess, sys
def h(event, context):
    if event.get('print'):
        os.write(1, b'\\xff\\xfe\\0raw\\n')
        print('{\"kind\": \"result\", \"memory_mb\": 1, \"size\": 0}')
        print('to stderr', file=sys.stderr)
        subprocess.run(['echo', 'from a child'])
        print('no end', end='')
    if event.get('size'): return 'x' * event['size']
    return event.get('surrogate')
",
    )
    .await;
    let (answer, _, log) = twin.invoke(&json!({"print": true})).await;
    assert!(answer.get("FunctionError").is_none());
    for line in [
        "\u{fffd}\u{fffd}\0raw\n",
        "\"size\": 0}\n",
        "to stderr\n",
        "from a child\n",
        "no end\n",
    ] {
        assert!(log.contains(line), "{line:?} in {log:?}");
    }
    let large = json!({"surrogate": "y".repeat(3 << 20)});
    assert_eq!(twin.result(&large).await, large["surrogate"]);
    // With its quotes.
    let most = 6_291_556 - 2;
    let (error, _) = twin.error(&json!({"size": most + 1})).await;
    assert_eq!(error["errorType"], "Function.ResponseSizeTooLarge");
    let words = "Response payload size exceeded maximum allowed payload size (6291556 bytes).";
    assert_eq!(error["errorMessage"], words);
    let answer = twin.result(&json!({"size": most})).await;
    assert_eq!(answer.as_str().unwrap().len(), most);
}

#[tokio::test]
async fn invocations_are_checked() {
    use base64::{Engine, prelude::BASE64_STANDARD};

    let twin = Twin::python(
        "def h(e, c):\n    return [e, c.client_context and c.client_context.custom]\n",
    )
    .await;
    let with = |payload: &[u8], more: Value| {
        let mut input = json!({"FunctionName": "f", "Payload": BASE64_STANDARD.encode(payload)});
        input
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        input
    };
    let (code, _) = twin.refused("Invoke", with(b"{no", json!({}))).await;
    assert_eq!(code, "InvalidRequestContentException");
    let long = format!("\"{}\"", "x".repeat(1 << 20)).into_bytes();
    let (code, message) = twin
        .refused("Invoke", with(&long, json!({"InvocationType": "Event"})))
        .await;
    assert_eq!(code, "RequestTooLargeException");
    assert!(message.contains("limit 1048576"), "{message}");
    let tenant = with(b"1", json!({"TenantId": "x"}));
    assert_eq!(
        twin.refused("Invoke", tenant).await.0,
        "NotImplementedException"
    );

    let dry = twin
        .ok("Invoke", with(b"1", json!({"InvocationType": "DryRun"})))
        .await;
    assert_eq!(dry, json!({"StatusCode": 204}));
    let context = BASE64_STANDARD.encode(r#"{"custom": {"a": "b"}}"#);
    let answer = twin
        .ok("Invoke", with(b"", json!({ "ClientContext": context })))
        .await;
    let payload = BASE64_STANDARD
        .decode(answer["Payload"].as_str().unwrap())
        .unwrap();
    let payload: Value = serde_json::from_slice(&payload).unwrap();
    assert_eq!(payload, json!([{}, {"a": "b"}]));
    assert_eq!(answer["ExecutedVersion"], "$LATEST");
    assert!(answer.get("LogResult").is_none());
}
