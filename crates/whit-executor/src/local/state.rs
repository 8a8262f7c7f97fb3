//! What the handles and tasks of one `LocalExecutor` share.
//!
//! What its own thread uses (the queue, the list of tasks, how many there are) is plain memory, without a lock or an atomic
//! step, and [`OwnThread`] keeps others away from it. Others leave their wakes in an injector, and unpark.
//!
//! Why no future ever runs or drops elsewhere: runnables come to the queue and the injector only; both are emptied by this
//! thread alone, since the executor is not `Send`. The one other place where a runnable is dropped is `schedule` after
//! `CLOSED`, and by then every task that was spawned here has lost its future; those that come later are `Send`, by way of
//! `LocalExecutor::home`.
//!
//! The end is that of [the other executor](crate::state): wake all, drop what comes, until no task is counted.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Waker;
use std::time::Duration;

use slab::Slab;
use whit_core::{Adoption, Kept, Runnable, Schedule, ScheduleInfo, UnhandledPanic};

use super::own_thread::OwnThread;
use crate::ending::{Ending, Phase};
use crate::injector::Injector;
use crate::pulse::Pulse;
use crate::rouse::Rouse;
use crate::sleepers::Sleepers;
use crate::unhandled::Unhandled;
use crate::watch::{Glance, Watched};

pub(super) struct LocalState {
    pub(super) own: OwnThread<Own>,
    injector: Injector,
    pub(super) sleepers: Sleepers,
    pub(super) pulse: Pulse,
    awake: AtomicBool,
    rouse: Rouse,
    // Spawns from other threads. Their ends are counted here as well.
    foreign: AtomicUsize,
    ending: Ending,
    pub(super) unhandled: Unhandled,
}

/// What only the executor's own thread touches.
pub(super) struct Own {
    /// Whether others only leave runnables here. Not so once the executor is closed: they drop what they find then.
    pub(super) alone: Cell<bool>,
    queue: RefCell<VecDeque<Runnable>>,
    kept: RefCell<Slab<Kept>>,
    // Spawned here, less ended here. Below nought, by wrapping, if more tasks of others ended than were spawned here.
    alive: Cell<usize>,
}

impl LocalState {
    pub(super) fn new() -> LocalState {
        LocalState {
            own: OwnThread::new(Own::new()),
            injector: Injector::default(),
            sleepers: Sleepers::new(),
            pulse: Pulse::new(),
            awake: AtomicBool::new(false),
            rouse: Rouse::default(),
            foreign: AtomicUsize::new(0),
            ending: Ending::new(),
            unhandled: Unhandled::default(),
        }
    }

    pub(super) fn is_empty(&self, own: &Own) -> bool {
        own.alive.get().wrapping_add(self.foreign.load(Ordering::Acquire)) == 0
    }

    /// The next task; now and then those from elsewhere are taken over first, all of them, or they would starve while the own
    /// queue never runs dry.
    #[inline]
    pub(super) fn next(&self, own: &Own, look_elsewhere: bool) -> Option<Runnable> {
        let first = if look_elsewhere { self.take_over(own) } else { None };
        first.or_else(|| own.pop()).or_else(|| self.take_over(own))
    }

    #[inline(never)]
    fn take_over(&self, own: &Own) -> Option<Runnable> {
        self.injector.pop_batch(usize::MAX, 1, |runnable| own.push(runnable))
    }

    /// From here on the thread works for this executor.
    pub(super) fn wakes_up(&self) {
        self.awake.store(true, Ordering::SeqCst);
        self.rouse.rouse();
    }

    pub(super) fn is_awake(&self) -> bool {
        self.awake.load(Ordering::SeqCst)
    }

    /// The thread does something else, or sleeps.
    pub(super) fn falls_asleep(&self) {
        self.awake.store(false, Ordering::SeqCst);
    }

    /// Tasks are dropped instead of run.
    pub(super) fn is_closing(&self) -> bool {
        self.ending.has_begun()
    }

    pub(super) fn has_work(&self, own: &Own) -> bool {
        !own.queue.borrow().is_empty() || self.has_work_from_elsewhere()
    }

    pub(super) fn has_work_from_elsewhere(&self) -> bool {
        !self.injector.is_empty()
    }

