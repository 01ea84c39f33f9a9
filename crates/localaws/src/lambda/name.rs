//! How a function is named: `name`, `function:name`, `ACCOUNT:function:name` or its ARN, each with a
//! qualifier behind it or not.

use super::{
    alias::Alias,
    configuration::Configuration,
    fault,
    function::{Function, LATEST},
    version::Version,
};
use crate::{
    call::{ApiError, Call},
    world::World,
};

pub(super) fn arn(account: &str, region: &str, name: &str) -> String {
    format!("arn:aws:lambda:{region}:{account}:function:{name}")
}

/// A function of an account and region that a call or an ARN names; it may not exist.
#[derive(Debug, Clone)]
pub(super) struct Named {
    pub(super) account: String,
    pub(super) region: String,
    pub(super) name: String,
    /// A version, or an alias.
    qualifier: Option<String>,
}

/// What a name leads to: a function and one of its versions.
pub(super) struct Found<'w> {
    pub(super) function: &'w Function,
    /// `$LATEST` or the version's number.
    pub(super) number: String,
    pub(super) version: &'w Version,
}

impl Found<'_> {
    pub(super) fn described<'a>(&'a self, named: &'a Named) -> Configuration<'a> {
        Configuration::of(named, &self.number, self.version)
    }
}

#[derive(Default)]
struct Parts<'a> {
    account: Option<&'a str>,
    region: Option<&'a str>,
    name: &'a str,
    qualifier: Option<&'a str>,
}

impl<'a> Parts<'a> {
    /// Follows the model's pattern, in which all but the name may be left out.
    fn of(text: &'a str) -> Self {
        let is_account = |part: &str| part.len() == 12 && part.bytes().all(|b| b.is_ascii_digit());
        let mut rest = text;
        let mut before = |wanted: &dyn Fn(&str) -> bool| {
            let (part, behind) = rest.split_once(':').filter(|(part, _)| wanted(part))?;
            rest = behind;
            Some(part)
        };
        let region = before(&|part| part == "arn").and_then(|_| {
            before(&|_| true)?;
            before(&|part| part == "lambda")?;
            before(&|_| true)
        });
        let account = before(&is_account);
        before(&|part| part == "function");
        let (name, qualifier) = match rest.split_once(':') {
            Some((name, qualifier)) => (name, Some(qualifier)),
            None => (rest, None),
        };
        Self {
            account,
            region,
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
        Ok(Self {
            account: call.account.clone(),
            region: call.region.clone(),
            name: parts.name.to_owned(),
            qualifier: qualifier.or(parts.qualifier).map(str::to_owned),
        })
    }

    pub(super) fn new(account: &str, region: &str, name: &str) -> Self {
        Self {
            account: account.to_owned(),
            region: region.to_owned(),
            name: name.to_owned(),
            qualifier: None,
        }
    }

    /// From a whole ARN. `None`: not the ARN of a function here.
    pub(super) fn of_arn(arn: &str) -> Option<Self> {
        if !arn.starts_with("arn:aws:lambda:") {
            return None;
        }
        let parts = Parts::of(arn);
        Some(Self {
            account: parts.account?.to_owned(),
            region: parts.region?.to_owned(),
            name: parts.name.to_owned(),
            qualifier: parts.qualifier.map(str::to_owned),
        })
    }

    /// Without the qualifier.
    pub(super) fn plain_arn(&self) -> String {
        arn(&self.account, &self.region, &self.name)
    }

    /// As it was named.
    pub(super) fn arn(&self) -> String {
        match &self.qualifier {
            Some(qualifier) => format!("{}:{qualifier}", self.plain_arn()),
            None => self.plain_arn(),
        }
    }

    /// The function with the qualifier `$LATEST`, if it has none.
    pub(super) fn or_latest(self) -> Self {
        Self {
            qualifier: self.qualifier.or_else(|| Some(LATEST.to_owned())),
            ..self
        }
    }

    /// Another version or alias of the same function.
    pub(super) fn at(&self, qualifier: &str) -> Self {
        Self {
            qualifier: Some(qualifier.to_owned()),
            ..self.clone()
        }
    }

    pub(super) fn qualifier(&self) -> Option<&str> {
        self.qualifier.as_deref()
    }

    pub(super) fn is_latest(&self) -> bool {
        self.qualifier.as_deref() == Some(LATEST)
    }

    /// Whether it has the name of an alias: neither a version nor with a dollar.
    pub(super) fn is_alias(&self) -> bool {
        let alias = |text: &str| !text.contains('$') && !text.bytes().all(|b| b.is_ascii_digit());
        self.qualifier.as_deref().is_some_and(alias)
    }

    /// The function, whatever the qualifier.
    pub(super) fn function<'w>(&self, world: &'w World) -> Option<&'w Function> {
        world
            .accounts
            .get(&self.account)
            .and_then(|account| account.regions.get(&self.region))
            .and_then(|region| region.lambda.functions.get(&self.name))
    }

    /// Likewise.
    pub(super) fn function_mut<'w>(
        &self,
        world: &'w mut World,
    ) -> Result<&'w mut Function, ApiError> {
        world
            .accounts
            .get_mut(&self.account)
            .and_then(|account| account.regions.get_mut(&self.region))
            .and_then(|region| region.lambda.functions.get_mut(&self.name))
            .ok_or_else(|| fault::function_absent(&self.plain_arn()))
    }

    /// What is named; of an alias, the version that it has first.
    pub(super) fn find<'w>(&self, world: &'w World) -> Option<Found<'w>> {
        self.choose(world, Alias::version)
    }

    /// What an invocation runs; of an alias with weights, one of its versions at random.
    pub(super) fn chosen<'w>(&self, world: &'w World) -> Option<Found<'w>> {
        self.choose(world, Alias::choice)
    }

    fn choose<'w>(&self, world: &'w World, of_alias: impl Fn(&Alias) -> &str) -> Option<Found<'w>> {
        let function = self.function(world)?;
        let qualifier = self.qualifier().unwrap_or(LATEST);
        let alias = function.aliases.get(qualifier);
        let number = alias.map_or(qualifier, |alias| of_alias(alias));
        Some(Found {
            function,
            number: number.to_owned(),
            version: function.version(number)?,
        })
    }

    pub(super) fn get<'w>(&self, world: &'w World) -> Result<Found<'w>, ApiError> {
        self.find(world)
            .ok_or_else(|| fault::function_absent(&self.arn()))
    }

    /// For what changes the function itself: neither a version nor an alias.
    pub(super) fn get_mut<'w>(&self, world: &'w mut World) -> Result<&'w mut Function, ApiError> {
        if self.qualifier.is_some() && !self.is_latest() {
            return Err(fault::function_absent(&self.arn()));
        }
        self.function_mut(world)
            .map_err(|_| fault::function_absent(&self.arn()))
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
            ("111122223333:f", Some("111122223333"), None, "f", None),
            ("function", None, None, "function", None),
            // Recorded of AWS: LocalStack's `test_function_name_and_qualifier_validation`.
            (
                "arn:aws:lambda:us-east-1:111122223333:function",
                Some("111122223333"),
                Some("us-east-1"),
                "function",
                None,
            ),
            (
                "arn:aws-us-gov:lambda:us-gov-west-1:111122223333:f:prod",
                Some("111122223333"),
                Some("us-gov-west-1"),
                "f",
                Some("prod"),
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
