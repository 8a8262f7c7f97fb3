//! `WaitList`: who waits, in the order of their coming. Used under its owner's lock; it knows no other rule.
//!
//! An entry is *queued* until it is popped. After that it stays, with whatever its owner wrote into it, until its future
//! collects it: so an answer can be left there for a future that is polled later, or taken back when that one is dropped.
//! Entries live in a slab, so waiting allocates nothing once the list has been as long before.

use std::num::NonZeroUsize;
use std::ops::{Index, IndexMut};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::task::Waker;

use slab::Slab;

/// Names an entry, from the push to the removal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key(NonZeroUsize);

#[derive(Debug)]
pub(crate) struct WaitList<T> {
    entries: Entries<T>,
    ends: Option<(Key, Key)>,
    queued: usize,
}

#[derive(Debug)]
struct Entries<T>(Slab<Entry<T>>);

#[derive(Debug)]
struct Entry<T> {
    value: T,
    waker: Option<Waker>,
    queued: bool,
    previous: Option<Key>,
    next: Option<Key>,
}

impl<T> WaitList<T> {
    pub(crate) const fn new() -> WaitList<T> {
        WaitList { entries: Entries(Slab::new()), ends: None, queued: 0 }
    }

    /// How many are queued.
    pub(crate) fn len(&self) -> usize {
        self.queued
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.queued == 0
    }

    pub(crate) fn push_back(&mut self, value: T, waker: Waker) -> Key {
        let previous = self.ends.map(|(_, last)| last);
        let key = self.insert(value, waker, previous, None);
        match previous {
            Some(last) => self.entries[last].next = Some(key),
            None => self.ends = Some((key, key)),
        }
        self.ends = self.ends.map(|(first, _)| (first, key));
        key
    }

    pub(crate) fn push_front(&mut self, value: T, waker: Waker) -> Key {
        let next = self.front();
        let key = self.insert(value, waker, None, next);
        match next {
            Some(first) => self.entries[first].previous = Some(key),
            None => self.ends = Some((key, key)),
        }
        self.ends = self.ends.map(|(_, last)| (key, last));
        key
    }

    /// The one that waited longest.
    pub(crate) fn front(&self) -> Option<Key> {
        self.ends.map(|(first, _)| first)
    }

    /// Takes the first one out of the queue; its entry stays. Its waker comes along.
    #[inline]
    pub(crate) fn pop_front(&mut self) -> Option<(Key, Option<Waker>)> {
        let key = self.front()?;
        self.unlink(key);
        Some((key, self.entries[key].waker.take()))
    }

    /// Takes everybody out of the queue, for `wakers` to wake; their entries stay, after `mark` has written into them.
    pub(crate) fn pop_all(&mut self, wakers: &mut WakeList, mut mark: impl FnMut(&mut T)) {
        while let Some((key, waker)) = self.pop_front() {
            mark(&mut self.entries[key].value);
            wakers.push(waker);
        }
    }

    pub(crate) fn is_queued(&self, key: Key) -> bool {
        self.entries[key].queued
    }

    pub(crate) fn get(&self, key: Key) -> &T {
        &self.entries[key].value
    }

    pub(crate) fn get_mut(&mut self, key: Key) -> &mut T {
        &mut self.entries[key].value
    }

    /// Its task has another waker now. What comes back is to be dropped outside of the lock.
    #[must_use]
    pub(crate) fn set_waker(&mut self, key: Key, waker: &Waker) -> Option<Waker> {
        let kept = &mut self.entries[key].waker;
        match kept {
            Some(kept) if kept.will_wake(waker) => None,
            _ => kept.replace(waker.clone()),
        }
    }

    /// The end of an entry, queued or not. The waker is to be dropped outside of the lock.
    pub(crate) fn remove(&mut self, key: Key) -> (T, Option<Waker>) {
        if self.entries[key].queued {
            self.unlink(key);
        }
        let Entries(entries) = &mut self.entries;
        let entry = entries.remove(key.0.get() - 1);
        if entries.is_empty() && entries.capacity() > KEPT_MOST {
            *entries = Slab::new();
        }
        (entry.value, entry.waker)
    }

    fn insert(&mut self, value: T, waker: Waker, previous: Option<Key>, next: Option<Key>) -> Key {
        self.queued += 1;
        let entry = Entry { value, waker: Some(waker), queued: true, previous, next };
        Key(NonZeroUsize::MIN.saturating_add(self.entries.0.insert(entry)))
    }

