//! What all handles of one executor share: the injector, what workers show of their queues, the account of tasks, and how it
//! ends.
//!
//! The account has two parts. The [census](crate::census) counts each task from its spawn until its future is dropped. The
//! list, `kept`, holds each task that has returned `Pending` once; before that a task is in a queue or in its
//! first poll, and most tasks never come to be in the list.
//!
//! The end is a one-way street: `OPEN`, `CLOSING`, `CLOSED`.
//! 1. `close` sets `CLOSING`, then again and again wakes every task in the list, which sends each home, and drops whatever
//!    stands in any queue, which drops its future. It goes on until the census counts nobody.
//! 2. A task is counted as ended only after its future has been dropped (`release`). So when nobody is counted no future is
//!    left, **also not one that another thread was just about to push or to keep**: between a wake's first step and its push,
//!    and in the middle of a poll, the task is still counted, and `close` waits. This is what makes it sound that tasks borrow
//!    for `'a`, and that they do not count this state as one of its owners: the executor, which owns it, closes before it goes.
//! 3. While `CLOSING`, workers drop what they take instead of running it; schedulers push and signal.
//! 4. After `CLOSED` nobody drains any more, so a scheduler drops what is in the injector itself. It looks at the status
//!    again after its push: either it sees `CLOSED`, or the push came before and the last drain of `close` found it.

use std::task::Waker;
#[cfg(not(loom))]
use std::time::Duration;
use std::time::Instant;

use slab::Slab;
use whit_core::{Adoption, Kept, Runnable, Schedule, ScheduleInfo, UnhandledPanic};

use crate::census::Census;
use crate::ending::{Ending, Phase};
use crate::injector::Injector;
use crate::queue::Shared;
use crate::rouse::Rouse;
use crate::sleepers::Sleepers;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Arc, Condvar, Mutex, lock};
use crate::unhandled::Unhandled;
use crate::watch::{Glance, Watched};

/// Shards of the list of tasks: threads do not meet at one lock.
const SHARDS: usize = if cfg!(loom) { 1 } else { 8 };

pub(crate) struct State {
    pub(crate) injector: Injector,
    crew: Mutex<Crew>,
    // Grows with each change of the crew, so that a worker knows when to look at it again.
    crew_version: AtomicUsize,
    pub(crate) sleepers: Sleepers,
    // Workers that do not sleep, and the watch that is interested in that.
    awake: AtomicUsize,
    rouse: Rouse,
    // Of spawns and ends on threads that are no workers, and of workers that have left.
    others: Census,
    kept: [Mutex<Slab<Kept>>; SHARDS],
    ending: Ending,
    // Signalled while closing, whenever there is something to drop or a task has gone.
    progress: (Mutex<()>, Condvar),
    pub(crate) unhandled: Unhandled,
}

/// The workers, as others see them.
type Crew = Vec<Arc<Shared>>;

