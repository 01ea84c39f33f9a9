//! Temporary credentials: what the twin keeps of them, and whom a key stands for.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    app::now_ms,
    iam::{self, Context, Ruling},
    ids,
    world::World,
};

/// How long an ended session is still told from a key that never was.
const REMEMBERED_MS: i64 = 36 * 3_600_000;

/// A role, assumed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Session {
    pub(crate) access_key: String,
    pub(crate) secret: String,
    token: String,
    /// The role's account.
    pub(crate) account: String,
    pub(crate) role_arn: String,
    role_id: String,
    role_name: String,
    name: String,
    /// Milliseconds since the epoch.
    expires: i64,
    /// Session policies: JSON texts, and ARNs of managed ones. None at all: the role's policies are all.
    documents: Vec<String>,
    policy_arns: Vec<String>,
    /// When an identity provider vouched for the caller.
    #[serde(default)]
    pub(crate) web: Option<WebIdentity>,
}

/// Identity pools, as trust policies name them.
pub(crate) const COGNITO: &str = "cognito-identity.amazonaws.com";

/// Whom an identity provider vouches for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct WebIdentity {
    /// As a trust policy's principal: [`COGNITO`], or the ARN of an `OpenID` Connect provider.
    #[serde(default = "cognito")]
    pub(crate) provider: String,
    /// Of an identity pool: the identity's id.
    pub(crate) sub: String,
    /// Of an identity pool: the pool's id.
    pub(crate) aud: String,
    /// Of an identity pool: `authenticated`, and how; or `unauthenticated`.
    pub(crate) amr: Vec<String>,
}

fn cognito() -> String {
    COGNITO.to_owned()
}

impl WebIdentity {
    /// What condition keys about it begin with: a provider's URL without `https://`.
    fn prefix(&self) -> &str {
        let behind = self.provider.split_once(":oidc-provider/");
        behind.map_or(&self.provider, |(_, url)| url)
    }

    pub(crate) fn is_of_cognito(&self) -> bool {
        self.provider == COGNITO
    }

    /// What a role's trust policy may ask.
    pub(crate) fn context(&self) -> Context {
        web_context(Some(self), Context::default())
    }
}

/// Of who did not come by an identity pool, its keys are known to be absent.
pub(super) fn web_context(web: Option<&WebIdentity>, context: Context) -> Context {
    let context = context
        .with("aws:FederatedProvider", web.map(|web| web.provider.clone()))
        .with(&format!("{COGNITO}:aud"), [])
        .with(&format!("{COGNITO}:sub"), [])
        .with(&format!("{COGNITO}:amr"), []);
    let Some(web) = web else {
        return context;
    };
    let prefix = web.prefix();
    context
        .with(&format!("{prefix}:aud"), [web.aud.clone()])
        .with(&format!("{prefix}:sub"), [web.sub.clone()])
        .with(&format!("{prefix}:amr"), web.amr.clone())
}

/// What a session is made from.
pub(crate) struct Grant<'a> {
    pub(crate) account: &'a str,
    pub(crate) role: &'a iam::Role,
    pub(crate) name: String,
    pub(crate) seconds: u32,
    pub(crate) documents: Vec<String>,
    pub(crate) policy_arns: Vec<String>,
    pub(crate) web: Option<WebIdentity>,
}

/// Why temporary credentials are not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyRefusal {
    /// No such key, or not its session token.
    Invalid,
    Expired,
}

impl KeyRefusal {
    pub(crate) fn message(self) -> &'static str {
        match self {
            Self::Invalid => "The security token included in the request is invalid.",
            Self::Expired => "The security token included in the request is expired",
        }
    }
}

impl Session {
    pub(crate) fn new(grant: Grant<'_>) -> Self {
        Self {
            access_key: format!("ASIA{}", ids::upper(16)),
            secret: ids::mixed(40),
            token: ids::mixed(356),
            account: grant.account.to_owned(),
            role_arn: grant.role.arn.clone(),
            role_id: grant.role.id.clone(),
            role_name: grant.role.name.clone(),
            name: grant.name,
            expires: now_ms() + i64::from(grant.seconds) * 1000,
            documents: grant.documents,
            policy_arns: grant.policy_arns,
            web: grant.web,
        }
    }

    /// `arn:aws:sts::{account}:assumed-role/{role}/{session}`: without the role's path.
    pub(crate) fn arn(&self) -> String {
        let (account, role, name) = (&self.account, &self.role_name, &self.name);
        format!("arn:aws:sts::{account}:assumed-role/{role}/{name}")
    }

    /// `AROA…:{session}`
    pub(crate) fn user_id(&self) -> String {
        format!("{}:{}", self.role_id, self.name)
    }

    /// `Credentials` of the model.
    pub(crate) fn credentials(&self) -> Value {
        json!({
            "AccessKeyId": self.access_key,
            "SecretAccessKey": self.secret,
            "SessionToken": self.token,
            // Whole seconds, as AWS tells them.
            "Expiration": self.expires / 1000,
        })
    }

    /// The same, as a handler's environment has them.
    pub(crate) fn environment(&self) -> [(&'static str, String); 3] {
        [
            ("AWS_ACCESS_KEY_ID", self.access_key.clone()),
            ("AWS_SECRET_ACCESS_KEY", self.secret.clone()),
            ("AWS_SESSION_TOKEN", self.token.clone()),
        ]
    }

    pub(crate) fn check(&self, token: Option<&str>) -> Result<(), KeyRefusal> {
        if token != Some(&self.token) {
            Err(KeyRefusal::Invalid)
        } else if self.expires <= now_ms() {
            Err(KeyRefusal::Expired)
        } else {
            Ok(())
        }
    }

    /// What the session may do: what its role's policies allow now, within the session's own. A role that is
    /// gone (or another one of the same name) allows nothing.
    pub(crate) fn ruling(
        &self,
        world: &World,
        action: &str,
        resource: &str,
        context: &Context,
    ) -> Ruling {
        let Some(iam) = world
            .accounts
            .get(&self.account)
            .map(|account| &account.iam)
        else {
            return Ruling::default();
        };
        let role = iam
            .by_arn(&self.role_arn)
            .filter(|role| role.id == self.role_id);
        let Some(role) = role else {
            return Ruling::default();
        };
        let own = iam.role_ruling(role, action, resource, context);
        if self.documents.is_empty() && self.policy_arns.is_empty() {
            return own;
        }
        let documents = self.documents.iter().map(String::as_str);
        let arns = self.policy_arns.iter().map(String::as_str);
        own.and(iam.policies_ruling(documents, arns, action, resource, context))
    }

    /// What conditions may ask about the caller.
    pub(crate) fn context(&self, context: Context) -> Context {
        web_context(self.web.as_ref(), context)
            .with("aws:PrincipalArn", [self.role_arn.clone()])
            .with("aws:PrincipalAccount", [self.account.clone()])
            .with("aws:PrincipalType", ["AssumedRole".to_owned()])
            .with("aws:userid", [self.user_id()])
            .with("aws:username", [])
    }

    /// Keeps the session, and forgets those that ended long ago.
    pub(crate) fn keep(self, world: &mut World) {
        let now = now_ms();
        world
            .sessions
            .retain(|_, session| session.expires + REMEMBERED_MS > now);
        world.sessions.insert(self.access_key.clone(), self);
    }

    #[cfg(test)]
    pub(crate) fn expire(&mut self) {
        self.expires = 0;
    }
}
