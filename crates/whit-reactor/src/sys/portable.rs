//! All other systems: `polling` waits.

use std::io;
use std::num::NonZeroUsize;
use std::time::Duration;

use polling::{Event, Events, PollMode};
use whit_core::{BorrowedSource, Interest};

use super::{EVENTS_MOST, Ready};

/// Whether an event tells that a stream has ended.
pub(crate) const TELLS_END: bool = false;

/// Whether a read that does not fill its buffer has emptied the descriptor. Not asked where ends are not told.
pub(crate) fn short_read_empties(_: BorrowedSource<'_>) -> bool {
    false
}

/// What any thread may use of a reactor's poller.
#[derive(Debug)]
pub(crate) struct Poller(polling::Poller);

impl Poller {
    pub(crate) fn new() -> io::Result<Poller> {
        polling::Poller::new().map(Poller)
    }

    pub(crate) fn supports_edge(&self) -> bool {
        self.0.supports_edge()
    }

    /// Registers a source for edges in both directions, or in one-shot mode, disarmed.
    pub(crate) fn add(&self, raw: BorrowedSource<'_>, key: usize, edge: bool) -> io::Result<()> {
        let (event, mode) = match edge {
            true => (Event::all(key).with_interrupt(), PollMode::Edge),
            false => (Event::none(key), PollMode::Oneshot),
        };
        // SAFETY: whoever calls `Reactor::register` keeps the descriptor open until it has been deregistered.
        unsafe { self.0.add_with_mode(&raw, event, mode) }
    }

    /// One-shot mode: arms a source for its next event.
    pub(crate) fn arm(&self, raw: BorrowedSource<'_>, key: usize, interest: Interest) -> io::Result<()> {
        self.0.modify(raw, Event::new(key, interest.readable, interest.writable))
    }

    pub(crate) fn delete(&self, raw: BorrowedSource<'_>) -> io::Result<()> {
        self.0.delete(raw)
    }

    /// Ends a wait, this one or the next.
    pub(crate) fn notify(&self) -> io::Result<()> {
        self.0.notify()
    }
}

/// What only the thread uses that waits.
#[derive(Debug)]
pub(crate) struct Waiter {
    events: Events,
}

impl Waiter {
    pub(crate) fn new() -> Waiter {
        Waiter { events: Events::with_capacity(NonZeroUsize::new(EVENTS_MOST).expect("a wait takes some")) }
    }

    pub(crate) fn wait(
        &mut self,
        poller: &Poller,
        timeout: Option<Duration>,
        ready: &mut Vec<Ready>,
    ) -> io::Result<()> {
        self.events.clear();
        match poller.0.wait(&mut self.events, timeout) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            waited => drop(waited?),
        }
        ready.extend(self.events.iter().map(|event| {
            let odd = event.is_interrupt() || event.is_err().unwrap_or(false);
            Ready { key: event.key, readable: event.readable || odd, writable: event.writable || odd, last: odd }
        }));
        Ok(())
    }
}
