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

/// This thread works for a task, until it is dropped; [`polling`](Working::polling) is the poll.
///
/// The place is looked up again and again, by closures of one line: around a whole poll one would not be inlined.
pub(super) struct Working {
    /// What was there before, in the middle of a poll; mostly a thread comes from outside of tasks.
    outer: Option<Outer>,
}

#[derive(Clone, Copy)]
struct Outer {
    id: TaskId,
    cell: *const Header,
    woken: bool,
}

impl Working {
    #[inline]
    pub(super) fn new(id: TaskId) -> Working {
        CURRENT.with(|current| {
            let before = current.id.replace(Some(id));
            Working { outer: before.map(|id| current.leave(id)) }
        })
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
        CURRENT.with(|current| match self.outer {
            None => current.id.set(None),
            Some(outer) => current.come_back(outer),
        });
    }
}

impl Current {
    #[cold]
    fn leave(&self, id: TaskId) -> Outer {
        Outer { id, cell: self.cell.replace(ptr::null()), woken: self.woken.get() }
    }

    #[cold]
    fn come_back(&self, outer: Outer) {
        self.id.set(Some(outer.id));
        self.cell.set(outer.cell);
        self.woken.set(outer.woken);
    }
}
