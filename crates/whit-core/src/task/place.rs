//! The awaiter's place in a task. When it may be written and taken is a matter of the task's word: rule 6 of `state`.

use std::ptr::{self, null, null_mut};
use std::task::{RawWaker, RawWakerVTable, Waker};

use super::sync::{AtomicPtr, Ordering};

/// Room for a waker, in two words that may be read while they are written: what was read counts only if the word says so.
pub(super) struct Place {
    data: AtomicPtr<()>,
    vtable: AtomicPtr<RawWakerVTable>,
}

/// What stood in a [`Place`], which may be no waker of ours.
pub(super) struct Read {
    data: *const (),
    vtable: *const RawWakerVTable,
}

impl Place {
    pub(super) fn empty() -> Place {
        Place { data: AtomicPtr::new(null_mut()), vtable: AtomicPtr::new(null_mut()) }
    }

    // Relaxed, both: `AWAITER` publishes them, and the step that takes it away gives the place back.
    #[inline]
    pub(super) fn write(&self, waker: Waker) {
        let waker = std::mem::ManuallyDrop::new(waker);
        self.data.store(waker.data().cast_mut(), Ordering::Relaxed);
        self.vtable.store(ptr::from_ref(waker.vtable()).cast_mut(), Ordering::Relaxed);
    }

    #[inline]
    pub(super) fn read(&self) -> Read {
        Read { data: self.data.load(Ordering::Relaxed), vtable: self.vtable.load(Ordering::Relaxed) }
    }
}

/// As for the word.
#[cfg(loom_task)]
impl Drop for Place {
    fn drop(&mut self) {
        self.data.with_mut(|_| ());
        self.vtable.with_mut(|_| ());
    }
}

impl Read {
    #[inline]
    pub(super) fn is(&self, waker: &Waker) -> bool {
        ptr::eq(self.data, waker.data()) && ptr::eq(self.vtable, waker.vtable())
    }

    /// # Safety
    ///
    /// It was read while the place held a waker, and is made one again once.
    #[inline]
    pub(super) unsafe fn into_waker(self) -> Waker {
        debug_assert!(!ptr::eq(self.vtable, null()), "no waker was here");
        // SAFETY: the two parts of a waker that was forgotten by `write`; a vtable of a waker is static.
        unsafe { Waker::from_raw(RawWaker::new(self.data, &*self.vtable)) }
    }
}
