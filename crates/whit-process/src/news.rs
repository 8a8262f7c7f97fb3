//! How news comes out of a signal handler, through a pipe, to who waits for them: for signals, and for children by `SIGCHLD`.
//!
//! The news themselves stand elsewhere: as bits that the handler sets, or as zombies in the system. The pipe only wakes. Rules:
//! 1. Who has news makes them to be seen, **then** writes a byte into the pipe. If the pipe is full, the byte is dropped: there are
//!    others that have not been read.
//! 2. Who waits empties the pipe until the reactor has its waker, **then** asks for news. So news that the question missed have a
//!    byte behind them that is an event for the waker.
//! 3. Several may wait on one pipe, as an event wakes all of them, and each asks for its own news: it does not matter who empties
//!    the pipe.

use std::io;
use std::task::Poll;

#[cfg(loom)]
pub(crate) use loom::sync::atomic::{AtomicU64, Ordering};
#[cfg(not(loom))]
pub(crate) use std::sync::atomic::{AtomicU64, Ordering};

/// Rule 1. For a signal handler: it neither allocates, locks nor panics, if `write` does not.
pub fn announce(bits: &AtomicU64, number: i32, write: impl FnOnce()) {
    bits.fetch_or(1 << number, Ordering::Release);
    write();
}

/// The bits that were set since the last time, if there are any.
pub fn take(bits: &AtomicU64) -> Option<u64> {
    Some(bits.swap(0, Ordering::Acquire)).filter(|taken| *taken != 0)
}

/// Rule 2. `read` reads from the pipe, or leaves the waker with the reactor; `ask` asks for news without waiting.
pub fn poll<R>(
    mut read: impl FnMut() -> Poll<io::Result<usize>>,
    ask: impl FnOnce() -> io::Result<Option<R>>,
) -> Poll<io::Result<R>> {
    loop {
        match read() {
            Poll::Ready(Ok(_)) => {}
            Poll::Pending => return ask().transpose().map_or(Poll::Pending, Poll::Ready),
            // No more wakes; but there may be news.
            Poll::Ready(Err(error)) => return Poll::Ready(ask().transpose().unwrap_or(Err(error))),
        }
    }
}
