//! What `CloudFront` refuses in a config. Texts are AWS's where public reports quote them; the codes are the
//! model's.

use serde_json::Value;

use super::{
    config::{Behavior, Config, GeoKind, GeoRestriction, Origin},
    fault::{fault, invalid_argument, not_served},
    policy, unserved,
};
use crate::{acm, call::ApiError};

/// Quotas of origins and of behaviours with a path pattern in a distribution. Unsure of today's numbers.
const ORIGINS: usize = 25;
const BEHAVIORS: usize = 25;
/// Headers that an origin can be given.
const CUSTOM_HEADERS: usize = 30;
const COMMENT: usize = 128;
/// Alternate domain names of a distribution.
const ALIASES: usize = 100;

pub(super) const NO_CERTIFICATE: &str = "The specified SSL certificate doesn't exist, isn't in us-east-1 region, \
                                         isn't valid, or doesn't include a valid certificate chain.";

/// Headers that `CloudFront` adds, or needs, itself.
const RESERVED: [&str; 25] = [
    "cache-control",
    "connection",
    "content-length",
    "cookie",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "max-forwards",
    "pragma",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "range",
    "request-range",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "x-real-ip",
    "x-amz-",
    "x-edge-",
];

/// Checks a config with its defaults.
pub(super) fn check(config: &Value) -> Result<Config, ApiError> {
    quantities("", config)?;
    let typed = Config::of(config)?;
    if typed.caller_reference.is_empty() {
        return Err(invalid_argument(
            "The parameter CallerReference is required.",
        ));
    }
    if typed.comment.chars().count() > COMMENT {
        return Err(invalid_argument("The parameter Comment is too big."));
    }
    if typed.origins.items.len() > ORIGINS {
        let message = "You cannot create more origins for the distribution.";
        return Err(fault(400, "TooManyOrigins", message));
    }
    for (n, one) in typed.origins.items.iter().enumerate() {
        origin(one)?;
        if typed.origins.items.iter().take(n).any(|it| it.id == one.id) {
            return Err(invalid_argument(
                "The parameter Origin Id must be unique in the distribution.",
            ));
        }
    }
    if typed.cache_behaviors.items.len() > BEHAVIORS {
        let message = "You cannot create more cache behaviors for the distribution.";
        return Err(fault(400, "TooManyCacheBehaviors", message));
    }
    for one in typed.behaviors() {
        behavior(&typed, one)?;
    }
    geo(&typed.restrictions.geo_restriction)?;
    certificate(&typed)?;
    unserved::check(config)?;
    Ok(typed)
}

/// Wherever there are items, their number has to be right.
pub(super) fn quantities(name: &str, value: &Value) -> Result<(), ApiError> {
    match value {
        Value::Object(members) => {
            if let Some(quantity) = members.get("Quantity").and_then(Value::as_i64) {
                let items = members.get("Items").and_then(Value::as_array);
                let count = items.map_or(0, Vec::len);
                if usize::try_from(quantity) != Ok(count) {
                    let message = format!(
                        "The specified quantity of {name} ({quantity}) does not match the actual quantity supplied ({count})."
                    );
                    return Err(fault(400, "InconsistentQuantities", message));
                }
            }
            members
                .iter()
                .try_for_each(|(name, value)| quantities(name, value))
        }
        Value::Array(items) => items.iter().try_for_each(|item| quantities(name, item)),
        _ => Ok(()),
    }
}

