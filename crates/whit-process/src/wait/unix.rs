//! Unix: a pidfd where there are some, and `SIGCHLD` elsewhere.

use std::io;
use std::process::{Child, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

#[cfg(target_os = "linux")]
use {std::os::fd::OwnedFd, whit_core::Dir, whit_reactor::Async};

use super::sigchld::Hub;

/// Tests want to see both ways on one system.
static FORCE_SIGCHLD: AtomicBool = AtomicBool::new(false);

/// Whether children that are started from now on are watched by `SIGCHLD`, even where there are pidfds.
pub(crate) fn force_sigchld(force: bool) {
    FORCE_SIGCHLD.store(force, Ordering::Relaxed);
}

/// A running child that is watched. The child must not be reaped behind its back.
#[derive(Debug)]
pub(crate) enum Exit {
    #[cfg(target_os = "linux")]
    Pidfd(Async<OwnedFd>),
    Signal(Arc<Hub>),
}

impl Exit {
    /// Watches with the current handle's reactor, or with the process-wide default.
    pub(crate) fn watch(child: &Child) -> io::Result<Exit> {
        #[cfg(target_os = "linux")]
        if !FORCE_SIGCHLD.load(Ordering::Relaxed)
            && let Some(pidfd) = pidfd(child)
        {
            return Ok(Exit::Pidfd(Async::new_nonblocking(pidfd)?));
        }
        let _ = child;
        Ok(Exit::Signal(Hub::current()?))
    }

    /// The status, once `ask` has one. Waits for news in between.
    pub(crate) fn poll(
        &self,
        cx: &mut Context<'_>,
        ask: impl FnMut() -> io::Result<Option<ExitStatus>>,
    ) -> Poll<io::Result<ExitStatus>> {
        match self {
            // Readable once the child is a zombie, and for ever after.
            #[cfg(target_os = "linux")]
            Exit::Pidfd(pidfd) => {
                let mut ask = ask;
                pidfd.poll_io(Dir::Read, cx, |_| ask()?.ok_or_else(|| io::ErrorKind::WouldBlock.into()))
            }
            Exit::Signal(hub) => hub.poll(cx, ask),
        }
    }
}

/// `None` where the system is too old for them, a sandbox forbids them, or no descriptor is left: `SIGCHLD` still serves then.
#[cfg(target_os = "linux")]
fn pidfd(child: &Child) -> Option<OwnedFd> {
    use rustix::process::{Pid, PidfdFlags, pidfd_open};
    pidfd_open(Pid::from_child(child), PidfdFlags::empty()).ok()
}
