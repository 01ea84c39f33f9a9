//! What IAM accepts as a role's trust policy and as its inline policy.

use super::{Document, OneOrMany, Principal, Principals, malformed};
use crate::call::ApiError;

impl Document {
    /// A role's trust policy, with IAM's checks.
    pub(crate) fn trust(text: &str) -> Result<Self, ApiError> {
        let document = Self::parse(text)?;
        for statement in document.statement.iter() {
            if statement.resource.is_some() || statement.not_resource.is_some() {
                return Err(malformed("Has prohibited field Resource"));
            }
            match (&statement.principal, &statement.not_principal) {
                (None, None) => return Err(malformed("Missing required field Principal")),
                (Some(principal), _) | (None, Some(principal)) => principal.check()?,
            }
            let actions = statement.action.as_ref().or(statement.not_action.as_ref());
            let Some(actions) = actions.filter(|actions| actions.iter().next().is_some()) else {
                return Err(malformed("Missing required field Action"));
            };
            if !actions
                .iter()
                .all(|action| action.to_ascii_lowercase().starts_with("sts:"))
            {
                return Err(malformed(
                    "AssumeRole policy may only specify STS AssumeRole actions.",
                ));
            }
        }
        Ok(document)
    }

    /// A role's inline policy, with IAM's checks.
    pub(crate) fn identity(text: &str) -> Result<Self, ApiError> {
        let document = Self::parse(text)?;
        for statement in document.statement.iter() {
            if statement.principal.is_some() || statement.not_principal.is_some() {
                return Err(malformed("Policy document should not specify a principal."));
            }
            let actions = statement.action.as_ref().or(statement.not_action.as_ref());
            let Some(actions) = actions.filter(|actions| actions.iter().next().is_some()) else {
                return Err(malformed("Policy statement must contain actions."));
            };
            if !actions.iter().all(|action| {
                action == "*" || action.split_once(':').is_some_and(|(v, _)| !v.is_empty())
            }) {
                return Err(malformed(
                    "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
                ));
            }
            let resources = statement
                .resource
                .as_ref()
                .or(statement.not_resource.as_ref());
            let Some(resources) = resources.filter(|resources| resources.iter().next().is_some())
            else {
                return Err(malformed("Policy statement must contain resources."));
            };
            let arn = |resource: &&String| {
                resource.starts_with("arn:") && resource.matches(':').count() >= 5
            };
            if let Some(resource) = resources
                .iter()
                .find(|resource| *resource != "*" && !arn(resource))
            {
                return Err(malformed(format!(
                    "Resource {resource} must be in ARN format or \"*\"."
                )));
            }
        }
        Ok(document)
    }
}

impl Document {
    /// The policy of a resource of one service (`execute-api`). `None`: it is none. Whether a role or user
    /// is there, `exists` says.
    pub(crate) fn of_resource(
        text: &str,
        service: &str,
        exists: impl Fn(&str) -> bool,
    ) -> Option<Self> {
        let document = Self::parse(text).ok()?;
        let of_service = |name: &String| {
            name == "*" || name.split_once(':').is_some_and(|(of, _)| of == service)
        };
        let is_arn = |name: &String| {
            name == "*" || name.starts_with("arn:") && name.matches(':').count() >= 5
        };
        let some = |list: Option<&OneOrMany<String>>, good: &dyn Fn(&String) -> bool| {
            list.is_some_and(|list| list.iter().next().is_some() && list.iter().all(good))
        };
        let good = document.statement.iter().all(|statement| {
            let principal = statement.principal.as_ref();
            let action = statement.action.as_ref();
            let resource = statement.resource.as_ref();
            principal
                .or(statement.not_principal.as_ref())
                .is_some_and(|principal| principal.check().is_ok() && principal.is_there(&exists))
                && some(action.or(statement.not_action.as_ref()), &of_service)
                && some(resource.or(statement.not_resource.as_ref()), &is_arn)
                && statement
                    .condition
                    .as_ref()
                    .is_none_or(serde_json::Value::is_object)
        });
        good.then_some(document)
    }
}

impl Principals {
    fn names(&self) -> impl Iterator<Item = &String> {
        [
            &self.aws,
            &self.service,
            &self.federated,
            &self.canonical_user,
        ]
        .into_iter()
        .flat_map(OneOrMany::iter)
    }
}

impl Principal {
    /// Whether the roles and users that are named exist.
    fn is_there(&self, exists: impl Fn(&str) -> bool) -> bool {
        let Self::Some(principals) = self else {
            return true;
        };
        let one_of = |arn: &str| arn.contains(":role/") || arn.contains(":user/");
        let mut names = principals.aws.iter();
        names.all(|name| !one_of(name) || exists(name))
    }

    fn check(&self) -> Result<(), ApiError> {
        let invalid = |kind: &str, name: &str| {
            malformed(format!(
                "Invalid principal in policy: \"{kind}\":\"{name}\""
            ))
        };
        match self {
            Self::Anyone(star) if star == "*" => Ok(()),
            Self::Anyone(name) => Err(invalid("STAR", name)),
            Self::Some(principals) if principals.names().next().is_none() => {
                Err(malformed("Missing required field Principal"))
            }
            Self::Some(principals) => {
                let account =
                    |name: &str| name.len() == 12 && name.bytes().all(|b| b.is_ascii_digit());
                let known = |name: &str| name == "*" || account(name) || name.starts_with("arn:");
                if let Some(name) = principals.aws.iter().find(|name| !known(name)) {
                    return Err(invalid("AWS", name));
                }
                let service = |name: &str| name == "*" || name.ends_with(".amazonaws.com");
                match principals.service.iter().find(|name| !service(name)) {
                    Some(name) => Err(invalid("SERVICE", name)),
                    None => Ok(()),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::LAMBDA, *};

    #[test]
    fn malformed_documents() {
        let trust = |text: &str| {
            Document::trust(text)
                .err()
                .map_or("ok".to_owned(), |e| e.message)
        };
        assert_eq!(trust("nonsense"), "This policy contains invalid Json");
        assert_eq!(trust("{}"), "Syntax errors in policy.");
        assert_eq!(
            trust(&LAMBDA.replace("Allow", "allow")),
            "Syntax errors in policy."
        );
        let cut = LAMBDA.replace("lambda.amazonaws.com", "lambda");
        assert_eq!(
            trust(&cut),
            "Invalid principal in policy: \"SERVICE\":\"lambda\""
        );
        assert!(
            trust(&LAMBDA.replace("sts:AssumeRole", "lambda:Invoke")).contains("STS AssumeRole")
        );
        let identity = |text: &str| {
            Document::identity(text)
                .err()
                .map_or("ok".to_owned(), |e| e.message)
        };
        assert!(identity(LAMBDA).contains("principal"));
        let statement = |inner: &str| format!(r#"{{"Statement":{{"Effect":"Allow",{inner}}}}}"#);
        assert_eq!(
            identity(&statement(r#""Action":"*""#)),
            "Policy statement must contain resources."
        );
        assert!(
            identity(&statement(r#""Action":"x","Resource":"*""#)).contains("prefaced by a vendor")
        );
        assert!(
            identity(&statement(r#""Action":"a:b","Resource":"x""#))
                .contains("Resource x must be in ARN")
        );
        assert_eq!(
            identity(&statement(r#""Action":"a:b","Resource":"*""#)),
            "ok"
        );
    }
}
