//! Who may call a function URL. Source: "Control access to Lambda function URLs" in Lambda's documentation, which asks
//! for both actions since October 2025.

use super::{AuthType, Found};
use crate::{
    app::{App, now_ms},
    faults::is_account,
    iam::Context,
    server::Request,
    signature::Signed,
    sts::{Caller, KeyRefusal},
};

pub(super) const FORBIDDEN: &str = "Forbidden. For troubleshooting Function URL authorization issues, see: \
                                    https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html";
const ACTIONS: [&str; 2] = ["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"];
/// Of the key that is an account's id, as at invoke URLs of API Gateway.
const ROOT_SECRET: &str = "local";

/// Who calls.
pub(super) enum Visitor {
    Anonymous,
    Root { account: String },
    Signed { access_key: String, caller: Caller },
}

impl Visitor {
    /// The error says why a signature is not taken.
    pub(super) fn of(app: &App, request: &Request, found: &Found) -> Result<Self, String> {
        if found.url.auth_type == AuthType::None {
            return Ok(Self::Anonymous);
        }
        let signed = Signed::of(request).map_err(|fault| fault.message)?;
        let signed = signed.ok_or_else(|| FORBIDDEN.to_owned())?;
        let (key, token) = (&signed.access_key, signed.token.as_deref());
        let caller = app
            .read(|world| Caller::of(world, key, token))
            .map_err(|why| why.message().to_owned())?;
        let secret = match &caller {
            Some(caller) => caller.secret().to_owned(),
            None if is_account(key) && token.is_none() => ROOT_SECRET.to_owned(),
            None => return Err(KeyRefusal::Invalid.message().to_owned()),
        };
        let place = (found.named.region.as_str(), "lambda");
        signed
            .verify(request, &secret, place, now_ms())
            .map_err(|fault| fault.message)?;
        Ok(match caller {
            Some(caller) => Self::Signed {
                access_key: signed.access_key,
                caller,
            },
            None => Self::Root {
                account: signed.access_key,
            },
        })
    }

    pub(super) fn account(&self) -> Option<&str> {
        match self {
            Self::Anonymous => None,
            Self::Root { account } => Some(account),
            Self::Signed { caller, .. } => Some(caller.account()),
        }
    }

    pub(super) fn may_call(&self, app: &App, found: &Found) -> bool {
        ACTIONS.iter().all(|action| self.may(app, found, action))
    }

    /// Within an account either may allow, the caller's policies or the function's; from another one both have to.
    fn may(&self, app: &App, found: &Found, action: &str) -> bool {
        let auth_type = found.url.auth_type.name();
        app.read(|world| {
            let policy = found
                .named
                .function(world)
                .and_then(|function| function.policy(found.named.qualifier()));
            let lets_in = |names: &[String]| {
                policy.is_some_and(|policy| policy.lets_url_in(action, auth_type, names))
            };
            let whole =
                |account: &str| [account.to_owned(), format!("arn:aws:iam::{account}:root")];
            match self {
                Self::Anonymous => lets_in(&[]),
                Self::Root { account } => {
                    *account == found.named.account || lets_in(&whole(account))
                }
                Self::Signed { caller, .. } => {
                    let context = Context::default()
                        .with("lambda:FunctionUrlAuthType", [auth_type.to_owned()])
                        .with("lambda:InvokedViaFunctionUrl", ["true".to_owned()]);
                    let context = caller.context(context);
                    let own = caller.ruling(world, action, &found.named.arn(), &context);
                    let names = caller.names();
                    if own.denied() {
                        false
                    } else if caller.account() == found.named.account {
                        own.allowed() || lets_in(&names)
                    } else {
                        let all = [&names[..], &whole(caller.account())[..]].concat();
                        own.allowed() && lets_in(&all)
                    }
                }
            }
        })
    }
}
