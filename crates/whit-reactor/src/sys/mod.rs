//! Waiting for events, system by system. Each file has the same shape: `Poller`, `Waiter`, `TELLS_END`,
//! `short_read_empties`.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod portable;

#[cfg(target_os = "linux")]
pub(crate) use linux::{Poller, TELLS_END, Waiter, short_read_empties};
#[cfg(not(target_os = "linux"))]
pub(crate) use portable::{Poller, TELLS_END, Waiter, short_read_empties};

/// A wait takes no more events than this, and leaves the rest, in its order, to the next.
///
/// About as many as an executor runs tasks between two looks: so what waits, waits in the system's queue, where the order is
/// that of the events, and any worker gets the oldest next. With more, tasks would pile up in the queue of the one that waited.
pub(crate) const EVENTS_MOST: usize = 64;

/// What the system said about one source.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ready {
    pub(crate) key: usize,
    pub(crate) readable: bool,
    pub(crate) writable: bool,
    /// What can be read has an end, or a mark within: a short read does not mean that all has been read.
    pub(crate) last: bool,
}
