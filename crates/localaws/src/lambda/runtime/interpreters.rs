//! Which program runs a function: the interpreter that its runtime names, or the nearest one of this machine.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
};

use tokio::{
    process::Command,
    sync::{Mutex, OnceCell},
};

use super::{
    isolation::{Isolation, View},
    launch::Launch,
};
use crate::{app::Config, environment};

pub(super) const PYTHON: Language = Language {
    command: "python3",
    name: "python",
    tells_itself: &[
        "-c",
        "import os, sys; print('%d.%d.%d' % sys.version_info[:3], os.path.realpath(sys.executable), \
         sys.prefix, sys.base_prefix, sep='\\n')",
    ],
    bootstrap: concat!(include_str!("load.py"), include_str!("bootstrap.py")),
    installed: &[
        ("PYENV_ROOT", ".pyenv", "versions/{}/bin/python3"),
        (
            "UV_PYTHON_INSTALL_DIR",
            ".local/share/uv/python",
            "cpython-{}/bin/python3",
        ),
        ("ASDF_DATA_DIR", ".asdf", "installs/python/{}/bin/python3"),
        (
            "MISE_DATA_DIR",
            ".local/share/mise",
            "installs/python/{}/bin/python3",
        ),
    ],
    packages: "python",
    packages_inside: "/var/runtime",
    advice: "install Python 3.9 or later",
};

pub(super) const NODE: Language = Language {
    command: "node",
    name: "nodejs",
    tells_itself: &[
        "-e",
        "console.log([process.versions.node, process.execPath].join('\\n'))",
    ],
    bootstrap: concat!(include_str!("load.mjs"), include_str!("bootstrap.mjs")),
    installed: &[
        ("NVM_DIR", ".nvm", "versions/node/{}/bin/node"),
        (
            "FNM_DIR",
            ".local/share/fnm",
            "node-versions/{}/installation/bin/node",
        ),
        ("VOLTA_HOME", ".volta", "tools/image/node/{}/bin/node"),
        ("N_PREFIX", "/usr/local", "n/versions/node/{}/bin/node"),
        ("NODENV_ROOT", ".nodenv", "versions/{}/bin/node"),
        ("ASDF_DATA_DIR", ".asdf", "installs/nodejs/{}/bin/node"),
        (
            "MISE_DATA_DIR",
            ".local/share/mise",
            "installs/node/{}/bin/node",
        ),
    ],
    packages: "nodejs/node_modules",
    // Node.js looks for modules in the folders above the code.
    packages_inside: "/var/node_modules",
    advice: "install Node.js 18 or later",
};

/// A language of Lambda's managed runtimes.
pub(super) struct Language {
    /// Looked for on PATH.
    pub(super) command: &'static str,
    /// As runtimes are named.
    pub(super) name: &'static str,
    /// Arguments that have it print lines: its version, its path, and folders that belong to it.
    tells_itself: &'static [&'static str],
    pub(super) bootstrap: &'static str,
    /// Where version managers keep interpreters: a variable that names their folder, the folder without it (in the
    /// home), and the place inside, whose `{}` begins with the version, after a word or a `v`.
    installed: &'static [(&'static str, &'static str, &'static str)],
    /// Where the packages that Lambda's runtimes have are in labctl's cache, and in an isolated process.
    packages: &'static str,
    pub(super) packages_inside: &'static str,
    advice: &'static str,
}

/// A program that runs handlers. Shims of version managers are slow, and want variables of the user's environment that
/// handlers do not get: so this is the program behind them.
#[derive(Debug)]
pub(super) struct Interpreter {
    pub(super) path: PathBuf,
    /// `3.13.1`
    pub(super) version: Version,
    /// Folders that it needs.
    pub(super) folders: Vec<PathBuf>,
    isolation: OnceCell<Isolation>,
}

/// Major, minor, patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version([u32; 3]);

/// What was found so far, by runtime.
#[derive(Default)]
pub(super) struct Interpreters(Mutex<HashMap<String, Arc<Interpreter>>>);

impl Interpreters {
    /// The interpreter for a runtime like `python3.13`.
    pub(super) async fn of(
        &self,
        runtime: &str,
    ) -> Result<(&'static Language, Arc<Interpreter>), String> {
        let language = Language::of(runtime);
        let mut known = self.0.lock().await;
        if let Some(found) = known.get(runtime) {
            return Ok((language, Arc::clone(found)));
        }
        let found = Arc::new(language.find(runtime).await?);
        known.insert(runtime.to_owned(), Arc::clone(&found));
        Ok((language, found))
    }
}

impl Interpreter {
    /// How its processes are kept from the machine's files: tried once.
    pub(super) async fn isolation(&self, config: &Config, view: &View<'_>) -> &Isolation {
        let tried = async {
            if config.handlers.isolated {
                Isolation::of_machine(view, &self.path).await
            } else {
                Isolation::None("asked for".to_owned())
            }
        };
        self.isolation.get_or_init(|| tried).await
    }
}

