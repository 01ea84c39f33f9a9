//! Which credentials a run uses: `--profile`, the environment's keys, or a profile that a variable names.
//!
//! The order is botocore's, so that labctl and the AWS CLI work in the same account:
//! - An explicit profile switches the environment's keys off (`create_credential_resolver` in
//!   botocore/credentials.py removes `EnvProvider`, and `ProfileProviderBuilder` the environment's web identity).
//! - A variable that names a profile does not: keys in the environment come first.
//! - `AWS_DEFAULT_PROFILE` is read before `AWS_PROFILE` (`BOTOCORE_DEFAUT_SESSION_VARIABLES` in
//!   botocore/configprovider.py).
//! - A profile that was named must exist, even when keys in the environment would do, and even when its name is
//!   empty (`Session.get_scoped_config` in botocore/session.py raises `ProfileNotFound`).
//! - Half a pair of keys in the environment is an error, and not "no keys" (`EnvProvider.load` raises
//!   `PartialCredentialsError`).
//!
//! labctl is stricter in one place: what `--profile` names is used, or nothing is. botocore would go on to the
//! instance's role, which may be of another account.

use std::{borrow::Cow, time::Duration};

use aws_config::{
    Region,
    default_provider::credentials::DefaultCredentialsChain,
    environment::EnvironmentVariableCredentialsProvider,
    imds::{self, credentials::ImdsCredentialsProvider},
    meta::credentials::CredentialsProviderChain,
    profile::{self, ProfileFileCredentialsProvider, ProfileFileLoadError, ProfileSet},
    provider_config::ProviderConfig,
    web_identity_token::WebIdentityTokenCredentialsProvider,
};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::os_shim_internal::{Env, Fs};
use thiserror::Error;

use crate::lab::{choice, closest, quote};

/// How long to look for an instance role when nothing else gives credentials.
const IMDS_LIMIT: Duration = Duration::from_millis(1500);

const OPTION: &str = "--profile";
/// Variables that name a profile, the first first.
const VARIABLES: [&str; 2] = ["AWS_DEFAULT_PROFILE", "AWS_PROFILE"];

/// Files with profiles, each with the variable that names another in its place.
const FILES: [(&str, &str); 2] = [
    ("AWS_CONFIG_FILE", "~/.aws/config"),
    ("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"),
];

/// Why no credentials can be looked for.
#[derive(Debug, Error)]
pub enum ProfileError {
    /// An option or a variable names no profile.
    #[error("{said} is set, but empty")]
    Empty {
        /// The option or the variable.
        said: &'static str,
    },
    /// There is no such profile.
    #[error("no AWS profile {} ({said}) in {files}", quote(.name))]
    Unknown {
        /// As it was said.
        name: String,
        /// The option or the variable.
        said: &'static str,
        /// Where profiles were looked for.
        files: String,
        /// The profiles that there are.
        known: Vec<String>,
    },
    /// The files cannot be read.
    #[error("the AWS profiles in {files} cannot be read: {why}")]
    Unreadable {
        /// Where profiles were looked for.
        files: String,
        /// What the SDK says.
        why: String,
    },
    /// Half a pair of keys.
    #[error("AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not")]
    HalfKeys,
}

impl ProfileError {
    /// What to do about it.
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::Empty { said } if *said == OPTION => {
                vec!["name a profile, or leave `--profile` away".to_owned()]
            }
            Self::Empty { said } => vec![format!("`unset {said}`, or name a profile in it")],
            Self::Unknown {
                name, said, known, ..
            } => {
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                let near = closest(name, &known).map(|near| format!("did you mean `{near}`?"));
                let there = match known.as_slice() {
                    [] => "there is none: `aws configure --profile NAME` makes one".to_owned(),
                    _ => choice(&known),
                };
                let strange = name.chars().any(char::is_whitespace).then(|| {
                    "labctl cannot read profiles whose names have blanks: rename it".to_owned()
                });
                let without =
                    (*said != OPTION).then(|| format!("`unset {said}` to use other credentials"));
                near.into_iter()
                    .chain(strange)
                    .chain([there])
                    .chain(without)
                    .collect()
            }
            Self::Unreadable { .. } => vec!["fix the file, or move it away".to_owned()],
            Self::HalfKeys => {
                vec!["set both, or `unset AWS_ACCESS_KEY_ID` to use a profile".to_owned()]
            }
        }
    }
}

/// Where the credentials of a run come from.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Choice {
    /// The profile that was named, and by what.
    named: Option<(String, &'static str)>,
    /// Whether the profile in use takes a role by other credentials.
    takes_role: bool,
    /// Whether the profile in use says where its credentials come from.
    gives: bool,
}

/// What a profile says about its credentials. botocore goes on to web identity or the instance's role only when a
/// profile has none of these; a broken one (a `source_profile` that does not exist) is an error there, and here.
const GIVES: [&str; 10] = [
    "aws_access_key_id",
    "credential_process",
    "credential_source",
    "login_session",
    "role_arn",
    "source_profile",
    "sso_account_id",
    "sso_session",
    "sso_start_url",
    "web_identity_token_file",
];

impl Choice {
    /// By `--profile`, the environment and the files.
    pub(super) async fn of(option: Option<&str>) -> Result<Self, ProfileError> {
        let variable = |name: &str| {
            let value = std::env::var_os(name)?;
            Some(value.to_string_lossy().into_owned())
        };
        let named = named(option, variable);
        let name = named.as_ref().map(|(name, _)| Cow::Owned(name.clone()));
        #[expect(clippy::default_trait_access, reason = "its crate is none of ours")]
        let usual = Default::default();
        let read = profile::load(&Fs::real(), &Env::real(), &usual, name).await;
        Self::among(named, read, variable)
    }

