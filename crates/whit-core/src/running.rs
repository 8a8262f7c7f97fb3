//! What a thread runs: the task that it polls, and how much of the budget is left. In one place, which is looked up once a poll.

use std::cell::Cell;

use crate::TaskId;

struct Running {
    task: Cell<Option<TaskId>>,
    // `None`: no limit.
    left: Cell<Option<u8>>,
}

thread_local! {
    static RUNNING: Running = const { Running { task: Cell::new(None), left: Cell::new(None) } };
}

/// The task that this thread polls.
#[inline]
pub(crate) fn task() -> Option<TaskId> {
    RUNNING.try_with(|running| running.task.get()).ok().flatten()
}

/// What is left of the budget; `None` if there is no limit.
#[inline]
pub(crate) fn left() -> Option<u8> {
    RUNNING.with(|running| running.left.get())
}

#[inline]
pub(crate) fn set_left(left: Option<u8>) {
    RUNNING.with(|running| running.left.set(left));
}

/// Runs `f` as a poll of `task`, with a budget of so many units.
#[inline]
pub(crate) fn as_task<R>(task: TaskId, units: u8, f: impl FnOnce() -> R) -> R {
    RUNNING.with(|running| {
        let _restore =
            Restore { running, task: running.task.replace(Some(task)), left: running.left.replace(Some(units)) };
        f()
    })
}

/// Runs `f` with another budget.
#[inline]
pub(crate) fn with_left<R>(left: Option<u8>, f: impl FnOnce() -> R) -> R {
    RUNNING.with(|running| {
        let _restore = Restore { running, task: running.task.get(), left: running.left.replace(left) };
        f()
    })
}

struct Restore<'a> {
    running: &'a Running,
    task: Option<TaskId>,
    left: Option<u8>,
}

impl Drop for Restore<'_> {
    #[inline]
    fn drop(&mut self) {
        self.running.task.set(self.task);
        self.running.left.set(self.left);
    }
}
