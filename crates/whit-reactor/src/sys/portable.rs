//! All other systems: `polling` waits.

use std::io;
use std::time::Duration;

use polling::{Event, Events, PollMode, Poller};
use whit_core::BorrowedSource;

use super::Ready;

/// Whether an event tells that a stream has ended.
pub(crate) const TELLS_END: bool = false;

/// Registers a source for edges in both directions.
pub(crate) fn add_edge(poller: &Poller, raw: BorrowedSource<'_>, key: usize) -> io::Result<()> {
    // SAFETY: whoever calls `Reactor::register` keeps the descriptor open until it has been deregistered.
    unsafe { poller.add_with_mode(&raw, Event::all(key).with_interrupt(), PollMode::Edge) }
}

/// Whether a read that does not fill its buffer has emptied the descriptor. Not asked where ends are not told.
pub(crate) fn short_read_empties(_: BorrowedSource<'_>) -> bool {
    false
}

#[derive(Debug)]
pub(crate) struct Waiter {
    events: Events,
}

/// The half of a waiter that any thread may use.
#[derive(Debug)]
pub(crate) struct Notifier;

impl Waiter {
    pub(crate) fn new(_: &Poller) -> io::Result<(Waiter, Notifier)> {
        Ok((Waiter { events: Events::new() }, Notifier))
    }

    pub(crate) fn wait(
        &mut self,
        poller: &Poller,
        timeout: Option<Duration>,
        ready: &mut Vec<Ready>,
    ) -> io::Result<()> {
        self.events.clear();
        match poller.wait(&mut self.events, timeout) {
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

impl Notifier {
    pub(crate) fn notify(&self, poller: &Poller) -> io::Result<()> {
        poller.notify()
    }
}
