//! What policies say, taken together.

use super::Effect;

/// What policies say of one request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Ruling {
    /// `None`: nothing, which is a refusal too.
    pub(crate) effect: Option<Effect>,
    /// Condition keys and operators that the twin cannot evaluate. An Allow that depends on one does not
    /// count, and a Deny does.
    pub(crate) unknown: Vec<String>,
}

impl Ruling {
    pub(crate) fn allowed(&self) -> bool {
        self.effect == Some(Effect::Allow)
    }

    pub(crate) fn denied(&self) -> bool {
        self.effect == Some(Effect::Deny)
    }

    /// Policies of one kind: any may allow, each may deny.
    pub(crate) fn or(mut self, other: Self) -> Self {
        self.effect = self
            .effect
            .into_iter()
            .chain(other.effect)
            .max_by_key(|effect| *effect == Effect::Deny);
        self.unknown.extend(other.unknown);
        self
    }

    /// Policies of two kinds: both have to allow.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.effect = match (self.effect, other.effect) {
            (Some(Effect::Deny), _) | (_, Some(Effect::Deny)) => Some(Effect::Deny),
            (Some(Effect::Allow), Some(Effect::Allow)) => Some(Effect::Allow),
            _ => None,
        };
        self.unknown.extend(other.unknown);
        self
    }

    pub(crate) fn of(allowed: bool) -> Self {
        Self {
            effect: allowed.then_some(Effect::Allow),
            unknown: Vec::new(),
        }
    }
}
