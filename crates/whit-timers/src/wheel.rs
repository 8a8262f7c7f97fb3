//! The wheel: where pending timers stand. It never reads the time.
//!
//! Six levels of 64 slots; a tick is a millisecond, and a slot of level *n* spans 64^*n* ticks. A timer stands in the slot of
//! the highest level at which its tick differs from the present one, in a doubly linked list through the slab, so that
//! inserting and cancelling cost the same however many there are. When the present reaches a slot of a higher level, its
//! timers move down; when it reaches a slot of level 0, they move to *near*, a heap ordered by the exact deadline. So a timer
//! is precise to what its clock and park can do, not to a tick, and one that is cancelled before it comes near never costs
//! a heap operation.
//!
//! The levels are those of tokio's wheel and of Varghese and Lauck's paper (1987); the heap in front is ours.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::num::NonZeroU64;
use std::task::Waker;
use std::time::{Duration, Instant};

use slab::Slab;
use whit_core::TimerKey;

const LEVELS: usize = 6;
const SLOTS: usize = 64;
const BITS: u32 = SLOTS.ilog2();
/// Ticks that the wheel spans, about two years; what is further off waits in the last slot and is put in again.
const SPAN: u64 = 1 << (BITS * LEVELS as u32);
const NONE: u32 = u32::MAX;

/// Pending timers, by deadline.
pub(crate) struct Wheel {
    start: Instant,
    /// Every slot up to this tick has been emptied.
    tick: u64,
    entries: Slab<Entry>,
    // Counts insertions: tells keys of a reused place apart, and orders equal deadlines.
    sequence: u32,
    levels: [Level; LEVELS],
    near: BinaryHeap<Reverse<(Instant, u32, u32)>>,
}

struct Entry {
    deadline: Instant,
    waker: Waker,
    sequence: u32,
    place: Place,
    next: u32,
    previous: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Slot { level: u8, slot: u8 },
    Near,
}

#[derive(Clone, Copy)]
struct Level {
    occupied: u64,
    heads: [u32; SLOTS],
    tails: [u32; SLOTS],
}

