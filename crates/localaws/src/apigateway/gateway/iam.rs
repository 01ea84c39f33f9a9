//! `AWS_IAM`: callers who sign, and what their policies let them call.

use super::{
    exchange::Exchange,
    reply::Reply,
    signature::{Fault, Signed},
};
use crate::{
    app::{App, now_ms},
    faults::is_account,
    iam::{Context, Ruling},
    server::Request,
    sts::{self, KeyRefusal, Session, WebIdentity},
};

/// The secret of the access key id that is an account's id, as `labctl --local` has it. API calls are taken
/// with any secret; a signed call of an API shows whether its client signs rightly.
const ROOT_SECRET: &str = "local";

/// Who signed a request, as its function is told.
#[derive(Debug)]
pub(super) struct Principal {
    pub(super) access_key: String,
    pub(super) account: String,
    /// `AROA…:{session}`, or a root's account.
    pub(super) user_id: String,
    pub(super) arn: String,
    /// When an identity pool vouches for the caller.
    pub(super) web: Option<WebIdentity>,
}

/// Whom a key stands for.
enum Signer {
    /// The twin has no users.
    Root(String),
    Session(Box<Session>),
}

impl Signer {
    fn of(app: &App, signed: &Signed) -> Result<Self, Fault> {
        let token = signed.token.as_deref();
        let session = app.read(|world| sts::caller(world, &signed.access_key, token));
        match session {
            Ok(Some(session)) => Ok(Self::Session(Box::new(session))),
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
            Self::Session(session) => &session.secret,
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
            Self::Session(session) => Principal {
                access_key,
                account: session.account.clone(),
                user_id: session.user_id(),
                arn: session.arn(),
                web: session.web.clone(),
            },
        }
    }

    /// A caller of another account would need a policy of the API's own, which the twin does not serve.
    fn ruling(&self, app: &App, exchange: &Exchange, account: &str) -> Ruling {
        if account != exchange.account {
            return Ruling::default();
        }
        match self {
            Self::Root(_) => Ruling::of(true),
            Self::Session(session) => {
                let context: Context = session.context(exchange.context());
                let (action, resource) = ("execute-api:Invoke", exchange.method_arn());
                app.read(|world| session.ruling(world, action, &resource, &context))
            }
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
    exchange: &Exchange,
    request: &Request,
) -> Result<Principal, Reply> {
    let not_signed = |fault: Fault| Reply::not_signed(fault.kind, &fault.message);
    let signed = Signed::of(request)
        .map_err(not_signed)?
        .ok_or_else(Reply::missing_authentication_token)?;
    let signer = Signer::of(app, &signed).map_err(not_signed)?;
    signed
        .verify(request, signer.secret(), &exchange.region, now_ms())
        .map_err(not_signed)?;
    let principal = signer.principal(signed.access_key);
    let ruling = signer.ruling(app, exchange, &principal.account);
    if ruling.allowed() {
        return Ok(principal);
    }
    // AWS shows the last digits of the account only.
    let hidden = format!(
        ":********{}:",
        exchange.account.get(8..).unwrap_or_default()
    );
    let resource = exchange
        .method_arn()
        .replacen(&format!(":{}:", exchange.account), &hidden, 1);
    let deny = if ruling.denied() {
        " with an explicit deny"
    } else {
        ""
    };
    let message = format!(
        "User: {} is not authorized to perform: execute-api:Invoke on resource: {resource}{deny}",
        principal.arn
    );
    Err(Reply::access_denied(&message).not_evaluated(&ruling.unknown))
}
