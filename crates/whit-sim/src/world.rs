//! `World`: what every part of one simulation shares: time, events, choices, the trace.

use std::fmt;
use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};

use whit_core::entropy::Entropy;

use crate::clock::YEAR;
use crate::decider::{Choice, Decider, Random, Tape};
use crate::events::{EventKey, Events, What};
use crate::exclusive::Exclusive;
use crate::trace::{Event, Record, Trace};

/// Tells the hosts of one simulation apart. Numbered in the order in which they were added.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct HostId(pub(crate) u32);

/// What every part of one simulation shares. Cheap to clone; `Send + Sync` since the seams ask for it, though one thread uses it.
///
/// Its lock is never held while foreign code runs: not while an event happens, not while a waker or a destructor is called.
#[derive(Clone)]
pub(crate) struct World(Arc<Shared>);

struct Shared {
    base: Instant,
    state: Exclusive<State>,
}

struct State {
    now: Duration,
    // How long the job that runs has held its thread so far; `None` while no job runs.
    held: Option<Duration>,
    events: Events,
    decider: Decider,
    trace: Trace,
}

impl World {
    pub(crate) fn new(decider: Decider) -> World {
        let state =
            State { now: Duration::ZERO, held: None, events: Events::default(), decider, trace: Trace::default() };
        World(Arc::new(Shared { base: Instant::now() + YEAR, state: Exclusive::new(state) }))
    }

    /// Virtual time since the start.
    pub(crate) fn now(&self) -> Duration {
        self.0.state.lock().now
    }

    /// Virtual time as the job that runs sees it, if one does.
    pub(crate) fn now_in_job(&self) -> Duration {
        let state = self.0.state.lock();
        state.now + state.held.unwrap_or_default()
    }

    /// Lets time pass: for the job that runs, or else for all.
    pub(crate) fn pass(&self, duration: Duration) {
        let mut state = self.0.state.lock();
        let state = &mut *state;
        let passes = state.held.as_mut().unwrap_or(&mut state.now);
        *passes = passes.saturating_add(duration);
    }

    /// A job begins: what it holds up is its thread alone.
    pub(crate) fn begin_job(&self) {
        self.0.state.lock().held = Some(Duration::ZERO);
    }

    /// A job ends.
    pub(crate) fn end_job(&self) {
        self.0.state.lock().held = None;
    }

    /// Whether the job that runs has held its thread.
    pub(crate) fn has_held(&self) -> bool {
        self.0.state.lock().held.is_some_and(|held| !held.is_zero())
    }

    /// The instant of the start.
    pub(crate) fn base(&self) -> Instant {
        self.0.base
    }

    /// Runs `what` when the time has come; what is due at one time runs in the order of registration, before, between or after the
    /// tasks that are ready then.
    /// A time that is past is now.
    pub(crate) fn at(&self, when: Duration, what: impl FnOnce() + Send + 'static) -> EventKey {
        let mut state = self.0.state.lock();
        let when = when.max(state.now);
        state.events.insert(when, What::Run(Box::new(what)))
    }

    /// Sees to it that `waker` is called at `when`, in place of what `key` named before; `None` if that time has come.
    pub(crate) fn poll_timer(&self, key: Option<EventKey>, when: Duration, waker: &Waker) -> Option<EventKey> {
        // Cloned and dropped outside the lock, since a waker is foreign code.
        let mut waker = waker.clone();
        let mut state = self.0.state.lock();
        if let Some(key) = key
            && let Some((at, What::Wake(kept))) = state.events.get_mut(key)
            && at == when
        {
            std::mem::swap(kept, &mut waker);
            drop(state);
            return Some(key);
        }
        let moved = key.and_then(|key| state.events.remove(key));
        let key = (when > state.now).then(|| state.events.insert(when, What::Wake(waker)));
        drop(state);
        drop(moved);
        key
    }

    /// Forgets an event. One that has happened is no matter.
    pub(crate) fn cancel(&self, key: EventKey) {
        let removed = self.0.state.lock().events.remove(key);
        // Outside the lock: it may be the last of anything.
        drop(removed);
    }

    /// A number below `n`, which `pick` gives unless a tape does.
    pub(crate) fn choose_by(&self, of: Choice, n: u32, pick: impl FnOnce(&mut Random) -> u32) -> u32 {
        self.0.state.lock().decider.choose_by(of, n, pick)
    }

    /// A number below `n`; 0 is the tame one (first in line, least latency). Draws nothing if there is no choice.
    pub(crate) fn choose(&self, of: Choice, n: u32) -> u32 {
        self.0.state.lock().decider.choose(of, n)
    }

    /// True with this probability; false is the tame one. A probability of 0 draws nothing.
    pub(crate) fn chance(&self, of: Choice, probability: f64) -> bool {
        self.0.state.lock().decider.chance(of, probability)
    }

