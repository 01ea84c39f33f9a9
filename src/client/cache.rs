//! Tokens between commands: a file of the user's own beside the state, used by one process at a time, so that
//! a refresh token that is good once is used once.

use std::{collections::BTreeMap, fs::File, io, path::Path};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jiff::Timestamp;
use labfiles::{Dir, How};
use serde::{Deserialize, Serialize};

use crate::{
    aws::{Cx, FaultKind},
    error::Error,
    verify::{CodeSource, Tokens, refresh, sign_in, user_exists},
};

const FILE: &str = "tokens.json";
const LOCK: &str = "tokens.lock";
/// How the names of files begin that become the tokens'.
const TEMPORARY: &str = ".tokens";
/// Tokens of all users of a lab take less.
const MOST_BYTES: u64 = 64 << 20;
/// A token with less than this left is refreshed: what it is for should have the time to use it. Seconds.
const MARGIN: i64 = 60;

/// Whose tokens are wanted, and how to get them.
pub struct Fresh<'a> {
    /// For calls to Cognito.
    pub cx: &'a Cx,
    /// The lab's folder; `None`: there is no state, so nothing is kept.
    pub folder: Option<&'a Path>,
    /// The user pool.
    pub user_pool_id: &'a str,
    /// The app client.
    pub client_id: &'a str,
    /// Refresh tokens are rotated.
    pub rotated: bool,
    /// The user's address.
    pub email: &'a str,
    /// Where a code comes from, for a new sign-in; `None`: labctl cannot sign in here.
    pub source: Option<&'a CodeSource>,
}

/// What the file holds.
#[derive(Default, Serialize, Deserialize)]
struct Kept {
    /// Of another client, the tokens are worth nothing.
    client_id: String,
    users: BTreeMap<String, Pair>,
}

/// One user's tokens.
#[derive(Clone, Serialize, Deserialize)]
struct Pair {
    access: String,
    id: String,
    refresh: Option<String>,
}

impl From<Tokens> for Pair {
    fn from(tokens: Tokens) -> Self {
        Self {
            access: tokens.access,
            id: tokens.id,
            refresh: tokens.refresh,
        }
    }
}

impl From<Pair> for Tokens {
    fn from(pair: Pair) -> Self {
        Self {
            access: pair.access,
            id: pair.id,
            refresh: pair.refresh,
        }
    }
}

/// Valid tokens of a user: those that are kept, refreshed ones, or of a new sign-in. Many processes may ask
/// at once: one of them refreshes, the others find what it kept. `None`: it takes a sign-in that labctl cannot do.
pub async fn fresh(wanted: &Fresh<'_>) -> Result<Option<Tokens>, Error> {
    let Some(folder) = wanted.folder else {
        return Ok(anew(wanted).await?.map(Tokens::from));
    };
    let mut store = Store::open(folder, wanted.client_id).await?;
    let known = store.kept.users.get(wanted.email).cloned();
    let new = match known {
        Some(pair) if left(&pair) > MARGIN => return Ok(Some(pair.into())),
        Some(pair) => match renew(wanted, &pair).await? {
            Some(new) => Some(new),
            None => anew(wanted).await?,
        },
        None => anew(wanted).await?,
    };
    let Some(new) = new else {
        return Ok(None);
    };
    store.keep(wanted.email, new.clone())?;
    Ok(Some(new.into()))
}

/// Keeps the tokens of a user who has signed in elsewhere, in a lab that has a folder.
pub async fn signed_in(
    folder: &Path,
    client_id: &str,
    email: &str,
    tokens: Tokens,
) -> Result<(), Error> {
    Store::open(folder, client_id)
        .await?
        .keep(email, tokens.into())
}

/// The file, while this process alone uses it.
struct Store {
    dir: Dir,
    kept: Kept,
    _lock: File,
}

impl Store {
    async fn open(folder: &Path, client_id: &str) -> Result<Self, Error> {
        let dir = match Dir::open(folder) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Err(gone()),
            opened => opened.map_err(|e| Error::file(folder.display(), &e))?,
        };
        let lock = lock(&dir).await?;
        is_up(&dir)?;
        dir.sweep(TEMPORARY);
        let mut kept = read(&dir)?;
        if kept.client_id != client_id {
            kept = Kept {
                client_id: client_id.to_owned(),
                ..Kept::default()
            };
        }
        Ok(Self {
            dir,
            kept,
            _lock: lock,
        })
    }

    /// Replaces the file whole, before anybody gets the tokens: the old refresh token may be worth nothing now.
    fn keep(&mut self, email: &str, pair: Pair) -> Result<(), Error> {
        self.kept.users.insert(email.to_owned(), pair);
        is_up(&self.dir)?;
        let bytes = serde_json::to_vec(&self.kept).map_err(io::Error::from);
        bytes
            .and_then(|bytes| self.dir.replace(FILE, TEMPORARY, &bytes))
            .map_err(|e| cannot(&self.dir, FILE, "write", &e))
    }
}

