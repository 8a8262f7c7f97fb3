//! hyper's `Executor`: spawning onto a handle.

use std::future::Future;

use hyper::rt::Executor;
use whit_core::Handle;

/// Spawns onto a handle's scheduler, detached.
#[derive(Clone, Debug)]
pub struct WhitExecutor(Handle);

impl WhitExecutor {
    /// Spawns onto `handle`.
    pub fn new(handle: Handle) -> WhitExecutor {
        WhitExecutor(handle)
    }

    /// Spawns onto the current handle.
    ///
    /// # Panics
    ///
    /// Outside every runtime.
    #[track_caller]
    pub fn current() -> WhitExecutor {
        WhitExecutor(Handle::current())
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
