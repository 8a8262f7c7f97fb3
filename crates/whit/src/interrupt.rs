//! Ctrl-C and `SIGTERM`, for the runtimes that ask for it.
//!
//! The signals belong to the process, so that they are caught when the first root begins to listen, and given back when the last one
//! stops; all are interrupted together. A runtime listens from before its first poll to the end of its clean-up: the second signal
//! ends the process in either.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};

use whit_reactor::Interrupts;
use whit_scope::{Cancelled, Root, Run};

use crate::builder::{Builder, RunError, Why};

/// What a program ends with that was interrupted: 128 and the number of `SIGINT`, as a shell says it.
pub(crate) const EXIT_CODE: i32 = 130;

static LISTENERS: Mutex<Listeners> = Mutex::new(Listeners { number: 0, interrupts: None });

struct Listeners {
    number: usize,
    interrupts: Option<Interrupts>,
}

/// A root that Ctrl-C interrupts, until this is dropped.
pub(crate) struct Listening {
    root: Root,
}

/// A root as one type for all: so that it is compiled once, whatever roots a program has.
type AnyRoot<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

impl Listening {
    /// Nothing, if the builder does not ask for it.
    pub(crate) fn start(builder: &Builder) -> Result<Option<Listening>, RunError> {
        Listening::start_by(builder, Interrupts::catch)
    }

    /// With a `catch` in which a test can let a signal come.
    fn start_by(
        builder: &Builder,
        catch: impl FnOnce(&str, fn()) -> io::Result<Interrupts>,
    ) -> Result<Option<Listening>, RunError> {
        if !builder.ctrl_c {
            return Ok(None);
        }
        // Before the signals are caught: the first must find what it is to interrupt.
        let root = Root::new();
        let mut listeners = listeners();
        if listeners.number == 0 {
            let name = format!("{}-ctrl-c", builder.name);
            let caught = catch(&name, || {
                whit_scope::interrupt();
            });
            listeners.interrupts = Some(caught.map_err(|error| RunError(Why::Signals(error)))?);
        }
        listeners.number += 1;
        Ok(Some(Listening { root }))
    }

    /// Runs `root` by `block_on`, inside the scope that is interrupted.
    pub(crate) fn run<F: Future>(
        &self,
        root: F,
        block_on: impl for<'a> FnOnce(Run<AnyRoot<'a>>) -> Result<(), Cancelled>,
    ) -> Result<F::Output, RunError> {
        let mut output = None;
        let place = &mut output;
        let root = self.root.run(Box::pin(async move { *place = Some(root.await) }) as AnyRoot<'_>);
        block_on(root).map_err(|_cancelled| RunError(Why::Interrupted))?;
        Ok(output.expect("a root that was not cancelled has an output"))
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let mut listeners = listeners();
        listeners.number -= 1;
        if listeners.number == 0 {
            // Under the lock: whoever listens next must find the signals given back. The thread that is joined here takes other locks.
            listeners.interrupts = None;
        }
    }
}

fn listeners() -> MutexGuard<'static, Listeners> {
    LISTENERS.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;

    #[test]
    fn a_signal_that_comes_as_soon_as_it_is_caught_is_not_lost() {
        let listening = Listening::start_by(&Builder::new().ctrl_c(true), |name, first| {
            let interrupts = Interrupts::catch(name, first)?;
            // What the thread calls that is told of a signal.
            first();
            Ok(interrupts)
        });
        let listening = listening.unwrap().unwrap();
        assert!(listening.root.is_interrupted(), "the signal was lost");
        let outcome = listening.run(pending::<()>(), |root| whit_core::block_on(root));
        assert!(outcome.unwrap_err().is_interrupted());
    }
}
