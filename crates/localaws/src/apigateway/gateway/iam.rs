//! `AWS_IAM`: callers who sign, and what their policies let them call.

use super::{super::api::Snapshot, exchange::Exchange, policy, reply::Reply};
use crate::{
    app::{App, now_ms},
    faults::is_account,
    iam::Ruling,
    server::Request,
    signature::{Fault, Signed},
    sts::{Caller, KeyRefusal, WebIdentity},
};

/// The secret of the access key id that is an account's id, as `labctl --local` has it. API calls are taken
/// with any secret; a signed call of an API shows whether its client signs rightly.
const ROOT_SECRET: &str = "local";

/// Who signed a request, as its function is told.
#[derive(Debug)]
pub(super) struct Principal {
    pub(super) access_key: String,
    pub(super) account: String,
    /// `AROA…:{session}`, `AIDA…`, or a root's account.
    pub(super) user_id: String,
    pub(super) arn: String,
    /// When an identity pool vouches for the caller.
    pub(super) web: Option<WebIdentity>,
}

/// Whom a key stands for.
enum Signer {
    Root(String),
    Other(Caller),
}

impl Signer {
    fn of(app: &App, signed: &Signed) -> Result<Self, Fault> {
        let token = signed.token.as_deref();
        let caller = app.read(|world| Caller::of(world, &signed.access_key, token));
        match caller {
            Ok(Some(caller)) => Ok(Self::Other(caller)),
            Ok(None) if is_account(&signed.access_key) && token.is_none() => {
                Ok(Self::Root(signed.access_key.clone()))
            }
            Ok(None) => Err(refused(KeyRefusal::Invalid)),
            Err(why) => Err(refused(why)),
        }
    }

    fn secret(&self) -> &str {
        match self {
            Self::Root(_) => ROOT_SECRET,
            Self::Other(caller) => caller.secret(),
        }
    }

    fn principal(&self, access_key: String) -> Principal {
        match self {
            Self::Root(account) => Principal {
                access_key,
                account: account.clone(),
                user_id: account.clone(),
                arn: format!("arn:aws:iam::{account}:root"),
                web: None,
            },
            Self::Other(caller) => Principal {
                access_key,
                account: caller.account().to_owned(),
                user_id: caller.user_id(),
                arn: caller.arn(),
                web: caller.web().cloned(),
            },
        }
    }

    /// The caller's own names, as policies have them, and those that stand for the whole account.
    fn names(&self) -> (Vec<String>, [String; 2]) {
        let account = match self {
            Self::Root(account) => account,
            Self::Other(caller) => caller.account(),
        };
        let whole = [account.to_owned(), format!("arn:aws:iam::{account}:root")];
        match self {
            Self::Root(_) => (whole.to_vec(), whole),
            Self::Other(caller) => (caller.names(), whole),
        }
    }

    /// Within an account either may allow, the caller's policies or the API's. From another one both have to.
    /// Trust in an account leaves it to the caller's own policies.
    fn ruling(&self, app: &App, snapshot: &Snapshot, exchange: &Exchange) -> Ruling {
        let (own, whole) = self.names();
        let context = match self {
            Self::Root(account) => exchange
                .context()
                .with("aws:PrincipalArn", [whole[1].clone()])
                .with("aws:PrincipalAccount", [account.clone()])
                .with("aws:PrincipalType", ["Account".to_owned()])
                .with("aws:userid", [account.clone()])
                .with("aws:username", []),
            Self::Other(caller) => caller.context(exchange.context()),
        };
        let identity = match self {
            Self::Root(_) => Ruling::of(true),
            Self::Other(caller) => {
                let (action, resource) = ("execute-api:Invoke", exchange.method_arn());
                app.read(|world| caller.ruling(world, action, &resource, &context))
            }
        };
        let of_api = |names: &[String]| {
            policy::ruling(snapshot, exchange, names, &context).unwrap_or_default()
        };
        let all = of_api(&[&own[..], &whole[..]].concat());
        if whole[0] != exchange.account {
            identity.and(all)
        } else if all.denied() {
            identity.or(all)
        } else {
            identity.or(of_api(&own))
        }
    }
}

fn refused(why: KeyRefusal) -> Fault {
    let kind = match why {
        KeyRefusal::Invalid => "UnrecognizedClientException",
        KeyRefusal::Expired => "ExpiredTokenException",
    };
    Fault::new(kind, why.message())
}

pub(super) fn caller(
    app: &App,
    snapshot: &Snapshot,
    exchange: &Exchange,
    request: &Request,
) -> Result<Principal, Reply> {
    let not_signed = |fault: Fault| Reply::not_signed(fault.kind, &fault.message);
    let signed = Signed::of(request)
        .map_err(not_signed)?
        .ok_or_else(Reply::missing_authentication_token)?;
    let signer = Signer::of(app, &signed).map_err(not_signed)?;
    signed
        .verify(
            request,
            signer.secret(),
            (&exchange.region, "execute-api"),
            now_ms(),
        )
        .map_err(not_signed)?;
    let principal = signer.principal(signed.access_key);
    let ruling = signer.ruling(app, snapshot, exchange);
    if ruling.allowed() {
        Ok(principal)
    } else {
        Err(policy::denied(exchange, &principal.arn, &ruling))
    }
}
