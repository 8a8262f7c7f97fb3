//! What polls: reading, writing, flushing and seeking.

use std::io::{self, SeekFrom};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use whit_core::{DiskWork, budget};

use super::{CAPACITY, Cursor, Io, State, Turn};
use crate::sync::MutexGuard;

/// A read that waits asks for as much as its buffer holds, between `CAPACITY` and this.
const AHEAD_MOST: usize = 1024 * 1024;
/// A read that does not wait copies no more than this at once: some tens of microseconds.
const NOW_MOST: usize = 256 * 1024;

impl<T: Io> Cursor<T> {
    pub(crate) fn poll_read(self: &Arc<Self>, cx: &mut Context<'_>, buf: &mut [u8]) -> Poll<io::Result<usize>> {
        budgeted(cx, |cx| {
            let mut state = self.lock();
            state.told()?;
            state.forget_seek();
            if buf.is_empty() {
                return Poll::Ready(Ok(0));
            }
            if state.is_written() {
                if !state.unread().is_empty() {
                    let length = state.unread().len().min(buf.len());
                    buf[..length].copy_from_slice(&state.unread()[..length]);
                    state.given += length;
                    return Poll::Ready(Ok(length));
                }
                if let Some(found) = state.found.take() {
                    return Poll::Ready(found.map(|()| 0));
                }
                let most = buf.len().min(NOW_MOST);
                if state.turn == Turn::Free
                    && let Some(read) = self.io.read_now(&mut buf[..most])
                {
                    return Poll::Ready(read);
                }
            }
            state.wanted = buf.len().clamp(CAPACITY, AHEAD_MOST);
            self.wait_for_turn(state, cx)
        })
    }

    pub(crate) fn poll_write(self: &Arc<Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        budgeted(cx, |cx| {
            let mut state = self.lock();
            state.told()?;
            state.forget_seek();
            state.wanted = 0;
            let length = buf.len().min(CAPACITY.saturating_sub(state.out.len()));
            if length == 0 && !buf.is_empty() {
                // Rule 2: somebody is about to write.
                state.wait(cx);
                return Poll::Pending;
            }
            state.out.extend_from_slice(&buf[..length]);
            let starts = state.turn == Turn::Free && length > 0;
            if starts {
                state.turn = Turn::Queued;
            }
            drop(state);
            if starts {
                self.start(DiskWork::Write);
            }
            Poll::Ready(Ok(length))
        })
    }

    pub(crate) fn poll_flush(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.lock();
        state.told()?;
        if state.is_written() {
            return Poll::Ready(Ok(()));
        }
        state.wait(cx);
        Poll::Pending
    }

    pub(crate) fn poll_seek(self: &Arc<Self>, cx: &mut Context<'_>, to: SeekFrom) -> Poll<io::Result<u64>> {
        let mut state = self.lock();
        state.told()?;
        state.wanted = 0;
        // An answer to an earlier, abandoned question is none to this one.
        if let Some((_, at)) = state.sought.take().filter(|(asked, _)| *asked == to) {
            return Poll::Ready(at);
        }
        // The end may have to be asked of a server; the rest is arithmetic.
        if state.turn == Turn::Free && !matches!(to, SeekFrom::End(_)) {
            let at = self.seek_from(state.unread().len(), to);
            if at.is_ok() {
                state.forget_ahead();
            }
            return Poll::Ready(at);
        }
        if state.seeking != Some(to) {
            state.to_seek = Some(to);
        }
        self.wait_for_turn(state, cx)
    }

    /// Something was asked for that the holder of the cursor will do: this one, or a new job.
    fn wait_for_turn<R>(self: &Arc<Self>, mut state: MutexGuard<'_, State>, cx: &mut Context<'_>) -> Poll<R> {
        state.wait(cx);
        let starts = state.turn == Turn::Free;
        if starts {
            state.turn = Turn::Queued;
        }
        drop(state);
        if starts {
            self.start(DiskWork::Read);
        }
        Poll::Pending
    }
}

/// One unit of the task's budget for what can be done at once; waiting is free.
fn budgeted<R>(cx: &mut Context<'_>, op: impl FnOnce(&mut Context<'_>) -> Poll<R>) -> Poll<R> {
    ready!(budget::poll_proceed(cx));
    let done = op(cx);
    if done.is_pending() {
        budget::refund();
    }
    done
}
