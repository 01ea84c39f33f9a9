//! One handler process, and the task that alone deals with it.

use std::{process::ExitStatus, time::Duration};

use serde_json::json;
use tokio::{
    io::BufReader,
    process::{Child, ChildStdin, ChildStdout},
    sync::{mpsc, oneshot},
    time::{Instant, interval, sleep, timeout},
};

use super::{
    End, Event, Outcome,
    kill::Group,
    memory,
    output::Output,
    pipe::{self, Kind, Said},
};
use crate::app::now_ms;

/// How long the init phase may take (AWS's documentation, "Lambda execution environment lifecycle").
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
    group: Group,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
    output: Output,
    stream: String,
    limits: Limits,
    phase: Phase,
    /// The most that it was seen to hold.
    memory_mb: u64,
}

/// What a function may use.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) time: Duration,
    pub(super) memory_mb: u64,
}

/// When a handler is loaded: in a phase of its own, and if that fails, once more within the invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Init,
    Invoke,
}

enum Ended {
    Said(Said),
    Exited(ExitStatus),
    TimedOut,
    OutOfMemory,
}

impl Process {
    /// `None`: the child has no pipes.
    pub(super) fn new(
        mut child: Child,
        stream: String,
        limits: Limits,
        phase: Phase,
        begun: Option<String>,
    ) -> Option<Self> {
        let task = Task {
            group: Group::of(&child),
            requests: child.stdin.take()?,
            answers: BufReader::new(child.stdout.take()?),
            output: Output::new(child.stderr.take()?, begun),
            child,
            stream,
            limits,
            phase,
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
        let limit = match self.phase {
            Phase::Init => INIT,
            Phase::Invoke => self.limits.time,
        };
        let (loaded, init) = self.exchange(None, limit).await;
        if matches!(&loaded, Ended::Said(said) if said.kind == Kind::Ready) {
            self.serve(init, &mut queue).await;
        } else if let Some(Job { event, reply }) = queue.recv().await {
            let report = init_report(init, self.phase, &loaded);
            let mut outcome = self.outcome(loaded, &event, now_ms(), init, None);
            outcome.lines.push((now_ms(), report));
            if self.phase == Phase::Init {
                outcome.end = End::NotLoaded;
                outcome.before = std::mem::take(&mut outcome.lines);
            }
            let _ = reply.send((outcome, false));
        }
        self.group.kill(&mut self.child).await;
    }

    /// Answers invocations, and keeps the process frozen between them.
    async fn serve(&mut self, init: Duration, queue: &mut mpsc::Receiver<Job>) {
        let (mut init, mut left) = match self.phase {
            Phase::Init => (Some(init), self.limits.time),
            Phase::Invoke => (None, self.limits.time.saturating_sub(init)),
        };
        loop {
            if queue.is_empty() {
                self.group.freeze();
            }
            let Some(Job { event, reply }) = self.next(queue).await else {
                return;
            };
            let before = self.output.take(true);
            let at = now_ms();
            self.group.thaw();
            let (ended, duration) = self.exchange(Some(&event), left).await;
            let alive = matches!(&ended, Ended::Said(said) if said.kind != Kind::Fatal);
            let mut outcome = self.outcome(ended, &event, at, duration, init.take());
            outcome.before = before;
            left = self.limits.time;
            // Whoever asked may have gone.
            let _ = reply.send((outcome, alive));
            if !alive {
                return;
            }
        }
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
                self.memory_mb = self.memory_mb.max(said.memory_mb);
                let id = event.map_or("init", |event| &event.request_id);
                // A handler may hold on to the pipe.
                let _ = timeout(LAST_OUTPUT, self.output.read_until_mark(id)).await;
            }
            Ended::Exited(_) | Ended::TimedOut | Ended::OutOfMemory => {
                self.group.kill(&mut self.child).await;
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
        let mut look = interval(memory::PACE);
        let leader = self.child.id();
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
                _ = look.tick() => {
                    let held = leader.and_then(memory::resident).unwrap_or_default();
                    self.memory_mb = self.memory_mb.max(held.min(self.limits.memory_mb));
                    if held > self.limits.memory_mb {
                        return Ended::OutOfMemory;
                    }
                }
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
            Ended::Exited(_) | Ended::OutOfMemory => {
                let why = match ended {
                    Ended::Exited(status) => told(status),
                    _ => "Runtime exited with error: signal: killed".to_owned(),
                };
                let message = format!("RequestId: {id} Error: {why}");
                last = vec![message.clone(), "Runtime.ExitError".to_owned()];
                (End::Exited, error("Runtime.ExitError", &message))
            }
            Ended::TimedOut => {
                let told = format!(
                    "Task timed out after {:.2} seconds",
                    self.limits.time.as_secs_f64()
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
            duration: duration.min(self.limits.time),
            init,
            memory_mb: self.memory_mb,
            stream: self.stream.clone(),
            before: Vec::new(),
            lines,
        }
    }
}

/// The log line of a handler that was not loaded (AWS's documentation, "Lambda execution environment lifecycle").
fn init_report(took: Duration, phase: Phase, ended: &Ended) -> String {
    let ms = took.as_secs_f64() * 1000.0;
    let phase = match phase {
        Phase::Init => "init",
        Phase::Invoke => "invoke",
    };
    let status = match ended {
        Ended::TimedOut => "timeout".to_owned(),
        Ended::Exited(_) | Ended::OutOfMemory => "error\tError Type: Runtime.ExitError".to_owned(),
        Ended::Said(said) => {
            let told: serde_json::Value = serde_json::from_slice(&said.payload).unwrap_or_default();
            let kind = told["errorType"].as_str().unwrap_or("Runtime.Unknown");
            format!("error\tError Type: {kind}")
        }
    };
    format!("INIT_REPORT Init Duration: {ms:.2} ms\tPhase: {phase}\tStatus: {status}")
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
