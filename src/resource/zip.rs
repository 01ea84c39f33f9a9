//! A function's source folder as a zip, the same bytes for the same files on any machine.

use std::{
    fs,
    io::{self, Cursor, Write},
    path::{Path, PathBuf},
};

use zip::{CompressionMethod, DateTime, ZipWriter, write::SimpleFileOptions};

/// What Lambda takes in one call (bytes).
const MOST_BYTES: usize = 50 * 1024 * 1024;

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
    #[error("{}: links are not packed: copy the file into the source folder", .0.display())]
    Link(PathBuf),
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
}

/// Packs every regular file under `folder`, in the order of their names, with fixed times and modes
/// (0644). Hidden files, `__pycache__` and `*.pyc` are left out.
pub fn pack(folder: &Path) -> Result<Vec<u8>, ZipError> {
    let mut files = Vec::new();
    collect(folder, "", &mut files)?;
    if files.is_empty() {
        return Err(ZipError::Empty(folder.to_owned()));
    }
    files.sort();
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, path) in &files {
        let at = |source| ZipError::Io {
            path: path.clone(),
            source,
        };
        let bytes = fs::read(path).map_err(at)?;
        zip.start_file(name.as_str(), options)
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
        let compiled = Path::new(&name)
            .extension()
            .is_some_and(|e| e.eq_ignore_ascii_case("pyc"));
        if name.starts_with('.') || name == "__pycache__" || compiled {
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
