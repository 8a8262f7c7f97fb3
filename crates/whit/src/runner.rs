//! `Runner`: several roots, one after the other, on one runtime.

use std::fmt;
use std::future::Future;
use std::panic::Location;

use whit_core::Handle;

use crate::builder::RunError;
use crate::nested;
use crate::runtime::Runtime;

/// A runtime for several runs: asyncio's `Runner`. Made by [`Builder::build`](crate::Builder::build).
///
/// Threads, timers, sockets and tasks stay between runs; tasks go on on the other workers, if there are any, and with one
/// worker in the next run. Dropping it is the end, as at the end of [`run`](crate::run): leftover tasks are cancelled and
/// dropped, and no thread and no descriptor is left behind.
///
/// ```
/// let mut runner = whit::Builder::new().workers(2).build()?;
/// let task = runner.run(async { whit::spawn(async { 6 * 7 }) });
/// assert_eq!(runner.run(task), 42);
/// # Ok::<(), whit::RunError>(())
/// ```
#[must_use = "dropping it ends the runtime"]
pub struct Runner {
    runtime: Runtime,
}

impl Runner {
    pub(crate) fn new(runtime: Runtime) -> Runner {
        Runner { runtime }
    }

    /// Polls `future` on this thread, which is worker 0 meanwhile, until it is ready.
    ///
    /// # Panics
    ///
    /// With the panic of `future`, after which the runner can be used on; and when called inside another run, whose line the
    /// text names.
    #[track_caller]
    pub fn run<F: Future>(&mut self, future: F) -> F::Output {
        if let Some(outer) = nested::running() {
            panic!("{}", RunError::nested(outer));
        }
        self.runtime.run(Location::caller(), future)
    }

    /// The runtime's handle: to spawn from other threads, also between two runs.
    pub fn handle(&self) -> &Handle {
        self.runtime.handle()
    }
}

impl fmt::Debug for Runner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runner").field("handle", self.handle()).finish()
    }
}
