//! Learning that a child has ended, system by system. Each file has the same shape: `Exit` with `watch`, `watch_default` and
//! `poll`.
//!
//! `poll` takes a function that asks the system for the status without waiting, and calls it in an order such that no end is
//! missed: it is registered for news first, or asks again after each piece of news.

#[cfg(unix)]
mod sigchld;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(crate) use unix::{Exit, force_sigchld};
#[cfg(windows)]
pub(crate) use windows::Exit;
