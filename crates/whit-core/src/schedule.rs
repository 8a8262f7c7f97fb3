//! `Schedule` and `Blocking`: where a ready task goes.

use std::sync::Arc;

use crate::{Runnable, UnhandledPanic};

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
    /// Queues a task that is ready: once after its spawn, then once after each wake.
    ///
    /// Called from whichever thread woke the task.
    fn schedule(&self, runnable: Runnable, info: ScheduleInfo);

    /// Takes note of a task that has just been spawned here, and returns the key for [`release`](Schedule::release).
    ///
    /// An executor that can cancel what is left keeps a clone of the waker: waking it makes the task come home. `None`,
    /// which is the default, means that this scheduler keeps no list.
    fn adopt(&self, runnable: &Runnable) -> Option<usize> {
        let _ = runnable;
        None
    }

    /// The future of the task that was adopted under `key` has been dropped: it completed or was cancelled.
    fn release(&self, key: usize) {
        let _ = key;
    }

    /// A task panicked, and its handle was detached or dropped, so that nobody will see the panic.
    ///
    /// The default writes one line to stderr. Panics from here are swallowed.
    fn unhandled(&self, panic: &UnhandledPanic) {
        eprintln!("{panic}");
    }
}

/// A [`Schedule`] whose tasks may block their thread: asyncio's `run_in_executor`.
///
/// A marker, so that a scheduler of short tasks is not handed a disk read by mistake.
pub trait Blocking: Schedule {}
