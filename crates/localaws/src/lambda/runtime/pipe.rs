//! What the twin and the bootstrap programs say to each other: a line of JSON, then the payload.

use serde::{Deserialize, Serialize};
use tokio::{
    io::{self, AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    process::{ChildStdin, ChildStdout},
};

use super::Event;

/// More than any payload that Lambda lets through.
const LONGEST: usize = 64 << 20;

#[derive(Serialize)]
struct Request<'a> {
    id: &'a str,
    arn: &'a str,
    /// When (ms) the handler is stopped.
    deadline: i64,
    client_context: Option<&'a str>,
    /// `_X_AMZN_TRACE_ID`
    trace: &'a str,
    size: usize,
}

#[derive(Deserialize)]
struct Head {
    kind: Kind,
    memory_mb: u64,
    size: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    /// The handler is loaded.
    Ready,
    Result,
    /// The payload is the error, of the handler or of its loading.
    Error,
    /// Likewise, and the process ends.
    Fatal,
}

#[derive(Debug)]
pub(super) struct Said {
    pub(super) kind: Kind,
    pub(super) memory_mb: u64,
    pub(super) payload: Vec<u8>,
}

pub(super) async fn send(pipe: &mut ChildStdin, event: &Event, deadline: i64) -> io::Result<()> {
    let request = Request {
        id: &event.request_id,
        arn: &event.function_arn,
        deadline,
        client_context: event.client_context.as_deref(),
        trace: &event.trace,
        size: event.payload.len(),
    };
    let mut head = serde_json::to_vec(&request)?;
    head.push(b'\n');
    pipe.write_all(&head).await?;
    pipe.write_all(&event.payload).await?;
    pipe.flush().await
}

pub(super) async fn receive(pipe: &mut BufReader<ChildStdout>) -> io::Result<Said> {
    let mut line = Vec::new();
    pipe.read_until(b'\n', &mut line).await?;
    let head: Head = serde_json::from_slice(&line)?;
    if head.size > LONGEST {
        return Err(io::Error::other("the answer is too long"));
    }
    let mut payload = vec![0; head.size];
    pipe.read_exact(&mut payload).await?;
    Ok(Said {
        kind: head.kind,
        memory_mb: head.memory_mb,
        payload,
    })
}
