//! What a distribution before an API is like, and in what another differs from it.

use aws_sdk_cloudfront::{
    error::BuildError,
    types::{
        Aliases, AllowedMethods, CachedMethods, CustomHeaders, CustomOriginConfig,
        DefaultCacheBehavior, DistributionConfig, GeoRestriction, GeoRestrictionType, Method,
        MinimumProtocolVersion, Origin, OriginCustomHeader, OriginProtocolPolicy,
        OriginSslProtocols, Origins, PriceClass, Restrictions, SslProtocol, SslSupportMethod,
        ViewerCertificate, ViewerProtocolPolicy,
    },
};

use crate::{engine::Compare, lab::Domain};

/// The header in which API Gateway looks for a key.
const HEADER: &str = "x-api-key";
const ORIGIN: &str = "api";

/// What the lab wants of a distribution. Holds the secret: not shown, not kept.
pub(super) struct Wanted<'a> {
    pub(super) comment: &'a str,
    /// `{api}.execute-api.{region}.amazonaws.com`.
    pub(super) origin: String,
    /// `/dev`.
    pub(super) path: String,
    pub(super) secret: String,
    /// The managed policy that keeps nothing.
    pub(super) cache_policy: &'a str,
    /// The managed policy that hands on all but the viewer's Host.
    pub(super) origin_request_policy: &'a str,
    pub(super) geo: &'a [String],
    pub(super) web_acl: Option<&'a str>,
    pub(super) domain: Option<&'a Domain>,
}