impl State {
    pub(crate) fn new() -> State {
        State {
            injector: Injector::default(),
            crew: Mutex::default(),
            crew_version: AtomicUsize::new(0),
            sleepers: Sleepers::new(),
            awake: AtomicUsize::new(0),
            rouse: Rouse::default(),
            others: Census::default(),
            kept: std::array::from_fn(|_| Mutex::default()),
            ending: Ending::new(),
            progress: (Mutex::new(()), Condvar::new()),
            unhandled: Unhandled::default(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.left() == 0
    }

    /// Workers drop tasks instead of running them.
    pub(crate) fn is_closing(&self) -> bool {
        self.ending.has_begun()
    }

    /// A worker comes: from now on others may steal from it.
    pub(crate) fn join(&self, worker: Arc<Shared>) {
        let mut crew = lock(&self.crew);
        crew.push(worker);
        self.crew_version.fetch_add(1, Ordering::Release);
    }

    /// A worker goes; its counts stay. What is in its queue is for the caller to save.
    pub(crate) fn leave(&self, worker: &Arc<Shared>) {
        let mut crew = lock(&self.crew);
        crew.retain(|member| !Arc::ptr_eq(member, worker));
        self.others.inherit(&worker.census);
        self.crew_version.fetch_add(1, Ordering::Release);
    }

    /// A worker wakes up, or comes.
    pub(crate) fn wakes_up(&self) {
        self.awake.fetch_add(1, Ordering::SeqCst);
        self.rouse.rouse();
    }

    /// A worker has queued a task; is help `welcome`?
    #[inline]
    pub(crate) fn tell(&self, welcome: bool) {
        if welcome {
            self.sleepers.notify();
        }
    }

    /// A worker falls asleep, or goes; true if nobody is awake then.
    pub(crate) fn falls_asleep(&self) -> bool {
        self.awake.fetch_sub(1, Ordering::SeqCst) == 1
    }

    /// Brings what a worker knows of the others up to date.
    pub(crate) fn look_at_crew(&self, known: &mut (usize, Crew)) {
        let version = self.crew_version.load(Ordering::Acquire);
        if known.0 != version {
            *known = (version, lock(&self.crew).clone());
        }
    }

    /// A task from anybody's queue, for who has none.
    pub(crate) fn pop_any(&self) -> Option<Runnable> {
        self.injector.pop().or_else(|| lock(&self.crew).iter().find_map(|worker| worker.pop_any()))
    }

    /// Whether any queue holds a task.
    pub(crate) fn has_work(&self) -> bool {
        !self.injector.is_empty() || lock(&self.crew).iter().any(|worker| !worker.is_empty())
    }

    /// Cancels every task; see the rules above. The tasks that were still there at the deadline, if it came.
    pub(crate) fn close(&self, deadline: Option<Instant>) -> Vec<String> {
        self.ending.begin();
        self.sleepers.notify_all();
        loop {
            for shard in &self.kept {
                // SAFETY: `release` takes a task out of the list under its lock, which is held.
                let wakers: Vec<_> = lock(shard).iter().map(|(_, task)| unsafe { task.waker() }).collect();
                wakers.into_iter().for_each(Waker::wake);
            }
            self.drain();
            if self.is_empty() {
                break;
            }
            if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                return self.stragglers();
            }
            self.await_progress();
        }
        self.ending.complete();
        self.drain();
        Vec::new()
    }

    /// A wake in the middle of its two steps, or a poll on another thread: both end and signal, or are seen next time.
    fn await_progress(&self) {
        // loom knows no time.
        #[cfg(loom)]
        loom::thread::yield_now();
        #[cfg(not(loom))]
        drop(self.progress.1.wait_timeout(lock(&self.progress.0), Duration::from_millis(1)));
    }

    fn drain(&self) {
        while let Some(runnable) = self.pop_any() {
            drop(runnable);
        }
    }

    /// Those that are in the list, those that workers are polling for the first time, and how many others there are.
    fn stragglers(&self) -> Vec<String> {
        let mut found = Vec::new();
        for shard in &self.kept {
            let kept = lock(shard);
            // SAFETY: they are in the list, whose lock is held.
            let metas = kept.iter().map(|(_, task)| unsafe { task.meta() });
            found.extend(metas.map(|meta| (meta.id().get(), meta.to_string())));
        }
        // Those in their first poll. Who has a name has left it there.
        for pulse in lock(&self.crew).iter().map(|worker| &worker.pulse) {
            let Some(poll) = pulse.look() else { continue };
            let name = pulse.name(&poll).map_or(String::new(), |name| format!("{name:?}, "));
            found.push((poll.id, format!("task {} ({name}spawned at {})", poll.id, poll.location)));
        }
        // By id, and each once, though it may be in both.
        found.sort_by_key(|task| task.0);
        found.dedup_by_key(|task| task.0);
        let mut names: Vec<_> = found.into_iter().map(|task| task.1).collect();
        let others = self.left().saturating_sub(names.len());
        if others > 0 {
            names.push(format!("{others} more in their first poll"));
        }
        names
    }

    /// How many tasks are left; at least, if some are coming and going.
    fn left(&self) -> usize {
        let crew = lock(&self.crew);
        Census::left(crew.iter().map(|worker| &worker.census).chain([&self.others]))
    }
}

impl Schedule for State {
    /// From a thread that is no worker of ours: into the injector.
    fn schedule(&self, runnable: Runnable, _: ScheduleInfo) {
        self.injector.push(runnable);
        match self.ending.phase_after_push() {
            Phase::Open => self.sleepers.notify(),
            Phase::Closing => self.progress.1.notify_all(),
            Phase::Closed => self.drain(),
        }
    }

    fn adopt(&self, _: &Runnable) -> Adoption {
        self.others.start_shared();
        self.accept()
    }

    unsafe fn keep(&self, task: Kept) -> Option<usize> {
        // SAFETY: it is being kept.
        let id = unsafe { task.meta() }.id();
        // Ids come to threads in batches of 1,024: one thread mostly meets one shard.
        let shard = (id.get() >> 10) as usize % SHARDS;
        let mut kept = lock(&self.kept[shard]);
        if kept.len() == kept.capacity() {
            // Doubling would mean that up to half of the list is empty.
            let more = (kept.len() / 8).max(64);
            kept.reserve_exact(more);
        }
        Some(kept.insert(task) * SHARDS + shard)
    }

    unsafe fn release(&self, key: Option<usize>) {
        self.forget(key);
        self.others.end_shared();
        self.signal_end();
    }

    fn unhandled(&self, panic: &UnhandledPanic) {
        self.unhandled.report(panic);
    }
}

/// The parts of `adopt` and `release` that do not depend on who counts.
impl State {
    pub(crate) fn accept(&self) -> Adoption {
        // SAFETY: the executor that owns this state closes before it goes, and `close` waits for every release: rule 2. After
        // it, and for what is spawned after it, whoever calls `schedule` holds the state, and drops the task before it lets go.
        unsafe { Adoption::accept(self) }
    }

    pub(crate) fn forget(&self, key: Option<usize>) {
        if let Some(key) = key {
            lock(&self.kept[key % SHARDS]).try_remove(key / SHARDS);
        }
    }

    /// A task has been counted as ended.
    pub(crate) fn signal_end(&self) {
        if self.is_closing() {
            self.progress.1.notify_all();
        }
    }
}

impl Watched for State {
    fn workers(&self, f: &mut dyn FnMut(Glance<'_>)) {
        for worker in lock(&self.crew).iter() {
            f(Glance { pulse: &worker.pulse, waiting: !worker.is_empty(), spare: worker.spare });
        }
    }

    fn quiet(&self) -> bool {
        self.awake.load(Ordering::SeqCst) == 0
    }

    fn rescue(&self) {
        self.sleepers.notify();
    }

    fn rouse(&self) -> &Rouse {
        &self.rouse
    }
}
