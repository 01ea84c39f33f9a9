//! One handler process, and the task that alone deals with it.

use std::{process::ExitStatus, time::Duration};

use serde_json::json;
use tokio::{
    io::BufReader,
    process::{Child, ChildStdin, ChildStdout},
    sync::{mpsc, oneshot},
    time::{Instant, sleep, timeout},
};

use super::{
    End, Event, Outcome, kill,
    output::Output,
    pipe::{self, Kind, Said},
};
use crate::app::now_ms;

/// How long a process may take to load its handler, besides the function's own timeout.
const INIT: Duration = Duration::from_secs(10);
/// An idle process is kept this long.
const IDLE: Duration = Duration::from_mins(10);
/// For the last output of a process: one that left its group may hold on to the pipe.
const LAST_OUTPUT: Duration = Duration::from_secs(1);

/// A handle on a process: dropping it ends the process.
pub(super) struct Process(mpsc::Sender<Job>);

struct Job {
    event: Event,
    /// The outcome, and whether the process can be used again.
    reply: oneshot::Sender<(Outcome, bool)>,
}

struct Task {
    child: Child,
    /// Its process id, also after it ended.
    leader: Option<u32>,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
    output: Output,
    stream: String,
    limit: Duration,
    memory_mb: u64,
}

enum Ended {
    Said(Said),
    Exited(ExitStatus),
    TimedOut,
}

impl Process {
    /// `None`: the child has no pipes.
    pub(super) fn new(
        mut child: Child,
        stream: String,
        limit: Duration,
        begun: String,
    ) -> Option<Self> {
        let task = Task {
            leader: child.id(),
            requests: child.stdin.take()?,
            answers: BufReader::new(child.stdout.take()?),
            output: Output::new(child.stderr.take()?, begun),
            child,
            stream,
            limit,
            memory_mb: 0,
        };
        let (jobs, queue) = mpsc::channel(1);
        tokio::spawn(task.live(queue));
        Some(Self(jobs))
    }

    /// Runs the handler once; gives the process back if it can be used again. `None`: it has ended.
    pub(super) async fn invoke(self, event: Event) -> Option<(Outcome, Option<Self>)> {
        let (reply, outcome) = oneshot::channel();
        self.0.send(Job { event, reply }).await.ok()?;
        let (outcome, alive) = outcome.await.ok()?;
        Some((outcome, alive.then_some(self)))
    }
}

impl Task {
    async fn live(mut self, mut queue: mpsc::Receiver<Job>) {
        let (loaded, duration) = self.exchange(None, INIT + self.limit).await;
        let mut init = Some(duration);
        if matches!(&loaded, Ended::Said(said) if said.kind == Kind::Ready) {
            while let Some(Job { event, reply }) = self.next(&mut queue).await {
                let before = self.output.take(true);
                let at = now_ms();
                let (ended, duration) = self.exchange(Some(&event), self.limit).await;
                let alive = matches!(&ended, Ended::Said(said) if said.kind != Kind::Fatal);
                let mut outcome = self.outcome(ended, &event, at, duration, init.take());
                outcome.before = before;
                // Whoever asked may have gone.
                let _ = reply.send((outcome, alive));
                if !alive {
                    break;
                }
            }
        } else if let Some(Job { event, reply }) = queue.recv().await {
            let outcome = self.outcome(loaded, &event, now_ms(), Duration::ZERO, init);
            let _ = reply.send((outcome, false));
        }
        self.kill().await;
    }

    /// The next job; `None` when nobody has a handle on the process any more, it ended by itself, or it
    /// was idle for too long.
    async fn next(&mut self, queue: &mut mpsc::Receiver<Job>) -> Option<Job> {
        let limit = sleep(IDLE);
        tokio::pin!(limit);
        loop {
            tokio::select! {
                biased;
                job = queue.recv() => return job,
                _ = self.child.wait() => return None,
                () = &mut limit => return None,
                () = self.output.read() => {}
            }
        }
    }

