//! What documents allow: one Allow, and no Deny.

use serde_json::Value;

use super::{
    Document, Effect, OneOrMany, Principal, Statement,
    condition::{Context, Held},
    managed::managed_allows,
    ruling::Ruling,
};

/// Who a document's principals are compared with.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Who<'a> {
    /// Any of these names: ARNs, or an account id.
    Aws(&'a [String]),
    /// `lambda.amazonaws.com`
    Service(&'a str),
    /// `cognito-identity.amazonaws.com`
    Federated(&'a str),
}

impl Document {
    /// Whether a trust policy lets a service (`lambda.amazonaws.com`) assume the role.
    pub(crate) fn trusts(&self, service: &str) -> bool {
        self.decide(|statement| {
            statement.is_for(Who::Service(service)) && statement.acts("sts:AssumeRole")
        }) == Some(Effect::Allow)
    }

    /// What a trust policy says to a caller who wants to do `action` (`sts:AssumeRole`).
    pub(crate) fn trust_ruling(&self, who: Who<'_>, action: &str, context: &Context) -> Ruling {
        self.ruling(context, |statement, _| {
            Held::from(statement.is_for(who) && statement.acts(action))
        })
    }

    /// What the document says about an action on a resource, whoever asks.
    pub(crate) fn identity_ruling(
        &self,
        action: &str,
        resource: &str,
        context: &Context,
    ) -> Ruling {
        self.ruling(context, |statement, unknown| {
            if statement.acts(action) {
                statement.covers_in(resource, context, unknown)
            } else {
                Held::No
            }
        })
    }

    /// What a resource's own policy says about a caller's action on it.
    pub(crate) fn resource_ruling(
        &self,
        who: Who<'_>,
        action: &str,
        resource: &str,
        context: &Context,
    ) -> Ruling {
        self.ruling(context, |statement, unknown| {
            if statement.is_for(who) && statement.acts(action) {
                statement.covers_in(resource, context, unknown)
            } else {
                Held::No
            }
        })
    }

    fn ruling(
        &self,
        context: &Context,
        applies: impl Fn(&Statement, &mut Vec<String>) -> Held,
    ) -> Ruling {
        let mut ruling = Ruling::default();
        for statement in self.statement.iter() {
            let mut unknown = Vec::new();
            let mut held = applies(statement, &mut unknown);
            if held != Held::No
                && let Some(condition) = &statement.condition
            {
                held = held.and(context.holds(condition, &mut unknown));
            }
            let counts = match statement.effect {
                Effect::Allow => held == Held::Yes,
                Effect::Deny => held != Held::No,
            };
            ruling = ruling.or(Ruling {
                effect: counts.then_some(statement.effect),
                unknown: if held == Held::Unknown {
                    unknown
                } else {
                    Vec::new()
                },
            });
        }
        ruling
    }

    /// What the document says about an action on a resource: nothing, allowed, or explicitly denied.
    fn decide(&self, applies: impl Fn(&Statement) -> bool) -> Option<Effect> {
        // Of what services do, no condition is evaluated: those of an Allow are taken to hold, those of a
        // Deny not to.
        let effects = self
            .statement
            .iter()
            .filter(|s| !(s.effect == Effect::Deny && s.condition.is_some()) && applies(s))
            .map(|s| s.effect);
        effects.max_by_key(|effect| *effect == Effect::Deny)
    }
}

impl Statement {
    fn is_for(&self, who: Who<'_>) -> bool {
        self.principal.as_ref().is_some_and(|p| p.names(who))
            || self.not_principal.as_ref().is_some_and(|p| !p.names(who))
    }

    fn acts(&self, action: &str) -> bool {
        let action = action.to_ascii_lowercase();
        let named =
            |list: &OneOrMany<String>| list.iter().any(|p| glob(&p.to_ascii_lowercase(), &action));
        self.action.as_ref().is_some_and(named)
            || self.not_action.as_ref().is_some_and(|list| !named(list))
    }

    fn covers(&self, resource: &str) -> bool {
        let named = |list: &OneOrMany<String>| list.iter().any(|pattern| glob(pattern, resource));
        self.resource.as_ref().is_some_and(named)
            || self.not_resource.as_ref().is_some_and(|list| !named(list))
    }

    /// The same, with the values of policy variables.
    fn covers_in(&self, resource: &str, context: &Context, unknown: &mut Vec<String>) -> Held {
        let mut named = |list: &OneOrMany<String>| {
            let one = |pattern: &String| {
                if let Some(pattern) = context.expand(pattern) {
                    Held::from(glob(&pattern, resource))
                } else {
                    unknown.push(pattern.clone());
                    Held::Unknown
                }
            };
            list.iter().map(one).max().unwrap_or(Held::No)
        };
        match (&self.resource, &self.not_resource) {
            (Some(list), _) => named(list),
            (None, Some(list)) => match named(list) {
                Held::Yes => Held::No,
                Held::No => Held::Yes,
                Held::Unknown => Held::Unknown,
            },
            (None, None) => Held::No,
        }
    }
}

impl Principal {
    fn names(&self, who: Who<'_>) -> bool {
        let Self::Some(principals) = self else {
            return true;
        };
        match who {
            Who::Service(service) => principals.service.iter().any(|s| s == service || s == "*"),
            Who::Federated(provider) => principals
                .federated
                .iter()
                .any(|name| name == provider || name == "*"),
            Who::Aws(names) => principals.aws.iter().any(|p| p == "*" || names.contains(p)),
        }
    }
}

/// Whether inline documents and attached policies together allow an action: one Allow, and no Deny.
pub(crate) fn allows<'a>(
    inline: impl Iterator<Item = &'a str>,
    mut attached: impl Iterator<Item = &'a str>,
    action: &str,
    resource: &str,
) -> bool {
    let mut allowed = attached.any(|arn| managed_allows(arn, action));
    for document in inline.filter_map(|text| Document::parse(text).ok()) {
        match document.decide(|s| s.acts(action) && s.covers(resource)) {
            Some(Effect::Deny) => return false,
            Some(Effect::Allow) => allowed = true,
            None => {}
        }
    }
    allowed
}

/// The same with conditions, which hold, or do not, or make the ruling a refusal.
pub(crate) fn ruling<'a>(
    documents: impl Iterator<Item = &'a str>,
    attached: impl Iterator<Item = &'a str>,
    action: &str,
    resource: &str,
    context: &Context,
) -> Ruling {
    let attached = attached.map(|arn| Ruling::of(managed_allows(arn, action)));
    documents
        .filter_map(|text| Document::parse(text).ok())
        .map(|document| document.identity_ruling(action, resource, context))
        .chain(attached)
        .fold(Ruling::default(), Ruling::or)
}