fn origin(origin: &Origin) -> Result<(), ApiError> {
    let kinds = [
        origin.s3_origin_config.is_some(),
        origin.custom_origin_config.is_some(),
        origin.vpc_origin_config.is_some(),
    ];
    match kinds.into_iter().filter(|given| *given).count() {
        1 => {}
        0 => {
            return Err(invalid_argument(
                "Exactly one of CustomOriginConfig and S3OriginConfig must be specified",
            ));
        }
        _ => {
            let message =
                "You must specify either a CustomOrigin or an S3Origin. You cannot specify both.";
            return Err(fault(400, "InvalidOrigin", message));
        }
    }
    let domain = &origin.domain_name;
    if domain.contains(':') {
        return Err(invalid_argument(
            "The parameter origin name cannot contain a colon.",
        ));
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    if !domain.contains('.') || !domain.chars().all(plain) {
        return Err(invalid_argument(
            "The parameter origin name must be a domain name.",
        ));
    }
    let path = &origin.origin_path;
    if !path.is_empty() && (!path.starts_with('/') || path.ends_with('/')) {
        // Unsure of the text.
        return Err(invalid_argument(
            "The parameter OriginPath must begin with a slash (/) and must not end with one.",
        ));
    }
    headers(origin)?;
    let in_range = |name: &str, value: i64, range: std::ops::RangeInclusive<i64>| {
        if range.contains(&value) {
            return Ok(());
        }
        Err(invalid_argument(format!(
            "The parameter {name} is not within the allowed range."
        )))
    };
    in_range("ConnectionAttempts", origin.connection_attempts, 1..=3)?;
    in_range("ConnectionTimeout", origin.connection_timeout, 1..=10)?;
    let Some(custom) = &origin.custom_origin_config else {
        return Ok(());
    };
    for (name, port) in [
        ("HTTPPort", custom.http_port),
        ("HTTPSPort", custom.https_port),
    ] {
        if port != 80 && port != 443 {
            in_range(name, port, 1024..=65535)?;
        }
    }
    in_range("OriginReadTimeout", custom.read_timeout, 1..=120)?;
    in_range("OriginKeepaliveTimeout", custom.keepalive_timeout, 1..=120)
}

fn headers(origin: &Origin) -> Result<(), ApiError> {
    let headers = &origin.custom_headers.items;
    if headers.len() > CUSTOM_HEADERS {
        let message = "Your request contains too many origin custom headers.";
        return Err(fault(400, "TooManyOriginCustomHeaders", message));
    }
    for header in headers {
        let name = header.name.to_ascii_lowercase();
        let reserved = RESERVED
            .iter()
            .any(|known| name == *known || (known.ends_with('-') && name.starts_with(known)));
        let valid = hyper::header::HeaderName::try_from(&name).is_ok()
            && hyper::header::HeaderValue::try_from(&header.value).is_ok();
        if reserved || !valid {
            // The value may be a secret.
            let message = format!(
                "The parameter HeaderName with value {} is not allowed.",
                header.name
            );
            return Err(invalid_argument(message));
        }
    }
    Ok(())
}

fn behavior(config: &Config, behavior: &Behavior) -> Result<(), ApiError> {
    let mut origins = config.origins.items.iter();
    if !origins.any(|origin| origin.id == behavior.target_origin_id) {
        let message =
            "One or more of your cache behavior target origins or origin groups do not exist.";
        return Err(fault(404, "NoSuchOrigin", message));
    }
    if behavior.path_pattern.as_ref().is_some_and(String::is_empty) {
        return Err(invalid_argument("The parameter PathPattern is required."));
    }
    methods(behavior)?;
    match (&behavior.cache_policy_id, &behavior.forwarded_values) {
        (None, None) => {
            return Err(invalid_argument(
                "The parameter ForwardedValues is required.",
            ));
        }
        (Some(_), Some(_)) => {
            return Err(invalid_argument(
                "The parameter ForwardedValues cannot be used when a cache policy is associated to the cache behavior.",
            ));
        }
        (Some(id), None) if policy::cache(id).is_none() => {
            let message = "The specified cache policy does not exist.";
            return Err(fault(404, "NoSuchCachePolicy", message));
        }
        _ => {}
    }
    match &behavior.origin_request_policy_id {
        Some(id) if policy::origin_request(id).is_none() => {
            let message = "The specified origin request policy does not exist.";
            Err(fault(404, "NoSuchOriginRequestPolicy", message))
        }
        _ => Ok(()),
    }
}

/// Methods come in three sets, and what is cached in two.
fn methods(behavior: &Behavior) -> Result<(), ApiError> {
    let sorted = |methods: &[String]| {
        let mut methods: Vec<&str> = methods.iter().map(String::as_str).collect();
        methods.sort_unstable();
        methods.join(" ")
    };
    let allowed = sorted(&behavior.allowed_methods.items);
    let cached = sorted(&behavior.allowed_methods.cached_methods.items);
    let sets = [
        "GET HEAD",
        "GET HEAD OPTIONS",
        "DELETE GET HEAD OPTIONS PATCH POST PUT",
    ];
    if !sets.contains(&allowed.as_str()) {
        return Err(invalid_argument(
            "The parameter AllowedMethods is not a supported set of methods.",
        ));
    }
    let may_cache_options = allowed.contains("OPTIONS");
    if cached != "GET HEAD" && !(may_cache_options && cached == "GET HEAD OPTIONS") {
        return Err(invalid_argument(
            "The parameter CachedMethods is not a supported set of methods.",
        ));
    }
    Ok(())
}

fn geo(geo: &GeoRestriction) -> Result<(), ApiError> {
    if (geo.restriction_type == GeoKind::None) != geo.items.is_empty() {
        let message = "The specified geo restriction parameter is not valid.";
        return Err(fault(400, "InvalidGeoRestrictionParameter", message));
    }
    let code = |code: &String| code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase());
    if !geo.items.iter().all(code) {
        let message = "The location code specified is not valid.";
        return Err(fault(400, "InvalidLocationCode", message));
    }
    Ok(())
}

/// What can be said of a certificate without looking for it; `claims` does.
fn certificate(config: &Config) -> Result<(), ApiError> {
    let certificate = &config.viewer_certificate;
    let invalid = |message: &str| Err(fault(400, "InvalidViewerCertificate", message));
    if certificate.contains_key("IAMCertificateId") {
        // The twin's IAM has no server certificates.
        return invalid(NO_CERTIFICATE);
    }
    let aliases = &config.aliases.items;
    if !certificate.contains_key("ACMCertificateArn") {
        if aliases.is_empty() {
            return Ok(());
        }
        return invalid(
            "To add an alternate domain name (CNAME) to a CloudFront distribution, you must attach a trusted \
             certificate that validates your authorization to use the domain name.",
        );
    }
    // Unsure of the texts of these two.
    if certificate.get("CloudFrontDefaultCertificate") == Some(&Value::Bool(true)) {
        return invalid("You can have either the default CloudFront certificate or your own.");
    }
    match certificate.get("SSLSupportMethod").and_then(Value::as_str) {
        None => return invalid("A certificate of your own needs an SSLSupportMethod."),
        Some("sni-only") => {}
        Some(method) => return Err(not_served(&format!("SSLSupportMethod {method}"))),
    }
    if aliases.len() > ALIASES {
        let message = "Your request contains more CNAMEs than are allowed per distribution.";
        return Err(fault(400, "TooManyDistributionCNAMEs", message));
    }
    if !aliases.iter().all(|alias| acm::is_domain(alias)) {
        return Err(invalid_argument(
            "The parameter CNAME contains one or more parameters that are not valid.",
        ));
    }
    Ok(())
}
