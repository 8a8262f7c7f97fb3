//! The cursor of a file: who may move it, what was accepted and not yet written, what was read ahead.
//!
//! Reading, writing and seeking move the system's cursor, and may block; so a job on the blocking pool does it. Rules, all under
//! the one lock of the state:
//! 1. The cursor is `Free`, `Queued` (a job is on its way to it) or `Held` (somebody moves it, without the lock). Only who made it
//!    `Held` moves it. Whoever finds it `Queued` may take the turn; the job then finds nothing to do.
//! 2. Bytes that were accepted stand in `out`, and then the cursor is not `Free`: a job is under way that writes them. So nobody
//!    has to ask for them to be written, and who holds the cursor leaves it only when `out` is empty.
//! 3. What was read ahead is given out as long as nothing was accepted after it. Before a write the cursor goes back over what
//!    was not given out.
//! 4. Who finds that it must wait leaves its waker under the lock; everybody is woken when the cursor is left, and when a write
//!    has made room.
//! 5. A job that its pool drops unrun writes there and then, on that thread, and lets what waits to be read fail.
//!
//! The loop of who holds the cursor is in `turn`, the operations that poll are in `poll`.

mod poll;
mod turn;

use std::fmt;
use std::io::{self, SeekFrom};
use std::sync::PoisonError;
use std::task::{Context, Waker};

use whit_core::DiskWork;

use crate::sync::{AtomicBool, Condvar, Mutex, MutexGuard};

/// Bytes that are accepted before a write waits, and that are read ahead.
pub(crate) const CAPACITY: usize = 64 * 1024;

/// What has a cursor.
pub(crate) trait Io: Send + Sync + 'static {
    fn read(&self, buf: &mut [u8]) -> io::Result<usize>;
    fn write_all(&self, bytes: &[u8]) -> io::Result<()>;
    fn seek(&self, to: SeekFrom) -> io::Result<u64>;
    /// Reads what is there without waiting; `None` if it cannot tell without.
    fn read_now(&self, _: &mut [u8]) -> Option<io::Result<usize>> {
        None
    }
    /// Runs a job that may block. Says whether a runtime will wait for it when it ends.
    fn start(&self, work: DiskWork, job: impl FnOnce() + Send + 'static) -> bool;
}

pub(crate) struct Cursor<T> {
    pub(crate) io: T,
    state: Mutex<State>,
    /// For threads that wait for the cursor to be left.
    left: Condvar,
    /// Whether a runtime will wait for the last job that was started.
    attended: AtomicBool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    Free,
    Queued,
    Held,
}

struct State {
    turn: Turn,
    // Accepted, and not yet being written.
    out: Vec<u8>,
    // Bytes are being written that were in `out`.
    writing: bool,
    // What a write ended with, until somebody was told.
    failed: Option<io::Error>,
    // Nobody will ask any more: an error goes to stderr.
    dropped: bool,
    ahead: Vec<u8>,
    // How much of `ahead` has been given out.
    given: usize,
    // How many bytes somebody waits for, at most.
    wanted: usize,
    // What a read ended with that found no bytes: the end, or an error.
    found: Option<io::Result<()>>,
    to_seek: Option<SeekFrom>,
    // Being done: who asks again, woken for another reason, must not have it done twice.
    seeking: Option<SeekFrom>,
    sought: Option<(SeekFrom, io::Result<u64>)>,
    waiters: Vec<Waker>,
}

impl<T: Io> Cursor<T> {
    pub(crate) fn new(io: T) -> Cursor<T> {
        let state = State {
            turn: Turn::Free,
            out: Vec::new(),
            writing: false,
            failed: None,
            dropped: false,
            ahead: Vec::new(),
            given: 0,
            wanted: 0,
            found: None,
            to_seek: None,
            seeking: None,
            sought: None,
            waiters: Vec::new(),
        };
        Cursor { io, state: Mutex::new(state), left: Condvar::new(), attended: AtomicBool::new(false) }
    }

    /// Whether all that was accepted has been written.
    pub(crate) fn is_written(&self) -> bool {
        self.lock().is_written()
    }
}

impl<T> Cursor<T> {
    fn lock(&self) -> MutexGuard<'_, State> {
        // No foreign code runs under this lock but the clone of a waker.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_written(&self) -> bool {
        self.out.is_empty() && !self.writing
    }

    fn unread(&self) -> &[u8] {
        &self.ahead[self.given..]
    }

    /// Rule 4.
    fn wait(&mut self, cx: &Context<'_>) {
        if !self.waiters.iter().any(|waiter| waiter.will_wake(cx.waker())) {
            self.waiters.push(cx.waker().clone());
        }
    }

    /// Whoever asked for a seek has given up: it is done or not, and nobody gets the answer.
    fn forget_seek(&mut self) {
        (self.to_seek, self.seeking, self.sought) = (None, None, None);
    }

    fn told(&mut self) -> io::Result<()> {
        self.failed.take().map_or(Ok(()), Err)
    }
}

impl<T: fmt::Debug> fmt::Debug for Cursor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("Cursor")
            .field("io", &self.io)
            .field("turn", &state.turn)
            .field("unwritten", &state.out.len())
            .field("unread", &state.unread().len())
            .finish_non_exhaustive()
    }
}
