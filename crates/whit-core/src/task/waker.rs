//! The wakers of tasks: a pointer to the task, counted, but for the one that a poll is given.

use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::task::{RawWaker, RawWakerVTable, Waker};

use super::cell::{self, Header};
use super::current::woke_itself;
use super::runnable::{Runnable, go_home};
use super::state::Gone;

/// One for all tasks, so that wakers of one task are always found to be equal.
static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, drop_waker);

/// A waker that is counted.
///
/// # Safety
///
/// The task is there: somebody has it.
pub(super) unsafe fn counted(cell: NonNull<Header>) -> Waker {
    // SAFETY: as the caller promised.
    unsafe { cell.as_ref() }.control().count_waker();
    // SAFETY: counted, for the waker.
    ManuallyDrop::into_inner(unsafe { lent(cell) })
}

/// A waker for a poll, which is not counted.
///
/// # Safety
///
/// The task stays while the waker is used.
#[inline]
pub(super) unsafe fn lent(cell: NonNull<Header>) -> ManuallyDrop<Waker> {
    // SAFETY: the functions below do what a waker has to; each waker that is dropped was counted.
    ManuallyDrop::new(unsafe { Waker::from_raw(RawWaker::new(cell.as_ptr().cast_const().cast(), &VTABLE)) })
}

/// # Safety, of the four: `data` is that of a waker of ours, so that its task is there; `wake` and `drop_waker` end that waker.
fn of(data: *const ()) -> NonNull<Header> {
    NonNull::new(data.cast_mut().cast()).expect("a waker points to its task")
}

unsafe fn clone(data: *const ()) -> RawWaker {
    // SAFETY: the waker's task is there.
    unsafe { of(data).as_ref() }.control().count_waker();
    RawWaker::new(data, &VTABLE)
}

unsafe fn wake(data: *const ()) {
    let cell = of(data);
    if woke_itself(cell) {
        // SAFETY: as the caller promised.
        return unsafe { drop_waker(data) };
    }
    // SAFETY: the waker's task is there.
    let gone = unsafe { cell.as_ref() }.control().wake();
    // SAFETY: it was the waker's.
    unsafe { after(cell, gone) };
}

unsafe fn wake_by_ref(data: *const ()) {
    let cell = of(data);
    // SAFETY: the waker's task is there.
    if !woke_itself(cell) && unsafe { cell.as_ref() }.control().wake_by_ref() {
        // SAFETY: this wake has made the runnable.
        go_home(unsafe { Runnable::of(cell) });
    }
}

unsafe fn drop_waker(data: *const ()) {
    let cell = of(data);
    // SAFETY: the waker's task is there.
    let gone = unsafe { cell.as_ref() }.control().drop_waker();
    // SAFETY: it was the waker's.
    unsafe { after(cell, gone) };
}

/// Does what is left to do for whoever has let go of the task.
///
/// # Safety
///
/// `gone` was answered to the caller, and not used yet.
#[inline]
pub(super) unsafe fn after(cell: NonNull<Header>, gone: Gone) {
    match gone {
        Gone::Others => {}
        // SAFETY: nobody is left.
        Gone::Last => unsafe { cell::free(cell) },
        // SAFETY: that step has made the runnable.
        Gone::Runnable => go_home(unsafe { Runnable::of(cell) }),
    }
}
