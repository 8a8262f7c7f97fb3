//! The handler of signals, and the only unsafe code for them.
//!
//! It announces each signal as a bit, by the rules in `news`. Signals that come before they are read become one, as in the system.
//! Unregistering waits for a handler that is running, and comes before the pipe is closed.
//!
//! Between `fork` and `exec` a child may run the handler too. It writes into our pipe, and sets a bit in memory of its own:
//! a wake for nothing.

use std::fmt;
use std::io;
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use signal_hook_registry::SigId;

use crate::news::{self, AtomicU64, Ordering};

/// Signals that are caught, as bits and as events on the reader that came with it.
pub(crate) struct Handler {
    shared: Arc<Shared>,
    caught: Vec<(i32, SigId)>,
}

struct Shared {
    pending: AtomicU64,
    writer: UnixStream,
}

impl Handler {
    /// A handler that catches nothing yet, and its reader; both ends are non-blocking.
    pub(crate) fn new() -> io::Result<(Handler, UnixStream)> {
        let (reader, writer) = UnixStream::pair()?;
        reader.set_nonblocking(true)?;
        writer.set_nonblocking(true)?;
        let shared = Arc::new(Shared { pending: AtomicU64::new(0), writer });
        Ok((Handler { shared, caught: Vec::new() }, reader))
    }

    /// Catches a signal from now on. `number` is below 64.
    pub(crate) fn catch(&mut self, number: i32) -> io::Result<()> {
        if self.caught.iter().any(|(caught, _)| *caught == number) {
            return Ok(());
        }
        let shared = self.shared.clone();
        let handle = move || {
            news::announce(&shared.pending, number, || {
                // Whatever it answers, a byte is there to be read.
                let _ = rustix::io::write(&shared.writer, &[0]);
            });
        };
        // SAFETY: the closure makes an atomic operation and a `write`, both of which a handler may; it neither allocates, locks
        // nor panics. The registry keeps it, and `errno` as it was.
        let id = unsafe { signal_hook_registry::register(number, handle) }?;
        self.caught.push((number, id));
        Ok(())
    }

    /// Catches a signal no longer. It is ignored then, as the system's default is not brought back.
    pub(crate) fn let_go(&mut self, number: i32) {
        self.caught.retain(|(caught, id)| {
            let goes = *caught == number;
            if goes {
                signal_hook_registry::unregister(*id);
            }
            !goes
        });
        self.shared.pending.fetch_and(!(1 << number), Ordering::AcqRel);
    }

    /// The signals that came since the last time, as bits, if there are any.
    pub(crate) fn take(&self) -> Option<u64> {
        news::take(&self.shared.pending)
    }

    /// The signals that are caught.
    pub(crate) fn caught(&self) -> impl Iterator<Item = i32> + '_ {
        self.caught.iter().map(|(number, _)| *number)
    }
}

impl Drop for Handler {
    fn drop(&mut self) {
        for (_, id) in self.caught.drain(..) {
            signal_hook_registry::unregister(id);
        }
    }
}

impl fmt::Debug for Handler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handler").field("caught", &self.caught().collect::<Vec<_>>()).finish()
    }
}
