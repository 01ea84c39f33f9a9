//! Patch operations, as the Update* operations take them.

use serde::Deserialize;

use super::fault;
use crate::call::ApiError;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Op {
    Add,
    Remove,
    Replace,
    Move,
    Copy,
    Test,
}

impl Op {
    fn name(self) -> String {
        format!("{self:?}").to_lowercase()
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct PatchOperation {
    pub(super) op: Option<Op>,
    #[serde(default)]
    pub(super) path: String,
    value: Option<String>,
}

impl PatchOperation {
    pub(super) fn text(&self) -> Result<&str, ApiError> {
        self.value
            .as_deref()
            .ok_or_else(|| fault::bad_request(format!("Invalid null value for path {}", self.path)))
    }

    /// The value; none and an empty one both take the old one away.
    pub(super) fn optional(&self) -> Option<String> {
        self.value.clone().filter(|value| !value.is_empty())
    }

    /// What is left of a text that can be removed.
    pub(super) fn left(&self) -> Option<String> {
        self.optional().filter(|_| self.op != Some(Op::Remove))
    }

    /// As Java reads booleans: what is not `true` is false. Recorded: LocalStack's `test_update_method_validation`
    /// (`/apiKeyRequired`) and `test_update_api_key_enabled_invalid_value` (`/enabled`).
    pub(super) fn boolean(&self) -> Result<bool, ApiError> {
        Ok(self.text()?.eq_ignore_ascii_case("true"))
    }

    /// Refuses all other operations on this path.
    pub(super) fn only(&self, operations: &[Op]) -> Result<(), ApiError> {
        if self.op.is_some_and(|op| operations.contains(&op)) {
            return Ok(());
        }
        let names: Vec<String> = operations.iter().copied().map(Op::name).collect();
        Err(fault::bad_request(format!(
            "Invalid patch operation specified. Must be one of: [{}]",
            names.join(", ")
        )))
    }

    pub(super) fn invalid_path(&self) -> ApiError {
        fault::bad_request(format!("Invalid patch path {}", self.path))
    }

    pub(super) fn number<T: std::str::FromStr>(&self) -> Result<T, ApiError> {
        self.text()?.parse().map_err(|_| self.invalid_value())
    }

    /// One of an enumeration's values.
    pub(super) fn variant<T: serde::de::DeserializeOwned>(&self) -> Result<T, ApiError> {
        serde_json::from_value(self.text()?.into()).map_err(|_| self.invalid_value())
    }

    /// The key behind a prefix: `b/c` of `/a/b~1c` behind `/a/`.
    pub(super) fn key(&self, prefix: &str) -> Option<String> {
        let key = self.path.strip_prefix(prefix)?;
        (!key.is_empty() && !key.contains('/')).then(|| key.replace("~1", "/").replace("~0", "~"))
    }

    fn invalid_value(&self) -> ApiError {
        let value = self.value.as_deref().unwrap_or_default();
        fault::bad_request(format!("Invalid value '{value}' for path {}", self.path))
    }

    /// The answer to an operation or path that is not among those that can be changed.
    pub(super) fn refused(&self, can: &[&str]) -> ApiError {
        let op = self.op.map_or("null".to_owned(), Op::name);
        fault::bad_request(format!(
            "Invalid patch path  '{}' specified for op '{op}'. Must be one of: [{}]",
            self.path,
            can.join(", ")
        ))
    }
}

/// Adds, replaces or removes an entry of a map.
pub(super) fn entry(
    map: &mut std::collections::BTreeMap<String, String>,
    key: String,
    patch: &PatchOperation,
) -> Result<(), ApiError> {
    if patch.op == Some(Op::Remove) {
        map.remove(&key);
    } else {
        map.insert(key, patch.text()?.to_owned());
    }
    Ok(())
}
