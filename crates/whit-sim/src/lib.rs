//! A simulated machine room: virtual time, seeded order, hosts that crash, and every failure replayed from one number.

#![deny(unsafe_code)]

mod campaign;
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
