//! All other systems: `polling` waits.

use std::io;
use std::time::Instant;

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
        deadline: Option<Instant>,
        ready: &mut Vec<Ready>,
    ) -> io::Result<()> {
        self.events.clear();
        poller.wait(&mut self.events, deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())))?;
        ready.extend(self.events.iter().map(|event| {
            let odd = event.is_interrupt() || event.is_err().unwrap_or(false);
            Ready { key: event.key, readable: event.readable || odd, writable: event.writable || odd, ended: odd }
        }));
        Ok(())
    }
}

impl Notifier {
    pub(crate) fn notify(&self, poller: &Poller) -> io::Result<()> {
        poller.notify()
    }
}
