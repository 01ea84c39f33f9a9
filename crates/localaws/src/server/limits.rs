//! What the twin takes at once, so that no client can fill its memory or keep others out.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use http_body_util::BodyExt;
use hyper::{
    StatusCode,
    body::{Body, Bytes, Incoming},
};
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::{Response, http::refusal};

/// A body up to this size is not counted. As many as there are connections fit in memory.
const SMALL: usize = 64 << 10;
/// Bytes of a body that have to come in a millisecond, after its first pause: 128 KiB in a second.
const SLOWEST: usize = 131;
/// What a permit of [`Bodies`] stands for.
const UNIT: usize = 1 << 10;

/// The limits of a twin, of all its connections together where nothing else is said.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// The time that a request's head may take, and that a connection may wait for its next request.
    pub(super) head: Duration,
    /// The time without a byte of a body, and the time that a body may wait for its turn. It may take so long in all, and
    /// longer only as much has come of it (see [`SLOWEST`]).
    pub(super) body: Duration,
    pub(super) connections: usize,
    /// Bytes of bodies at once.
    pub(super) bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(30),
            body: Duration::from_secs(30),
            connections: 512,
            bytes: 96 << 20,
        }
    }
}

/// The bodies under way. Large ones take turns.
pub(super) struct Bodies {
    free: Arc<Semaphore>,
    all: usize,
    pause: Duration,
}

/// A body, and its part of the bytes under way until this is dropped.
pub(super) struct Whole {
    pub(super) bytes: Bytes,
    pub(super) turn: Option<OwnedSemaphorePermit>,
}

impl Bodies {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            free: Arc::new(Semaphore::new(limits.bytes / UNIT)),
            all: limits.bytes / UNIT,
            pause: limits.body,
        }
    }

    /// The whole body, or a refusal. A client that asks first (`Expect`) is told before it sends.
    pub(super) async fn whole(&self, mut body: Incoming, most: usize) -> Result<Whole, Response> {
        let too_large = || {
            refusal(
                StatusCode::PAYLOAD_TOO_LARGE,
                "RequestEntityTooLargeException",
                "The request is too large",
            )
        };
        let hint = body.size_hint();
        if hint.lower() > most as u64 {
            return Err(too_large());
        }
        let exact = hint.exact().and_then(|size| usize::try_from(size).ok());
        let turn = self.turn(exact.unwrap_or(most)).await?;
        // One piece of memory, which the system gets back: frames that are collected remain with the allocator.
        let mut bytes = Vec::with_capacity(exact.unwrap_or_default());
        let begun = Instant::now();
        loop {
            let earned = Duration::from_millis((bytes.len() / SLOWEST) as u64);
            let left = (self.pause + earned).saturating_sub(begun.elapsed());
            let frame = match timeout(left.min(self.pause), body.frame()).await {
                Ok(Some(Ok(frame))) => frame,
                Ok(None) => break,
                Ok(Some(Err(_))) => {
                    return Err(refusal(
                        StatusCode::BAD_REQUEST,
                        "BadRequestException",
                        "The body could not be read",
                    ));
                }
                Err(_) => {
                    return Err(refusal(
                        StatusCode::REQUEST_TIMEOUT,
                        "RequestTimeoutException",
                        "The body has stopped coming, or comes too slowly",
                    ));
                }
            };
            let data = frame.into_data().unwrap_or_default();
            if bytes.len() + data.len() > most {
                return Err(too_large());
            }
            bytes.extend_from_slice(&data);
        }
        Ok(Whole {
            bytes: bytes.into(),
            turn,
        })
    }

    async fn turn(&self, size: usize) -> Result<Option<OwnedSemaphorePermit>, Response> {
        if size <= SMALL {
            return Ok(None);
        }
        // The largest body waits until there is no other.
        let units = size.div_ceil(UNIT).min(self.all);
        let units = u32::try_from(units).unwrap_or(u32::MAX);
        let turn = Arc::clone(&self.free).acquire_many_owned(units);
        match timeout(self.pause, turn).await {
            Ok(Ok(turn)) => Ok(Some(turn)),
            _ => Err(refusal(
                StatusCode::SERVICE_UNAVAILABLE,
                "ServiceUnavailableException",
                "labctl's local AWS is busy with other large requests",
            )),
        }
    }
}

/// The connections that are open. When there are too many, the one that has waited longest for a request gives way, else
/// the one whose request has been coming for longest. So slow clients keep no others out.
pub(super) struct Places {
    most: usize,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    count: usize,
    /// How to tell each waiting connection to go, in the order in which they began to wait.
    waiting: BTreeMap<u64, Arc<Notify>>,
    /// The same of those whose body is coming.
    reading: BTreeMap<u64, Arc<Notify>>,
    next: u64,
}

/// A connection's place.
pub(super) struct Place {
    places: Arc<Places>,
    /// Its number while it waits.
    number: Mutex<Option<u64>>,
    go: Arc<Notify>,
}

impl Places {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            most: limits.connections,
            taken: Mutex::default(),
        }
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a new connection. `None`: all are taken by requests under way.
    pub(super) fn take(self: &Arc<Self>) -> Option<Place> {
        let mut taken = self.taken();
        if taken.count >= self.most {
            let Taken {
                waiting, reading, ..
            } = &mut *taken;
            let (_, slowest) = waiting.pop_first().or_else(|| reading.pop_first())?;
            slowest.notify_one();
        }
        taken.count += 1;
        drop(taken);
        let place = Place {
            places: Arc::clone(self),
            number: Mutex::default(),
            go: Arc::default(),
        };
        place.waits();
        Some(place)
    }
}

impl Place {
    fn number(&self) -> MutexGuard<'_, Option<u64>> {
        self.number.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its connection waits for a request.
    pub(super) fn waits(&self) {
        self.queues(|taken| &mut taken.waiting);
    }

    /// The body of its connection's request is coming.
    pub(super) fn reads(&self) {
        self.queues(|taken| &mut taken.reading);
    }

    fn queues(&self, queue: fn(&mut Taken) -> &mut BTreeMap<u64, Arc<Notify>>) {
        self.works();
        let mut taken = self.places.taken();
        let number = taken.next;
        taken.next += 1;
        queue(&mut taken).insert(number, Arc::clone(&self.go));
        *self.number() = Some(number);
    }

    /// Its connection has a request under way, which gives way to none.
    pub(super) fn works(&self) {
        let mut taken = self.places.taken();
        if let Some(number) = self.number().take() {
            taken.waiting.remove(&number);
            taken.reading.remove(&number);
        }
    }

    /// Returns when another connection needs the place.
    pub(super) async fn needed(&self) {
        self.go.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.works();
        self.places.taken().count -= 1;
    }
}
