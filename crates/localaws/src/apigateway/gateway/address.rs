//! Which deployment a request is for.

use std::sync::Arc;

use hyper::header;

use super::super::{api::Snapshot, stage::Stage};
use crate::{app::App, server::Request};

/// An invoke URL taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Address<'a> {
    api: &'a str,
    /// When the host names it.
    region: Option<&'a str>,
    pub(super) stage: &'a str,
    /// Behind the stage, as sent.
    pub(super) path: &'a str,
}

/// What serves a request.
pub(super) struct Deployment {
    pub(super) account: String,
    pub(super) region: String,
    pub(super) stage: Stage,
    pub(super) snapshot: Arc<Snapshot>,
}

impl<'a> Address<'a> {
    /// `None`: not an invoke URL.
    pub(super) fn of(request: &'a Request) -> Option<Self> {
        let path = request.uri().path();
        if let Some(within) = path.strip_prefix("/_api/") {
            let (api, rest) = split(within);
            return Some(Self::within(api, None, rest));
        }
        let host = match request.headers().get(header::HOST) {
            Some(host) => host.to_str().ok()?,
            None => request.uri().authority()?.as_str(),
        };
        let host = host.split(':').next().unwrap_or_default();
        let (api, domain) = host.split_once(".execute-api.")?;
        let region = if domain == "localhost" {
            None
        } else {
            // No other names: one that a web page rebinds to 127.0.0.1 must not get in.
            let region = domain.strip_suffix(".amazonaws.com");
            Some(region.or_else(|| domain.strip_suffix(".localhost"))?)
        };
        Some(Self::within(
            api,
            region,
            path.strip_prefix('/').unwrap_or(path),
        ))
    }

    fn within(api: &'a str, region: Option<&'a str>, rest: &'a str) -> Self {
        let (stage, _) = split(rest);
        let path = rest.get(stage.len()..).filter(|path| !path.is_empty());
        Self {
            api,
            region,
            stage,
            path: path.unwrap_or("/"),
        }
    }

    /// `None`: no such API or stage, or its endpoint is switched off.
    pub(super) fn deployment(&self, app: &App) -> Option<Deployment> {
        app.read(|world| {
            let (account, region, api) = world.regions().find_map(|(account, region, state)| {
                Some((account, region, state.apigateway.apis.get(self.api)?))
            })?;
            if self.region.is_some_and(|asked| asked != region) {
                return None;
            }
            let stage = api.stages.get(self.stage)?;
            let snapshot = &api.deployments.get(&stage.deployment_id)?.snapshot;
            (!snapshot.about.disable_execute_api_endpoint).then(|| Deployment {
                account: account.to_owned(),
                region: region.to_owned(),
                stage: stage.clone(),
                snapshot: Arc::clone(snapshot),
            })
        })
    }
}

fn split(path: &str) -> (&str, &str) {
    path.split_once('/').unwrap_or((path, ""))
}

#[cfg(test)]
mod tests {
    use hyper::body::Bytes;

    use super::*;

    fn at(host: &str, path: &str) -> Option<String> {
        let request = hyper::Request::builder()
            .uri(path)
            .header("host", host)
            .body(Bytes::new())
            .ok()?;
        let Address {
            api,
            region,
            stage,
            path,
        } = Address::of(&request)?;
        Some(format!("{api} {} {stage} {path}", region.unwrap_or("-")))
    }

    #[test]
    fn invoke_urls_are_taken_apart() {
        let local = |path| at("127.0.0.1:4588", path);
        assert_eq!(
            local("/_api/abc/dev/demo").as_deref(),
            Some("abc - dev /demo")
        );
        assert_eq!(
            local("/_api/abc/dev/demo/").as_deref(),
            Some("abc - dev /demo/")
        );
        assert_eq!(local("/_api/abc/dev").as_deref(), Some("abc - dev /"));
        assert_eq!(local("/_api/abc").as_deref(), Some("abc -  /"));
        assert_eq!(local("/restapis/abc"), None);
        let host = "abc.execute-api.eu-west-1.amazonaws.com";
        assert_eq!(
            at(host, "/dev/a/b").as_deref(),
            Some("abc eu-west-1 dev /a/b")
        );
        assert_eq!(
            at("abc.execute-api.localhost:80", "/dev").as_deref(),
            Some("abc - dev /")
        );
        assert_eq!(at("abc.execute-api.example.com", "/dev/a"), None);
    }
}
