//! `Runner`: several roots, one after the other, on one runtime.

use std::fmt;
use std::future::Future;
use std::panic::Location;

use whit_core::Handle;

use crate::builder::{Builder, RunError};
use crate::interrupt::Listening;
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
    builder: Builder,
}

impl Runner {
    pub(crate) fn new(runtime: Runtime, builder: Builder) -> Runner {
        Runner { runtime, builder }
    }

    /// Polls `future` on this thread, which is worker 0 meanwhile, until it is ready. If it is interrupted (see
    /// [`Builder::ctrl_c`]), it does not return: the runtime ends, and then the process, with 130.
    ///
    /// # Panics
    ///
    /// With the panic of `future`, after which the runner can be used on; and when called inside another run, whose line the
    /// text names.
    #[track_caller]
    pub fn run<F: Future>(&mut self, future: F) -> F::Output {
        let (started, listening) = (Location::caller(), self.listen());
        let run = |listening: Option<Listening>| {
            let output = self.runtime.run(listening.as_ref(), started, future);
            // The second signal is awaited until the end of the runtime.
            output.inspect_err(|_interrupted| self.runtime.end())
        };
        match listening.and_then(run) {
            Ok(output) => output,
            Err(error) => error.give_up(),
        }
    }

    /// Polls `future` as [`run`](Runner::run) does, and says so if it was interrupted, after which the runner can be used on.
    ///
    /// # Errors
    ///
    /// [`RunError`] if it was [interrupted](RunError::is_interrupted), if signals could not be caught, and when called inside
    /// another run; in the last two `future` has not been polled.
    ///
    /// # Panics
    ///
    /// With the panic of `future`.
    #[track_caller]
    pub fn try_run<F: Future>(&mut self, future: F) -> Result<F::Output, RunError> {
        let listening = self.listen()?;
        self.runtime.run(listening.as_ref(), Location::caller(), future)
    }

    fn listen(&self) -> Result<Option<Listening>, RunError> {
        if let Some(outer) = nested::running() {
            return Err(RunError::nested(outer));
        }
        Listening::start(&self.builder)
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
