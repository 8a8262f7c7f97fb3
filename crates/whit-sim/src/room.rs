//! `Room`: the tasks of all hosts, which of them are ready, and what is known of each.
//!
//! Rules:
//! 1. Every program that runs on a host (first start, each restart) has a seat of its own. A seat that is vacated never runs a
//!    task again: what is scheduled there is doomed, and the engine drops it.
//! 2. A runnable is run and dropped by the engine alone, on the thread that made the room. What another thread wakes becomes a
//!    stray, which the engine finds, drops and complains of.
//! 3. The lock is never held while a task runs or is dropped, nor while a waker is called or dropped.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};
use std::panic::Location;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Wake, Waker};
use std::thread::{self, ThreadId};
use std::time::Duration;

use whit_core::{Meta, Runnable, TaskId};

use crate::HostId;
use crate::exclusive::Exclusive;

/// A program on a host, from its start to its end or crash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SeatId(pub(crate) usize);

/// What is ready.
pub(crate) enum Ready {
    /// The future that the simulation was started with.
    Root,
    Task {
        runnable: Runnable,
        number: u64,
        seat: SeatId,
    },
}

/// What is to be done next.
pub(crate) enum Next {
    Ready(Ready),
    /// Something that is not of the room.
    Other,
    /// Nothing is ready.
    Nothing,
}

/// What is known of a task that has not ended.
pub(crate) struct Known {
    /// In the order of spawning, from 1: what `TaskId` is to a process, this is to a run.
    pub(crate) number: u64,
    pub(crate) parent: Option<u64>,
    pub(crate) name: Option<String>,
    pub(crate) location: &'static Location<'static>,
    pub(crate) seat: SeatId,
    pub(crate) host: HostId,
    pub(crate) blocking: bool,
    /// When it was polled last.
    pub(crate) since: Option<Duration>,
    // From its first `Pending` on.
    waker: Option<Waker>,
}

pub(crate) struct Room {
    own: ThreadId,
    state: Exclusive<State>,
    stray: AtomicBool,
    strays: Mutex<Vec<Runnable>>,
}

#[derive(Default)]
struct State {
    ready: VecDeque<Ready>,
    // Of seats that are vacated.
    doomed: Vec<Runnable>,
    seats: Vec<Seat>,
    tasks: HashMap<TaskId, Known, BuildHasherDefault<Plain>>,
    spawned: u64,
    // The task whose runnable the engine has in its hands.
    at_hand: Option<TaskId>,
    root_ready: bool,
    unhandled: Option<String>,
    at_calm: Vec<Waker>,
    calms: u64,
}

struct Seat {
    host: HostId,
    taken: bool,
    paused: bool,
    // What has become ready during a pause.
    held: Vec<Ready>,
}

impl Room {
    pub(crate) fn new() -> Room {
        Room {
            own: thread::current().id(),
            state: Exclusive::default(),
            stray: AtomicBool::new(false),
            strays: Mutex::default(),
        }
    }

    pub(crate) fn is_own_thread(&self) -> bool {
        thread::current().id() == self.own
    }

    pub(crate) fn sit_down(&self, host: HostId) -> SeatId {
        let mut state = self.state.lock();
        state.seats.push(Seat { host, taken: true, paused: false, held: Vec::new() });
        SeatId(state.seats.len() - 1)
    }

    pub(crate) fn host_of(&self, seat: SeatId) -> HostId {
        self.state.lock().seats[seat.0].host
    }

    /// From now on nothing of this seat runs; what is ready is doomed, and the rest will be by [`doom_the_rest`](Room::doom_the_rest).
    pub(crate) fn vacate(&self, seat: SeatId) {
        let mut state = self.state.lock();
        let state = &mut *state;
        let vacated = &mut state.seats[seat.0];
        (vacated.taken, vacated.paused) = (false, false);
        let mut ready: Vec<_> = std::mem::take(&mut vacated.held);
        let (gone, left) =
            state.ready.drain(..).partition(|ready| matches!(ready, Ready::Task { seat: s, .. } if *s == seat));
        state.ready = left;
        ready.extend::<VecDeque<_>>(gone);
        let runnables = ready.into_iter().filter_map(|ready| match ready {
            Ready::Task { runnable, .. } => Some(runnable),
            Ready::Root => None,
        });
        state.doomed.extend(runnables);
    }

