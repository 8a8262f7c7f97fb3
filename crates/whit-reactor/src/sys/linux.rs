//! Linux: waits on the poller's own epoll descriptor.
//!
//! `polling`'s `wait` re-arms its timerfd and its eventfd each time, four system calls beside the wait. So `polling` is used
//! to create and to delete, the deadline goes to the wait itself, and wake-ups come through an eventfd of our own, which is
//! registered once, edge-triggered, and never read: each write to it is an edge.
//!
//! Sources are added here with `EPOLLRDHUP`, which `polling` does not ask for: it tells the end of a stream together with the
//! last bytes.
//!
//! Time-outs that are no whole milliseconds need `epoll_pwait2` (Linux 5.11). `rustix` rounds them up, or, with a feature that
//! then holds for the whole program, gives up on older systems. So it is called directly, and where it is missing or
//! forbidden the time-out is rounded up.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::time::Duration;

use polling::Poller;
use rustix::event::epoll::{self, Event, EventData, EventFlags};
use rustix::event::{EventfdFlags, Timespec, eventfd};

use super::Ready;

/// The key of our eventfd; sources have smaller ones, and `polling` uses `usize::MAX` for its own.
const NOTIFY: u64 = usize::MAX as u64 - 1;
const EVENTS_MOST: usize = 256;
/// Longer time-outs end early, which a park may; so each form of them fits.
const TIMEOUT_MOST: Duration = Duration::from_secs(86_400);

/// Whether an event tells that a stream has ended.
pub(crate) const TELLS_END: bool = true;

/// Registers a source for edges in both directions.
pub(crate) fn add_edge(poller: &Poller, raw: BorrowedFd<'_>, key: usize) -> io::Result<()> {
    let flags = EventFlags::IN | EventFlags::PRI | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
    Ok(epoll::add(poller, raw, EventData::new_u64(key as u64), flags)?)
}

/// Whether a read that does not fill its buffer has emptied the descriptor: so it is with TCP, up to a mark for urgent data,
/// which an event tells. Not with Unix streams, where a read also stops behind bytes that came with descriptors.
pub(crate) fn short_read_empties(raw: BorrowedFd<'_>) -> bool {
    let protocol = socket2::SockRef::from(&raw).protocol();
    matches!(protocol, Ok(Some(protocol)) if protocol == socket2::Protocol::TCP)
}

#[derive(Debug)]
pub(crate) struct Waiter {
    precise: bool,
}

/// The half of a waiter that any thread may use.
#[derive(Debug)]
pub(crate) struct Notifier {
    eventfd: OwnedFd,
}

impl Waiter {
    pub(crate) fn new(poller: &Poller) -> io::Result<(Waiter, Notifier)> {
        let eventfd = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        epoll::add(poller, &eventfd, EventData::new_u64(NOTIFY), EventFlags::IN | EventFlags::ET)?;
        Ok((Waiter { precise: cfg!(target_pointer_width = "64") }, Notifier { eventfd }))
    }

    pub(crate) fn wait(
        &mut self,
        poller: &Poller,
        timeout: Option<Duration>,
        ready: &mut Vec<Ready>,
    ) -> io::Result<()> {
        // On the stack, where it costs nothing: the kernel fills in what there is.
        let mut events = [const { MaybeUninit::<Event>::uninit() }; EVENTS_MOST];
        let timeout = timeout.map(|timeout| timeout.min(TIMEOUT_MOST));
        if let Some(timeout) = timeout.filter(|timeout| self.precise && timeout.subsec_nanos() % 1_000_000 != 0) {
            match precise::wait(poller, timeout, &mut events) {
                // No such call here, or a sandbox forbids it: never again.
                Err(error) if matches!(error.raw_os_error(), Some(libc::ENOSYS | libc::EPERM)) => self.precise = false,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
                Err(error) => return Err(error),
                Ok(events) => {
                    translate(events, ready);
                    return Ok(());
                }
            }
        }
        let timeout =
            timeout.map(|timeout| Timespec { tv_sec: timeout.as_secs() as _, tv_nsec: timeout.subsec_nanos().into() });
        match epoll::wait(poller, &mut events, timeout.as_ref()) {
            Ok((events, _)) => translate(events, ready),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }
}

fn translate(events: &[Event], ready: &mut Vec<Ready>) {
    let read = EventFlags::IN | EventFlags::PRI | EventFlags::RDHUP | EventFlags::HUP | EventFlags::ERR;
    let write = EventFlags::OUT | EventFlags::HUP | EventFlags::ERR;
    // `PRI`: a read stops short before urgent data, with more behind it.
    let last = EventFlags::RDHUP | EventFlags::HUP | EventFlags::ERR | EventFlags::PRI;
    for event in events {
        // Copied out: the struct is packed.
        let (data, flags) = (event.data, event.flags);
        if data.u64() < NOTIFY {
            ready.push(Ready {
                key: data.u64() as usize,
                readable: flags.intersects(read),
                writable: flags.intersects(write),
                last: flags.intersects(last),
            });
        }
    }
}

impl Notifier {
    pub(crate) fn notify(&self, _: &Poller) -> io::Result<()> {
        // Full after 2^64 - 2 writes that nobody read; not in this universe.
        rustix::io::write(&self.eventfd, &1u64.to_ne_bytes())?;
        Ok(())
    }
}

mod precise {
    use std::io;
    use std::mem::MaybeUninit;
    use std::os::fd::{AsFd, AsRawFd};
    use std::ptr;
    use std::time::Duration;

    use polling::Poller;
    use rustix::event::epoll::Event;

    /// `epoll_pwait2`, on 64-bit systems.
    pub(super) fn wait<'a>(
        poller: &Poller,
        timeout: Duration,
        events: &'a mut [MaybeUninit<Event>],
    ) -> io::Result<&'a [Event]> {
        let timeout = libc::timespec { tv_sec: timeout.as_secs() as _, tv_nsec: timeout.subsec_nanos() as _ };
        // SAFETY: the descriptor is open while `poller` is borrowed; `events` has room for as many events as it says, in the
        // kernel's layout, which `rustix` gives its `Event`; `timeout` outlives the call, and on 64-bit systems, the only
        // ones where `precise` starts as true, is what the kernel takes; there is no signal mask.
        let filled = unsafe {
            libc::syscall(
                libc::SYS_epoll_pwait2,
                poller.as_fd().as_raw_fd(),
                events.as_mut_ptr(),
                events.len() as libc::c_int,
                &timeout as *const libc::timespec,
                ptr::null::<libc::sigset_t>(),
                0usize,
            )
        };
        let Ok(filled) = usize::try_from(filled) else { return Err(io::Error::last_os_error()) };
        // SAFETY: the kernel has filled in the first `filled` of them.
        Ok(unsafe { std::slice::from_raw_parts(events.as_ptr().cast::<Event>(), filled) })
    }
}
