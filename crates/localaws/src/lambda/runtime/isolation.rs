//! What of the machine's files a handler sees: on Linux, where an ordinary user may, only what Lambda has.

use std::{
    fmt::Write,
    path::{Path, PathBuf},
    process::Stdio,
};

use tokio::process::Command;

/// Lambda's folder of the function's code.
pub(super) const TASK_ROOT: &str = "/var/task";

/// What a machine's programs need, and may be read by a handler.
const SYSTEM: [&str; 15] = [
    "/usr", "/etc", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/opt", "/nix", "/gnu",
    "/snap", "/run", // Name servers are a link to there on WSL.
    "/mnt/wsl", "/sys",
];

/// Makes a new root in a file system of its own, in the folder `$1`, by the table of mounts `$2`, and runs the rest of
/// the arguments in it. Everything ends with the process.
const SCRIPT: &str = r#"set -e
cd "$1"
mount -n -t tmpfs -o mode=755 tmpfs .
cd "$1"
printf '%s' "$2" > table
mount -n -a -T table
rm table
for link in /bin /sbin /lib /lib32 /lib64 /libx32; do
  if [ -h "$link" ]; then cp -P "$link" .; fi
done
mkdir -p home root
mount -n -o remount,ro,bind "$1"
shift 2
exec chroot . /bin/sh -c 'cd /var/task && exec "$@"' sh "$@"
"#;

/// How handlers are kept from the machine's files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Isolation {
    /// In a mount namespace: a read-only `/var/task`, an own `/tmp`, nothing else to be written.
    Namespace,
    /// In the machine's own files, for a reason.
    None(String),
}

/// What a handler's process sees besides the system.
pub(super) struct View<'a> {
    /// The unpacked code.
    pub(super) code: &'a Path,
    /// Of the interpreter.
    pub(super) folders: &'a [PathBuf],
    /// The runtime's own packages, and where they are seen.
    pub(super) packages: Option<(&'a Path, &'static str)>,
    /// MB of `/tmp`.
    pub(super) storage: u32,
    /// An empty folder to mount in; many may do so at the same time.
    pub(super) root: &'a Path,
}

impl Isolation {
    /// As the bootstrap programs are told.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Namespace => "namespace",
            Self::None(_) => "none",
        }
    }

    /// What somebody should know who expects Lambda's file system.
    pub(crate) fn differs(&self) -> Option<String> {
        match self {
            Self::Namespace => None,
            Self::None(why) => Some(format!(
                "Handlers see this machine's files ({why}): on AWS only /tmp can be written, and the code is in {TASK_ROOT}"
            )),
        }
    }

    /// Tries whether this machine lets this user have namespaces, with a program that handlers will need.
    pub(super) async fn of_machine(view: &View<'_>, program: &Path) -> Self {
        if !cfg!(target_os = "linux") {
            return Self::None("this system has no namespaces".to_owned());
        }
        let mut arguments = arguments(view);
        let command = arguments.remove(0);
        let tried = Command::new(command)
            .args(arguments)
            .arg(program)
            .arg("--version")
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .stdin(Stdio::null())
            .output()
            .await;
        match tried {
            Ok(output) if output.status.success() => Self::Namespace,
            Ok(output) => Self::None(
                String::from_utf8_lossy(&output.stderr)
                    .lines()
                    .next()
                    .unwrap_or("unshare failed")
                    .to_owned(),
            ),
            Err(error) => Self::None(format!("unshare: {error}")),
        }
    }
}

/// The command before that of the handler.
pub(super) fn arguments(view: &View<'_>) -> Vec<String> {
    let words = [
        "unshare",
        "--user",
        "--map-root-user",
        "--mount",
        "/bin/sh",
        "-c",
        SCRIPT,
        "sh",
    ];
    let mut all: Vec<String> = words.map(str::to_owned).into();
    all.push(view.root.to_string_lossy().into_owned());
    all.push(table(view));
    all
}

/// The mounts, in the format of `fstab`.
fn table(view: &View<'_>) -> String {
    let mut table = String::new();
    let mut add = |what: &Path, place: &str, kind: &str, options: &str| {
        let place = format!("{}{place}", view.root.display());
        let _ = writeln!(
            table,
            "{} {} {kind} {options},X-mount.mkdir 0 0",
            escaped(&what.to_string_lossy()),
            escaped(&place)
        );
    };
    for name in SYSTEM {
        let path = Path::new(name);
        if path.is_dir() && !path.is_symlink() {
            add(path, name, "none", &read_only(path, "rbind"));
        }
    }
    for name in ["/dev", "/proc"] {
        add(Path::new(name), name, "none", "rbind");
    }
    let size = format!("size={}m,mode=1777", view.storage);
    add(Path::new("tmpfs"), "/tmp", "tmpfs", &size);
    let mut folders: Vec<PathBuf> = view
        .folders
        .iter()
        .filter_map(|f| f.canonicalize().ok())
        .collect();
    folders.sort();
    folders.dedup();
    let mut seen: Vec<&Path> = SYSTEM.iter().map(Path::new).collect();
    for folder in &folders {
        if folder.parent().is_some() && !seen.iter().any(|seen| folder.starts_with(seen)) {
            add(
                folder,
                &folder.to_string_lossy(),
                "none",
                &read_only(folder, "bind"),
            );
            seen.push(folder);
        }
    }
    add(view.code, TASK_ROOT, "none", &read_only(view.code, "bind"));
    if let Some((packages, inside)) = view.packages {
        add(packages, inside, "none", &read_only(packages, "bind"));
    }
    table
}

/// Options for a read-only view of a folder. What its file system forbids must be named again: only who mounted it may
/// take that away.
fn read_only(folder: &Path, kind: &str) -> String {
    let mut options = format!("{kind},ro");
    #[cfg(target_os = "linux")]
    if let Ok(system) = rustix::fs::statvfs(folder) {
        use rustix::fs::StatVfsMountFlags as Flag;
        for (flag, name) in [
            (Flag::NOSUID, "nosuid"),
            (Flag::NODEV, "nodev"),
            (Flag::NOEXEC, "noexec"),
            (Flag::NOATIME, "noatime"),
            (Flag::NODIRATIME, "nodiratime"),
            (Flag::RELATIME, "relatime"),
        ] {
            if system.f_flag.contains(flag) {
                options.push(',');
                options.push_str(name);
            }
        }
    }
    options
}

/// A path in a table: blanks would end it.
fn escaped(path: &str) -> String {
    path.replace('\\', "\\134")
        .replace(' ', "\\040")
        .replace('\t', "\\011")
        .replace('\n', "\\012")
}
