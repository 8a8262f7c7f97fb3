//! Watching for polls that block: what holds a worker for long is reported, and what waits behind it is given to others.
//!
//! Looking costs the workers nothing but four plain stores a poll, and nothing at all while everybody sleeps.

use std::fmt;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::{Duration, Instant};

use whit_core::TaskId;

use crate::blocked::{BlockedPoll, StackTrace};
use crate::pulse::{Poll, Pulse, ROOT};
use crate::rouse::{Number, Rouse};
use crate::spare::{Load, Spare, Spares};
use crate::thread;

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
    stacks: Option<OfThread>,
    spares: Option<Spares>,
}

type OfThread = Box<dyn FnMut(u32) -> Option<StackTrace> + Send>;

/// Ends a [`Watch`] that runs on another thread.
#[derive(Clone)]
pub struct WatchEnd(Arc<dyn Watched>, Number);

/// What a watch sees of an executor.
pub(crate) trait Watched: Send + Sync {
    /// Calls `f` with each worker.
    fn workers(&self, f: &mut dyn FnMut(Glance<'_>));
    /// Whether every worker sleeps.
    fn quiet(&self) -> bool;
    /// Wakes somebody to take over what waits behind a worker that is stuck.
    fn rescue(&self);
    fn rouse(&self) -> &Rouse;
}

/// What a watch sees of a worker.
pub(crate) struct Glance<'w> {
    pub(crate) pulse: &'w Pulse,
    /// Whether something waits in its queue.
    pub(crate) waiting: bool,
    /// Whether it only stands in.
    pub(crate) spare: bool,
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
        let watch = Watch { watched: watched.clone(), number, seen: Vec::new(), stacks: None, spares: None };
        (watch, WatchEnd(watched, number))
    }

    /// Tells the watch how to find the stack of a thread, by the kernel's number of it: for `BlockedPoll::stack`.
    ///
    /// Called at most once for each poll that blocks, between two looks at the workers, so it should not take long: names can
    /// be looked up when the stack is written. What it answers is not used if the poll has ended meanwhile.
    pub fn stacks(&mut self, of_thread: impl FnMut(u32) -> Option<StackTrace> + Send + 'static) {
        self.stacks = Some(Box::new(of_thread));
    }

    /// Calls `start` with a [`Spare`] whenever all workers are stuck in polls that have lasted for the limit, and all spares,
    /// of which there are at most `most` at a time. They are sent home when a worker is free again, and at the end of `run`.
    pub fn spares(&mut self, most: usize, start: impl FnMut(Spare) + Send + 'static) {
        self.spares = Some(Spares::new(most, Box::new(start)));
    }

    /// Watches until it is [ended](WatchEnd::end): each poll that has lasted for `limit` is reported once, at most three
    /// fifths of `limit` later.
    ///
    /// Tasks that wait in the queue of a worker that is stuck are given to one that sleeps after 10 to 30 ms.
    pub fn run(&mut self, limit: Duration, mut report: impl FnMut(&BlockedPoll)) {
        let interval = (limit / 5).clamp(Duration::from_millis(1), Duration::from_millis(15));
        let watched = self.watched.clone();
        let mut roused = false;
        while !watched.rouse().has_ended(self.number) {
            // A spare that is out must be sent home, and nobody wakes up for that.
            let out = self.spares.as_mut().is_some_and(Spares::are_out);
            // Whoever roused it may sleep again before it runs, above all on the same core. It looks for an interval all the
            // same: workers that sleep and wake for each message must not pay for a wake of the watch each time.
            let stays = out || roused;
            roused = watched.rouse().sleep(self.number, interval, || !stays && watched.quiet());
            self.look(Instant::now(), limit, &mut report);
        }
        if let Some(spares) = &self.spares {
            spares.send_home();
        }
    }

