//! Clients for AWS, or for the local twin: only endpoint and credentials differ.

use std::time::Duration;

use aws_config::{
    BehaviorVersion, Region, default_provider::credentials::DefaultCredentialsChain, imds,
    provider_config::ProviderConfig, retry::RetryConfig, timeout::TimeoutConfig,
};
use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use super::{Clients, Cx, Effect, Fault, FaultKind, http};

/// The account of the local twin: an access key of twelve digits names its account there.
pub const LOCAL_ACCOUNT: &str = "000000000000";

/// The region of what AWS has only once.
pub(super) const GLOBAL: &str = "us-east-1";

/// Where to work, as the user said it.
#[derive(Debug, Clone, Default)]
pub struct Target {
    /// The lab's region, or `--region`.
    pub region: String,
    /// `--profile`; without it, the SDK's own rules.
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
}

/// Who AWS says we are.
#[derive(Debug, Clone)]
pub struct Identity {
    /// 12 digits.
    pub account: String,
    /// ARN of the user or role.
    pub arn: String,
}

/// How long to look for an instance role when nothing else gives credentials.
const IMDS_LIMIT: Duration = Duration::from_millis(1500);

/// Makes the clients. Nothing is sent, but a credential process or profile may be read.
pub async fn connect(target: &Target) -> Connection {
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
    let config = if let Some(endpoint) = &target.local {
        let nobody = Credentials::new(LOCAL_ACCOUNT, "local", None, None, "the local twin");
        loader
            .endpoint_url(endpoint)
            .credentials_provider(nobody)
            .load()
            .await
    } else {
        let loader = match &target.profile {
            Some(profile) => loader.profile_name(profile),
            None => loader,
        };
        loader
            .credentials_provider(chain(target, region, client).await)
            .load()
            .await
    };
    let global = Region::from_static(GLOBAL);
    let waf = aws_sdk_wafv2::config::Builder::from(&config)
        .region(global.clone())
        .build();
    let global_tagging = aws_sdk_resourcegroupstagging::config::Builder::from(&config)
        .region(global)
        .build();
    Connection {
        endpoint: config.endpoint_url().map(str::to_owned),
        region: target.region.clone(),
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
    }
}

/// The SDK's own chain, but without its long wait for an instance role on machines that have none.
async fn chain(
    target: &Target,
    region: Region,
    client: SharedHttpClient,
) -> DefaultCredentialsChain {
    let provider = ProviderConfig::without_region()
        .with_region(Some(region))
        .with_http_client(client);
    let imds = imds::Client::builder()
        .configure(&provider)
        .connect_timeout(IMDS_LIMIT)
        .read_timeout(IMDS_LIMIT)
        .operation_timeout(IMDS_LIMIT)
        .max_attempts(1)
        .build();
    let chain = DefaultCredentialsChain::builder()
        .configure(provider)
        .imds_client(imds);
    match &target.profile {
        Some(profile) => chain.profile_name(profile).build().await,
        None => chain.build().await,
    }
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