impl Version {
    /// `3.13.1`, `v22.4.0`, `3.13`; what is left out is 0.
    fn of(text: &str) -> Option<Self> {
        let mut parts = text.trim_start_matches('v').splitn(3, '.');
        let first = parts.next()?.parse().ok()?;
        let mut next = || {
            let part = parts.next().unwrap_or("0");
            let digits = part
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(part.len());
            part.get(..digits).unwrap_or_default().parse().unwrap_or(0)
        };
        Some(Self([first, next(), next()]))
    }

    fn major(self) -> u32 {
        self.0[0]
    }

    /// Whether Node.js knows the option `--experimental-require-module`.
    fn can_require_modules(self) -> bool {
        self.0 >= [20, 17, 0] && self.major() != 21
    }

    /// Whether Node.js knows the option `--experimental-detect-module`.
    fn can_detect_modules(self) -> bool {
        self.0 >= [20, 10, 0] && self.0 != [21, 0, 0]
    }

    /// What a runtime's name tells: Python's major and minor version, Node.js's major version.
    fn release(self, language: &Language) -> (u32, u32) {
        let [major, minor, _] = self.0;
        if language.name == PYTHON.name {
            (major, minor)
        } else {
            (major, 0)
        }
    }

    /// How far it is from another one: newer counts as nearer than older by the same number of releases, since the
    /// newer one mostly runs what the older one did.
    fn distance(self, wanted: Self, language: &Language) -> (u32, u32, bool) {
        let (own, other) = (self.release(language), wanted.release(language));
        (
            own.0.abs_diff(other.0),
            own.1.abs_diff(other.1),
            own < other,
        )
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [major, minor, patch] = self.0;
        write!(f, "{major}.{minor}.{patch}")
    }
}

impl Language {
    pub(super) fn of(runtime: &str) -> &'static Self {
        if runtime.starts_with(PYTHON.name) {
            &PYTHON
        } else {
            &NODE
        }
    }

    /// The version that a runtime names.
    pub(super) fn wanted(&self, runtime: &str) -> Option<Version> {
        Version::of(runtime.strip_prefix(self.name)?.trim_end_matches(".x"))
    }

    /// What somebody should know who expects the runtime that a function names: another version runs it.
    pub(super) fn differs(&self, version: Version, runtime: &str) -> Option<String> {
        let same = self
            .wanted(runtime)
            .is_some_and(|wanted| wanted.release(self) == version.release(self));
        (!same).then(|| {
            format!(
                "{runtime} functions run on {} {version} of this machine: what differs between the versions differs on AWS",
                self.command
            )
        })
    }

    /// The packages that Lambda's runtimes have, if labctl has them.
    pub(super) fn packages(&self, cache: &Path) -> Option<PathBuf> {
        Some(cache.join(self.packages)).filter(|path| path.is_dir())
    }

    /// What comes before the program: as on Lambda, a function's own `NODE_OPTIONS` go before the runtime's.
    pub(super) fn options(&self, version: &Version, launch: &Launch) -> Vec<String> {
        if self.name == PYTHON.name {
            // `-S`: without the packages of this machine.
            return ["-X", "utf8", "-u", "-B", "-S", "-s", "-c"]
                .map(str::to_owned)
                .into();
        }
        let mut options = vec!["--input-type=module".to_owned()];
        let given = launch.variable("NODE_OPTIONS").replace('_', "-");
        if !given.contains("max-semi-space-size") && !given.contains("max-old-space-size") {
            let young = launch.memory_mb / 10;
            options.push(format!("--max-semi-space-size={}", (young / 2).max(1)));
            options.push(format!("--max-old-space-size={}", launch.memory_mb - young));
        }
        // AWS's documentation, "Building Lambda functions with Node.js".
        let off = [
            (
                "experimental-require-module",
                &["nodejs20.x", "nodejs22.x"][..],
                version.can_require_modules(),
            ),
            (
                "experimental-detect-module",
                &["nodejs22.x"],
                version.can_detect_modules(),
            ),
        ];
        for (feature, runtimes, known) in off {
            if known && runtimes.contains(&launch.runtime.as_str()) && !given.contains(feature) {
                options.push(format!("--no-{feature}"));
            }
        }
        options.push("-e".to_owned());
        options
    }

    async fn find(&self, runtime: &str) -> Result<Interpreter, String> {
        let wanted = self.wanted(runtime);
        let on_path = self.ask(Path::new(self.command)).await;
        let Some(wanted) = wanted else { return on_path };
        let same = |version: Version| version.release(self) == wanted.release(self);
        if let Ok(found) = &on_path
            && same(found.version)
        {
            return on_path;
        }
        let mut others = self.installed();
        if self.name == PYTHON.name {
            let (major, minor) = wanted.release(self);
            others.push((
                PathBuf::from(format!("{}{major}.{minor}", self.name)),
                wanted,
            ));
        }
        // The nearest first, and of the same release the newest.
        others.sort_by_key(|(_, version)| {
            (version.distance(wanted, self), std::cmp::Reverse(version.0))
        });
        for (path, version) in others {
            let nearer = on_path.as_ref().map_or(true, |found| {
                version.distance(wanted, self) < found.version.distance(wanted, self)
            });
            if !nearer {
                break;
            }
            // A folder of a version manager may be empty or broken.
            if let Ok(found) = self.ask(&path).await
                && found.version.release(self) == version.release(self)
            {
                return Ok(found);
            }
        }
        on_path
    }

    /// What version managers installed. Only looked at by name.
    fn installed(&self) -> Vec<(PathBuf, Version)> {
        let home = std::env::home_dir().unwrap_or_default();
        let mut found = Vec::new();
        for (variable, usual, inside) in self.installed {
            let root = std::env::var_os(variable).map_or_else(|| home.join(usual), PathBuf::from);
            let Some((before, behind)) = inside.split_once("{}/") else {
                continue;
            };
            let (folder, word) = before.rsplit_once('/').unwrap_or(("", before));
            for entry in fs::read_dir(root.join(folder))
                .into_iter()
                .flatten()
                .flatten()
            {
                let name = entry.file_name();
                let version = name
                    .to_str()
                    .and_then(|name| name.strip_prefix(word))
                    .and_then(Version::of);
                let path = entry.path().join(behind);
                if let Some(version) = version
                    && version.is_supported(self)
                    && path.is_file()
                {
                    found.push((path, version));
                }
            }
        }
        found
    }

    /// Asks an interpreter what and where it is.
    async fn ask(&self, command: &Path) -> Result<Interpreter, String> {
        let advice = self.advice;
        let shown = command.display();
        let told = Command::new(command)
            .args(self.tells_itself)
            .env_clear()
            .envs(environment::passed())
            .stdin(Stdio::null())
            .output()
            .await
            .map_err(|_| {
                format!("{shown} was not found on PATH: {advice} to run this function locally")
            })?;
        let text = String::from_utf8_lossy(&told.stdout);
        let mut lines = text.lines();
        if told.status.success()
            && let Some(version) = lines.next().and_then(Version::of)
            && let Some(path) = lines.next().map(PathBuf::from)
            && path.is_absolute()
        {
            // `bin` is a folder beside what the program needs.
            let own = path.parent().and_then(Path::parent).map(Path::to_owned);
            return Ok(Interpreter {
                folders: lines.map(PathBuf::from).chain(own).collect(),
                path,
                version,
                isolation: OnceCell::new(),
            });
        }
        let why = String::from_utf8_lossy(&told.stderr);
        Err(format!(
            "{shown} on PATH does not work ({}): {advice} to run this function locally",
            why.trim()
        ))
    }
}