/// What a policy says that a Lambda authorizer gives for a caller; `None`: it is no policy. Such policies have
/// no principal, and IAM's other rules do not apply to them.
pub(crate) fn authorizer_ruling(
    policy: &Value,
    resource: &str,
    context: &Context,
) -> Option<Ruling> {
    let document = Document::parse(&policy.to_string()).ok()?;
    let whole = |s: &Statement| {
        (s.action.is_some() || s.not_action.is_some())
            && (s.resource.is_some() || s.not_resource.is_some())
    };
    document
        .statement
        .iter()
        .all(whole)
        .then(|| document.identity_ruling("execute-api:Invoke", resource, context))
}

/// IAM's wildcards: `*` any text, `?` one character.
pub(crate) fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t) = (0, 0);
    // Where the last star was, and the text that it has not swallowed yet.
    let mut star = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p + 1, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((after, swallowed)) => {
                    star = Some((after, swallowed + 1));
                    p = after;
                    t = swallowed + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::{super::LAMBDA, *};

    #[test]
    fn globs() {
        for (pattern, text) in [
            ("*", ""),
            ("a*c", "abbc"),
            ("*b?", "abbc"),
            ("a", "a"),
            ("*a*b", "xaxbab"),
        ] {
            assert!(glob(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("", "a"), ("a?", "a"), ("a*c", "abcd"), ("*ab", "aba")] {
            assert!(!glob(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn trust() {
        let document = Document::trust(LAMBDA).expect("what the tutorial uses");
        assert!(
            document.trusts("lambda.amazonaws.com") && !document.trusts("apigateway.amazonaws.com")
        );
        let denied = LAMBDA.replace(
            "[{",
            r#"[{"Effect":"Deny","Principal":"*","Action":"sts:*"},{"#,
        );
        assert!(
            !Document::trust(&denied)
                .expect("well-formed")
                .trusts("lambda.amazonaws.com")
        );
    }

    #[test]
    fn allowed_actions() {
        let group = "arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/f";
        let inline = format!(
            r#"{{"Statement":[{{"Effect":"Allow","Action":["logs:Create*","logs:PutLogEvents"],"Resource":"{group}:*"}},
                {{"Effect":"Deny","Action":"logs:CreateLogGroup","Resource":"*"}}]}}"#
        );
        let basic = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
        let allows = |inline: &[&str], attached: &[&str], action: &str| {
            super::allows(
                inline.iter().copied(),
                attached.iter().copied(),
                action,
                &format!("{group}:*"),
            )
        };
        assert!(
            allows(&[&inline], &[], "logs:PutLogEvents")
                && allows(&[], &[basic], "logs:putlogevents")
        );
        assert!(!allows(&[&inline], &[basic], "logs:CreateLogGroup"));
        assert!(!allows(&[], &[], "logs:PutLogEvents"));
        assert!(!allows(
            &[&inline.replace("/f:*", "/g:*")],
            &[],
            "logs:PutLogEvents"
        ));
    }
}
