//! hyper's `Executor`: spawning onto a handle.

use std::future::Future;

use hyper::rt::Executor;
use whit_core::Handle;

use crate::default::default_handle;

/// Spawns what hyper wants to run beside a connection (the streams of HTTP/2, say), detached.
///
/// Where it spawns is settled when it is made, not when hyper calls it. A task whose runtime has ended is dropped.
#[derive(Clone, Debug)]
pub struct WhitExecutor(Handle);

impl WhitExecutor {
    /// Spawns onto the scheduler of `handle`.
    ///
    /// # Panics
    ///
    /// Later, when hyper spawns, if the handle has no scheduler.
    pub fn new(handle: Handle) -> WhitExecutor {
        WhitExecutor(handle)
    }

    /// Spawns onto the scheduler of the current handle; outside a runtime, onto a process-wide executor with one thread,
    /// `whit-hyper`, which starts at the first call and stays.
    ///
    /// # Panics
    ///
    /// If that thread cannot be started.
    #[track_caller]
    pub fn current() -> WhitExecutor {
        match Handle::try_current() {
            Ok(handle) if handle.schedule().is_ok() => WhitExecutor(handle),
            _ => WhitExecutor(default_handle()),
        }
    }
}

impl Default for WhitExecutor {
    /// As [`current`](WhitExecutor::current).
    fn default() -> Self {
        WhitExecutor::current()
    }
}

impl<F> Executor<F> for WhitExecutor
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, future: F) {
        self.0.spawn(future).detach();
    }
}
