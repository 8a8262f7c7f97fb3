//! The wheel beside a sorted map, and what it leaves behind.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::task::Wake;

use proptest::prelude::*;

use super::*;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<usize>>>);

struct Note(usize, Log);
impl Wake for Note {
    fn wake(self: Arc<Self>) {
        self.1.0.lock().unwrap().push(self.0);
    }
}

impl Log {
    fn waker(&self, number: usize) -> Waker {
        Waker::from(Arc::new(Note(number, self.clone())))
    }

    fn fire(&self, wheel: &mut Wheel, now: u64) -> Vec<usize> {
        let mut due = Vec::new();
        wheel.advance(now, &mut due);
        due.sort_unstable_by_key(Due::order);
        due.into_iter().for_each(|due| due.waker.wake());
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

#[derive(Clone, Debug)]
enum Step {
    Insert(u64),
    /// The same deadline as the last one.
    Again,
    /// Any key there ever was: pending, fired, or removed.
    Remove(usize),
    Advance(u64),
    ToNext,
}

fn step() -> impl Strategy<Value = Step> {
    let nanos = prop_oneof![
        Just(0),
        0..200_000u64,
        0..5_000_000u64,
        0..500_000_000u64,
        0..500_000_000_000u64,
        0..1u64 << 56,
        0..NEVER >> 8
    ];
    prop_oneof![
        5 => nanos.clone().prop_map(Step::Insert),
        1 => Just(Step::Again),
        2 => any::<usize>().prop_map(Step::Remove),
        2 => nanos.prop_map(Step::Advance),
        3 => Just(Step::ToNext),
    ]
}

proptest! {
    #[test]
    fn agrees_with_a_sorted_map(steps in proptest::collection::vec(step(), 1..120)) {
        let (mut wheel, log, mut now, mut last) = (Wheel::new(), Log::default(), 0, 0);
        // By deadline and number: in the order in which they fire.
        let mut model: BTreeMap<(u64, usize), u64> = BTreeMap::new();
        let mut keys = Vec::new();
        for step in steps {
            match step {
                Step::Insert(_) | Step::Again => {
                    if let Step::Insert(nanos) = step {
                        // Also deadlines that are past already.
                        last = (now + nanos).saturating_sub(100_000);
                    }
                    let key = wheel.insert(last, log.waker(keys.len()));
                    model.insert((last, keys.len()), key);
                    keys.push(Some((last, key)));
                }
                Step::Remove(which) if !keys.is_empty() => {
                    let which = which % keys.len();
                    if let Some((deadline, key)) = keys[which].take() {
                        let pending = model.remove(&(deadline, which)).is_some();
                        let fits = match wheel.get(key) {
                            Some(State::Pending { deadline: at, .. }) => pending && at == deadline,
                            Some(State::Fired { deadline: at }) => !pending && at == deadline,
                            None => false,
                        };
                        prop_assert!(fits);
                        prop_assert_eq!(wheel.remove(key).is_some(), pending);
                        prop_assert!(wheel.get(key).is_none() && wheel.remove(key).is_none());
                    }
                }
                Step::Remove(_) => {}
                Step::Advance(nanos) => now += nanos,
                Step::ToNext => now = Some(wheel.next()).filter(|next| *next != NEVER).unwrap_or(now).max(now),
            }
            let later = model.split_off(&(now + 1, 0));
            let due: Vec<_> = std::mem::replace(&mut model, later).into_keys().map(|(_, number)| number).collect();
            prop_assert_eq!(log.fire(&mut wheel, now), due);
            prop_assert_eq!(wheel.len(), model.len());
            prop_assert_eq!(wheel.used as usize, keys.iter().flatten().count());
            match model.keys().next() {
                Some((earliest, _)) => prop_assert!((now + 1..=*earliest).contains(&wheel.next())),
                None => prop_assert_eq!(wheel.next(), NEVER),
            }
        }
    }
}

#[test]
fn a_lone_timer_is_looked_at_once_however_far_it_is() {
    for deadline in (0..63).map(|bit| 1 << bit) {
        let (mut wheel, log) = (Wheel::new(), Log::default());
        wheel.insert(deadline, log.waker(7));
        assert_eq!(wheel.next(), deadline);
        assert_eq!(log.fire(&mut wheel, deadline), [7]);
    }
}

/// How many timers the wheel has memory for, in entries and in slots.
fn room(wheel: &Wheel) -> (usize, usize) {
    let slots = wheel.slots.iter().map(|slot| slot.members.capacity()).max().unwrap_or(0);
    (wheel.entries.capacity(), slots.max(wheel.moving.capacity()))
}

#[test]
fn a_hundred_thousand_cancelled_or_fired_leave_no_memory() {
    for fires in [false, true] {
        let (mut wheel, log) = (Wheel::new(), Log::default());
        let keys: Vec<_> = (0..100_000u64).map(|number| wheel.insert(number * 77_777, log.waker(0))).collect();
        let (entries, slots) = room(&wheel);
        assert!(entries >= keys.len() && slots > KEEP);
        let mut left = keys.len();
        for now in (0..100).filter(|_| fires).map(|turn| turn * 90_000_000) {
            left -= log.fire(&mut wheel, now).len();
        }
        assert_eq!((wheel.len(), left == 0), (left, fires));
        for key in keys {
            assert_eq!(wheel.remove(key).is_some(), !fires);
        }
        let (entries, slots) = room(&wheel);
        assert!(entries <= KEEP && slots <= KEEP && wheel.is_unused() && wheel.next() == NEVER);
        assert!(wheel.slots.iter().all(|slot| slot.members.capacity() <= KEEP_MEMBERS));
        assert!(Arc::strong_count(&log.0) == 1, "a waker was left behind");
    }
}

#[test]
fn equal_deadlines_keep_their_order_when_the_count_wraps() {
    for start in [u32::MAX - 2, u32::MAX / 2 - 1, 0] {
        let (mut wheel, log) = (Wheel::new(), Log::default());
        wheel.sequence = start;
        let keys = [0, 1, 2, 3, 4].map(|number| wheel.insert(7, log.waker(number)));
        assert_eq!(log.fire(&mut wheel, 7), [0, 1, 2, 3, 4], "from {start}");
        assert!(keys.into_iter().all(|key| key != 0 && wheel.get(key).is_some()));
    }
}

#[test]
fn cancelling_in_any_order_leaves_the_others_of_a_slot() {
    let (mut wheel, log) = (Wheel::new(), Log::default());
    let keys: Vec<_> = (0..100).map(|number| wheel.insert(1 << 40, log.waker(number))).collect();
    let gone: Vec<usize> = (0..60).map(|step| step * 37 % 100).collect();
    for number in &gone {
        assert!(wheel.remove(keys[*number]).is_some());
    }
    let left: Vec<usize> = (0..100).filter(|number| !gone.contains(number)).collect();
    assert_eq!(log.fire(&mut wheel, 1 << 40), left);
}

#[test]
fn one_place_serves_many_that_come_and_go() {
    let (mut wheel, log) = (Wheel::new(), Log::default());
    for number in 0..10_000 {
        let key = wheel.insert(1 << 40 | number, log.waker(0));
        wheel.remove(key);
    }
    assert_eq!(wheel.entries.len(), 1);
}

#[test]
fn an_entry_is_small() {
    assert_eq!(size_of::<Entry>(), 40);
}
