//! `oneshot`: one message, from one sender to one receiver.

#[allow(unsafe_code, reason = "one allocation for both ends, without a lock")]
mod shared;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

pub use crate::channel::{RecvError, SendError, TryRecvError};

use crate::blocking;
use shared::{Found, ReceiveEnd, SendEnd};

/// A channel for one message.
///
/// ```
/// futures_lite::future::block_on(async {
///     let (sender, receiver) = whit_sync::oneshot::channel();
///     sender.send(5).unwrap();
///     assert_eq!(receiver.await, Ok(5));
/// });
/// ```
#[inline]
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = shared::ends();
    (Sender { end: sender }, Receiver { end: receiver })
}

/// Sends the message; dropped, it tells the receiver that there will be none.
pub struct Sender<T> {
    end: SendEnd<T>,
}

impl<T> Sender<T> {
    /// Sends the message, at once.
    ///
    /// # Errors
    ///
    /// The receiver has gone or closed; here is the message again.
    #[inline]
    pub fn send(self, message: T) -> Result<(), SendError<T>> {
        self.end.send(message).map_err(SendError)
    }

    /// Whether the receiver has gone or closed.
    pub fn is_closed(&self) -> bool {
        self.end.is_closed()
    }

    /// Waits until the receiver has gone or closed: nobody wants the message any more. Cancel-safe.
    pub async fn closed(&mut self) {
        std::future::poll_fn(|cx| self.poll_closed(cx)).await;
    }

    /// As [`closed`](Sender::closed), for those who poll by hand.
    pub fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.end.wait(cx.waker()) { Poll::Pending } else { Poll::Ready(()) }
    }
}

/// Receives the message: a future. Cancel-safe by reference: `(&mut receiver).await` may be dropped and begun again.
#[must_use = "futures do nothing unless awaited"]
pub struct Receiver<T> {
    end: ReceiveEnd<T>,
}

impl<T> Receiver<T> {
    /// The message, if it is there.
    ///
    /// # Errors
    ///
    /// It is not there yet, or there will be none: the sender has gone, or the message was received before.
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        match self.end.take() {
            Found::Message(message) => Ok(message),
            Found::Nothing => Err(TryRecvError::Empty),
            Found::Closed => Err(TryRecvError::Closed),
        }
    }

    /// Waits for the message on a thread that may block. Not for tasks: it keeps their worker from all others.
    ///
    /// # Errors
    ///
    /// The sender has gone.
    #[track_caller]
    pub fn recv_blocking(self) -> Result<T, RecvError> {
        blocking::wait("recv_blocking", self)
    }

    /// No message is wanted any more. One that was sent before can still be received.
    pub fn close(&mut self) {
        self.end.close();
    }
}

impl<T> Future for Receiver<T> {
    type Output = Result<T, RecvError>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            match self.end.take() {
                Found::Message(message) => return Poll::Ready(Ok(message)),
                Found::Closed => return Poll::Ready(Err(RecvError)),
                Found::Nothing if self.end.wait(cx.waker()) => return Poll::Pending,
                // The sender was done in between.
                Found::Nothing => {}
            }
        }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("closed", &self.is_closed()).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("open", &self.end.is_open()).finish_non_exhaustive()
    }
}
