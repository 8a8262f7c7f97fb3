//! A worker: takes tasks from its own queue, the injector and its peers, and sleeps when there are none.

use std::future::Future;
use std::num::NonZeroU64;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use whit_core::budget::BUDGET;
use whit_core::{Adoption, Home, Kept, Park, Runnable, Schedule, ScheduleInfo, Spin, budget, drive, trim};

use crate::look::Look;
use crate::pulse::Pulse;
use crate::queue::{LocalQueue, Shared};
use crate::sleepers::Ticket;
use crate::state::State;
use crate::sync::Arc as QueueArc;
use crate::thread;

/// Tasks between two looks at the injector while the own queue has some; a prime, so that patterns do not align. A model has
/// few tasks.
const INJECTOR_EACH: u32 = if cfg!(loom) { 2 } else { 61 };
/// Turns, of a task and the root each, between two looks at the driver. A wait in a reactor takes no more events than that, so
/// that a worker is not brought more than it runs, and what waits does so in the system's queue, in order.
const DRIVER_EACH: u32 = 64;

/// One that runs tasks: a thread in `block_on`, or a `run` future.
pub(crate) struct Worker {
    state: Arc<State>,
    queue: LocalQueue,
    looks: Looks,
}

/// What a worker remembers from one look to the next.
struct Looks {
    turn: u32,
    // Counts as one, on its own behalf or a notifier's.
    searcher: bool,
    // Was not allowed to be one at the last try.
    throttled: bool,
    asleep: bool,
    // The last look at the driver has.
    driver_brings: bool,
    spin: Spin,
    crew: (usize, Vec<QueueArc<Shared>>),
}

/// What stands in for the executor on the worker's own thread.
struct Local<'w> {
    state: &'w State,
    queue: &'w LocalQueue,
}

impl Schedule for Local<'_> {
    fn schedule(&self, runnable: Runnable, info: ScheduleInfo) {
        let welcome = self.queue.push(runnable, info, &self.state.injector);
        self.state.tell(welcome);
    }

    fn adopt(&self, _: &Runnable) -> Adoption {
        self.queue.shared().census.start();
        self.state.accept()
    }

    fn admits_eager(&self) -> bool {
        !self.state.is_closing()
    }

    unsafe fn keep(&self, task: Kept) -> Option<usize> {
        // SAFETY: as the caller promised; this stands in for the state.
        unsafe { self.state.keep(task) }
    }

    unsafe fn release(&self, key: Option<usize>) {
        self.state.forget(key);
        self.queue.shared().census.end();
        self.state.signal_end();
    }
}

/// A worker at work: between `drive` and its return.
pub(crate) struct Driving<'w> {
    state: &'w State,
    queue: &'w LocalQueue,
    looks: &'w mut Looks,
}

impl Worker {
    pub(crate) fn new(state: Arc<State>, spare: bool) -> Worker {
        let queue = LocalQueue::new(spare);
        state.join(queue.shared().clone());
        state.wakes_up();
        queue.shared().pulse.on_this_thread();
        Worker {
            state,
            queue,
            looks: Looks {
                turn: 0,
                searcher: false,
                throttled: false,
                asleep: false,
                driver_brings: false,
                spin: Spin::default(),
                crew: (0, Vec::new()),
            },
        }
    }

    /// It may be on another thread than before.
    pub(crate) fn on_this_thread(&self) {
        self.queue.shared().pulse.on_this_thread();
    }

    /// Runs `f` as this worker: wakes inside it stay on its own queue.
    pub(crate) fn drive<R>(&mut self, home: &Home, f: impl FnOnce(&mut Driving<'_>) -> R) -> R {
        let Worker { state, queue, looks } = self;
        drive(home, &Local { state, queue }, || f(&mut Driving { state, queue, looks }))
    }

    /// Enters the list of sleepers. `None` if there is work after all.
    pub(crate) fn prepare_sleep(&mut self, waker: Waker) -> Option<Ticket> {
        self.looks.prepare_sleep(&self.state, waker)
    }

    pub(crate) fn end_sleep(&mut self, ticket: Ticket) {
        self.looks.end_sleep(&self.state, ticket, || false);
    }
}

impl Driving<'_> {
    /// Runs one task, if there is one anywhere.
    pub(crate) fn run_one(&mut self) -> bool {
        let Some(runnable) = self.next() else { return false };
        self.stop_searching();
        if self.state.is_closing() {
            drop(runnable);
        } else {
            let pulse = &self.queue.shared().pulse;
            pulse.begin(runnable.meta());
            let again = runnable.poll(BUDGET);
            pulse.end();
            if let Some(runnable) = again {
                let welcome = self.queue.push_tail(runnable, &self.state.injector);
                self.state.tell(welcome);
            }
        }
        true
    }

