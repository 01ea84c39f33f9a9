//! A lab's folder that somebody else has prepared: links, other files, ids that are none, other users' folders.

mod ids;
mod links;
mod owners;
mod world;

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use crate::harness::Site;

const LAB: &str = ".labctl/cognito-authorizer";
const STATE: &str = ".labctl/cognito-authorizer/state.json";
const WORLD: &str = ".labctl/local/world.json";

/// The user's own files, which no command may touch.
struct Victim {
    folder: PathBuf,
    before: BTreeMap<PathBuf, Vec<u8>>,
}

impl Victim {
    /// With files that labctl would take for its own.
    fn beside(site: &Site) -> Self {
        let folder = site.path("../victim");
        fs::create_dir_all(folder.join("lambda/in")).expect("a folder");
        for name in [
            "thesis",
            "lock",
            ".statement.pdf",
            "daemon.log",
            "twin.log",
            "lambda/in/file",
        ] {
            fs::write(folder.join(name), format!("{name}, original")).expect("a file");
        }
        let before = everything(&folder);
        Self { folder, before }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    #[track_caller]
    fn is_unharmed(&self, after: &str) {
        assert_eq!(everything(&self.folder), self.before, "after {after}");
    }
}

fn everything(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            all.extend(everything(&path));
            all.insert(path, Vec::new());
        } else {
            let bytes = fs::read(&path).expect("a file");
            all.insert(path, bytes);
        }
    }
    all
}

/// What is put in the place of a file or folder.
#[derive(Debug, Clone, Copy)]
enum Put {
    /// A link to something of the user's.
    Link,
    /// A link that leads nowhere.
    Dangling,
    Pipe,
    Folder,
    File,
}

impl Put {
    fn at(self, path: &Path, target: &Path) {
        let parent = path.parent().expect("a folder");
        fs::create_dir_all(parent).expect("a folder");
        match self {
            Self::Link => symlink(target, path).expect("a link"),
            Self::Dangling => symlink("../../nowhere", path).expect("a link"),
            Self::Pipe => {
                let made = Command::new("mkfifo").arg(path).status();
                assert!(made.expect("mkfifo runs").success());
            }
            Self::Folder => fs::create_dir(path).expect("a folder"),
            Self::File => fs::write(path, "not labctl's").expect("a file"),
        }
    }

    /// Words of the error, where a folder or a file should be.
    fn told(self, folder: bool) -> &'static str {
        match self {
            Self::Link | Self::Dangling => "is a link",
            Self::File | Self::Pipe if folder => "is not a folder",
            Self::Pipe => "is a named pipe, not a file",
            Self::Folder => "is a folder, not a file",
            Self::File => "",
        }
    }
}
