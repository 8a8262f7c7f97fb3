//! `WaitList`: who waits, in the order of their coming. Used under its owner's lock; it knows no other rule.
//!
//! An entry is *queued* until it is popped. After that it stays, with whatever its owner wrote into it, until its future
//! collects it: so an answer can be left there for a future that is polled later, or taken back when that one is dropped.
//!
//! Entries live in one vector, so waiting allocates nothing once the list has been as long before. The queue is a ring
//! through them that begins and ends at entry 0, which belongs to nobody: to link and to unlink takes no case apart, and that
//! is most of what a wait costs under the lock. What is vacant forms a chain.

use std::any::Any;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::task::Waker;

/// Names an entry, from the push to the removal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key(NonZeroUsize);

#[derive(Debug)]
pub(crate) struct WaitList<T> {
    // Empty until somebody waits; then the first is `END`.
    entries: Vec<Entry<T>>,
    queued: usize,
    // Those that have a value, queued or not.
    occupied: usize,
    // The first vacant one, or `END`; the next is in its `next`.
    vacant: usize,
}

#[derive(Debug)]
struct Entry<T> {
    // None in `END`, and in what is vacant.
    value: Option<T>,
    waker: Option<Waker>,
    next: usize,
    // `OUT` if it is not queued.
    previous: usize,
}

/// Where the queue begins and ends.
const END: usize = 0;
const OUT: usize = usize::MAX;

impl<T> WaitList<T> {
    pub(crate) const fn new() -> WaitList<T> {
        WaitList { entries: Vec::new(), queued: 0, occupied: 0, vacant: END }
    }

    /// How many are queued.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.queued
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.queued == 0
    }

    pub(crate) fn push_back(&mut self, value: T, waker: Waker) -> Key {
        let key = self.insert(value, waker);
        self.link(key, self.entries[END].previous, END);
        key
    }

    pub(crate) fn push_front(&mut self, value: T, waker: Waker) -> Key {
        let key = self.insert(value, waker);
        self.link(key, END, self.entries[END].next);
        key
    }

    /// The one that waited longest.
    #[inline]
    pub(crate) fn front(&self) -> Option<Key> {
        NonZeroUsize::new(self.entries.first()?.next).map(Key)
    }

    /// Takes the first one out of the queue; its entry stays. Its waker comes along.
    #[inline]
    pub(crate) fn pop_front(&mut self) -> Option<(Key, Option<Waker>)> {
        let key = self.front()?;
        self.unlink(key);
        Some((key, self.entry(key).waker.take()))
    }

    /// Takes everybody out of the queue, for `wakers` to wake; their entries stay, after `mark` has written into them.
    pub(crate) fn pop_all(&mut self, wakers: &mut WakeList, mut mark: impl FnMut(&mut T)) {
        while let Some((key, waker)) = self.pop_front() {
            mark(self.get_mut(key));
            wakers.push(waker);
        }
    }

    #[inline]
    pub(crate) fn is_queued(&self, key: Key) -> bool {
        self.entries[key.0.get()].previous != OUT
    }

    #[inline]
    pub(crate) fn get(&self, key: Key) -> &T {
        self.entries[key.0.get()].value.as_ref().expect(OCCUPIED)
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, key: Key) -> &mut T {
        self.entry(key).value.as_mut().expect(OCCUPIED)
    }

    /// Its task has another waker now. What comes back is to be dropped outside of the lock.
    #[must_use]
    pub(crate) fn set_waker(&mut self, key: Key, waker: &Waker) -> Option<Waker> {
        let kept = &mut self.entry(key).waker;
        match kept {
            Some(kept) if kept.will_wake(waker) => None,
            _ => kept.replace(waker.clone()),
        }
    }

    /// The end of an entry, queued or not. The waker is to be dropped outside of the lock.
    pub(crate) fn remove(&mut self, key: Key) -> (T, Option<Waker>) {
        if self.is_queued(key) {
            self.unlink(key);
        }
        let vacant = self.vacant;
        let entry = self.entry(key);
        let (value, waker) = (entry.value.take().expect(OCCUPIED), entry.waker.take());
        entry.next = vacant;
        self.vacant = key.0.get();
        self.occupied -= 1;
        if self.occupied == 0 && self.entries.capacity() > KEPT_MOST {
            *self = WaitList::new();
        }
        (value, waker)
    }

    #[inline]
    fn entry(&mut self, key: Key) -> &mut Entry<T> {
        &mut self.entries[key.0.get()]
    }

    /// An entry that is not queued yet.
    #[inline]
    fn insert(&mut self, value: T, waker: Waker) -> Key {
        let Some(at) = NonZeroUsize::new(self.vacant) else { return self.insert_new(value, waker) };
        let entry = &mut self.entries[at.get()];
        self.vacant = entry.next;
        (entry.value, entry.waker) = (Some(value), Some(waker));
        self.occupied += 1;
        Key(at)
    }

    #[cold]
    fn insert_new(&mut self, value: T, waker: Waker) -> Key {
        if self.entries.is_empty() {
            self.entries.push(Entry { value: None, waker: None, next: END, previous: END });
        }
        let at = NonZeroUsize::new(self.entries.len()).expect("the first is `END`");
        self.entries.push(Entry { value: Some(value), waker: Some(waker), next: OUT, previous: OUT });
        self.occupied += 1;
        Key(at)
    }

    #[inline]
    fn link(&mut self, Key(at): Key, previous: usize, next: usize) {
        let at = at.get();
        (self.entries[at].previous, self.entries[at].next) = (previous, next);
        self.entries[previous].next = at;
        self.entries[next].previous = at;
        self.queued += 1;
    }

    #[inline]
    fn unlink(&mut self, key: Key) {
        let entry = self.entry(key);
        let (previous, next) = (std::mem::replace(&mut entry.previous, OUT), entry.next);
        self.entries[previous].next = next;
        self.entries[next].previous = previous;
        self.queued -= 1;
    }
}

const OCCUPIED: &str = "a key names an entry until it is removed";

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
        discard(caught);
    }
}

/// Drops what a panic carries, which may panic as well. Whoever does that twice gets a leak.
fn discard(panic: Box<dyn Any + Send>) {
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
        std::mem::forget(again);
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
    #[inline]
    pub(crate) fn wake(self) {
        if self.first.is_none() {
            // Nearly always: then there is nothing to drop either.
            return std::mem::forget(self);
        }
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
            } else {
                discard(caught);
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
