//! A distribution's config: kept as the client gave it, with AWS's defaults; typed for those who act on it.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::call::ApiError;

/// What the edge and the checks look at.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Config {
    pub(super) caller_reference: String,
    pub(super) comment: String,
    pub(super) enabled: bool,
    pub(super) default_root_object: String,
    pub(super) origins: Items<Origin>,
    pub(super) default_cache_behavior: Behavior,
    pub(super) cache_behaviors: Items<Behavior>,
    pub(super) restrictions: Restrictions,
    pub(super) aliases: Items<String>,
    pub(super) viewer_certificate: Map<String, Value>,
    /// ARN, or empty.
    #[serde(rename = "WebACLId")]
    pub(super) web_acl: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Items<T> {
    #[serde(default = "Vec::new")]
    pub(super) items: Vec<T>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Origin {
    pub(super) id: String,
    pub(super) domain_name: String,
    pub(super) origin_path: String,
    pub(super) custom_headers: Items<Header>,
    pub(super) s3_origin_config: Option<Value>,
    pub(super) custom_origin_config: Option<CustomOrigin>,
    pub(super) vpc_origin_config: Option<Value>,
    pub(super) connection_attempts: i64,
    pub(super) connection_timeout: i64,
}

#[derive(Debug, Deserialize)]
pub(super) struct CustomOrigin {
    #[serde(rename = "HTTPPort")]
    pub(super) http_port: i64,
    #[serde(rename = "HTTPSPort")]
    pub(super) https_port: i64,
    #[serde(rename = "OriginReadTimeout")]
    pub(super) read_timeout: i64,
    #[serde(rename = "OriginKeepaliveTimeout")]
    pub(super) keepalive_timeout: i64,
}

#[derive(Debug, Deserialize)]
pub(super) struct Header {
    #[serde(rename = "HeaderName")]
    pub(super) name: String,
    #[serde(rename = "HeaderValue")]
    pub(super) value: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Behavior {
    /// The default behaviour has none.
    pub(super) path_pattern: Option<String>,
    pub(super) target_origin_id: String,
    pub(super) viewer_protocol_policy: ViewerProtocol,
    pub(super) allowed_methods: Methods,
    pub(super) cache_policy_id: Option<String>,
    pub(super) origin_request_policy_id: Option<String>,
    pub(super) forwarded_values: Option<Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum ViewerProtocol {
    AllowAll,
    HttpsOnly,
    RedirectToHttps,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Methods {
    #[serde(default)]
    pub(super) items: Vec<String>,
    pub(super) cached_methods: Items<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Restrictions {
    pub(super) geo_restriction: GeoRestriction,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GeoRestriction {
    pub(super) restriction_type: GeoKind,
    /// Country codes.
    #[serde(default)]
    pub(super) items: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum GeoKind {
    None,
    Whitelist,
    Blacklist,
}

impl Config {
    /// Of a config with its defaults.
    pub(super) fn of(config: &Value) -> Result<Self, ApiError> {
        serde_json::from_value(config.clone())
            .map_err(|e| ApiError::internal(format!("DistributionConfig not understood: {e}")))
    }

    /// The behaviours, those with a path pattern first, as the edge tries them.
    pub(super) fn behaviors(&self) -> impl Iterator<Item = &Behavior> {
        let default = std::iter::once(&self.default_cache_behavior);
        self.cache_behaviors.items.iter().chain(default)
    }
}

/// Fills in what AWS answers where a client says nothing. As seen of public answers of `GetDistributionConfig`;
/// unsure of `OriginSslProtocols` and `HttpVersion`.
pub(super) fn with_defaults(mut config: Value) -> Value {
    let none = json!({"Quantity": 0});
    fill(
        &mut config,
        &json!({
            "Aliases": none,
            "DefaultRootObject": "",
            "OriginGroups": none,
            "CacheBehaviors": none,
            "CustomErrorResponses": none,
            "Logging": {"Enabled": false, "IncludeCookies": false, "Bucket": "", "Prefix": ""},
            "PriceClass": "PriceClass_All",
            "ViewerCertificate": {"CloudFrontDefaultCertificate": true},
            "Restrictions": {"GeoRestriction": {"RestrictionType": "none", "Quantity": 0}},
            "WebACLId": "",
            "HttpVersion": "http1.1",
            "IsIPV6Enabled": false,
            "ContinuousDeploymentPolicyId": "",
            "Staging": false,
        }),
    );
    if config["ViewerCertificate"]["CloudFrontDefaultCertificate"] == true {
        fill(
            &mut config["ViewerCertificate"],
            &json!({"SSLSupportMethod": "vip", "MinimumProtocolVersion": "TLSv1", "CertificateSource": "cloudfront"}),
        );
    } else if let Some(arn) = config["ViewerCertificate"]
        .get("ACMCertificateArn")
        .cloned()
    {
        fill(
            &mut config["ViewerCertificate"],
            &json!({
                "CloudFrontDefaultCertificate": false,
                "MinimumProtocolVersion": "TLSv1",
                "Certificate": arn,
                "CertificateSource": "acm",
            }),
        );
    }
    for origin in items(&mut config["Origins"]) {
        fill(
            origin,
            &json!({
                "OriginPath": "",
                "CustomHeaders": none,
                "ConnectionAttempts": 3,
                "ConnectionTimeout": 10,
                "OriginShield": {"Enabled": false},
                "OriginAccessControlId": "",
            }),
        );
        if let Some(custom) = origin.get_mut("CustomOriginConfig") {
            fill(
                custom,
                &json!({
                    "OriginSslProtocols": {"Quantity": 1, "Items": ["TLSv1.2"]},
                    "OriginReadTimeout": 30,
                    "OriginKeepaliveTimeout": 5,
                }),
            );
        }
    }
    behavior_with_defaults(&mut config["DefaultCacheBehavior"]);
    items(&mut config["CacheBehaviors"]).for_each(behavior_with_defaults);
    config
}

fn behavior_with_defaults(behavior: &mut Value) {
    let read = json!({"Quantity": 2, "Items": ["HEAD", "GET"]});
    let nobody = json!({"Enabled": false, "Quantity": 0});
    fill(
        behavior,
        &json!({
            "TrustedSigners": nobody,
            "TrustedKeyGroups": nobody,
            "AllowedMethods": read,
            "SmoothStreaming": false,
            "Compress": false,
            "LambdaFunctionAssociations": {"Quantity": 0},
            "FunctionAssociations": {"Quantity": 0},
            "FieldLevelEncryptionId": "",
            "GrpcConfig": {"Enabled": false},
        }),
    );
    fill(
        &mut behavior["AllowedMethods"],
        &json!({ "CachedMethods": read }),
    );
}

fn fill(value: &mut Value, defaults: &Value) {
    if let (Value::Object(value), Value::Object(defaults)) = (value, defaults) {
        for (name, default) in defaults {
            value.entry(name).or_insert_with(|| default.clone());
        }
    }
}

fn items(list: &mut Value) -> impl Iterator<Item = &mut Value> {
    list.get_mut("Items")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
}
