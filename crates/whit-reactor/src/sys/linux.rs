//! Linux: waits on the poller's own epoll descriptor.
//!
//! `polling`'s `wait` re-arms its timerfd and its eventfd each time, four system calls beside the wait. So `polling` is used
//! to create and to delete, the deadline goes to `epoll_pwait2`, and wake-ups come through an eventfd of our own, which is
//! registered once, edge-triggered, and never read: each write to it is an edge. Sources are added here with `EPOLLRDHUP`,
//! which `polling` does not ask for: it tells the end of a stream together with the last bytes.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::time::Instant;

use polling::Poller;
use rustix::event::epoll::{self, Event, EventData, EventFlags};
use rustix::event::{EventfdFlags, Timespec, eventfd};

use super::Ready;

/// The key of our eventfd; sources have small ones, and `polling` uses `usize::MAX` for its own.
const NOTIFY: u64 = u64::MAX - 1;
const EVENTS_MOST: usize = 256;

/// Whether an event tells that a stream has ended.
pub(crate) const TELLS_END: bool = true;

/// Registers a source for edges in both directions.
pub(crate) fn add_edge(poller: &Poller, raw: BorrowedFd<'_>, key: usize) -> io::Result<()> {
    let flags = EventFlags::IN | EventFlags::PRI | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
    Ok(epoll::add(poller, raw, EventData::new_u64(key as u64), flags)?)
}

#[derive(Debug)]
pub(crate) struct Waiter;

/// The half of a waiter that any thread may use.
#[derive(Debug)]
pub(crate) struct Notifier {
    eventfd: OwnedFd,
}

impl Waiter {
    pub(crate) fn new(poller: &Poller) -> io::Result<(Waiter, Notifier)> {
        let eventfd = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        epoll::add(poller, &eventfd, EventData::new_u64(NOTIFY), EventFlags::IN | EventFlags::ET)?;
        Ok((Waiter, Notifier { eventfd }))
    }

    pub(crate) fn wait(
        &mut self,
        poller: &Poller,
        deadline: Option<Instant>,
        ready: &mut Vec<Ready>,
    ) -> io::Result<()> {
        let timeout = deadline.map(|deadline| {
            let left = deadline.saturating_duration_since(Instant::now());
            Timespec { tv_sec: left.as_secs().try_into().unwrap_or(i64::MAX), tv_nsec: left.subsec_nanos().into() }
        });
        // On the stack, where it costs nothing: the kernel fills in what there is.
        let mut events = [const { MaybeUninit::<Event>::uninit() }; EVENTS_MOST];
        let events = match epoll::wait(poller, &mut events, timeout.as_ref()) {
            Ok((events, _)) => &*events,
            Err(rustix::io::Errno::INTR) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let read = EventFlags::IN | EventFlags::PRI | EventFlags::RDHUP | EventFlags::HUP | EventFlags::ERR;
        let write = EventFlags::OUT | EventFlags::HUP | EventFlags::ERR;
        let sources = events.iter().filter(|event| event.data.u64() < NOTIFY);
        ready.extend(sources.map(|event| {
            // Copied out: the struct is packed.
            let (data, flags) = (event.data, event.flags);
            Ready {
                key: data.u64() as usize,
                readable: flags.intersects(read),
                writable: flags.intersects(write),
                ended: flags.intersects(EventFlags::RDHUP | EventFlags::HUP | EventFlags::ERR),
            }
        }));
        Ok(())
    }
}

impl Notifier {
    pub(crate) fn notify(&self, _: &Poller) -> io::Result<()> {
        // Full after 2^64 - 2 writes that nobody read; not in this universe.
        rustix::io::write(&self.eventfd, &1u64.to_ne_bytes())?;
        Ok(())
    }
}
