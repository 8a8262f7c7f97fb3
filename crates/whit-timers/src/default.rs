//! The clock of whoever asks for none: the current handle's, or a process-wide default with a thread of its own.

use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use whit_core::{Clock, Handle, Park, ThreadPark};

use crate::Timers;

/// A clock that anybody may share.
pub type SharedClock = Arc<dyn Clock + Send + Sync>;

/// The clock of the current handle; outside a runtime the process-wide default, whose thread `whit-timers` starts at the
/// first call and stays.
///
/// # Panics
///
/// If that thread cannot be started.
pub fn current_clock() -> SharedClock {
    with_clock(SharedClock::clone)
}

/// The clock, and when `duration` will have passed there.
#[inline]
pub(crate) fn clock_and_deadline(duration: Duration) -> (SharedClock, Option<Instant>) {
    with_clock(|clock| {
        let deadline = clock.after(duration);
        (clock.clone(), deadline)
    })
}

#[inline]
fn with_clock<R>(f: impl Fn(&SharedClock) -> R) -> R {
    let current = Handle::with_current(|handle| handle.clock().map(&f)).and_then(|read| read);
    current.unwrap_or_else(|_| f(&default_clock()))
}

/// What time it is on the clock of the current handle, and outside every runtime on the system's: what to use instead of
/// `Instant::now`, so that a simulation's time is seen.
///
/// ```
/// use std::time::Duration;
///
/// let started = whit_timers::now();
/// assert!(whit_timers::now() - started < Duration::from_secs(5));
/// ```
pub fn now() -> Instant {
    let current = Handle::with_current(|handle| handle.clock().map(|clock| clock.now()));
    current.and_then(|now| now).unwrap_or_else(|_| Instant::now())
}

fn default_clock() -> SharedClock {
    static DEFAULT: OnceLock<Arc<Timers<ThreadPark>>> = OnceLock::new();
    let timers = DEFAULT.get_or_init(|| {
        let timers = Arc::new(Timers::new(ThreadPark::new()));
        let parked = timers.clone();
        let drive = move || {
            loop {
                // A waker that panics must not stop the time for all others.
                let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| parked.park(None)));
            }
        };
        if let Err(error) = thread::Builder::new().name("whit-timers".into()).spawn(drive) {
            panic!("a timer outside a runtime could not start the thread that drives it: {error}; use it inside `whit::run`");
        }
        timers
    });
    timers.clone()
}
