//! One endpoint for all services: a state is tied to one, so a lab cannot be half at AWS and half at an emulator.

use aws_types::{SdkConfig, service_config::ServiceConfigKey};

/// The services that labctl calls, by the ids that variables and profiles know
/// (<https://docs.aws.amazon.com/sdkref/latest/guide/ss-endpoints-table.html>).
const SERVICES: [&str; 11] = [
    "API Gateway",
    "CloudFront",
    "CloudWatch Logs",
    "Cognito Identity",
    "Cognito Identity Provider",
    "IAM",
    "Lambda",
    "Resource Groups Tagging API",
    "Route 53",
    "STS",
    "WAFV2",
];

/// A service that goes elsewhere than the others.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{service} goes to {endpoint}{by}, and the other services to {others}")]
pub struct Elsewhere {
    /// e.g. `Lambda`.
    service: &'static str,
    endpoint: String,
    /// ` (AWS_ENDPOINT_URL_LAMBDA)`, when a variable says so.
    by: String,
    others: String,
}

impl Elsewhere {
    /// What to do about it.
    pub fn hint(&self) -> String {
        let variable = variable(self.service);
        let ignored = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true";
        if self.by.is_empty() {
            return format!(
                "labctl builds a lab at one endpoint: set AWS_ENDPOINT_URL for all services, or {ignored} to use none of the profile's"
            );
        }
        format!(
            "labctl builds a lab at one endpoint: `unset {variable}`, or set AWS_ENDPOINT_URL for all services"
        )
    }
}

/// `AWS_ENDPOINT_URL_API_GATEWAY`.
fn variable(service: &str) -> String {
    let id = service.to_uppercase().replace(' ', "_");
    format!("AWS_ENDPOINT_URL_{id}")
}

/// The first service that goes elsewhere.
pub(super) fn elsewhere(config: &SdkConfig) -> Option<Elsewhere> {
    let all = config.endpoint_url();
    SERVICES.into_iter().find_map(|service| {
        let load = |id: &str| {
            let key = ServiceConfigKey::builder()
                .service_id(id)
                .env("AWS_ENDPOINT_URL")
                .profile("endpoint_url")
                .build();
            config.service_config()?.load_config(key.ok()?)
        };
        let plain = |one: &str| one.trim_end_matches('/').to_owned();
        // In a profile's `services` the SDK knows `cognito-identity`, and the AWS CLI `cognito_identity`.
        let spelled = [load(service), load(&service.replace(' ', "_"))];
        let mut found = spelled.into_iter().flatten();
        let endpoint = found.find(|one| Some(plain(one)) != all.map(plain))?;
        let variable = variable(service);
        let by = match std::env::var(&variable) {
            Ok(set) if set == endpoint => format!(" ({variable})"),
            _ => String::new(),
        };
        Some(Elsewhere {
            service,
            endpoint: labfiles::plain(&endpoint),
            by,
            others: all.map_or_else(|| "AWS".to_owned(), labfiles::plain),
        })
    })
}