    /// Rule 4 of `sleepers`.
    fn stop_searching(&mut self) {
        if std::mem::take(&mut self.looks.searcher) {
            self.state.sleepers.found(|| self.state.has_work());
        }
    }

    fn next(&mut self) -> Option<Runnable> {
        self.looks.turn = self.looks.turn.wrapping_add(1);
        if self.looks.turn.is_multiple_of(INJECTOR_EACH)
            && let Some(runnable) = self.state.injector.pop()
        {
            return Some(runnable);
        }
        self.queue.pop().or_else(|| self.search())
    }

    /// Looks at the driver without waiting. If it had something at the last look, as many tasks from the injector as it may bring
    /// go first: while events fill the own queue again and again, it would never be the turn of what a full ring has sent
    /// there, though it came first. Tasks that spawn others are another matter: they go on with what is in the ring.
    fn look_at_driver(&mut self, park: &dyn Park, past: Instant) {
        if self.looks.driver_brings && !self.state.injector.is_empty() {
            self.state.look_at_crew(&mut self.looks.crew);
            self.queue.take_over(&self.state.injector, DRIVER_EACH as usize, self.looks.crew.1.len());
        }
        let before = self.queue.len();
        park_quietly(park, Some(past));
        self.looks.driver_brings = self.queue.len() != before;
    }

    /// The own queue is empty.
    fn search(&mut self) -> Option<Runnable> {
        self.state.look_at_crew(&mut self.looks.crew);
        let crew = &self.looks.crew.1;
        if let Some(runnable) = self.queue.fetch(&self.state.injector, crew.len()) {
            return Some(runnable);
        }
        self.looks.searcher = self.looks.searcher || self.state.sleepers.start_search(crew.len());
        self.looks.throttled = !self.looks.searcher;
        if self.looks.throttled {
            return None;
        }
        // Not always the same victim first.
        let (before, after) = crew.split_at(self.looks.turn as usize % crew.len().max(1));
        let mut others = after.iter().chain(before).filter(|peer| !QueueArc::ptr_eq(peer, self.queue.shared()));
        others.find_map(|victim| self.queue.steal(victim))
    }

    /// Looks on for a moment before sleep, if that has paid off of late; true if there is something to do. A searcher all the
    /// while, so that producers rely on it, and before it sleeps it takes the last look of `sleepers`' rule 2 like everybody.
    fn look_on(&mut self, root_woken: impl Fn() -> bool) -> bool {
        let (state, queue, Looks { searcher, spin, crew, .. }) = (self.state, self.queue, &mut *self.looks);
        let peer = |peer: &QueueArc<Shared>| !QueueArc::ptr_eq(peer, queue.shared()) && !peer.is_empty();
        // Who is no searcher is not relied upon, and would be woken all the same.
        *searcher && spin.look_on(|| root_woken() || !state.injector.is_empty() || crew.1.iter().any(peer))
    }

    /// Polls the root, which was handed in at `location`.
    pub(crate) fn poll_root<T>(&mut self, location: &'static Location<'static>, poll: impl FnOnce() -> T) -> T {
        // The root may take long, and must not count as a searcher meanwhile: whoever has work would rely on it.
        self.stop_searching();
        let pulse = &self.queue.shared().pulse;
        pulse.begin_root(location);
        let _end = End(pulse);
        poll()
    }
}

/// Ends a poll of the root also when it panics.
pub(crate) struct End<'p>(pub(crate) &'p Pulse);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl Looks {
    fn prepare_sleep(&mut self, state: &State, waker: Waker) -> Option<Ticket> {
        let ticket = prepare_sleep(state, &mut self.searcher, self.throttled, waker)?;
        let last = state.falls_asleep();
        self.asleep = true;
        self.spin.falls_asleep();
        // While others are at work, what lies there is what they will spawn their next tasks in.
        if last {
            trim();
        }
        Some(ticket)
    }

    fn end_sleep(&mut self, state: &State, ticket: Ticket, root_woken_elsewhere: impl FnOnce() -> bool) {
        let notified = state.sleepers.leave(ticket);
        self.searcher |= notified;
        self.spin.wakes_up(|| notified && !state.injector.is_empty() || root_woken_elsewhere());
        state.wakes_up();
        self.asleep = false;
    }
}

