//! What IAM authorization promises: a signature by who has the permission, and nothing else.

use std::time::Instant;

use super::{checks::Prober, keys::described, want::Want};
use crate::{
    aws::{Fault, Keys, sign},
    lab::{Guard, Route},
};

/// The service that signatures for an API's stage are for.
pub const SERVICE: &str = "execute-api";

/// A caller with keys, and the routes that it may call.
pub struct Caller {
    /// Its name in the file.
    pub name: String,
    /// Its keys.
    pub keys: Keys,
    /// Names of the routes that its policy allows.
    pub routes: Vec<String>,
}

/// What a session of a role may do at most: nothing of an API.
pub fn nothing() -> String {
    serde_json::json!({
        "Version": "2012-10-17",
        "Statement": [{ "Effect": "Deny", "Action": "execute-api:*", "Resource": "*" }]
    })
    .to_string()
}

const NOT_ALLOWED: &str = "not authorized to perform: execute-api:Invoke";

impl Prober<'_> {
    async fn signed(&mut self, route: &Route, what: &str, keys: &Keys, want: &Want<'_>) {
        let request = self.request(route);
        let region = self.cx.region().to_owned();
        let name = format!("{} {what}", route.name());
        self.probe(name, want, || sign(request.clone(), keys, &region, SERVICE))
            .await;
    }

    /// A caller on all routes that want a signature: those it may call, and those it may not.
    pub async fn with_keys(&mut self, routes: &[Route], caller: &Caller) {
        let who = described(&caller.name);
        for route in routes.iter().filter(|r| matches!(r.guard, Guard::Iam)) {
            if caller.routes.contains(&route.name()) {
                let what = format!("signed by {who}");
                let fine = Want::Ok(route.expect.as_deref());
                self.signed(route, &what, &caller.keys, &fine).await;
            } else {
                let what = format!("signed by {who}, who may not");
                let want = Want::Refused(NOT_ALLOWED);
                self.signed(route, &what, &caller.keys, &want).await;
            }
        }
    }

    /// Somebody who knows the key's id, but not its secret; on the first route that wants a signature.
    pub async fn with_wrong_secret(&mut self, routes: &[Route], caller: &Caller) {
        let Some(route) = routes.iter().find(|r| matches!(r.guard, Guard::Iam)) else {
            return;
        };
        let keys = Keys {
            secret: caller.keys.secret.chars().rev().collect(),
            ..caller.keys.clone()
        };
        let want = Want::Refused("signature we calculated does not match");
        self.signed(route, "signed with a wrong secret", &keys, &want)
            .await;
    }

    /// The same role in a session that may not: on the routes that the role itself may call.
    pub async fn without_permission(&mut self, routes: &[Route], caller: &Caller, keys: &Keys) {
        let route = routes.iter().find(|r| caller.routes.contains(&r.name()));
        let Some(route) = route else { return };
        let what = format!(
            "signed by {} in a session without the permission",
            described(&caller.name)
        );
        let want = Want::Refused(NOT_ALLOWED);
        self.signed(route, &what, keys, &want).await;
    }

    /// Tells that a caller got its keys, or why not.
    pub fn got_keys(&mut self, name: &str, since: Instant, keys: &Result<Keys, Fault>) {
        let (ok, seen) = match keys {
            Ok(_) => (true, "temporary keys".to_owned()),
            Err(fault) => (false, fault.to_string()),
        };
        let what = format!("AWS keys for {}", described(name));
        self.tell(what, ok, "temporary keys".to_owned(), seen, since);
    }
}