    fn among(
        named: Option<(String, &'static str)>,
        read: Result<ProfileSet, ProfileFileLoadError>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ProfileError> {
        let files = || FILES.map(|file| shown(file, &variable)).join(" or ");
        let is_set = |name| variable(name).is_some_and(|value| !value.trim().is_empty());
        let explicit = matches!(named, Some((_, OPTION)));
        // The SDK knows the secret by a second name too.
        let keys = match is_set("AWS_SECRET_ACCESS_KEY") || is_set("SECRET_ACCESS_KEY") {
            _ if explicit || !is_set("AWS_ACCESS_KEY_ID") => false,
            true => true,
            false => return Err(ProfileError::HalfKeys),
        };
        let profiles = match read {
            Ok(profiles) => Some(profiles),
            Err(_) if keys && named.is_none() => None,
            Err(cause) => {
                let (files, why) = (files(), innermost(&cause));
                return Err(ProfileError::Unreadable { files, why });
            }
        };
        let profile = profiles
            .as_ref()
            .and_then(|set| set.get_profile(set.selected_profile()));
        if let (Some((name, said)), None) = (&named, profile) {
            if name.is_empty() {
                return Err(ProfileError::Empty { said });
            }
            let all = profiles.iter().flat_map(ProfileSet::profiles);
            let mut known: Vec<String> = all.map(str::to_owned).collect();
            known.sort();
            return Err(ProfileError::Unknown {
                name: name.clone(),
                said,
                files: files(),
                known,
            });
        }
        let takes_role = profile.is_some_and(|profile| {
            profile.get("role_arn").is_some() && profile.get("web_identity_token_file").is_none()
        });
        let gives =
            profile.is_some_and(|profile| GIVES.iter().any(|key| profile.get(key).is_some()));
        Ok(Self {
            named,
            takes_role,
            gives,
        })
    }

    /// The profile that was named: its endpoint is used too.
    pub(super) fn profile(&self) -> Option<&str> {
        self.named.as_ref().map(|(name, _)| name.as_str())
    }

    /// What gives the credentials. Nothing is read yet.
    pub(super) async fn credentials(
        &self,
        region: Region,
        client: SharedHttpClient,
    ) -> SharedCredentialsProvider {
        let provider = ProviderConfig::without_region()
            .with_region(Some(region.clone()))
            .with_http_client(client);
        // The SDK's own client waits long for an instance role on machines that have none.
        let imds = imds::Client::builder()
            .configure(&provider)
            .connect_timeout(IMDS_LIMIT)
            .read_timeout(IMDS_LIMIT)
            .operation_timeout(IMDS_LIMIT)
            .max_attempts(1)
            .build();
        match &self.named {
            Some((name, said)) if *said == OPTION || self.gives => {
                let instance = ImdsCredentialsProvider::builder()
                    .configure(&provider)
                    .imds_client(imds)
                    .build();
                let only = ProfileFileCredentialsProvider::builder()
                    .configure(&provider)
                    .profile_name(name)
                    .with_custom_provider("Ec2InstanceMetadata", instance);
                let only = only.build();
                // As a chain, it says that it found none as the usual one does.
                let chain = if *said == OPTION {
                    CredentialsProviderChain::first_try("Profile", only)
                } else {
                    let keys = EnvironmentVariableCredentialsProvider::new();
                    let keys = CredentialsProviderChain::first_try("Environment", keys);
                    let web = WebIdentityTokenCredentialsProvider::builder();
                    if self.takes_role {
                        keys
                    } else {
                        keys.or_else("WebIdentityToken", web.configure(&provider).build())
                    }
                    .or_else("Profile", only)
                };
                SharedCredentialsProvider::new(chain)
            }
            _ => self.chain(provider, imds, region).await,
        }
    }

    /// The SDK's own chain, but with web identity where botocore asks for it: after a profile that takes a role,
    /// and before the keys of one that does not.
    async fn chain(
        &self,
        provider: ProviderConfig,
        imds: imds::Client,
        region: Region,
    ) -> SharedCredentialsProvider {
        let mut usual = DefaultCredentialsChain::builder()
            .configure(provider.clone())
            // Not the provider's by itself: a role is asked for in the lab's region.
            .region(region)
            .imds_client(imds);
        if let Some(name) = self.profile() {
            usual = usual.profile_name(name);
        }
        let usual = usual.build().await;
        if self.takes_role {
            return SharedCredentialsProvider::new(usual);
        }
        let web = WebIdentityTokenCredentialsProvider::builder().configure(&provider);
        let keys = EnvironmentVariableCredentialsProvider::new();
        SharedCredentialsProvider::new(
            CredentialsProviderChain::first_try("Environment", keys)
                .or_else("WebIdentityToken", web.build())
                .or_else("Default", usual),
        )
    }
}

/// The profile that was asked for, and what asked for it.
fn named(
    option: Option<&str>,
    variable: impl Fn(&str) -> Option<String>,
) -> Option<(String, &'static str)> {
    let by_option = option.map(|name| (name.to_owned(), OPTION));
    let by_variable = || {
        VARIABLES
            .iter()
            .find_map(|name| Some((variable(name)?, *name)))
    };
    by_option.or_else(by_variable)
}

/// A file with profiles, for a person.
fn shown((other, usual): (&str, &str), variable: impl Fn(&str) -> Option<String>) -> String {
    match variable(other) {
        Some(path) => format!("{} ({other})", quote(&path)),
        None => usual.to_owned(),
    }
}

/// The cause of a cause: what is wrong and where.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut inner = error;
    while let Some(cause) = inner.source() {
        inner = cause;
    }
    inner.to_string()
}
