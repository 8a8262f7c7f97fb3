//! Which thread this is; and what the system knows of a worker's: on Linux, by way of `/proc`; elsewhere nothing.

use std::cell::Cell;
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, Ordering};

/// A number for each thread. Not an address of something of the thread's, which a later thread may have again.
#[inline]
pub(crate) fn number() -> NonZeroU64 {
    thread_local! {
        static NUMBER: Cell<Option<NonZeroU64>> = const { Cell::new(None) };
    }
    NUMBER.get().unwrap_or_else(|| {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let number = NonZeroU64::new(NEXT.fetch_add(1, Ordering::Relaxed)).expect("2^64 threads are out of reach");
        NUMBER.set(Some(number));
        number
    })
}

/// The kernel's number of this thread.
pub(crate) fn id() -> Option<u32> {
    os::id()
}

/// What the thread does right now, as the end of a sentence.
pub(crate) fn doing(id: u32) -> Option<Box<str>> {
    os::doing(id)
}

#[cfg(all(target_os = "linux", not(loom), not(miri)))]
mod os {
    use std::cell::OnceCell;
    use std::fs;

    thread_local! {
        static ID: OnceCell<Option<u32>> = const { OnceCell::new() };
    }

    pub(super) fn id() -> Option<u32> {
        ID.try_with(|id| *id.get_or_init(ask)).ok().flatten()
    }

    /// PID/task/TID
    fn ask() -> Option<u32> {
        fs::read_link("/proc/thread-self").ok()?.file_name()?.to_str()?.parse().ok()
    }

    pub(super) fn doing(id: u32) -> Option<Box<str>> {
        let read = |what: &str| fs::read_to_string(format!("/proc/self/task/{id}/{what}")).ok();
        // TID (name) state ...; the name may hold anything, also a bracket.
        let stat = read("stat")?;
        let state = stat.rsplit_once(") ")?.1.chars().next()?;
        let verb = match state {
            'R' => return Some("runs".into()),
            'S' => "sleeps in the system",
            'D' => "waits for a device",
            'T' | 't' => "is stopped",
            _ => return None,
        };
        // The function of the kernel; 0 if the kernel does not say.
        match read("wchan").as_deref().map(str::trim) {
            Some("" | "0") | None => Some(verb.into()),
            Some(place) => Some(format!("{verb} ({place})").into()),
        }
    }
}

#[cfg(not(all(target_os = "linux", not(loom), not(miri))))]
mod os {
    pub(super) fn id() -> Option<u32> {
        None
    }

    pub(super) fn doing(_: u32) -> Option<Box<str>> {
        None
    }
}
