//! The first poll of a task inside its spawn, for those who ask for it: asyncio's eager tasks.
//!
//! A task that ends in its first poll then never waits in a queue, nor does its memory grow cold there: a tree of tasks needs memory for
//! one path from the root at a time, instead of for a whole level.
//!
//! It is polled inside of another poll, so this is where it is kept from growing over its head: by its home, which knows whether it may be
//! polled on this thread at all; by the budget of the caller, a unit for each and then what the task itself takes, so that a whole tree of
//! them takes no longer than one run of a task may; and by how deep such spawns may stand in each other.

use std::cell::Cell;

use super::runnable::Runnable;
use crate::{Home, ScheduleInfo, budget, cleanup, home};

/// How many such polls may stand in each other on a thread. Each takes room on its stack.
const DEPTH_MOST: u8 = 16;

thread_local! {
    static DEPTH: Cell<u8> = const { Cell::new(0) };
}

/// Polls a new task, or queues it if that is not to be.
#[inline(never)]
pub(super) fn begin(runnable: Runnable, home: &Home) {
    home::with(home, |schedule| {
        runnable.meta().adopted(&schedule.adopt(&runnable), home);
        // What this thread collects while it drops something is not to hold what the task drops, nor to end its own waits early.
        let apart = !cleanup::is_collecting();
        let admitted = apart && schedule.admits_eager() && DEPTH.get() < DEPTH_MOST && budget::take();
        if !admitted {
            return schedule.schedule(runnable, ScheduleInfo { spawned: true, ..ScheduleInfo::default() });
        }
        let deeper = Deeper::new();
        let again = runnable.poll_in_spawn();
        drop(deeper);
        if let Some(runnable) = again {
            schedule.schedule(runnable, ScheduleInfo { woken_while_running: true, ..ScheduleInfo::default() });
        }
    });
}

/// One poll deeper, until it is dropped.
struct Deeper(());

impl Deeper {
    fn new() -> Deeper {
        DEPTH.set(DEPTH.get() + 1);
        Deeper(())
    }
}

impl Drop for Deeper {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
    }
}
