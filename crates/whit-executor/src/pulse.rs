//! What a worker is polling right now, for those who look from outside: four plain stores a poll, on a line of its own.
//!
//! `polls` is odd during a poll. The owner writes who it is while `polls` is even, and then makes it odd; a reader takes what
//! it read for true only if `polls` was odd, and the same, before and after. All stores are `Release` and all loads
//! `Acquire`: a reader that saw something of the next poll also sees that `polls` has moved.

use std::panic::Location;
use std::ptr::null_mut;

use whit_core::Meta;

use crate::padded::Padded;
use crate::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering};

pub(crate) struct Pulse(Padded<Now>);

struct Now {
    polls: AtomicUsize,
    id: AtomicU64,
    location: AtomicPtr<Location<'static>>,
}

/// One poll that was under way when somebody looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Poll {
    /// Tells this poll from all others of the worker.
    pub(crate) number: usize,
    /// The task's id, as a number.
    pub(crate) id: u64,
    pub(crate) location: &'static Location<'static>,
}

impl Pulse {
    pub(crate) fn new() -> Pulse {
        let (polls, id, location) = (AtomicUsize::new(0), AtomicU64::new(0), AtomicPtr::new(null_mut()));
        Pulse(Padded(Now { polls, id, location }))
    }

    /// The owner's: a poll begins.
    pub(crate) fn begin(&self, task: &Meta) {
        let Now { polls, id, location } = &self.0.0;
        id.store(task.id().get(), Ordering::Release);
        location.store(std::ptr::from_ref(task.location()).cast_mut(), Ordering::Release);
        polls.store(polls.load(Ordering::Relaxed).wrapping_add(1), Ordering::Release);
    }

    /// The owner's: it has ended.
    pub(crate) fn end(&self) {
        let polls = &self.0.0.polls;
        polls.store(polls.load(Ordering::Relaxed).wrapping_add(1), Ordering::Release);
    }

    /// The poll that is under way.
    pub(crate) fn look(&self) -> Option<Poll> {
        let Now { polls, id, location } = &self.0.0;
        let number = polls.load(Ordering::Acquire);
        if number.is_multiple_of(2) {
            return None;
        }
        let (id, location) = (id.load(Ordering::Acquire), location.load(Ordering::Acquire));
        if polls.load(Ordering::Acquire) != number {
            return None;
        }
        // SAFETY: null, or a `&'static Location` from `begin`.
        let location = unsafe { location.as_ref() }?;
        Some(Poll { number, id, location })
    }
}
