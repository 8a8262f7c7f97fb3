//! `oneshot`: one message, from one sender to one receiver.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

pub use crate::channel::{RecvError, SendError, TryRecvError};

use crate::blocking;

/// A channel for one message.
///
/// ```
/// futures_lite::future::block_on(async {
///     let (sender, receiver) = whit_sync::oneshot::channel();
///     sender.send(5).unwrap();
///     assert_eq!(receiver.await, Ok(5));
/// });
/// ```
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new(Mutex::new(State { message: None, open: true, receiver: None, sender: None }));
    (Sender { shared: Some(shared.clone()) }, Receiver { shared })
}

type Shared<T> = Arc<Mutex<State<T>>>;

struct State<T> {
    message: Option<T>,
    // Neither sent nor given up by either side.
    open: bool,
    receiver: Option<Waker>,
    sender: Option<Waker>,
}

/// Sends the message; dropped, it tells the receiver that there will be none.
pub struct Sender<T> {
    // Taken when it has sent.
    shared: Option<Shared<T>>,
}

impl<T> Sender<T> {
    /// Sends the message, at once.
    ///
    /// # Errors
    ///
    /// The receiver has gone or closed; here is the message again.
    pub fn send(mut self, message: T) -> Result<(), SendError<T>> {
        let Some(shared) = self.shared.take() else { return Err(SendError(message)) };
        let mut state = crate::lock(&shared);
        if !state.open {
            return Err(SendError(message));
        }
        state.open = false;
        state.message = Some(message);
        // The sender's own is dropped, outside of the lock.
        let (receiver, _sender) = (state.receiver.take(), state.sender.take());
        drop(state);
        if let Some(waker) = receiver {
            waker.wake();
        }
        Ok(())
    }

    /// Whether the receiver has gone or closed.
    pub fn is_closed(&self) -> bool {
        self.shared.as_ref().is_none_or(|shared| !crate::lock(shared).open)
    }

    /// Waits until the receiver has gone or closed: nobody wants the message any more. Cancel-safe.
    pub async fn closed(&mut self) {
        std::future::poll_fn(|cx| self.poll_closed(cx)).await;
    }

    /// As [`closed`](Sender::closed), for those who poll by hand.
    pub fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(shared) = &self.shared else { return Poll::Ready(()) };
        let mut state = crate::lock(shared);
        if !state.open {
            return Poll::Ready(());
        }
        let old = keep(&mut state.sender, cx.waker());
        drop(state);
        drop(old);
        Poll::Pending
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let Some(shared) = self.shared.take() else { return };
        let mut state = crate::lock(&shared);
        state.open = false;
        // The sender's own is dropped, outside of the lock.
        let (receiver, _sender) = (state.receiver.take(), state.sender.take());
        drop(state);
        if let Some(waker) = receiver {
            waker.wake();
        }
    }
}

/// Receives the message: a future. Cancel-safe by reference: `(&mut receiver).await` may be dropped and begun again.
#[must_use = "futures do nothing unless awaited"]
pub struct Receiver<T> {
    shared: Shared<T>,
}

impl<T> Receiver<T> {
    /// The message, if it is there.
    ///
    /// # Errors
    ///
    /// It is not there yet, or there will be none: the sender has gone, or the message was received before.
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        let mut state = crate::lock(&self.shared);
        match state.message.take() {
            Some(message) => Ok(message),
            None if state.open => Err(TryRecvError::Empty),
            None => Err(TryRecvError::Closed),
        }
    }

    /// Waits for the message on a thread that may block. Not for tasks: it keeps their worker from all others.
    ///
    /// # Errors
    ///
    /// The sender has gone.
    pub fn recv_blocking(self) -> Result<T, RecvError> {
        blocking::wait(self)
    }

    /// No message is wanted any more. One that was sent before can still be received.
    pub fn close(&mut self) {
        let mut state = crate::lock(&self.shared);
        state.open = false;
        let waker = state.sender.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T> Future for Receiver<T> {
    type Output = Result<T, RecvError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = crate::lock(&self.shared);
        if let Some(message) = state.message.take() {
            return Poll::Ready(Ok(message));
        }
        if !state.open {
            return Poll::Ready(Err(RecvError));
        }
        let old = keep(&mut state.receiver, cx.waker());
        drop(state);
        drop(old);
        Poll::Pending
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let mut state = crate::lock(&self.shared);
        state.open = false;
        // Dropped outside of the lock: the message may be anything.
        let (message, sender, _receiver) = (state.message.take(), state.sender.take(), state.receiver.take());
        drop(state);
        if let Some(waker) = sender {
            waker.wake();
        }
        drop(message);
    }
}

/// Puts the waker of the last poll in; what comes back is to be dropped outside of the lock.
#[must_use]
fn keep(place: &mut Option<Waker>, waker: &Waker) -> Option<Waker> {
    match place {
        Some(kept) if kept.will_wake(waker) => None,
        _ => place.replace(waker.clone()),
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("closed", &self.is_closed()).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = crate::lock(&self.shared);
        f.debug_struct("Receiver")
            .field("sent", &state.message.is_some())
            .field("open", &state.open)
            .finish_non_exhaustive()
    }
}