/// The two halves of falling asleep, in the order that `sleepers` asks for.
pub(crate) fn prepare_sleep(state: &State, searcher: &mut bool, throttled: bool, waker: Waker) -> Option<Ticket> {
    let ticket = state.sleepers.enter(waker, std::mem::take(searcher));
    let others_look = throttled && state.sleepers.somebody_searches();
    if !others_look && state.has_work() {
        // A searcher again: there may be more, and others sleep in the belief that somebody looks.
        if !state.sleepers.leave(ticket) {
            state.sleepers.search_on();
        }
        *searcher = true;
        return None;
    }
    Some(ticket)
}

impl Drop for Worker {
    /// What is left goes to the others.
    fn drop(&mut self) {
        if !self.looks.asleep {
            self.state.falls_asleep();
        }
        self.state.leave(self.queue.shared());
        while let Some(runnable) = self.queue.shared().pop_any() {
            self.state.schedule(runnable, ScheduleInfo::default());
        }
        if std::mem::take(&mut self.looks.searcher) {
            self.state.sleepers.found(|| false);
        }
        if self.state.has_work() {
            self.state.sleepers.notify();
        }
    }
}

/// The worker loop: this thread is a worker, or a spare one, until `root` is ready.
pub(crate) fn block_on<F: Future>(
    state: &Arc<State>,
    spare: bool,
    home: &Home,
    park: &dyn Park,
    location: &'static Location<'static>,
    root: F,
) -> F::Output {
    let mut root = pin!(root);
    let unparker = park.unparker();
    let woken = RootWaker::new(unparker.clone());
    let root_waker = Waker::from(woken.clone());
    Worker::new(state.clone(), spare).drive(home, |worker| {
        let mut look = Look::new(DRIVER_EACH);
        loop {
            // Polls of the root count as well: one that wakes itself again and again must not keep timers and sockets waiting.
            if look.turn()
                && let Some(past) = look.due()
            {
                worker.look_at_driver(park, past);
            }
            if woken.take() {
                let mut cx = Context::from_waker(&root_waker);
                let poll = || budget::with_budget(|| root.as_mut().poll(&mut cx));
                if let Poll::Ready(output) = worker.poll_root(location, poll) {
                    return output;
                }
            }
            if worker.run_one() || woken.is_set() || worker.look_on(|| woken.is_set()) {
                continue;
            }
            let Some(ticket) = worker.looks.prepare_sleep(state, unparker.clone()) else { continue };
            // The root's wake unparks, and an unpark before the park is kept; a glance saves the system call.
            if !woken.is_set() {
                park_quietly(park, None);
            }
            worker.looks.end_sleep(state, ticket, || woken.is_set_elsewhere());
        }
    })
}

/// Parks as a worker does: a driver that fails, or a foreign waker that panics in it, does not end the loop around it.
///
/// A failure is told on stderr, and followed by a sleep of 10 ms, so that the loop does not spin. For loops of one's own.
pub fn park_quietly(park: &dyn Park, deadline: Option<Instant>) {
    if let Ok(Err(error)) = catch_unwind(AssertUnwindSafe(|| park.park(deadline))) {
        eprintln!("whit: the driver could not wait for events: {error}; trying again in a moment");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Wakes a root future: notes it, and unparks the thread.
pub(crate) struct RootWaker {
    // `NO`, or else where the wake came from.
    woken: AtomicU8,
    thread: NonZeroU64,
    unparker: Waker,
}

const NO: u8 = 0;
const FROM_HERE: u8 = 1;
const FROM_ELSEWHERE: u8 = 2;

impl RootWaker {
    /// Set at first, since the first poll needs no wake.
    pub(crate) fn new(unparker: Waker) -> Arc<RootWaker> {
        Arc::new(RootWaker { woken: AtomicU8::new(FROM_HERE), thread: thread::number(), unparker })
    }

    pub(crate) fn is_set(&self) -> bool {
        self.woken.load(Ordering::Acquire) != NO
    }

    /// Set, and by another thread.
    pub(crate) fn is_set_elsewhere(&self) -> bool {
        self.woken.load(Ordering::Relaxed) == FROM_ELSEWHERE
    }

    pub(crate) fn take(&self) -> bool {
        self.is_set() && self.woken.swap(NO, Ordering::AcqRel) != NO
    }
}

impl Wake for RootWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let from = if thread::number() == self.thread { FROM_HERE } else { FROM_ELSEWHERE };
        if self.woken.swap(from, Ordering::AcqRel) == NO {
            self.unparker.wake_by_ref();
        }
    }
}