    /// Cancels every task and drops every future.
    pub(super) fn close(&self, own: &Own) {
        own.alone.set(false);
        self.ending.begin();
        loop {
            // SAFETY: `release` takes a task out of the list, on this thread.
            let wakers: Vec<_> = own.kept.borrow().iter().map(|(_, task)| unsafe { task.waker() }).collect();
            wakers.into_iter().for_each(Waker::wake);
            self.drain(own);
            if self.is_empty(own) {
                break;
            }
            // Another thread is between the two steps of a wake, which it will end without our help.
            std::thread::sleep(Duration::from_micros(50));
        }
        self.ending.complete();
        self.drain(own);
    }

    /// For a task that has been counted.
    fn accept(&self) -> Adoption {
        // SAFETY: the executor, which owns this state, closes before it goes, and `close` waits for every release. After it,
        // whoever calls `schedule` holds the state, and drops the task before it lets go.
        unsafe { Adoption::accept(self) }
    }

    fn drain(&self, own: &Own) {
        while let Some(runnable) = self.next(own, false) {
            drop(runnable);
        }
    }
}

impl Own {
    fn new() -> Own {
        Own { alone: Cell::new(true), queue: RefCell::default(), kept: RefCell::default(), alive: Cell::new(0) }
    }

    pub(super) fn push(&self, runnable: Runnable) {
        self.queue.borrow_mut().push_back(runnable);
    }

    fn pop(&self) -> Option<Runnable> {
        self.queue.borrow_mut().pop_front()
    }

    fn keep(&self, task: Kept) -> usize {
        self.kept.borrow_mut().insert(task)
    }

    fn release(&self, key: Option<usize>) {
        if let Some(key) = key {
            self.kept.borrow_mut().try_remove(key);
        }
        self.count(-1);
    }

    fn count(&self, step: isize) {
        self.alive.set(self.alive.get().wrapping_add_signed(step));
    }
}

impl Schedule for LocalState {
    fn schedule(&self, runnable: Runnable, _: ScheduleInfo) {
        match self.own.get() {
            Some(own) => own.push(runnable),
            None => self.injector.push(runnable),
        }
        match (self.ending.phase_after_push(), self.own.get()) {
            (Phase::Closed, Some(own)) => self.drain(own),
            (Phase::Closed, None) => while self.injector.pop().is_some() {},
            _ => self.sleepers.notify(),
        }
    }

    fn adopt(&self, _: &Runnable) -> Adoption {
        match self.own.get() {
            Some(own) => own.count(1),
            None => drop(self.foreign.fetch_add(1, Ordering::Release)),
        }
        self.accept()
    }

    unsafe fn keep(&self, task: Kept) -> Option<usize> {
        let own = self.own.get().expect("a task of a local executor is polled by its own thread");
        Some(own.keep(task))
    }

    unsafe fn release(&self, key: Option<usize>) {
        match self.own.get() {
            Some(own) => own.release(key),
            // Spawned after the end, and dropped where it was spawned.
            None => drop(self.foreign.fetch_sub(1, Ordering::Release)),
        }
    }

    fn unhandled(&self, panic: &UnhandledPanic) {
        self.unhandled.report(panic);
    }
}

/// What stands in for the state while the executor is driven, and so awake: no fence, and nobody to notify.
pub(super) struct Driven<'e> {
    pub(super) state: &'e LocalState,
    pub(super) own: &'e Own,
}

impl Schedule for Driven<'_> {
    fn schedule(&self, runnable: Runnable, _: ScheduleInfo) {
        self.own.push(runnable);
    }

    fn adopt(&self, _: &Runnable) -> Adoption {
        self.own.count(1);
        self.state.accept()
    }

    fn admits_eager(&self) -> bool {
        !self.state.is_closing()
    }

    unsafe fn keep(&self, task: Kept) -> Option<usize> {
        Some(self.own.keep(task))
    }

    unsafe fn release(&self, key: Option<usize>) {
        self.own.release(key);
    }
}

impl Watched for LocalState {
    fn workers(&self, f: &mut dyn FnMut(Glance<'_>)) {
        f(Glance { pulse: &self.pulse, waiting: false, spare: false });
    }

    fn quiet(&self) -> bool {
        !self.is_awake()
    }

    /// Nobody else may run what waits here.
    fn rescue(&self) {}

    fn rouse(&self) -> &Rouse {
        &self.rouse
    }
}
