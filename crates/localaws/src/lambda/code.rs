//! A function's code: the zip as it came, and its files unpacked for the runtime.
//!
//! `DIR/lambda/FUNCTION/CODE.zip` and `DIR/lambda/FUNCTION/CODE/`, for their owner only. The zip's hash is in the
//! world, which has a seal: what runs is what was uploaded, whoever has written to the folder since.

use std::{
    collections::HashMap,
    fs::{DirBuilder, File},
    io::{self, Cursor, Read, Write},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use labfiles::{Dir, How};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zip::{ZipArchive, read::ZipFile};

use super::fault;
use crate::{call::ApiError, ids::FileId};

const MOST_ZIPPED: usize = 50 << 20;
const MOST_UNZIPPED: u64 = 250 << 20;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Code {
    pub(super) id: FileId,
    /// Of the zip, in base64.
    pub(super) sha256: String,
    pub(super) size: usize,
}

/// See [`Dir::stamp`].
pub(super) type Stamp = [u8; 32];

/// The unpacked code that is what was uploaded, as long as it has this stamp.
#[derive(Default)]
pub(super) struct Checked(Mutex<HashMap<FileId, Stamp>>);

impl Checked {
    /// Makes sure that what is unpacked is what was uploaded. The bytes are read once in a twin's life, and again only
    /// when something was written there. The error says what is wrong.
    pub(super) fn ensure(&self, folder: &Folder, code: &Code) -> Result<(), String> {
        let mut checked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = checked.get(&code.id);
        if known.is_some() && folder.stamp(code).ok().as_ref() == known {
            return Ok(());
        }
        checked.insert(code.id, folder.renew(code)?);
        Ok(())
    }

    /// Notes code that was unpacked just now.
    pub(super) fn note(&self, folder: &Folder, code: &Code) {
        if let Ok(stamp) = folder.stamp(code) {
            let mut checked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            checked.insert(code.id, stamp);
        }
    }
}

/// The code of one function on disk.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    /// The folder of all functions.
    all: PathBuf,
    function: FileId,
}

impl Code {
    fn zip_name(&self) -> String {
        format!("{}.zip", self.id)
    }
}

impl Folder {
    pub(super) fn of(dir: &Path, function: FileId) -> Self {
        Self {
            all: dir.join("lambda"),
            function,
        }
    }

    fn path(&self) -> PathBuf {
        self.all.join(self.function.to_string())
    }

    pub(super) fn zip(&self, code: &Code) -> PathBuf {
        self.path().join(code.zip_name())
    }

    pub(super) fn unpacked(&self, code: &Code) -> PathBuf {
        self.path().join(code.id.to_string())
    }

    /// Not through links: whoever made the folder may have put some there.
    fn open(&self) -> io::Result<Dir> {
        Dir::open(&self.all)?.child(self.function.to_string(), false)
    }

    /// Unpacks and keeps a zip that came in base64.
    pub(super) fn store(&self, zip: &str) -> Result<Code, ApiError> {
        let code = self.write(zip);
        if code.is_err() {
            // Only of use while something is in it.
            let _ = self.open().and_then(|dir| dir.remove_self());
        }
        code
    }

    fn write(&self, zip: &str) -> Result<Code, ApiError> {
        let zip = BASE64_STANDARD.decode(zip).map_err(|_| unreadable())?;
        let code = Code::of(&zip)?;
        let unpacked = self.unpacked(&code);
        let dir = Dir::make(&self.all)
            .and_then(|all| all.child(self.function.to_string(), true))
            .and_then(|dir| dir.child(code.id.to_string(), true).map(|_| dir))
            .map_err(|e| disk(&unpacked, &e))?;
        // Made just now, in a folder that nobody else can change: there are no links below.
        let kept = unpack(&zip, &unpacked, MOST_UNZIPPED).and_then(|()| {
            dir.file(code.zip_name(), How::New)
                .and_then(|mut file| file.write_all(&zip))
                .map_err(|e| disk(&self.zip(&code), &e))
        });
        if kept.is_err() {
            self.remove(&code);
        }
        kept.map(|()| code)
    }

    pub(super) fn remove(&self, code: &Code) {
        // What cannot be removed is in nobody's way.
        if let Ok(dir) = self.open() {
            let _ = dir.remove_all(code.id.to_string());
            let _ = dir.remove(code.zip_name());
        }
    }

    /// Removes all but the codes in use and the one before: a handler may still be running in that, and
    /// a twin killed before it saved would go back to it.
    pub(super) fn keep(&self, codes: &[Code]) {
        let Ok(dir) = self.open() else { return };
        let kept: Vec<_> = codes
            .iter()
            .flat_map(|code| [code.id.to_string(), code.zip_name()])
            .collect();
        for name in dir.names().unwrap_or_default() {
            if !kept.iter().any(|kept| *name == **kept) {
                let _ = dir.remove_all(name);
            }
        }
    }

    /// Returns the stamp of the unpacked files: any change to them changes it.
    pub(super) fn stamp(&self, code: &Code) -> io::Result<Stamp> {
        self.open()?.child(code.id.to_string(), false)?.stamp()
    }

