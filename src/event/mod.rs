//! What happens during a run, told once: bars, lines and JSON are three ways to show the same events.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, mpsc},
};

use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

mod receipt;

pub use labengine::{Change, Progress};
use labengine::{Driver, Intent, Step, StepId};
pub use receipt::{By, Deleted, Left, Look, Receipt, Unseen};

use crate::kind::Kind;

/// One thing that happened. With `--json`, one object a line.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The local twin that the run talks to.
    Local {
        /// `http://127.0.0.1:PORT`.
        endpoint: String,
        /// This run started it.
        started: bool,
        /// Where it keeps its state.
        dir: PathBuf,
    },
    /// A run begins.
    RunStarted {
        /// `up`, `down`.
        command: &'static str,
        /// The lab's name.
        lab: String,
        /// 12 digits.
        account: String,
        /// e.g. `us-east-1`.
        region: String,
        /// The endpoint when it is not AWS's own.
        endpoint: Option<String>,
        /// All steps of the run, in the tutorial's order.
        steps: Vec<StepInfo>,
    },
    /// What the user should know of the run, though nothing is wrong.
    Notice {
        /// One sentence.
        message: String,
    },
    /// One proof of `verify`.
    Check(CheckResult),
    /// What a student needs.
    Outputs(Outputs),
    /// `down --prove` begins to look for what is left.
    SweepStarted {
        /// How long log groups that Lambda may write late are watched: 0 when it deleted no function.
        grace_seconds: u64,
    },
    /// What `down --prove` deleted, looked for and found.
    Receipt {
        /// Where it is kept; `None`: it could not be.
        file: Option<PathBuf>,
        /// The receipt.
        #[serde(flatten)]
        receipt: Box<Receipt>,
    },
    /// What `down` could not delete, with the command that removes each.
    Leftovers {
        /// What is still there.
        left: Vec<Left>,
    },
    /// A run ended.
    RunFinished {
        /// `up`, `down`, `verify`.
        command: &'static str,
        /// Whether it did all it should.
        ok: bool,
        /// One sentence: how many of what.
        summary: String,
        /// Wall-clock seconds.
        seconds: f64,
        /// Commands to type next, with what they do.
        next: Vec<(String, String)>,
    },
    /// All before it has been shown, when this is dropped: for reporters, never shown.
    #[serde(skip)]
    Mark(Arc<oneshot::Sender<()>>),
    /// Nothing more comes: for reporters, never shown.
    #[serde(skip)]
    End,
    /// What the engine says of its steps.
    #[serde(untagged)]
    Progress(Progress),
}

/// A step as reporters know it.
#[derive(Debug, Clone, Serialize)]
pub struct StepInfo {
    /// Its id.
    pub id: StepId,
    /// Its kind.
    pub kind: Kind,
    /// The name a person knows it by.
    pub name: String,
    /// Number of its chapter.
    pub chapter: u8,
}

impl StepInfo {
    /// As reporters know it.
    pub fn of<D: Driver<Kind = Kind>>(step: &Step<D>) -> Self {
        Self {
            id: step.id.clone(),
            kind: step.kind,
            name: step.name.clone(),
            chapter: step.chapter,
        }
    }

    /// A resource that the run deletes, so that no plan has it.
    pub fn of_deleted(intent: &Intent<Kind>) -> Self {
        Self {
            id: intent.id.clone(),
            kind: intent.kind,
            name: intent.name.clone(),
            chapter: intent.chapter,
        }
    }
}

impl From<Progress> for Event {
    fn from(progress: Progress) -> Self {
        Self::Progress(progress)
    }
}

impl Event {
    /// Something the user should know, in one sentence.
    pub fn warning(message: impl Into<String>) -> Self {
        let message = message.into();
        Self::Progress(Progress::Warning { message })
    }
}

/// One proof: what was expected and what was seen.
#[derive(Debug, Clone, Serialize)]
pub struct CheckResult {
    /// What is proven, e.g. `no token is refused`.
    pub name: String,
    /// Whether it holds.
    pub ok: bool,
    /// What the tutorial promises.
    pub expected: String,
    /// What was seen.
    pub seen: String,
    /// Seconds it took, with waiting.
    pub seconds: f64,
}

