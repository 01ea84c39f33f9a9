//! Which cases are tried.
//!
//! The whole product (every call of every lab × every trouble × both endings) is some 9,000 cases, an hour of
//! two cores; it is run when `LABCTL_MATRIX=whole` says so. Otherwise the tutorial's lab has its whole product, and the
//! other labs a part, for these reasons:
//!
//! - What a trouble does to a call is decided by its operation (`engine::step` and `aws::call` know nothing of labs):
//!   the tutorial's calls show that. What another lab adds is other operations, other resources for the same ones,
//!   and another order. So *each* call of it is tried, with a kill and with a fault; a read, which leaves nothing
//!   to be found, with one of both; and an operation that the tutorial does not make with all [`deadly`] troubles.
//! - Other statuses of the same kind (503, `Retry-After`, a delay, a reset) differ in `aws::call` alone.
//!
//! Which kill, which fault and which ending a call gets is dealt from one pack for all labs, in turn: so an operation
//! that several labs make, or one lab makes often, meets other cards from call to call.

use std::collections::BTreeSet;

use serde_json::json;

use super::case::{Call, Case, Ending, Trouble};

/// Everything that may happen at any call.
pub(super) fn troubles() -> Vec<Trouble> {
    let mut all = deadly();
    all.extend([
        fault(&json!({ "action": "throttle", "retry_after": 1 }), false),
        fault(&json!({ "action": "error", "status": 503 }), false),
        fault(&json!({ "action": "delay", "ms": 300 }), false),
        fault(&json!({ "action": "reset" }), false),
        fault(&json!({ "action": "expired_token" }), true),
        fault(&json!({ "action": "denied" }), true),
    ]);
    all
}

/// The ways in which a call is cut off or refused that lead to different code: a kill, then a fault, in turn.
fn deadly() -> Vec<Trouble> {
    vec![
        Trouble::DiesUnanswered,
        fault(&json!({ "action": "drop" }), false),
        Trouble::DiesAnswered,
        fault(&json!({ "action": "error", "status": 500 }), false),
        Trouble::DiesBefore,
        fault(&json!({ "action": "throttle" }), false),
    ]
}

fn fault(rule: &serde_json::Value, fatal: bool) -> Trouble {
    let rule = rule.clone();
    Trouble::Fault { rule, fatal }
}

const ENDINGS: [Ending; 2] = [Ending::GoesOn, Ending::GoesDown];

/// All troubles with both endings.
fn product(troubles: &[Trouble]) -> Vec<(Trouble, Ending)> {
    let with = |ending: Ending| troubles.iter().map(move |t| (t.clone(), ending));
    ENDINGS.into_iter().flat_map(with).collect()
}

/// Deals cases to the labs' calls.
pub(super) struct Dealer {
    whole: bool,
    /// Command and operation of the tutorial's calls.
    shown: BTreeSet<(&'static str, String)>,
    /// The [`deadly`] troubles, each with both endings, so that two in a row are a kill and a fault.
    pack: Vec<(Trouble, Ending)>,
    next: usize,
}

impl Dealer {
    /// `tutorial`: its calls, which get the whole product anyway.
    pub(super) fn new(whole: bool, tutorial: &[Call]) -> Self {
        let operation = |call: &Call| (call.command, call.operation.clone());
        let deadly = deadly();
        // The second half has the other ending for each; within a half, endings alternate from pair to pair.
        let card = |at: usize| {
            let pair = at % deadly.len() / 2;
            let ending = ENDINGS[(pair + at + at / deadly.len()) % 2];
            (deadly[at % deadly.len()].clone(), ending)
        };
        Self {
            whole,
            shown: tutorial.iter().map(operation).collect(),
            pack: (0..2 * deadly.len()).map(card).collect(),
            next: 0,
        }
    }

    /// The cases of a lab.
    pub(super) fn deal(&mut self, calls: &[Call], tutorial: bool) -> Vec<Case> {
        calls
            .iter()
            .flat_map(|call| {
                let case = |(trouble, ending)| Case {
                    call: call.clone(),
                    trouble,
                    ending,
                };
                let hand = self.hand(call, tutorial);
                hand.into_iter().map(case).collect::<Vec<_>>()
            })
            .collect()
    }

    fn hand(&mut self, call: &Call, tutorial: bool) -> Vec<(Trouble, Ending)> {
        let all = self.whole || tutorial;
        let mut hand = if all {
            product(&troubles())
        } else {
            let first = self.next;
            self.next += self.cards(call);
            let pack = self.pack.iter().cycle().skip(first % self.pack.len());
            pack.take(self.next - first).cloned().collect()
        };
        if call.operation == "lambda:CreateFunction" {
            let late = fault(&json!({ "action": "iam_lag", "times": 3 }), false);
            let endings = if all { &ENDINGS[..] } else { &ENDINGS[..1] };
            hand.extend(endings.iter().map(|ending| (late.clone(), *ending)));
        }
        hand
    }

    /// How many cards a call gets.
    fn cards(&self, call: &Call) -> usize {
        let operation = (call.command, call.operation.clone());
        let (_, name) = call.operation.split_once(':').expect("service:Operation");
        let reads = ["Get", "List", "Describe"];
        if call.nth == 1 && !self.shown.contains(&operation) {
            self.pack.len() / 2
        } else if reads.iter().any(|verb| name.starts_with(verb)) {
            1
        } else {
            2
        }
    }

    /// The fewest cases that `calls` of a lab may get.
    pub(super) fn least(&self, calls: &[Call], tutorial: bool) -> usize {
        if self.whole || tutorial {
            calls.len() * 2 * troubles().len()
        } else {
            calls.iter().map(|call| self.cards(call)).sum()
        }
    }
}
