//! Faults on order: rules that throttle, delay, break or cut off the calls they are set for.
//!
//! They act in the wire layer, before or after the service's work, whatever the service.

mod answer;
mod parse;
mod rule;

use std::{
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde::Serialize;
use tokio::sync::watch;

use self::rule::{Action, When};
pub(crate) use self::{answer::throttled, parse::is_account, rule::Rule};
use crate::{
    call::{Answer, Call},
    server::Request,
};

/// Rules at the same time.
const MOST: usize = 10_000;

/// The rules, in the order in which they were set.
#[derive(Default)]
pub(crate) struct Faults(Mutex<Rules>);

#[derive(Default)]
struct Rules {
    last_id: u64,
    set: Vec<Set>,
}

/// A rule that is set. Those who watch `hits` see it go.
struct Set {
    id: u64,
    rule: Rule,
    /// Calls that matched.
    seen: u64,
    hits: watch::Sender<u64>,
}

/// A rule as `/_local/faults` shows it.
#[derive(Debug, Serialize)]
pub(crate) struct Shown {
    id: u64,
    #[serde(flatten)]
    rule: Rule,
    /// Calls that matched.
    seen: u64,
    /// Calls on which it took effect.
    hits: u64,
}

/// A call that is not answered: the connection ends instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// With a TCP reset.
    Reset,
    /// As by a server that goes away.
    Close,
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cut off by a fault rule")
    }
}

impl std::error::Error for Cut {}

/// The rule that hits a call.
pub(crate) struct Fault {
    pub(crate) id: u64,
    action: Action,
    hits: watch::Receiver<u64>,
}

impl Set {
    fn shown(&self) -> Shown {
        Shown {
            id: self.id,
            rule: self.rule.clone(),
            seen: self.seen,
            hits: *self.hits.borrow(),
        }
    }
}

impl Faults {
    /// Sets a rule. The error says why not.
    pub(crate) fn add(&self, rule: Rule) -> Result<Shown, String> {
        let mut rules = self.rules();
        if rules.set.len() >= MOST {
            return Err(format!("there are {MOST} rules already: remove some"));
        }
        rules.last_id += 1;
        let set = Set {
            id: rules.last_id,
            rule,
            seen: 0,
            hits: watch::Sender::new(0),
        };
        let shown = set.shown();
        rules.set.push(set);
        Ok(shown)
    }

    /// The rules with this id and of this account, if those are given.
    pub(crate) fn list(&self, id: Option<u64>, account: Option<&str>) -> Vec<Shown> {
        let rules = self.rules();
        let wanted = rules.set.iter().filter(|set| set.is(id, account));
        wanted.map(Set::shown).collect()
    }

    /// Removes the rules with this id and of this account, if those are given; all otherwise. Answers how many.
    pub(crate) fn remove(&self, id: Option<u64>, account: Option<&str>) -> usize {
        let mut rules = self.rules();
        let before = rules.set.len();
        rules.set.retain(|set| !set.is(id, account));
        before - rules.set.len()
    }

    /// Waits until a rule has hit, or is removed.
    pub(crate) async fn hit_or_gone(&self, id: u64) {
        let hits = {
            let rules = self.rules();
            let set = rules.set.iter().find(|set| set.id == id);
            set.map(|set| set.hits.subscribe())
        };
        if let Some(mut hits) = hits {
            let _ = hits.wait_for(|hits| *hits > 0).await;
        }
    }

    /// The rule that hits a call. Every rule counts the calls that match it, but for those that an earlier
    /// one has hit.
    pub(crate) fn of(&self, account: Option<&str>, call: &Call) -> Option<Fault> {
        let mut rules = self.rules();
        let matching = |set: &&mut Set| set.rule.matches(account, call);
        rules.set.iter_mut().filter(matching).find_map(|set| {
            set.seen += 1;
            set.rule.hits(set.seen).then(|| Fault {
                id: set.id,
                action: set.rule.action.clone(),
                hits: set.hits.subscribe(),
            })
        })
    }

    fn took_effect(&self, id: u64) {
        let rules = self.rules();
        if let Some(set) = rules.set.iter().find(|set| set.id == id) {
            set.hits.send_modify(|hits| *hits += 1);
        }
    }

    fn rules(&self) -> MutexGuard<'_, Rules> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Set {
    fn is(&self, id: Option<u64>, account: Option<&str>) -> bool {
        id.is_none_or(|id| id == self.id)
            && (account.is_none() || self.rule.account.as_deref() == account)
    }
}

impl Fault {
    /// What becomes of a call, of which `work` is what its service does.
    pub(crate) async fn apply(
        mut self,
        faults: &Faults,
        call: &Call,
        request: &Request,
        work: impl Future<Output = Answer>,
    ) -> Result<Answer, Cut> {
        let takes_effect = || faults.took_effect(self.id);
        let error = match self.action {
            Action::Reset => {
                takes_effect();
                return Err(Cut::Reset);
            }
            Action::Delay { ms } => {
                takes_effect();
                tokio::time::sleep(Duration::from_millis(ms)).await;
                return Ok(work.await);
            }
            Action::Drop => {
                let _ = work.await;
                takes_effect();
                return Err(Cut::Close);
            }
            Action::Hold { when } => {
                if when == When::After {
                    let _ = work.await;
                }
                takes_effect();
                // An error: the rule is gone.
                while self.hits.changed().await.is_ok() {}
                return Err(Cut::Close);
            }
            Action::Throttle { retry_after } => throttled(call.service, retry_after),
            Action::Error { status } => answer::broken(call.service, status),
            Action::IamLag => answer::not_assumable(call),
            Action::ExpiredToken => answer::expired(call.service),
            Action::Denied => answer::denied(call, request.method().as_str(), request.uri().path()),
        };
        takes_effect();
        Ok(Err(error))
    }
}
