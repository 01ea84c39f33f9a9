//! The command line: types only, no behaviour.

pub mod words;

use std::{fmt, path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand};

/// Builds, proves and removes hands-on AWS labs.
#[derive(Debug, Parser)]
#[command(
    name = "labctl",
    version,
    max_term_width = 100,
    propagate_version = true
)]
#[command(
    after_help = "Exit codes: 0 done, 1 failed, 2 bad usage or lab.yaml, 3 drift (status) or changes (plan), \
    4 nothing there (status), 5 a check failed (verify), 6 something is left, or not proven to be gone (down), \
    7 users, ids or addresses would be lost (up), 130 interrupted."
)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent switches of a command line"
)]
pub struct Global {
    /// The lab's file; its state is kept in .labctl beside it
    #[arg(
        short,
        long,
        global = true,
        value_name = "FILE",
        default_value = "lab.yaml"
    )]
    pub file: PathBuf,
    /// A lab of your own from a file that others use too: -NAME is added to every name. The same for every command
    #[arg(long = "as", global = true, value_name = "NAME", env = "LABCTL_AS", hide_env_values = true, value_parser = crate::lab::valid_suffix)]
    pub suffix: Option<String>,
    /// Work on the local AWS twin instead of an AWS account
    #[arg(long, global = true)]
    pub local: bool,
    /// Region, instead of the lab's
    #[arg(long, global = true, value_name = "REGION")]
    pub region: Option<String>,
    /// Profile of the AWS configuration files
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
    /// Print JSON: one event a line, or one object
    #[arg(long, global = true)]
    pub json: bool,
    /// Print only warnings and errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Log what is called (-v), and more (-vv), to stderr
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// No colours (also: `NO_COLOR`)
    #[arg(long, global = true)]
    pub no_color: bool,
    /// Do not ask
    #[arg(short, long, global = true)]
    pub yes: bool,
    /// Use the .labctl folder as it is, though it came from elsewhere (for scripts; see `labctl trust`)
    #[arg(long, global = true)]
    pub trust: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a ready lab (lab.yaml and artifacts/) into a folder
    Init {
        /// The folder
        #[arg(default_value = ".")]
        folder: PathBuf,
        /// Which lab
        #[arg(long, value_name = "NAME", default_value = "cognito-authorizer")]
        lab: String,
        /// Show the ready labs
        #[arg(long)]
        list: bool,
    },
    /// Show what `up` would create, update, replace and delete
    Plan(Scope),
    /// Build what is missing, mend what drifted, go on where a run was cut off
    Up(Up),
    /// Ask AWS what is really there
    Status,
    /// Print what a student needs: addresses and ids. One by its name, as a bare value for scripts
    Output {
        /// Like `invoke_url`, `api_id`, `client_id`; `users` has one a line
        name: Option<String>,
    },
    /// Prove that the lab works, as a student's client would use it
    Verify(Verify),
    /// Print a valid token: signs in by e-mail code when there is none, refreshes before it ends
    Token(Token),
    /// Sign in with a browser, at the managed login of the lab's user pool. Its tokens are kept for `token` and `call`
    Login(Login),
    /// Call a route of the API, with the token or the signature that it wants
    Call(Call),
    /// Write what other tools use
    #[command(subcommand)]
    Export(Export),
    /// Print what the lab's functions logged, newest last
    Logs(Logs),
    /// Go back to the end of a chapter: delete what later chapters have
    Reset(Reset),
    /// Remove everything
    Down(Down),
    /// Use a .labctl folder that came from elsewhere, once you have looked at it
    Trust(Trust),
    /// The local AWS twin
    #[command(subcommand)]
    Local(Local),
}

