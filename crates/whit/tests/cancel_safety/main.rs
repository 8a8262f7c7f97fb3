//! Cancel safety by machine: every public future of the lower floors is dropped at each of its await points, and nothing is lost,
//! left behind, or doubled. (`whit-scope` has the same for its combinators, in its own tests.)
//!
//! A case is a small world, a future in it, and acts of others: a lock is released, a message sent, time passes. The explorer
//! runs it for every order of acts and polls that there is, up to some number of polls, and drops the future after each:
//! never polled; waiting; woken and never polled again; ready. After the drop the others do what they had left to do, and then
//! the case says what must hold: who waited in line has its turn, each message is somewhere once, nothing is registered.
//!
//! For every case the explorer itself asks: is a future that was pending woken before it is ready? Has the last waker gone with
//! the future? And did the orders that it tried lead to each of the four ends?

#![allow(clippy::await_holding_refcell_ref, reason = "one thread; the case borrows once the future has gone")]

mod blocking;
mod channels;
mod explorer;
mod locks;
mod signals;
#[cfg(unix)]
mod sockets;
#[cfg(unix)]
mod systems;
mod timers;
