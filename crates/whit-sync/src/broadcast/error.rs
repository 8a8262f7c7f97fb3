//! Why a broadcast message was not received.

use std::error::Error;
use std::fmt;

/// Why [`Receiver::recv`](super::Receiver::recv) gave no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecvError {
    /// All senders have gone, and everything has been seen.
    Closed,
    /// So many messages were given up before they were seen. The next one is the oldest there is.
    Lagged(u64),
}

/// Why [`Receiver::try_recv`](super::Receiver::try_recv) gave no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryRecvError {
    /// There is none at the moment.
    Empty,
    /// All senders have gone, and everything has been seen.
    Closed,
    /// So many messages were given up before they were seen. The next one is the oldest there is.
    Lagged(u64),
}

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecvError::Closed => {
                f.write_str("receiving failed: the broadcast channel has no sender left, and is empty")
            }
            RecvError::Lagged(missed) => {
                write!(f, "receiving was too slow: {missed} messages were given up for newer ones; go on with the next")
            }
        }
    }
}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TryRecvError::Empty => f.write_str("receiving at once failed: there is no message yet; wait with `recv`"),
            TryRecvError::Closed => RecvError::Closed.fmt(f),
            TryRecvError::Lagged(missed) => RecvError::Lagged(*missed).fmt(f),
        }
    }
}

impl Error for RecvError {}
impl Error for TryRecvError {}
