//! `Sender` and what it makes.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};

use super::state::Channel;
use super::{SendError, TrySendError};
use crate::event::EventWait;
use crate::wait_list::Key;
use crate::{blocking, budget};

/// Sends into a channel. Clones send into the same one; when the last is dropped, the channel is closed.
pub struct Sender<T> {
    channel: Arc<Channel<T>>,
}

impl<T> Sender<T> {
    pub(super) fn new(channel: Arc<Channel<T>>) -> Sender<T> {
        Sender { channel }
    }

    /// Sends, and waits for room if there is none; whoever waited longest goes first.
    ///
    /// Cancel-safe: dropped before it is ready, the message was not sent and is dropped too, except when it had just got its
    /// room: then it arrives. A future that is kept without being polled holds nobody up.
    ///
    /// # Errors
    ///
    /// The channel is closed; here is the message again.
    #[inline]
    pub fn send(&self, message: T) -> Send<'_, T> {
        Send { channel: &self.channel, message: Some(message), key: None }
    }

    /// Sends if there is room or a receiver waits.
    ///
    /// # Errors
    ///
    /// There is none, or the channel is closed; here is the message again.
    #[inline]
    pub fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        self.channel.try_send(message)
    }

    /// Sends at once, ahead of senders that wait; a full channel gives its oldest message up for it, which comes back.
    ///
    /// # Errors
    ///
    /// The channel is closed. Or it has a capacity of 0 and no receiver waits: then it is [`TrySendError::Full`], as there is
    /// no message to give up.
    pub fn force_send(&self, message: T) -> Result<Option<T>, TrySendError<T>> {
        self.channel.force_send(message)
    }

    /// As [`send`](Sender::send), for a thread that may block. Not for tasks: it keeps their worker from all others.
    ///
    /// # Errors
    ///
    /// The channel is closed; here is the message again.
    #[track_caller]
    pub fn send_blocking(&self, message: T) -> Result<(), SendError<T>> {
        blocking::wait("send_blocking", self.send(message))
    }

    /// Nothing more can be sent; what is in the channel can still be received. Whether it was open.
    pub fn close(&self) -> bool {
        self.channel.close()
    }

    /// Whether it is closed, by hand or because one side has gone.
    pub fn is_closed(&self) -> bool {
        self.channel.is_closed()
    }

    /// Waits until the channel is closed, by hand or because the last receiver has gone: nobody will read what is sent.
    /// Cancel-safe.
    pub fn closed(&self) -> Closed<'_> {
        Closed(self.channel.was_closed.wait())
    }

    /// Whether it holds no message.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there is no room. Always so with a capacity of 0.
    pub fn is_full(&self) -> bool {
        self.channel.is_full()
    }

    /// Messages in it.
    pub fn len(&self) -> usize {
        self.channel.len()
    }

    /// The most messages it holds; `None` if there is no such number.
    pub fn capacity(&self) -> Option<usize> {
        self.channel.capacity
    }

    /// How many senders there are.
    pub fn sender_count(&self) -> usize {
        self.channel.senders.load(Ordering::Acquire)
    }

    /// How many receivers there are.
    pub fn receiver_count(&self) -> usize {
        self.channel.receivers.load(Ordering::Acquire)
    }

    /// Whether both send into the same channel.
    pub fn same_channel(&self, other: &Sender<T>) -> bool {
        Arc::ptr_eq(&self.channel, &other.channel)
    }

    /// A handle that does not keep the channel open.
    pub fn downgrade(&self) -> WeakSender<T> {
        WeakSender { channel: self.channel.clone() }
    }
}

/// Made by [`Sender::closed`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct Closed<'c>(EventWait<'c>);

impl Future for Closed<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Sender<T> {
        self.channel.senders.fetch_add(1, Ordering::Relaxed);
        Sender { channel: self.channel.clone() }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        if self.channel.senders.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.channel.close();
        }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("len", &self.len()).field("capacity", &self.capacity()).finish_non_exhaustive()
    }
}

/// A [`Sender`] that does not keep the channel open.
pub struct WeakSender<T> {
    channel: Arc<Channel<T>>,
}

impl<T> WeakSender<T> {
    /// A sender, if there is one left.
    pub fn upgrade(&self) -> Option<Sender<T>> {
        Channel::<T>::revive(&self.channel.senders).then(|| Sender { channel: self.channel.clone() })
    }
}

impl<T> Clone for WeakSender<T> {
    fn clone(&self) -> WeakSender<T> {
        WeakSender { channel: self.channel.clone() }
    }
}

impl<T> fmt::Debug for WeakSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakSender").finish_non_exhaustive()
    }
}

/// Made by [`Sender::send`].
#[must_use = "futures do nothing unless awaited"]
pub struct Send<'c, T> {
    channel: &'c Channel<T>,
    message: Option<T>,
    key: Option<Key>,
}

// The message is never pinned.
impl<T> Unpin for Send<'_, T> {}

impl<T> Future for Send<'_, T> {
    type Output = Result<(), SendError<T>>;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Send { channel, message, key } = self.get_mut();
        ready!(budget::poll_proceed(cx));
        let polled = channel.poll_send(message, key, cx.waker());
        if polled.is_pending() {
            budget::refund();
        }
        polled.map_err(SendError)
    }
}

impl<T> Drop for Send<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.channel.cancel_send(key);
        }
    }
}

impl<T> fmt::Debug for Send<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Send").field("waits", &self.key.is_some()).finish_non_exhaustive()
    }
}
