//! Why a call was answered so: the error in the function's log behind a 502, what the token says of itself behind a
//! 401. It reads only, and never shows a token.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jiff::Timestamp;
use labfiles::{harmless, plain};
use serde_json::Value;

use crate::{
    aws::{Cx, Request},
    lab::{Guard, Route},
};

/// How long to look for the reason of a failure.
const LIMIT: Duration = Duration::from_secs(20);
/// Of a traceback.
const MOST_LINES: usize = 10;

/// What a call was: of which route, and what runs behind it.
#[derive(Debug, Clone, Copy)]
pub struct Called<'a> {
    /// The route.
    pub route: &'a Route,
    /// Log group of its function.
    pub log_group: Option<&'a str>,
    /// What was sent.
    pub request: &'a Request,
    /// When, in ms.
    pub since: i64,
}

/// Why the call had this status, in lines; `None`: nothing more is known.
pub async fn why(cx: &Cx, called: Called<'_>, status: u16, at_once: bool) -> Option<String> {
    match status {
        401 => refused(called.route, called.request, Timestamp::now()),
        502 | 504 => {
            let group = called.log_group?;
            let error = last_error(cx, group, called.since, at_once).await;
            Some(match error {
                Some(error) => format!("{group} says:\n{error}"),
                None => format!(
                    "{group} has no error: the function's answer may lack `statusCode`, or its `body` is no text"
                ),
            })
        }
        _ => None,
    }
}

/// What a function last wrote of a failure since `start` (ms), when that can be found: its message and the end of its
/// traceback.
pub(super) async fn last_error(
    cx: &Cx,
    log_group: &str,
    start: i64,
    at_once: bool,
) -> Option<String> {
    let limit = if at_once { Duration::ZERO } else { LIMIT };
    let what = "the function's error to be in its log";
    let found = cx.poll(what, limit, || async {
        let events = cx.pages(
            "logs:FilterLogEvents",
            |token| {
                let filter = cx.clients().logs.filter_log_events();
                filter
                    .log_group_name(log_group)
                    .start_time(start)
                    .filter_pattern("?ERROR ?\"Task timed out\"")
                    .set_next_token(token)
                    .send()
            },
            |page| (page.events.unwrap_or_default(), page.next_token),
        );
        let last = events.await?.pop();
        Ok(last.and_then(|event| event.message))
    });
    found.await.ok()?.map(|message| ending(&message))
}

/// The first line, and the last ones.
fn ending(message: &str) -> String {
    let lines: Vec<String> = message
        .split(['\n', '\r'])
        .filter(|line| !line.trim().is_empty())
        .map(|line| plain(&line.trim_end().replace('\t', "  ")))
        .collect();
    let cut = lines.len().saturating_sub(MOST_LINES);
    let mut shown: Vec<String> = lines.iter().take(1).cloned().collect();
    if cut > 0 {
        shown.push("  …".to_owned());
    }
    shown.extend(lines.into_iter().skip(1 + cut));
    shown.join("\n")
}

/// What the request's token says of itself, and what the route wants.
fn refused(route: &Route, request: &Request, now: Timestamp) -> Option<String> {
    let Guard::Pool { header, .. } = &route.guard else {
        return None;
    };
    let wants = if route.wants_access_token() {
        format!(
            "an access token with one of the scopes: {}",
            route.scopes.join(", ")
        )
    } else {
        "an ID token".to_owned()
    };
    let wants = format!("{} wants {wants}", route.name());
    let mut headers = request.headers.iter();
    let sent = headers.find(|(name, _)| name.eq_ignore_ascii_case(header));
    let Some((_, token)) = sent else {
        return Some(format!("no token was sent in the header {header}; {wants}"));
    };
    let token = token.strip_prefix("Bearer ").unwrap_or(token);
    Some(match claims(token) {
        Some(claims) => format!("the token is {}; {wants}", described(&claims, now)),
        None => format!("what was sent in {header} is no JWT; {wants}"),
    })
}

/// The payload of a JWT. Its signature is not looked at: API Gateway does that.
fn claims(token: &str) -> Option<Value> {
    let mut parts = token.split('.');
    let (_, payload, _) = (parts.next()?, parts.next()?, parts.next()?);
    let payload = BASE64_URL_SAFE_NO_PAD.decode(payload).ok()?;
    let claims: Value = serde_json::from_slice(&payload).ok()?;
    claims.is_object().then_some(claims)
}

