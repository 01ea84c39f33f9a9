//! Identity sources: what of a request says who calls.

/// A mapping expression of an authorizer's `identitySource`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Source<'a> {
    /// `method.request.header.{name}`
    Header(&'a str),
    /// `method.request.querystring.{name}`
    Query(&'a str),
    /// `stageVariables.{name}`
    StageVariable(&'a str),
    /// `context.{path}`, such as `context.identity.sourceIp`
    Context(&'a str),
}

impl<'a> Source<'a> {
    /// `None`: not such an expression.
    pub(in super::super) fn of(text: &'a str) -> Option<Self> {
        let plain = |name: &&str| {
            !name.is_empty()
                && name
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
        };
        let behind = |prefix: &str| text.strip_prefix(prefix).filter(plain);
        None.or_else(|| behind("method.request.header.").map(Self::Header))
            .or_else(|| behind("method.request.querystring.").map(Self::Query))
            .or_else(|| behind("stageVariables.").map(Self::StageVariable))
            .or_else(|| behind("context.").map(Self::Context))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions() {
        let header = Source::of("method.request.header.X-Token");
        assert_eq!(header, Some(Source::Header("X-Token")));
        let query = Source::of("method.request.querystring.q");
        assert_eq!(query, Some(Source::Query("q")));
        let variable = Source::of("stageVariables.v");
        assert_eq!(variable, Some(Source::StageVariable("v")));
        let address = Source::of("context.identity.sourceIp");
        assert_eq!(address, Some(Source::Context("identity.sourceIp")));
        for bad in [
            "",
            "Authorization",
            "method.request.header.",
            "method.request.body",
            "context.",
            "method.request.header.a b",
        ] {
            assert_eq!(Source::of(bad), None, "{bad}");
        }
    }
}
