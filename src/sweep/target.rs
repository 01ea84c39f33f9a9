//! What the sweep is given and what it returns: plain data.

use std::time::Duration;

use super::Shell;
use crate::{
    event::{Left, Look, Unseen},
    kind::Kind,
};

/// What to look for.
#[derive(Debug)]
pub struct Target {
    /// Value of the ownership tag.
    pub lab: String,
    /// Names and ids of what the lab has, or had.
    pub known: Vec<Known>,
    /// How long to watch for what appears late.
    pub grace: Duration,
    /// Where the commands that remove survivors go.
    pub shell: Shell,
}

/// One thing that the lab has, or had.
#[derive(Debug, Clone)]
pub struct Known {
    /// What it is.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// AWS's id, for kinds whose names are not unique.
    pub id: Option<String>,
    /// The run's record says that labctl made it. If not, only lab.yaml names it.
    pub made: bool,
    /// It was deleted in this run.
    pub deleted: bool,
    /// Why it could not be deleted in this run.
    pub failure: Option<String>,
}

impl Known {
    /// Something that only lab.yaml names.
    pub fn named(kind: Kind, name: impl Into<String>) -> Self {
        Self {
            kind,
            name: name.into(),
            id: None,
            made: false,
            deleted: false,
            failure: None,
        }
    }
}

/// What was seen.
#[derive(Debug, Default)]
pub struct Findings {
    /// Questions that were answered.
    pub looks: Vec<Look>,
    /// Questions that were not.
    pub unseen: Vec<Unseen>,
    /// What is left of the lab.
    pub survivors: Vec<Left>,
    /// What only has its names.
    pub not_ours: Vec<Left>,
}
