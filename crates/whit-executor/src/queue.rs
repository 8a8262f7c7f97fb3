//! The queue of one worker: a LIFO slot for the task woken last, and a ring that others steal half of. Spawned tasks and
//! those that yielded go to the tail of the ring: tasks start in the order of their spawning. What the ring does not hold
//! goes to the injector, half of the ring with it.
//!
//! [`LocalQueue`] is the owner's end, and [`Shared`] is what others see of a worker: they may take from the slot and from the
//! ring.

use std::cell::Cell;
use std::ptr::null_mut;

use whit_core::{Runnable, ScheduleInfo};

use crate::census::Census;
use crate::injector::Injector;
use crate::pulse::Pulse;
use crate::ring::{Ring, own};
use crate::sync::Arc;
use crate::sync::atomic::{AtomicPtr, Ordering};

/// Runs of the LIFO slot in a row, before the ring has its turn: two tasks that wake each other must not starve the rest.
const LIFO_MOST: u32 = 3;

/// The owner's end. Not `Sync`: one thread at a time is the owner.
pub(crate) struct LocalQueue {
    shared: Arc<Shared>,
    lifo_runs: Cell<u32>,
}

/// What others see of a worker.
pub(crate) struct Shared {
    // A runnable as a pointer, or null.
    slot: AtomicPtr<()>,
    ring: Ring,
    pub(crate) census: Census,
    pub(crate) pulse: Pulse,
    /// It stands in while all others are stuck.
    pub(crate) spare: bool,
}

impl LocalQueue {
    pub(crate) fn new(spare: bool) -> LocalQueue {
        let (slot, ring) = (AtomicPtr::new(null_mut()), Ring::new());
        let shared = Shared { slot, ring, census: Census::default(), pulse: Pulse::new(), spare };
        LocalQueue { shared: Arc::new(shared), lifo_runs: Cell::new(0) }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Queues a task; true if help has become welcome, which is to be told to those who sleep: rule 1 of
    /// [`sleepers`](crate::sleepers).
    pub(crate) fn push(&self, runnable: Runnable, info: ScheduleInfo, injector: &Injector) -> bool {
        if info.woken_while_running || info.spawned {
            return self.push_tail(runnable, injector);
        }
        if let Some(former) = self.shared.swap_slot(runnable.into_raw().as_ptr()) {
            self.push_back(former, injector);
        }
        self.has_come_to_two()
    }

    /// As `push`, for a task that has yielded or was spawned.
    #[inline]
    pub(crate) fn push_tail(&self, runnable: Runnable, injector: &Injector) -> bool {
        self.push_back(runnable, injector);
        self.has_come_to_two()
    }

    /// After one has come. A third and a fourth need not be told of: nobody has fallen asleep since the second, as whoever
    /// wants to finds this queue not empty.
    #[inline]
    fn has_come_to_two(&self) -> bool {
        self.len() == 2
    }

    #[inline]
    fn push_back(&self, runnable: Runnable, injector: &Injector) {
        if let Err(refused) = self.shared.ring.push(runnable) {
            self.overflow(refused, injector);
        }
    }

    #[cold]
    fn overflow(&self, refused: Runnable, injector: &Injector) {
        let mut half = Vec::with_capacity(self.shared.ring.len());
        let first = self.shared.ring.pop_half(|task| half.push(task));
        injector.push_batch(first.into_iter().chain(half).chain([refused]));
    }

    /// The owner's next task.
    pub(crate) fn pop(&self) -> Option<Runnable> {
        let runs = self.lifo_runs.get();
        if runs < LIFO_MOST
            && let Some(runnable) = self.shared.take_slot()
        {
            self.lifo_runs.set(runs + 1);
            return Some(runnable);
        }
        self.lifo_runs.set(0);
        self.shared.ring.pop().or_else(|| self.shared.take_slot())
    }

    /// Takes over from the injector what is this worker's share; the first of it is the answer.
    pub(crate) fn fetch(&self, injector: &Injector, sharers: usize) -> Option<Runnable> {
        // Half of the ring, so that what these tasks spawn does not overflow at once.
        let most = self.shared.ring.room() / 2;
        injector.pop_batch(most, sharers, |task| self.push_to_room(task))
    }

    /// Takes up to `most` over from the injector behind what is there, but no more than there is room for.
    pub(crate) fn take_over(&self, injector: &Injector, most: usize, sharers: usize) {
        injector.move_batch(most.min(self.shared.ring.room()), sharers, |task| self.push_to_room(task));
    }

    fn push_to_room(&self, runnable: Runnable) {
        if let Err(refused) = self.shared.ring.push(runnable) {
            unreachable!("{refused:?} had room a moment ago, and only the owner takes room away");
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.shared.ring.len() + usize::from(self.shared.has_slot())
    }

    /// Takes half of the victim's tasks; the first of them is the answer. This queue is empty.
    pub(crate) fn steal(&self, victim: &Shared) -> Option<Runnable> {
        victim.ring.steal_half(&self.shared.ring).or_else(|| victim.take_slot())
    }
}

impl Shared {
    /// Any task, for who has no queue.
    pub(crate) fn pop_any(&self) -> Option<Runnable> {
        self.ring.pop().or_else(|| self.take_slot())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ring.is_empty() && !self.has_slot()
    }

    fn has_slot(&self) -> bool {
        !self.slot.load(Ordering::Relaxed).is_null()
    }

    fn take_slot(&self) -> Option<Runnable> {
        // A look first: the swap is dear, and the slot mostly empty.
        if self.has_slot() { self.swap_slot(null_mut()) } else { None }
    }

    fn swap_slot(&self, task: *mut ()) -> Option<Runnable> {
        let former = self.slot.swap(task, Ordering::AcqRel);
        // The swap gave it to us alone.
        (!former.is_null()).then(|| own(former))
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        drop(self.take_slot());
    }
}
