//! `Clock`: what time it is, and being woken at one.

use std::fmt;
use std::num::NonZeroU64;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use crate::sync::{Mutex, lock};
use crate::wake_all;

/// Names a pending registration with a [`Clock`]. Plain data, owned by the future that waits; `NONE` until it registers.
///
/// What the number means is the clock's business. A key must be used only with the clock that filled it in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimerKey(Option<NonZeroU64>);

impl TimerKey {
    /// No registration.
    pub const NONE: TimerKey = TimerKey(None);

    /// A key that carries `number`, for clocks.
    pub const fn new(number: NonZeroU64) -> TimerKey {
        TimerKey(Some(number))
    }

    /// The number the clock put in, if any.
    pub const fn get(self) -> Option<NonZeroU64> {
        self.0
    }

    /// Whether nothing is registered.
    pub const fn is_none(self) -> bool {
        self.0.is_none()
    }
}

/// A source of time: asyncio's `loop.time` and `loop.call_at`.
pub trait Clock: fmt::Debug {
    /// The present. Never goes back.
    fn now(&self) -> Instant;

    /// When `duration` will have passed, and not before; `None` if no [`Instant`] can hold that.
    ///
    /// The sum with [`now`](Clock::now), unless a clock finds something cheaper: that of `whit-timers` may answer up to 5 µs
    /// more, for a duration of 10 ms or longer.
    fn after(&self, duration: Duration) -> Option<Instant> {
        self.now().checked_add(duration)
    }

    /// `Ready` once the clock has reached `deadline`; until then the context's waker is kept under `key` and is woken then.
    ///
    /// The first call registers and fills `key` in. A call with another `deadline` moves the registration, which makes it
    /// the reset as well. A deadline that has passed already is ready without registering, or else, if an earlier one
    /// is about to be fired, it is fired with that one. After `Ready` the key is `NONE`. A clock that has been shut down answers `Pending`, and its timers never fire.
    fn poll_until(&self, key: &mut TimerKey, deadline: Instant, cx: &mut Context<'_>) -> Poll<()>;

    /// Forgets the registration, if there is one, and sets `key` to `NONE`.
    fn cancel(&self, key: &mut TimerKey);

    /// Lets so much time pass at once, with the calling thread held for it, if time is this clock's to move: a simulated one's.
    /// False if it passes by itself, which is the default; then nothing has happened.
    fn pass(&self, duration: Duration) -> bool {
        let _ = duration;
        false
    }

    /// Until when the closure that runs has held its thread by [`pass`](Clock::pass), if it has: a job waits for that before it is
    /// done. `None` where time passes by itself.
    fn held_until(&self) -> Option<Instant> {
        None
    }
}

macro_rules! forward {
    ($($pointer:ty),*) => {$(
        impl<C: Clock + ?Sized> Clock for $pointer {
            fn now(&self) -> Instant {
                (**self).now()
            }
            fn after(&self, duration: Duration) -> Option<Instant> {
                (**self).after(duration)
            }
            fn poll_until(&self, key: &mut TimerKey, deadline: Instant, cx: &mut Context<'_>) -> Poll<()> {
                (**self).poll_until(key, deadline, cx)
            }
            fn cancel(&self, key: &mut TimerKey) {
                (**self).cancel(key)
            }
            fn pass(&self, duration: Duration) -> bool {
                (**self).pass(duration)
            }
            fn held_until(&self) -> Option<Instant> {
                (**self).held_until()
            }
        }
    )*};
}
forward!(&C, Rc<C>, Arc<C>);

/// A clock that stands still until it is told to go on: for tests.
///
/// ```
/// use std::time::Duration;
/// use whit_core::{Clock, ManualClock};
///
/// let clock = ManualClock::new();
/// let start = clock.now();
/// clock.advance(Duration::from_secs(86_400));
/// assert_eq!(clock.now() - start, Duration::from_secs(86_400));
/// ```
pub struct ManualClock(Mutex<Manual>);

struct Manual {
    now: Instant,
    next: NonZeroU64,
    // Few timers, so a list; first come, first woken among equals.
    waiting: Vec<(NonZeroU64, Instant, Waker)>,
}

impl ManualClock {
    /// A clock that stands at the instant of its making.
    pub fn new() -> ManualClock {
        ManualClock(Mutex::new(Manual { now: Instant::now(), next: NonZeroU64::MIN, waiting: Vec::new() }))
    }

    /// Moves the time on by `by` and wakes what is due, in the order of the deadlines.
    ///
    /// # Panics
    ///
    /// If the time would pass what an [`Instant`] can hold; and with the first panic of a waker, after all were woken.
    #[track_caller]
    pub fn advance(&self, by: Duration) {
        let mut manual = lock(&self.0);
        let Some(now) = manual.now.checked_add(by) else {
            drop(manual);
            panic!("ManualClock::advance by {by:?} passes the last instant this system can name; advance by less");
        };
        manual.now = now;
        let (mut due, waiting): (Vec<_>, Vec<_>) =
            std::mem::take(&mut manual.waiting).into_iter().partition(|t| t.1 <= now);
        manual.waiting = waiting;
        drop(manual);
        due.sort_by_key(|t| t.1);
        wake_all(due.into_iter().map(|t| t.2));
    }

    /// The earliest deadline that somebody waits for.
    pub fn next_deadline(&self) -> Option<Instant> {
        lock(&self.0).waiting.iter().map(|t| t.1).min()
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Instant {
        lock(&self.0).now
    }

    fn poll_until(&self, key: &mut TimerKey, deadline: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let mut manual = lock(&self.0);
        let old = key.get().and_then(|number| {
            let at = manual.waiting.iter().position(|t| t.0 == number)?;
            Some(manual.waiting.remove(at))
        });
        *key = TimerKey::NONE;
        let ready = deadline <= manual.now;
        if !ready {
            let number = manual.next;
            manual.next = number.saturating_add(1);
            manual.waiting.push((number, deadline, cx.waker().clone()));
            *key = TimerKey::new(number);
        }
        drop(manual);
        drop(old);
        if ready { Poll::Ready(()) } else { Poll::Pending }
    }

    fn cancel(&self, key: &mut TimerKey) {
        let mut manual = lock(&self.0);
        let at = key.get().and_then(|number| manual.waiting.iter().position(|t| t.0 == number));
        let old = at.map(|at| manual.waiting.remove(at));
        drop(manual);
        drop(old);
        *key = TimerKey::NONE;
    }
}

impl fmt::Debug for ManualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let manual = lock(&self.0);
        f.debug_struct("ManualClock").field("now", &manual.now).field("waiting", &manual.waiting.len()).finish()
    }
}
