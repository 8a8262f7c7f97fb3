//! Whose turn it is: jobs, threads that wait, and what the holder of the cursor does.

use std::io::{self, SeekFrom};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use whit_core::DiskWork;

use super::{Cursor, Io, State, Turn};
use crate::sync::MutexGuard;

/// The turn of a cursor that is `Queued`. Dropped unrun, it follows rule 5.
struct Job<T: Io>(Option<Arc<Cursor<T>>>);

impl<T: Io> Job<T> {
    fn run(mut self) {
        if let Some(cursor) = self.0.take() {
            cursor.take_turn(|_| {});
        }
    }
}

impl<T: Io> Drop for Job<T> {
    fn drop(&mut self) {
        let Some(cursor) = self.0.take() else { return };
        cursor.take_turn(|state| {
            if std::mem::take(&mut state.wanted) > 0 {
                state.found = Some(Err(shut_down()));
            }
            if let Some(to) = state.to_seek.take() {
                state.sought = Some((to, Err(shut_down())));
            }
        });
    }
}

impl<T: Io> Cursor<T> {
    /// Starts the job for a turn that was made `Queued`. Not under the lock: it may run, or be dropped, right here.
    pub(super) fn start(self: &Arc<Self>, work: DiskWork) {
        let job = Job(Some(self.clone()));
        let attended = self.io.start(work, move || job.run());
        self.attended.store(attended, Ordering::Relaxed);
    }

    /// Blocks until all that was accepted has been written.
    pub(crate) fn settle(&self) {
        let mut state = self.lock();
        while !state.is_written() {
            if state.turn == Turn::Queued {
                state.turn = Turn::Held;
                state = self.hold(state);
            } else {
                state = self.left.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    /// As [`settle`](Cursor::settle), and tells what the writing ended with.
    pub(crate) fn settle_and_tell(&self) -> io::Result<()> {
        self.settle();
        self.lock().told()
    }

    /// Nobody will ask any more. What no runtime will wait for is written here and now.
    pub(crate) fn abandon(&self) {
        let mut state = self.lock();
        state.dropped = true;
        let failed = state.failed.take();
        let waits = !state.is_written() && !self.attended.load(Ordering::Relaxed);
        drop(state);
        if let Some(error) = failed {
            report(&error);
        }
        if waits {
            self.settle();
        }
    }

    /// Runs `f` with the cursor held, for what would move it.
    #[cfg(windows)]
    pub(crate) fn exclusively<R>(&self, f: impl FnOnce(&T) -> R) -> R {
        let mut state = self.lock();
        while state.turn == Turn::Held {
            state = self.left.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.turn = Turn::Held;
        drop(state);
        let done = f(&self.io);
        drop(self.hold(self.lock()));
        done
    }

    /// Takes the turn if it is still there to be taken.
    fn take_turn(&self, prepare: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        if state.turn == Turn::Queued {
            state.turn = Turn::Held;
            prepare(&mut state);
            drop(self.hold(state));
        }
    }

    /// What the holder does: everything that is asked for, writes first, until there is nothing left. Then it leaves.
    fn hold<'s>(&'s self, mut state: MutexGuard<'s, State>) -> MutexGuard<'s, State> {
        loop {
            if !state.out.is_empty() {
                state = self.write(state);
            } else if let Some(to) = state.to_seek.take() {
                let back = state.unread().len();
                state.seeking = Some(to);
                drop(state);
                let at = self.seek_from(back, to);
                state = self.lock();
                if at.is_ok() {
                    state.forget_ahead();
                }
                if state.seeking.take().is_some() {
                    state.sought = Some((to, at));
                }
            } else if state.wanted > 0 {
                state = self.read_ahead(state);
            } else {
                state.turn = Turn::Free;
                self.left.notify_all();
                return self.wake(state);
            }
        }
    }

    fn write<'s>(&'s self, mut state: MutexGuard<'s, State>) -> MutexGuard<'s, State> {
        let mut bytes = std::mem::take(&mut state.out);
        let back = state.unread().len();
        state.writing = true;
        // There is room again.
        drop(self.wake(state));
        let written = self.seek_back(back).and_then(|seeks| self.io.write_all(&bytes).map(|()| seeks));
        let mut state = self.lock();
        state.writing = false;
        if !matches!(written, Ok(false)) {
            state.forget_ahead();
        }
        match written {
            Ok(_) if state.out.is_empty() => {
                bytes.clear();
                // Its memory, for the next bytes.
                state.out = bytes;
            }
            Ok(_) => {}
            Err(error) => {
                // What was accepted after it would stand in the wrong place.
                let lost = bytes.len() + std::mem::take(&mut state.out).len();
                let text = format!(
                    "writing behind failed: {error}; of the last {lost} bytes that were accepted some or all are not written"
                );
                let error = io::Error::new(error.kind(), text);
                if state.dropped { report(&error) } else { state.failed = Some(error) }
            }
        }
        state
    }

    fn read_ahead<'s>(&'s self, mut state: MutexGuard<'s, State>) -> MutexGuard<'s, State> {
        let wanted = std::mem::take(&mut state.wanted);
        // Asked for twice, by somebody who gave up in between.
        if !state.unread().is_empty() || state.found.is_some() {
            return state;
        }
        let mut bytes = std::mem::take(&mut state.ahead);
        state.given = 0;
        drop(state);
        bytes.resize(wanted, 0);
        let read = loop {
            match self.io.read(&mut bytes) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        bytes.truncate(*read.as_ref().unwrap_or(&0));
        let mut state = self.lock();
        if bytes.is_empty() {
            state.found = Some(read.map(drop));
        }
        state.ahead = bytes;
        state
    }

    /// Where the reader is, the system's cursor is `back` bytes further.
    pub(super) fn seek_from(&self, back: usize, to: SeekFrom) -> io::Result<u64> {
        self.io.seek(match to {
            SeekFrom::Current(by) => SeekFrom::Current(by.saturating_sub(back as i64)),
            to => to,
        })
    }

    /// Whether there is a cursor that can be set back: a pipe has none, and keeps what was read ahead.
    fn seek_back(&self, back: usize) -> io::Result<bool> {
        if back == 0 {
            return Ok(true);
        }
        match self.io.seek(SeekFrom::Current(-(back as i64))) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotSeekable => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Rule 4. Wakers are called without the lock.
    fn wake<'s>(&'s self, mut state: MutexGuard<'s, State>) -> MutexGuard<'s, State> {
        let waiters = std::mem::take(&mut state.waiters);
        if waiters.is_empty() {
            return state;
        }
        drop(state);
        waiters.into_iter().for_each(std::task::Waker::wake);
        self.lock()
    }
}

impl State {
    /// How many bytes were read ahead and not given out; they count as not read now.
    pub(super) fn forget_ahead(&mut self) -> usize {
        let unread = self.unread().len();
        self.ahead.clear();
        (self.given, self.found) = (0, None);
        unread
    }
}

fn report(error: &io::Error) {
    eprintln!("whit: {error}; the file was dropped before it could be told");
}

fn shut_down() -> io::Error {
    io::Error::other(
        "a file operation was not done: its blocking pool was shut down; use files only while their runtime runs",
    )
}
