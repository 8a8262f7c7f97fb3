//! `Receiver` and what it makes.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_core::stream::FusedStream;

use super::state::Channel;
use super::{RecvError, TryRecvError};
use crate::wait_list::Key;
use crate::{blocking, budget};

/// Receives from a channel; a stream, too. Clones receive from the same one, each message once. When the last is dropped, the
/// channel is closed, and what is left in it is dropped.
pub struct Receiver<T> {
    channel: Arc<Channel<T>>,
    // As a stream it waits like a `Recv` of its own.
    key: Option<Key>,
}

impl<T> Receiver<T> {
    pub(super) fn new(channel: Arc<Channel<T>>) -> Receiver<T> {
        Receiver { channel, key: None }
    }

    /// Receives the next message, and waits if there is none; whoever waited longest goes first.
    ///
    /// Cancel-safe: a message that came for a dropped future goes to the next one who waits, or to the head of the channel. A
    /// future that was given a message and is kept without being polled keeps that message, and holds nobody else up.
    ///
    /// # Errors
    ///
    /// The channel is empty and closed.
    #[inline]
    pub fn recv(&self) -> Recv<'_, T> {
        Recv { channel: &self.channel, key: None }
    }

    /// A message, if there is one.
    ///
    /// # Errors
    ///
    /// There is none at the moment, or there will be none.
    #[inline]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        self.channel.try_recv()
    }

    /// As [`recv`](Receiver::recv), for a thread that may block. Not for tasks: it keeps their worker from all others.
    ///
    /// # Errors
    ///
    /// The channel is empty and closed.
    #[track_caller]
    pub fn recv_blocking(&self) -> Result<T, RecvError> {
        blocking::wait("recv_blocking", self.recv())
    }

    /// Nothing more can be sent; what is in the channel can still be received. Whether it was open.
    pub fn close(&self) -> bool {
        self.channel.close()
    }

    /// As [`close`](Receiver::close), and takes what is in the channel in the same step: asyncio's `shutdown(immediate=True)`,
    /// which throws it away. What waited to be sent comes back to its senders; what a waiting receiver was given stays its own.
    pub fn close_and_drain(&self) -> Vec<T> {
        self.channel.close_and_drain()
    }

    /// Whether it is closed, by hand or because one side has gone.
    pub fn is_closed(&self) -> bool {
        self.channel.is_closed()
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

    /// Whether both receive from the same channel.
    pub fn same_channel(&self, other: &Receiver<T>) -> bool {
        Arc::ptr_eq(&self.channel, &other.channel)
    }

    /// A handle that does not keep the channel open.
    pub fn downgrade(&self) -> WeakReceiver<T> {
        WeakReceiver { channel: self.channel.clone() }
    }

    fn forget_wait(&mut self) {
        if let Some(key) = self.key.take() {
            self.channel.cancel_recv(key);
        }
    }
}

impl<T> Stream for Receiver<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let Receiver { channel, key } = self.get_mut();
        poll(channel, key, cx).map(Result::ok)
    }
}

impl<T> FusedStream for Receiver<T> {
    fn is_terminated(&self) -> bool {
        self.key.is_none() && self.is_closed() && self.is_empty()
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Receiver<T> {
        self.channel.receivers.fetch_add(1, Ordering::Relaxed);
        Receiver { channel: self.channel.clone(), key: None }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.forget_wait();
        if self.channel.receivers.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.channel.close();
            self.channel.discard();
        }
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("len", &self.len()).field("capacity", &self.capacity()).finish_non_exhaustive()
    }
}

/// A [`Receiver`] that does not keep the channel open.
pub struct WeakReceiver<T> {
    channel: Arc<Channel<T>>,
}

impl<T> WeakReceiver<T> {
    /// A receiver, if there is one left.
    pub fn upgrade(&self) -> Option<Receiver<T>> {
        Channel::<T>::revive(&self.channel.receivers).then(|| Receiver::new(self.channel.clone()))
    }
}

impl<T> Clone for WeakReceiver<T> {
    fn clone(&self) -> WeakReceiver<T> {
        WeakReceiver { channel: self.channel.clone() }
    }
}

impl<T> fmt::Debug for WeakReceiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakReceiver").finish_non_exhaustive()
    }
}

/// Made by [`Receiver::recv`].
#[must_use = "futures do nothing unless awaited"]
pub struct Recv<'c, T> {
    channel: &'c Channel<T>,
    key: Option<Key>,
}

impl<T> Future for Recv<'_, T> {
    type Output = Result<T, RecvError>;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Recv { channel, key } = self.get_mut();
        poll(channel, key, cx)
    }
}

impl<T> Drop for Recv<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.channel.cancel_recv(key);
        }
    }
}

impl<T> fmt::Debug for Recv<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recv").field("waits", &self.key.is_some()).finish_non_exhaustive()
    }
}

// What is inlined here is what nearly every call does: a lock, a look, a message.
#[inline(always)]
fn poll<T>(channel: &Channel<T>, key: &mut Option<Key>, cx: &mut Context<'_>) -> Poll<Result<T, RecvError>> {
    ready!(budget::poll_proceed(cx));
    let polled = channel.poll_recv(key, cx.waker());
    if polled.is_pending() {
        budget::refund();
    }
    polled
}
