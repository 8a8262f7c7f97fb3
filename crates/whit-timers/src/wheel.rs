//! The wheel: where pending timers stand. It never reads the time; its times are nanoseconds since some start.
//!
//! Eight levels of 64 slots; a tick is 2^16 ns (66 µs), and a slot of level *n* spans 64^*n* ticks, so that they reach to the end of
//! time. A timer stands in the slot of the highest level at which its tick differs from the present one, at a place that
//! its entry knows, and the last one of the slot takes the place of one that is cancelled: inserting and cancelling cost the same
//! however many there are. All of a lower level is before all of a higher one, so the first occupied slot of the lowest
//! occupied level has the earliest timers.
//!
//! A slot names its timers in a row of numbers. Through a list that is linked from entry to entry a processor goes one step
//! in the time of a look into far memory, as it learns only there what to look at next; here it looks at several at once.
//!
//! Each slot knows the exact time of its earliest timer, or of one that was cancelled since. So nobody has to look at the time
//! when a slot begins, only when a timer is due; the timers of a slot that the present has entered move down then, at
//! once to where they belong. A timer is precise to what its clock and park can do, not to a tick.
//!
//! An entry belongs to its key from `insert` to `remove`, also after it has fired: so a key never names somebody else's timer.
//!
//! The levels are those of tokio's wheel and of Varghese and Lauck's paper (1987); the exact slots are ours.

use std::task::Waker;

use crate::alarm::NEVER;

const LEVELS: usize = 8;
const BITS: u32 = 6;
const SLOTS: usize = 1 << BITS;
const TICK_BITS: u32 = 16;
const NONE: u32 = u32::MAX;
const UNUSED: u16 = u16::MAX;
/// The level of the highest bit that differs: quicker looked up than divided, and all that is put in waits for it.
const LEVEL_OF: [u8; 64] = {
    let (mut levels, mut bit) = ([0; 64], 0);
    while bit < 64 {
        levels[bit] = (bit / BITS as usize) as u8 % LEVELS as u8;
        bit += 1;
    }
    levels
};
/// Entries for which memory is kept when none is in use.
const KEEP: usize = 1024;
/// Timers for which a slot keeps memory when none stands there.
const KEEP_MEMBERS: usize = 64;
/// How much of an entry's sequence its key repeats.
const CHECK_BITS: u32 = 24;

/// Pending timers, by deadline.
pub(crate) struct Wheel {
    /// Every slot before this tick has been emptied.
    tick: u64,
    // Bit *s* of word *l*: slot *s* of level *l* has timers.
    occupied: [u64; LEVELS],
    // Level after level; empty until the first timer comes.
    slots: Vec<Slot>,
    entries: Vec<Entry>,
    // The first of the unused entries, which are linked by `link`.
    free: u32,
    used: u32,
    // Those of the used ones whose timer is pending no more.
    fired: u32,
    // Counts insertions, to order equal deadlines. Wraps; only distances to it are compared.
    sequence: u32,
    // Those that are on their way down, while `advance` runs.
    moving: Vec<u32>,
}

#[derive(Clone)]
struct Slot {
    earliest: u64,
    // Numbers of entries, in no order.
    members: Vec<u32>,
}

struct Entry {
    deadline: u64,
    // None if it has fired, or is unused.
    waker: Option<Waker>,
    sequence: u32,
    // The place in the slot; the next unused entry, if this one is unused.
    link: u32,
    // `UNUSED` from `remove` to the next `insert`.
    slot: u16,
}

/// A timer that has fired.
pub(crate) struct Due {
    deadline: u64,
    // Smaller the longer ago it was inserted.
    rank: u32,
    pub(crate) waker: Waker,
}

impl Due {
    /// Sorts by this; first come, first served among equal deadlines of one wheel, if less than 2^32 others came in between.
    pub(crate) fn order(&self) -> (u64, u32) {
        (self.deadline, self.rank)
    }
}

/// What has become of a timer.
pub(crate) enum State<'w> {
    Pending { deadline: u64, waker: &'w mut Waker },
    Fired { deadline: u64 },
}

