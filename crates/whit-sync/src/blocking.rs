//! Waiting on a thread instead of in a task: behind every `*_blocking`.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use crate::budget;

/// Parks this thread until the future is ready.
///
/// Whatever wakes the future must run elsewhere: called on the only thread of an executor, it waits for ever. In a simulation,
/// which has but one thread, that is known, and said of the `verb` that was called.
#[track_caller]
pub(crate) fn wait<F: Future>(verb: &str, future: F) -> F::Output {
    let mut future = pin!(future);
    // A task's budget does not count here: nobody would refill it.
    let mut poll = |waker: &Waker| budget::unconstrained(|| future.as_mut().poll(&mut Context::from_waker(waker)));
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        match poll(&waker) {
            Poll::Ready(output) => return output,
            Poll::Pending => {
                refuse_in_simulation(verb);
                // Tokens of others end this early at times.
                thread::park();
            }
        }
    }
}

/// Nobody else is there who could end the wait.
#[cfg(feature = "budget")]
#[track_caller]
fn refuse_in_simulation(verb: &str) {
    if whit_core::Handle::is_simulated() {
        let line = std::panic::Location::caller();
        panic!(
            "`{verb}` at {line} would wait for ever: it was called inside a simulation, which stands still while a thread \
             waits; await the form of it that is a future instead"
        );
    }
}

/// A simulation's tasks come with the facade, and so with that feature.
#[cfg(not(feature = "budget"))]
fn refuse_in_simulation(_: &str) {}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.unpark();
    }
}
