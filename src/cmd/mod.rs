//! One file a command: the path is the command line.

mod build;
mod call;
mod down;
mod export;
mod init;
mod link;
mod local;
mod login;
mod logs;
mod lookup;
mod output;
mod plan;
mod renamed;
mod reset;
mod runtimes;
mod scene;
mod status;
mod student;
mod token;
mod trust;
mod up;
mod verify;
mod whose;

use crate::{
    cli::{Cli, Command},
    error::{Error, Exit},
};

/// Runs one command to its end.
pub(crate) async fn run(cli: Cli) -> Result<Exit, Error> {
    let Cli { global, command } = cli;
    trust::check(&global, &command).await?;
    match command {
        Command::Init { folder, lab, list } => init::run(&global, &folder, &lab, list),
        Command::Plan(scope) => plan::run(&global, &scope).await,
        Command::Up(args) => up::run(&global, &args).await,
        Command::Status => status::run(&global).await,
        Command::Logs(args) => logs::run(&global, &args).await,
        Command::Output { name } => output::run(&global, name.as_deref()).await,
        Command::Verify(args) => verify::run(&global, &args).await,
        Command::Reset(args) => reset::run(&global, &args).await,
        Command::Down(args) => down::run(&global, &args).await,
        Command::Token(args) => token::run(&global, &args).await,
        Command::Login(args) => login::run(&global, &args).await,
        Command::Call(args) => call::run(&global, &args).await,
        Command::Export(what) => export::run(&global, &what).await,
        Command::Trust(args) => trust::run(&global, &args),
        Command::Local(command) => local::run(&global, command).await,
    }
}
