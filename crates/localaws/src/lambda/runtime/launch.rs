//! Starting a handler's process: interpreter, environment, pipes.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tokio::{process::Command, sync::OnceCell};

use super::process::Process;
use crate::{
    app::App,
    environment, ids,
    lambda::{code::Folder, function::Function, name::Named},
    sts::{Grant, Session},
};

/// The pipes that come as standard streams go to descriptors 3 and 4, so that what the handler (or
/// a program that it runs) prints cannot get between the answers: it goes to the log, with its errors.
const PIPES: &str = "exec 3<&0 4>&1 </dev/null >&2; exec \"$@\"";

const PYTHON: Language = Language {
    command: "python3",
    name: "python",
    tells_itself: &[
        "-c",
        "import sys; sys.stdout.write('%d.%d.%d ' % sys.version_info[:3] + sys.executable)",
    ],
    options: &["-X", "utf8", "-u", "-B", "-c"],
    bootstrap: include_str!("bootstrap.py"),
    advice: "install Python 3.9 or later",
};

const NODE: Language = Language {
    command: "node",
    name: "nodejs",
    tells_itself: &[
        "-e",
        "process.stdout.write(process.versions.node + ' ' + process.execPath)",
    ],
    options: &["--input-type=module", "-e"],
    bootstrap: include_str!("bootstrap.mjs"),
    advice: "install Node.js 18 or later",
};

struct Language {
    command: &'static str,
    /// As runtimes are named.
    name: &'static str,
    /// Arguments that have it print its version and its path.
    tells_itself: &'static [&'static str],
    options: &'static [&'static str],
    bootstrap: &'static str,
    advice: &'static str,
}

/// Seconds that the keys of a handler's process are good for: longer than one lives.
const KEYS: u32 = 7 * 86400;

/// Where the interpreters really are. Shims of version managers are slow, and want variables of the
/// user's environment that handlers do not get.
#[derive(Default)]
pub(super) struct Interpreters {
    python: OnceCell<Interpreter>,
    node: OnceCell<Interpreter>,
}

struct Interpreter {
    path: PathBuf,
    /// `3.13.1`
    version: String,
}

/// All that a process of a function needs, as the function was when it was invoked.
#[derive(Debug, Clone)]
pub(in crate::lambda) struct Launch {
    /// Without a qualifier.
    pub(in crate::lambda) function_arn: String,
    name: String,
    pub(in crate::lambda) account: String,
    pub(in crate::lambda) region: String,
    pub(in crate::lambda) role: String,
    pub(in crate::lambda) revision: String,
    pub(in crate::lambda) log_group: String,
    pub(in crate::lambda) memory_mb: u32,
    pub(in crate::lambda) timeout: Duration,
    runtime: String,
    folder: PathBuf,
    environment: BTreeMap<String, String>,
}

impl Launch {
    pub(in crate::lambda) fn of(app: &App, named: &Named, function: &Function) -> Self {
        let settings = &function.settings;
        let folder = Folder::of(&app.config.dir, function.id).unpacked(&function.code);
        let folder = std::path::absolute(&folder).unwrap_or(folder);
        let function_arn = named.plain_arn();
        let path = std::env::var("PATH").unwrap_or_default();
        let memory = settings.memory_size.to_string();
        let execution = format!("AWS_Lambda_{}", settings.runtime);
        let root = folder.to_string_lossy();

        // The function's own variables may replace the first ones only.
        let mut environment: BTreeMap<String, String> = [
            ("PATH", path.as_str()),
            ("LANG", "en_US.UTF-8"),
            ("TZ", ":UTC"),
            ("PYTHONDONTWRITEBYTECODE", "1"),
            // The user's own profiles are none of the handler's business.
            ("AWS_CONFIG_FILE", "/dev/null"),
            ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
            ("AWS_ENDPOINT_URL", app.endpoint()),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        let own = settings.variables();
        environment.extend(own.map(|(name, value)| (name.clone(), value.clone())));
        let own = [
            ("_HANDLER", settings.handler.as_str()),
            ("LAMBDA_TASK_ROOT", &root),
            ("AWS_EXECUTION_ENV", &execution),
            ("AWS_REGION", &named.region),
            ("AWS_DEFAULT_REGION", &named.region),
            ("AWS_LAMBDA_FUNCTION_NAME", &named.name),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &memory),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
            (
                "AWS_LAMBDA_LOG_GROUP_NAME",
                &settings.logging_config.log_group,
            ),
        ];
        environment.extend(own.map(|(name, value)| (name.to_owned(), value.to_owned())));
        Self {
            function_arn,
            name: named.name.clone(),
            account: named.account.clone(),
            region: named.region.clone(),
            role: settings.role.clone(),
            revision: function.revision().to_owned(),
            log_group: settings.logging_config.log_group.clone(),
            memory_mb: settings.memory_size,
            timeout: Duration::from_secs(settings.timeout.into()),
            runtime: settings.runtime.clone(),
            folder,
            environment,
        }
    }

