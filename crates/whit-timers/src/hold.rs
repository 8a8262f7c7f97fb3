//! `hold` and `keep_busy`: blocking for a time, by the clock of the current handle.

use std::thread;
use std::time::Duration;

use whit_core::{Clock, Handle};

use crate::default::{SharedClock, now};

/// Blocks this thread for so long: std's `thread::sleep`, but by the clock of the current handle, so that a simulation's time
/// passes instead of ours.
///
/// For closures under `unblock`. In a task it holds up its worker with all that waits there, which is what to do only to see that.
///
/// ```
/// use std::time::Duration;
///
/// let started = whit_timers::now();
/// whit_timers::hold(Duration::from_millis(5));
/// assert!(whit_timers::now() - started >= Duration::from_millis(5));
/// ```
pub fn hold(duration: Duration) {
    if !clock().is_some_and(|clock| clock.pass(duration)) {
        thread::sleep(duration);
    }
}

/// Calls `work` again and again until so much time has passed, at least once; what it gave at last. In a simulation, where work
/// takes no time, once, and then the time passes.
///
/// ```
/// use std::time::Duration;
///
/// let sum = whit_timers::keep_busy(Duration::from_millis(5), || (1..=100).sum::<u32>());
/// assert_eq!(sum, 5050);
/// ```
pub fn keep_busy<T>(duration: Duration, mut work: impl FnMut() -> T) -> T {
    let started = now();
    loop {
        let output = work();
        let took = now().saturating_duration_since(started);
        let left = duration.saturating_sub(took);
        if left.is_zero() || clock().is_some_and(|clock| clock.pass(left)) {
            return output;
        }
    }
}

/// Not the default, which would start a thread for nothing.
fn clock() -> Option<SharedClock> {
    Handle::with_current(|handle| handle.clock().ok().cloned()).ok().flatten()
}
