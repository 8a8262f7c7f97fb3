//! `Gate`: lends a descriptor to signal handlers, and knows when none of them has it any more.
//!
//! A handler may run on any thread, at any moment, and must not wait. Rules:
//! 1. A handler counts itself in `inside`, **then** looks for the descriptor, uses it, and counts itself out.
//! 2. Closing takes the descriptor away, **then** waits until nobody is inside. So a handler that came before is waited for, and
//!    one that comes later finds nothing. They meet at `inside`, which both read and modify in one step: who comes second there has
//!    seen all that the first did.
//! 3. Who closes may be interrupted by a handler itself; that one ends before the closing goes on.

#[cfg(loom)]
use loom::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
#[cfg(loom)]
use loom::thread::yield_now;
#[cfg(not(loom))]
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
#[cfg(not(loom))]
use std::thread::yield_now;

/// No descriptor.
const CLOSED: i32 = -1;

/// Lends a descriptor.
#[derive(Debug)]
pub struct Gate {
    descriptor: AtomicI32,
    inside: AtomicUsize,
}

impl Gate {
    /// A closed one.
    #[cfg(not(loom))]
    pub(crate) const fn new() -> Gate {
        Gate { descriptor: AtomicI32::new(CLOSED), inside: AtomicUsize::new(0) }
    }

    /// A closed one.
    #[cfg(loom)]
    #[allow(clippy::new_without_default, reason = "as without loom")]
    pub fn new() -> Gate {
        Gate { descriptor: AtomicI32::new(CLOSED), inside: AtomicUsize::new(0) }
    }

    /// Lends `descriptor` from now on.
    pub fn open(&self, descriptor: i32) {
        self.descriptor.store(descriptor, Ordering::Release);
    }

    /// Lends nothing any more, and waits for those who have it still.
    pub fn close(&self) {
        self.descriptor.swap(CLOSED, Ordering::AcqRel);
        while self.inside.fetch_add(0, Ordering::AcqRel) > 0 {
            yield_now();
        }
    }

    /// Calls `f` with the descriptor, if it is open. For signal handlers, if `f` is: it neither allocates, locks nor waits.
    pub fn enter(&self, f: impl FnOnce(i32)) {
        self.inside.fetch_add(1, Ordering::AcqRel);
        match self.descriptor.load(Ordering::Acquire) {
            CLOSED => {}
            descriptor => f(descriptor),
        }
        self.inside.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicBool;

    /// What stands for a descriptor is valid for as long as anybody uses it.
    #[test]
    fn nobody_is_inside_after_the_close() {
        const ROUNDS: usize = 500;
        let valid: Vec<_> = (0..ROUNDS).map(|_| AtomicBool::new(true)).collect();
        let (gate, over, used) = (Gate::new(), AtomicBool::new(false), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while !over.load(Ordering::SeqCst) {
                        yield_now();
                        gate.enter(|descriptor| {
                            for _ in 0..20 {
                                assert!(valid[descriptor as usize].load(Ordering::SeqCst));
                            }
                            used.fetch_add(1, Ordering::SeqCst);
                        });
                    }
                });
            }
            for (round, valid) in valid.iter().enumerate() {
                gate.open(round as i32);
                let before = used.load(Ordering::SeqCst);
                while round.is_multiple_of(10) && used.load(Ordering::SeqCst) == before {
                    yield_now();
                }
                gate.close();
                valid.store(false, Ordering::SeqCst);
            }
            over.store(true, Ordering::SeqCst);
        });
        assert!(used.into_inner() >= ROUNDS / 10);
    }
}
