//! Runs the twin alone: `cargo run -p localaws --example serve -- DIR PORT`. Prints its endpoint.

use std::io;

use localaws::{Config, start};

#[tokio::main]
async fn main() -> io::Result<()> {
    let mut args = std::env::args().skip(1);
    let usage = || io::Error::new(io::ErrorKind::InvalidInput, "usage: serve DIR PORT");
    let dir = args.next().ok_or_else(usage)?.into();
    let port = args
        .next()
        .and_then(|port| port.parse().ok())
        .ok_or_else(usage)?;
    let running = start(Config {
        dir,
        port,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        enforce_rates: false,
        any_user: false,
    })
    .await?;
    io::Write::write_fmt(&mut io::stdout(), format_args!("{}\n", running.endpoint()))?;
    running.wait().await
}