/// Refreshed tokens; `None`: Cognito wants a new sign-in.
async fn renew(wanted: &Fresh<'_>, pair: &Pair) -> Result<Option<Pair>, Error> {
    let Some(token) = &pair.refresh else {
        return Ok(None);
    };
    match refresh(wanted.cx, wanted.client_id, token, wanted.rotated).await {
        Ok(new) => Ok(Some(Pair {
            refresh: new.refresh.clone().or(pair.refresh.clone()),
            ..new.into()
        })),
        Err(fault)
            if fault.code.is_none()
                || matches!(fault.kind, FaultKind::Unsure | FaultKind::Throttled(_)) =>
        {
            Err(fault.into())
        }
        Err(_) => Ok(None),
    }
}

async fn anew(wanted: &Fresh<'_>) -> Result<Option<Pair>, Error> {
    let Some(source) = wanted.source else {
        return Ok(None);
    };
    // Cognito answers a sign-in of an unknown name with a challenge that looks real. Who has no AWS
    // credentials cannot ask, and can sign in all the same.
    match user_exists(wanted.cx, wanted.user_pool_id, wanted.email).await {
        Ok(true) => {}
        Ok(false) => {
            let message = format!("there is no user {}", wanted.email);
            return Err(Error::failed(message).hint("`labctl status` shows the lab's users"));
        }
        Err(fault) if matches!(fault.kind, FaultKind::Credentials | FaultKind::Denied) => {}
        Err(fault) => return Err(fault.into()),
    }
    let tokens = sign_in(wanted.cx, wanted.client_id, wanted.email, source).await?;
    Ok(Some(tokens.into()))
}

/// Seconds that both tokens have left.
fn left(pair: &Pair) -> i64 {
    let now = Timestamp::now().as_second();
    let ends = [&pair.access, &pair.id].map(|token| expiry(token).unwrap_or_default());
    ends.into_iter().min().unwrap_or_default() - now
}

/// When a token ends, by what it says of itself: whoever takes it checks it.
pub(super) fn expiry(token: &str) -> Option<i64> {
    let payload = token.split('.').nth(1)?;
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(payload).ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&bytes).ok()?;
    claims["exp"].as_i64()
}

fn read(dir: &Dir) -> Result<Kept, Error> {
    match dir.read(FILE, MOST_BYTES) {
        // What cannot be read is as good as nothing: there is a new sign-in.
        Ok(bytes) => Ok(serde_json::from_slice(&bytes).unwrap_or_default()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Kept::default()),
        Err(e) => Err(cannot(dir, FILE, "read", &e)),
    }
}

/// While this waited, the lab may have gone: then nothing of it is kept.
fn is_up(dir: &Dir) -> Result<(), Error> {
    if dir.has("state.json") {
        Ok(())
    } else {
        Err(gone())
    }
}

fn gone() -> Error {
    Error::failed("the lab is gone").hint("`labctl up` builds it")
}

/// Waits until no other process uses the tokens. Dropping the file lets the next one in.
async fn lock(dir: &Dir) -> Result<File, Error> {
    let error = |e: &io::Error| cannot(dir, LOCK, "lock", e);
    let opened = match dir.file(LOCK, How::Change) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Err(gone()),
        opened => opened.map_err(|e| error(&e))?,
    };
    let locked = tokio::task::spawn_blocking(move || opened.lock().map(|()| opened)).await;
    locked
        .map_err(|e| error(&io::Error::other(e)))?
        .map_err(|e| error(&e))
}

/// Forgets all tokens of a lab that is gone.
pub fn forget(dir: &Dir) -> Result<(), Error> {
    for name in [FILE, LOCK] {
        match dir.remove(name) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => {
                return Err(cannot(dir, name, "remove", &e));
            }
            _ => {}
        }
    }
    Ok(())
}

fn cannot(dir: &Dir, name: &str, what: &str, error: &io::Error) -> Error {
    let path = dir.path().join(name);
    Error::file(format_args!("{}: cannot {what}", path.display()), error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_says_when_it_ends() {
        let payload = BASE64_URL_SAFE_NO_PAD.encode(r#"{"exp":1700000000}"#);
        assert_eq!(expiry(&format!("e30.{payload}.x")), Some(1_700_000_000));
        for bad in ["", "a.b", "a.!.c", "e30.e30.x"] {
            assert_eq!(expiry(bad), None, "{bad}");
        }
    }
}
