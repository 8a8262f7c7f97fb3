//! Who sleeps, and waking exactly as many as there is need for.
//!
//! Numbers: `idle` counts the workers in the list, `searching` those that look for work right now.
//!
//! Rules:
//! 1. A producer first makes the work visible in a queue, then calls `notify`: a fence, then it reads `searching` and `idle`.
//!    If somebody searches, or nobody is idle, it is done. Otherwise it takes one worker out of the list, counts it as
//!    searching on its behalf, and wakes it.
//!    A worker that queues a task for itself is such a producer only when its queue comes to hold two: it sees to one itself; and
//!    with three or more nobody has fallen asleep since the second came, by rule 2, or was woken for it, and rule 4 goes on.
//! 2. A worker that wants to sleep first enters the list (`idle` goes up), stops being a searcher, passes a fence, and
//!    **then looks at all queues once more**. Only if they are empty does it sleep; if not, it is a searcher again, so that
//!    rule 4 follows.
//! 3. By the two fences, either the producer sees the worker in the list (or searching: then that worker's later rule 2
//!    finds the work), or the worker sees the work.
//! 4. A searcher that finds work stops being one; if it was the last, it passes a fence and looks whether there is more, and
//!    notifies if there is: those who saw it searching counted on it. So a burst wakes workers one after the other, each
//!    only while there is work.
//! 5. Whoever leaves the list by itself takes itself out; if it is gone from there already, it has been notified and is a
//!    searcher.
//! 6. A worker that has run dry may search its peers only if fewer than half of all do; then it is a searcher like one that
//!    was notified. Otherwise it may sleep without the look of rule 2, if it still sees somebody search after the fence:
//!    that one's rule 2 or rule 4 comes later, and finds what there is.

use std::task::Waker;

use whit_core::wake_all;

use crate::sync::atomic::{AtomicUsize, Ordering, fence};
use crate::sync::{Mutex, lock};

/// The workers that sleep.
pub(crate) struct Sleepers {
    list: Mutex<List>,
    idle: AtomicUsize,
    searching: AtomicUsize,
}

struct List {
    // Last in, first woken: its caches are the warmest.
    wakers: Vec<(u64, Waker)>,
    next: u64,
}

/// Names an entry in the list.
#[derive(Clone, Copy)]
pub(crate) struct Ticket(u64);

impl Sleepers {
    pub(crate) fn new() -> Sleepers {
        let list = Mutex::new(List { wakers: Vec::new(), next: 0 });
        Sleepers { list, idle: AtomicUsize::new(0), searching: AtomicUsize::new(0) }
    }

    /// Rule 1: there is new work.
    pub(crate) fn notify(&self) {
        fence(Ordering::SeqCst);
        if self.searching.load(Ordering::SeqCst) > 0 || self.idle.load(Ordering::SeqCst) == 0 {
            return;
        }
        let mut list = lock(&self.list);
        let Some((_, waker)) = list.wakers.pop() else { return };
        self.idle.fetch_sub(1, Ordering::SeqCst);
        self.searching.fetch_add(1, Ordering::SeqCst);
        drop(list);
        waker.wake();
    }

    /// Wakes them all.
    pub(crate) fn notify_all(&self) {
        let mut list = lock(&self.list);
        let wakers = std::mem::take(&mut list.wakers);
        self.idle.fetch_sub(wakers.len(), Ordering::SeqCst);
        self.searching.fetch_add(wakers.len(), Ordering::SeqCst);
        drop(list);
        wake_all(wakers.into_iter().map(|(_, waker)| waker));
    }

    /// Rule 2, first half: enters the list. The caller passes whether it was a searcher, and must look at the queues again.
    pub(crate) fn enter(&self, waker: Waker, searcher: bool) -> Ticket {
        let mut list = lock(&self.list);
        let ticket = list.next;
        list.next += 1;
        list.wakers.push((ticket, waker));
        self.idle.fetch_add(1, Ordering::SeqCst);
        drop(list);
        if searcher {
            self.searching.fetch_sub(1, Ordering::SeqCst);
        }
        fence(Ordering::SeqCst);
        Ticket(ticket)
    }

    /// Rule 5: true if somebody notified us, which makes us a searcher.
    #[must_use]
    pub(crate) fn leave(&self, ticket: Ticket) -> bool {
        let mut list = lock(&self.list);
        let at = list.wakers.iter().position(|(number, _)| *number == ticket.0);
        let entry = at.map(|at| {
            self.idle.fetch_sub(1, Ordering::SeqCst);
            list.wakers.remove(at)
        });
        drop(list);
        entry.is_none()
    }

    /// Rule 4: a searcher has found work, or gives up for good; `more` says whether some is left.
    pub(crate) fn found(&self, more: impl FnOnce() -> bool) {
        if self.searching.fetch_sub(1, Ordering::SeqCst) == 1 {
            fence(Ordering::SeqCst);
            if more() {
                self.notify();
            }
        }
    }

    /// Rule 6: whether one of `workers` may search; then it counts as a searcher.
    pub(crate) fn start_search(&self, workers: usize) -> bool {
        let few = self.searching.load(Ordering::SeqCst) * 2 < workers;
        if few {
            self.searching.fetch_add(1, Ordering::SeqCst);
        }
        few
    }

    /// Rule 2: the look has found work, and whoever looked goes on as a searcher.
    pub(crate) fn search_on(&self) {
        self.searching.fetch_add(1, Ordering::SeqCst);
    }

    /// Rule 6, after `enter`: whether somebody else searches.
    pub(crate) fn somebody_searches(&self) -> bool {
        self.searching.load(Ordering::SeqCst) > 0
    }
}