    /// Keys of the function's role, as environment variables. There are none when the role has gone.
    fn keys(&self, app: &App) -> Option<[(&'static str, String); 3]> {
        app.write(|world| {
            let account = world.accounts.get(&self.account)?;
            let session = Session::new(Grant {
                account: &self.account,
                role: account.iam.by_arn(&self.role)?,
                name: self.name.clone(),
                seconds: KEYS,
                documents: Vec::new(),
                policy_arns: Vec::new(),
                web: None,
            });
            let keys = session.environment();
            session.keep(world);
            Some(keys)
        })
    }

    /// Starts a process. The error says what is missing.
    pub(super) async fn start(
        &self,
        app: &App,
        interpreters: &Interpreters,
    ) -> Result<Process, String> {
        let (language, interpreter) = interpreters.of(&self.runtime).await?;
        let stream = format!(
            "{}/[$LATEST]{}",
            jiff::Timestamp::now().strftime("%Y/%m/%d"),
            ids::uuid().replace('-', "")
        );
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", PIPES, "sh"])
            .arg(&interpreter.path)
            .args(language.options)
            .arg(language.bootstrap)
            .current_dir(&self.folder)
            .env_clear()
            .envs(&self.environment)
            .envs(self.keys(app).into_iter().flatten())
            .env("AWS_LAMBDA_LOG_STREAM_NAME", &stream)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        #[cfg(unix)]
        command.process_group(0);
        let child = command.spawn().map_err(|e| self.not_started(&e))?;
        let begun = language.begun(&interpreter.version, &self.runtime);
        Process::new(child, stream, self.timeout, begun)
            .ok_or_else(|| "The handler's process has no pipes".to_owned())
    }

    fn not_started(&self, error: &std::io::Error) -> String {
        if self.folder.is_dir() {
            format!("The handler's process could not be started: {error}")
        } else {
            format!(
                "The code of the function is gone from {}: update the function's code",
                self.folder.display()
            )
        }
    }
}

impl Interpreters {
    async fn of(&self, runtime: &str) -> Result<(&'static Language, &Interpreter), String> {
        let (language, known) = if runtime.starts_with("python") {
            (&PYTHON, &self.python)
        } else {
            (&NODE, &self.node)
        };
        let interpreter = known.get_or_try_init(|| language.interpreter()).await?;
        Ok((language, interpreter))
    }
}

impl Language {
    /// The first line of a process's log, as on AWS; it also says that the runtime named is not the one here.
    fn begun(&self, version: &str, runtime: &str) -> String {
        let line = format!("INIT_START Runtime Version: {}:{version}", self.name);
        let wanted = runtime.trim_start_matches(self.name).trim_end_matches(".x");
        let same = version
            .strip_prefix(wanted)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        if same {
            return line;
        }
        format!(
            "{line}\tThe function names {runtime}, but {} {version} of this machine runs it: \
             what differs between them differs on AWS",
            self.command
        )
    }

    /// Asks the interpreter on PATH what and where it is.
    async fn interpreter(&self) -> Result<Interpreter, String> {
        let (command, advice) = (self.command, self.advice);
        let told = Command::new(command)
            .args(self.tells_itself)
            .env_clear()
            .envs(environment::passed())
            .stdin(Stdio::null())
            .output()
            .await
            .map_err(|_| {
                format!("{command} was not found on PATH: {advice} to run this function locally")
            })?;
        let words = String::from_utf8_lossy(&told.stdout);
        if told.status.success()
            && let Some((version, path)) = words.split_once(' ')
            && Path::new(path).is_absolute()
        {
            return Ok(Interpreter {
                path: PathBuf::from(path),
                version: version.to_owned(),
            });
        }
        let why = String::from_utf8_lossy(&told.stderr);
        Err(format!(
            "{command} on PATH does not work ({}): {advice} to run this function locally",
            why.trim()
        ))
    }
}