    /// Wakes what is left on a vacated seat, so that it comes to be dropped. How many tasks that were.
    pub(crate) fn doom_the_rest(&self, seat: SeatId) -> usize {
        let wakers = {
            let state = self.state.lock();
            let left = state.tasks.values().filter(|known| known.seat == seat);
            let mut left: Vec<_> = left.map(|known| (known.number, known.waker.clone())).collect();
            left.sort_by_key(|(number, _)| *number);
            left
        };
        let left = wakers.len();
        wakers.into_iter().filter_map(|(_, waker)| waker).for_each(Waker::wake);
        left
    }

    pub(crate) fn pause(&self, seat: SeatId) {
        let mut state = self.state.lock();
        let state = &mut *state;
        let (held, left) =
            state.ready.drain(..).partition(|ready| matches!(ready, Ready::Task { seat: s, .. } if *s == seat));
        state.ready = left;
        state.seats[seat.0].paused = true;
        state.seats[seat.0].held.extend::<VecDeque<_>>(held);
    }

    pub(crate) fn resume(&self, seat: SeatId) {
        let mut state = self.state.lock();
        let state = &mut *state;
        state.seats[seat.0].paused = false;
        state.ready.extend(state.seats[seat.0].held.drain(..));
    }

    /// Takes one of what is ready, if there is anything; `choose` says which. One behind the last is none of them.
    pub(crate) fn next(&self, choose: impl FnOnce(&VecDeque<Ready>) -> usize) -> Next {
        let mut state = self.state.lock();
        if state.ready.is_empty() {
            return Next::Nothing;
        }
        let at = choose(&state.ready);
        let Some(ready) = state.ready.remove(at) else { return Next::Other };
        match &ready {
            Ready::Root => state.root_ready = false,
            Ready::Task { runnable, .. } => state.at_hand = Some(runnable.meta().id()),
        }
        Next::Ready(ready)
    }

    /// Takes one of the doomed.
    pub(crate) fn next_doomed(&self) -> Option<(Runnable, Option<SeatId>)> {
        let mut state = self.state.lock();
        let runnable = if state.doomed.is_empty() { None } else { Some(state.doomed.remove(0)) }?;
        let id = runnable.meta().id();
        state.at_hand = Some(id);
        let seat = state.tasks.get(&id).map(|known| known.seat);
        Some((runnable, seat))
    }

    /// The runnable is out of the engine's hands.
    pub(crate) fn put_away(&self) {
        self.state.lock().at_hand = None;
    }

    /// A task is about to be polled at this time.
    pub(crate) fn polled(&self, now: Duration) {
        let mut state = self.state.lock();
        if let Some(id) = state.at_hand
            && let Some(known) = state.tasks.get_mut(&id)
        {
            known.since = Some(now);
        }
    }

    /// Whether the task at hand is a closure that may block.
    pub(crate) fn is_job_at_hand(&self) -> bool {
        self.look_at_current(|known| known.is_some_and(|known| known.blocking))
    }

    /// The root is ready.
    pub(crate) fn wake_root(&self) {
        if !self.is_own_thread() {
            return self.stray.store(true, Ordering::Release);
        }
        let mut state = self.state.lock();
        if !state.root_ready {
            state.root_ready = true;
            state.ready.push_back(Ready::Root);
        }
    }

    /// Whether the root was woken since it was polled last.
    pub(crate) fn is_root_ready(&self) -> bool {
        self.state.lock().root_ready
    }

    /// How often nothing was ready and somebody wanted to know.
    pub(crate) fn calms(&self) -> u64 {
        self.state.lock().calms
    }

    /// Keeps a waker until nothing is ready.
    pub(crate) fn wake_at_calm(&self, waker: Waker) {
        self.state.lock().at_calm.push(waker);
    }

    /// Nothing is ready: wakes those who wait for that. False if there are none.
    pub(crate) fn is_calm(&self) -> bool {
        let mut state = self.state.lock();
        let wakers = std::mem::take(&mut state.at_calm);
        state.calms += u64::from(!wakers.is_empty());
        drop(state);
        let some = !wakers.is_empty();
        wakers.into_iter().for_each(Waker::wake);
        some
    }

