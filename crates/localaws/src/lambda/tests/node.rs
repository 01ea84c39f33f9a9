use serde_json::json;

use super::{F, Twin, zip};

impl Twin {
    /// A twin with a function `f` in Node.js, whose handler is `m.h`.
    async fn node(name: &str, source: &str) -> Self {
        let twin = Self::new().await;
        let code = json!({"ZipFile": zip(&[(name, source)])});
        twin.function(json!({"Code": code, "Runtime": "nodejs22.x"}))
            .await;
        twin
    }
}

#[tokio::test]
async fn modules_of_every_kind_are_loaded() {
    let cases = [
        (
            "m.mjs",
            "export const h = async (event) => ({ got: event });",
        ),
        ("m.js", "exports.h = async (event) => ({ got: event });"),
        (
            "m.cjs",
            "module.exports = { h: (event, context, done) => done(null, { got: event }) };",
        ),
        (
            "m.js",
            "exports.h = (event, context) => { context.succeed({ got: event }); };",
        ),
    ];
    for (name, source) in cases {
        let twin = Twin::node(name, source).await;
        for text in ["ü\u{1f600}".to_owned(), "y".repeat(1 << 20)] {
            let event = json!({ "text": text });
            assert_eq!(
                twin.result(&event).await,
                json!({ "got": event }),
                "{source}"
            );
        }
    }
}

#[tokio::test]
async fn a_handler_gets_its_context_and_logs() {
    let twin = Twin::node(
        "m.mjs",
        "console.log('loaded');
export const h = async (event, context) => {
  console.warn('two\\nlines', { a: 1 });
  const left = context.getRemainingTimeInMillis();
  return [context.functionName, context.invokedFunctionArn, context.memoryLimitInMB, left > 0 && left <= 3000];
};",
    )
    .await;
    let (_, payload, log) = twin.invoke(&json!({})).await;
    assert_eq!(payload, json!(["f", F, "128", true]));
    assert!(log.contains("\tINFO\tloaded\nSTART"), "{log}");
    assert!(log.contains("\tWARN\ttwo\nlines { a: 1 }\nEND"), "{log}");
    let messages = twin.messages("/aws/lambda/f").await.unwrap();
    assert!(
        messages.iter().any(|m| m.contains("two\nlines")),
        "{messages:?}"
    );
}

#[tokio::test]
async fn the_context_is_complete() {
    let twin = Twin::node(
        "m.mjs",
        "export const h = async (event, context) => ({
  own: [context.functionName, context.functionVersion, context.invokedFunctionArn, context.memoryLimitInMB,
        context.logGroupName, context.callbackWaitsForEmptyEventLoop, context.identity ?? null, context.clientContext ?? null],
  id: context.awsRequestId, stream: context.logStreamName, trace: process.env._X_AMZN_TRACE_ID,
});",
    )
    .await;
    let first = twin.result(&json!({})).await;
    assert_eq!(
        first["own"],
        json!(["f", "$LATEST", F, "128", "/aws/lambda/f", true, null, null])
    );
    assert!(first["stream"].as_str().unwrap().contains("/[$LATEST]"));
    let second = twin.result(&json!({})).await;
    assert_eq!(second["stream"], first["stream"]);
    for member in ["id", "trace"] {
        assert_ne!(second[member], first[member]);
    }
    let trace = first["trace"].as_str().unwrap();
    assert!(
        trace.starts_with("Root=1-") && trace.ends_with(";Sampled=0"),
        "{trace}"
    );
}

/// As AWS's runtime does it: `callback` waits for what the handler began, unless it is told not to.
#[tokio::test]
async fn a_callback_waits_for_an_empty_event_loop() {
    let twin = Twin::node(
        "m.js",
        "exports.h = (event, context, callback) => {
  if (event === 'nothing') return;
  if (event === 'forget') context.callbackWaitsForEmptyEventLoop = false;
  const seen = [];
  setTimeout(() => seen.push('later'), 50);
  if (event === 'done') context.done(null, seen);
  else if (event === 'error') callback(new TypeError('bad'));
  else callback(null, seen);
};",
    )
    .await;
    assert_eq!(twin.result(&json!("wait")).await, json!(["later"]));
    assert_eq!(twin.result(&json!("forget")).await, json!([]));
    assert_eq!(twin.result(&json!("done")).await, json!([]));
    assert_eq!(
        twin.error(&json!("error")).await.0["errorType"],
        "TypeError"
    );
    assert!(twin.result(&json!("nothing")).await.is_null());
    assert_eq!(twin.result(&json!("wait")).await, json!(["later"]));
}

#[tokio::test]
async fn errors_are_told_as_lambda_tells_them() {
    let twin = Twin::node(
        "m.mjs",
        "export const h = async (event) => {
  if (event === 'throw') throw new TypeError('bad');
  if (event === 'exit') process.exit(3);
  if (event === 'later') { setTimeout(() => { throw new Error('late'); }); await new Promise(() => {}); }
  if (event === 'loop') { const o = {}; o.o = o; return o; }
};",
    )
    .await;
    for (event, kind, words) in [
        ("throw", "TypeError", "bad"),
        ("exit", "Runtime.ExitError", "exit status 3"),
        ("later", "Error", "late"),
        ("loop", "Error", "Unable to stringify response body"),
    ] {
        let (error, _) = twin.error(&json!(event)).await;
        assert_eq!(error["errorType"], kind, "{error}");
        assert!(
            error["errorMessage"].as_str().unwrap().contains(words),
            "{error}"
        );
        assert!(twin.result(&json!("fine")).await.is_null());
    }
}

#[tokio::test]
async fn a_handler_that_cannot_be_loaded_is_told() {
    for (name, source, kind, words) in [
        (
            "other.mjs",
            "",
            "Runtime.ImportModuleError",
            "Cannot find module 'm'",
        ),
        (
            "m.mjs",
            "import 'nonsense-of-ours';",
            // Not an ImportModuleError: Node.js has another code for it than for `require`.
            "Error",
            "Cannot find package 'nonsense-of-ours' imported from",
        ),
        (
            "m.mjs",
            "export const g = 1;",
            "Runtime.HandlerNotFound",
            "m.h is undefined or not exported",
        ),
        (
            "m.mjs",
            "export const = 1;",
            "Runtime.UserCodeSyntaxError",
            "SyntaxError",
        ),
        ("m.mjs", "throw new RangeError('x');", "RangeError", "x"),
    ] {
        let twin = Twin::node(name, source).await;
        let (error, _) = twin.error(&json!({})).await;
        assert_eq!(error["errorType"], kind, "{error}");
        assert!(
            error["errorMessage"].as_str().unwrap().contains(words),
            "{error}"
        );
    }
}
