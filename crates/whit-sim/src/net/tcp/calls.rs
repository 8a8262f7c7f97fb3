//! What the program asks of a connection, and what it is told: the errors in the order in which Linux has them.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::Shutdown;
use std::task::{Context, Poll};

use super::endpoint::{Endpoint, State};
use crate::decider::Choice;
use crate::net::faults::Faults;
use crate::net::packet::Kind;
use crate::net::turn::Turn;

impl Endpoint {
    pub(in crate::net) fn poll_connected(&mut self, cx: &Context<'_>) -> Poll<io::Result<()>> {
        match (self.state, self.error.take()) {
            (_, Some(error)) => Poll::Ready(Err(error.into())),
            (State::Connecting | State::Embryo, None) => {
                self.writers.wait(cx);
                Poll::Pending
            }
            (State::Dead, None) if !self.incoming.has_ended() => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
            _ => Poll::Ready(Ok(())),
        }
    }

    pub(in crate::net) fn poll_read(
        &mut self,
        cx: &Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
        take: bool,
        faults: &Faults,
        turn: &mut Turn<'_>,
    ) -> Poll<io::Result<usize>> {
        let asked = bufs.iter().map(|buf| buf.len()).sum::<usize>();
        let here = self.incoming.available().min(asked);
        if here > 0 {
            let most = turn.shorten(Choice::Fault, here, faults.short_reads);
            let len = self.incoming.read(bufs, most, take);
            if take && self.incoming.has_news() && self.state == State::Open {
                self.send(Kind::Plain, None, turn);
            }
            return Poll::Ready(Ok(len));
        }
        if asked == 0 || self.incoming.has_ended() {
            return Poll::Ready(Ok(0));
        }
        if let Some(error) = self.error.take() {
            return Poll::Ready(Err(error.into()));
        }
        if self.read_shut || matches!(self.state, State::Dead | State::Lingering { .. }) {
            return Poll::Ready(Ok(0));
        }
        self.readers.wait(cx);
        Poll::Pending
    }

    pub(in crate::net) fn poll_write(
        &mut self,
        cx: &Context<'_>,
        bufs: &[IoSlice<'_>],
        faults: &Faults,
        turn: &mut Turn<'_>,
    ) -> Poll<io::Result<usize>> {
        if let Some(error) = self.error.take() {
            return Poll::Ready(Err(error.into()));
        }
        if self.out.closing || matches!(self.state, State::Dead | State::Lingering { .. }) {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let asked = bufs.iter().map(|buf| buf.len()).sum::<usize>();
        let most = asked.min(self.out.room());
        if (most == 0 && asked > 0) || self.state == State::Connecting {
            self.writers.wait(cx);
            return Poll::Pending;
        }
        let len = turn.shorten(Choice::Fault, most, faults.short_writes);
        self.out.write(bufs, len);
        self.flush_soon(turn);
        Poll::Ready(Ok(len))
    }

    pub(in crate::net) fn shutdown(&mut self, how: Shutdown, turn: &mut Turn<'_>) -> io::Result<()> {
        match self.state {
            State::Dead | State::Lingering { .. } => return Err(io::ErrorKind::NotConnected.into()),
            // As Linux does: it gives up.
            State::Connecting => self.die(None, turn),
            State::Embryo | State::Open => {}
        }
        if how != Shutdown::Write {
            self.read_shut = true;
            self.readers.wake(turn);
        }
        if how != Shutdown::Read {
            self.end_writing(turn);
        }
        Ok(())
    }
}
