//! A ring of tasks: one owner pushes and pops, anybody steals; first in, first out.
//!
//! `head` counts what was taken and `tail` what was pushed; both only grow (and wrap), and task number `n` stands in slot
//! `n % CAPACITY`.
//!
//! Rules:
//! 1. Only the owner writes slots and `tail`. It writes a slot first and publishes it by a `Release` store of `tail`.
//! 2. Whoever takes tasks reads their slots first, and then moves `head` past them by one compare-exchange. If that succeeds
//!    they are his; if not, what he read may be out of date, and he forgets it.
//! 3. The owner writes to a slot again only after an `Acquire` load of `head` has shown that its task was taken. `head`
//!    changes by read-modify-writes alone, so that this load also sees the reads of rule 2 behind it: nobody who succeeds
//!    has read a slot that was written anew.
//!
//! Each slot is an atomic word, so that the reads of rule 2 which come to nothing are no data race either. The shape is
//! that of the run queue of Go's scheduler.

use std::ptr::NonNull;

use whit_core::Runnable;

use crate::padded::Padded;
use crate::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

/// A power of two. A model needs a small one, to get to its end.
const CAPACITY: usize = if cfg!(loom) { 4 } else { 256 };

#[allow(unreachable_pub, reason = "public for its model only")]
#[derive(Debug)]
pub struct Ring {
    head: Padded<AtomicUsize>,
    tail: Padded<AtomicUsize>,
    slots: Box<[AtomicPtr<()>]>,
}

#[allow(unreachable_pub, missing_docs, clippy::new_without_default, reason = "public for its model only")]
impl Ring {
    pub fn new() -> Ring {
        let slots = (0..CAPACITY).map(|_| AtomicPtr::new(std::ptr::null_mut())).collect();
        Ring { head: Padded(AtomicUsize::new(0)), tail: Padded(AtomicUsize::new(0)), slots }
    }

    /// The owner's: adds a task, or gives it back if there is no room.
    pub fn push(&self, runnable: Runnable) -> Result<(), Runnable> {
        let tail = self.tail.0.load(Ordering::Relaxed);
        if tail.wrapping_sub(self.head.0.load(Ordering::Acquire)) >= CAPACITY {
            return Err(runnable);
        }
        self.slot(tail).store(runnable.into_raw().as_ptr(), Ordering::Relaxed);
        self.tail.0.store(tail.wrapping_add(1), Ordering::Release);
        Ok(())
    }

    /// Room for how many more, at least; the owner's.
    pub fn room(&self) -> usize {
        CAPACITY - self.len()
    }

    /// The first task.
    pub fn pop(&self) -> Option<Runnable> {
        self.take(|_| 1, |_, _| ()).map(|(first, _)| first)
    }

    /// The first half of the tasks; the first of them is the answer, and the rest goes to `take_rest`.
    pub fn pop_half(&self, mut take_rest: impl FnMut(Runnable)) -> Option<Runnable> {
        let mut rest = [std::ptr::null_mut(); CAPACITY];
        let (first, count) = self.take(|length| length.div_ceil(2), |at, task| rest[at] = task)?;
        for task in &rest[1..count] {
            take_rest(own(*task));
        }
        Some(first)
    }

    /// As [`pop_half`](Ring::pop_half), into the ring of the thief, which is empty and which he owns.
    pub fn steal_half(&self, thief: &Ring) -> Option<Runnable> {
        let tail = thief.tail.0.load(Ordering::Relaxed);
        let store = |at: usize, task| match at {
            0 => {}
            at => thief.slot(tail.wrapping_add(at - 1)).store(task, Ordering::Relaxed),
        };
        let (first, count) = self.take(|length| length.div_ceil(2), store)?;
        thief.tail.0.store(tail.wrapping_add(count - 1), Ordering::Release);
        Some(first)
    }

