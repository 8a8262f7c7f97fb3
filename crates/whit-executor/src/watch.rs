//! Watching for polls that block: what holds a worker for long is reported, and what waits behind it is given to others.
//!
//! Looking costs the workers nothing but four plain stores a poll, and nothing at all while everybody sleeps.

use std::fmt;
use std::num::NonZeroU64;
use std::panic::Location;
use std::sync::Arc;
use std::time::{Duration, Instant};

use whit_core::TaskId;

use crate::pulse::{Poll, Pulse, ROOT};
use crate::rouse::{Number, Rouse};

/// Looks at an executor's workers from a thread of its own; made by `Executor::watch` and `LocalExecutor::watch`.
///
/// ```
/// use std::time::Duration;
/// use whit_executor::{Executor, WatchEnd};
///
/// let executor = Executor::new();
/// let (mut watch, end) = executor.watch();
/// let watching = std::thread::spawn(move || {
///     let mut seen = Vec::new();
///     watch.run(Duration::from_millis(20), |blocked| seen.push(blocked.to_string()));
///     seen
/// });
/// executor.block_on(&whit_core::ThreadPark::new(), async {
///     executor.spawn(async { std::thread::sleep(Duration::from_millis(100)) }).await;
/// });
/// end.end();
/// let seen = watching.join().unwrap();
/// assert_eq!(seen.len(), 1);
/// assert!(seen[0].contains("blocks"));
/// ```
#[must_use = "nothing is watched until `run`"]
pub struct Watch {
    watched: Arc<dyn Watched>,
    number: Number,
    seen: Vec<Seen>,
}

/// Ends a [`Watch`] that runs on another thread.
#[derive(Clone)]
pub struct WatchEnd(Arc<dyn Watched>, Number);

/// A poll that has lasted longer than it should.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BlockedPoll {
    /// The name of the worker's thread.
    pub worker: Box<str>,
    /// The task, or `None` for the root future.
    pub task: Option<TaskId>,
    /// The task's name, if it has one.
    pub name: Option<Box<str>>,
    /// The line that spawned the task, or started the root.
    pub location: &'static Location<'static>,
    /// How long the poll has lasted, at least.
    pub lasted: Duration,
}

/// What a watch sees of an executor.
pub(crate) trait Watched: Send + Sync {
    /// Calls `f` with each worker, and whether something waits in its queue.
    fn workers(&self, f: &mut dyn FnMut(&Pulse, bool));
    /// Whether every worker sleeps.
    fn quiet(&self) -> bool;
    /// Wakes somebody to take over what waits behind a worker that is stuck.
    fn rescue(&self);
    fn rouse(&self) -> &Rouse;
}

/// The poll that a worker was in, and since when at least.
struct Seen {
    // Its address: only compared.
    worker: usize,
    poll: Poll,
    since: Instant,
    reported: bool,
}

impl Watch {
    pub(crate) fn new(watched: Arc<dyn Watched>) -> (Watch, WatchEnd) {
        let number = watched.rouse().begin();
        (Watch { watched: watched.clone(), number, seen: Vec::new() }, WatchEnd(watched, number))
    }

    /// Watches until it is [ended](WatchEnd::end): each poll that has lasted for `limit` is reported once, at most three
    /// fifths of `limit` later.
    ///
    /// Tasks that wait in the queue of a worker that is stuck are given to one that sleeps after 10 to 30 ms.
    pub fn run(&mut self, limit: Duration, mut report: impl FnMut(&BlockedPoll)) {
        let interval = (limit / 5).clamp(Duration::from_millis(1), Duration::from_millis(15));
        let watched = self.watched.clone();
        while !watched.rouse().has_ended(self.number) {
            watched.rouse().sleep(self.number, interval, || watched.quiet());
            self.look(Instant::now(), limit, &mut report);
        }
    }

    fn look(&mut self, now: Instant, limit: Duration, report: &mut dyn FnMut(&BlockedPoll)) {
        let (mut seen, mut rescue, mut blocked) = (Vec::new(), false, Vec::new());
        self.watched.workers(&mut |pulse, waiting| {
            let Some(poll) = pulse.look() else { return };
            let worker = std::ptr::from_ref(pulse).addr();
            let same = |former: &&Seen| former.worker == worker && former.poll.number == poll.number;
            let former = self.seen.iter().find(same);
            let since = former.map_or(now, |former| former.since);
            let mut reported = former.is_some_and(|former| former.reported);
            rescue |= waiting && former.is_some();
            let lasted = now.saturating_duration_since(since);
            if lasted >= limit && !reported {
                reported = true;
                let (name, thread) = pulse.names(&poll);
                let task = NonZeroU64::new(poll.id).filter(|_| poll.id != ROOT).map(TaskId::from_number);
                blocked.push(BlockedPoll { worker: thread, task, name, location: poll.location, lasted });
            }
            seen.push(Seen { worker, poll, since, reported });
        });
        self.seen = seen;
        if rescue {
            self.watched.rescue();
        }
        blocked.iter().for_each(&mut *report);
    }
}

impl WatchEnd {
    /// The watch returns from `run`, soon. Nothing happens if another one has taken its place.
    pub fn end(&self) {
        self.0.rouse().end(self.1);
    }
}

impl fmt::Display for BlockedPoll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.task {
            Some(id) => write!(f, "task {id}")?,
            None => f.write_str("the root future")?,
        }
        if let Some(name) = &self.name {
            write!(f, " ({name:?})")?;
        }
        let verb = if self.task.is_some() { "spawned" } else { "started" };
        write!(
            f,
            ", {verb} at {}, blocks the worker {:?}: one poll has lasted {} ms so far; move what blocks to `unblock`, or await more often",
            self.location,
            self.worker,
            self.lasted.as_millis()
        )
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("polls", &self.seen.len()).finish_non_exhaustive()
    }
}

impl fmt::Debug for WatchEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchEnd").finish_non_exhaustive()
    }
}
