//! What `down --prove` can show: plain values, the same on the screen, in the file and as an event.

use jiff::Timestamp;
use serde::Serialize;

use crate::kind::Kind;

/// What was deleted, what was looked for, and what is left.
#[derive(Debug, Clone, Serialize)]
pub struct Receipt {
    /// Version of labctl.
    pub labctl: &'static str,
    /// The lab's name: value of the ownership tag.
    pub lab: String,
    /// 12 digits.
    pub account: String,
    /// e.g. `us-east-1`.
    pub region: String,
    /// The endpoint when it is not AWS's own.
    pub endpoint: Option<String>,
    /// ARN of the caller.
    pub caller: String,
    /// When the run began.
    pub begun: Timestamp,
    /// When the last look was done.
    pub ended: Timestamp,
    /// Nothing of the lab is left, and nothing is unseen.
    pub proven: bool,
    /// By time.
    pub deleted: Vec<Deleted>,
    /// Every question that was answered, by time.
    pub looked_for: Vec<Look>,
    /// What is left of the lab.
    pub survivors: Vec<Left>,
    /// Every question that was not answered.
    pub not_looked_at: Vec<Unseen>,
    /// What has a name of the lab, but nothing that says it is the lab's.
    pub not_ours: Vec<Left>,
}

/// One thing that the run deleted.
#[derive(Debug, Clone, Serialize)]
pub struct Deleted {
    /// What it was.
    pub kind: Kind,
    /// The name a person knew it by.
    pub name: String,
    /// AWS's id or ARN for it.
    pub physical_id: Option<String>,
    /// When its end was durable in the journal.
    pub at: Timestamp,
}

/// Why a question was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// The ownership tag.
    Tag,
    /// A name of the lab.
    Name,
    /// An id that AWS gave to what the lab made.
    Id,
    /// What it would live in, or stem from.
    Parent,
}

/// One question to AWS, and its answer.
#[derive(Debug, Clone, Serialize)]
pub struct Look {
    /// Why.
    pub by: By,
    /// As in IAM policies, e.g. `lambda`.
    pub service: String,
    /// e.g. `GetFunction`.
    pub operation: String,
    /// In the words of the operation's input.
    pub filter: String,
    /// How many were found.
    pub found: usize,
    /// When it was answered.
    pub at: Timestamp,
}

/// One question that got no answer: what it would have shown is not proven.
#[derive(Debug, Clone, Serialize)]
pub struct Unseen {
    /// As in IAM policies.
    pub service: String,
    /// e.g. `GetFunction`.
    pub operation: String,
    /// In the words of the operation's input.
    pub filter: String,
    /// Why there is no answer.
    pub reason: String,
    /// When it was given up.
    pub at: Timestamp,
}

/// One thing that is still there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Left {
    /// What it is.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// AWS's id or ARN for it.
    pub physical_id: String,
    /// Why it counts as what it counts as.
    pub reason: String,
    /// What removes it, for a shell.
    pub command: String,
}
