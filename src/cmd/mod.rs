//! One file a command: the path is the command line.

mod down;
mod init;
mod link;
mod local;
mod scene;
mod status;
mod up;
mod verify;

use crate::{
    cli::{Cli, Command},
    error::{Error, Exit},
};

/// Runs one command to its end.
pub(crate) async fn run(cli: Cli) -> Result<Exit, Error> {
    let Cli { global, command } = cli;
    match command {
        Command::Init { folder } => init::run(&global, &folder),
        Command::Up(args) => up::run(&global, &args).await,
        Command::Status => status::run(&global).await,
        Command::Verify(args) => verify::run(&global, &args).await,
        Command::Down(args) => down::run(&global, &args).await,
        Command::Local(command) => local::run(&global, command).await,
    }
}
