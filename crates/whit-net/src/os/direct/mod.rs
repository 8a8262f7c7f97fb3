//! What is done with a socket again and again, on Linux without the C library.
//!
//! In a program with several threads the C library brackets `recv` and `send` with what cancelling a thread would need, which
//! nobody does in Rust: an eighth of the instructions that a small message costs outside the kernel. `rustix` makes the system
//! call itself, and in this place, so that nothing has returned yet where [`refill_returns`](whit_core::refill_returns) is called.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod portable;

#[cfg(target_os = "linux")]
pub(crate) use linux::*;
#[cfg(not(target_os = "linux"))]
pub(crate) use portable::*;
