//! A simulated machine room: virtual time, seeded order, hosts that crash, and every failure replayed from one number.

#![deny(unsafe_code)]

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
mod report;
mod room;
mod sim;
mod site;
mod trace;
mod world;

pub use clock::Skew;
pub use controls::{Controls, Host, WaitAllBlocked};
pub use decider::{Order, Tape, TapeError};
pub use disk::{Disk, DiskControls, DiskFault};
pub use net::{Latency, Link, NetFaults, Packet, RuleGuard, Verdict};
pub use report::Failure;
pub use sim::{Ended, Sim};
pub use whit_core::DiskWork;
pub use world::HostId;
