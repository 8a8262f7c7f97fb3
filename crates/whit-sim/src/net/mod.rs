//! The simulated network: a second implementation of `whit_core::Network`, one for each host over one fabric, so that the types of
//! whit-net run on it unchanged.
//!
//! | question | file |
//! | --- | --- |
//! | the lock, and the way of a packet | `fabric.rs`, `turn.rs` |
//! | when a packet arrives | `link.rs`, `latency.rs` |
//! | what a test decides about packets | `rules.rs`, `trouble.rs` |
//! | connections | `tcp/` |
//! | datagrams | `udp/` |
//! | names | `dns.rs` |
//! | what is open now | `netstat.rs` |
//!
//! Everything is ordered by numbers that are the same in each run (sockets are numbered, maps are ordered), and every choice is the
//! world's, so that the same seed gives the same packets at the same times.

mod address;
mod dns;
mod errors;
mod fabric;
mod faults;
mod hosts;
mod latency;
mod link;
mod netstat;
mod network;
mod packet;
mod rules;
mod tcp;
#[cfg(test)]
mod tests;
mod trouble;
mod turn;
mod udp;
mod waiters;

pub(crate) use fabric::Fabric;
pub use faults::NetFaults;
pub use latency::Latency;
pub use packet::Packet;
pub use rules::{RuleGuard, Verdict};
pub use trouble::Link;
