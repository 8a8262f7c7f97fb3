//! A task that is ready to be polled, and which task a thread is running.

use std::fmt;
use std::ptr::NonNull;
use std::task::Waker;

use crate::{Home, Meta, TaskId, budget, inherited, running};

/// The task that this thread is polling, if it is polling one.
pub fn current_task() -> Option<TaskId> {
    running::task()
}

/// A task that is ready to be polled. There is at most one per task at any time.
///
/// Dropping it instead of running it cancels the task.
#[must_use = "a dropped runnable cancels its task"]
pub struct Runnable(async_task::Runnable<Meta>);

impl Runnable {
    pub(crate) fn new(inner: async_task::Runnable<Meta>) -> Runnable {
        Runnable(inner)
    }

    /// Polls the task once, as the [current task](current_task) and with a fresh [budget].
    ///
    /// True if it was woken while it ran, and so has been scheduled again. Panics of the task do not come out here.
    #[inline]
    pub fn run(self) -> bool {
        self.run_with(budget::BUDGET)
    }

    /// As [`run`](Runnable::run), with a [budget] of so many units: with a small one the task gives way between two operations.
    #[inline]
    pub fn run_with(self, units: u8) -> bool {
        let _nothing_inherited = inherited::suspend();
        running::as_task(self.meta().id(), units, || self.0.run())
    }

    /// Sends the task to its home again without running it.
    pub fn schedule(self) {
        self.0.schedule();
    }

    /// What the task carries.
    #[inline]
    pub fn meta(&self) -> &Meta {
        self.0.metadata()
    }

    /// Where the task is scheduled.
    #[inline]
    pub fn home(&self) -> &Home {
        // SAFETY: whoever has a runnable has its future, which has not been dropped.
        unsafe { self.meta().home() }
    }

    /// The runnable as a pointer, for queues of one word a task. Lost, it leaks the task.
    pub fn into_raw(self) -> NonNull<()> {
        self.0.into_raw()
    }

    /// The runnable of a pointer.
    ///
    /// # Safety
    ///
    /// The pointer comes from [`into_raw`](Runnable::into_raw), and this is called once for it.
    pub unsafe fn from_raw(pointer: NonNull<()>) -> Runnable {
        // SAFETY: as the caller promised; all our runnables have this metadata.
        Runnable(unsafe { async_task::Runnable::from_raw(pointer) })
    }

    /// A waker for the task.
    pub fn waker(&self) -> Waker {
        self.0.waker()
    }
}

impl fmt::Debug for Runnable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Runnable").field(self.meta()).finish()
    }
}
