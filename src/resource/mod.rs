//! The closed list of AWS kinds that labctl makes, one file each, in a folder per service.

mod apigateway;
mod cloudfront;
mod cognito;
mod cognito_identity;
pub(crate) mod form;
mod iam;
mod lambda;
mod logs;
mod route53;
mod wafv2;

use std::{future::Future, pin::Pin};

pub use apigateway::{Authorization, Judge, Snapshot};
pub use cognito::{ClientSecret, OAuth, Secret, unguessable, users_of_pool};
pub use cognito_identity::provider_name;
pub use iam::{Trust, call_policy_document};
pub use lambda::{ZipError, pack};

use labfiles::json::{self, Mismatch};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    aws::{Cx, Fault},
    engine::{Found, Resource, decode, encode},
};

/// A future that a kind answers with when only the journal's values are known.
pub type Erased<'a, T> = Pin<Box<dyn Future<Output = Result<T, Fault>> + Send + 'a>>;

macro_rules! kinds {
    ($($kind:ident = $service:ident, $title:literal;)*) => {
        $(pub use $service::$kind;)*

        /// What labctl can make and unmake.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[expect(missing_docs, reason = "the titles say it")]
        pub enum Kind { $($kind,)* }

        impl Kind {
            /// All kinds.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)*];

            /// What a person calls it.
            pub fn title(self) -> &'static str {
                match self { $(Self::$kind => $title,)* }
            }

            /// Whether AWS addresses it by a name we chose: see [`Resource::BY_NAME`].
            pub fn by_name(self) -> bool {
                match self { $(Self::$kind => $kind::BY_NAME,)* }
            }

            /// Whether a second create makes a second one: see [`Resource::REPEATS`].
            pub fn repeats(self) -> bool {
                match self { $(Self::$kind => $kind::REPEATS,)* }
            }

            /// Whether a stranger's can be adopted: see [`Resource::ADOPTABLE`].
            pub fn adoptable(self) -> bool {
                match self { $(Self::$kind => $kind::ADOPTABLE,)* }
            }

            /// Whether it is removed last: see [`Resource::LINGERS`].
            pub fn lingers(self) -> bool {
                match self { $(Self::$kind => $kind::LINGERS,)* }
            }

            /// What is lost with it: see [`Resource::CARRIES`].
            pub fn carries(self) -> Option<&'static str> {
                match self { $(Self::$kind => $kind::CARRIES,)* }
            }

            /// Fields that cannot be changed: see [`Resource::FIXED`].
            pub fn fixed(self) -> &'static [&'static str] {
                match self { $(Self::$kind => $kind::FIXED,)* }
            }

            /// Refuses a journal's key or output that is not this kind's.
            pub fn check(self, key: &Value, out: Option<&Value>) -> Result<(), Mismatch> {
                match self { $(Self::$kind => check::<$kind>(key, out),)* }
            }

            /// [`Resource::claim`] with the journal's key.
            pub fn claim<'a>(self, cx: &'a Cx, key: &'a Value) -> Erased<'a, ()> {
                match self { $(Self::$kind => Box::pin(claim::<$kind>(cx, key)),)* }
            }

            /// [`Resource::find`] with the journal's key.
            pub fn find<'a>(self, cx: &'a Cx, key: &'a Value) -> Erased<'a, Found<Value>> {
                match self { $(Self::$kind => Box::pin(find::<$kind>(cx, key)),)* }
            }

            /// [`Resource::delete`] with the journal's key and output.
            pub fn delete<'a>(self, cx: &'a Cx, key: &'a Value, out: Option<&'a Value>) -> Erased<'a, ()> {
                match self { $(Self::$kind => Box::pin(delete::<$kind>(cx, key, out)),)* }
            }

            /// [`Resource::physical_id`] with the journal's key and output.
            pub fn physical_id(self, key: &Value, out: Option<&Value>) -> Option<String> {
                match self { $(Self::$kind => physical_id::<$kind>(key, out),)* }
            }
        }
    };
}

