//! Clients for AWS, or for the local twin: only endpoint and credentials differ.

use std::time::Duration;

use aws_config::{BehaviorVersion, Region, retry::RetryConfig, timeout::TimeoutConfig};
use aws_credential_types::Credentials;

use super::{
    Clients, Cx, Effect, Fault, FaultKind,
    endpoints::{Elsewhere, elsewhere},
    http,
    profile::{Choice, ProfileError},
};

/// The account of the local twin: an access key of twelve digits names its account there.
pub const LOCAL_ACCOUNT: &str = "000000000000";

/// The region of what AWS has only once.
pub(super) const GLOBAL: &str = "us-east-1";

/// Where to work, as the user said it.
#[derive(Debug, Clone, Default)]
pub struct Target {
    /// The lab's region, or `--region`.
    pub region: String,
    /// `--profile`: this profile and nothing else. Without it: see [`super::profile`].
    pub profile: Option<String>,
    /// Endpoint of the local twin: no credentials are looked for then.
    pub local: Option<String>,
}

/// Clients, and where they lead.
#[derive(Debug, Clone)]
pub struct Connection {
    /// One client a service.
    pub clients: Clients,
    /// The endpoint when it is not AWS's own.
    pub endpoint: Option<String>,
    /// e.g. `us-east-1`.
    pub region: String,
    /// The profile that `--profile` or a variable names.
    pub profile: Option<String>,
}

/// Who AWS says we are.
#[derive(Debug, Clone)]
pub struct Identity {
    /// 12 digits.
    pub account: String,
    /// ARN of the user or role.
    pub arn: String,
}

/// Why there are no clients.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// No credentials can be looked for.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// Not all services go to one endpoint.
    #[error(transparent)]
    Elsewhere(#[from] Elsewhere),
}

/// Makes the clients. Nothing is sent, but profiles are read.
///
/// # Errors
/// A broken profile, or a service with an endpoint of its own.
pub async fn connect(target: &Target) -> Result<Connection, ConnectError> {
    let region = Region::new(target.region.clone());
    let client = http::client(target.local.is_some());
    let loader = aws_config::defaults(BehaviorVersion::latest())
        .region(region.clone())
        .http_client(client.clone())
        // `Cx::call` retries: it knows which calls may be sent twice, and says what it waits for.
        .retry_config(RetryConfig::disabled())
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(Duration::from_secs(5))
                .operation_attempt_timeout(Duration::from_mins(1))
                .build(),
        );
    let mut profile = None;
    let config = if let Some(endpoint) = &target.local {
        let nobody = Credentials::new(LOCAL_ACCOUNT, "local", None, None, "the local twin");
        loader
            .endpoint_url(endpoint)
            .credentials_provider(nobody)
            .load()
            .await
    } else {
        let choice = Choice::of(target.profile.as_deref()).await?;
        let loader = match choice.profile() {
            Some(profile) => loader.profile_name(profile),
            None => loader,
        };
        profile = choice.profile().map(str::to_owned);
        loader
            .credentials_provider(choice.credentials(region, client).await)
            .load()
            .await
    };
    if target.local.is_none()
        && let Some(elsewhere) = elsewhere(&config)
    {
        return Err(elsewhere.into());
    }
    let global = Region::from_static(GLOBAL);
    let waf = aws_sdk_wafv2::config::Builder::from(&config)
        .region(global.clone())
        .build();
    let global_tagging = aws_sdk_resourcegroupstagging::config::Builder::from(&config)
        .region(global)
        .build();
    Ok(Connection {
        endpoint: config.endpoint_url().map(str::to_owned),
        region: target.region.clone(),
        profile,
        clients: Clients {
            apigateway: aws_sdk_apigateway::Client::new(&config),
            cloudfront: aws_sdk_cloudfront::Client::new(&config),
            cognito: aws_sdk_cognitoidentityprovider::Client::new(&config),
            cognito_identity: aws_sdk_cognitoidentity::Client::new(&config),
            iam: aws_sdk_iam::Client::new(&config),
            lambda: aws_sdk_lambda::Client::new(&config),
            logs: aws_sdk_cloudwatchlogs::Client::new(&config),
            route53: aws_sdk_route53::Client::new(&config),
            sts: aws_sdk_sts::Client::new(&config),
            tagging: aws_sdk_resourcegroupstagging::Client::new(&config),
            global_tagging: aws_sdk_resourcegroupstagging::Client::from_conf(global_tagging),
            waf: aws_sdk_wafv2::Client::from_conf(waf),
        },
    })
}

impl Cx {
    /// Asks AWS who we are. The first call of every run; it needs no permission.
    pub async fn identity(&self) -> Result<Identity, Fault> {
        let operation = "sts:GetCallerIdentity";
        let sts = &self.clients().sts;
        let answer = self
            .call(operation, Effect::Read, || sts.get_caller_identity().send())
            .await?;
        match (answer.account, answer.arn) {
            (Some(account), Some(arn)) => Ok(Identity { account, arn }),
            _ => Err(Fault::new(
                FaultKind::Other,
                operation,
                "the answer has no account",
            )),
        }
    }
}
