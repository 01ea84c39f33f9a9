//! `AssumeRoleWithWebIdentity`: a role's trust policy lets in whom an identity provider vouches for.
//!
//! Providers are identity pools (`GetOpenIdToken`), and `OpenID` Connect providers of the role's account; the
//! twin knows the keys of its own user pools only.

use serde::Deserialize;
use serde_json::json;

use super::{
    assume::{PolicyDescriptor, SessionPolicies, account_of, check_arn, role_seconds},
    session::{COGNITO, Grant, Session, WebIdentity},
};
use crate::{
    app::App,
    call::{Answer, ApiError, Call},
    cognito::{LoginRefusal, verify_login},
    cognito_identity::{self, OpenIdRefusal},
    iam,
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    role_arn: String,
    role_session_name: String,
    web_identity_token: String,
    /// Of OAuth access tokens.
    provider_id: Option<String>,
    duration_seconds: Option<u32>,
    policy: Option<String>,
    #[serde(default)]
    policy_arns: Vec<PolicyDescriptor>,
}

pub(super) fn assume_role(app: &App, call: &Call) -> Answer {
    let input: Input = call.input()?;
    if input.provider_id.is_some() {
        return Err(super::not_served("ProviderId", call));
    }
    let policies = SessionPolicies::of(input.policy, &input.policy_arns)?;
    check_arn(&input.role_arn)?;
    let account = account_of(&input.role_arn).ok_or_else(denied)?;
    let who = identify(app, account, &input.web_identity_token)?;
    app.write(|world| {
        let role = world
            .accounts
            .get(account)
            .and_then(|account| account.iam.by_arn(&input.role_arn))
            .ok_or_else(denied)?;
        let name = input.role_session_name.clone();
        let context = who.context().with("sts:RoleSessionName", [name.clone()]);
        let ruling = role.web_trust_ruling(&who.provider, &context);
        if !ruling.allowed() {
            return Err(denied().not_evaluated(&ruling.unknown));
        }
        let session = Session::new(Grant {
            account,
            role,
            seconds: role_seconds(role, input.duration_seconds)?,
            name,
            web: Some(who.clone()),
            documents: policies.documents.clone(),
            policy_arns: policies.arns.clone(),
        });
        let mut answer = json!({
            "Credentials": session.credentials(),
            "AssumedRoleUser": { "AssumedRoleId": session.user_id(), "Arn": session.arn() },
            "SubjectFromWebIdentityToken": who.sub,
            "Audience": who.aud,
            "Provider": who.provider,
        });
        policies.packed(&mut answer);
        session.keep(world);
        Ok(answer)
    })
}

/// Whom the token vouches for. The texts are those of public reports, where there are any.
fn identify(app: &App, account: &str, token: &str) -> Result<WebIdentity, ApiError> {
    let issuer = crate::cognito::issuer_of(token).ok_or_else(|| {
        invalid(
            "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)",
        )
    })?;
    if issuer == format!("https://{COGNITO}") {
        return cognito_identity::verify_token(app, token).map_err(|refusal| match refusal {
            OpenIdRefusal::Login(refusal) => refused(refusal),
            // Unsure of the text.
            OpenIdRefusal::Revoked => ApiError::new(
                403,
                "IDPRejectedClaim",
                "The identity that the token is of does not exist.",
            ),
        });
    }
    let known = |account: &iam::State| {
        let provider = account.oidc_provider(&issuer)?;
        Some((provider.arn.clone(), provider.clients.clone()))
    };
    let (arn, clients) = app
        .read(|world| known(&world.accounts.get(account)?.iam))
        .ok_or_else(|| {
            invalid(format!(
                "No OpenIDConnect provider found in your account for {issuer}"
            ))
        })?;
    let login = verify_login(app, &issuer.replacen("https://", "", 1), token).map_err(refused)?;
    if !clients.contains(&login.client) {
        return Err(invalid("Incorrect token audience"));
    }
    Ok(WebIdentity {
        provider: arn,
        sub: login.sub,
        aud: login.client,
        amr: Vec::new(),
    })
}

fn refused(refusal: LoginRefusal) -> ApiError {
    match refusal {
        LoginRefusal::NoAudience => invalid("Missing a required claim: aud"),
        LoginRefusal::Expired { now, exp } => ApiError::new(
            400,
            "ExpiredTokenException",
            format!(
                "Token expired: current date/time {now} must be before the expiration date/time{exp}"
            ),
        ),
        // Also of issuers whose keys the twin does not have.
        LoginRefusal::NoKeys => invalid(
            "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements",
        ),
        LoginRefusal::NoToken | LoginRefusal::OtherIssuer | LoginRefusal::NotSigned => {
            // Unsure of the text.
            invalid("Couldn't verify signed token.")
        }
    }
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new(400, "InvalidIdentityToken", message)
}

/// The same whether the role exists or not.
fn denied() -> ApiError {
    ApiError::new(
        403,
        "AccessDenied",
        "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    )
}
