//! Where the types of this crate get their network and their time from.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use whit_core::{Handle, Network};

use crate::os::OsNetwork;

/// The parts that a constructor needs, looked up once.
pub(crate) struct Parts {
    handle: Option<Handle>,
    network: Arc<dyn Network + Send + Sync>,
}

impl Parts {
    /// The current handle's network, or one over its reactor, or the process-wide default.
    pub(crate) fn current() -> Parts {
        match Handle::try_current() {
            Ok(handle) => Parts::of(&handle),
            Err(_) => Parts { handle: None, network: OsNetwork::global() },
        }
    }

    /// The network of `handle`, or else the system's over whatever parts the handle does have.
    pub(crate) fn of(handle: &Handle) -> Parts {
        let network = match handle.network() {
            Ok(network) => network.clone(),
            Err(_) => Arc::new(OsNetwork::over(handle)),
        };
        Parts { handle: Some(handle.clone()), network }
    }

    pub(crate) fn network(&self) -> &(dyn Network + Send + Sync) {
        &*self.network
    }

    /// The handle that the parts are from, if there is one.
    #[cfg(unix)]
    pub(crate) fn handle(&self) -> Option<&Handle> {
        self.handle.as_ref()
    }

    /// Sleeps on the handle's clock, or on the process-wide one.
    pub(crate) fn sleep(&self, duration: Duration) -> impl Future + Send + use<> {
        // A sleep takes the clock that is current where it is made.
        let _entered = self.handle.as_ref().map(Handle::enter);
        whit_timers::sleep(duration)
    }
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").field("network", &self.network).finish_non_exhaustive()
    }
}
