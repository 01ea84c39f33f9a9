//! Signature Version 4 for plain requests: what a caller with AWS keys sends.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign as signature},
    sign::v4,
};

use super::Request;

/// AWS keys of a caller. Never shown, logged or kept.
#[derive(Clone)]
pub struct Keys {
    /// Says whose they are.
    pub id: String,
    /// Never sent.
    pub secret: String,
    /// Of temporary keys.
    pub session: Option<String>,
}

/// The request with the headers that prove who sends it: `x-amz-date`, `authorization`, and for
/// temporary keys `x-amz-security-token`. What is signed may not be changed after.
///
/// `service` is as in the signature's scope: `execute-api` for an API's stage.
pub fn sign(
    mut request: Request,
    keys: &Keys,
    region: &str,
    service: &str,
) -> Result<Request, String> {
    let credentials = Credentials::new(
        &keys.id,
        &keys.secret,
        keys.session.clone(),
        None,
        "labctl call",
    );
    let identity = credentials.into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(service)
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()
        .map_err(|e| e.to_string())?;
    let headers = request.headers.iter();
    let signable = SignableRequest::new(
        &request.method,
        &request.url,
        headers.map(|(name, value)| (name.as_str(), value.as_str())),
        SignableBody::Bytes(&request.body),
    );
    let signable = signable.map_err(|e| e.to_string())?;
    let signed = signature(signable, &parameters.into()).map_err(|e| e.to_string())?;
    let (added, _) = signed.into_parts();
    let added: Vec<_> = added
        .headers()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    request.headers.extend(added);
    Ok(request)
}
