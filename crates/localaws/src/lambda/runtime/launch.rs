//! Starting a handler's process: interpreter, environment, pipes.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use labfiles::Dir;
use serde_json::{Value, json};
use tokio::process::Command;

use super::{
    Runtime,
    interpreters::{Interpreter, Interpreters, Language, NODE},
    isolation::{self, Isolation, View},
    process::{Limits, Phase, Process},
};
use crate::{
    app::App,
    ids,
    lambda::{
        code::{Code, Folder},
        name::{Found, Named},
    },
    sts::{Grant, Session},
};

/// The pipes that come as standard streams go to descriptors 3 and 4, so that what the handler (or
/// a program that it runs) prints cannot get between the answers: it goes to the log, with its errors.
const PIPES: &str = "exec 3<&0 4>&1 </dev/null >&2; exec \"$@\"";

/// Seconds that the keys of a handler's process are good for: longer than one lives.
const KEYS: u32 = 7 * 86400;

/// All that a process of a function needs, as the function was when it was invoked.
#[derive(Debug, Clone)]
pub(in crate::lambda) struct Launch {
    /// Without a qualifier.
    pub(in crate::lambda) function_arn: String,
    /// `$LATEST` or a number.
    pub(in crate::lambda) version: String,
    name: String,
    pub(in crate::lambda) account: String,
    pub(in crate::lambda) region: String,
    pub(in crate::lambda) role: String,
    pub(in crate::lambda) revision: String,
    pub(in crate::lambda) log_group: String,
    pub(in crate::lambda) memory_mb: u32,
    pub(in crate::lambda) timeout: Duration,
    /// MB of `/tmp`.
    storage: u32,
    pub(super) runtime: String,
    code: Code,
    code_folder: Folder,
    /// Of the unpacked code.
    folder: PathBuf,
    environment: BTreeMap<String, String>,
}

