//! A user that `verify` makes and deletes again: it proves sign-in with a password and with a generator's code
//! without touching the password or the generator of anybody else.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_cognitoidentityprovider::types::{
    AttributeType, AuthFlowType, ChallengeNameType, MessageActionType, SoftwareTokenMfaSettingsType,
};

use super::{
    sign_in::{Tokens, tokens},
    totp::{self, Generator},
};
use crate::{
    aws::{Cx, Effect, Fault, FaultKind},
    resource::{Secret, unguessable},
};

/// The address of the user. Nothing is mailed to it.
pub const GUEST: &str = "labctl-verify@example.com";

/// The user, in a pool.
pub struct Guest<'a> {
    cx: &'a Cx,
    user_pool_id: &'a str,
    client_id: &'a str,
    password: Secret,
}

/// Where a sign-in has come to.
pub(super) enum Stage {
    /// Its end.
    SignedIn(Tokens),
    /// A challenge.
    Asked(Asked),
}

/// A challenge, and the sign-in that it is of.
pub(super) struct Asked {
    /// What is asked for.
    pub(super) name: ChallengeNameType,
    session: Option<String>,
    user: String,
}

const RESPOND: &str = "cognito-idp:RespondToAuthChallenge";

impl<'a> Guest<'a> {
    /// Makes the user; one that an earlier run left is deleted.
    pub async fn make(
        cx: &'a Cx,
        user_pool_id: &'a str,
        client_id: &'a str,
    ) -> Result<Self, Fault> {
        let operation = "cognito-idp:AdminCreateUser";
        let guest = Self {
            cx,
            user_pool_id,
            client_id,
            password: unguessable(operation)?,
        };
        guest.remove(cx).await?;
        let attribute = |name: &str, value: &str| {
            let attribute = AttributeType::builder().name(name).value(value).build();
            attribute.map_err(|e| Fault::defect(operation, e))
        };
        let attributes = vec![
            attribute("email", GUEST)?,
            attribute("email_verified", "true")?,
        ];
        let cognito = &cx.clients().cognito;
        cx.call(operation, Effect::Create, || {
            cognito
                .admin_create_user()
                .user_pool_id(user_pool_id)
                .username(GUEST)
                .set_user_attributes(Some(attributes.clone()))
                .message_action(MessageActionType::Suppress)
                .send()
        })
        .await?;
        cx.call(
            "cognito-idp:AdminSetUserPassword",
            Effect::Idempotent,
            || {
                cognito
                    .admin_set_user_password()
                    .user_pool_id(user_pool_id)
                    .username(GUEST)
                    .password(guest.password.reveal())
                    .permanent(true)
                    .send()
            },
        )
        .await?;
        Ok(guest)
    }

    /// Deletes the user. `cx` may be another: this one may be interrupted.
    pub async fn remove(&self, cx: &Cx) -> Result<(), Fault> {
        let deleted = cx
            .call("cognito-idp:AdminDeleteUser", Effect::Idempotent, || {
                let delete = cx.clients().cognito.admin_delete_user();
                delete
                    .user_pool_id(self.user_pool_id)
                    .username(GUEST)
                    .send()
            })
            .await;
        match deleted {
            Err(fault) if fault.kind != FaultKind::Absent => Err(fault),
            _ => Ok(()),
        }
    }

    /// Signs in with the password.
    pub(super) async fn with_password(&self) -> Result<Stage, Fault> {
        let operation = "cognito-idp:InitiateAuth";
        let cognito = &self.cx.clients().cognito;
        let begun = self
            .cx
            .call(operation, Effect::Create, || {
                cognito
                    .initiate_auth()
                    .auth_flow(AuthFlowType::UserAuth)
                    .client_id(self.client_id)
                    .auth_parameters("USERNAME", GUEST)
                    .auth_parameters("PREFERRED_CHALLENGE", "PASSWORD")
                    .auth_parameters("PASSWORD", self.password.reveal())
                    .send()
            })
            .await?;
        let parameters = begun.challenge_parameters.unwrap_or_default();
        let user = parameters.get("USER_ID_FOR_SRP").cloned();
        stage(
            operation,
            begun.challenge_name,
            begun.session,
            user,
            begun.authentication_result,
        )
    }

