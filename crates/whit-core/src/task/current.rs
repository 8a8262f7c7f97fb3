//! Which task a thread is polling.
//!
//! A task that wakes itself in its poll, as each yield does, is noted here, by plain stores, instead of in the task's word. The
//! runner looks at the note when the poll is over, and it alone decides by it.
//!
//! Rule: `cell` points to a task only while this thread polls it, and not while it is dropped or its awaiter woken: another task
//! may stand at that address then. So it is null wherever `id` is `None`.

use std::cell::Cell;
use std::ptr::{self, NonNull};

use super::cell::Header;
use crate::TaskId;

struct Current {
    id: Cell<Option<TaskId>>,
    cell: Cell<*const Header>,
    woken: Cell<bool>,
}

#[cfg(not(loom))]
thread_local! {
    static CURRENT: Current = const { Current { id: Cell::new(None), cell: Cell::new(ptr::null()), woken: Cell::new(false) } };
}
// loom runs the threads of a model on one thread.
#[cfg(loom)]
loom::thread_local! {
    static CURRENT: Current = Current { id: Cell::new(None), cell: Cell::new(ptr::null()), woken: Cell::new(false) };
}

/// The task that this thread is polling, if it is polling one.
pub fn current_task() -> Option<TaskId> {
    CURRENT.try_with(|current| current.id.get()).ok().flatten()
}

/// If this thread polls `cell`: notes that it was woken.
#[inline]
pub(super) fn woke_itself(cell: NonNull<Header>) -> bool {
    let note = |current: &Current| {
        let itself = ptr::eq(current.cell.get(), cell.as_ptr());
        if itself {
            current.woken.set(true);
        }
        itself
    };
    CURRENT.try_with(note).unwrap_or(false)
}

/// Whether this thread is in the middle of a poll or of a drop of a task.
#[inline]
pub(super) fn is_working() -> bool {
    CURRENT.with(|current| current.id.get().is_some())
}

/// This thread works for a task, until it is dropped; [`polling`](Working::polling) is the poll. The thread must not be working for
/// a task already, unless that one is put aside by [`Outside`].
///
/// The place is looked up again and again, by closures of one line: around a whole poll one would not be inlined.
pub(super) struct Working(());

impl Working {
    #[inline]
    pub(super) fn new(id: TaskId) -> Working {
        debug_assert!(!is_working(), "the task before would be forgotten");
        CURRENT.with(|current| current.id.set(Some(id)));
        Working(())
    }

    /// Runs `poll`, which must not unwind, and says whether the task woke itself in it.
    #[inline]
    pub(super) fn polling<R>(&self, cell: NonNull<Header>, poll: impl FnOnce() -> R) -> (R, bool) {
        CURRENT.with(|current| {
            current.woken.set(false);
            current.cell.set(cell.as_ptr());
        });
        let polled = poll();
        let woken = CURRENT.with(|current| {
            current.cell.set(ptr::null());
            current.woken.get()
        });
        (polled, woken)
    }
}

impl Drop for Working {
    #[inline]
    fn drop(&mut self) {
        CURRENT.with(|current| current.id.set(None));
    }
}

/// What this thread is in the middle of is put aside, until this is dropped.
pub(super) struct Outside {
    id: Option<TaskId>,
    cell: *const Header,
    woken: bool,
}

impl Outside {
    pub(super) fn new() -> Outside {
        CURRENT.with(|current| Outside {
            id: current.id.take(),
            cell: current.cell.replace(ptr::null()),
            woken: current.woken.get(),
        })
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        CURRENT.with(|current| {
            current.id.set(self.id);
            current.cell.set(self.cell);
            current.woken.set(self.woken);
        });
    }
}