impl Launch {
    pub(in crate::lambda) fn of(app: &App, named: &Named, found: &Found<'_>) -> Self {
        let version = found.version;
        let settings = &version.settings;
        let code_folder = Folder::of(&app.config.dir, found.function.id);
        let folder = code_folder.unpacked(&version.code);
        let folder = std::path::absolute(&folder).unwrap_or(folder);
        let function_arn = named.plain_arn();
        let path = std::env::var("PATH").unwrap_or_default();
        let memory = settings.memory_size.to_string();
        let execution = format!("AWS_Lambda_{}", settings.runtime);

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
            ("AWS_EXECUTION_ENV", &execution),
            ("AWS_REGION", &named.region),
            ("AWS_DEFAULT_REGION", &named.region),
            ("AWS_LAMBDA_FUNCTION_NAME", &named.name),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &memory),
            ("AWS_LAMBDA_FUNCTION_VERSION", &found.number),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
            (
                "AWS_LAMBDA_LOG_GROUP_NAME",
                &settings.logging_config.log_group,
            ),
        ];
        environment.extend(own.map(|(name, value)| (name.to_owned(), value.to_owned())));
        Self {
            function_arn,
            version: found.number.clone(),
            name: named.name.clone(),
            account: named.account.clone(),
            region: named.region.clone(),
            role: settings.role.clone(),
            revision: version.revision().to_owned(),
            log_group: settings.logging_config.log_group.clone(),
            memory_mb: settings.memory_size,
            timeout: Duration::from_secs(settings.timeout.into()),
            storage: settings.storage(),
            runtime: settings.runtime.clone(),
            code: version.code.clone(),
            code_folder,
            folder,
            environment,
        }
    }

    /// What its pool of processes is found by.
    pub(super) fn key(&self) -> (String, String) {
        (self.function_arn.clone(), self.version.clone())
    }

    /// One of the function's own environment variables; empty if it has none.
    pub(super) fn variable(&self, name: &str) -> &str {
        self.environment.get(name).map_or("", String::as_str)
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
        runtime: &Runtime,
        phase: Phase,
    ) -> Result<Process, String> {
        let (language, interpreter) = runtime.interpreters.of(&self.runtime).await?;
        self.ensure(runtime).await?;
        let packages = language.packages(&app.config.handlers.packages);
        let root = mount_point(&app.config.dir)?;
        let view = self.view(language, &interpreter, packages.as_deref(), &root);
        let isolation = interpreter.isolation(&app.config, &view).await;
        let (task_root, packages_seen) = match isolation {
            Isolation::Namespace => (
                isolation::TASK_ROOT.into(),
                view.packages.map(|(_, inside)| inside.into()),
            ),
            Isolation::None(_) => (self.folder.clone(), packages.clone()),
        };
        let seen = packages_seen.as_deref().unwrap_or(Path::new(""));
        let stream = format!(
            "{}/[{}]{}",
            jiff::Timestamp::now().strftime("%Y/%m/%d"),
            self.version,
            ids::uuid().replace('-', "")
        );
        let mut command = Command::new("/bin/sh");
        command.args(["-c", PIPES, "sh"]);
        if *isolation == Isolation::Namespace {
            command.args(isolation::arguments(&view));
        } else {
            command.current_dir(&self.folder);
        }
        command
            .arg(&interpreter.path)
            .args(language.options(&interpreter.version, self))
            .arg(language.bootstrap)
            .args([&task_root, seen])
            .arg(isolation.name())
            .env_clear()
            .envs(&self.environment)
            .env("LAMBDA_TASK_ROOT", &task_root)
            .envs(self.keys(app).into_iter().flatten())
            .env("AWS_LAMBDA_LOG_STREAM_NAME", &stream)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if language.name == NODE.name && self.variable("NODE_PATH").is_empty() {
            command.env(
                "NODE_PATH",
                std::env::join_paths([seen, &task_root]).unwrap_or_default(),
            );
        }
        #[cfg(unix)]
        command.process_group(0);
        let child = command
            .spawn()
            .map_err(|e| format!("The handler's process could not be started: {e}"))?;
        let begun = (phase == Phase::Init).then(|| self.begun(language, &interpreter, isolation));
        let limits = Limits {
            time: self.timeout,
            memory_mb: self.memory_mb.into(),
        };
        Process::new(child, stream, limits, phase, begun)
            .ok_or_else(|| "The handler's process has no pipes".to_owned())
    }

    fn view<'a>(
        &'a self,
        language: &Language,
        interpreter: &'a Interpreter,
        packages: Option<&'a Path>,
        root: &'a Path,
    ) -> View<'a> {
        View {
            code: &self.folder,
            folders: &interpreter.folders,
            packages: packages.map(|path| (path, language.packages_inside)),
            storage: self.storage,
            root,
        }
    }

    /// The interpreter, and how handlers differ from those on Lambda.
    pub(super) async fn described(
        &self,
        app: &App,
        interpreters: &Interpreters,
    ) -> Result<Value, String> {
        let (language, interpreter) = interpreters.of(&self.runtime).await?;
        let root = mount_point(&app.config.dir)?;
        let view = self.view(language, &interpreter, None, &root);
        let isolation = interpreter.isolation(&app.config, &view).await;
        Ok(json!({
            "interpreter": interpreter.path,
            "version": interpreter.version.to_string(),
            "isolated": *isolation == Isolation::Namespace,
            "differs": self.differences(language, &interpreter, isolation),
        }))
    }

    fn differences(
        &self,
        language: &Language,
        interpreter: &Interpreter,
        isolation: &Isolation,
    ) -> Vec<String> {
        let version = language.differs(interpreter.version, &self.runtime);
        version.into_iter().chain(isolation.differs()).collect()
    }

    /// The first line of a process's log, as on AWS; it also says what is otherwise than there.
    fn begun(
        &self,
        language: &Language,
        interpreter: &Interpreter,
        isolation: &Isolation,
    ) -> String {
        let version = interpreter.version;
        let mut line = format!("INIT_START Runtime Version: {}:{version}", language.name);
        for difference in self.differences(language, interpreter, isolation) {
            line.push('\t');
            line.push_str(&difference);
        }
        line
    }

    /// Makes sure that what is unpacked is what was uploaded.
    async fn ensure(&self, runtime: &Runtime) -> Result<(), String> {
        let (checked, folder) = (Arc::clone(&runtime.checked), self.code_folder.clone());
        let code = self.code.clone();
        let ensured = tokio::task::spawn_blocking(move || checked.ensure(&folder, &code)).await;
        ensured.map_err(|e| e.to_string())?.map_err(|why| {
            format!(
                "{why}: upload the function's code again (`labctl down`, then `labctl up --local`)"
            )
        })
    }
}

/// The folder in which handlers' file systems are mounted, each in a namespace of its own.
fn mount_point(dir: &Path) -> Result<PathBuf, String> {
    let path = dir.join("handlers");
    Dir::make(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(std::path::absolute(&path).unwrap_or(path))
}
