//! How an API is reached: the type of its endpoint, and its addresses.

use serde::{Deserialize, Serialize};

use super::{
    fault,
    patch::{Op, PatchOperation},
};
use crate::call::ApiError;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EndpointConfiguration {
    #[serde(default)]
    types: Vec<String>,
    #[serde(default = "ipv4")]
    ip_address_type: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    vpc_endpoint_ids: Vec<String>,
}

fn ipv4() -> String {
    "ipv4".to_owned()
}

impl EndpointConfiguration {
    pub(super) fn is_edge(&self) -> bool {
        self.types.iter().any(|t| t == "EDGE")
    }

    /// What `CreateRestApi` was given, checked.
    pub(super) fn of(given: Option<Asked>) -> Result<Self, ApiError> {
        let asked = given.unwrap_or_default();
        let endpoint = Self {
            types: asked.types.unwrap_or_else(|| vec!["EDGE".to_owned()]),
            ip_address_type: asked.ip_address_type.unwrap_or_else(ipv4),
            vpc_endpoint_ids: asked.vpc_endpoint_ids,
        };
        match endpoint.types.len() {
            0 => Err(fault::bad_request(
                "REGIONAL Configuration and EDGE Configuration cannot be both DISABLED.",
            )),
            1 => endpoint.served(),
            _ => Err(fault::bad_request(
                "Cannot create an api with multiple Endpoint Types.",
            )),
        }
    }

    fn served(self) -> Result<Self, ApiError> {
        if self.types.iter().any(|t| t == "PRIVATE") || !self.vpc_endpoint_ids.is_empty() {
            return Err(fault::not_served("APIs of endpoint type PRIVATE"));
        }
        Ok(self)
    }

    /// `/endpointConfiguration/types/{type}` and `/endpointConfiguration/ipAddressType`; `at` is what is behind the
    /// first slash.
    pub(super) fn patch(&mut self, at: &str, patch: &PatchOperation) -> Result<(), ApiError> {
        if at == "ipAddressType" {
            patch.only(&[Op::Replace])?;
            self.ip_address_type = match patch.text()? {
                known @ ("ipv4" | "dualstack") => known.to_owned(),
                _ => {
                    return Err(fault::bad_request(
                        "ipAddressType must be either ipv4 or dualstack.",
                    ));
                }
            };
            return Ok(());
        }
        if !at.starts_with("types/") {
            return Err(patch.invalid_path());
        }
        if !matches!(patch.op, Some(Op::Add | Op::Remove | Op::Replace)) {
            return Err(fault::bad_request(
                "Invalid patch operation specified. Must be 'add'|'remove'|'replace'",
            ));
        }
        if patch.op != Some(Op::Replace) {
            return Err(fault::not_served("APIs of several endpoint types"));
        }
        let wanted = patch.text()?;
        if !["REGIONAL", "EDGE", "PRIVATE"].contains(&wanted) {
            return Err(fault::bad_request(
                "Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE,PRIVATE",
            ));
        }
        self.types = vec![wanted.to_owned()];
        *self = self.clone().served()?;
        Ok(())
    }
}

/// An endpoint configuration as it is asked for: an empty list is not the same as none.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Asked {
    types: Option<Vec<String>>,
    ip_address_type: Option<String>,
    vpc_endpoint_ids: Vec<String>,
}
