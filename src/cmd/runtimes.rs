//! `labctl local runtimes install`: the packages that Lambda's runtimes have, downloaded once for all labs.

use std::{
    fs,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use serde_json::json;
use tokio::process::Command;

use crate::{
    cli::{Global, Runtimes},
    error::{Error, Exit},
    local, report,
};

/// Clients of the services that the twin serves, and of those that students use most beside them. On Lambda the runtime
/// has all of `@aws-sdk`.
const CLIENTS: [&str; 20] = [
    "acm",
    "api-gateway",
    "cloudfront",
    "cloudwatch-logs",
    "cognito-identity",
    "cognito-identity-provider",
    "dynamodb",
    "eventbridge",
    "iam",
    "kms",
    "lambda",
    "route-53",
    "s3",
    "secrets-manager",
    "sesv2",
    "sns",
    "sqs",
    "ssm",
    "sts",
    "wafv2",
];

pub(super) async fn run(global: &Global, command: Runtimes) -> Result<Exit, Error> {
    let Runtimes::Install { packages } = command;
    let folder = local::packages().ok_or_else(|| {
        Error::failed("there is no folder for downloads")
            .hint("set HOME or XDG_CACHE_HOME to a folder that labctl can write to")
    })?;
    let foreign = packages.iter().find(|name| !name.starts_with("@aws-sdk/"));
    if let Some(name) = foreign {
        return Err(Error::usage(format!("{name} is not a package of Lambda's runtimes"))
            .hint("give packages like @aws-sdk/client-athena; others belong into the function's `source` folder"));
    }
    let clients = CLIENTS.iter().map(|name| format!("@aws-sdk/client-{name}"));
    let clients = clients
        .chain(["@aws-sdk/lib-dynamodb".to_owned()])
        .chain(packages);
    let python = [
        "python3",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
        "--target",
    ];
    let node = [
        "npm",
        "install",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        "--loglevel=error",
        "--prefix",
    ];
    let sets = [
        Set {
            name: "python",
            title: "boto3 for Python",
            command: &python,
            packages: vec!["boto3".to_owned()],
        },
        Set {
            name: "nodejs",
            title: "@aws-sdk for Node.js",
            command: &node,
            packages: clients.collect(),
        },
    ];
    let mut failed = None;
    let mut installed = Vec::new();
    for set in &sets {
        let started = Instant::now();
        if !global.json && !global.quiet {
            report::print_lines(&[format!("  {}: downloading with {}", set.title, set.tool())]);
        }
        match set.install(&folder).await {
            Ok(()) => {
                let took = started.elapsed();
                if !global.json && !global.quiet {
                    report::print_lines(&[format!(
                        "  {}: ready in {:.1} s",
                        set.title,
                        took.as_secs_f64()
                    )]);
                }
                installed.push(json!({ "name": set.name, "seconds": seconds(took) }));
            }
            Err(error) => failed = Some(error),
        }
    }
    if global.json {
        report::print_json(&json!({ "folder": folder, "installed": installed }));
    } else if !global.quiet && !installed.is_empty() {
        let line = format!(
            "  In {}; handlers that start from now on find them.",
            report::local_path(&folder)
        );
        report::print_lines(&[line]);
    }
    failed.map_or(Ok(Exit::Ok), Err)
}

fn seconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 10.0).round() / 10.0
}

/// Packages that one tool downloads.
struct Set<'a> {
    /// The folder's name.
    name: &'a str,
    title: &'a str,
    /// Before the folder and the packages.
    command: &'a [&'a str],
    packages: Vec<String>,
}

impl Set<'_> {
    fn tool(&self) -> &str {
        if self.name == "python" { "pip" } else { "npm" }
    }

    /// Downloads into a new folder, and puts that in place of the old one when it is whole.
    async fn install(&self, folder: &Path) -> Result<(), Error> {
        let disk = |path: &Path| {
            let path = path.display().to_string();
            move |error| Error::file(path, &error)
        };
        let (fresh, place, old) = (
            folder.join(format!("{}.new", self.name)),
            folder.join(self.name),
            folder.join(format!("{}.old", self.name)),
        );
        for path in [&fresh, &old] {
            if path.exists() {
                fs::remove_dir_all(path).map_err(disk(path))?;
            }
        }
        fs::create_dir_all(&fresh).map_err(disk(&fresh))?;
        self.download(&fresh).await?;
        if place.exists() {
            fs::rename(&place, &old).map_err(disk(&place))?;
        }
        fs::rename(&fresh, &place).map_err(disk(&fresh))?;
        if old.exists() {
            fs::remove_dir_all(&old).map_err(disk(&old))?;
        }
        Ok(())
    }

    async fn download(&self, into: &Path) -> Result<(), Error> {
        let (program, arguments) = self.command.split_first().unwrap_or((&"", &[]));
        let output = Command::new(program)
            .args(arguments)
            .arg(into)
            .args(&self.packages)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .output()
            .await
            .map_err(|error| {
                Error::failed(format!("{}: {program}: {error}", self.title)).hint(format!(
                    "install {program}, then `labctl local runtimes install` again"
                ))
            })?;
        if output.status.success() {
            return Ok(());
        }
        let told = String::from_utf8_lossy(&output.stderr);
        let lines: Vec<&str> = told
            .lines()
            .filter(|line| !line.trim().is_empty())
            .collect();
        let last = lines
            .get(lines.len().saturating_sub(5)..)
            .unwrap_or_default()
            .join("\n  ");
        Err(
            Error::failed(format!("{}: {} failed: {last}", self.title, self.tool()))
                .hint("the same command tries again; what was there before is still used"),
        )
    }
}
