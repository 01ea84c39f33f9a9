//! A question to the person at the terminal.

use std::io;

use tokio::sync::oneshot;

use crate::screen::Stream;

/// Asks on stderr, and reads a line from stdin. The thread that reads is nobody's: a run that
/// is interrupted meanwhile does not wait for it.
pub async fn ask(question: &str) -> io::Result<String> {
    let (tx, rx) = oneshot::channel();
    let question = format!("  {question} ");
    std::thread::Builder::new()
        .name("prompt".to_owned())
        .spawn(move || {
            // A plain read: the terminal's mode stays as it is, whenever the program ends.
            let mut answer = String::new();
            let asked = Stream::Err.print(&question);
            let answer = asked
                .and_then(|()| io::stdin().read_line(&mut answer))
                .map(|_| answer);
            // Nobody waits any more after an interrupt.
            let _ = tx.send(answer);
        })?;
    rx.await.unwrap_or_else(|e| Err(io::Error::other(e)))
}