    fn look(&mut self, now: Instant, limit: Duration, report: &mut dyn FnMut(&BlockedPoll)) {
        let (mut seen, mut rescue, mut blocked, mut load) = (Vec::new(), false, Vec::new(), Load::default());
        self.watched.workers(&mut |Glance { pulse, waiting, spare }| {
            let (all, all_stuck) =
                if spare { (&mut load.spares, &mut load.spares_stuck) } else { (&mut load.workers, &mut load.stuck) };
            *all += 1;
            let Some(poll) = pulse.look() else { return };
            let worker = std::ptr::from_ref(pulse).addr();
            let same = |former: &&Seen| former.worker == worker && former.poll.number == poll.number;
            let former = self.seen.iter().find(same);
            let since = former.map_or(now, |former| former.since);
            let mut reported = former.is_some_and(|former| former.reported);
            rescue |= waiting && former.is_some();
            let lasted = now.saturating_duration_since(since);
            let stuck = lasted >= limit;
            *all_stuck += usize::from(stuck);
            if stuck && !reported {
                reported = true;
                blocked.push((worker, poll.number, describe(pulse, &poll, lasted)));
            }
            seen.push(Seen { worker, poll, since, reported });
        });
        self.seen = seen;
        if rescue {
            self.watched.rescue();
        }
        if let Some(spares) = &mut self.spares {
            spares.look(&load);
        }
        for (worker, number, mut blocked) in blocked {
            self.examine(&mut blocked, worker, number);
            report(&blocked);
        }
    }

    /// Adds what can be found out about the thread, if the poll lasts that long.
    fn examine(&mut self, blocked: &mut BlockedPoll, worker: usize, number: usize) {
        let Some(thread) = blocked.thread else { return };
        let doing = thread::doing(thread);
        let stack = self.stacks.as_mut().and_then(|of_thread| of_thread(thread));
        let mut still = false;
        self.watched.workers(&mut |Glance { pulse, .. }| {
            still |=
                std::ptr::from_ref(pulse).addr() == worker && pulse.look().is_some_and(|poll| poll.number == number);
        });
        if still {
            (blocked.doing, blocked.stack) = (doing, stack);
        }
    }
}

fn describe(pulse: &Pulse, poll: &Poll, lasted: Duration) -> BlockedPoll {
    let (name, (worker, thread)) = (pulse.name(poll), pulse.thread());
    let task = NonZeroU64::new(poll.id).filter(|_| poll.id != ROOT).map(TaskId::from_number);
    BlockedPoll { worker, thread, task, name, location: poll.location, lasted, doing: None, stack: None }
}

impl WatchEnd {
    /// The watch returns from `run`, soon. Nothing happens if another one has taken its place.
    pub fn end(&self) {
        self.0.rouse().end(self.1);
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

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// Asleep whenever it is asked.
    #[derive(Default)]
    struct Quiet {
        rouse: Rouse,
        looks: AtomicU32,
    }

    impl Watched for Quiet {
        fn workers(&self, _: &mut dyn FnMut(Glance<'_>)) {
            self.looks.fetch_add(1, Ordering::Relaxed);
        }
        fn quiet(&self) -> bool {
            true
        }
        fn rescue(&self) {}
        fn rouse(&self) -> &Rouse {
            &self.rouse
        }
    }

    #[test]
    fn workers_that_wake_again_and_again_rouse_it_once_an_interval() {
        let quiet = Arc::new(Quiet::default());
        let (mut watch, end) = Watch::new(quiet.clone());
        let watching = std::thread::spawn(move || watch.run(Duration::from_secs(1), |_| {}));
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_millis(150) {
            std::thread::sleep(Duration::from_micros(100));
            quiet.rouse.rouse();
        }
        let intervals = (begun.elapsed().as_millis() / 15) as u32 + 1;
        end.end();
        watching.join().unwrap();
        let looks = quiet.looks.load(Ordering::Relaxed);
        assert!(looks <= 2 * intervals + 2, "{looks} looks in {intervals} intervals");
    }
}