    /// A part of one, at least 0, which is the tame one, and below 1, in 65,536 steps: for distributions.
    pub(crate) fn part(&self, of: Choice) -> f64 {
        self.0.state.lock().decider.part(of)
    }

    /// A time from `low`, which is the tame one, up to but not including `high`. Draws nothing if there is no choice.
    pub(crate) fn between(&self, of: Choice, low: Duration, high: Duration) -> Duration {
        if high <= low {
            return low;
        }
        low + (high - low).mul_f64(self.part(of))
    }

    /// Puts what happened on a host into the trace and its hash. No addresses in the text, no wall clock.
    pub(crate) fn note(&self, host: HostId, event: impl FnOnce() -> String) {
        self.record(host, Event::Note(&event()));
    }

    pub(crate) fn record(&self, host: HostId, event: Event<'_>) {
        let mut state = self.0.state.lock();
        let now = state.now;
        state.trace.record(now, host, event);
    }

    /// Keeps from now on what happens.
    pub(crate) fn keep_records(&self) {
        self.0.state.lock().trace.keep_records();
    }

    /// What has happened, if it was to be kept.
    pub(crate) fn records(&self) -> Vec<Record> {
        self.0.state.lock().trace.records().to_vec()
    }

    /// Moves the time on to the next event and lets it happen. False if there is none.
    pub(crate) fn step(&self) -> bool {
        let mut state = self.0.state.lock();
        let Some((when, what)) = state.events.pop() else { return false };
        // It is late if somebody held everything up.
        state.now = state.now.max(when);
        drop(state);
        match what {
            What::Wake(waker) => waker.wake(),
            What::Run(run) => run(),
        }
        true
    }

    /// Whether an event is due at this very time.
    pub(crate) fn is_due(&self) -> bool {
        let state = self.0.state.lock();
        state.events.next_time().is_some_and(|at| at <= state.now)
    }

    /// When the next event is.
    pub(crate) fn next_time(&self) -> Option<Duration> {
        self.0.state.lock().events.next_time()
    }

    /// Forgets everything that is to happen.
    pub(crate) fn clear(&self) {
        let events = std::mem::take(&mut self.0.state.lock().events);
        drop(events);
    }

    /// The hash over all that happened.
    pub(crate) fn hash(&self) -> u64 {
        self.0.state.lock().trace.hash()
    }

    /// What was chosen so far.
    pub(crate) fn tape(&self) -> Tape {
        self.0.state.lock().decider.tape().clone()
    }
}

impl Entropy for World {
    fn choose(&self, n: u32) -> u32 {
        World::choose(self, Choice::App, n)
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.0.state.lock();
        f.debug_struct("World").field("now", &state.now).field("events", &state.events.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_in_order_and_time_exactly() {
        let world = World::new(Decider::seeded(1));
        let seen = Arc::new(Exclusive::new(Vec::new()));
        let event = |what: &'static str| {
            let (world, seen) = (world.clone(), seen.clone());
            move || seen.lock().push((what, world.now().as_nanos()))
        };
        world.at(Duration::from_nanos(7), event("b"));
        world.at(Duration::from_nanos(3), event("a"));
        world.at(Duration::from_nanos(7), event("c"));
        let gone = world.at(Duration::from_nanos(5), event("never"));
        world.cancel(gone);
        assert_eq!(world.next_time(), Some(Duration::from_nanos(3)));
        while world.step() {}
        // In the past is now.
        world.at(Duration::ZERO, event("d"));
        assert!(world.step() && !world.step());
        assert_eq!(*seen.lock(), [("a", 3), ("b", 7), ("c", 7), ("d", 7)]);
        world.cancel(gone);
    }

    #[test]
    fn times_between() {
        let world = World::new(Decider::seeded(3));
        let (low, high) = (Duration::from_millis(1), Duration::from_millis(9));
        let times: Vec<_> = (0..1000).map(|_| world.between(Choice::Network, low, high)).collect();
        assert!(times.iter().all(|time| (low..high).contains(time)));
        assert!(times.iter().any(|time| *time > high.mul_f64(0.9)));
        let drawn = world.tape().len();
        assert_eq!(world.between(Choice::Network, low, low), low);
        assert_eq!(world.tape().len(), drawn);
        let tame = World::new(Decider::replay(Tape::default()));
        assert_eq!(tame.between(Choice::Network, low, high), low);
    }

    #[test]
    fn the_hash_tells_runs_apart() {
        let hash = |when, text: &'static str| {
            let world = World::new(Decider::seeded(1));
            let inner = world.clone();
            world.at(Duration::from_nanos(when), move || inner.note(HostId(0), || text.into()));
            world.step();
            world.hash()
        };
        assert_eq!(hash(1, "x"), hash(1, "x"));
        assert_ne!(hash(1, "x"), hash(2, "x"));
        assert_ne!(hash(1, "x"), hash(1, "y"));
    }
}
