//! Linux: epoll itself, through `rustix`.
//!
//! `polling` serves the other systems. Here its `wait` would re-arm a timerfd and an eventfd each time, four system calls beside
//! the wait, and what is left of it, to create and to delete, is no reason to compile it with half of `rustix`. The deadline
//! goes to the wait itself, and wake-ups come through an eventfd, which is registered once, edge-triggered, and never read:
//! each write to it is an edge.
//!
//! Sources are added with `EPOLLRDHUP`: it tells the end of a stream together with the last bytes.
//!
//! Time-outs that are no whole milliseconds need `epoll_pwait2` (Linux 5.11). `rustix` rounds them up, or, with a feature that
//! then holds for the whole program, gives up on older systems. So it is called directly, and where it is missing or
//! forbidden the time-out is rounded up.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::epoll::{self, Event, EventData, EventFlags};
use rustix::event::{EventfdFlags, Timespec, eventfd};
use whit_core::{Interest, refill_returns};

use super::{EVENTS_MOST, Ready};

/// The key of the eventfd; sources have smaller ones.
const NOTIFY: u64 = u64::MAX;
/// Longer time-outs end early, which a park may; so each form of them fits.
const TIMEOUT_MOST: Duration = Duration::from_secs(86_400);

/// Whether an event tells that a stream has ended.
pub(crate) const TELLS_END: bool = true;

/// Whether a read that does not fill its buffer has emptied the descriptor: so it is with TCP, up to a mark for urgent data,
/// which an event tells. Not with Unix streams, where a read also stops behind bytes that came with descriptors.
pub(crate) fn short_read_empties(raw: BorrowedFd<'_>) -> bool {
    let protocol = socket2::SockRef::from(&raw).protocol();
    matches!(protocol, Ok(Some(protocol)) if protocol == socket2::Protocol::TCP)
}

/// What any thread may use of a reactor's epoll.
#[derive(Debug)]
pub(crate) struct Poller {
    epoll: OwnedFd,
    eventfd: OwnedFd,
}

impl Poller {
    pub(crate) fn new() -> io::Result<Poller> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let eventfd = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        epoll::add(&epoll, &eventfd, EventData::new_u64(NOTIFY), EventFlags::IN | EventFlags::ET)?;
        Ok(Poller { epoll, eventfd })
    }

    pub(crate) fn supports_edge(&self) -> bool {
        true
    }

    /// Registers a source for edges in both directions, or in one-shot mode, disarmed.
    pub(crate) fn add(&self, raw: BorrowedFd<'_>, key: usize, edge: bool) -> io::Result<()> {
        let both = EventFlags::IN | EventFlags::PRI | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
        let flags = if edge { both } else { EventFlags::ONESHOT };
        Ok(epoll::add(&self.epoll, raw, EventData::new_u64(key as u64), flags)?)
    }

    /// One-shot mode: arms a source for its next event.
    pub(crate) fn arm(&self, raw: BorrowedFd<'_>, key: usize, interest: Interest) -> io::Result<()> {
        let mut flags = EventFlags::ONESHOT;
        flags.set(EventFlags::IN | EventFlags::PRI, interest.readable);
        flags.set(EventFlags::OUT, interest.writable);
        Ok(epoll::modify(&self.epoll, raw, EventData::new_u64(key as u64), flags)?)
    }

    pub(crate) fn delete(&self, raw: BorrowedFd<'_>) -> io::Result<()> {
        Ok(epoll::delete(&self.epoll, raw)?)
    }

    /// Ends a wait, this one or the next.
    pub(crate) fn notify(&self) -> io::Result<()> {
        // Full after 2^64 - 2 writes that nobody read; not in this universe.
        let rung = rustix::io::write(&self.eventfd, &1u64.to_ne_bytes());
        refill_returns();
        rung?;
        Ok(())
    }
}

/// What only the thread uses that waits.
#[derive(Debug)]
pub(crate) struct Waiter {
    precise: bool,
}

impl Waiter {
    pub(crate) fn new() -> Waiter {
        Waiter { precise: cfg!(target_pointer_width = "64") }
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
            match precise::wait(poller.epoll.as_fd(), timeout, &mut events) {
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
        let waited = epoll::wait(&poller.epoll, &mut events, timeout.as_ref());
        refill_returns();
        match waited {
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

mod precise {
    use std::io;
    use std::mem::MaybeUninit;
    use std::os::fd::{AsRawFd, BorrowedFd};
    use std::time::Duration;

    use rustix::event::epoll::Event;
    use whit_core::refill_returns;

    /// `epoll_pwait2`, on 64-bit systems.
    #[inline]
    pub(super) fn wait<'a>(
        epoll: BorrowedFd<'_>,
        timeout: Duration,
        events: &'a mut [MaybeUninit<Event>],
    ) -> io::Result<&'a [Event]> {
        let timeout = libc::timespec { tv_sec: timeout.as_secs() as _, tv_nsec: timeout.subsec_nanos() as _ };
        // SAFETY: the descriptor is open while `epoll` is borrowed; `events` has room for as many events as it says, in the
        // kernel's layout, which `rustix` gives its `Event`; `timeout` outlives the call, and on 64-bit systems, the only
        // ones where `precise` starts as true, is what the kernel takes.
        let filled = unsafe { call(epoll.as_raw_fd(), events.as_mut_ptr(), events.len(), &timeout) };
        refill_returns();
        let filled = filled?;
        // SAFETY: the kernel has filled in the first `filled` of them.
        Ok(unsafe { std::slice::from_raw_parts(events.as_ptr().cast::<Event>(), filled) })
    }

    /// The system call, without a signal mask; on x86-64 without the C library, as its function would return before
    /// `refill_returns`.
    ///
    /// # Safety
    ///
    /// The descriptor is open; `events` has room for as many as `most`; `timeout` is as the kernel's.
    #[inline(always)]
    unsafe fn call(
        epoll: i32,
        events: *mut MaybeUninit<Event>,
        most: usize,
        timeout: &libc::timespec,
    ) -> io::Result<usize> {
        #[cfg(all(target_arch = "x86_64", target_pointer_width = "64"))]
        {
            let answer: isize;
            // SAFETY: as the caller promised; these are the registers of a system call, of which it changes the named ones.
            unsafe {
                std::arch::asm!(
                    "syscall",
                    inlateout("rax") libc::SYS_epoll_pwait2 as isize => answer,
                    in("rdi") epoll as isize,
                    in("rsi") events,
                    in("rdx") most,
                    in("r10") timeout,
                    in("r8") 0usize,
                    in("r9") 0usize,
                    lateout("rcx") _,
                    lateout("r11") _,
                    options(nostack, preserves_flags),
                );
            }
            usize::try_from(answer).map_err(|_| io::Error::from_raw_os_error(-answer as i32))
        }
        #[cfg(not(all(target_arch = "x86_64", target_pointer_width = "64")))]
        {
            let mask = std::ptr::null::<libc::sigset_t>();
            let timeout: *const libc::timespec = timeout;
            let most = most as libc::c_int;
            // SAFETY: as the caller promised.
            let filled = unsafe { libc::syscall(libc::SYS_epoll_pwait2, epoll, events, most, timeout, mask, 0usize) };
            usize::try_from(filled).map_err(|_| io::Error::last_os_error())
        }
    }
}