/// What part of the lab `plan` and `up` work on.
#[derive(Debug, Default, Args)]
pub struct Scope {
    /// Stop at the end of a chapter, and leave what is there of later ones as it is: 1 function, 2 user pool, 3 REST API, 4 authorizer, 5 user, 6 edge
    #[arg(long, value_name = "CHAPTER", value_parser = clap::value_parser!(u8).range(1..=6))]
    pub until: Option<u8>,
    /// A test user beside the file's (repeatable). Stays in the lab, also for later runs, until --no-user or `down`
    #[arg(long = "user", value_name = "EMAIL")]
    pub users: Vec<String>,
    /// Remove the users that earlier runs added with --user
    #[arg(long, conflicts_with = "users")]
    pub no_user: bool,
    /// Make a new secret between the distribution and the API, then end the old one
    #[arg(long)]
    pub rotate_edge_secret: bool,
}

/// Options of `up`.
#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent switches of a command line"
)]
pub struct Up {
    /// What part of the lab.
    #[command(flatten)]
    pub scope: Scope,
    /// Steps at once; 1 goes strictly one after another
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = parallel)]
    pub parallel: usize,
    /// Show what would be done, from reads only, like `labctl plan`
    #[arg(long)]
    pub dry_run: bool,
    /// Agree to the loss of what people use: a user pool with its users, the id and address of an API, an identity
    /// pool or a distribution. Without it `up` refuses (exit code 7)
    #[arg(long)]
    pub replace: bool,
    /// Take over what has the lab's names: a lab of the same name that this user did not make here, and strangers that
    /// belong to no lab; these are shown, and asked about
    #[arg(long, conflicts_with = "dry_run")]
    pub adopt: bool,
    /// Minutes to wait for CloudFront at most; 0 only looks
    #[arg(long, value_name = "MINUTES", default_value_t = 45, value_parser = clap::value_parser!(u64).range(0..=240))]
    pub edge_wait: u64,
    /// Then wait for changes of lab.yaml and of the functions' sources, apply each, and print the functions' logs, until
    /// Ctrl-C. With --local only
    #[arg(long, conflicts_with_all = ["dry_run", "adopt", "rotate_edge_secret"])]
    pub watch: bool,
}

/// Options of `reset`.
#[derive(Debug, Args)]
pub struct Reset {
    /// The chapter: 1 function, 2 user pool, 3 REST API, 4 authorizer, 5 user
    #[arg(long, value_name = "CHAPTER", value_parser = clap::value_parser!(u8).range(1..=5))]
    pub to: u8,
    /// Steps at once
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = parallel)]
    pub parallel: usize,
    /// Minutes to wait for CloudFront at most; 0 only looks
    #[arg(long, value_name = "MINUTES", default_value_t = 45, value_parser = clap::value_parser!(u64).range(0..=240))]
    pub edge_wait: u64,
}

/// Options of `down`.
#[derive(Debug, Args)]
pub struct Down {
    /// Show what would be deleted, from reads only
    #[arg(long, conflicts_with_all = ["prove", "grace"])]
    pub dry_run: bool,
    /// Deletes at once
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = parallel)]
    pub parallel: usize,
    /// Minutes to wait for CloudFront at most; 0 only looks
    #[arg(long, value_name = "MINUTES", default_value_t = 45, value_parser = clap::value_parser!(u64).range(0..=240))]
    pub edge_wait: u64,
    /// Without a state: remove a lab of this name that this user did not make here
    #[arg(long)]
    pub adopt: bool,
    /// Then look for anything left, by tags, names and parents, and write a receipt
    #[arg(long)]
    pub prove: bool,
    /// With --prove: how long to watch for logs that Lambda writes late [default: 60, on the twin 1]
    #[arg(long, value_name = "SECONDS", requires = "prove", value_parser = clap::value_parser!(u64).range(0..=3600))]
    pub grace: Option<u64>,
}

/// Options of `verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// Who signs in.
    #[command(flatten)]
    pub sign_in: SignIn,
}

/// Who signs in, and how.
#[derive(Debug, Clone, Args)]
pub struct SignIn {
    /// Command that prints the code mailed to the address in `$LABCTL_EMAIL`; it gets PATH, HOME and the like, no keys
    #[arg(long, value_name = "COMMAND")]
    pub otp_command: Option<String>,
    /// A variable of your environment that --otp-command gets too (repeatable)
    #[arg(long, value_name = "NAME", requires = "otp_command", value_parser = variable)]
    pub otp_env: Vec<String>,
    /// The user to sign in (default: the lab's first)
    #[arg(long, value_name = "EMAIL")]
    pub user: Option<String>,
}

