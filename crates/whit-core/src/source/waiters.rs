//! Who waits for the directions of a source. Under the source's lock, all of it.
//!
//! Mostly one task waits for a direction, by polling; it has a place of its own, so that a wait allocates nothing and touches
//! no other memory. Everybody else is in lists, which are made when they are first needed.
//!
//! Who waits by polling does not say when it no longer does: its future may have been dropped, and the waker would keep the
//! memory of a task that is gone until the next event. So a list of those that has become long is *swept*: all are woken, and
//! who still waits polls again and is back in the list. Of those it is noted by address how many they are, so that the list may
//! become twice as long as that before the next sweep: a sweep costs two wakes for each waker that it has got rid of.

use std::task::Waker;

/// The list may become so long without a sweep, whoever is in it.
const SWEEP_FROM: usize = 32;

/// Names a waker in a source's list, so that a dropped future can take it out again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaiterKey {
    // Each event empties the list; a key from before it names nothing.
    epoch: u64,
    at: usize,
}

/// Those who wait for one direction.
#[derive(Default)]
pub(super) struct Waiters {
    first: Option<Waker>,
    // Once made, it stays: keys are told apart by its epoch.
    lists: Option<Box<Lists>>,
}

#[derive(Default)]
struct Lists {
    epoch: u64,
    // By key: one entry per waiting future; `None` where one was dropped.
    keyed: Vec<Option<Waker>>,
    free: Vec<usize>,
    // Without a key, besides `first`: one entry per task that polls.
    polled: Vec<Waker>,
    // Addresses of those in the last sweep that have not come back, and how many have.
    swept: Vec<usize>,
    came_back: usize,
}

/// Those who were taken out, to be woken once the lock is free.
#[derive(Default)]
pub(super) struct Woken {
    pub(super) first: Option<Waker>,
    pub(super) rest: Vec<Waker>,
}

impl Waiters {
    pub(super) fn is_empty(&self) -> bool {
        let keyed_or_polled = |lists: &Lists| lists.keyed.len() > lists.free.len() || !lists.polled.is_empty();
        self.first.is_none() && !self.lists.as_deref().is_some_and(keyed_or_polled)
    }

    /// A task that polls: its waker is kept once. The caller wakes those that are given back, without the lock.
    #[inline]
    pub(super) fn put_polled(&mut self, waker: &Waker) -> Option<Box<[Waker]>> {
        match &self.first {
            None => self.first = Some(waker.clone()),
            Some(first) if first.will_wake(waker) => {}
            Some(_) => return self.lists.get_or_insert_default().put_polled(waker),
        }
        None
    }

    pub(super) fn put_keyed(&mut self, key: &mut Option<WaiterKey>, waker: &Waker) {
        let lists = self.lists.get_or_insert_default();
        if let Some(key) = key.filter(|key| key.epoch == lists.epoch) {
            if let Some(kept) = &mut lists.keyed[key.at] {
                kept.clone_from(waker);
            }
            return;
        }
        let at = match lists.free.pop() {
            Some(at) => at,
            None => {
                lists.keyed.push(None);
                lists.keyed.len() - 1
            }
        };
        lists.keyed[at] = Some(waker.clone());
        *key = Some(WaiterKey { epoch: lists.epoch, at });
    }

    /// Takes a waker out, for the caller to drop without the lock.
    pub(super) fn forget(&mut self, key: WaiterKey) -> Option<Waker> {
        let lists = self.lists.as_deref_mut().filter(|lists| lists.epoch == key.epoch)?;
        lists.free.push(key.at);
        lists.keyed[key.at].take()
    }

    pub(super) fn has_woken(&self, key: WaiterKey) -> bool {
        self.lists.as_deref().is_none_or(|lists| lists.epoch != key.epoch)
    }

    /// Takes everybody out. The lists keep their room, so that the next wait allocates nothing.
    #[inline]
    pub(super) fn take(&mut self, woken: &mut Woken) {
        if let Some(first) = self.first.take() {
            woken.add(first);
        }
        if let Some(lists) = &mut self.lists {
            lists.take(woken);
        }
    }
}

impl Lists {
    #[cold]
    fn put_polled(&mut self, waker: &Waker) -> Option<Box<[Waker]>> {
        let Lists { polled, swept, came_back, .. } = self;
        if polled.iter().any(|kept| kept.will_wake(waker)) {
            return None;
        }
        if let Some(at) = swept.iter().position(|address| *address == waker.data().addr()) {
            swept.swap_remove(at);
            *came_back += 1;
        }
        let sweeps = polled.len() >= SWEEP_FROM + 2 * *came_back;
        let to_wake = sweeps.then(|| std::mem::take(polled).into_boxed_slice());
        if let Some(to_wake) = &to_wake {
            *swept = to_wake.iter().map(|waker| waker.data().addr()).collect();
            *came_back = 0;
        }
        polled.push(waker.clone());
        to_wake
    }

    #[cold]
    fn take(&mut self, woken: &mut Woken) {
        if self.keyed.is_empty() && self.polled.is_empty() {
            return;
        }
        self.epoch += 1;
        self.free.clear();
        self.keyed.drain(..).flatten().chain(self.polled.drain(..)).for_each(|waker| woken.add(waker));
    }
}

impl Woken {
    #[inline]
    fn add(&mut self, waker: Waker) {
        match &self.first {
            None => self.first = Some(waker),
            Some(_) => self.rest.push(waker),
        }
    }
}
