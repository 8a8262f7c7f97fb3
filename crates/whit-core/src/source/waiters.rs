//! Who waits for the directions of a source. Under the source's lock, all of it.
//!
//! Mostly one task waits for a direction, by polling; it has a place of its own, so that a wait allocates nothing and touches
//! no other memory. Everybody else is in lists, which are made when they are first needed.

use std::task::Waker;

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

    /// A task that polls: its waker is kept once.
    #[inline]
    pub(super) fn put_polled(&mut self, waker: &Waker) {
        match &self.first {
            None => self.first = Some(waker.clone()),
            Some(first) if first.will_wake(waker) => {}
            Some(_) => self.put_one_more(waker),
        }
    }

    #[cold]
    fn put_one_more(&mut self, waker: &Waker) {
        let polled = &mut self.lists.get_or_insert_default().polled;
        if !polled.iter().any(|kept| kept.will_wake(waker)) {
            polled.push(waker.clone());
        }
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
