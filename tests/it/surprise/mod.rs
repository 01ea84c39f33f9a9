//! Nothing is lost by surprise: `status`, `up --dry-run` and `up` say the same of an edit, before it is carried out.

mod edits;
mod lookup;
mod until;

use std::process::Command;

pub(crate) use edits::{other_type, with_domain, with_provider};
use serde_json::Value;

use crate::{
    harness::{Said, Site},
    twin,
};

/// The calls since [`twin::forget_calls`] that changed something, or tried to.
pub(crate) fn changing(endpoint: &str) -> Vec<String> {
    let reads = ["Get", "List", "Describe", "AdminGet"];
    let change = |call: &String| {
        let (_, operation) = call.split_once(':').expect("service:Operation");
        !reads.iter().any(|read| operation.starts_with(read))
    };
    twin::calls(endpoint).into_iter().filter(change).collect()
}

/// The step of `up --dry-run --json`.
pub(crate) fn line(plan: &Value, step: &str) -> Value {
    let lines = plan.as_array().expect("a list").iter();
    let mut found = lines.filter(|line| line["id"] == step);
    found
        .next()
        .unwrap_or_else(|| panic!("no {step} in {plan:#}"))
        .clone()
}

/// A lab on the twin of its folder, or in an account that `AWS_ENDPOINT_URL` leads to.
pub(crate) struct Place {
    pub(crate) site: Site,
    pub(crate) endpoint: String,
    pub(crate) account: Option<&'static str>,
}

impl Place {
    pub(crate) fn local(site: Site) -> Self {
        site.ok("local start");
        Self {
            endpoint: site.endpoint(),
            site,
            account: None,
        }
    }

    /// An access key id of twelve digits is the account.
    pub(crate) fn account(site: Site, id: &'static str) -> Self {
        Self {
            account: Some(id),
            ..Self::local(site)
        }
    }

    /// Runs labctl; `up` with `--local` on the folder's own twin.
    pub(crate) fn run(&self, line: &str) -> Said {
        Said::of(&mut self.command(line))
    }

    /// What [`Self::run`] runs.
    pub(crate) fn command(&self, line: &str) -> Command {
        let mut words: Vec<&str> = line.split(' ').collect();
        let Some(id) = self.account else {
            if words[0] == "up" {
                words.insert(1, "--local");
            }
            return self.site.command(words);
        };
        let mut command = self.site.command(words);
        command
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .env("AWS_ACCESS_KEY_ID", id)
            .env("AWS_SECRET_ACCESS_KEY", "secret");
        command
    }

    /// As [`Self::run`], and answers which calls changed something.
    pub(crate) fn calls(&self, line: &str, code: i32) -> (Said, Vec<String>) {
        twin::forget_calls(&self.endpoint);
        let said = self.run(line).code(code);
        (said, changing(&self.endpoint))
    }
}
