//! What nobody else may read: files and folders of the user alone; secrets in no output, state, log or
//! argument.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use crate::harness::{Said, Site};

/// Everything below a folder.
fn below(folder: &Path) -> Vec<PathBuf> {
    let mut all = vec![folder.to_owned()];
    let mut next = 0;
    while let Some(path) = all.get(next).cloned() {
        let entries = fs::read_dir(path).into_iter().flatten().flatten();
        all.extend(entries.map(|entry| entry.path()));
        next += 1;
    }
    all
}

#[test]
fn files_are_the_users_alone_whatever_the_umask() {
    for umask in ["000", "022", "077", "277", "777"] {
        let site = Site::tutorial();
        for line in ["up --local", "verify", "status", "up --local --until 3"] {
            let script = format!("umask {umask}; exec \"$0\" {line}");
            let mut command = site.program("sh");
            command.args(["-c", &script, env!("CARGO_BIN_EXE_labctl")]);
            assert!(Said::of(&mut command).code <= 3, "umask {umask}: {line}");
        }
        let mut all = below(&site.path(".labctl"));
        // The home folder itself is the test's.
        all.extend(below(&site.path("../home")).into_iter().skip(1));
        for must in [
            "state.json",
            "world.json",
            "twin.log",
            "daemon.json",
            "daemon.log",
            "lambda_function.py",
        ] {
            assert!(
                all.iter().any(|path| path.ends_with(must)),
                "umask {umask}: no {must} in {all:?}"
            );
        }
        let wrong: Vec<_> = all
            .iter()
            .map(|path| {
                (
                    path,
                    fs::symlink_metadata(path)
                        .expect("a file")
                        .permissions()
                        .mode()
                        & 0o7777,
                )
            })
            .filter(|(path, mode)| *mode != if path.is_dir() { 0o700 } else { 0o600 })
            .map(|(path, mode)| format!("{mode:o} {}", path.display()))
            .collect();
        assert!(wrong.is_empty(), "umask {umask}: {wrong:#?}");
    }
}

/// What `init` writes is the user's own: as the umask says.
#[test]
fn the_labs_files_are_like_any_the_user_writes() {
    let site = Site::empty();
    let mut command = site.program("sh");
    command.args([
        "-c",
        "umask 022; exec \"$0\" init",
        env!("CARGO_BIN_EXE_labctl"),
    ]);
    Said::of(&mut command).code(0);
    let mode = fs::metadata(site.path("lab.yaml"))
        .expect("a file")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o644, "{mode:o}");
}

const KEY: &str = "planted/SECRET+key";
const SESSION: &str = "planted-session-token";
const VARIABLE: &str = "planted-variable";
const SOURCE: &str = "planted-source";
const COMMAND: &str = "planted-output-of-otp-command";

/// Watches the arguments of every process while something else goes on.
struct Watch {
    stop: Arc<AtomicBool>,
    thread: thread::JoinHandle<BTreeSet<String>>,
}

impl Watch {
    fn start() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            let mut seen = BTreeSet::new();
            while !stopped.load(Ordering::Relaxed) {
                for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
                    // This one has the words in its own code only.
                    let line = fs::read(process.path().join("cmdline")).unwrap_or_default();
                    seen.insert(String::from_utf8_lossy(&line).replace('\0', " "));
                }
            }
            seen
        });
        Self { stop, thread }
    }

    fn seen(self) -> BTreeSet<String> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("the watcher")
    }
}

/// Where a secret may not be: name and text.
type Places = Vec<(String, String)>;

fn files(site: &Site, folder: &str, places: &mut Places) {
    for path in below(&site.path(folder)) {
        if path.is_file() {
            let text = String::from_utf8_lossy(&fs::read(&path).expect("readable")).into_owned();
            places.push((path.display().to_string(), text));
        }
    }
}

