//! The disk in the current handle, if there is one: then files are there, and not the system's.
//!
//! Who opens a file or does something to a path asks once, and then stays with the answer. A disk has a time of its own: before
//! each job that uses it the disk's delay is waited for, on the handle's clock, outside the pool. So a job itself never waits, and
//! a simulation can run it at one instant.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use whit_core::{Clock, DiskWork, Handle, Home, TimerKey};

/// A disk that is not the system's.
pub(crate) type Disk = Arc<dyn whit_core::Disk + Send + Sync>;

/// That of the current handle.
pub(crate) fn current() -> Option<Disk> {
    Handle::with_current(|handle| handle.disk().ok().cloned()).ok().flatten()
}

/// Starts a job that uses `disk`, once its delay is over; outside a runtime it runs right here. Says whether a runtime will wait
/// for it.
pub(crate) fn start(disk: &Disk, work: DiskWork, job: impl FnOnce() + Send + 'static) -> bool {
    let handle = Handle::try_current().ok();
    let Some((handle, blocking)) = handle.and_then(|handle| Some((handle.clone(), handle.blocking().ok()?.clone())))
    else {
        job();
        return false;
    };
    let delay = Delay::of(disk, work);
    let job = async move {
        delay.await;
        let _entered = handle.enter();
        job();
    };
    whit_core::spawn(&(blocking as Home), job).detach();
    true
}

/// What has no meaning on a disk that is not the system's.
pub(crate) fn unsupported(call: &str) -> io::Error {
    let text = format!("`{call}` is only for the files of the system, and the disk of the current handle is another");
    io::Error::new(io::ErrorKind::Unsupported, text)
}

/// Waits as long as a disk asks for.
#[must_use = "futures do nothing unless polled"]
pub(crate) struct Delay(Option<Waiting>);

struct Waiting {
    clock: Arc<dyn Clock + Send + Sync>,
    key: TimerKey,
    until: Instant,
}

impl Delay {
    /// Without a clock in the current handle there is no waiting.
    pub(crate) fn of(disk: &Disk, work: DiskWork) -> Delay {
        let delay = disk.delay(work);
        if delay == Duration::ZERO {
            return Delay(None);
        }
        let clock = Handle::with_current(|handle| handle.clock().ok().cloned()).ok().flatten();
        Delay(clock.and_then(|clock| {
            let until = clock.now().checked_add(delay)?;
            Some(Waiting { clock, key: TimerKey::NONE, until })
        }))
    }
}

impl Future for Delay {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.0 {
            None => Poll::Ready(()),
            Some(waiting) => waiting.clock.poll_until(&mut waiting.key, waiting.until, cx),
        }
    }
}

impl Drop for Delay {
    fn drop(&mut self) {
        if let Some(waiting) = &mut self.0 {
            waiting.clock.cancel(&mut waiting.key);
        }
    }
}