impl Wheel {
    pub(crate) fn new(start: Instant) -> Wheel {
        let level = Level { occupied: 0, heads: [NONE; SLOTS], tails: [NONE; SLOTS] };
        Wheel { start, tick: 0, entries: Slab::new(), sequence: 0, levels: [level; LEVELS], near: BinaryHeap::new() }
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn insert(&mut self, deadline: Instant, waker: Waker) -> TimerKey {
        self.sequence = self.sequence.wrapping_add(1);
        let entry = Entry { deadline, waker, sequence: self.sequence, place: Place::Near, next: NONE, previous: NONE };
        let at = self.entries.insert(entry) as u32;
        self.place(at);
        // The sequence in the upper half, and the index plus one below, so that the number is never zero.
        TimerKey::new(
            NonZeroU64::new(u64::from(self.sequence) << 32 | u64::from(at + 1))
                .expect("the index plus one is not zero"),
        )
    }

    /// Whether the timer still waits: false once it has fired.
    pub(crate) fn waker_mut(&mut self, key: TimerKey) -> Option<(Instant, &mut Waker)> {
        let at = self.find(key)?;
        let entry = &mut self.entries[at as usize];
        Some((entry.deadline, &mut entry.waker))
    }

    /// Takes the timer out; the waker is the caller's, to be dropped outside of locks.
    pub(crate) fn cancel(&mut self, key: TimerKey) -> Option<Waker> {
        let at = self.find(key)?;
        if let Place::Slot { level, slot } = self.entries[at as usize].place {
            self.unlink(at, level, slot);
        }
        // In the heap it leaves a stale item behind, which is recognised by its sequence.
        let waker = self.entries.remove(at as usize).waker;
        self.tidy_near();
        Some(waker)
    }

    /// When to look again: no timer is due before. `None` if there is none.
    pub(crate) fn next(&self) -> Option<Instant> {
        let near = self.near.peek().map(|Reverse((deadline, ..))| *deadline);
        let slot = self.next_slot().map(|(tick, ..)| self.instant(tick));
        match (near, slot) {
            (Some(near), Some(slot)) => Some(near.min(slot)),
            (near, slot) => near.or(slot),
        }
    }

    /// Moves the present on to `now` and takes out what is due, earliest deadline first.
    pub(crate) fn advance(&mut self, now: Instant, due: &mut Vec<Waker>) {
        let target = self.tick_of(now);
        while let Some((tick, level, slot)) = self.next_slot() {
            if tick > target {
                break;
            }
            self.tick = tick;
            self.empty(level, slot);
        }
        self.tick = self.tick.max(target);
        while let Some(&Reverse((deadline, sequence, at))) = self.near.peek() {
            let live = self.entries.get(at as usize).is_some_and(|entry| entry.sequence == sequence);
            if live && deadline > now {
                break;
            }
            self.near.pop();
            if live {
                due.push(self.entries.remove(at as usize).waker);
            }
        }
    }

    /// Forgets every timer.
    pub(crate) fn clear(&mut self) -> Vec<Waker> {
        let entries = std::mem::take(&mut self.entries);
        *self = Wheel { tick: self.tick, sequence: self.sequence, ..Wheel::new(self.start) };
        entries.into_iter().map(|(_, entry)| entry.waker).collect()
    }

    /// Puts an entry where its deadline belongs, as seen from the present tick.
    fn place(&mut self, at: u32) {
        let entry = &self.entries[at as usize];
        let (deadline, sequence) = (entry.deadline, entry.sequence);
        let tick = self.tick_of(deadline);
        if tick <= self.tick {
            self.entries[at as usize].place = Place::Near;
            self.near.push(Reverse((deadline, sequence, at)));
            return;
        }
        // Beyond the span: the furthest slot there is, from where it is placed again.
        let tick = tick.min(self.tick.saturating_add(SPAN - 1));
        let differs = 63 - (tick ^ self.tick).leading_zeros();
        let level = ((differs / BITS) as usize).min(LEVELS - 1);
        let slot = (tick >> (BITS * level as u32)) as usize % SLOTS;
        self.link(at, level as u8, slot as u8);
    }

    /// The next slot to be reached: the tick at which it begins, its level and its number.
    fn next_slot(&self) -> Option<(u64, usize, usize)> {
        let mut next: Option<(u64, usize, usize)> = None;
        for (number, level) in self.levels.iter().enumerate() {
            if level.occupied == 0 {
                continue;
            }
            let shift = BITS * number as u32;
            let present = (self.tick >> shift) as u32 % SLOTS as u32;
            // Rotated so that the slot after the present one is bit 0: slots are reached in this order, round the circle.
            let ahead = level.occupied.rotate_right((present + 1) % SLOTS as u32).trailing_zeros() + 1;
            let tick = ((self.tick >> shift) + u64::from(ahead)) << shift;
            let slot = ((present + ahead) % SLOTS as u32) as usize;
            if next.is_none_or(|(earliest, ..)| tick <= earliest) {
                // At equal ticks the higher level first: it may fill the lower one.
                next = Some((tick, number, slot));
            }
        }
        next
    }

    fn empty(&mut self, level: usize, slot: usize) {
        let mut at = self.levels[level].heads[slot];
        self.levels[level].heads[slot] = NONE;
        self.levels[level].tails[slot] = NONE;
        self.levels[level].occupied &= !(1 << slot);
        while at != NONE {
            let next = self.entries[at as usize].next;
            self.place(at);
            at = next;
        }
    }

    fn link(&mut self, at: u32, level: u8, slot: u8) {
        let list = &mut self.levels[level as usize];
        let tail = std::mem::replace(&mut list.tails[slot as usize], at);
        if tail == NONE {
            list.heads[slot as usize] = at;
            list.occupied |= 1 << slot;
        }
        let entry = &mut self.entries[at as usize];
        (entry.place, entry.previous, entry.next) = (Place::Slot { level, slot }, tail, NONE);
        if tail != NONE {
            self.entries[tail as usize].next = at;
        }
    }

    fn unlink(&mut self, at: u32, level: u8, slot: u8) {
        let Entry { previous, next, .. } = self.entries[at as usize];
        let list = &mut self.levels[level as usize];
        match previous {
            NONE => list.heads[slot as usize] = next,
            _ => self.entries[previous as usize].next = next,
        }
        match next {
            NONE => list.tails[slot as usize] = previous,
            _ => self.entries[next as usize].previous = previous,
        }
        if list.heads[slot as usize] == NONE {
            list.occupied &= !(1 << slot);
        }
    }

    /// Keeps the top of the heap live, so that `next` is right, and the heap small when most of it is stale.
    fn tidy_near(&mut self) {
        while let Some(Reverse((_, sequence, at))) = self.near.peek() {
            if self.entries.get(*at as usize).is_some_and(|entry| entry.sequence == *sequence) {
                break;
            }
            self.near.pop();
        }
        if self.near.len() > 64 && self.near.len() > 2 * self.entries.len() {
            let entries = &self.entries;
            self.near.retain(|Reverse((_, sequence, at))| {
                entries.get(*at as usize).is_some_and(|entry| entry.sequence == *sequence)
            });
        }
    }

    fn find(&self, key: TimerKey) -> Option<u32> {
        let number = key.get()?.get();
        let (sequence, at) = ((number >> 32) as u32, (number as u32).wrapping_sub(1));
        (self.entries.get(at as usize)?.sequence == sequence).then_some(at)
    }

    /// The tick in which an instant lies.
    fn tick_of(&self, instant: Instant) -> u64 {
        u64::try_from(instant.saturating_duration_since(self.start).as_millis()).unwrap_or(u64::MAX)
    }

    fn instant(&self, tick: u64) -> Instant {
        let after = Duration::from_millis(tick);
        // A tick comes from an instant, or is less than SPAN past one; saturate for systems whose clock ends sooner.
        self.start.checked_add(after).unwrap_or_else(|| self.start + Duration::from_secs(365 * 86_400))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::{Arc, Mutex};
    use std::task::Wake;

    struct Note(usize, Arc<Mutex<Vec<usize>>>);
    impl Wake for Note {
        fn wake(self: Arc<Self>) {
            self.1.lock().unwrap().push(self.0);
        }
    }

    fn fire(wheel: &mut Wheel, now: Instant, fired: &Arc<Mutex<Vec<usize>>>) -> Vec<usize> {
        let mut due = Vec::new();
        wheel.advance(now, &mut due);
        due.into_iter().for_each(Waker::wake);
        std::mem::take(&mut fired.lock().unwrap())
    }

    #[derive(Clone, Debug)]
    enum Step {
        Insert(u64),
        Cancel(usize),
        Advance(u64),
        ToNext,
    }

    fn step() -> impl Strategy<Value = Step> {
        let nanos =
            prop_oneof![0..5_000_000u64, 0..500_000_000u64, 0..500_000_000_000u64, 0..1u64 << 56, 0..1u64 << 58];
        prop_oneof![
            4 => nanos.clone().prop_map(Step::Insert),
            1 => any::<usize>().prop_map(Step::Cancel),
            2 => nanos.prop_map(Step::Advance),
            2 => Just(Step::ToNext),
        ]
    }

    proptest! {
        #[test]
        fn agrees_with_a_sorted_list(steps in proptest::collection::vec(step(), 1..120)) {
            let start = Instant::now();
            let (mut wheel, mut now, fired) = (Wheel::new(start), start, Arc::new(Mutex::new(Vec::new())));
            let mut model: Vec<(Instant, usize, TimerKey)> = Vec::new();
            for (number, step) in steps.into_iter().enumerate() {
                match step {
                    Step::Insert(nanos) => {
                        let deadline = now + Duration::from_nanos(nanos);
                        let key = wheel.insert(deadline, Waker::from(Arc::new(Note(number, fired.clone()))));
                        model.push((deadline, number, key));
                    }
                    Step::Cancel(which) if !model.is_empty() => {
                        let (.., key) = model.remove(which % model.len());
                        prop_assert!(wheel.cancel(key).is_some());
                        prop_assert!(wheel.cancel(key).is_none());
                    }
                    Step::Cancel(_) => {}
                    Step::Advance(nanos) => now += Duration::from_nanos(nanos),
                    Step::ToNext => now = wheel.next().unwrap_or(now).max(now),
                }
                let mut due: Vec<_> = model.iter().filter(|t| t.0 <= now).map(|t| (t.0, t.1)).collect();
                due.sort();
                model.retain(|t| t.0 > now);
                let due: Vec<_> = due.into_iter().map(|t| t.1).collect();
                prop_assert_eq!(fire(&mut wheel, now, &fired), due);
                prop_assert_eq!(wheel.len(), model.len());
                match model.iter().map(|t| t.0).min() {
                    Some(earliest) => prop_assert!(wheel.next().is_some_and(|next| next <= earliest)),
                    None => prop_assert!(wheel.next().is_none()),
                }
            }
        }
    }

    #[test]
    fn a_far_timer_is_reached_in_few_steps() {
        let start = Instant::now();
        let (mut wheel, fired) = (Wheel::new(start), Arc::new(Mutex::new(Vec::new())));
        let deadline = start + Duration::from_secs(3 * 365 * 86_400);
        wheel.insert(deadline, Waker::from(Arc::new(Note(7, fired.clone()))));
        let mut steps = 0;
        while let Some(next) = wheel.next() {
            steps += 1;
            assert!(next <= deadline && steps < 20);
            fire(&mut wheel, next, &fired).iter().for_each(|number| assert_eq!((*number, next), (7, deadline)));
        }
    }
}