impl Wanted<'_> {
    /// A new distribution's config.
    pub(super) fn config(&self, reference: &str) -> Result<DistributionConfig, BuildError> {
        let config = DistributionConfig::builder()
            .caller_reference(reference)
            .comment(self.comment)
            .enabled(true)
            .origins(self.origins()?)
            .default_cache_behavior(self.behavior()?)
            .price_class(PriceClass::PriceClass100)
            .is_ipv6_enabled(false)
            .build()?;
        self.merge(config)
    }

    /// `now` with what the lab wants; the rest stays.
    pub(super) fn merge(&self, now: DistributionConfig) -> Result<DistributionConfig, BuildError> {
        let mut config = now;
        self.comment.clone_into(&mut config.comment);
        config.enabled = true;
        config.origins = Some(self.origins()?);
        config.default_cache_behavior = Some(self.behavior()?);
        config.restrictions = Some(self.restrictions()?);
        config.web_acl_id = Some(self.web_acl.unwrap_or_default().to_owned());
        config.aliases = Some(self.aliases()?);
        config.viewer_certificate = Some(self.certificate());
        Ok(config)
    }

    fn origins(&self) -> Result<Origins, BuildError> {
        let header = OriginCustomHeader::builder()
            .header_name(HEADER)
            .header_value(&self.secret)
            .build()?;
        let protocols = OriginSslProtocols::builder()
            .quantity(1)
            .items(SslProtocol::TlSv12)
            .build()?;
        let custom = CustomOriginConfig::builder()
            .http_port(80)
            .https_port(443)
            .origin_protocol_policy(OriginProtocolPolicy::HttpsOnly)
            .origin_ssl_protocols(protocols)
            .build()?;
        let headers = CustomHeaders::builder().quantity(1).items(header).build()?;
        let origin = Origin::builder()
            .id(ORIGIN)
            .domain_name(&self.origin)
            .origin_path(&self.path)
            .custom_headers(headers)
            .custom_origin_config(custom)
            .build()?;
        Origins::builder().quantity(1).items(origin).build()
    }

    fn behavior(&self) -> Result<DefaultCacheBehavior, BuildError> {
        let cached = CachedMethods::builder()
            .quantity(2)
            .items(Method::Get)
            .items(Method::Head)
            .build()?;
        let all = [
            Method::Get,
            Method::Head,
            Method::Options,
            Method::Put,
            Method::Post,
            Method::Patch,
            Method::Delete,
        ];
        let methods = AllowedMethods::builder()
            .quantity(7)
            .set_items(Some(all.to_vec()))
            .cached_methods(cached)
            .build()?;
        DefaultCacheBehavior::builder()
            .target_origin_id(ORIGIN)
            .viewer_protocol_policy(ViewerProtocolPolicy::HttpsOnly)
            .allowed_methods(methods)
            .cache_policy_id(self.cache_policy)
            .origin_request_policy_id(self.origin_request_policy)
            .compress(true)
            .build()
    }

    fn restrictions(&self) -> Result<Restrictions, BuildError> {
        let kind = if self.geo.is_empty() {
            GeoRestrictionType::None
        } else {
            GeoRestrictionType::Whitelist
        };
        let geo = GeoRestriction::builder()
            .restriction_type(kind)
            .quantity(count(self.geo))
            .set_items(Some(self.geo.to_vec()).filter(|geo| !geo.is_empty()))
            .build()?;
        Ok(Restrictions::builder().geo_restriction(geo).build())
    }

    fn aliases(&self) -> Result<Aliases, BuildError> {
        let names: Vec<String> = self.domain.iter().map(|d| d.name.clone()).collect();
        Aliases::builder()
            .quantity(count(&names))
            .set_items(Some(names).filter(|names| !names.is_empty()))
            .build()
    }

    fn certificate(&self) -> ViewerCertificate {
        match self.domain {
            Some(domain) => ViewerCertificate::builder()
                .acm_certificate_arn(&domain.certificate)
                .ssl_support_method(SslSupportMethod::SniOnly)
                .minimum_protocol_version(MinimumProtocolVersion::TlSv122021)
                .build(),
            None => ViewerCertificate::builder()
                .cloud_front_default_certificate(true)
                .build(),
        }
    }

    /// In what `now` differs.
    pub(super) fn compare(&self, now: &DistributionConfig, compare: &mut Compare) {
        compare.field("Comment", self.comment, now.comment());
        compare.field("Enabled", &true, &now.enabled());
        let origin = now.origins().and_then(|o| o.items().first());
        let domain = origin.map(Origin::domain_name).unwrap_or_default();
        compare.field("Origins.DomainName", self.origin.as_str(), domain);
        let path = origin.and_then(Origin::origin_path).unwrap_or_default();
        compare.field("Origins.OriginPath", self.path.as_str(), path);
        let custom = origin.and_then(Origin::custom_origin_config);
        let protocol = custom.map(|c| c.origin_protocol_policy().as_str());
        let wanted = OriginProtocolPolicy::HttpsOnly;
        compare.field(
            "OriginProtocolPolicy",
            wanted.as_str(),
            protocol.unwrap_or_default(),
        );
        let (wanted, seen) = self.secret_words(origin);
        compare.field("Origins.CustomHeaders", &wanted, &seen);
        self.compare_behavior(now.default_cache_behavior(), compare);
        let geo = now.restrictions().and_then(Restrictions::geo_restriction);
        let whitelist = geo.filter(|g| g.restriction_type() == &GeoRestrictionType::Whitelist);
        let mut seen = whitelist.map(|g| g.items().to_vec()).unwrap_or_default();
        let mut wanted = self.geo.to_vec();
        seen.sort();
        wanted.sort();
        compare.field("GeoRestriction", &wanted, &seen);
        let acl = now.web_acl_id().unwrap_or_default();
        compare.field("WebACLId", self.web_acl.unwrap_or_default(), acl);
        let wanted: Vec<&str> = self.domain.iter().map(|d| d.name.as_str()).collect();
        let seen: Vec<&str> = now
            .aliases()
            .map(|a| a.items().iter().map(String::as_str).collect())
            .unwrap_or_default();
        compare.field("Aliases", &wanted, &seen);
        let certificate = now.viewer_certificate();
        let seen = certificate.and_then(ViewerCertificate::acm_certificate_arn);
        let seen = seen.filter(|arn| !arn.is_empty());
        let wanted = self.domain.map(|d| d.certificate.as_str());
        compare.field("ViewerCertificate", &wanted, &seen);
    }

    /// Without saying the secret.
    fn secret_words(&self, origin: Option<&Origin>) -> (String, String) {
        let headers = origin.and_then(Origin::custom_headers);
        let seen: Vec<String> = headers
            .map(CustomHeaders::items)
            .unwrap_or_default()
            .iter()
            .map(|header| {
                let name = header.header_name().to_ascii_lowercase();
                let same = name == HEADER && header.header_value() == self.secret;
                let whose = if same { "the API key's" } else { "another" };
                format!("{name} with {whose} value")
            })
            .collect();
        (
            format!("{HEADER} with the API key's value"),
            seen.join(", "),
        )
    }

    fn compare_behavior(&self, now: Option<&DefaultCacheBehavior>, compare: &mut Compare) {
        let text = |get: fn(&DefaultCacheBehavior) -> Option<&str>| {
            now.and_then(get).unwrap_or_default().to_owned()
        };
        let policy = text(DefaultCacheBehavior::cache_policy_id);
        compare.field("CachePolicyId", self.cache_policy, &policy);
        let policy = text(DefaultCacheBehavior::origin_request_policy_id);
        compare.field("OriginRequestPolicyId", self.origin_request_policy, &policy);
        let protocol = now.map(|b| b.viewer_protocol_policy().as_str());
        let wanted = ViewerProtocolPolicy::HttpsOnly;
        compare.field(
            "ViewerProtocolPolicy",
            wanted.as_str(),
            protocol.unwrap_or_default(),
        );
        let methods = now.and_then(DefaultCacheBehavior::allowed_methods);
        let count = methods.map_or(0, |m| m.items().len());
        compare.field("AllowedMethods", &7, &count);
    }
}

fn count(items: &[String]) -> i32 {
    i32::try_from(items.len()).unwrap_or(i32::MAX)
}