    /// Unpacks the zip again, if it is the one that was uploaded: nothing else has run then that was written there. The
    /// error says what is wrong.
    pub(super) fn renew(&self, code: &Code) -> Result<Stamp, String> {
        let at = |e: &io::Error| format!("{}: {e}", self.zip(code).display());
        let dir = self.open().map_err(|e| at(&e))?;
        let zip = dir.read(&code.zip_name(), MOST_ZIPPED as u64);
        let zip = zip.map_err(|e| at(&e))?;
        if BASE64_STANDARD.encode(Sha256::digest(&zip)) != code.sha256 {
            return Err(format!(
                "{} is not the code that was uploaded",
                self.zip(code).display()
            ));
        }
        let (new, old) = (FileId::new().to_string(), FileId::new().to_string());
        dir.child(&new, true).map_err(|e| at(&e))?;
        let unpacked = unpack(&zip, &self.path().join(&new), MOST_UNZIPPED);
        let name = code.id.to_string();
        let renamed = unpacked.map_err(|e| e.message).and_then(|()| {
            match dir.rename(&name, &old) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(at(&e)),
                _ => {}
            }
            dir.rename(&new, &name).map_err(|e| at(&e))
        });
        for left in [new, old] {
            // Usually one of them is there.
            let _ = dir.remove_all(left);
        }
        renamed?;
        self.stamp(code).map_err(|e| at(&e))
    }

    pub(super) fn delete(&self) {
        let _ = Dir::open(&self.all).and_then(|all| all.remove_all(self.function.to_string()));
    }
}

impl Code {
    /// What a zip is, not stored anywhere yet.
    fn of(zip: &[u8]) -> Result<Self, ApiError> {
        if zip.is_empty() {
            return Err(fault::invalid_parameter(
                "Uploaded file must be a non-empty zip",
            ));
        }
        if zip.len() > MOST_ZIPPED {
            let message = format!("Zipped size must be smaller than {MOST_ZIPPED} bytes");
            return Err(ApiError::new(
                413,
                "RequestEntityTooLargeException",
                message,
            ));
        }
        Ok(Self {
            id: FileId::new(),
            sha256: BASE64_STANDARD.encode(Sha256::digest(zip)),
            size: zip.len(),
        })
    }
}

fn unreadable() -> ApiError {
    fault::invalid_parameter(
        "Could not unzip uploaded file. Please check your file, then try to upload again.",
    )
}

fn disk(path: &Path, error: &io::Error) -> ApiError {
    ApiError::internal(format!("{}: {error}", path.display()))
}

/// Takes at most `room` bytes, whatever the archive says of its sizes.
fn unpack(zip: &[u8], into: &Path, mut room: u64) -> Result<(), ApiError> {
    let mut archive = ZipArchive::new(Cursor::new(zip)).map_err(|_| unreadable())?;
    if archive.is_empty() {
        return Err(fault::invalid_parameter(
            "Uploaded file must be a non-empty zip",
        ));
    }
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(|_| unreadable())?;
        let path = into.join(entry.enclosed_name().ok_or_else(unreadable)?);
        if entry.is_symlink() {
            return Err(fault::not_served("links in a Lambda deployment package"));
        }
        if entry.is_dir() {
            folder(&path).map_err(|_| unreadable())?;
            continue;
        }
        if let Some(parent) = path.parent() {
            folder(parent).map_err(|_| unreadable())?;
        }
        room -= extract(&mut entry, &path, room)?;
    }
    Ok(())
}

/// Gives the size on disk.
fn extract<R: Read>(entry: &mut ZipFile<'_, R>, path: &Path, room: u64) -> Result<u64, ApiError> {
    let executable = entry.unix_mode().is_some_and(|mode| mode & 0o111 != 0);
    let mut file = private(path, executable).map_err(|_| unreadable())?;
    let size = io::copy(&mut entry.take(room + 1), &mut file).map_err(|_| unreadable())?;
    if size > room {
        return Err(fault::invalid_parameter(format!(
            "Unzipped size must be smaller than {MOST_UNZIPPED} bytes"
        )));
    }
    Ok(size)
}

fn folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

#[cfg_attr(not(unix), expect(unused_variables))]
fn private(path: &Path, executable: bool) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        let mode = if executable { 0o700 } else { 0o600 };
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    }
    options.open(path)
}

#[cfg(test)]
mod tests {
    use zip::{ZipWriter, write::SimpleFileOptions};

    use super::*;

    #[test]
    fn the_limit_is_for_all_files_together() {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for name in ["a", "b"] {
            let options = SimpleFileOptions::default();
            zip.start_file(name, options).expect("a new file");
            zip.write_all(&[0; 500]).expect("in memory");
        }
        let zip = zip.finish().expect("in memory").into_inner();
        let into = std::env::temp_dir().join(format!("localaws-{}", FileId::new()));
        folder(&into).expect("a new folder");
        let unpacked = |room| unpack(&zip, &into, room).map_err(|e| e.message);
        let (enough, less) = (unpacked(1000), unpacked(999));
        std::fs::remove_dir_all(&into).expect("as it was made");
        assert_eq!(enough, Ok(()));
        assert!(less.is_err_and(|e| e.starts_with("Unzipped size must be smaller than")));
    }
}
