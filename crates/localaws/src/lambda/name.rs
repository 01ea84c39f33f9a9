//! How a function is named: `name`, `function:name`, `ACCOUNT:function:name` or its ARN, each with a
//! qualifier behind it or not.

use super::{fault, function::Function};
use crate::{
    call::{ApiError, Call},
    world::World,
};

const LATEST: &str = "$LATEST";

pub(super) fn arn(account: &str, region: &str, name: &str) -> String {
    format!("arn:aws:lambda:{region}:{account}:function:{name}")
}

/// A function of an account and region that a call or an ARN names; it may not exist.
#[derive(Debug, Clone)]
pub(super) struct Named {
    pub(super) account: String,
    pub(super) region: String,
    pub(super) name: String,
    /// `$LATEST` or nothing: versions and aliases do not exist here.
    qualified: bool,
}

#[derive(Default)]
struct Parts<'a> {
    account: Option<&'a str>,
    region: Option<&'a str>,
    name: &'a str,
    qualifier: Option<&'a str>,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Self {
        let (place, own) = match text.split_once("function:") {
            Some((place, own)) if place.is_empty() || place.ends_with(':') => (place, own),
            _ => ("", text),
        };
        let (name, qualifier) = match own.split_once(':') {
            Some((name, qualifier)) => (name, Some(qualifier)),
            None => (own, None),
        };
        let mut place = place.trim_end_matches(':').rsplit(':');
        Self {
            account: place.next().filter(|account| !account.is_empty()),
            region: place.next(),
            name,
            qualifier,
        }
    }
}

impl Named {
    /// The function that a caller names, in the caller's own account and region.
    pub(super) fn of_call(
        call: &Call,
        text: &str,
        qualifier: Option<&str>,
    ) -> Result<Self, ApiError> {
        let parts = Parts::of(text);
        if let Some(region) = parts.region.filter(|region| *region != call.region) {
            return Err(fault::not_found(format!(
                "Functions from '{region}' are not reachable in this region ('{}')",
                call.region
            )));
        }
        let arn = arn(&call.account, &call.region, parts.name);
        if parts.account.is_some_and(|account| account != call.account) {
            let message = format!(
                "User: arn:aws:iam::{}:root is not authorized to perform: lambda:{} on resource: {text}",
                call.account, call.operation
            );
            return Err(fault::fault(403, "AccessDeniedException", message));
        }
        if let (Some(own), Some(given)) = (parts.qualifier, qualifier)
            && own != given
        {
            return Err(fault::invalid_parameter(
                "The derived qualifier from the function name does not match the specified qualifier.",
            ));
        }
        let qualifier = qualifier.or(parts.qualifier);
        if let Some(other) = qualifier.filter(|qualifier| *qualifier != LATEST) {
            return Err(fault::function_absent(&format!("{arn}:{other}")));
        }
        Ok(Self {
            account: call.account.clone(),
            region: call.region.clone(),
            name: parts.name.to_owned(),
            qualified: qualifier.is_some(),
        })
    }

    /// From a whole ARN. `None`: not the ARN of a function here.
    pub(super) fn of_arn(arn: &str) -> Option<Self> {
        let parts = Parts::of(arn.strip_prefix("arn:aws:lambda:")?);
        let qualified = match parts.qualifier {
            None => false,
            Some(LATEST) => true,
            Some(_) => return None,
        };
        Some(Self {
            account: parts.account?.to_owned(),
            region: parts.region?.to_owned(),
            name: parts.name.to_owned(),
            qualified,
        })
    }

    /// Without the qualifier.
    pub(super) fn plain_arn(&self) -> String {
        arn(&self.account, &self.region, &self.name)
    }

    /// As it was named.
    pub(super) fn arn(&self) -> String {
        let suffix = if self.qualified { ":$LATEST" } else { "" };
        self.plain_arn() + suffix
    }

    /// The function with the qualifier `$LATEST`.
    pub(super) fn latest(self) -> Self {
        Self {
            qualified: true,
            ..self
        }
    }

    pub(super) fn is_qualified(&self) -> bool {
        self.qualified
    }

    pub(super) fn find<'w>(&self, world: &'w World) -> Option<&'w Function> {
        world
            .accounts
            .get(&self.account)
            .and_then(|account| account.regions.get(&self.region))
            .and_then(|region| region.lambda.functions.get(&self.name))
    }

    pub(super) fn get<'w>(&self, world: &'w World) -> Result<&'w Function, ApiError> {
        self.find(world)
            .ok_or_else(|| fault::function_absent(&self.arn()))
    }

    pub(super) fn get_mut<'w>(&self, world: &'w mut World) -> Result<&'w mut Function, ApiError> {
        world
            .accounts
            .get_mut(&self.account)
            .and_then(|account| account.regions.get_mut(&self.region))
            .and_then(|region| region.lambda.functions.get_mut(&self.name))
            .ok_or_else(|| fault::function_absent(&self.arn()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_name() {
        for (text, account, region, name, qualifier) in [
            ("f", None, None, "f", None),
            ("f:$LATEST", None, None, "f", Some("$LATEST")),
            ("function:f", None, None, "f", None),
            ("my-function:1", None, None, "my-function", Some("1")),
            (
                "111122223333:function:f",
                Some("111122223333"),
                None,
                "f",
                None,
            ),
            (
                "arn:aws:lambda:us-east-1:111122223333:function:f:$LATEST",
                Some("111122223333"),
                Some("us-east-1"),
                "f",
                Some("$LATEST"),
            ),
        ] {
            let parts = Parts::of(text);
            assert_eq!(
                (parts.account, parts.region, parts.name, parts.qualifier),
                (account, region, name, qualifier),
                "{text}"
            );
        }
    }
}
