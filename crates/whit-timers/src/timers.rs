//! `Timers`: the wheel as a layer between an executor and what it parks in.
//!
//! There are as many wheels, *shards*, as there may be threads at work, each under a short lock of its own. A thread registers in
//! the shard that it used last, and moves on to the next when it meets somebody there; a key says in which shard it is. The
//! thread that parks, one at a time, fires for all. How it is told of an earlier deadline: see `alarm.rs`.
//!
//! The clock is read as seldom as that allows. A deadline which is not before the shard's earliest need not be compared with
//! the present: if it is past, then so is that earliest one, and the driver is about to fire both. So of many timers that
//! are made and dropped, as time-outs are, nearly none costs a look at the clock here. Polled again, a pending timer does.
//!
//! Wakers are cloned before and dropped after a lock is held, never under it: dropping the last one of a task drops its
//! future, which may hold a timer.

use std::cell::Cell;
use std::fmt;
use std::io;
use std::num::NonZeroU64;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use whit_core::{Clock, Park, TimerKey, wake_all};

use crate::alarm::{Alarm, NEVER};
use crate::epoch::Epoch;
use crate::late;
use crate::pace::Pace;
use crate::short_lock::{ShortGuard, ShortLock};
use crate::wheel::{Due, State, Wheel};

/// The most shards there are; the driver visits each of them when it fires. Their number fits into eight bits.
const SHARDS_MAX: usize = 16;
const SHARD_SHIFT: u32 = 56;
/// What a shard that is closed has been told: all deadlines are before.
const CLOSED: u64 = u64::MAX;
/// Wakers that are due, for which the room is kept until the next time.
const KEEP: usize = 1024;

/// Timers over a park: sleeps no longer than until the next deadline, then fires what is due.
///
/// `Timers<ThreadPark>` sleeps without any I/O; `Timers<Reactor>` is the facade's driver. One thread parks at a time; any
/// thread may register. Lateness is that of the layer below plus the work that the thread does between two parks.
///
/// What is due at once fires in the order of the deadlines. A deadline that has passed before it is first polled is ready at
/// once, unless an earlier one is due as well and was not yet fired: then it fires with that one.
// What every timer reads stands in no line of memory with what every sleep writes: the count of an `Arc` around it.
#[repr(align(128))]
pub struct Timers<P> {
    park: P,
    unparker: Waker,
    epoch: Epoch,
    alarm: Alarm,
    // A power of two of them.
    shards: Box<[Shard]>,
    driver: Mutex<Driver>,
}

// Two lines of 64 bytes: processors fetch them in pairs.
#[repr(align(128))]
struct Shard(ShortLock<Inner>);

struct Inner {
    wheel: Wheel,
    // The alarm goes off by then; no timer of the wheel is due before. Kept when that timer is cancelled. Or `CLOSED`.
    told: u64,
}

/// What only the thread that parks uses. It is locked between two steps, so that whoever breaks the rule of one at a time
/// waits for no one.
#[derive(Default)]
struct Driver {
    pace: Pace,
    // Empty between two turns, but with room.
    due: Vec<Due>,
}

impl Inner {
    /// In the shard of this number.
    #[inline(always)]
    fn insert(&mut self, at: u64, waker: Waker, shard: usize) -> TimerKey {
        let number = (shard as u64) << SHARD_SHIFT | self.wheel.insert(at, waker);
        TimerKey::new(NonZeroU64::new(number).expect("a wheel's key is not zero"))
    }
}

impl<P: Park> Timers<P> {
    /// Timers over `park`, none pending.
    pub fn new(park: P) -> Timers<P> {
        let shard = |_| Shard(ShortLock::new(Inner { wheel: Wheel::new(), told: NEVER }));
        Timers {
            unparker: park.unparker(),
            park,
            epoch: Epoch::new(Instant::now()),
            alarm: Alarm::new(),
            shards: (0..shard_count()).map(shard).collect(),
            driver: Mutex::default(),
        }
    }

    /// The layer below.
    pub fn inner(&self) -> &P {
        &self.park
    }

