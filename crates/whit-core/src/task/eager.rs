//! The first poll of a task inside its spawn, for those who ask for it: asyncio's eager tasks.
//!
//! A task that ends in its first poll then never waits in a queue, nor does its memory grow cold there: a tree of tasks needs
//! memory for one path from the root at a time, instead of for a whole level.
//!
//! It is polled inside of another poll, so this is where it is kept from growing over its head:
//! - by its home, which knows whether it may be polled on this thread at all;
//! - by the budget of the caller, a unit for each and then what the task itself takes, so that a whole tree of them takes no
//!   longer than one run of a task may;
//! - by how deep such spawns may stand in each other, and by the room that they take on the stack. Without optimization a future
//!   is copied from frame to frame on its way into the task, and a large one fills a stack in a few steps.

use std::cell::Cell;

use super::runnable::Runnable;
use crate::{Home, ScheduleInfo, budget, cleanup, home};

/// How many such polls may stand in each other on a thread.
const DEPTH_MOST: u8 = 16;
/// Bytes of stack between the first of them and the last that may begin; a new thread of Rust's has 2 MiB.
const ROOM: usize = 256 << 10;

thread_local! {
    // How many there are, and where on the stack the first one began.
    static NESTED: Cell<(u8, usize)> = const { Cell::new((0, 0)) };
}

/// Polls a new task, or queues it if that is not to be.
#[inline(never)]
pub(super) fn begin(runnable: Runnable, home: &Home) {
    home::with(home, |schedule| {
        runnable.meta().adopted(&schedule.adopt(&runnable), home);
        // What this thread collects while it drops something is not to hold what the task drops, nor to end its own waits early.
        let apart = !cleanup::is_collecting();
        let deeper = if apart && schedule.admits_eager() { Deeper::new() } else { None };
        let Some(deeper) = deeper.filter(|_| budget::take()) else {
            return schedule.schedule(runnable, ScheduleInfo { spawned: true, ..ScheduleInfo::default() });
        };
        let again = runnable.poll_in_spawn();
        drop(deeper);
        if let Some(runnable) = again {
            schedule.schedule(runnable, ScheduleInfo { woken_while_running: true, ..ScheduleInfo::default() });
        }
    });
}

/// One poll deeper, until it is dropped.
struct Deeper {
    before: (u8, usize),
}

impl Deeper {
    /// `None` if that would be too deep.
    #[inline]
    fn new() -> Option<Deeper> {
        let mark = 0_u8;
        let here = (&raw const mark).addr();
        let before = NESTED.get();
        let (depth, first) = if before.0 == 0 { (0, here) } else { before };
        if depth == DEPTH_MOST || first.abs_diff(here) > ROOM {
            return None;
        }
        NESTED.set((depth + 1, first));
        Some(Deeper { before })
    }
}

impl Drop for Deeper {
    #[inline]
    fn drop(&mut self) {
        NESTED.set(self.before);
    }
}
