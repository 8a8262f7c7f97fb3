//! `SIGCHLD`: one pipe for each reactor, on which everybody waits who has a child there.
//!
//! The signal says that some child has changed, and signals that come at once become one. So each of those who wait asks for its
//! own child, each time, by the rules in `news`. The system makes a child a zombie before it sends the signal, as rule 1 wants it.

use std::fmt;
use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll};

use rustix::process::Signal;
use whit_core::{Dir, Reactor};
use whit_reactor::{Async, current_reactor};

use crate::news;
use crate::signal::Handler;

/// The news of all children that one reactor watches.
pub(crate) struct Hub {
    // Dropped before the pipe: see the handler.
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

    /// What `ask` finds, now or after a signal.
    pub(super) fn poll<R>(
        &self,
        cx: &mut Context<'_>,
        ask: impl FnOnce() -> io::Result<Option<R>>,
    ) -> Poll<io::Result<R>> {
        let mut bytes = [0; 64];
        news::poll(|| self.pipe.poll_io(Dir::Read, cx, |mut pipe| pipe.read(&mut bytes)), ask)
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub").field("pipe", &self.pipe).finish_non_exhaustive()
    }
}
