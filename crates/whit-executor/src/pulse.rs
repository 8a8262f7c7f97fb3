//! What a worker is polling right now, for those who look from outside: four plain stores a poll, on lines of its own.
//!
//! `polls` is odd during a poll. The owner writes who it is while `polls` is even, and then makes it odd; a reader takes what
//! it read for true only if `polls` was odd, and the same, before and after. All stores are `Release` and all loads
//! `Acquire`: a reader that saw something of the next poll also sees that `polls` has moved.
//!
//! A task's name is text, which no plain store can publish. The few tasks that have one leave it behind a lock.

use std::panic::Location;
use std::ptr::null_mut;

use whit_core::Meta;

use crate::padded::Padded;
use crate::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use crate::sync::{Mutex, lock};
use crate::thread;

/// Stands for the root future, which is no task.
pub(crate) const ROOT: u64 = 0;

const NO_THREAD: u32 = u32::MAX;

pub(crate) struct Pulse {
    now: Padded<Now>,
    // Of the last task with a name that was polled here.
    named: Mutex<(u64, Box<str>)>,
    // The worker's thread: its name, and the kernel's number of it, if known.
    thread: Mutex<(Box<str>, Option<u32>)>,
    // The latter again, or `NO_THREAD` at first: a look that costs no lock.
    thread_id: AtomicU32,
}

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
    /// The task's id, as a number, or [`ROOT`].
    pub(crate) id: u64,
    pub(crate) location: &'static Location<'static>,
}

impl Pulse {
    pub(crate) fn new() -> Pulse {
        let (polls, id, location) = (AtomicUsize::new(0), AtomicU64::new(0), AtomicPtr::new(null_mut()));
        let now = Padded(Now { polls, id, location });
        Pulse {
            now,
            named: Mutex::new((ROOT, "".into())),
            thread: Mutex::new(("".into(), None)),
            thread_id: AtomicU32::new(NO_THREAD),
        }
    }

    /// The owner's: it works on this thread, for now at least.
    pub(crate) fn on_this_thread(&self) {
        let id = thread::id();
        // No thread has number 0.
        let number = id.unwrap_or(0);
        if self.thread_id.load(Ordering::Relaxed) != number {
            let name = std::thread::current().name().unwrap_or("a thread without a name").into();
            *lock(&self.thread) = (name, id);
            self.thread_id.store(number, Ordering::Relaxed);
        }
    }

    /// The owner's: a poll of a task begins.
    #[inline]
    pub(crate) fn begin(&self, task: &Meta) {
        if let Some(name) = task.name() {
            self.leave_name(task, name);
        }
        self.publish(task.id().get(), task.location());
    }

    #[cold]
    fn leave_name(&self, task: &Meta, name: &str) {
        let id = task.id().get();
        let mut named = lock(&self.named);
        if named.0 != id {
            *named = (id, name.into());
        }
    }

    /// The owner's: a poll of the root begins, which was handed in at `location`.
    pub(crate) fn begin_root(&self, location: &'static Location<'static>) {
        self.publish(ROOT, location);
    }

    #[inline]
    fn publish(&self, who: u64, at: &'static Location<'static>) {
        let Now { polls, id, location } = &self.now.0;
        id.store(who, Ordering::Release);
        location.store(std::ptr::from_ref(at).cast_mut(), Ordering::Release);
        polls.store(polls.load(Ordering::Relaxed).wrapping_add(1), Ordering::Release);
    }

    /// The owner's: it has ended.
    #[inline]
    pub(crate) fn end(&self) {
        let polls = &self.now.0.polls;
        polls.store(polls.load(Ordering::Relaxed).wrapping_add(1), Ordering::Release);
    }

    /// The owner's: the poll that is under way, if there is one, counts as over until this is dropped, and others may be in
    /// its place; then it counts as one that has just begun.
    pub(crate) fn pause(&self) -> Option<Paused<'_>> {
        if self.now.0.polls.load(Ordering::Relaxed).is_multiple_of(2) { None } else { self.pause_poll() }
    }

    /// Seldom, so that it is not in the way of the loops.
    #[cold]
    #[inline(never)]
    fn pause_poll(&self) -> Option<Paused<'_>> {
        let poll = self.look()?;
        let name = self.name(&poll);
        self.end();
        Some(Paused { pulse: self, poll, name })
    }

    /// The poll that is under way.
    pub(crate) fn look(&self) -> Option<Poll> {
        let Now { polls, id, location } = &self.now.0;
        let number = polls.load(Ordering::Acquire);
        if number.is_multiple_of(2) {
            return None;
        }
        let (id, location) = (id.load(Ordering::Acquire), location.load(Ordering::Acquire));
        if polls.load(Ordering::Acquire) != number {
            return None;
        }
        // SAFETY: null, or a `&'static Location` from `publish`.
        let location = unsafe { location.as_ref() }?;
        Some(Poll { number, id, location })
    }

    /// The name of the task that is being polled, if it has one.
    pub(crate) fn name(&self, poll: &Poll) -> Option<Box<str>> {
        let named = lock(&self.named);
        (named.0 == poll.id && poll.id != ROOT).then(|| named.1.clone())
    }

    /// The worker's thread: its name, and the kernel's number of it.
    pub(crate) fn thread(&self) -> (Box<str>, Option<u32>) {
        lock(&self.thread).clone()
    }
}

/// A poll in which its own executor is driven.
pub(crate) struct Paused<'p> {
    pulse: &'p Pulse,
    poll: Poll,
    name: Option<Box<str>>,
}

impl Drop for Paused<'_> {
    #[cold]
    #[inline(never)]
    fn drop(&mut self) {
        if let Some(name) = self.name.take() {
            *lock(&self.pulse.named) = (self.poll.id, name);
        }
        self.pulse.publish(self.poll.id, self.poll.location);
    }
}
