//! Waking many.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::task::Waker;

/// Wakes all, though one may panic; the first panic goes on at [`finish`](Woken::finish).
#[derive(Default)]
pub(crate) struct Woken {
    panic: Option<Box<dyn Any + Send>>,
}

impl Woken {
    pub(crate) fn wake(&mut self, wakers: impl IntoIterator<Item = Waker>) {
        for waker in wakers {
            if let Err(panic) = catch_unwind(AssertUnwindSafe(|| waker.wake())) {
                self.panic.get_or_insert(panic);
            }
        }
    }

    /// Lets a panic go on.
    pub(crate) fn finish(self) {
        if let Some(panic) = self.panic {
            resume_unwind(panic);
        }
    }
}
