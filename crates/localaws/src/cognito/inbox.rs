//! The inbox that mail goes to instead of a mail server.

use serde::{Deserialize, Serialize};

use crate::world::World;

/// Older mail is dropped beyond this many.
const KEPT: usize = 500;

/// One mail in the inbox, as `/_local/inbox.json` shows it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Mail {
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) text: String,
    /// The code in the text, for scripts.
    pub(crate) code: Option<String>,
    /// RFC 3339, UTC.
    pub(crate) at: String,
    /// The account whose user pool "sent" it.
    #[serde(default)]
    pub(crate) account: String,
}

impl Mail {
    pub(super) fn new(to: &str, subject: &str, text: String, code: Option<String>) -> Self {
        let at = format!("{:.3}", jiff::Timestamp::now());
        Self {
            to: to.to_owned(),
            subject: subject.to_owned(),
            text,
            code,
            at,
            account: String::new(),
        }
    }

    pub(super) fn deliver(mut self, world: &mut World, account: &str) {
        account.clone_into(&mut self.account);
        world.inbox.push(self);
        let surplus = world.inbox.len().saturating_sub(KEPT);
        world.inbox.drain(..surplus);
    }
}

/// Drops the mail of an account's user pools.
pub(crate) fn forget_mail(world: &mut World, account: &str) {
    world.inbox.retain(|mail| mail.account != account);
}