/// What a student needs, and what scripts read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "AWS's own words")]
pub struct Outputs {
    pub invoke_url: Option<String>,
    pub user_pool_id: Option<String>,
    pub client_id: Option<String>,
    pub api_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distribution_id: Option<String>,
    pub authorizer_id: Option<String>,
    pub function_arn: Option<String>,
    /// ARNs by the functions' names in lab.yaml, when there are several.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub functions: BTreeMap<String, String>,
    /// The managed login page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login_url: Option<String>,
    /// Sign-in names of the test users.
    #[serde(default)]
    pub users: Vec<String>,
    /// Where the local twin shows mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inbox: Option<String>,
}

fn one(value: Option<&String>) -> Vec<&str> {
    value.map(String::as_str).into_iter().collect()
}

impl Outputs {
    /// What is known, by the names that `--json` has, in the tutorial's order; of several functions each as
    /// `function_arn.NAME`. Each has at least one value.
    pub fn named(&self) -> Vec<(String, Vec<&str>)> {
        let functions = self.functions.iter();
        let functions =
            functions.map(|(name, arn)| (format!("function_arn.{name}"), vec![arn.as_str()]));
        let before = [
            ("invoke_url", one(self.invoke_url.as_ref())),
            ("user_pool_id", one(self.user_pool_id.as_ref())),
            ("client_id", one(self.client_id.as_ref())),
            ("api_id", one(self.api_id.as_ref())),
            ("distribution_id", one(self.distribution_id.as_ref())),
            ("authorizer_id", one(self.authorizer_id.as_ref())),
            ("function_arn", one(self.function_arn.as_ref())),
        ];
        let after = [
            ("login_url", one(self.login_url.as_ref())),
            ("users", self.users.iter().map(String::as_str).collect()),
            ("inbox", one(self.inbox.as_ref())),
        ];
        let owned = |(name, values): (&str, _)| (name.to_owned(), values);
        before
            .into_iter()
            .map(owned)
            .chain(functions)
            .chain(after.into_iter().map(owned))
            .filter(|(_, values)| !values.is_empty())
            .collect()
    }
}

/// Where events go. Sending never fails a run: without a listener they are dropped.
#[derive(Debug, Clone)]
pub struct EventSink(mpsc::Sender<Event>);

impl EventSink {
    /// A sink and the end to read from.
    pub fn new() -> (Self, mpsc::Receiver<Event>) {
        let (tx, rx) = mpsc::channel();
        (Self(tx), rx)
    }

    /// Tells an event.
    pub fn send(&self, event: impl Into<Event>) {
        let _ = self.0.send(event.into());
    }

    /// Returns when all that was told is shown, or nobody shows anything.
    pub async fn shown(&self) {
        let (tx, rx) = oneshot::channel();
        self.send(Event::Mark(Arc::new(tx)));
        // The mark is dropped unsent: that is the answer.
        let _ = rx.await;
    }
}

#[cfg(test)]
mod tests {
    use super::{BTreeMap, Outputs};

    #[test]
    fn outputs_have_the_names_that_json_has() {
        let some = Some("x".to_owned());
        let all = Outputs {
            invoke_url: some.clone(),
            user_pool_id: some.clone(),
            client_id: some.clone(),
            api_id: some.clone(),
            distribution_id: some.clone(),
            authorizer_id: some.clone(),
            function_arn: some.clone(),
            functions: BTreeMap::new(),
            login_url: some.clone(),
            users: vec!["a".to_owned(), "b".to_owned()],
            inbox: some,
        };
        let json = serde_json::to_value(&all).expect("JSON");
        let mut named: Vec<String> = all.named().into_iter().map(|(name, _)| name).collect();
        named.sort_unstable();
        let keys: Vec<String> = json
            .as_object()
            .expect("an object")
            .keys()
            .cloned()
            .collect();
        assert_eq!(named, keys);
        assert!(Outputs::default().named().is_empty());
    }
}
