//! Waiting for events, system by system. Each file has the same shape: `Waiter`, `Notifier`, `add_edge`.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod portable;

#[cfg(target_os = "linux")]
pub(crate) use linux::{Notifier, TELLS_END, Waiter, add_edge};
#[cfg(not(target_os = "linux"))]
pub(crate) use portable::{Notifier, TELLS_END, Waiter, add_edge};

/// What the system said about one source.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ready {
    pub(crate) key: usize,
    pub(crate) readable: bool,
    pub(crate) writable: bool,
    /// There is an end to what can be read.
    pub(crate) ended: bool,
}
