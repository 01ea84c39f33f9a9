//! Tokens between commands: a file of the user's own beside the state, used by one process at a time, so that
//! a refresh token that is good once is used once.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    aws::{Cx, FaultKind},
    engine::journal,
    error::Error,
    verify::{CodeSource, Tokens, refresh, sign_in, user_exists},
};

const FILE: &str = "tokens.json";
const LOCK: &str = "tokens.lock";
/// A token with less than this left is refreshed: what it is for should have the time to use it. Seconds.
const MARGIN: i64 = 60;

/// Whose tokens are wanted, and how to get them.
pub struct Fresh<'a> {
    /// For calls to Cognito.
    pub cx: &'a Cx,
    /// The lab's folder.
    pub folder: &'a Path,
    /// The user pool.
    pub user_pool_id: &'a str,
    /// The app client.
    pub client_id: &'a str,
    /// Refresh tokens are rotated.
    pub rotated: bool,
    /// The user's address.
    pub email: &'a str,
    /// Where a code comes from, for a new sign-in.
    pub source: &'a CodeSource,
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

/// Valid tokens of a user: those that are kept, refreshed ones, or of a new sign-in. Many processes may ask
/// at once: one of them refreshes, the others find what it kept.
pub async fn fresh(wanted: &Fresh<'_>) -> Result<Tokens, Error> {
    let lock = lock(wanted.folder).await?;
    let path = wanted.folder.join(FILE);
    is_up(wanted.folder)?;
    let mut kept = read(&path)?;
    if kept.client_id != wanted.client_id {
        kept = Kept {
            client_id: wanted.client_id.to_owned(),
            ..Kept::default()
        };
    }
    let known = kept.users.get(wanted.email).cloned();
    let pair = match known {
        Some(pair) if left(&pair) > MARGIN => pair,
        Some(pair) => match renew(wanted, &pair).await? {
            Some(new) => keep(&path, &mut kept, wanted.email, new)?,
            None => keep(&path, &mut kept, wanted.email, anew(wanted).await?)?,
        },
        None => keep(&path, &mut kept, wanted.email, anew(wanted).await?)?,
    };
    drop(lock);
    Ok(Tokens {
        access: pair.access,
        id: pair.id,
        refresh: pair.refresh,
    })
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

async fn anew(wanted: &Fresh<'_>) -> Result<Pair, Error> {
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
    let tokens = sign_in(wanted.cx, wanted.client_id, wanted.email, wanted.source).await?;
    Ok(tokens.into())
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

fn read(path: &Path) -> Result<Kept, Error> {
    match fs::read(path) {
        // What cannot be read is as good as nothing: there is a new sign-in.
        Ok(bytes) => Ok(serde_json::from_slice(&bytes).unwrap_or_default()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Kept::default()),
        Err(e) => Err(cannot(path, "read", &e)),
    }
}

/// Replaces the file whole, before anybody gets the tokens: the old refresh token may be worth nothing now.
fn keep(path: &Path, kept: &mut Kept, email: &str, pair: Pair) -> Result<Pair, Error> {
    kept.users.insert(email.to_owned(), pair.clone());
    let folder = path.parent().unwrap_or(Path::new("."));
    is_up(folder)?;
    let bytes = serde_json::to_vec(kept).map_err(io::Error::from);
    bytes
        .and_then(|bytes| journal::replace(path, ".tokens", &bytes))
        .map_err(|e| cannot(path, "write", &e))?;
    Ok(pair)
}

/// While this waited, the lab may have gone: then nothing of it is kept.
fn is_up(folder: &Path) -> Result<(), Error> {
    if folder.join("state.json").exists() {
        Ok(())
    } else {
        Err(Error::failed("the lab is gone").hint("`labctl up` builds it"))
    }
}

/// Waits until no other process uses the tokens. Dropping the file lets the next one in.
async fn lock(folder: &Path) -> Result<File, Error> {
    let path = folder.join(LOCK);
    let error = |e: &io::Error| cannot(&path, "lock", e);
    let opened = open(&path).map_err(|e| error(&e))?;
    let locked = tokio::task::spawn_blocking(move || opened.lock().map(|()| opened)).await;
    locked
        .map_err(|e| error(&io::Error::other(e)))?
        .map_err(|e| error(&e))
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
}

/// Forgets all tokens of a lab that is gone.
pub fn forget(folder: &Path) -> Result<(), Error> {
    for path in [FILE, LOCK].map(|name| folder.join(name)) {
        match fs::remove_file(&path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => {
                return Err(cannot(&path, "remove", &e));
            }
            _ => {}
        }
    }
    Ok(())
}

fn cannot(path: &Path, what: &str, error: &io::Error) -> Error {
    Error::failed(format!("{}: cannot {what}: {error}", path.display()))
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
