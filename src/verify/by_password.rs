//! The checks of sign-in with a password, and with a generator's code where the pool has MFA.

use std::time::{Duration, Instant};

use aws_sdk_cognitoidentityprovider::types::ChallengeNameType;

use super::{
    checks::Prober,
    guest::{Guest, Stage, now},
    sign_in::Tokens,
    totp::{self, Generator},
};
use crate::{aws::Fault, lab::Mfa};

const TOKENS: &str = "access, ID and refresh token";
const CODE: &str = "SOFTWARE_TOKEN_MFA_CODE";

impl Stage {
    /// As it is told.
    fn words(&self) -> String {
        match self {
            Self::SignedIn(Tokens {
                refresh: Some(_), ..
            }) => TOKENS.to_owned(),
            Self::SignedIn(_) => "no refresh token".to_owned(),
            Self::Asked(asked) => format!("the challenge {}", asked.name.as_str()),
        }
    }
}

impl Prober<'_> {
    /// Signs the guest in as the pool wants it. `None`: a check failed.
    pub async fn sign_in_guest(&mut self, guest: &Guest<'_>, mfa: Option<Mfa>) -> Option<Tokens> {
        let since = Instant::now();
        let begun = guest.with_password().await;
        let expected = match mfa {
            Some(Mfa::Required) => {
                format!("the challenge {}", ChallengeNameType::MfaSetup.as_str())
            }
            _ => TOKENS.to_owned(),
        };
        let name = "sign-in by password of a user made for this".to_owned();
        let begun = self.stage(name, expected, begun, since)?;
        if mfa.is_none() {
            return signed_in(begun);
        }

        let since = Instant::now();
        let set_up = guest.set_up(begun).await;
        let name = "set-up of a code generator".to_owned();
        let expected = "its first code is taken, and the sign-in ends".to_owned();
        let (generator, used) = match set_up {
            Ok((generator, step, Stage::SignedIn(_))) => {
                self.tell(name, true, expected.clone(), expected, since);
                (generator, step)
            }
            Ok((_, _, other)) => {
                self.tell(name, false, expected, other.words(), since);
                return None;
            }
            Err(fault) => {
                self.tell(name, false, expected, fault.to_string(), since);
                return None;
            }
        };
        self.with_wrong_code(guest, &generator, used).await;
        let since = Instant::now();
        let ended = self.with_code(guest, &generator, used + 1).await;
        let name = "sign-in by password and code".to_owned();
        let ended = self.stage(name, TOKENS.to_owned(), ended, since)?;
        signed_in(ended)
    }

    /// Tells a stage, and gives it when it is the one expected.
    fn stage(
        &mut self,
        name: String,
        expected: String,
        stage: Result<Stage, Fault>,
        since: Instant,
    ) -> Option<Stage> {
        let (ok, seen) = match &stage {
            Ok(stage) => (stage.words() == expected, stage.words()),
            Err(fault) => (false, fault.to_string()),
        };
        self.tell(name, ok, expected, seen, since);
        stage.ok().filter(|_| ok)
    }

    async fn with_wrong_code(&mut self, guest: &Guest<'_>, generator: &Generator, used: u64) {
        let since = Instant::now();
        let near =
            [used.saturating_sub(1), used, used + 1, used + 2].map(|step| generator.code(step));
        let mut all = (0..10).map(|n| n.to_string().repeat(6));
        let wrong = all.find(|code| !near.contains(code)).unwrap_or_default();
        let answered = match guest.with_password().await {
            Ok(Stage::Asked(asked)) if asked.name == ChallengeNameType::SoftwareTokenMfa => {
                guest.answer(&asked, Some((CODE, &wrong))).await
            }
            other => other,
        };
        let expected = "CodeMismatchException";
        let (ok, seen) = match answered {
            Err(fault) if fault.is_code(expected) => (true, expected.to_owned()),
            Err(fault) => (false, fault.to_string()),
            Ok(stage) => (false, stage.words()),
        };
        let name = "sign-in by password and a wrong code".to_owned();
        self.tell(name, ok, expected.to_owned(), seen, since);
    }

    /// A code is good once, so that the next one is needed. It is tried before its time, since servers allow
    /// for clocks that differ (RFC 6238, 5.2); where that is not taken, its time is waited for.
    async fn with_code(
        &self,
        guest: &Guest<'_>,
        generator: &Generator,
        step: u64,
    ) -> Result<Stage, Fault> {
        loop {
            let early = totp::begins(step).saturating_sub(now());
            let asked = match guest.with_password().await? {
                Stage::Asked(asked) if asked.name == ChallengeNameType::SoftwareTokenMfa => asked,
                other => return Ok(other),
            };
            let answer = guest
                .answer(&asked, Some((CODE, &generator.code(step))))
                .await;
            match answer {
                Err(fault) if early > 0 && fault.is_code("CodeMismatchException") => {
                    let left = totp::begins(step).saturating_sub(now());
                    let pause = Duration::from_secs(left + 1);
                    tokio::select! {
                        () = tokio::time::sleep(pause) => {}
                        () = self.cx.interrupt().wait() => return Err(fault),
                    }
                }
                answer => return answer,
            }
        }
    }
}

fn signed_in(stage: Stage) -> Option<Tokens> {
    match stage {
        Stage::SignedIn(tokens) => Some(tokens),
        Stage::Asked(_) => None,
    }
}
