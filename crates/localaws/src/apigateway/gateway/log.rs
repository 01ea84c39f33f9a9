//! The execution log, as `TestInvokeMethod` shows it.

use super::exchange::{Exchange, Ids};

#[derive(Debug, Default)]
pub(super) struct Log(String);

impl Log {
    pub(super) fn begin(ids: &Ids) -> Self {
        let id = &ids.request_id;
        let mut log = Self(format!("Execution log for request {id}\n"));
        log.line(&format!("Starting execution for request: {id}"));
        log
    }

    pub(super) fn line(&mut self, text: &str) {
        self.0
            .extend([&java_date(jiff::Timestamp::now()), " : ", text, "\n"]);
    }

    /// What the method was asked.
    pub(super) fn request(&mut self, exchange: &Exchange) {
        let incoming = &exchange.incoming;
        let map = |pairs: Vec<(&String, &String)>| {
            let shown: Vec<String> = pairs.iter().map(|(k, v)| format!("{k}={v}")).collect();
            format!("{{{}}}", shown.join(", "))
        };
        let pairs = |list: &'_ [(String, String)]| map(list.iter().map(|(k, v)| (k, v)).collect());
        self.line(&format!(
            "HTTP Method: {}, Resource Path: {}",
            incoming.http_method, incoming.path
        ));
        let parameters = map(exchange.parameters.iter().collect());
        self.line(&format!("Method request path: {parameters}"));
        self.line(&format!(
            "Method request query string: {}",
            pairs(&incoming.query)
        ));
        self.line(&format!(
            "Method request headers: {}",
            pairs(&incoming.headers)
        ));
        let body = String::from_utf8_lossy(&incoming.body);
        self.line(&format!(
            "Method request body before transformations: {body}"
        ));
    }

    pub(super) fn text(self) -> String {
        self.0
    }
}

/// `Tue Nov 24 08:15:00 UTC 2026`
pub(super) fn java_date(at: jiff::Timestamp) -> String {
    at.strftime("%a %b %d %H:%M:%S UTC %Y").to_string()
}
