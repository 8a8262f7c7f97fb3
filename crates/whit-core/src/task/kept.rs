//! `Kept`: a task that waits, as its home may note it.

use std::fmt;
use std::ptr::NonNull;
use std::task::Waker;

use super::cell::Header;
use super::waker;
use crate::Meta;

/// A task that waits, for the list of its home: see [`Schedule::keep`](crate::Schedule::keep). One word, as there may be a million.
///
/// Neither it nor the list is counted: the task is there until [`release`](crate::Schedule::release) has been called for it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Kept(NonNull<Header>);

// SAFETY: it gives wakers and metadata, by promises of the caller.
unsafe impl Send for Kept {}
// SAFETY: as above.
unsafe impl Sync for Kept {}

impl Kept {
    pub(super) fn of(cell: NonNull<Header>) -> Kept {
        Kept(cell)
    }

    /// A waker for the task. Waking it brings the task home.
    ///
    /// # Safety
    ///
    /// Called while the task is kept: in [`keep`](crate::Schedule::keep), or before [`release`](crate::Schedule::release) returns for it.
    pub unsafe fn waker(self) -> Waker {
        // SAFETY: whoever calls `release` has the task, and goes on having it until that returns.
        unsafe { waker::counted(self.0) }
    }

    /// What the task carries.
    ///
    /// # Safety
    ///
    /// As for [`waker`](Kept::waker), for as long as the reference is used.
    pub unsafe fn meta<'m>(self) -> &'m Meta {
        // SAFETY: as above.
        unsafe { self.0.as_ref() }.meta()
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").finish_non_exhaustive()
    }
}
