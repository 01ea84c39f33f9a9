//! Runs the twin alone: `cargo run -p localaws --example serve -- DIR PORT`. Prints its endpoint.

use std::{io, path::PathBuf};

use localaws::{Config, start};

#[tokio::main]
async fn main() -> io::Result<()> {
    let mut args = std::env::args().skip(1);
    let usage = || io::Error::new(io::ErrorKind::InvalidInput, "usage: serve DIR PORT");
    let dir = PathBuf::from(args.next().ok_or_else(usage)?);
    let port = args
        .next()
        .and_then(|port| port.parse().ok())
        .ok_or_else(usage)?;
    let running = start(Config {
        port,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..Config::at(dir)
    })
    .await?;
    io::Write::write_fmt(&mut io::stdout(), format_args!("{}\n", running.endpoint()))?;
    running.wait().await
}
