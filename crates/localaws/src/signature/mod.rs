//! `SigV4`: a request's signature, in its Authorization header or its query, compared with the one that the
//! secret gives.

mod canonical;
#[cfg(test)]
mod tests;

use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::Offset};
use sha2::{Digest, Sha256};

use crate::{server::Request, wire::percent};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// How far clocks may differ.
const SKEW: SignedDuration = SignedDuration::from_mins(5);
const WEEK: i64 = 7 * 86_400;

/// Why a signature is not taken: AWS's name of the error, and its words.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) kind: &'static str,
    pub(crate) message: String,
}

impl Fault {
    pub(crate) fn new(kind: &'static str, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    fn incomplete(message: impl Into<String>) -> Self {
        Self::new("IncompleteSignatureException", message)
    }

    fn invalid(message: impl Into<String>) -> Self {
        Self::new("InvalidSignatureException", message)
    }
}

/// What a client says about its signature.
#[derive(Debug)]
pub(crate) struct Signed {
    pub(crate) access_key: String,
    /// Of temporary credentials.
    pub(crate) token: Option<String>,
    /// `YYYYMMDD`, region, service.
    scope: [String; 3],
    /// In small letters, as listed.
    headers: Vec<String>,
    signature: String,
    /// `YYYYMMDDTHHMMSSZ`
    at: String,
    /// Seconds that a presigned URL is good for.
    expires: Option<i64>,
}

impl Signed {
    /// `None`: the request is not signed.
    pub(crate) fn of(request: &Request) -> Result<Option<Self>, Fault> {
        let header = |name: &str| {
            let value = request.headers().get(name)?;
            value.to_str().ok()
        };
        if let Some(authorization) = header("authorization") {
            let at = header("x-amz-date").or(header("date"));
            let token = header("x-amz-security-token");
            return Self::in_header(authorization, at, token).map(Some);
        }
        let query = percent::pairs(request.uri().query().unwrap_or_default()).unwrap_or_default();
        let value = |name: &str| {
            query
                .iter()
                .find(|(named, _)| named == name)
                .map(|(_, value)| value.as_str())
        };
        match value("X-Amz-Algorithm") {
            None => Ok(None),
            Some(ALGORITHM) => Self::in_query(value).map(Some),
            Some(other) => Err(Fault::incomplete(format!(
                "Unsupported AWS 'algorithm': '{other}'."
            ))),
        }
    }

    fn in_header(text: &str, at: Option<&str>, token: Option<&str>) -> Result<Self, Fault> {
        let hash = || BASE64_STANDARD.encode(Sha256::digest(text));
        let parameters = text.strip_prefix(ALGORITHM).unwrap_or(text);
        let mut named = [None, None, None];
        for part in parameters.split(',').map(str::trim) {
            let Some((name, value)) = part.split_once('=') else {
                return Err(Fault::incomplete(format!(
                    "Invalid key=value pair (missing equal-sign) in Authorization header \
                     (hashed with SHA-256 and encoded with Base64): '{}'.",
                    hash()
                )));
            };
            let names = ["Credential", "SignedHeaders", "Signature"];
            if let Some(n) = names.iter().position(|known| *known == name)
                && let Some(slot) = named.get_mut(n)
            {
                *slot = Some(value);
            }
        }
        let [Some(credential), Some(headers), Some(signature)] = named else {
            let missing = |n: usize, name: &str| match named.get(n) {
                Some(Some(_)) => String::new(),
                _ => format!("Authorization header requires '{name}' parameter. "),
            };
            return Err(Fault::incomplete(format!(
                "{}{}{}{}(Hashed with SHA-256 and encoded with Base64) Authorization={}",
                missing(0, "Credential"),
                missing(2, "Signature"),
                missing(1, "SignedHeaders"),
                if at.is_none() { NO_DATE } else { "" },
                hash()
            )));
        };
        let at = at.ok_or_else(|| Fault::incomplete(NO_DATE.trim()))?;
        Self::whole(credential, headers, signature, at, token, None)
    }