impl Wheel {
    pub(crate) fn new() -> Wheel {
        Wheel {
            tick: 0,
            occupied: [0; LEVELS],
            slots: Vec::new(),
            entries: Vec::new(),
            free: NONE,
            used: 0,
            fired: 0,
            sequence: 0,
            moving: Vec::new(),
        }
    }

    /// How many timers are pending.
    pub(crate) fn len(&self) -> usize {
        (self.used - self.fired) as usize
    }

    /// Whether there is no key, of a timer that is pending or has fired.
    #[cfg(test)]
    pub(crate) fn is_unused(&self) -> bool {
        self.used == 0
    }

    /// The key is not zero. Its upper 8 bits are, and are left to the caller: nobody here looks at them.
    #[inline(always)]
    pub(crate) fn insert(&mut self, deadline: u64, waker: Waker) -> u64 {
        if self.free == NONE {
            self.grow();
        }
        let at = self.free;
        let entry = &mut self.entries[at as usize];
        let sequence = self.sequence.wrapping_add(1);
        (self.sequence, self.free) = (sequence, entry.link);
        (entry.deadline, entry.sequence, entry.waker) = (deadline, sequence, Some(waker));
        self.used += 1;
        self.place(at, deadline);
        u64::from(check(sequence)) << 32 | u64::from(at + 1)
    }