    /// The first panic that nobody awaits.
    pub(crate) fn take_unhandled(&self) -> Option<String> {
        self.state.lock().unhandled.take()
    }

    /// Whether another thread woke something.
    pub(crate) fn has_strays(&self) -> bool {
        self.stray.load(Ordering::Acquire)
    }

    /// What other threads woke is doomed.
    pub(crate) fn doom_strays(&self) {
        self.stray.store(false, Ordering::Release);
        let strays = std::mem::take(&mut *self.strays.lock().unwrap_or_else(PoisonError::into_inner));
        self.state.lock().doomed.extend(strays);
    }

    /// Shows every task that has not ended, in the order of spawning.
    pub(crate) fn look<R>(&self, f: impl FnOnce(&[&Known]) -> R) -> R {
        let state = self.state.lock();
        let mut known: Vec<_> = state.tasks.values().collect();
        known.sort_by_key(|known| known.number);
        f(&known)
    }

    /// A look at the task that is being polled.
    pub(crate) fn look_at_current<R>(&self, f: impl FnOnce(Option<&Known>) -> R) -> R {
        let state = self.state.lock();
        f(state.at_hand.and_then(|id| state.tasks.get(&id)))
    }

    /// How many tasks have not ended.
    pub(crate) fn len(&self) -> usize {
        self.state.lock().tasks.len()
    }

    // What homes do: see `home.rs`.

    /// A task comes to be. Its number, and its parent's.
    pub(crate) fn adopt(&self, meta: &Meta, seat: SeatId, blocking: bool) -> (u64, Option<u64>) {
        let mut state = self.state.lock();
        state.spawned += 1;
        let number = state.spawned;
        let parent = meta.parent().and_then(|id| state.tasks.get(&id)).map(|known| known.number);
        let (name, location) = (meta.name().map(str::to_owned), meta.location());
        let host = state.seats[seat.0].host;
        let known = Known { number, parent, name, location, seat, host, blocking, since: None, waker: None };
        state.tasks.insert(meta.id(), known);
        (number, parent)
    }

    pub(crate) fn keep(&self, waker: &Waker, meta: &Meta) {
        let waker = waker.clone();
        if let Some(known) = self.state.lock().tasks.get_mut(&meta.id()) {
            known.waker = Some(waker);
        }
    }

    /// The future of a task is gone; of the one at hand, if none is named. Its number.
    pub(crate) fn release(&self, id: Option<TaskId>) -> Option<u64> {
        let mut state = self.state.lock();
        let id = id.or(state.at_hand)?;
        let gone = state.tasks.remove(&id);
        drop(state);
        gone.map(|known| known.number)
    }

    pub(crate) fn schedule(&self, runnable: Runnable, seat: SeatId) {
        if !self.is_own_thread() {
            self.strays.lock().unwrap_or_else(PoisonError::into_inner).push(runnable);
            return self.stray.store(true, Ordering::Release);
        }
        let mut state = self.state.lock();
        let state = &mut *state;
        let number = state.tasks.get(&runnable.meta().id()).map_or(0, |known| known.number);
        match &mut state.seats[seat.0] {
            Seat { taken: false, .. } => state.doomed.push(runnable),
            Seat { paused: true, held, .. } => held.push(Ready::Task { runnable, number, seat }),
            _ => state.ready.push_back(Ready::Task { runnable, number, seat }),
        }
    }

    pub(crate) fn unhandled(&self, text: String) {
        self.state.lock().unhandled.get_or_insert(text);
    }
}

/// Wakes the root.
pub(crate) struct RootWaker(pub(crate) Arc<Room>);

impl Wake for RootWaker {
    fn wake(self: Arc<Self>) {
        self.0.wake_root();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.wake_root();
    }
}

/// Task ids are numbers in a row already: no need to hash them, and no seed that would differ from run to run.
#[derive(Default)]
struct Plain(u64);

impl Hasher for Plain {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0 << 8 | u64::from(*byte));
    }

    fn write_u64(&mut self, number: u64) {
        // The map looks at the highest bits as well.
        self.0 = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}