    pub fn len(&self) -> usize {
        // This order, so that the answer is never below nought; capped, as the head may be out of date.
        let head = self.head.0.load(Ordering::Acquire);
        self.tail.0.load(Ordering::Acquire).wrapping_sub(head).min(CAPACITY)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Rule 2: reads as many as `how_many` of the length says, by number and task, perhaps several times; then they are ours.
    fn take(
        &self,
        how_many: impl Fn(usize) -> usize,
        mut read: impl FnMut(usize, *mut ()),
    ) -> Option<(Runnable, usize)> {
        let mut head = self.head.0.load(Ordering::Acquire);
        loop {
            let length = self.tail.0.load(Ordering::Acquire).wrapping_sub(head);
            if length == 0 {
                return None;
            }
            if length > CAPACITY {
                head = self.head.0.load(Ordering::Acquire);
                continue;
            }
            let count = how_many(length);
            let first = self.slot(head).load(Ordering::Relaxed);
            for at in 1..count {
                read(at, self.slot(head.wrapping_add(at)).load(Ordering::Relaxed));
            }
            let next = head.wrapping_add(count);
            match self.head.0.compare_exchange(head, next, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Some((own(first), count)),
                Err(now) => head = now,
            }
        }
    }

    fn slot(&self, number: usize) -> &AtomicPtr<()> {
        &self.slots[number % CAPACITY]
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        while let Some(runnable) = self.pop() {
            drop(runnable);
        }
    }
}

/// A task that rule 2 has made ours.
pub(crate) fn own(task: *mut ()) -> Runnable {
    let task = NonNull::new(task).expect("a slot between head and tail was written");
    // SAFETY: it comes from `into_raw` in `push`, and the compare-exchange on `head` gave it to us alone.
    unsafe { Runnable::from_raw(task) }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
    use whit_core::{Home, Schedule, ScheduleInfo, TaskId, spawn};

    /// A home that only collects.
    #[derive(Default)]
    struct Collect(Mutex<Vec<Runnable>>);
    impl Schedule for Collect {
        fn schedule(&self, runnable: Runnable, _: ScheduleInfo) {
            self.0.lock().unwrap().push(runnable);
        }
    }

    fn tasks(count: usize) -> Vec<Runnable> {
        let collect = std::sync::Arc::new(Collect::default());
        let home: Home = collect.clone();
        (0..count).for_each(|_| spawn(&home, async {}).detach());
        std::mem::take(&mut *collect.0.lock().unwrap())
    }

    fn ids(tasks: &[Runnable]) -> Vec<TaskId> {
        tasks.iter().map(|task| task.meta().id()).collect()
    }

    #[test]
    fn in_order_and_no_further_than_it_has_room() {
        let (ring, mut all) = (Ring::new(), tasks(CAPACITY + 1));
        let order = ids(&all);
        let last = all.pop().unwrap();
        all.into_iter().for_each(|task| ring.push(task).unwrap());
        let refused = ring.push(last).unwrap_err();
        assert_eq!(refused.meta().id(), order[CAPACITY]);
        for id in &order[..CAPACITY] {
            assert_eq!(ring.pop().unwrap().meta().id(), *id);
        }
        assert!(ring.pop().is_none() && ring.is_empty() && ring.room() == CAPACITY);
    }

    #[test]
    fn half_goes_to_the_thief() {
        let (ring, thief, all) = (Ring::new(), Ring::new(), tasks(5));
        let order = ids(&all);
        all.into_iter().for_each(|task| ring.push(task).unwrap());
        assert_eq!(ring.steal_half(&thief).unwrap().meta().id(), order[0]);
        assert_eq!((ring.len(), thief.len()), (2, 2));
        assert_eq!(thief.pop().unwrap().meta().id(), order[1]);
        assert_eq!(ring.pop().unwrap().meta().id(), order[3]);
        assert_eq!(ring.steal_half(&thief).unwrap().meta().id(), order[4]);
        assert!(ring.steal_half(&thief).is_none());
    }

    /// One owner and two thieves on a ring that wraps many times: every task comes to somebody, once.
    #[test]
    fn nothing_is_lost_or_doubled() {
        const COUNT: usize = 200_000;
        let (ring, done, sum) = (Ring::new(), AtomicBool::new(false), AtomicU64::new(0));
        let (taken, all) = (AtomicU64::new(0), tasks(COUNT));
        let expected: u64 = all.iter().map(|task| task.meta().id().get()).sum();
        let take = |task: Runnable| {
            sum.fetch_add(task.meta().id().get(), SeqCst);
            taken.fetch_add(1, SeqCst);
        };
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let own = Ring::new();
                    loop {
                        let last = done.load(SeqCst);
                        while let Some(task) = own.pop().or_else(|| ring.steal_half(&own)) {
                            take(task);
                        }
                        if last {
                            break;
                        }
                    }
                });
            }
            for (number, task) in all.into_iter().enumerate() {
                let mut task = Some(task);
                while let Some(Err(refused)) = task.take().map(|task| ring.push(task)) {
                    if let Some(first) = ring.pop_half(take) {
                        take(first);
                    }
                    task = Some(refused);
                }
                if number.is_multiple_of(3)
                    && let Some(first) = ring.pop()
                {
                    take(first);
                }
            }
            done.store(true, SeqCst);
        });
        assert_eq!((taken.load(SeqCst), sum.load(SeqCst)), (COUNT as u64, expected));
    }
}
