//! What the edge promises: the API answers through it, and to nobody who goes around it.

use super::{checks::Prober, sign_in::Tokens, want::Want};
use crate::lab::{Guard, Route};

impl Prober<'_> {
    /// A caller who may call the route, but at the stage itself (`direct`), without the edge's secret.
    pub async fn around_edge(&mut self, route: &Route, direct: &str, tokens: Option<&Tokens>) {
        let request = match (&route.guard, tokens) {
            (Guard::Pool { .. }, Some(tokens)) => self.with_token(route, Some(tokens.of(route))),
            // Without a token the authorizer refuses first: that would prove nothing.
            (Guard::Pool { .. }, None) => return,
            (Guard::Function { .. }, _) => self.with_values(route, &route.allow),
            (Guard::Open | Guard::Iam, _) => self.request(route),
        };
        let mut request = request;
        request.url = request.url.replacen(&self.base_url, direct, 1);
        let name = format!("{} around the edge, by who may call it", route.name());
        self.probe(name, &Want::Refused("Forbidden"), || Ok(request.clone()))
            .await;
    }
}
