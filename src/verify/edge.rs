//! What the edge promises: the API answers through it, and to nobody who goes around it.

use super::{
    checks::{Guard, Prober, Route},
    function::values,
    sign_in::Tokens,
    want::Want,
};

impl Prober<'_> {
    /// A caller who may call the route, but at the stage itself (`direct`), without the edge's secret.
    pub async fn around_edge(&mut self, route: &Route, direct: &str, tokens: Option<&Tokens>) {
        let request = match (&route.guard, tokens) {
            (Guard::Token { scoped, .. }, Some(tokens)) => {
                let token = if *scoped { &tokens.access } else { &tokens.id };
                self.with_token(route, Some(token))
            }
            // Without a token the authorizer refuses first: that would prove nothing.
            (Guard::Token { .. }, None) => return,
            (Guard::Function { .. }, _) => self.with_values(route, values(route).0),
            (Guard::Open | Guard::Keys, _) => self.request(route),
        };
        let mut request = request;
        request.url = request.url.replacen(&self.base_url, direct, 1);
        let name = format!("{} around the edge, by who may call it", route.name());
        self.probe(name, &Want::Refused("Forbidden"), || Ok(request.clone()))
            .await;
    }
}
