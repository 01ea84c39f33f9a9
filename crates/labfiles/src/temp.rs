//! Files that replace others whole.

use std::{fs::File, io};

use rustix::fs::{AtFlags, linkat, renameat, unlinkat};
use uuid::Uuid;

use crate::{Dir, How, refused::irregular};

const END: &str = ".new";

/// A new file under a name of its own, until it is given the name that it is for. Dropping it removes it.
#[derive(Debug)]
pub struct Temp {
    dir: Dir,
    name: String,
    file: File,
    named: bool,
}

impl Dir {
    /// A new file for its user alone. `prefix` begins its name.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn temp(&self, prefix: &str) -> io::Result<Temp> {
        let name = format!("{prefix}.{}{END}", Uuid::new_v4().simple());
        Ok(Temp {
            file: self.file(&name, How::New)?,
            dir: self.clone(),
            name,
            named: false,
        })
    }

    /// Removes what processes that were killed have left of [`Dir::temp`].
    pub fn sweep(&self, prefix: &str) {
        for name in self.names().unwrap_or_default() {
            let temporary = name.to_str().is_some_and(|name| is_temp(name, prefix));
            if temporary
                && self
                    .about(&name)
                    .is_ok_and(|about| irregular(&about).is_none())
            {
                // One that stays does no harm.
                let _ = self.remove(&name);
            }
        }
    }
}

/// Whether [`Dir::temp`] makes such names.
fn is_temp(name: &str, prefix: &str) -> bool {
    let random = name
        .strip_prefix(prefix)
        .and_then(|rest| rest.strip_prefix('.'))
        .and_then(|rest| rest.strip_suffix(END));
    random.is_some_and(|random| {
        random.len() == 32
            && random
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    })
}

impl Temp {
    /// To write to.
    pub fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Gives it the name, in place of the file that has it.
    ///
    /// # Errors
    /// It cannot be renamed, and is removed.
    pub fn replace(mut self, name: &str) -> io::Result<()> {
        renameat(&self.dir, self.name.as_str(), &self.dir, name)?;
        self.named = true;
        Ok(())
    }

    /// Gives it a name that no file has.
    ///
    /// # Errors
    /// A file has the name, or it cannot be renamed: it is removed.
    pub fn persist(mut self, name: &str) -> io::Result<()> {
        #[cfg(any(target_os = "linux", target_vendor = "apple"))]
        {
            use rustix::{
                fs::{RenameFlags, renameat_with},
                io::Errno,
            };
            let (dir, from) = (&self.dir, self.name.as_str());
            match renameat_with(dir, from, dir, name, RenameFlags::NOREPLACE) {
                Ok(()) => {
                    self.named = true;
                    return Ok(());
                }
                // Not on every file system.
                Err(Errno::NOSYS | Errno::INVAL | Errno::NOTSUP) => {}
                Err(e) => return Err(e.into()),
            }
        }
        let (dir, from) = (&self.dir, self.name.as_str());
        linkat(dir, from, dir, name, AtFlags::empty())?;
        unlinkat(dir, from, AtFlags::empty())?;
        self.named = true;
        Ok(())
    }
}

impl Drop for Temp {
    fn drop(&mut self) {
        if !self.named {
            let _ = unlinkat(&self.dir, self.name.as_str(), AtFlags::empty());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_temp;

    #[test]
    fn only_its_own_names_are_temporary() {
        let random = "0123456789abcdef0123456789abcdef";
        assert!(is_temp(&format!(".state.{random}.new"), ".state"));
        for other in [
            ".state",
            ".state.json",
            ".statement.pdf",
            ".stateA1b2C3",
            ".state.new",
            ".state..new",
            &format!(".state.{random}"),
            &format!(".state.{random}.new.bak"),
            &format!(".state.{random}0.new"),
            &format!(".state.{}.new", random.to_uppercase()),
            &format!(".state.{}.new", random.replace('0', "/")),
            &format!("x.state.{random}.new"),
            &format!(".tokens.{random}.new"),
            &format!(".statement.{random}.new"),
        ] {
            assert!(!is_temp(other, ".state"), "{other}");
        }
    }
}
