//! One alias of a function: a name for a version, or for two of them by weight.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{fault, function::LATEST, name::Named, policy::Policy};
use crate::{call::ApiError, ids};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Alias {
    version: String,
    description: String,
    /// Parts of one, by version; the rest goes to `version`.
    weights: BTreeMap<String, f64>,
    pub(super) revision: String,
    pub(super) policy: Policy,
}

/// The members that are given; the others stay as they are.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Changes {
    pub(super) function_version: Option<String>,
    description: Option<String>,
    routing_config: Option<Routing>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Routing {
    additional_version_weights: BTreeMap<String, f64>,
}

impl Alias {
    pub(super) fn new(version: String) -> Self {
        Self {
            version,
            description: String::new(),
            weights: BTreeMap::new(),
            revision: ids::uuid(),
            policy: Policy::default(),
        }
    }

    /// The error says what is wrong with the versions. Recorded: LocalStack's `test_notfound_and_invalid_routingconfigs`.
    pub(super) fn change(&mut self, changes: Changes) -> Result<(), ApiError> {
        let version = changes.function_version.unwrap_or(self.version.clone());
        let weights = match changes.routing_config {
            Some(routing) => routing.additional_version_weights,
            None => self.weights.clone(),
        };
        if weights.len() > 1 {
            return Err(fault::invalid_parameter(
                "Number of items in AdditionalVersionWeights cannot be greater than 1",
            ));
        }
        if weights.contains_key(&version) {
            return Err(fault::invalid_parameter(format!(
                "Invalid function version {version}. Function version {version} is already included in routing \
                 configuration."
            )));
        }
        if version == LATEST && !weights.is_empty() {
            return Err(fault::invalid_parameter(
                "$LATEST is not supported for an alias pointing to more than 1 version",
            ));
        }
        self.version = version;
        self.weights = weights;
        self.description = changes.description.unwrap_or(self.description.clone());
        self.revision = ids::uuid();
        Ok(())
    }

    pub(super) fn version(&self) -> &str {
        &self.version
    }

    /// All versions that the alias leads to.
    pub(super) fn versions(&self) -> impl Iterator<Item = &str> {
        let more = self.weights.keys().map(String::as_str);
        std::iter::once(self.version.as_str()).chain(more)
    }

    pub(super) fn leads_to(&self, number: &str) -> bool {
        self.versions().any(|version| version == number)
    }

    /// The version that the next invocation runs: by weight, at random.
    pub(super) fn choice(&self) -> &str {
        let chance = ids::fraction();
        let other = self.weights.iter().find(|(_, weight)| chance < **weight);
        other.map_or(&self.version, |(version, _)| version)
    }

    /// `AliasConfiguration` of the model; `named` has the alias as its qualifier.
    pub(super) fn described(&self, named: &Named) -> Value {
        let mut shown = json!({
            "AliasArn": named.arn(),
            "Name": named.qualifier(),
            "FunctionVersion": self.version,
            "Description": self.description,
            "RevisionId": self.revision,
        });
        if !self.weights.is_empty() {
            shown["RoutingConfig"] = json!({ "AdditionalVersionWeights": self.weights });
        }
        shown
    }
}
