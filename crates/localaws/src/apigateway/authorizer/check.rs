//! What an authorizer may be.

use super::{
    super::{api::Api, fault, integration::function_of},
    Authorizer, Kind,
    source::Source,
};
use crate::call::ApiError;

impl Authorizer {
    pub(super) fn check(&self, api: &Api) -> Result<(), ApiError> {
        if self.name.is_empty() {
            return Err(fault::bad_request("Authorizer name cannot be empty"));
        }
        match self.kind {
            Kind::CognitoUserPools => self.check_pools()?,
            Kind::Token | Kind::Request => self.check_function()?,
        }
        self.check_sources()?;
        if let Some(expression) = &self.identity_validation_expression {
            regex::Regex::new(expression).map_err(|_| {
                fault::bad_request("Invalid identity validation expression specified")
            })?;
        }
        if !(0..=3600).contains(&self.ttl()) {
            return Err(fault::bad_request(
                "Authorizer result TTL should be between 0 and 3600 seconds",
            ));
        }
        let taken = |other: &&Self| other.name == self.name && other.id != self.id;
        if api.authorizers.values().find(taken).is_some() {
            return Err(fault::bad_request(format!(
                "Authorizer name must be unique. Authorizer {} already exists in this RestApi.",
                self.name
            )));
        }
        Ok(())
    }

    fn check_pools(&self) -> Result<(), ApiError> {
        if self.provider_arns.is_empty() {
            return Err(fault::bad_request(
                "Invalid Authorizer: providerARNs is required for authorizers of type COGNITO_USER_POOLS",
            ));
        }
        match self.provider_arns.iter().find(|arn| !is_pool_arn(arn)) {
            Some(arn) => Err(fault::bad_request(format!(
                "Invalid Cognito User Pool ARN: {arn}"
            ))),
            None => Ok(()),
        }
    }

    fn check_function(&self) -> Result<(), ApiError> {
        let uri = self.authorizer_uri.as_deref().unwrap_or_default();
        if !uri.starts_with("arn:aws:apigateway:") || function_of(uri).is_none() {
            return Err(fault::bad_request(format!(
                "Invalid Authorizer URI: {uri}. Authorizer URI should be a valid API Gateway ARN \
                 that represents a Lambda function invocation."
            )));
        }
        let role = |arn: &str| {
            let rest = arn.strip_prefix("arn:aws:iam::");
            rest.and_then(|rest| rest.split_once(":role/"))
                .is_some_and(|(account, name)| account.len() == 12 && !name.is_empty())
        };
        match &self.authorizer_credentials {
            Some(arn) if !role(arn) => {
                Err(fault::bad_request("Invalid ARN specified in the request"))
            }
            _ => Ok(()),
        }
    }

    /// A token comes in one header. A request's sources may be many, and none when nothing is cached by them.
    /// Unsure of the wordings.
    fn check_sources(&self) -> Result<(), ApiError> {
        let text = self.identity_source.as_deref().unwrap_or_default();
        let invalid = |expected: &str| {
            Err(fault::bad_request(format!(
                "Invalid mapping expression specified: {text}. {expected}"
            )))
        };
        let sources: Option<Vec<Source<'_>>> = self.expressions().map(Source::of).collect();
        match (self.kind, sources.as_deref()) {
            (Kind::CognitoUserPools | Kind::Token, Some([Source::Header(_)])) => Ok(()),
            (Kind::CognitoUserPools | Kind::Token, _) => invalid(
                "An authorizer of type TOKEN or COGNITO_USER_POOLS takes its token from \
                 method.request.header.{name}",
            ),
            (Kind::Request, None) => invalid(
                "An identity source is method.request.header.{name}, method.request.querystring.{name}, \
                 stageVariables.{name} or context.{name}",
            ),
            (Kind::Request, Some([])) if self.ttl() > 0 => Err(fault::bad_request(
                "An identity source is required when authorization caching is enabled",
            )),
            (Kind::Request, Some(_)) => Ok(()),
        }
    }
}

/// `arn:aws:cognito-idp:{region}:{account}:userpool/{region}_{id}`; whether it exists shows when it is used.
fn is_pool_arn(arn: &str) -> bool {
    let parts = arn
        .strip_prefix("arn:aws:cognito-idp:")
        .map(|rest| rest.split(':').collect::<Vec<_>>());
    let Some([region, account, pool]) = parts.as_deref() else {
        return false;
    };
    let id = pool
        .strip_prefix("userpool/")
        .and_then(|id| id.strip_prefix(region)?.strip_prefix('_'));
    !region.is_empty()
        && account.len() == 12
        && account.bytes().all(|b| b.is_ascii_digit())
        && id.is_some_and(|id| !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric()))
}
