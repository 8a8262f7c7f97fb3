//! Channels for many senders and many receivers, with async-channel's API: each message goes to one receiver.

mod error;
mod queue;
mod receiver;
mod sender;
mod state;

use std::sync::Arc;

pub use error::{RecvError, SendError, TryRecvError, TrySendError};
pub use receiver::{Receiver, Recv, WeakReceiver};
pub use sender::{Closed, Send, Sender, WeakSender};
use state::Channel;

/// A channel that holds at most `capacity` messages; sending waits for room.
///
/// With a capacity of 0 it holds none: sending waits until a receiver takes the message.
///
/// ```
/// futures_lite::future::block_on(async {
///     let (sender, receiver) = whit_sync::channel::bounded(1);
///     sender.send("hello").await?;
///     assert_eq!(receiver.recv().await, Ok("hello"));
///     drop(sender);
///     assert!(receiver.recv().await.is_err());
///     Ok::<(), whit_sync::channel::SendError<&str>>(())
/// })?;
/// # Ok::<(), whit_sync::channel::SendError<&str>>(())
/// ```
pub fn bounded<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    channel(Some(capacity))
}

/// A channel that holds any number of messages; sending never waits. If the senders are faster than the receivers, it grows
/// until the memory is full: think of [`bounded`] first.
pub fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
    channel(None)
}

fn channel<T>(capacity: Option<usize>) -> (Sender<T>, Receiver<T>) {
    let channel = Arc::new(Channel::new(capacity));
    (Sender::new(channel.clone()), Receiver::new(channel))
}
