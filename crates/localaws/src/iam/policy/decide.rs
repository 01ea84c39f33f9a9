//! What documents allow: one Allow, and no Deny.

use super::{Document, Effect, OneOrMany, Principal, Statement, managed};

impl Document {
    /// Whether a trust policy lets a service (`lambda.amazonaws.com`) assume the role.
    pub(crate) fn trusts(&self, service: &str) -> bool {
        let named = |principal: &Principal| match principal {
            Principal::Anyone(_) => true,
            Principal::Some(principals) => {
                principals.service.iter().any(|s| s == service || s == "*")
            }
        };
        self.decide(|statement| {
            let principal = statement.principal.as_ref().is_some_and(named)
                || statement
                    .not_principal
                    .as_ref()
                    .is_some_and(|principal| !named(principal));
            principal && statement.acts("sts:AssumeRole")
        }) == Some(Effect::Allow)
    }

    /// What the document says about an action on a resource: nothing, allowed, or explicitly denied.
    fn decide(&self, applies: impl Fn(&Statement) -> bool) -> Option<Effect> {
        // Conditions are not evaluated: those of an Allow are taken to hold, those of a Deny not to.
        let effects = self
            .statement
            .iter()
            .filter(|s| !(s.effect == Effect::Deny && s.condition.is_some()) && applies(s))
            .map(|s| s.effect);
        effects.max_by_key(|effect| *effect == Effect::Deny)
    }
}

impl Statement {
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
}

/// Whether inline documents and attached policies together allow an action: one Allow, and no Deny.
pub(crate) fn allows<'a>(
    inline: impl Iterator<Item = &'a str>,
    attached: impl Iterator<Item = &'a str>,
    action: &str,
    resource: &str,
) -> bool {
    let mut allowed = attached
        .filter_map(managed)
        .flatten()
        .any(|pattern| glob(&pattern.to_ascii_lowercase(), &action.to_ascii_lowercase()));
    for document in inline.filter_map(|text| Document::parse(text).ok()) {
        match document.decide(|s| s.acts(action) && s.covers(resource)) {
            Some(Effect::Deny) => return false,
            Some(Effect::Allow) => allowed = true,
            None => {}
        }
    }
    allowed
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
