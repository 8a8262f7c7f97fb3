//! What all handles of one executor share: the injector, the workers' queues, the list of tasks, and how it ends.
//!
//! The end is a one-way street: `OPEN`, `CLOSING`, `CLOSED`.
//! 1. `close` sets `CLOSING`, then again and again wakes every task in the list, which sends each home, and drops whatever
//!    stands in any queue, which drops its future. It goes on until the list is empty.
//! 2. A task leaves the list only after its future has been dropped (`release`). So when the list is empty no future is left,
//!    **also not one that another thread was just about to push**: between a wake's first step and its push the task is
//!    still in the list, and `close` waits. This is what makes it sound that tasks borrow for `'a`.
//! 3. While `CLOSING`, workers drop what they take instead of running it; schedulers push and signal.
//! 4. After `CLOSED` nobody drains any more, so a scheduler drops what is in the injector itself. It looks at the status
//!    again after its push: either it sees `CLOSED`, or the push came before and the last drain of `close` found it.

use std::sync::OnceLock;
use std::task::Waker;
#[cfg(not(loom))]
use std::time::Duration;
use std::time::Instant;

use slab::Slab;
use whit_core::{Runnable, Schedule, ScheduleInfo, UnhandledPanic};

use crate::queue::LocalQueue;
use crate::sleepers::Sleepers;
use crate::sync::atomic::{AtomicUsize, Ordering, fence};
use crate::sync::{Arc, ConcurrentQueue, Condvar, Mutex, lock};

const OPEN: usize = 0;
const CLOSING: usize = 1;
const CLOSED: usize = 2;

/// Shards of the task list: spawning threads do not meet at one lock.
const SHARDS: usize = if cfg!(loom) { 1 } else { 8 };

type Hook = Box<dyn Fn(&UnhandledPanic) + Send + Sync>;

pub(crate) struct State {
    injector: ConcurrentQueue<Runnable>,
    pub(crate) locals: Mutex<Vec<Arc<LocalQueue>>>,
    pub(crate) sleepers: Sleepers,
    tasks: [Mutex<Slab<Adopted>>; SHARDS],
    status: AtomicUsize,
    // Signalled while closing, whenever there is something to drop or a task has gone.
    progress: (Mutex<()>, Condvar),
    hook: OnceLock<Hook>,
}

struct Adopted {
    waker: Waker,
    // Who it is, for the report on stragglers.
    who: (whit_core::TaskId, &'static std::panic::Location<'static>),
}

impl State {
    pub(crate) fn new() -> State {
        State {
            injector: ConcurrentQueue::unbounded(),
            locals: Mutex::default(),
            sleepers: Sleepers::new(),
            tasks: std::array::from_fn(|_| Mutex::default()),
            status: AtomicUsize::new(OPEN),
            progress: (Mutex::new(()), Condvar::new()),
            hook: OnceLock::new(),
        }
    }

    pub(crate) fn set_hook(&self, hook: Hook) -> bool {
        self.hook.set(hook).is_ok()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.tasks.iter().all(|shard| lock(shard).is_empty())
    }

    /// Workers drop tasks instead of running them.
    pub(crate) fn is_closing(&self) -> bool {
        self.status.load(Ordering::Acquire) != OPEN
    }

    /// A task from the injector.
    pub(crate) fn pop(&self) -> Option<Runnable> {
        self.injector.pop().ok()
    }

    /// Moves up to `most` tasks from the injector into a worker's queue.
    pub(crate) fn pop_batch(&self, most: usize, into: &LocalQueue) {
        let batch = most.min(self.injector.len() / 2);
        into.extend(std::iter::from_fn(|| self.pop()).take(batch));
    }

    pub(crate) fn push(&self, runnable: Runnable) {
        // The injector is unbounded and never closed, so the push cannot fail.
        if let Err(refused) = self.injector.push(runnable) {
            drop(refused.into_inner());
        }
    }

    /// A task from anybody's queue.
    pub(crate) fn steal(&self, thief: Option<&LocalQueue>) -> Option<Runnable> {
        let victims: Vec<_> = lock(&self.locals).clone();
        // Not always the same victim first.
        let start = thief.map_or(0, |thief| std::ptr::from_ref(thief) as usize >> 6) % victims.len().max(1);
        let (before, after) = victims.split_at(start);
        after.iter().chain(before).filter(|victim| thief.is_none_or(|thief| !std::ptr::eq(&***victim, thief))).find_map(
            |victim| match thief {
                Some(thief) => victim.steal_half(thief),
                None => victim.pop_any(),
            },
        )
    }

    /// Whether any queue holds a task.
    pub(crate) fn has_work(&self) -> bool {
        !self.injector.is_empty() || lock(&self.locals).iter().any(|local| !local.is_empty())
    }

    /// Cancels every task; see the rules above. The tasks that were still there at the deadline, if it came.
    pub(crate) fn close(&self, deadline: Option<Instant>) -> Vec<String> {
        let _ = self.status.compare_exchange(OPEN, CLOSING, Ordering::SeqCst, Ordering::SeqCst);
        self.sleepers.notify_all();
        loop {
            for shard in &self.tasks {
                let wakers: Vec<_> = lock(shard).iter().map(|(_, task)| task.waker.clone()).collect();
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
        self.status.store(CLOSED, Ordering::SeqCst);
        fence(Ordering::SeqCst);
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
        while let Some(runnable) = self.pop().or_else(|| self.steal(None)) {
            drop(runnable);
        }
    }

    fn stragglers(&self) -> Vec<String> {
        let name = |(id, location): (whit_core::TaskId, &std::panic::Location<'_>)| {
            format!("task {id}, spawned at {location}")
        };
        self.tasks
            .iter()
            .flat_map(|shard| lock(shard).iter().map(|(_, task)| name(task.who)).collect::<Vec<_>>())
            .collect()
    }
}

impl Schedule for State {
    /// From a thread that is no worker of ours: into the injector.
    fn schedule(&self, runnable: Runnable, _: ScheduleInfo) {
        self.push(runnable);
        fence(Ordering::SeqCst);
        match self.status.load(Ordering::SeqCst) {
            OPEN => self.sleepers.notify(),
            CLOSING => self.progress.1.notify_all(),
            _ => self.drain(),
        }
    }

    fn adopt(&self, runnable: &Runnable) -> Option<usize> {
        let meta = runnable.meta();
        // Ids come to threads in batches of 1,024: one thread mostly meets one shard.
        let shard = (meta.id().get() >> 10) as usize % SHARDS;
        let task = Adopted { waker: runnable.waker(), who: (meta.id(), meta.location()) };
        Some(lock(&self.tasks[shard]).insert(task) * SHARDS + shard)
    }

    fn release(&self, key: usize) {
        let task = lock(&self.tasks[key % SHARDS]).try_remove(key / SHARDS);
        drop(task);
        if self.is_closing() {
            self.progress.1.notify_all();
        }
    }

    fn unhandled(&self, panic: &UnhandledPanic) {
        match self.hook.get() {
            Some(hook) => hook(panic),
            None => eprintln!("{panic}"),
        }
    }
}
