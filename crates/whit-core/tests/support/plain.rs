//! A home of tasks that count it, and what tests of tasks do again and again.

#![allow(dead_code, reason = "each test takes what it needs")]

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use whit_core::{Home, Runnable, Schedule, ScheduleInfo, Task};

use super::Dropped;

/// A home that keeps no account: each task counts it until its memory is freed.
#[derive(Default)]
pub(crate) struct Plain(pub(crate) Mutex<Vec<Runnable>>);

impl Schedule for Plain {
    fn schedule(&self, runnable: Runnable, _: ScheduleInfo) {
        self.0.lock().unwrap().push(runnable);
    }
}

impl Plain {
    pub(crate) fn new() -> (Arc<Plain>, Home) {
        let plain = Arc::new(Plain::default());
        (plain.clone(), plain)
    }

    pub(crate) fn pop(&self) -> Option<Runnable> {
        self.0.lock().unwrap().pop()
    }

    /// How many times something was run.
    pub(crate) fn run_all(&self) -> usize {
        std::iter::from_fn(|| self.pop().map(Runnable::run)).count()
    }

    /// Tasks whose memory is there. Two are ours.
    pub(crate) fn tasks(self: &Arc<Plain>) -> usize {
        Arc::strong_count(self) - 2
    }
}

pub(crate) fn poll_once<T>(task: &mut Task<T>, waker: &Waker) -> Poll<T> {
    Pin::new(task).poll(&mut Context::from_waker(waker))
}

pub(crate) fn quiet<R>(f: impl FnOnce() -> R) -> std::thread::Result<R> {
    catch_unwind(AssertUnwindSafe(f))
}

pub(crate) fn held() -> (Arc<AtomicUsize>, Dropped) {
    let count = Arc::<AtomicUsize>::default();
    (count.clone(), Dropped { count, bad: false })
}
