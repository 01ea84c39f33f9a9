//! A function's source folder as a zip, the same bytes for the same files on any machine.

use std::{
    fs::{self, OpenOptions},
    io::{self, Cursor, Read, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use rustix::{fs::OFlags, io::Errno};
use zip::{CompressionMethod, DateTime, ZipWriter, write::SimpleFileOptions};

/// What Lambda takes in one call (bytes).
const MOST_BYTES: usize = 50 * 1024 * 1024;
/// What Lambda takes when it is unpacked (bytes).
const MOST_UNPACKED: u64 = 250 * 1024 * 1024;

/// Why a folder cannot be packed.
#[derive(Debug, thiserror::Error)]
pub enum ZipError {
    /// Reading failed.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A link may lead out of the folder.
    #[error("{}: links are not packed: copy what it leads to into the source folder", .0.display())]
    Link(PathBuf),
    /// A pipe, a socket or a device.
    #[error("{}: neither a file nor a folder: remove it from the source folder", .0.display())]
    NoFile(PathBuf),
    /// Somebody writes to it.
    #[error("{}: it changed while it was packed: run the same command again", .0.display())]
    Changed(PathBuf),
    /// A name that a zip cannot hold.
    #[error("{}: the file name is not UTF-8", .0.display())]
    Name(PathBuf),
    /// Nothing to pack.
    #[error("{}: no files to pack", .0.display())]
    Empty(PathBuf),
    /// Too large for a direct upload.
    #[error("{}: {bytes} bytes when packed; Lambda takes at most {MOST_BYTES} in one call", path.display())]
    TooBig {
        /// The folder.
        path: PathBuf,
        /// Size of the zip.
        bytes: usize,
    },
    /// Too large for Lambda.
    #[error("{}: more than {MOST_UNPACKED} bytes, which is the most that Lambda takes unpacked", .0.display())]
    TooBigUnpacked(PathBuf),
}

/// Packs every file under `folder`, in the order of their names, with fixed times and modes: 0755 for what its owner may
/// run, 0644 for the rest. Hidden files, `__pycache__` and `*.pyc` are left out; links, pipes and devices are errors.
pub fn pack(folder: &Path) -> Result<Vec<u8>, ZipError> {
    let mut files = Vec::new();
    collect(folder, "", &mut files)?;
    if files.is_empty() {
        return Err(ZipError::Empty(folder.to_owned()));
    }
    files.sort();
    let mut room = MOST_UNPACKED;
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default());
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, path) in &files {
        let at = |source| ZipError::Io {
            path: path.clone(),
            source,
        };
        let (bytes, mode) =
            read(path, room)?.ok_or_else(|| ZipError::TooBigUnpacked(folder.to_owned()))?;
        room = room.saturating_sub(bytes.len() as u64);
        zip.start_file(name.as_str(), options.unix_permissions(mode))
            .map_err(io::Error::from)
            .map_err(at)?;
        zip.write_all(&bytes).map_err(at)?;
    }
    let packed = zip
        .finish()
        .map_err(|e| ZipError::Io {
            path: folder.to_owned(),
            source: e.into(),
        })?
        .into_inner();
    if packed.len() > MOST_BYTES {
        return Err(ZipError::TooBig {
            path: folder.to_owned(),
            bytes: packed.len(),
        });
    }
    Ok(packed)
}

/// A file's bytes and its mode in the zip; `None`: more than `room`. What was a file when the folder was listed may be a link
/// or a pipe by now.
fn read(path: &Path, room: u64) -> Result<Option<(Vec<u8>, u32)>, ZipError> {
    let at = |source| ZipError::Io {
        path: path.to_owned(),
        source,
    };
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits().cast_signed())
        .open(path);
    let file = match opened {
        Err(e) if e.raw_os_error() == Some(Errno::LOOP.raw_os_error()) => {
            return Err(ZipError::Link(path.to_owned()));
        }
        opened => opened.map_err(at)?,
    };
    let before = file.metadata().map_err(at)?;
    if !before.is_file() {
        return Err(ZipError::NoFile(path.to_owned()));
    }
    if before.len() > room {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    (&file).take(room + 1).read_to_end(&mut bytes).map_err(at)?;
    let after = file.metadata().map_err(at)?;
    let same = bytes.len() as u64 == before.len()
        && before.modified().ok() == after.modified().ok()
        && before.len() == after.len();
    if same {
        let runs = before.permissions().mode() & 0o100 != 0;
        Ok(Some((bytes, if runs { 0o755 } else { 0o644 })))
    } else {
        Err(ZipError::Changed(path.to_owned()))
    }
}

/// What may be in a function's zip, or keeps it from being packed: for who waits for changes. What cannot be read is left out.
pub fn watched(folder: &Path) -> Vec<PathBuf> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
        for entry in entries.filter(|entry| !is_left_out(&entry.file_name().to_string_lossy())) {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(_) => found.push(entry.path()),
                Err(_) => {}
            }
        }
    }
    found
}

/// Hidden files, and what Python compiles beside its sources.
fn is_left_out(name: &str) -> bool {
    let compiled = Path::new(name)
        .extension()
        .is_some_and(|e| e.eq_ignore_ascii_case("pyc"));
    name.starts_with('.') || name == "__pycache__" || compiled
}

fn collect(
    folder: &Path,
    prefix: &str,
    files: &mut Vec<(String, PathBuf)>,
) -> Result<(), ZipError> {
    let at = |source| ZipError::Io {
        path: folder.to_owned(),
        source,
    };
    for entry in fs::read_dir(folder).map_err(at)? {
        let entry = entry.map_err(at)?;
        let path = entry.path();
        let Ok(name) = entry.file_name().into_string() else {
            return Err(ZipError::Name(path));
        };
        if is_left_out(&name) {
            continue;
        }
        let kind = entry.file_type().map_err(at)?;
        let inside = format!("{prefix}{name}");
        if kind.is_symlink() {
            return Err(ZipError::Link(path));
        } else if kind.is_dir() {
            collect(&path, &format!("{inside}/"), files)?;
        } else if kind.is_file() {
            files.push((inside, path));
        } else {
            return Err(ZipError::NoFile(path));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_files_give_the_same_bytes() -> Result<(), Box<dyn std::error::Error>> {
        let packed = |order: &[&str]| -> Result<Vec<u8>, Box<dyn std::error::Error>> {
            let folder = tempfile::tempdir()?;
            fs::create_dir(folder.path().join("pkg"))?;
            fs::create_dir(folder.path().join("__pycache__"))?;
            for name in order {
                fs::write(
                    folder.path().join(name),
                    name.trim_start_matches("__pycache__/"),
                )?;
            }
            Ok(pack(folder.path())?)
        };
        let one = packed(&["a.py", "pkg/b.py", "__pycache__/x.pyc"])?;
        let two = packed(&["pkg/b.py", "a.py", ".hidden"])?;
        assert_eq!(one, two);
        let other = packed(&["a.py", "pkg/c.py"])?;
        assert_ne!(one, other);
        Ok(())
    }

    #[test]
    fn links_are_refused() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("a.py"))?;
        assert!(matches!(pack(folder.path()), Err(ZipError::Link(_))));
        Ok(())
    }
}
