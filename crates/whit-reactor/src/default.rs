//! The reactor of whoever asks for none: the current handle's, or a process-wide default with a thread of its own.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::thread;

use whit_core::{Handle, Park};

use crate::Reactor;
use crate::sync::lock;

/// A reactor that anybody may share.
pub type SharedReactor = Arc<dyn whit_core::Reactor + Send + Sync>;

/// The reactor of the current handle; outside a runtime the process-wide default, whose thread `whit-reactor` starts at the
/// first call and stays until the process ends.
///
/// # Errors
///
/// The default could not get descriptors or its thread; the next call tries again.
pub fn current_reactor() -> io::Result<SharedReactor> {
    match Handle::try_current().and_then(|handle| handle.reactor().cloned()) {
        Ok(reactor) => Ok(reactor),
        Err(_) => default_reactor(),
    }
}

fn default_reactor() -> io::Result<SharedReactor> {
    static DEFAULT: Mutex<Option<Arc<Reactor>>> = Mutex::new(None);
    let mut default = lock(&DEFAULT);
    if let Some(reactor) = &*default {
        return Ok(reactor.clone());
    }
    let reactor = Arc::new(Reactor::new()?);
    let parked = reactor.clone();
    let drive = move || {
        loop {
            // A waker that panics must not stop the events of all others; and no error of a wait is final.
            let _ = catch_unwind(AssertUnwindSafe(|| parked.park(None)));
        }
    };
    thread::Builder::new().name("whit-reactor".into()).spawn(drive).map_err(|error| {
        io::Error::new(
            error.kind(),
            format!(
                "starting the thread of the process-wide reactor failed: {error}; do I/O inside a runtime, which needs none"
            ),
        )
    })?;
    *default = Some(reactor.clone());
    Ok(reactor)
}