/// `an access token of client X with the scopes: a, b, until 2026-…`.
fn described(claims: &Value, now: Timestamp) -> String {
    let text = |name: &str| claims[name].as_str().map(plain);
    let kind = match claims["token_use"].as_str() {
        Some("access") => "an access token".to_owned(),
        Some("id") => "an ID token".to_owned(),
        _ => "a token of another kind".to_owned(),
    };
    let mut words = kind;
    if let Some(client) = text("client_id").or_else(|| text("aud")) {
        words.push_str(&format!(" of client {client}"));
    }
    if let Some(issuer) = text("iss") {
        let pool = issuer.rsplit('/').next().unwrap_or_default().to_owned();
        words.push_str(&format!(" and pool {pool}"));
    }
    match claims["scope"].as_str() {
        Some(scopes) => {
            let scopes: Vec<&str> = scopes.split(' ').collect();
            words.push_str(&format!(
                " with the scopes: {}",
                harmless(&scopes.join(", "))
            ));
        }
        None => words.push_str(" without scopes"),
    }
    let expires = claims["exp"]
        .as_i64()
        .and_then(|s| Timestamp::from_second(s).ok());
    if let Some(expires) = expires {
        let word = if expires <= now {
            "expired at"
        } else {
            "valid until"
        };
        words.push_str(&format!(", {word} {expires:.0}"));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(scopes: &[&str]) -> Route {
        Route {
            method: "GET".to_owned(),
            path: "/demo".to_owned(),
            function: "hello".to_owned(),
            guard: Guard::Pool {
                authorizer: "a".to_owned(),
                header: "Authorization".to_owned(),
            },
            scopes: scopes.iter().map(ToString::to_string).collect(),
            allow: vec![],
            deny: vec![],
            expect: None,
        }
    }

    fn told(scopes: &[&str], token: Option<&str>) -> String {
        let mut request = Request::new("GET", "https://example.com/dev/demo");
        if let Some(token) = token {
            request = request.header("authorization", token);
        }
        let now = "2026-01-01T00:00:00Z".parse().expect("a time");
        refused(&route(scopes), &request, now).expect("a reason")
    }

    fn jwt(claims: &str) -> String {
        format!("e30.{}.c2VjcmV0", BASE64_URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn a_refused_token_is_described_and_never_shown() {
        let access = jwt(
            r#"{"token_use":"access","client_id":"c1","scope":"openid aws.cognito.signin.user.admin","exp":1767225600,"iss":"https://x/us-east-1_abc"}"#,
        );
        let id = jwt(r#"{"token_use":"id","aud":"c1","exp":1798761600}"#);
        let unruly = jwt("{\"token_use\":\"access\",\"scope\":\"a\u{202e}b\"}");
        for (scopes, token, want) in [
            (
                &["demo/read"][..],
                Some(access.as_str()),
                "the token is an access token of client c1 and pool us-east-1_abc with the scopes: openid, \
                 aws.cognito.signin.user.admin, expired at 2026-01-01T00:00:00Z; GET /demo wants an access token with \
                 one of the scopes: demo/read",
            ),
            (
                &["a", "b"][..],
                Some(id.as_str()),
                "the token is an ID token of client c1 without scopes, valid until 2027-01-01T00:00:00Z; GET /demo \
                 wants an access token with one of the scopes: a, b",
            ),
            (
                &[][..],
                Some("garbage.x.y"),
                "what was sent in Authorization is no JWT; GET /demo wants an ID token",
            ),
            (
                &[][..],
                None,
                "no token was sent in the header Authorization; GET /demo wants an ID token",
            ),
            (
                &[][..],
                Some(unruly.as_str()),
                "the token is an access token with the scopes: a\\u{202e}b; GET /demo wants an ID token",
            ),
        ] {
            let told = told(scopes, token);
            assert_eq!(told, want);
            assert!(token.is_none_or(|token| !told.contains(token)));
        }
    }

    #[test]
    fn a_traceback_ends_with_its_last_lines() {
        let long: String = (0..50).fold(String::new(), |all, n| all + &format!("line {n}\n"));
        let shown = ending(&format!("[ERROR] KeyError: \u{1b}[31m'x'\n{long}"));
        assert!(
            shown.starts_with("[ERROR] KeyError: \\u{1b}[31m'x'\n  …\n"),
            "{shown}"
        );
        assert!(shown.ends_with("line 48\nline 49"), "{shown}");
        assert_eq!(shown.lines().count(), MOST_LINES + 1, "{shown}");
        assert_eq!(ending("Task timed out"), "Task timed out");
    }
}
