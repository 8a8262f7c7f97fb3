//! `Schedule` and `Blocking`: where a ready task goes.

use std::sync::Arc;
use std::thread::{self, ThreadId};

use crate::{Kept, Runnable, UnhandledPanic};

/// A scheduler that tasks can call their home: shared, and reachable from every thread that may wake them.
pub type Home = Arc<dyn Schedule + Send + Sync>;

/// What the scheduler is told beside the task itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ScheduleInfo {
    /// The task woke itself while it ran: a yield. Such a task belongs at the tail of a queue, never in a LIFO slot.
    pub woken_while_running: bool,
    /// The task has just been spawned. Tasks that were spawned one after the other start in that order, so it belongs at the
    /// tail too.
    pub spawned: bool,
}

/// Queues ready tasks: asyncio's `call_soon`.
///
/// Whoever implements it is an executor: ours, a rayon pool, a tokio handle. The generic caller ([`spawn`](crate::spawn))
/// allocates the task; only the type-erased [`Runnable`] passes here, so the trait is dyn-compatible and nothing is boxed.
///
/// Implementations must not panic, must not run the task inside `schedule`, and should run every runnable or drop it
/// (which cancels the task).
pub trait Schedule {
    /// Queues a task that is ready: once after its spawn, unless it [was polled there](Schedule::admits_eager), then once
    /// after each wake.
    ///
    /// Called from whichever thread woke the task.
    fn schedule(&self, runnable: Runnable, info: ScheduleInfo);

    /// Takes note of a task that is being spawned here, before it is scheduled for the first time.
    ///
    /// A home that wants to know when its tasks' futures are gone answers [`Adoption::accept`], and is told of each such task
    /// by [`release`](Schedule::release). The default declines: this scheduler keeps no account.
    fn adopt(&self, runnable: &Runnable) -> Adoption {
        let _ = runnable;
        Adoption::decline()
    }

    /// An adopted task has returned `Pending` for the first time, so that from now on it may be in no queue. `Some` key for
    /// [`release`](Schedule::release) if the home keeps it in a list.
    ///
    /// An executor that can cancel what is left does: a [waker](Kept::waker) of it makes the task come home. Many tasks
    /// never come here, as they complete in their first poll. A task that is not kept, and that nobody has a handle or a waker of,
    /// ends: it would wait for ever.
    ///
    /// # Safety
    ///
    /// Called by the task itself, which this home has adopted and which has not ended, and once.
    unsafe fn keep(&self, task: Kept) -> Option<usize> {
        let _ = task;
        None
    }

    /// The future of an adopted task has been dropped: it completed or was cancelled. The key is what
    /// [`keep`](Schedule::keep) answered, if it was called.
    ///
    /// # Safety
    ///
    /// Called for a task that this home has adopted, once, and after its future was dropped: homes rest the lives of what
    /// tasks borrow, and their own, on it.
    unsafe fn release(&self, key: Option<usize>) {
        let _ = key;
    }

    /// The thread that this home's tasks never leave, if there is one: [`Spawn::spawn_local`](crate::Spawn::spawn_local) asks.
    fn confined(&self) -> Option<Confined> {
        None
    }

    /// Whether a task that is being spawned may be polled in its [spawn](crate::Spawn::eager), on this thread and inside of
    /// whatever is polled there. Asked of what stands in for the home on a thread that [drives](crate::drive) it; of the
    /// home itself elsewhere, where the default, no, is right.
    fn admits_eager(&self) -> bool {
        false
    }

    /// A task panicked, and its handle was detached or dropped, so that nobody will see the panic.
    ///
    /// The default writes one line to stderr. Panics from here are swallowed.
    fn unhandled(&self, panic: &UnhandledPanic) {
        eprintln!("{panic}");
    }
}

/// What a home answers to a task that wants to be [adopted](Schedule::adopt).
#[derive(Debug)]
#[must_use = "a task is adopted only if this reaches whoever spawns it"]
pub struct Adoption {
    // By address; null if declined.
    home: *const (),
}

impl Adoption {
    /// The home keeps no account of the task, and the task keeps the home alive: a reference count for each.
    pub const fn decline() -> Adoption {
        Adoption { home: std::ptr::null() }
    }

    /// The home keeps account of the task, and answers for its own life, so that the task need not count.
    ///
    /// # Safety
    ///
    /// `home` is not freed before [`release`](Schedule::release) has been called for this task.
    pub unsafe fn accept<T: ?Sized>(home: &T) -> Adoption {
        Adoption { home: std::ptr::from_ref(home).cast() }
    }

    /// Whether it is `home` that accepted; not, say, one that it wraps and that may live longer or shorter.
    pub(crate) fn is_by(&self, home: &Home) -> bool {
        self.home == Arc::as_ptr(home).cast()
    }
}

/// A home's promise that its tasks stay on one thread, so that they need not be `Send`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Confined(ThreadId);

impl Confined {
    /// To the calling thread.
    ///
    /// # Safety
    ///
    /// The home that answers with this runs and drops every [`Runnable`] that it is given on this thread, from wherever its
    /// task was woken.
    pub unsafe fn to_this_thread() -> Confined {
        Confined(thread::current().id())
    }

    /// Whether it is the calling thread that is meant.
    pub fn is_here(self) -> bool {
        self.0 == thread::current().id()
    }
}

/// A [`Schedule`] whose tasks may block their thread: asyncio's `run_in_executor`.
///
/// A marker, so that a scheduler of short tasks is not handed a disk read by mistake.
pub trait Blocking: Schedule {}