    fn unlink(&mut self, key: Key) {
        let entry = &mut self.entries[key];
        entry.queued = false;
        let (previous, next) = (entry.previous.take(), entry.next.take());
        if let Some(previous) = previous {
            self.entries[previous].next = next;
        }
        if let Some(next) = next {
            self.entries[next].previous = previous;
        }
        self.ends = match (self.ends, previous, next) {
            (Some((_, last)), None, Some(next)) => Some((next, last)),
            (Some((first, _)), Some(previous), None) => Some((first, previous)),
            (_, None, None) => None,
            (ends, _, _) => ends,
        };
        self.queued -= 1;
    }
}

impl<T> Index<Key> for Entries<T> {
    type Output = Entry<T>;

    fn index(&self, key: Key) -> &Entry<T> {
        &self.0[key.0.get() - 1]
    }
}

impl<T> IndexMut<Key> for Entries<T> {
    fn index_mut(&mut self, key: Key) -> &mut Entry<T> {
        &mut self.0[key.0.get() - 1]
    }
}

/// Room for entries that an empty list keeps.
const KEPT_MOST: usize = 64;

/// Wakes one, outside of locks. Its panic goes on, unless the thread panics already: then that would be the end of the process.
#[inline]
pub(crate) fn wake(waker: Option<Waker>) {
    let Some(waker) = waker else { return };
    if std::thread::panicking() {
        wake_quietly(waker);
    } else {
        waker.wake();
    }
}

#[cold]
fn wake_quietly(waker: Waker) {
    if let Err(caught) = catch_unwind(AssertUnwindSafe(|| waker.wake())) {
        // To drop it may panic, too; so it is leaked.
        std::mem::forget(caught);
    }
}

/// Wakers to be called once the lock is free; all of them, also when one panics.
#[derive(Debug, Default)]
pub(crate) struct WakeList {
    // Nearly always one.
    first: Option<Waker>,
    others: Vec<Waker>,
}

impl WakeList {
    pub(crate) fn push(&mut self, waker: Option<Waker>) {
        match (waker, &self.first) {
            (Some(waker), None) => self.first = Some(waker),
            (Some(waker), Some(_)) => self.others.push(waker),
            (None, _) => {}
        }
    }

    /// Wakes them in order.
    pub(crate) fn wake(self) {
        drop(self);
    }
}

impl Drop for WakeList {
    /// A waker that panics costs the others nothing; the first panic goes on afterwards, unless the thread panics already.
    fn drop(&mut self) {
        if self.others.is_empty() {
            // Nobody else to protect.
            return wake(self.first.take());
        }
        let mut panic = None;
        for waker in self.first.take().into_iter().chain(std::mem::take(&mut self.others)) {
            let Err(caught) = catch_unwind(AssertUnwindSafe(|| waker.wake())) else { continue };
            if panic.is_none() {
                panic = Some(caught);
            } else if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(caught))) {
                // Dropping a payload may panic as well. Whoever does that twice gets a leak.
                std::mem::forget(again);
            }
        }
        if let Some(panic) = panic
            && !std::thread::panicking()
        {
            resume_unwind(panic);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::VecDeque;

    proptest! {
        /// Against a plain deque: the same order, whatever is pushed, popped and removed.
        #[test]
        fn order_is_that_of_a_deque(steps in prop::collection::vec((0..4u8, any::<prop::sample::Index>()), 1..200)) {
            let mut list = WaitList::new();
            let mut model = VecDeque::new();
            let mut popped = Vec::new();
            for (number, (step, at)) in steps.into_iter().enumerate() {
                match step {
                    0 => model.push_back((list.push_back(number, Waker::noop().clone()), number)),
                    1 => model.push_front((list.push_front(number, Waker::noop().clone()), number)),
                    2 => {
                        let key = list.pop_front().map(|(key, _)| key);
                        prop_assert_eq!(key, model.pop_front().map(|(key, _)| key));
                        popped.extend(key);
                    }
                    _ if !model.is_empty() => {
                        let (key, number) = model.remove(at.index(model.len())).unwrap();
                        prop_assert!(list.is_queued(key));
                        prop_assert_eq!(list.remove(key).0, number);
                    }
                    _ => popped.drain(..).for_each(|key| {
                        assert!(!list.is_queued(key));
                        list.remove(key);
                    }),
                }
                prop_assert_eq!(list.len(), model.len());
                prop_assert_eq!(list.front(), model.front().map(|(key, _)| *key));
            }
        }
    }
}
