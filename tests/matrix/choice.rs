//! Which cases are tried.
//!
//! The whole product (every call of every lab × every trouble × both endings) is some 10,000 cases, an hour of
//! two cores; it is run when `LABCTL_MATRIX=whole` says so. Otherwise the tutorial's lab has its whole product, and the
//! other labs a part, for these reasons:
//!
//! - What a trouble does to a call is decided by its operation (`engine::step` and `aws::call` know nothing of labs):
//!   the tutorial's calls show that. What another lab adds is other operations, other resources for the same ones,
//!   and another order. So *each* call of it is tried, with a kill and with a fault; a read, which leaves nothing
//!   to be found, with one of both; and an operation that the tutorial does not make with all [`deadly`] troubles.
//! - Other statuses of the same kind (503, `Retry-After`, a delay, a reset) differ in `aws::call` alone.
//!
//! Each call takes its kills, faults and endings from one pack of cards. The lab and the operation alone decide where in
//! the pack a call begins, so a case keeps its name when other calls come or go. The calls of one operation in a lab
//! take their cards in turn.

use serde_json::{Value, json};

use super::{
    case::{Call, Case, Ending, Trouble},
    lab::TUTORIAL,
    record::Record,
};

/// Everything that may happen at any call.
pub(super) fn troubles() -> Vec<Trouble> {
    let mut all = deadly();
    all.extend([
        fault(
            "throttle_retry_after",
            json!({ "action": "throttle", "retry_after": 1 }),
        ),
        fault("error_503", json!({ "action": "error", "status": 503 })),
        fault("delay", json!({ "action": "delay", "ms": 300 })),
        fault("reset", json!({ "action": "reset" })),
        fatal("expired_token", json!({ "action": "expired_token" })),
        fatal("denied", json!({ "action": "denied" })),
    ]);
    all
}

/// The ways in which a call is cut off or refused that lead to different code: a kill, then a fault, in turn.
fn deadly() -> Vec<Trouble> {
    vec![
        Trouble::DiesUnanswered,
        fault("drop", json!({ "action": "drop" })),
        Trouble::DiesAnswered,
        fault("error_500", json!({ "action": "error", "status": 500 })),
        Trouble::DiesBefore,
        fault("throttle", json!({ "action": "throttle" })),
    ]
}

fn fault(name: &'static str, rule: Value) -> Trouble {
    Trouble::Fault {
        name,
        rule,
        fatal: false,
    }
}

fn fatal(name: &'static str, rule: Value) -> Trouble {
    Trouble::Fault {
        name,
        rule,
        fatal: true,
    }
}

const ENDINGS: [Ending; 2] = [Ending::GoesOn, Ending::GoesDown];

/// All troubles with both endings.
fn product() -> Vec<(Trouble, Ending)> {
    let with = |ending: Ending| troubles().into_iter().map(move |trouble| (trouble, ending));
    ENDINGS.into_iter().flat_map(with).collect()
}

/// The [`deadly`] troubles, each with both endings, so that two in a row are a kill and a fault.
fn pack() -> Vec<(Trouble, Ending)> {
    let deadly = deadly();
    // The second half has the other ending for each; within a half, endings alternate from pair to pair.
    let card = |at: usize| {
        let pair = at % deadly.len() / 2;
        let ending = ENDINGS[(pair + at + at / deadly.len()) % 2];
        (deadly[at % deadly.len()].clone(), ending)
    };
    (0..2 * deadly.len()).map(card).collect()
}

/// Returns the cases of a lab. `tutorial` is the record of the tutorial's lab, which always gets the whole product.
pub(super) fn cases(lab: &str, record: &Record, tutorial: &Record, whole: bool) -> Vec<Case> {
    let all = whole || lab == TUTORIAL;
    let pack = pack();
    let hand = |call: &Call| {
        let mut hand = if all {
            product()
        } else {
            let shown = match call.command {
                "up" => &tutorial.up,
                _ => &tutorial.down,
            };
            let cards = cards(call, shown.contains_key(&call.operation), pack.len() / 2);
            let name = format!("{lab} {} {}", call.command, call.operation);
            let start = name.bytes().map(usize::from).sum::<usize>() + cards * (call.nth - 1);
            let pack = pack.iter().cycle().skip(start % pack.len());
            pack.take(cards).cloned().collect()
        };
        if call.operation == "lambda:CreateFunction" {
            let late = fault("iam_lag", json!({ "action": "iam_lag", "times": 3 }));
            let endings = if all { &ENDINGS[..] } else { &ENDINGS[..1] };
            hand.extend(endings.iter().map(|ending| (late.clone(), *ending)));
        }
        hand
    };
    let of = |call: Call| {
        let hand = hand(&call).into_iter();
        hand.map(move |(trouble, ending)| Case {
            call: call.clone(),
            trouble,
            ending,
        })
    };
    record.calls().into_iter().flat_map(of).collect()
}

/// How many cards a call gets. `shown`: the tutorial makes the same call.
fn cards(call: &Call, shown: bool, most: usize) -> usize {
    let (_, name) = call.operation.split_once(':').expect("service:Operation");
    let reads = ["Get", "List", "Describe"];
    if call.nth == 1 && !shown {
        most
    } else if reads.iter().any(|verb| name.starts_with(verb)) {
        1
    } else {
        2
    }
}