impl Version {
    /// Whether the bootstrap programs run on it.
    fn is_supported(self, language: &Language) -> bool {
        self.release(language)
            >= if language.name == PYTHON.name {
                (3, 9)
            } else {
                (18, 0)
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_folders_name_them() {
        for (text, version) in [
            ("3.13.0", Some([3, 13, 0])),
            ("v22.4.1", Some([22, 4, 1])),
            ("3.14.0rc1", Some([3, 14, 0])),
            ("3.13.1-linux-x86_64-gnu", Some([3, 13, 1])),
            ("22", Some([22, 0, 0])),
            ("system", None),
            ("", None),
        ] {
            assert_eq!(Version::of(text), version.map(Version), "{text}");
        }
    }

    #[test]
    fn the_nearest_release_is_the_newer_of_two() {
        let nearest = |language: &Language, runtime: &str, versions: &[&str]| {
            let wanted = language.wanted(runtime).expect("a runtime");
            let all = versions.iter().filter_map(|text| Version::of(text));
            all.min_by_key(|version| version.distance(wanted, language))
                .expect("a version")
                .to_string()
        };
        assert_eq!(
            nearest(&PYTHON, "python3.12", &["3.11.7", "3.13.0", "3.9.1"]),
            "3.13.0"
        );
        assert_eq!(
            nearest(&PYTHON, "python3.14", &["3.11.7", "3.13.0"]),
            "3.13.0"
        );
        assert_eq!(
            nearest(&PYTHON, "python3.9", &["3.11.7", "3.10.1"]),
            "3.10.1"
        );
        assert_eq!(
            nearest(&NODE, "nodejs22.x", &["20.20.2", "24.1.0"]),
            "24.1.0"
        );
        assert_eq!(
            nearest(&NODE, "nodejs20.x", &["22.0.0", "18.0.0", "20.1.0"]),
            "20.1.0"
        );
    }

    #[test]
    fn another_release_is_told() {
        let told = |language: &Language, version: &str, runtime: &str| {
            language
                .differs(Version::of(version).expect("a version"), runtime)
                .is_some()
        };
        assert!(!told(&PYTHON, "3.13.4", "python3.13"));
        assert!(told(&PYTHON, "3.12.4", "python3.13"));
        assert!(told(&PYTHON, "3.1.4", "python3.13"));
        assert!(!told(&NODE, "22.1.0", "nodejs22.x"));
        assert!(told(&NODE, "20.22.0", "nodejs22.x"));
    }
}
