//! The managed policies: what is part of the cache key, and what the origin gets to see. Source: the
//! developer guide's lists. An account's own policies are not served.

/// Which headers, cookies or query strings are meant.
#[derive(Debug, Clone, Copy)]
pub(super) enum Picked {
    None,
    All,
    /// In small letters.
    Only(&'static [&'static str]),
    AllExcept(&'static [&'static str]),
}

impl Picked {
    pub(super) fn takes(self, name: &str) -> bool {
        let listed = |list: &[&str]| list.iter().any(|known| known.eq_ignore_ascii_case(name));
        match self {
            Self::None => false,
            Self::All => true,
            Self::Only(list) => listed(list),
            Self::AllExcept(list) => !listed(list),
        }
    }

    pub(super) fn names(self) -> &'static [&'static str] {
        match self {
            Self::Only(list) | Self::AllExcept(list) => list,
            Self::None | Self::All => &[],
        }
    }
}

pub(super) struct CachePolicy {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) comment: &'static str,
    /// Seconds: at least, at most, and when the origin says nothing.
    pub(super) min_ttl: i64,
    pub(super) max_ttl: i64,
    pub(super) default_ttl: i64,
    pub(super) headers: Picked,
    pub(super) cookies: Picked,
    pub(super) queries: Picked,
    pub(super) gzip: bool,
    pub(super) brotli: bool,
}

pub(super) struct OriginRequestPolicy {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) comment: &'static str,
    pub(super) headers: Picked,
    /// Headers that `CloudFront` makes, besides the viewer's.
    pub(super) added: &'static [&'static str],
    pub(super) cookies: Picked,
    pub(super) queries: Picked,
}

const YEAR: i64 = 31_536_000;
const DAY: i64 = 86_400;
const ORIGIN_CONTROLS: Picked = Picked::Only(&[
    "host",
    "origin",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
]);

/// Sorted by id, as they are listed.
pub(super) const CACHE: [CachePolicy; 7] = [
    CachePolicy {
        id: "08627262-05a9-4f76-9ded-b50ca2e3a84f",
        name: "Managed-Elemental-MediaPackage",
        comment: "Policy for Elemental MediaPackage Origin",
        min_ttl: 0,
        max_ttl: YEAR,
        default_ttl: DAY,
        headers: Picked::Only(&["origin"]),
        cookies: Picked::None,
        queries: Picked::Only(&["aws.manifestfilter", "end", "m", "start"]),
        gzip: true,
        brotli: false,
    },
    CachePolicy {
        id: "2e54312d-136d-493c-8eb9-b001f22f67d2",
        name: "Managed-Amplify",
        comment: "Policy for Amplify Origin",
        min_ttl: 2,
        max_ttl: 600,
        default_ttl: 2,
        headers: Picked::Only(&["Authorization", "CloudFront-Viewer-Country", "Host"]),
        cookies: Picked::All,
        queries: Picked::All,
        gzip: true,
        brotli: true,
    },
    CachePolicy {
        id: "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
        name: "Managed-CachingDisabled",
        comment: "Policy with caching disabled",
        min_ttl: 0,
        max_ttl: 0,
        default_ttl: 0,
        headers: Picked::None,
        cookies: Picked::None,
        queries: Picked::None,
        gzip: false,
        brotli: false,
    },
    CachePolicy {
        id: "4cc15a8a-d715-48a4-82b8-cc0b614638fe",
        name: "UseOriginCacheControlHeaders-QueryStrings",
        comment: "Policy for origins that return Cache-Control headers, by query string",
        min_ttl: 0,
        max_ttl: YEAR,
        default_ttl: 0,
        headers: ORIGIN_CONTROLS,
        cookies: Picked::All,
        queries: Picked::All,
        gzip: true,
        brotli: true,
    },
    CachePolicy {
        id: "658327ea-f89d-4fab-a63d-7e88639e58f6",
        name: "Managed-CachingOptimized",
        comment: "Policy with caching enabled. Supports Gzip and Brotli compression.",
        min_ttl: 1,
        max_ttl: YEAR,
        default_ttl: DAY,
        headers: Picked::None,
        cookies: Picked::None,
        queries: Picked::None,
        gzip: true,
        brotli: true,
    },
    CachePolicy {
        id: "83da9c7e-98b4-4e11-a168-04f0df8e2c65",
        name: "UseOriginCacheControlHeaders",
        comment: "Policy for origins that return Cache-Control headers",
        min_ttl: 0,
        max_ttl: YEAR,
        default_ttl: 0,
        headers: ORIGIN_CONTROLS,
        cookies: Picked::All,
        queries: Picked::None,
        gzip: true,
        brotli: true,
    },
    CachePolicy {
        id: "b2884449-e4de-46a7-ac36-70bc7f1ddd6d",
        name: "Managed-CachingOptimizedForUncompressedObjects",
        comment: "Default policy when compression is disabled",
        min_ttl: 1,
        max_ttl: YEAR,
        default_ttl: DAY,
        headers: Picked::None,
        cookies: Picked::None,
        queries: Picked::None,
        gzip: false,
        brotli: false,
    },
];