/// Options of `token`.
#[derive(Debug, Args)]
pub struct Token {
    /// The ID token, in place of the access token
    #[arg(long)]
    pub id: bool,
    /// Who signs in.
    #[command(flatten)]
    pub sign_in: SignIn,
}

/// Options of `login`.
#[derive(Debug, Args)]
pub struct Login {
    /// The name that the sign-in page begins with; somebody else's sign-in is refused
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// Print the address only, open no browser
    #[arg(long)]
    pub no_browser: bool,
    /// Seconds to wait for the sign-in at most
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub wait: u64,
}

/// Options of `call`.
#[derive(Debug, Args)]
pub struct Call {
    /// The method, like GET
    #[arg(value_parser = method)]
    pub method: String,
    /// The path below the stage, like /demo, with a query if need be
    pub path: String,
    /// The body; @FILE reads it from a file, @- from stdin
    #[arg(short, long, value_name = "TEXT")]
    pub data: Option<String>,
    /// A further header (repeatable)
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", value_parser = header)]
    pub headers: Vec<(String, String)>,
    /// Show the status and the headers of the answer
    #[arg(short, long)]
    pub include: bool,
    /// Who signs, for routes with IAM: a caller of lab.yaml, or `student` for the signed-in user
    #[arg(long, value_name = "NAME")]
    pub caller: Option<String>,
    /// Send no token and no signature
    #[arg(long, conflicts_with = "caller")]
    pub anonymous: bool,
    /// Who signs in.
    #[command(flatten)]
    pub sign_in: SignIn,
}

/// Options of `logs`.
#[derive(Debug, Args)]
pub struct Logs {
    /// A function, by its key in lab.yaml or its name (default: all)
    pub function: Option<String>,
    /// Go on printing what comes, until Ctrl-C
    #[arg(short, long)]
    pub follow: bool,
    /// How far to look back: `90s`, `10m`, `2h`, `1d`
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = duration)]
    pub since: Duration,
    /// The lab's file; its state is kept in .labctl beside it
    // The global option again, without its `-f`: here that follows.
    #[arg(
        long,
        value_name = "FILE",
        default_value = "lab.yaml",
        help_heading = "Global options"
    )]
    pub file: PathBuf,
}

/// What to export.
#[derive(Debug, Subcommand)]
pub enum Export {
    /// Print the IAM policy of a caller
    Policy {
        /// A caller of lab.yaml, or `student` for the signed-in user
        #[arg(long, value_name = "NAME")]
        caller: String,
    },
    /// Write a single-page app (plain HTML and JavaScript) that signs in and calls the API
    Spa {
        /// The folder, which is made
        folder: PathBuf,
        /// Replace files that were edited since they were written
        #[arg(long)]
        force: bool,
    },
}

/// The local AWS twin.
#[derive(Debug, Subcommand)]
pub enum Local {
    /// Start it in the background
    Start(Serve),
    /// Stop it; what it holds is kept for the next start
    Stop {
        /// Stop all twins of this user on this machine
        #[arg(long, conflicts_with = "dir")]
        all: bool,
        /// Where it is.
        #[command(flatten)]
        dir: Dir,
    },
    /// The twins of this user that run on this machine: their folders, addresses and labs
    List,
    /// Whether and where it runs
    Status(Dir),
    /// The mail it "sent", newest first
    Inbox {
        /// Only mail to this address
        address: Option<String>,
        /// Where it is.
        #[command(flatten)]
        dir: Dir,
    },
    /// The packages that Lambda's runtimes have (boto3, @aws-sdk), for handlers that import them
    #[command(subcommand)]
    Runtimes(Runtimes),
    /// What it was asked
    Logs {
        /// Go on printing
        #[arg(long)]
        follow: bool,
        /// Where it is.
        #[command(flatten)]
        dir: Dir,
    },
    /// Run it in the foreground (what `start` starts)
    #[command(hide = true)]
    Serve(Serve),
}