    fn in_query<'a>(value: impl Fn(&str) -> Option<&'a str>) -> Result<Self, Fault> {
        let wanted = |name: &str| {
            value(name).ok_or_else(|| {
                Fault::incomplete(format!(
                    "AWS query-string parameters must include '{name}'."
                ))
            })
        };
        let expires = wanted("X-Amz-Expires")?.parse().ok();
        let expires = expires.filter(|seconds| (0..=WEEK).contains(seconds));
        let expires = expires.ok_or_else(|| {
            Fault::invalid("X-Amz-Expires must be a number of seconds, and less than a week")
        })?;
        Self::whole(
            wanted("X-Amz-Credential")?,
            wanted("X-Amz-SignedHeaders")?,
            wanted("X-Amz-Signature")?,
            wanted("X-Amz-Date")?,
            value("X-Amz-Security-Token"),
            Some(expires),
        )
    }

    fn whole(
        credential: &str,
        headers: &str,
        signature: &str,
        at: &str,
        token: Option<&str>,
        expires: Option<i64>,
    ) -> Result<Self, Fault> {
        let parts: Vec<&str> = credential.split('/').collect();
        let [access_key, date, region, service, "aws4_request"] = parts.as_slice() else {
            return Err(Fault::incomplete(format!(
                "Credential must have exactly 5 slash-delimited elements, e.g. \
                 keyid/date/region/service/term, got '{credential}'"
            )));
        };
        Ok(Self {
            access_key: (*access_key).to_owned(),
            token: token.map(str::to_owned),
            scope: [date, region, service].map(|part| (*part).to_owned()),
            headers: headers.split(';').map(str::to_ascii_lowercase).collect(),
            signature: signature.to_owned(),
            at: at.to_owned(),
            expires,
        })
    }

    /// Whether the signature is the one that `secret` gives to the request in a region and for a service, and is neither
    /// old nor early.
    /// `now_ms` is in milliseconds since the epoch.
    pub(crate) fn verify(
        &self,
        request: &Request,
        secret: &str,
        (wanted_region, wanted_service): (&str, &str),
        now_ms: i64,
    ) -> Result<(), Fault> {
        let [date, signed_region, service] = &self.scope;
        if signed_region != wanted_region {
            return Err(Fault::invalid(format!(
                "Credential should be scoped to a valid region, not '{signed_region}'. "
            )));
        }
        if service != wanted_service {
            return Err(Fault::invalid(format!(
                "Credential should be scoped to correct service: '{wanted_service}'. "
            )));
        }
        let (at, stamp) = time(&self.at).ok_or_else(|| {
            Fault::incomplete(format!(
                "Date must be in ISO-8601 'basic format'. Got '{}'.",
                self.at
            ))
        })?;
        if !stamp.starts_with(date) {
            return Err(Fault::invalid(format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from \
                 HTTP: '{date}' != '{}', from '{stamp}'.",
                stamp.get(..8).unwrap_or_default()
            )));
        }
        self.check_age(at, &stamp, now_ms)?;
        if !self.headers.iter().any(|name| name == "host") {
            return Err(Fault::invalid(
                "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
            ));
        }
        let canonical = canonical::request(request, &self.headers);
        let scope = format!("{date}/{signed_region}/{service}/aws4_request");
        let hash = hex(&Sha256::digest(&canonical));
        let to_sign = format!("{ALGORITHM}\n{stamp}\n{scope}\n{hash}");
        let key = [date.as_str(), signed_region, service, "aws4_request"]
            .iter()
            .fold(format!("AWS4{secret}").into_bytes(), |key, part| {
                mac(&key, part).finalize().into_bytes().to_vec()
            });
        let right = unhex(&self.signature)
            .is_some_and(|signature| mac(&key, &to_sign).verify_slice(&signature).is_ok());
        if right {
            return Ok(());
        }
        Err(Fault::invalid(format!(
            "The request signature we calculated does not match the signature you provided. \
             Check your AWS Secret Access Key and signing method. Consult the service documentation \
             for details.\n\nThe Canonical String for this request should have been\n'{canonical}'\n\n\
             The String-to-Sign should have been\n'{to_sign}'\n"
        )))
    }

    fn check_age(&self, at: Timestamp, stamp: &str, now_ms: i64) -> Result<(), Fault> {
        let now = Timestamp::from_millisecond(now_ms).unwrap_or(Timestamp::UNIX_EPOCH);
        let shown = |at: Timestamp| at.strftime(FORMAT).to_string();
        let (earliest, latest) = (now - SKEW, now + SKEW);
        if at > latest {
            return Err(Fault::invalid(format!(
                "Signature not yet current: {stamp} is still later than {} ({} + 5 min.)",
                shown(latest),
                shown(now)
            )));
        }
        match self.expires {
            None if at < earliest => Err(Fault::invalid(format!(
                "Signature expired: {stamp} is now earlier than {} ({} - 5 min.)",
                shown(earliest),
                shown(now)
            ))),
            Some(seconds) if at + SignedDuration::from_secs(seconds) < now => {
                Err(Fault::invalid(format!(
                    "Signature expired: {} is now earlier than {}",
                    shown(at + SignedDuration::from_secs(seconds)),
                    shown(now)
                )))
            }
            _ => Ok(()),
        }
    }
}

const NO_DATE: &str =
    "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ";
const FORMAT: &str = "%Y%m%dT%H%M%SZ";

/// A time of the last century or of this one, and as it is signed.
fn time(text: &str) -> Option<(Timestamp, String)> {
    let at = DateTime::strptime(FORMAT, text)
        .and_then(|at| Offset::UTC.to_timestamp(at))
        .or_else(|_| jiff::fmt::rfc2822::parse(text).map(|at| at.timestamp()))
        .ok()?;
    let at = (at.as_second() >= 0 && at.as_second() < 4_102_444_800).then_some(at)?;
    Some((at, at.strftime(FORMAT).to_string()))
}

fn mac(key: &[u8], text: &str) -> Hmac<Sha256> {
    #[expect(clippy::expect_used, reason = "it cannot fail")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(text.as_bytes());
    mac
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|c| c.to_digit(16)).collect();
    digits?
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => u8::try_from(high * 16 + low).ok(),
            _ => None,
        })
        .collect()
}
