//! A task that is ready to be polled, and which task a thread is running.

use std::cell::Cell;
use std::fmt;
use std::task::Waker;

use crate::{Meta, TaskId, budget, inherited};

thread_local! {
    static CURRENT: Cell<Option<TaskId>> = const { Cell::new(None) };
}

/// The task that this thread is polling, if it is polling one.
pub fn current_task() -> Option<TaskId> {
    CURRENT.try_with(Cell::get).ok().flatten()
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
    pub fn run(self) -> bool {
        let _nothing_inherited = inherited::suspend();
        struct Restore(Option<TaskId>);
        impl Drop for Restore {
            fn drop(&mut self) {
                CURRENT.set(self.0);
            }
        }
        let _restore = Restore(CURRENT.replace(Some(self.meta().id())));
        budget::with_budget(|| self.0.run())
    }

    /// Sends the task to its home again without running it.
    pub fn schedule(self) {
        self.0.schedule();
    }

    /// What the task carries.
    pub fn meta(&self) -> &Meta {
        self.0.metadata()
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
