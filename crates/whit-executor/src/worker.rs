//! A worker: takes tasks from its own queue, the injector and its peers, and sleeps when there are none.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use whit_core::{Home, Park, Runnable, Schedule, ScheduleInfo, budget, drive};

use crate::queue::LocalQueue;
use crate::sleepers::Ticket;
use crate::state::State;
use crate::sync::{Arc as QueueArc, lock};

/// Tasks between two looks at the injector while the own queue has some; a prime, so that patterns do not align.
const INJECTOR_EACH: u32 = 61;
/// Tasks between two looks at the driver.
const DRIVER_EACH: u32 = 64;
/// Tasks taken over from the injector at once, at most.
const BATCH: usize = 32;

/// One that runs tasks: a thread in `block_on`, or a `run` future.
pub(crate) struct Worker {
    state: Arc<State>,
    queue: QueueArc<LocalQueue>,
    turn: u32,
    searcher: bool,
}

/// What stands in for the executor on the worker's own thread.
struct Local<'w> {
    state: &'w State,
    queue: &'w LocalQueue,
}

impl Schedule for Local<'_> {
    fn schedule(&self, runnable: Runnable, info: ScheduleInfo) {
        if self.queue.push(runnable, info) {
            self.state.sleepers.notify();
        }
    }
}

impl Worker {
    pub(crate) fn new(state: Arc<State>) -> Worker {
        let queue = QueueArc::new(LocalQueue::default());
        lock(&state.locals).push(queue.clone());
        Worker { state, queue, turn: 0, searcher: false }
    }

    /// Runs `f` as this worker: wakes inside it stay on its own queue.
    pub(crate) fn drive<R>(&mut self, home: &Home, f: impl FnOnce(&mut Worker) -> R) -> R {
        let (state, queue) = (self.state.clone(), self.queue.clone());
        drive(home, &Local { state: &state, queue: &queue }, || f(self))
    }

    /// Runs one task, if there is one anywhere.
    pub(crate) fn run_one(&mut self) -> bool {
        let Some(runnable) = self.next() else { return false };
        if std::mem::take(&mut self.searcher) {
            self.state.sleepers.found();
        }
        if self.state.is_closing() {
            drop(runnable);
        } else {
            runnable.run();
        }
        true
    }

    fn next(&mut self) -> Option<Runnable> {
        self.turn = self.turn.wrapping_add(1);
        if self.turn.is_multiple_of(INJECTOR_EACH)
            && let Some(runnable) = self.state.pop()
        {
            return Some(runnable);
        }
        if let Some(runnable) = self.queue.pop() {
            return Some(runnable);
        }
        if let Some(runnable) = self.state.pop() {
            self.state.pop_batch(BATCH, &self.queue);
            return Some(runnable);
        }
        self.state.steal(Some(&self.queue))
    }

    /// Enters the list of sleepers. `None` if there is work after all.
    pub(crate) fn prepare_sleep(&mut self, waker: Waker) -> Option<Ticket> {
        let ticket = self.state.sleepers.enter(waker, std::mem::take(&mut self.searcher));
        if self.state.has_work() {
            self.end_sleep(ticket);
            return None;
        }
        Some(ticket)
    }

    pub(crate) fn end_sleep(&mut self, ticket: Ticket) {
        self.searcher |= self.state.sleepers.leave(ticket);
    }
}

impl Drop for Worker {
    /// What is left goes to the others.
    fn drop(&mut self) {
        lock(&self.state.locals).retain(|queue| !QueueArc::ptr_eq(queue, &self.queue));
        while let Some(runnable) = self.queue.pop_any() {
            self.state.schedule(runnable, ScheduleInfo::default());
        }
        if std::mem::take(&mut self.searcher) {
            self.state.sleepers.found();
        }
        if self.state.has_work() {
            self.state.sleepers.notify();
        }
    }
}

/// The worker loop: this thread is a worker until `root` is ready.
pub(crate) fn block_on<F: Future>(state: &Arc<State>, home: &Home, park: &dyn Park, root: F) -> F::Output {
    let mut root = pin!(root);
    let unparker = park.unparker();
    let woken = RootWaker::new(unparker.clone());
    let root_waker = Waker::from(woken.clone());
    let past = Instant::now();
    Worker::new(state.clone()).drive(home, |worker| {
        let mut runs = 0;
        loop {
            if woken.take() {
                let mut cx = Context::from_waker(&root_waker);
                if let Poll::Ready(output) = budget::with_budget(|| root.as_mut().poll(&mut cx)) {
                    return output;
                }
            }
            if worker.run_one() {
                runs += 1;
                if u32::is_multiple_of(runs, DRIVER_EACH) {
                    park_quietly(park, Some(past));
                }
                continue;
            }
            let Some(ticket) = worker.prepare_sleep(unparker.clone()) else { continue };
            // The root's wake unparks, and an unpark before the park is kept; a glance saves the system call.
            if !woken.is_set() {
                park_quietly(park, None);
            }
            worker.end_sleep(ticket);
        }
    })
}

/// A driver that fails, or a foreign waker that panics in it, must not end the worker.
pub(crate) fn park_quietly(park: &dyn Park, deadline: Option<Instant>) {
    if let Ok(Err(error)) = catch_unwind(AssertUnwindSafe(|| park.park(deadline))) {
        eprintln!("whit: the driver could not wait for events: {error}; trying again in a moment");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Wakes a root future: notes it, and unparks the thread.
pub(crate) struct RootWaker {
    woken: AtomicBool,
    unparker: Waker,
}

impl RootWaker {
    /// Set at first, since the first poll needs no wake.
    pub(crate) fn new(unparker: Waker) -> Arc<RootWaker> {
        Arc::new(RootWaker { woken: AtomicBool::new(true), unparker })
    }

    pub(crate) fn is_set(&self) -> bool {
        self.woken.load(Ordering::Acquire)
    }

    pub(crate) fn take(&self) -> bool {
        self.is_set() && self.woken.swap(false, Ordering::AcqRel)
    }
}

impl Wake for RootWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.woken.swap(true, Ordering::AcqRel) {
            self.unparker.wake_by_ref();
        }
    }
}
