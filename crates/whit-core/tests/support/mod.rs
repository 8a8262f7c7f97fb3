//! A home that is driven by hand and counts, and values that count their drops.

#![allow(dead_code, reason = "each test takes what it needs")]

pub(crate) mod plain;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use whit_core::{Adoption, Kept, Runnable, Schedule, ScheduleInfo, TaskId, UnhandledPanic};

#[derive(Default)]
pub(crate) struct Queue {
    tasks: Mutex<VecDeque<Runnable>>,
    closed: std::sync::atomic::AtomicBool,
    pub(crate) adopted: AtomicUsize,
    pub(crate) kept: Mutex<Vec<TaskId>>,
    pub(crate) released: AtomicUsize,
    pub(crate) unhandled: Mutex<Vec<String>>,
}

impl Queue {
    pub(crate) fn run_one(&self) -> bool {
        let next = self.tasks.lock().unwrap().pop_front();
        next.map(Runnable::run).is_some()
    }

    pub(crate) fn run_all(&self) {
        while self.run_one() {}
    }

    /// As an executor that ends: what is queued is dropped, and what comes.
    pub(crate) fn close(&self) {
        self.closed.store(true, SeqCst);
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap());
        drop(tasks);
    }

    pub(crate) fn open(&self) {
        self.closed.store(false, SeqCst);
    }
}

impl Schedule for Queue {
    fn schedule(&self, runnable: Runnable, _: ScheduleInfo) {
        if !self.closed.load(SeqCst) {
            self.tasks.lock().unwrap().push_back(runnable);
        }
    }

    fn adopt(&self, _: &Runnable) -> Adoption {
        self.adopted.fetch_add(1, SeqCst);
        // SAFETY: every test keeps its queue until its tasks have ended.
        unsafe { Adoption::accept(self) }
    }

    unsafe fn keep(&self, task: Kept) -> Option<usize> {
        // SAFETY: it is being kept.
        self.kept.lock().unwrap().push(unsafe { task.meta() }.id());
        None
    }

    unsafe fn release(&self, _: Option<usize>) {
        self.released.fetch_add(1, SeqCst);
    }

    fn unhandled(&self, panic: &UnhandledPanic) {
        self.unhandled.lock().unwrap().push(panic.to_string());
    }
}

/// Counts its drop, and then panics if it is a bad one.
pub(crate) struct Dropped {
    pub(crate) count: Arc<AtomicUsize>,
    pub(crate) bad: bool,
}

impl Drop for Dropped {
    fn drop(&mut self) {
        self.count.fetch_add(1, SeqCst);
        assert!(!self.bad, "in drop");
    }
}