    /// The timer of a key; `None` if that was removed, or the wheel cleared.
    pub(crate) fn get(&mut self, key: u64) -> Option<State<'_>> {
        let at = self.find(key)?;
        let entry = &mut self.entries[at as usize];
        let deadline = entry.deadline;
        Some(match &mut entry.waker {
            Some(waker) => State::Pending { deadline, waker },
            None => State::Fired { deadline },
        })
    }

    /// Forgets a timer, pending or fired. The waker is the caller's, to be dropped outside of locks.
    #[inline(always)]
    pub(crate) fn remove(&mut self, key: u64) -> Option<Waker> {
        let at = self.find(key)?;
        let free = std::mem::replace(&mut self.free, at);
        let entry = &mut self.entries[at as usize];
        let waker = entry.waker.take();
        let (slot, link) = (entry.slot, entry.link);
        (entry.slot, entry.link) = (UNUSED, free);
        if waker.is_some() {
            self.displace(slot, link);
        } else {
            self.fired -= 1;
        }
        self.used -= 1;
        if self.used == 0 && self.entries.len() > KEEP {
            let_go(&mut self.entries);
            self.free = NONE;
        }
        waker
    }

    /// When to look again: no timer is due before, and perhaps none then. `NEVER` if there is none.
    pub(crate) fn next(&self) -> u64 {
        self.first().map_or(NEVER, |slot| self.slots[slot].earliest)
    }

    /// Moves the present on to `now` and takes out what is due, in no order.
    pub(crate) fn advance(&mut self, now: u64, due: &mut Vec<Due>) {
        let present = (now >> TICK_BITS).max(self.tick);
        // The rank of the last one to come is the largest there is.
        let oldest = self.sequence.wrapping_add(1);
        while let Some(slot) = self.first() {
            let level = slot / SLOTS;
            if self.begin(slot) > present || (level == 0 && self.slots[slot].earliest > now) {
                break;
            }
            self.occupied[level] &= !(1 << (slot % SLOTS));
            let mut members = std::mem::take(&mut self.slots[slot].members);
            for at in members.drain(..) {
                let entry = &mut self.entries[at as usize];
                if entry.deadline > now {
                    self.moving.push(at);
                } else if let Some(waker) = entry.waker.take() {
                    due.push(Due { deadline: entry.deadline, rank: entry.sequence.wrapping_sub(oldest), waker });
                    self.fired += 1;
                }
            }
            if members.capacity() <= KEEP_MEMBERS {
                self.slots[slot].members = members;
            }
        }
        self.tick = present;
        // Not before: only now there is room for them in the slots below.
        let mut moving = std::mem::take(&mut self.moving);
        for at in moving.drain(..) {
            self.place(at, self.entries[at as usize].deadline);
        }
        if moving.capacity() <= KEEP {
            self.moving = moving;
        }
    }

    /// Forgets every timer, and every key.
    pub(crate) fn clear(&mut self) -> Vec<Waker> {
        let cleared = std::mem::replace(self, Wheel { tick: self.tick, sequence: self.sequence, ..Wheel::new() });
        cleared.entries.into_iter().filter_map(|entry| entry.waker).collect()
    }

    /// Puts an entry where its deadline belongs, as seen from the present tick.
    #[inline(always)]
    fn place(&mut self, at: u32, deadline: u64) {
        // What is past stands in the present tick.
        let tick = (deadline >> TICK_BITS).max(self.tick);
        let differs = 63 - ((tick ^ self.tick) | 1).leading_zeros();
        let level = usize::from(LEVEL_OF[differs as usize]);
        let number = (tick >> (BITS * level as u32)) as usize % SLOTS;
        let slot = level * SLOTS + number;
        self.occupied[level] |= 1 << number;
        let Slot { earliest, members } = &mut self.slots[slot];
        *earliest = if members.is_empty() { deadline } else { deadline.min(*earliest) };
        let entry = &mut self.entries[at as usize];
        (entry.slot, entry.link) = (slot as u16, members.len() as u32);
        if members.len() == members.capacity() {
            extend(members);
        }
        members.push(at);
    }

    /// Takes the entry at this place out of its slot.
    #[inline(always)]
    fn displace(&mut self, slot: u16, link: u32) {
        let slot = usize::from(slot);
        let members = &mut self.slots[slot].members;
        let last = members.pop();
        if let Some(place) = members.get_mut(link as usize) {
            let moved = last.expect("the one at the place is one");
            *place = moved;
            self.entries[moved as usize].link = link;
        } else if members.is_empty() {
            if members.capacity() > KEEP_MEMBERS {
                let_go(members);
            }
            self.occupied[slot / SLOTS] &= !(1 << (slot % SLOTS));
        }
    }

    /// The occupied slot that is reached first.
    fn first(&self) -> Option<usize> {
        let level = self.occupied.iter().position(|occupied| *occupied != 0)?;
        Some(level * SLOTS + self.occupied[level].trailing_zeros() as usize)
    }

    /// The tick at which a slot begins.
    fn begin(&self, slot: usize) -> u64 {
        let (shift, number) = (BITS * (slot / SLOTS) as u32, (slot % SLOTS) as u64);
        // Above its own digit, whatever stands in the wheel has the digits of the present.
        (self.tick >> shift & !(SLOTS as u64 - 1) | number) << shift
    }

    /// Makes one more entry, unused.
    #[cold]
    fn grow(&mut self) {
        if self.slots.is_empty() {
            self.slots = vec![Slot { earliest: NEVER, members: Vec::new() }; LEVELS * SLOTS];
        }
        let at = self.entries.len();
        assert!(at < NONE as usize, "a wheel holds at most 2^32 - 1 timers, and is full");
        let unused = Entry { deadline: 0, waker: None, sequence: 0, link: NONE, slot: UNUSED };
        if at == self.entries.capacity() {
            // Doubling would mean that up to half of the memory is empty.
            self.entries.reserve_exact((at / 8).max(64));
        }
        self.entries.push(unused);
        self.free = at as u32;
    }

    #[inline]
    fn find(&self, key: u64) -> Option<u32> {
        let at = (key as u32).wrapping_sub(1);
        let entry = self.entries.get(at as usize)?;
        (entry.slot != UNUSED && check(entry.sequence) == check((key >> 32) as u32)).then_some(at)
    }
}

/// Makes room for more. At once for as many as fit into a line of memory, so that wheels of two threads do not meet in one; and later
/// by half, as doubling would mean that up to half of the memory is empty.
#[cold]
fn extend(members: &mut Vec<u32>) {
    members.reserve_exact((members.len() / 2).max(16));
}

/// Gives the memory back. Out of the way of all that need not.
#[cold]
fn let_go<T>(all: &mut Vec<T>) {
    *all = Vec::new();
}

/// A key that outlived its entry, by a mistake, is found out by this.
fn check(sequence: u32) -> u32 {
    sequence & ((1 << CHECK_BITS) - 1)
}

#[cfg(test)]
mod seeds;
#[cfg(test)]
mod tests;
