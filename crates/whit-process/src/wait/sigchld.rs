//! `SIGCHLD`: one pipe for each reactor, on which everybody waits who has a child there.
//!
//! The signal says that some child has changed, and signals that come at once become one. So each of those who wait asks for
//! its own child, each time. Rules:
//! 1. Who waits first empties the pipe, and is registered with its source when it finds it empty; **then** it asks. A child
//!    becomes a zombie before its signal is sent, so either the question finds it, or its byte comes after the registration.
//! 2. An event wakes everybody who is registered, so it does not matter who empties the pipe.

use std::fmt;
use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll};

use rustix::process::Signal;
use whit_core::{Dir, Reactor};
use whit_reactor::{Async, current_reactor};

use crate::signal::Handler;

/// The news of all children that one reactor watches.
pub(crate) struct Hub {
    // Dropped before the pipe: see the handler's rule 3.
    _handler: Handler,
    pipe: Async<UnixStream>,
}

type Known = (Weak<dyn Reactor + Send + Sync>, Weak<Hub>);

/// The hubs that there are. The weak reactor keeps its address from being used again.
static HUBS: Mutex<Vec<Known>> = Mutex::new(Vec::new());

impl Hub {
    /// The hub of the current reactor, made if this is its first child.
    pub(crate) fn current() -> io::Result<Arc<Hub>> {
        let reactor = current_reactor()?;
        let mut hubs = HUBS.lock().unwrap_or_else(PoisonError::into_inner);
        hubs.retain(|(_, hub)| hub.strong_count() > 0);
        let ours = Arc::downgrade(&reactor);
        if let Some(hub) = hubs.iter().find(|(theirs, _)| theirs.ptr_eq(&ours)).and_then(|(_, hub)| hub.upgrade()) {
            return Ok(hub);
        }
        let (mut handler, reader) = Handler::new()?;
        handler.catch(Signal::CHILD.as_raw())?;
        let hub = Arc::new(Hub { _handler: handler, pipe: Async::new_in(reader, &reactor)? });
        hubs.push((ours, Arc::downgrade(&hub)));
        Ok(hub)
    }

    /// Registers for the next signal. Rule 1.
    pub(crate) fn listen(&self, cx: &mut Context<'_>) -> io::Result<()> {
        let mut bytes = [0; 64];
        while let Poll::Ready(read) = self.pipe.poll_io(Dir::Read, cx, |mut pipe| pipe.read(&mut bytes)) {
            read?;
        }
        Ok(())
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub").field("pipe", &self.pipe).finish_non_exhaustive()
    }
}
