//! TCP: a small one of our own, with sequence numbers, windows, acknowledgements and timers, so that loss, partitions, crashes
//! and slow readers have the effects that they really have, instead of effects that somebody thought of.
//!
//! What it leaves out: congestion control, fast retransmission (a loss is a stall until the timer), Nagle's gathering, urgent
//! data, and both ends connecting to each other at once.

mod bytes;
mod calls;
mod endpoint;
mod incoming;
mod listener;
mod outgoing;
mod ports;
mod stream;
mod table;
mod timer;

pub(super) use endpoint::Endpoint;
pub(super) use listener::{Listening, SimListener};
pub(super) use stream::SimStream;