/// What to do about the packages of Lambda's runtimes.
#[derive(Debug, Subcommand)]
pub enum Runtimes {
    /// Download them with pip and npm into labctl's cache, once for all labs
    Install {
        /// Other packages `@aws-sdk/…` than the usual ones
        #[arg(value_name = "PACKAGE")]
        packages: Vec<String>,
    },
}

/// Options of `trust`.
#[derive(Debug, Args)]
pub struct Trust {
    /// Show the folders that labctl uses without asking
    #[arg(long)]
    pub list: bool,
    /// Ask again before this folder is used [default: .labctl beside the lab's file]
    #[arg(long, value_name = "FOLDER", num_args = 0..=1, conflicts_with = "list")]
    pub remove: Option<Option<PathBuf>>,
}

/// Which twin.
#[derive(Debug, Clone, Args)]
pub struct Dir {
    /// The twin's folder [default: .labctl/local beside the lab's file]
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

/// Which twin, and how it serves.
#[derive(Debug, Clone, Args)]
pub struct Serve {
    /// How it serves.
    #[command(flatten)]
    pub how: How,
    /// Where it is.
    #[command(flatten)]
    pub dir: Dir,
}

/// How a twin serves, for one start.
#[derive(Debug, Clone, Default, Args)]
pub struct How {
    /// Port on 127.0.0.1 [default: the last one, 4588, or a free one]
    #[arg(long, value_name = "PORT")]
    pub port: Option<u16>,
    /// Serve every user of this machine, not only you; the next start serves only you again
    #[arg(long)]
    pub any_user: bool,
    /// Answer requests that name AWS's hosts (`Host: API.execute-api.REGION.amazonaws.com`), as a proxy may send them
    #[arg(long)]
    pub aws_names: bool,
    /// Run handlers in this machine's own files, as a debugger wants them. It counts for this start
    #[arg(long)]
    pub no_isolation: bool,
    /// Stop after this time without a request, like `90m` or `12h`; `off`: never. It counts for this start
    #[arg(long, value_name = "TIME", default_value_t, value_parser = idle)]
    pub idle: Idle,
}

/// How long a twin may be unused before it stops; `None`: for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Idle(pub Option<Duration>);

impl Default for Idle {
    fn default() -> Self {
        Self(Some(Duration::from_hours(12)))
    }
}

impl fmt::Display for Idle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.map(|limit| limit.as_secs()) {
            None => f.write_str("off"),
            Some(s) if s % 3_600 == 0 => write!(f, "{}h", s / 3_600),
            Some(s) => write!(f, "{s}s"),
        }
    }
}

fn idle(text: &str) -> Result<Idle, String> {
    if text == "off" {
        return Ok(Idle(None));
    }
    match duration(text)? {
        Duration::ZERO => Err("more than no time is needed, or `off`".to_owned()),
        limit => Ok(Idle(Some(limit))),
    }
}

fn method(text: &str) -> Result<String, String> {
    let method = text.to_uppercase();
    let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    if known.contains(&method.as_str()) {
        Ok(method)
    } else {
        Err(format!("one of {} is needed", known.join(", ")))
    }
}

fn header(text: &str) -> Result<(String, String), String> {
    match text.split_once(':') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok((name.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err("a header is `NAME: VALUE`".to_owned()),
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let units = [("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400)];
    let parsed = units.iter().find_map(|(unit, seconds)| {
        let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
        number.checked_mul(*seconds)
    });
    parsed
        .map(Duration::from_secs)
        .ok_or_else(|| "a time like 90s, 10m, 2h or 1d is needed".to_owned())
}

fn variable(text: &str) -> Result<String, String> {
    if text.is_empty() || text.contains(['=', '\0']) {
        return Err("the name of a variable is needed, without its value".to_owned());
    }
    Ok(text.to_owned())
}

fn parallel(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(n @ 1..=64) => Ok(n),
        _ => Err("a number from 1 to 64 is needed".to_owned()),
    }
}