const PREFLIGHT: Picked = Picked::Only(&[
    "access-control-request-headers",
    "access-control-request-method",
    "origin",
]);
const VIEWER_FACTS: [&str; 19] = [
    "CloudFront-Forwarded-Proto",
    "CloudFront-Is-Android-Viewer",
    "CloudFront-Is-Desktop-Viewer",
    "CloudFront-Is-IOS-Viewer",
    "CloudFront-Is-Mobile-Viewer",
    "CloudFront-Is-SmartTV-Viewer",
    "CloudFront-Is-Tablet-Viewer",
    "CloudFront-Viewer-ASN",
    "CloudFront-Viewer-Address",
    "CloudFront-Viewer-City",
    "CloudFront-Viewer-Country",
    "CloudFront-Viewer-Country-Name",
    "CloudFront-Viewer-Country-Region",
    "CloudFront-Viewer-Country-Region-Name",
    "CloudFront-Viewer-Http-Version",
    "CloudFront-Viewer-Latitude",
    "CloudFront-Viewer-Longitude",
    "CloudFront-Viewer-TLS",
    "CloudFront-Viewer-Time-Zone",
];

/// Sorted by id, as they are listed.
pub(super) const ORIGIN_REQUEST: [OriginRequestPolicy; 8] = [
    OriginRequestPolicy {
        id: "216adef6-5c7f-47e4-b989-5492eafa07d3",
        name: "Managed-AllViewer",
        comment: "Policy to forward all parameters in viewer requests",
        headers: Picked::All,
        added: &[],
        cookies: Picked::All,
        queries: Picked::All,
    },
    OriginRequestPolicy {
        id: "33f36d7e-f396-46d9-90e0-52428a34d9dc",
        name: "Managed-AllViewerAndCloudFrontHeaders-2022-06",
        comment: "Policy to forward all viewer headers, and CloudFront's until June 2022",
        headers: Picked::All,
        added: &VIEWER_FACTS,
        cookies: Picked::All,
        queries: Picked::All,
    },
    OriginRequestPolicy {
        id: "59781a5b-3903-41f3-afcb-af62929ccde1",
        name: "Managed-CORS-CustomOrigin",
        comment: "Policy for CORS with custom origin",
        headers: Picked::Only(&["origin"]),
        added: &[],
        cookies: Picked::None,
        queries: Picked::None,
    },
    OriginRequestPolicy {
        id: "775133bc-15f2-49f9-abea-afb2e0bf67d2",
        name: "Managed-Elemental-MediaTailor-PersonalizedManifests",
        comment: "Policy for Elemental MediaTailor Origin",
        headers: Picked::Only(&[
            "access-control-request-headers",
            "access-control-request-method",
            "origin",
            "user-agent",
            "x-forwarded-for",
        ]),
        added: &[],
        cookies: Picked::None,
        queries: Picked::All,
    },
    OriginRequestPolicy {
        id: "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf",
        name: "Managed-CORS-S3Origin",
        comment: "Policy for S3 origin with CORS",
        headers: PREFLIGHT,
        added: &[],
        cookies: Picked::None,
        queries: Picked::None,
    },
    OriginRequestPolicy {
        id: "acba4595-bd28-49b8-b9fe-13317c0390fa",
        name: "Managed-UserAgentRefererHeaders",
        comment: "Policy to forward user-agent and referer headers to origin",
        headers: Picked::Only(&["referer", "user-agent"]),
        added: &[],
        cookies: Picked::None,
        queries: Picked::None,
    },
    OriginRequestPolicy {
        id: "b689b0a8-53d0-40ab-baf2-68738e2966ac",
        name: "Managed-AllViewerExceptHostHeader",
        comment: "Policy to forward all parameters in viewer requests except for the Host header",
        headers: Picked::AllExcept(&["host"]),
        added: &[],
        cookies: Picked::All,
        queries: Picked::All,
    },
    OriginRequestPolicy {
        id: "bf0718e1-ba1e-49d1-88b1-f726733018ae",
        name: "Managed-HostHeaderOnly",
        comment: "Policy to forward Host header only",
        headers: Picked::Only(&["host"]),
        added: &[],
        cookies: Picked::None,
        queries: Picked::None,
    },
];

pub(super) fn cache(id: &str) -> Option<&'static CachePolicy> {
    const ALL: &[CachePolicy] = &CACHE;
    ALL.iter().find(|policy| policy.id == id)
}

pub(super) fn origin_request(id: &str) -> Option<&'static OriginRequestPolicy> {
    const ALL: &[OriginRequestPolicy] = &ORIGIN_REQUEST;
    ALL.iter().find(|policy| policy.id == id)
}