kinds! {
    LogGroup = logs, "log group";
    Role = iam, "role";
    RolePolicy = iam, "role policy";
    Function = lambda, "function";
    Permission = lambda, "permission";
    UserPool = cognito, "user pool";
    MfaConfig = cognito, "MFA";
    IdentityProvider = cognito, "identity provider";
    UserPoolDomain = cognito, "domain";
    AppClient = cognito, "app client";
    User = cognito, "user";
    Password = cognito, "password";
    IdentityPool = cognito_identity, "identity pool";
    PoolRoles = cognito_identity, "pool roles";
    CallPolicy = iam, "call policy";
    RestApi = apigateway, "REST API";
    Path = apigateway, "path";
    Method = apigateway, "method";
    Integration = apigateway, "integration";
    MethodResponse = apigateway, "method response";
    MockIntegration = apigateway, "mock integration";
    IntegrationResponse = apigateway, "integration response";
    GatewayResponse = apigateway, "gateway response";
    Authorizer = apigateway, "authorizer";
    Deployment = apigateway, "deployment";
    Stage = apigateway, "stage";
    ApiKey = apigateway, "API key";
    UsagePlan = apigateway, "usage plan";
    UsagePlanKey = apigateway, "usage plan key";
    WebAcl = wafv2, "web ACL";
    Distribution = cloudfront, "distribution";
    EdgeDeployment = cloudfront, "edge deployment";
    RecordSet = route53, "record set";
}

async fn find<R: Resource>(cx: &Cx, key: &Value) -> Result<Found<Value>, Fault> {
    Ok(match R::find(cx, &decode(key)?).await? {
        Found::Ours(out) => Found::Ours(encode(&out)?),
        Found::Foreign(seen) => Found::Foreign(seen),
        Found::Absent => Found::Absent,
    })
}

async fn claim<R: Resource>(cx: &Cx, key: &Value) -> Result<(), Fault> {
    R::claim(cx, &decode(key)?).await
}

fn check<R: Resource>(key: &Value, out: Option<&Value>) -> Result<(), Mismatch> {
    json::from_value::<R::Key>(key).map_err(|wrong| wrong.within("key"))?;
    if let Some(out) = out {
        json::from_value::<R::Output>(out).map_err(|wrong| wrong.within("output"))?;
    }
    Ok(())
}

async fn delete<R: Resource>(cx: &Cx, key: &Value, out: Option<&Value>) -> Result<(), Fault> {
    R::delete(cx, &decode(key)?, out.map(decode).transpose()?.as_ref()).await
}

fn physical_id<R: Resource>(key: &Value, out: Option<&Value>) -> Option<String> {
    let out = out.map(decode).transpose().ok()?;
    R::physical_id(&decode(key).ok()?, out.as_ref())
}

/// The answer of a call on something that may not be there: `Absent` is `None`.
fn present<T>(answer: Result<T, Fault>) -> Result<Option<T>, Fault> {
    use crate::aws::FaultKind;
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(fault) if fault.kind == FaultKind::Absent => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// Tags that were read one by one, as ownership is judged by.
fn pairs(tags: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    tags.iter().map(|(k, v)| (k.as_str(), v.as_str()))
}

/// A deletion's answer: that it was not there is success.
fn gone<T>(answer: Result<T, Fault>) -> Result<(), Fault> {
    present(answer).map(drop)
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::Kind;

    /// The crash matrix tries labs, so each kind must be in one of them (`tests/matrix/records/`).
    #[test]
    fn every_kind_is_in_a_lab_of_the_matrix() {
        let records = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/matrix/records");
        let mut tried = BTreeSet::new();
        for record in fs::read_dir(records).expect("the records") {
            let text = fs::read_to_string(record.expect("a record").path()).expect("a text");
            let kinds = text.lines().skip_while(|line| *line != "kinds").skip(1);
            let kinds = kinds.map_while(|line| line.strip_prefix("  "));
            tried.extend(kinds.map(str::to_owned));
        }
        let name = |kind: &Kind| serde_json::to_value(kind).expect("a name");
        let missing: Vec<_> = Kind::ALL
            .iter()
            .filter(|kind| !name(kind).as_str().is_some_and(|name| tried.contains(name)))
            .collect();
        assert!(
            missing.is_empty(),
            "no lab of the crash matrix has {missing:?}: add it to tests/matrix/edge-options/lab.yaml"
        );
    }
}
