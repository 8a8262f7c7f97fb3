//! `Timers`: the wheel as a layer between an executor and what it parks in.
//!
//! One short lock guards the wheel. `sleeping_until` under it says until when the parked thread will sleep: whoever registers
//! an earlier deadline unparks it, everyone else leaves it alone. Rules:
//! 1. `park` reads the wheel's next deadline and sets `sleeping_until` under one lock, before it parks the layer below.
//! 2. `poll_until` inserts and compares with `sleeping_until` under one lock; if earlier, it lowers it and unparks after
//!    the unlock. An unpark before the park below is kept by that layer, so none is lost.
//! 3. After the park below, `sleeping_until` is cleared and what is due is woken outside the lock.

use std::fmt;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use whit_core::{Clock, Park, TimerKey, wake_all};

use crate::wheel::Wheel;

/// Timers over a park: sleeps no longer than until the next deadline, then fires what is due.
///
/// `Timers<ThreadPark>` sleeps without any I/O; `Timers<Reactor>` is the facade's driver. One thread parks at a time; any
/// thread may register. Lateness is that of the layer below plus the work that the thread does between two parks.
pub struct Timers<P> {
    park: P,
    unparker: Waker,
    shared: Mutex<Shared>,
}

struct Shared {
    wheel: Wheel,
    sleeping_until: Sleeping,
    closed: bool,
}

#[derive(Clone, Copy)]
enum Sleeping {
    Awake,
    Until(Option<Instant>),
}

impl<P: Park> Timers<P> {
    /// Timers over `park`, none pending.
    pub fn new(park: P) -> Timers<P> {
        let shared = Shared { wheel: Wheel::new(Instant::now()), sleeping_until: Sleeping::Awake, closed: false };
        Timers { unparker: park.unparker(), park, shared: Mutex::new(shared) }
    }

    /// The layer below.
    pub fn inner(&self) -> &P {
        &self.park
    }

    /// How many timers are pending.
    pub fn len(&self) -> usize {
        self.lock().wheel.len()
    }

    /// Whether no timer is pending.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets every timer: those pending and those registered later never fire.
    pub fn close(&self) {
        let mut shared = self.lock();
        shared.closed = true;
        let wakers = shared.wheel.clear();
        drop(shared);
        drop(wakers);
    }

    /// Wakes what is due.
    fn fire(&self) {
        let mut shared = self.lock();
        shared.sleeping_until = Sleeping::Awake;
        if shared.wheel.len() == 0 {
            return;
        }
        let mut due = Vec::new();
        shared.wheel.advance(Instant::now(), &mut due);
        drop(shared);
        wake_all(due);
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        // Nothing under this lock runs foreign code but `Waker::clone`; the wheel is whole at each of those points.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<P: Park> Park for Timers<P> {
    fn park(&self, deadline: Option<Instant>) -> io::Result<()> {
        let until = {
            let mut shared = self.lock();
            let until = match (deadline, shared.wheel.next()) {
                (Some(deadline), Some(next)) => Some(deadline.min(next)),
                (deadline, next) => deadline.or(next),
            };
            shared.sleeping_until = Sleeping::Until(until);
            until
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

    fn poll_until(&self, key: &mut TimerKey, deadline: Instant, cx: &mut Context<'_>) -> Poll<()> {
        // Read outside of the lock; a timer that is registered and due would have been found by `park` as well.
        let past = deadline <= Instant::now();
        let mut shared = self.lock();
        let pending = shared.wheel.waker_mut(*key).map(|(at, waker)| {
            if at == deadline && !past {
                waker.clone_from(cx.waker());
            }
            at
        });
        if pending == Some(deadline) && !past {
            return Poll::Pending;
        }
        let old = shared.wheel.cancel(*key);
        *key = TimerKey::NONE;
        let mut earlier = false;
        if !past && !shared.closed {
            *key = shared.wheel.insert(deadline, cx.waker().clone());
            if let Sleeping::Until(until) = shared.sleeping_until {
                earlier = until.is_none_or(|until| deadline < until);
                if earlier {
                    shared.sleeping_until = Sleeping::Until(Some(deadline));
                }
            }
        }
        drop(shared);
        drop(old);
        if earlier {
            self.unparker.wake_by_ref();
        }
        if past { Poll::Ready(()) } else { Poll::Pending }
    }

    fn cancel(&self, key: &mut TimerKey) {
        if key.is_none() {
            return;
        }
        let old = self.lock().wheel.cancel(*key);
        *key = TimerKey::NONE;
        drop(old);
    }
}

impl<P> fmt::Debug for Timers<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        f.debug_struct("Timers").field("pending", &shared.wheel.len()).finish_non_exhaustive()
    }
}
