//! `epoll_wait` for the hand-written loops of the load and of the limit.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};

/// Waits at most so long, and leaves the events in the list, which it empties first.
pub(crate) fn wait(epoll: &OwnedFd, events: &mut Vec<epoll::Event>, at_most: Duration) -> io::Result<()> {
    events.clear();
    let at_most = Timespec { tv_sec: at_most.as_secs() as i64, tv_nsec: i64::from(at_most.subsec_nanos()) };
    match epoll::wait(epoll, spare_capacity(events), Some(&at_most)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
