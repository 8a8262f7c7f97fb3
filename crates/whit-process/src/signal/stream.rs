//! `Signals`: a stream of the signals that were asked for.

use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use whit_core::{Dir, budget};
use whit_reactor::Async;

use super::{Handler, Signal};
use crate::error::explain;
use crate::news;

/// A stream of signals. Each stream of the same signal gets it.
///
/// Signals are caught from the moment that the stream is made. It ends after an error only. Of several signals that wait, the
/// one with the lowest number comes first.
///
/// # Cancel safety
///
/// Dropping the future of `next` loses nothing. Dropping the stream loses what it did not give out.
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct Signals {
    // Dropped before its pipe: see the handler.
    handler: Handler,
    pipe: Async<UnixStream>,
    // Taken from the handler, and not given out yet.
    taken: u64,
    failed: bool,
}

impl Signals {
    /// Catches these signals, with the current handle's reactor, or with the process-wide default.
    ///
    /// # Errors
    ///
    /// No descriptors are left; it takes two.
    pub fn new(signals: impl IntoIterator<Item = Signal>) -> io::Result<Signals> {
        let (handler, reader) = Handler::new().map_err(|error| explain(error, "catching signals"))?;
        let mut made = Signals { handler, pipe: Async::new_nonblocking(reader)?, taken: 0, failed: false };
        made.add_signals(signals)?;
        Ok(made)
    }

    /// Catches these too.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn add_signals(&mut self, signals: impl IntoIterator<Item = Signal>) -> io::Result<()> {
        for signal in signals {
            let caught = self.handler.catch(signal.number());
            caught.map_err(|error| explain(error, format_args!("catching {signal}")))?;
        }
        Ok(())
    }

    /// Does not report these any more. They are ignored if no other stream catches them.
    pub fn remove_signals(&mut self, signals: impl IntoIterator<Item = Signal>) {
        for signal in signals {
            self.handler.let_go(signal.number());
            self.taken &= !(1 << signal.number());
        }
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Signal>> {
        if self.taken == 0 {
            let mut bytes = [0; 64];
            let read = || self.pipe.poll_io(Dir::Read, cx, |mut pipe| pipe.read(&mut bytes));
            self.taken = ready!(news::poll(read, || Ok(self.handler.take())))?;
        }
        let number = self.taken.trailing_zeros();
        self.taken &= self.taken - 1;
        Poll::Ready(Ok(Signal::from_number(number as i32).expect("only signals with a name are caught")))
    }
}

impl Stream for Signals {
    type Item = io::Result<Signal>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Signal>>> {
        let this = self.get_mut();
        if this.failed {
            return Poll::Ready(None);
        }
        ready!(budget::poll_proceed(cx));
        let polled = this.poll(cx);
        match &polled {
            Poll::Pending => budget::refund(),
            Poll::Ready(signal) => this.failed = signal.is_err(),
        }
        polled.map(Some)
    }
}
