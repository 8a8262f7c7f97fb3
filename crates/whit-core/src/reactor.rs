//! `Reactor`: told which descriptors matter, it sets their readiness.

use std::fmt;
use std::io;
use std::sync::Arc;

use crate::Source;

/// The descriptor of a source: a `RawFd` on Unix, a `RawSocket` on Windows.
#[cfg(unix)]
pub type RawSource = std::os::fd::RawFd;
/// The descriptor of a source: a `RawFd` on Unix, a `RawSocket` on Windows.
#[cfg(windows)]
pub type RawSource = std::os::windows::io::RawSocket;

/// A borrowed descriptor: a `BorrowedFd` on Unix, a `BorrowedSocket` on Windows.
#[cfg(unix)]
pub type BorrowedSource<'a> = std::os::fd::BorrowedFd<'a>;
/// A borrowed descriptor: a `BorrowedFd` on Unix, a `BorrowedSocket` on Windows.
#[cfg(windows)]
pub type BorrowedSource<'a> = std::os::windows::io::BorrowedSocket<'a>;

/// Names a registration within one reactor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SourceKey(pub usize);

/// Which directions somebody waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Interest {
    /// Somebody waits to read.
    pub readable: bool,
    /// Somebody waits to write.
    pub writable: bool,
}

impl Interest {
    /// Nobody waits.
    pub fn is_empty(self) -> bool {
        !self.readable && !self.writable
    }
}

/// Watches descriptors: asyncio's `add_reader` and `add_writer`.
///
/// Readiness itself lives in the [`Source`] that both sides share: the reactor sets it, an I/O type reads it, clears it by
/// tick and waits on it. So the hot path crosses no trait, and a newer edge is never lost.
pub trait Reactor: fmt::Debug {
    /// Watches `raw` in both directions from now on, and tells `source`.
    ///
    /// A reactor with edges reports from here on by itself. One without reports only what [`rearm`](Reactor::rearm) asked for.
    ///
    /// # Errors
    ///
    /// Whatever the system answers (a descriptor that cannot be polled, no memory), and `NotConnected` after a shutdown.
    ///
    /// # Safety
    ///
    /// `raw` must be open, and must stay open until it has been deregistered.
    unsafe fn register(&self, raw: RawSource, source: Arc<Source>) -> io::Result<SourceKey>;

    /// Stops watching. Must be called before the descriptor is closed.
    ///
    /// # Errors
    ///
    /// Whatever the system answers. The key is gone in any case.
    fn deregister(&self, raw: BorrowedSource<'_>, key: SourceKey) -> io::Result<()>;

    /// Somebody now waits for `interest`. A no-op where edges serve; a one-shot reactor arms itself again here.
    ///
    /// # Errors
    ///
    /// Whatever the system answers.
    fn rearm(&self, raw: BorrowedSource<'_>, key: SourceKey, interest: Interest) -> io::Result<()>;
}