    /// How many timers are pending.
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.0.lock().wheel.len()).sum()
    }

    /// Whether no timer is pending.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets every timer: those pending and those registered later never fire.
    pub fn close(&self) {
        for shard in &self.shards {
            let mut inner = shard.0.lock();
            inner.told = CLOSED;
            let wakers = inner.wheel.clear();
            drop(inner);
            drop(wakers);
        }
    }

    /// Wakes what is due.
    fn fire(&self) {
        let alarm = self.alarm.leave();
        if alarm == NEVER {
            return;
        }
        let now = self.epoch.nanos(Instant::now());
        let mut driver = lock(&self.driver);
        driver.pace.back(now, alarm);
        if now < alarm {
            return;
        }
        let mut due = std::mem::take(&mut driver.due);
        drop(driver);
        self.alarm.reset();
        let mut earliest = NEVER;
        for shard in &self.shards {
            let mut inner = shard.0.lock();
            if inner.told <= now {
                inner.wheel.advance(now, &mut due);
                inner.told = inner.wheel.next();
            }
            earliest = earliest.min(inner.told);
        }
        // This thread does not park, so nobody is to be unparked.
        let _ = self.alarm.lower(earliest);
        lock(&self.driver).pace.fired(now, due.len());
        due.sort_unstable_by_key(Due::order);
        wake_all(due.drain(..).map(|due| due.waker));
        if due.capacity() <= KEEP {
            lock(&self.driver).due = due;
        }
    }

    /// Puts a timer in, if its deadline has not passed.
    #[inline]
    fn register(&self, key: &mut TimerKey, deadline: Instant, waker: &Waker) -> Poll<()> {
        let (at, waker) = (self.epoch.nanos(deadline), waker.clone());
        let (number, mut inner) = self.lock_mine();
        if at < inner.told {
            return self.register_earliest(key, (deadline, at), waker, (number, inner));
        }
        *key = inner.insert(at, waker, number);
        Poll::Pending
    }

    /// The same for a timer that may be the shard's earliest, which may be due, and of which the driver is to be told.
    #[inline(never)]
    fn register_earliest(
        &self,
        key: &mut TimerKey,
        (deadline, at): (Instant, u64),
        waker: Waker,
        (number, mut inner): (usize, ShortGuard<'_, Inner>),
    ) -> Poll<()> {
        // What is due is due, also when nobody fires any more.
        let due = deadline <= Instant::now();
        if due || inner.told == CLOSED {
            drop(inner);
            return if due { Poll::Ready(()) } else { Poll::Pending };
        }
        *key = inner.insert(at, waker, number);
        inner.told = at;
        drop(inner);
        if self.alarm.lower(at) {
            self.unparker.wake_by_ref();
        }
        Poll::Pending
    }

    /// Polls a timer that is registered already.
    #[inline(never)]
    fn look(&self, key: &mut TimerKey, number: u64, deadline: Instant, waker: &Waker) -> Poll<()> {
        let at = self.epoch.nanos(deadline);
        let mut inner = self.shard(number);
        let ready = match inner.wheel.get(number) {
            Some(State::Fired { deadline }) => deadline == at,
            // Whoever polls again and again may keep the driver from its turn.
            Some(State::Pending { deadline, waker: kept })
                if deadline == at && at > self.epoch.nanos(Instant::now()) =>
            {
                let old = (!kept.will_wake(waker)).then(|| std::mem::replace(kept, waker.clone()));
                drop(inner);
                drop(old);
                return Poll::Pending;
            }
            Some(State::Pending { deadline, .. }) => deadline == at,
            None => false,
        };
        *key = TimerKey::NONE;
        let old = inner.wheel.remove(number);
        drop(inner);
        drop(old);
        if ready { Poll::Ready(()) } else { self.poll_until(key, deadline, &mut Context::from_waker(waker)) }
    }

    /// A shard that nobody else uses just now, if there is one: that which this thread used last.
    #[inline]
    fn lock_mine(&self) -> (usize, ShortGuard<'_, Inner>) {
        let number = SHARD.get() & (self.shards.len() - 1);
        match self.shards[number].0.try_lock() {
            Some(inner) => (number, inner),
            None => self.lock_other(number),
        }
    }

    /// The next shard that is free; this thread stays there. If none is, it waits for its own.
    #[cold]
    fn lock_other(&self, mine: usize) -> (usize, ShortGuard<'_, Inner>) {
        let mask = self.shards.len() - 1;
        for number in (mine..=mine + mask).map(|number| number & mask) {
            if let Some(inner) = self.shards[number].0.try_lock() {
                SHARD.set(number);
                return (number, inner);
            }
        }
        (mine, self.shards[mine].0.lock())
    }

    fn shard(&self, key: u64) -> ShortGuard<'_, Inner> {
        // Masked, so that a key of another clock finds nothing instead of panicking.
        self.shards[(key >> SHARD_SHIFT) as usize & (self.shards.len() - 1)].0.lock()
    }
}

impl<P: Park> Park for Timers<P> {
    fn park(&self, deadline: Option<Instant>) -> io::Result<()> {
        let alarm = self.alarm.enter();
        let next = (alarm != NEVER).then(|| lock(&self.driver).pace.ask(alarm));
        let next = next.and_then(|next| self.epoch.instant(next));
        let until = match (deadline, next) {
            (Some(deadline), Some(next)) => Some(deadline.min(next)),
            (deadline, next) => deadline.or(next),
        };
        let parked = self.park.park(until);
        self.fire();
        parked
    }

    fn unparker(&self) -> Waker {
        self.unparker.clone()
    }
}

impl<P: Park> Clock for Timers<P> {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn after(&self, duration: Duration) -> Option<Instant> {
        late::after(duration)
    }

    fn poll_until(&self, key: &mut TimerKey, deadline: Instant, cx: &mut Context<'_>) -> Poll<()> {
        match key.get() {
            None => self.register(key, deadline, cx.waker()),
            Some(number) => self.look(key, number.get(), deadline, cx.waker()),
        }
    }

    fn cancel(&self, key: &mut TimerKey) {
        let Some(number) = key.get().map(NonZeroU64::get) else { return };
        *key = TimerKey::NONE;
        let mut inner = self.shard(number);
        let old = inner.wheel.remove(number);
        drop(inner);
        drop(old);
    }
}

impl<P> fmt::Debug for Timers<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pending: usize = self.shards.iter().map(|shard| shard.0.lock().wheel.len()).sum();
        f.debug_struct("Timers").field("pending", &pending).finish_non_exhaustive()
    }
}

thread_local! {
    // Masked when used: there are `Timers` with more and with fewer shards. Threads that meet in the first one part there.
    static SHARD: Cell<usize> = const { Cell::new(0) };
}

/// As many as there are processors. Asked once: it reads files.
fn shard_count() -> usize {
    static COUNT: OnceLock<usize> = OnceLock::new();
    *COUNT.get_or_init(|| {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        processors.next_power_of_two().clamp(2, SHARDS_MAX)
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No foreign code runs under it; the data is whole there.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
