//! A descriptor's place in a reactor: its source, its key, and the promise that it stays open.

use std::io::{Error, ErrorKind, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};

use whit_core::{BorrowedSource, Dir, RawSource, Source, SourceKey, Tick};

use crate::default::SharedReactor;
use crate::sys::short_read_empties;

/// Deregisters when it is dropped.
///
/// It knows the descriptor by its number and not by its owner: so the owner's type needs no bound where it is only kept.
pub(super) struct Registration {
    reactor: SharedReactor,
    pub(super) source: Arc<Source>,
    key: SourceKey,
    raw: RawSource,
    ended: bool,
    // Whether a short read empties it, asked of the system at the first short read: `UNKNOWN`, `YES` or `NO`.
    short_read_empties: AtomicU8,
}

const UNKNOWN: u8 = 0;
const YES: u8 = 1;
const NO: u8 = 2;

impl Registration {
    /// # Safety
    ///
    /// `raw` is open, and stays so until the registration has [ended](Registration::end) or has been dropped.
    pub(super) unsafe fn new(raw: RawSource, reactor: &SharedReactor) -> Result<Registration> {
        // Assumed writable, as most are: the first write tries instead of waiting for an event.
        let source = Arc::new(Source::new(true));
        // SAFETY: the caller says so.
        let key = unsafe { reactor.register(raw, source.clone())? };
        let reactor = reactor.clone();
        Ok(Registration { reactor, source, key, raw, ended: false, short_read_empties: AtomicU8::new(UNKNOWN) })
    }

    pub(super) fn reactor(&self) -> &SharedReactor {
        &self.reactor
    }

    /// Tells the reactor that somebody waits, if so, and if it has to be told.
    #[inline]
    pub(super) fn rearm_if(&self, waits: bool) -> Result<()> {
        if waits && self.source.must_rearm() { self.rearm() } else { Ok(()) }
    }

    #[cold]
    fn rearm(&self) -> Result<()> {
        self.reactor.rearm(self.descriptor(), self.key, self.source.interest())
    }

    /// Waits until the direction is ready as far as is known.
    #[inline]
    pub(super) fn poll_ready(&self, dir: Dir, cx: &mut Context<'_>) -> Poll<Result<Tick>> {
        let polled = self.source.poll_ready(dir, cx);
        self.rearm_if(polled.is_pending())?;
        polled
    }

    /// Whether an operation that ended with this error is to be tried again, after an event perhaps. `tick` is from before it.
    #[cold]
    pub(super) fn tries_again(&self, error: &Error, dir: Dir, tick: Tick) -> bool {
        match error.kind() {
            ErrorKind::WouldBlock => self.source.clear(dir, tick),
            ErrorKind::Interrupted => {}
            _ => return false,
        }
        true
    }

    /// Makes the reactor forget it.
    pub(super) fn end(&mut self) -> Result<()> {
        if std::mem::replace(&mut self.ended, true) {
            return Ok(());
        }
        self.reactor.deregister(self.descriptor(), self.key)
    }

    /// Whether a read that did not fill its buffer has emptied the descriptor.
    #[inline]
    pub(super) fn short_read_empties(&self) -> bool {
        match self.short_read_empties.load(Ordering::Relaxed) {
            UNKNOWN => {
                let empties = short_read_empties(self.descriptor());
                self.short_read_empties.store(if empties { YES } else { NO }, Ordering::Relaxed);
                empties
            }
            known => known == YES,
        }
    }

    fn descriptor(&self) -> BorrowedSource<'_> {
        // SAFETY: open until the registration ends, as whoever made it has promised; nobody calls this after that.
        unsafe { BorrowedSource::borrow_raw(self.raw) }
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        // What could be done about an error? The descriptor is closed next, which ends its registration on epoll and kqueue.
        drop(self.end());
    }
}
