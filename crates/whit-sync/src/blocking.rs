//! Waiting on a thread instead of in a task: behind every `*_blocking`.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use crate::budget;

/// Parks this thread until the future is ready.
///
/// Whatever wakes the future must run elsewhere: called on the only thread of an executor, it waits for ever.
pub(crate) fn wait<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    // A task's budget does not count here: nobody would refill it.
    let mut poll = |waker: &Waker| budget::unconstrained(|| future.as_mut().poll(&mut Context::from_waker(waker)));
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        match poll(&waker) {
            Poll::Ready(output) => return output,
            // Tokens of others end this early at times.
            Poll::Pending => thread::park(),
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.unpark();
    }
}