fn run(site: &Site, endpoint: &str, line: &str, log: Option<&str>, places: &mut Places) -> Said {
    let mut command: Command = site.command(line.split(' '));
    command
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_ACCESS_KEY_ID", "111122223333")
        .env("AWS_SECRET_ACCESS_KEY", KEY)
        .env("AWS_SESSION_TOKEN", SESSION)
        .envs(log.map(|log| ("LABCTL_LOG", log)));
    let said = Said::of(&mut command);
    places.push((format!("stdout of {line} {log:?}"), said.out.clone()));
    places.push((format!("stderr of {line} {log:?}"), said.err.clone()));
    said
}

#[test]
fn no_secret_is_told_kept_or_passed() {
    let site = Site::tutorial();
    site.edit(
        "    source:",
        &format!("    environment: {{ PLANTED: {VARIABLE} }}\n    source:"),
    );
    let handler = site.read("artifacts/hello/lambda_function.py");
    site.write(
        "artifacts/hello/lambda_function.py",
        format!("{handler}\n# {SOURCE}\n"),
    );
    site.ok("local start");
    let endpoint = site.endpoint();
    let mut places = Places::new();
    let watch = Watch::start();
    for (flags, log) in [("-vv", None), ("-v --json", None), ("-vv", Some("trace"))] {
        for line in ["up --yes", "status", "verify"] {
            run(
                &site,
                &endpoint,
                &format!("{line} {flags}"),
                log,
                &mut places,
            )
            .code(0);
        }
        // What drifted is told, and set anew.
        site.edit(VARIABLE, &format!("{VARIABLE}-2"));
        run(
            &site,
            &endpoint,
            &format!("status {flags}"),
            log,
            &mut places,
        )
        .code(3);
        run(
            &site,
            &endpoint,
            &format!("up --yes {flags}"),
            log,
            &mut places,
        )
        .code(0);
        site.edit(&format!("{VARIABLE}-2"), VARIABLE);
        // A code that is none, and credentials that fail.
        let otp = format!("verify {flags} --otp-command");
        let mut command = site.command(otp.split(' '));
        command
            .arg("cat code")
            .env("AWS_ENDPOINT_URL", &endpoint)
            .env("AWS_ACCESS_KEY_ID", "111122223333")
            .env("AWS_SECRET_ACCESS_KEY", KEY)
            .envs(log.map(|log| ("LABCTL_LOG", log)));
        site.write("code", COMMAND);
        let said = Said::of(&mut command);
        assert_ne!(said.code, 0);
        places.push((otp.clone(), said.out + &said.err));
        files(&site, ".labctl/cognito-authorizer", &mut places);
        run(
            &site,
            &endpoint,
            &format!("down --yes {flags}"),
            log,
            &mut places,
        )
        .code(0);
    }
    let seen = watch.seen();
    files(&site, ".labctl/cognito-authorizer", &mut places);
    for log in ["twin.log", "daemon.log", "daemon.json"] {
        places.push((log.to_owned(), site.read(&format!(".labctl/local/{log}"))));
    }
    let mails = site.ok("local inbox --json").json();
    let codes: Vec<String> = mails
        .as_array()
        .expect("mails")
        .iter()
        .filter_map(|mail| Some(mail["code"].as_str()?.to_owned()))
        .collect();
    assert!(codes.len() >= 6, "{codes:?}");

    // The watch saw arguments, and the logs are of what handled the secrets.
    for must in ["labctl verify -v --json", "labctl up --yes -vv", "cat code"] {
        assert!(
            seen.iter().any(|line| line.contains(must)),
            "no {must} in {seen:#?}"
        );
    }
    for must in ["RespondToAuthChallenge", "redacted", "CreateFunction"] {
        assert!(
            places.iter().any(|(_, text)| text.contains(must)),
            "no {must}"
        );
    }
    places.push((
        "arguments".to_owned(),
        seen.into_iter().collect::<Vec<_>>().join("\n"),
    ));

    let words = [KEY, SESSION, VARIABLE, SOURCE, COMMAND, "eyJ"];
    for (place, text) in &places {
        for word in words {
            assert!(!text.contains(word), "{word} in {place}");
        }
        let numbers: BTreeSet<&str> = text.split(|c: char| !c.is_ascii_digit()).collect();
        for code in &codes {
            assert!(
                !numbers.contains(code.as_str()),
                "the code {code} in {place}"
            );
        }
    }
}
