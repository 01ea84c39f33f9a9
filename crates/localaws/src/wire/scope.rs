//! Who calls.

use crate::{call::ApiError, faults::is_account, server::Request, world::DEFAULT_ACCOUNT};

const DEFAULT_REGION: &str = "us-east-1";

/// Who calls, as the `SigV4` credential says (`KEY/DATE/REGION/SERVICE/aws4_request`). The signature itself is
/// not verified.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Scope {
    pub(crate) access_key: String,
    /// Of temporary credentials.
    pub(crate) token: Option<String>,
    pub(crate) region: String,
    pub(crate) service: String,
}

impl Scope {
    fn parse(credential: &str) -> Option<Self> {
        let mut parts = credential.split('/').rev();
        if parts.next()? != "aws4_request" {
            return None;
        }
        let service = parts.next()?.to_owned();
        let region = parts.next()?.to_owned();
        let _date = parts.next()?;
        let access_key = parts.next()?.to_owned();
        let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        (plain(&region) && !region.is_empty() && !access_key.is_empty()).then_some(Self {
            access_key,
            token: None,
            region,
            service,
        })
    }

    /// From the Authorization header, or the query of a presigned URL. `Ok(None)`: not signed.
    pub(crate) fn of(
        request: &Request,
        query: &[(String, String)],
    ) -> Result<Option<Self>, ApiError> {
        let header = request
            .headers()
            .get("authorization")
            .and_then(|value| value.to_str().ok());
        let credential = match header {
            Some(header) if header.starts_with("AWS4-") => header
                .split([' ', ','])
                .find_map(|part| part.strip_prefix("Credential="))
                .ok_or_else(|| {
                    incomplete("Authorization header requires 'Credential' parameter.")
                })?,
            _ => match query.iter().find(|(name, _)| name == "X-Amz-Credential") {
                Some((_, credential)) => credential,
                None => return Ok(None),
            },
        };
        let in_header = request.headers().get("x-amz-security-token");
        let in_query = query
            .iter()
            .find(|(name, _)| name == "X-Amz-Security-Token");
        let token = in_header
            .and_then(|value| value.to_str().ok())
            .or(in_query.map(|(_, token)| token.as_str()));
        Self::parse(credential)
            .map(|scope| Some(Self { token: token.map(str::to_owned), ..scope }))
            .ok_or_else(|| incomplete("Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term"))
    }

    /// An access key id of 12 digits is the account. (That of a session is looked up, see `wire::read`.)
    pub(crate) fn account(scope: Option<&Self>) -> String {
        scope
            .map(|scope| scope.access_key.as_str())
            .filter(|key| is_account(key))
            .unwrap_or(DEFAULT_ACCOUNT)
            .to_owned()
    }

    pub(crate) fn region(scope: Option<&Self>) -> String {
        scope
            .map_or(DEFAULT_REGION, |scope| &scope.region)
            .to_owned()
    }
}

fn incomplete(message: &str) -> ApiError {
    ApiError::new(400, "IncompleteSignatureException", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes() {
        let scope =
            Scope::parse("123456789012/20260101/eu-west-1/iam/aws4_request").expect("well-formed");
        assert_eq!(
            (scope.region.as_str(), scope.service.as_str()),
            ("eu-west-1", "iam")
        );
        assert_eq!(Scope::account(Some(&scope)), "123456789012");
        for bad in [
            "",
            "a",
            "k/d/r/s/aws5_request",
            "k/d/../s/aws4_request",
            "/d/r/s/aws4_request",
            "r/s/aws4_request",
        ] {
            assert_eq!(Scope::parse(bad), None, "{bad}");
        }
    }
}