    /// Answers a challenge with one more value than the user's name, or none.
    pub(super) async fn answer(
        &self,
        asked: &Asked,
        with: Option<(&str, &str)>,
    ) -> Result<Stage, Fault> {
        let cognito = &self.cx.clients().cognito;
        let answer = self
            .cx
            .call(RESPOND, Effect::Create, || {
                let respond = cognito
                    .respond_to_auth_challenge()
                    .client_id(self.client_id)
                    .challenge_name(asked.name.clone())
                    .set_session(asked.session.clone())
                    .challenge_responses("USERNAME", &asked.user);
                let respond = match with {
                    Some((name, value)) => respond.challenge_responses(name, value),
                    None => respond,
                };
                respond.send()
            })
            .await?;
        let user = Some(asked.user.clone());
        stage(
            RESPOND,
            answer.challenge_name,
            answer.session,
            user,
            answer.authentication_result,
        )
    }

    /// Sets up a generator, within a sign-in that asks for it or with a token. Answers the generator, the step
    /// whose code was taken, and the sign-in that goes on.
    pub(super) async fn set_up(&self, at: Stage) -> Result<(Generator, u64, Stage), Fault> {
        let operation = "cognito-idp:AssociateSoftwareToken";
        let cognito = &self.cx.clients().cognito;
        let (token, session) = match &at {
            Stage::SignedIn(tokens) => (Some(tokens.access.clone()), None),
            Stage::Asked(asked) => (None, asked.session.clone()),
        };
        let given = self
            .cx
            .call(operation, Effect::Idempotent, || {
                cognito
                    .associate_software_token()
                    .set_access_token(token.clone())
                    .set_session(session.clone())
                    .send()
            })
            .await?;
        let secret = given.secret_code.as_deref().and_then(Generator::new);
        let generator = secret.ok_or_else(|| Fault::missing(operation, "SecretCode"))?;
        let operation = "cognito-idp:VerifySoftwareToken";
        let step = totp::step(now());
        let verified = self
            .cx
            .call(operation, Effect::Create, || {
                cognito
                    .verify_software_token()
                    .set_access_token(token.clone())
                    .set_session(given.session.clone())
                    .user_code(generator.code(step))
                    .friendly_device_name("labctl verify")
                    .send()
            })
            .await?;
        let at = match at {
            Stage::SignedIn(tokens) => {
                self.prefer(&tokens.access).await?;
                Stage::SignedIn(tokens)
            }
            Stage::Asked(asked) => {
                let session = verified.session;
                self.answer(&Asked { session, ..asked }, None).await?
            }
        };
        Ok((generator, step, at))
    }

    /// Where MFA is optional, a generator counts once its user wants it to.
    async fn prefer(&self, access_token: &str) -> Result<(), Fault> {
        let settings = SoftwareTokenMfaSettingsType::builder()
            .enabled(true)
            .preferred_mfa(true)
            .build();
        self.cx
            .call(
                "cognito-idp:SetUserMFAPreference",
                Effect::Idempotent,
                || {
                    let set = self.cx.clients().cognito.set_user_mfa_preference();
                    set.access_token(access_token)
                        .software_token_mfa_settings(settings.clone())
                        .send()
                },
            )
            .await
            .map(drop)
    }
}

fn stage(
    operation: &str,
    name: Option<ChallengeNameType>,
    session: Option<String>,
    user: Option<String>,
    result: Option<aws_sdk_cognitoidentityprovider::types::AuthenticationResultType>,
) -> Result<Stage, Fault> {
    match name {
        Some(name) => Ok(Stage::Asked(Asked {
            name,
            session,
            user: user.unwrap_or_else(|| GUEST.to_owned()),
        })),
        None => tokens(result, operation).map(Stage::SignedIn),
    }
}

/// Seconds since the epoch. A clock before it makes codes that nobody takes.
pub(super) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map(|since| since.as_secs()).unwrap_or_default()
}
