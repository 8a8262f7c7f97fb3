//! Sockets: a server that a contender runs, and the same hand-written load for all of them in a process of its own.
//!
//! Nothing but loopback addresses, and every loop is bounded in time. `cores` says who runs where, `servers` has what is
//! measured, `load`, `connections` and `hold` are the three kinds of load, and `samples` puts them together.

pub(crate) mod connections;
pub(crate) mod cores;
pub(crate) mod histogram;
pub(crate) mod hold;
pub(crate) mod http;
pub(crate) mod load;
pub(crate) mod python;
pub(crate) mod samples;
pub(crate) mod servers;
pub(crate) mod wait;