    /// Loads the handler, or calls it with an event, and reads all that it printed.
    async fn exchange(&mut self, event: Option<&Event>, limit: Duration) -> (Ended, Duration) {
        let started = Instant::now();
        let ended = self.talk(event, limit).await;
        let duration = started.elapsed();
        match &ended {
            Ended::Said(said) => {
                self.memory_mb = said.memory_mb;
                let id = event.map_or("init", |event| &event.request_id);
                // A handler may hold on to the pipe.
                let _ = timeout(LAST_OUTPUT, self.output.read_until_mark(id)).await;
            }
            Ended::Exited(_) | Ended::TimedOut => {
                self.kill().await;
                let _ = timeout(LAST_OUTPUT, self.output.read_to_end()).await;
            }
        }
        (ended, duration)
    }

    /// Sends an event, if there is one, and waits for what the bootstrap program says.
    async fn talk(&mut self, event: Option<&Event>, limit: Duration) -> Ended {
        let ms = i64::try_from(limit.as_millis()).unwrap_or(i64::MAX);
        let deadline = now_ms().saturating_add(ms);
        let (requests, answers) = (&mut self.requests, &mut self.answers);
        let talk = async {
            if let Some(event) = event {
                pipe::send(requests, event, deadline).await?;
            }
            pipe::receive(answers).await
        };
        let limit = sleep(limit);
        tokio::pin!(talk, limit);
        let mut talking = true;
        loop {
            tokio::select! {
                biased;
                said = &mut talk, if talking => match said {
                    Ok(said) => return Ended::Said(said),
                    // The process has ended, or will not say anything more: the others see to it.
                    Err(_) => talking = false,
                },
                Ok(status) = self.child.wait() => {
                    // Its last words may still be in the pipe.
                    if talking && let Ok(Ok(said)) = timeout(LAST_OUTPUT, talk).await {
                        return Ended::Said(said);
                    }
                    return Ended::Exited(status);
                }
                () = &mut limit => return Ended::TimedOut,
                () = self.output.read() => {}
            }
        }
    }

    fn outcome(
        &mut self,
        ended: Ended,
        event: &Event,
        started: i64,
        duration: Duration,
        init: Option<Duration>,
    ) -> Outcome {
        let id = &event.request_id;
        let mut last = Vec::new();
        let (end, payload) = match ended {
            Ended::Said(said) => {
                let end = if said.kind == Kind::Result {
                    End::Returned
                } else {
                    End::Failed
                };
                (end, said.payload)
            }
            Ended::Exited(status) => {
                let why = told(status);
                let message = format!("RequestId: {id} Error: {why}");
                last = vec![message.clone(), "Runtime.ExitError".to_owned()];
                (End::Exited, error("Runtime.ExitError", &message))
            }
            Ended::TimedOut => {
                let told = format!(
                    "Task timed out after {:.2} seconds",
                    self.limit.as_secs_f64()
                );
                // Recorded: LocalStack's `test_lambda_invoke_with_timeout`. Unsure: that the log has the old words.
                let message = format!("RequestId: {id} Error: {told}");
                let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S.%3fZ");
                last = vec![format!("{now} {id} {told}")];
                (End::TimedOut, error("Sandbox.Timedout", &message))
            }
        };
        let mut lines = self.output.take(end == End::Exited || end == End::TimedOut);
        lines.extend(last.into_iter().map(|text| (now_ms(), text)));
        Outcome {
            payload,
            end,
            started,
            duration: duration.min(self.limit),
            init,
            memory_mb: self.memory_mb,
            stream: self.stream.clone(),
            before: Vec::new(),
            lines,
        }
    }

    async fn kill(&mut self) {
        kill::group(self.leader.take(), &mut self.child).await;
    }
}

fn error(kind: &str, message: &str) -> Vec<u8> {
    json!({ "errorType": kind, "errorMessage": message })
        .to_string()
        .into_bytes()
}

/// In the words of Lambda, which are Go's.
fn told(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        let name = match signal {
            6 => "aborted".to_owned(),
            9 => "killed".to_owned(),
            11 => "segmentation fault".to_owned(),
            15 => "terminated".to_owned(),
            other => format!("signal {other}"),
        };
        return format!("Runtime exited with error: signal: {name}");
    }
    match status.code() {
        Some(code) if code != 0 => format!("Runtime exited with error: exit status {code}"),
        _ => "Runtime exited without providing a reason".to_owned(),
    }
}
