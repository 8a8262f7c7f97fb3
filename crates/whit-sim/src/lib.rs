//! A simulated machine room: virtual time, seeded order, hosts that crash, and every failure replayed from one number.

#![deny(unsafe_code)]

mod decider;
mod disk;
mod events;
mod exclusive;
mod trace;
mod world;

pub use decider::{Tape, TapeError};
pub use disk::{Disk, DiskControls, DiskFault};
pub use whit_core::DiskWork;
pub use world::HostId;
