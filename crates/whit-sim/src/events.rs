//! What is to happen, in order: by time, and at one time by when it was asked for.

use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::task::Waker;
use std::time::Duration;

/// Names an event that has not happened yet. One that has happened or was cancelled is named by nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct EventKey(NonZeroU64);

impl EventKey {
    pub(crate) fn number(self) -> NonZeroU64 {
        self.0
    }

    pub(crate) fn from_number(number: NonZeroU64) -> EventKey {
        EventKey(number)
    }
}

/// What happens.
pub(crate) enum What {
    /// A timer's.
    Wake(Waker),
    /// Everything else.
    Run(Box<dyn FnOnce() + Send>),
}

/// A queue of events. What it gives back is dropped by the caller, outside every lock.
#[derive(Default)]
pub(crate) struct Events {
    queue: BTreeMap<(Duration, u64), (u32, What)>,
    // Where the event of a key is in the queue; a slot's generation tells its users apart.
    slots: Vec<Slot>,
    free: Vec<u32>,
    next: u64,
}

struct Slot {
    generation: u32,
    at: Option<(Duration, u64)>,
}

impl Events {
    pub(crate) fn insert(&mut self, when: Duration, what: What) -> EventKey {
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot { generation: 0, at: None });
            (self.slots.len() - 1) as u32
        });
        let at = (when, self.next);
        self.next += 1;
        let slot = &mut self.slots[index as usize];
        slot.at = Some(at);
        self.queue.insert(at, (index, what));
        let number = u64::from(slot.generation) << 32 | (u64::from(index) + 1);
        EventKey(NonZeroU64::new(number).expect("the lower half is at least 1"))
    }

    /// The event of a key, if it has not happened: its time, and what happens.
    pub(crate) fn get_mut(&mut self, key: EventKey) -> Option<(Duration, &mut What)> {
        let at = self.at(key)?;
        self.queue.get_mut(&at).map(|(_, what)| (at.0, what))
    }

    /// Takes an event out.
    pub(crate) fn remove(&mut self, key: EventKey) -> Option<What> {
        let at = self.at(key)?;
        let (index, what) = self.queue.remove(&at)?;
        self.vacate(index);
        Some(what)
    }

    /// When the next event is.
    pub(crate) fn next_time(&self) -> Option<Duration> {
        self.queue.first_key_value().map(|(at, _)| at.0)
    }

    /// Takes the next event out.
    pub(crate) fn pop(&mut self) -> Option<(Duration, What)> {
        let (at, (index, what)) = self.queue.pop_first()?;
        self.vacate(index);
        Some((at.0, what))
    }

    /// How many are to happen.
    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    fn at(&self, key: EventKey) -> Option<(Duration, u64)> {
        let number = key.0.get();
        let slot = self.slots.get((number as u32 - 1) as usize)?;
        (u64::from(slot.generation) == number >> 32).then_some(slot.at?)
    }

    fn vacate(&mut self, index: u32) {
        let slot = &mut self.slots[index as usize];
        slot.at = None;
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(index);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_time_then_by_order_and_never_by_an_old_key() {
        let mut events = Events::default();
        let run = || What::Run(Box::new(|| {}));
        let second = Duration::from_secs(1);
        let late = events.insert(second * 2, run());
        let one = events.insert(second, run());
        let two = events.insert(second, run());
        assert!(events.remove(one).is_some() && events.remove(one).is_none());
        let reused = events.insert(second * 3, run());
        assert!(events.get_mut(one).is_none() && one != reused);
        assert_eq!(events.get_mut(reused).unwrap().0, second * 3);
        assert_eq!(events.next_time(), Some(second));
        assert_eq!(events.pop().unwrap().0, second);
        assert!(events.get_mut(two).is_none() && events.get_mut(late).is_some());
        assert_eq!([events.pop().unwrap().0, events.pop().unwrap().0], [second * 2, second * 3]);
        assert!(events.pop().is_none() && events.len() == 0);
        let equal: Vec<_> = (0..10).map(|_| events.insert(second, run())).collect();
        for key in equal {
            assert!(events.get_mut(key).is_some());
            events.pop();
            assert!(events.get_mut(key).is_none());
        }
    }
}
