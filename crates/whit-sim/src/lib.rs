//! A simulated machine room: virtual time, seeded order, hosts that crash, and every failure replayed from one number.
//!
//! # Should I use this crate?
//!
//! For tests of programs that are written on whit: they run inside unchanged, with the same types and no `cfg`. Take it by the
//! facade's feature `sim`, as `whit::sim`, with the attribute `#[whit::sim]`. It is also a second implementation of every seam of
//! [`whit_core`], to be read by those who write a third.
//!
//! # Example
//!
//! ```
//! use std::time::Duration;
//! use whit::net::{TcpListener, TcpStream};
//! use whit::prelude::*;
//! use whit_sim::Sim;
//!
//! let sim = Sim::new(42);
//! sim.host("db").start(|| async {
//!     let listener = TcpListener::bind("0.0.0.0:5432").await.unwrap();
//!     while let Ok((mut stream, _)) = listener.accept().await {
//!         whit::sleep(Duration::from_secs(3600)).await; // a slow database
//!         stream.write_all(b"42").await.unwrap();
//!     }
//! });
//! let controls = sim.controls();
//! let answer = sim.run(async move {
//!     controls.wait_all_blocked().await; // until the database listens
//!     let mut stream = TcpStream::connect("db:5432").await.unwrap();
//!     let mut answer = String::new();
//!     stream.read_to_string(&mut answer).await.unwrap();
//!     assert!(controls.elapsed() > Duration::from_secs(3600));
//!     answer
//! });
//! assert_eq!(answer, "42");
//! ```
//!
//! # How it works
//!
//! One thread, discrete events. While a task is ready, one is polled; which, the seed chooses. When none is, time jumps to the next
//! event, exactly: a timer, a packet, the end of a disk's work. When there is none, the run has failed, and the report says which
//! tasks wait. [`Sim`] is one run; [`Campaign`] is one program under many seeds, and `#[whit::sim]` is a test made of one.
//!
//! | question | where |
//! | --- | --- |
//! | what is done to hosts: crash, restart, pause, partition, spawn | [`Controls`] |
//! | links: latency, bandwidth, loss; rules for packets; faults of sockets | [`Link`], [`Controls::rule`], [`NetFaults`] |
//! | files: what is lost at a crash, faults, slowness | [`Disk`] |
//! | clocks that are wrong | [`Skew`] |
//! | who goes first | [`Order`] |
//! | what a failing run prints, and how it is made tamer | [`Campaign`], [`Shrunk`] |
//! | what happened, as text, for a browser, and where two runs part | [`Ended`] |
//!
//! Chance is in one place. Each kind of choice (order, pre-emption, network, disk, faults, the program's own) has a stream of its own
//! from the one seed, so that a fault which is switched on does not change the order. Each choice is kept on a [`Tape`], in which 0
//! is the tame one; a tape can be replayed, shrunk, and made up by a fuzzer.
//!
//! On several threads, something else may happen between any two operations of a task. Here it may too: at some polls, a task's
//! [budget](whit_core::budget) is so small that it gives way after a few operations.
//!
//! The idea of it all is FoundationDB's, and madsim's and turmoil's for Rust; that of the tape is Hypothesis's.
//!
//! # Cancellation and panics
//!
//! At the end of a run, everything that is left is dropped, inside the simulation. A crash first cuts the host off, and then drops
//! its futures: what their destructors do reaches nobody. A panic of the root goes through [`Sim::run`]; one of a task that nobody
//! awaits fails the run.
//!
//! # Features
//!
//! None.
//!
//! # Limits
//!
//! - The simulation knows what asks it. `Instant::now`, `SystemTime::now` and std's `RandomState` do not, and a run that depends on
//!   them does not repeat: take `whit::time::now` and [`whit_core::entropy::RandomState`]. Chance from `fastrand`'s functions is
//!   the tape's: one choice for each poll that draws. A deadline made with `Instant::now` is always past.
//! - Threads are not simulated. What a thread wakes or spawns inside fails the run; `block_on` and the
//!   `*_blocking` verbs of whit-sync panic where they would have to wait, and say which it was; locks that a thread holds hang it.
//!   Closures under `unblock` run at once, in line, and take no time but what `whit::time::hold` says; one that waits for another
//!   task panics likewise.
//! - `whit::time::hold` in a task, not in a closure under `unblock`, holds up every host.
//! - The network is Linux's as programs see it: errors, their kinds and their order are compared with the system's. Its TCP has
//!   neither congestion control nor fast retransmission (a loss is a stall until the timer), gathers nothing but what is written at
//!   one moment, and refuses two ends that connect to each other at once. There is no multicast; a hop limit is kept and has no
//!   effect. A writer whose peer never reads asks it for room for ever, as on a real system: such a run meets `max_time`, and no
//!   deadlock is reported.
//! - A descriptor of the system is refused, with the line that spawned the task: `whit::Async`, Unix sockets, child processes,
//!   signals. Standard streams are the real ones.
//! - Two operations of one task can be parted only where whit has an await: between plain loads and stores nothing happens. Models
//!   of lock-free code are loom's.
//! - [`TaskId`](whit_core::TaskId)s are numbers of the process, and differ from run to run; traces and reports have numbers of
//!   their own.
//! - On a system of 32 bits, at most 2^32 tasks.

#![deny(unsafe_code)]

mod campaign;
mod chance;
mod clock;
mod controls;
mod decider;
mod disk;
mod engine;
mod events;
mod exclusive;
mod export;
mod home;
mod net;
mod quiet;
mod report;
mod room;
mod shrink;
mod sim;
mod site;
mod trace;
mod variables;
mod world;

#[doc(hidden)]
pub use campaign::test_name;
pub use campaign::{Campaign, Found, Passes};
pub use clock::Skew;
pub use controls::{Controls, Host, WaitAllBlocked};
pub use decider::{Order, Tape, TapeError};
pub use disk::{Disk, DiskControls, DiskFault};
pub use net::{Latency, Link, NetFaults, Packet, RuleGuard, Verdict};
pub use report::Failure;
pub use shrink::Shrunk;
pub use sim::{Ended, Sim};
pub use whit_core::DiskWork;
pub use world::HostId;
