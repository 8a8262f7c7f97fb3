//! The reactor of whoever asks for none: the current handle's, or a process-wide default with a thread of its own.

use std::io;
use std::sync::{Arc, OnceLock};
use std::thread;

use whit_core::{Handle, Park};

use crate::Reactor;

/// A reactor that anybody may share.
pub type SharedReactor = Arc<dyn whit_core::Reactor + Send + Sync>;

/// The reactor of the current handle; outside a runtime the process-wide default, whose thread `whit-reactor` starts at the
/// first call and stays.
///
/// # Errors
///
/// The default could not get descriptors or its thread; the next call tries again.
pub fn current_reactor() -> io::Result<SharedReactor> {
    match Handle::try_current().and_then(|handle| handle.reactor().cloned()) {
        Ok(reactor) => Ok(reactor),
        Err(_) => Ok(default_reactor()?),
    }
}

fn default_reactor() -> io::Result<Arc<Reactor>> {
    static DEFAULT: OnceLock<Arc<Reactor>> = OnceLock::new();
    if let Some(reactor) = DEFAULT.get() {
        return Ok(reactor.clone());
    }
    let reactor = Arc::new(Reactor::new()?);
    if DEFAULT.set(reactor.clone()).is_ok() {
        let parked = reactor.clone();
        let drive = move || {
            loop {
                // A waker that panics must not stop the events of all others.
                let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| parked.park(None)));
            }
        };
        thread::Builder::new().name("whit-reactor".into()).spawn(drive)?;
    }
    Ok(DEFAULT.get().cloned().unwrap_or(reactor))
}
