//! The way home of a woken task, short when it is woken where it lives.
//!
//! Every task's metadata points to its home, an `Arc<dyn Schedule>`. Calling through it from a wake needs the `Arc` to be
//! cloned, since the task may run and end on another thread, and the home with it, while `schedule` still uses it: two
//! atomic read-modify-writes. A worker avoids them by saying, for as long as it drives a home, which local queue stands in for
//! that home on this thread.
//!
//! Rules:
//! 1. `DRIVEN` is set only by [`drive`] and [`drive_alone`], which restore the former value on return and on unwind.
//! 2. The pointers in it are valid while it is set: what they point to is borrowed throughout.
//! 3. A home that this thread drives alone, by [`drive_alone`], has all its runnables here while the flag says so.
//! 4. Homes are told apart by which allocation they are (`Arc::ptr_eq`). That of `DRIVEN` is alive by rule 2, so that no other is at its
//!    address.

use std::cell::Cell;
use std::mem::ManuallyDrop;
use std::ptr::{NonNull, null};
use std::sync::Arc;

use crate::{Home, Runnable, Schedule, ScheduleInfo};

#[cfg(not(loom))]
thread_local! {
    static DRIVEN: Cell<Option<Driven>> = const { Cell::new(None) };
}
// loom runs the threads of a model on one thread.
#[cfg(loom)]
loom::thread_local! {
    static DRIVEN: Cell<Option<Driven>> = Cell::new(None);
}

#[derive(Clone, Copy)]
struct Driven {
    home: *const Home,
    local: *const (dyn Schedule + 'static),
    // Null, or the flag of `drive_alone`.
    alone: *const Cell<bool>,
}

/// Runs `f`; until it returns, tasks of `home` that are woken on this thread go to `local` instead.
///
/// Worker loops call this around their work. Calls nest (a `block_on` inside a task): the innermost counts, and the
/// outer one is back when the inner returns or unwinds.
pub fn drive<R>(home: &Home, local: &dyn Schedule, f: impl FnOnce() -> R) -> R {
    drive_as(home, local, null(), f)
}

/// As [`drive`], for a home whose tasks stay on this thread: letting go of a task here takes fewer steps.
///
/// # Safety
///
/// While `alone` says true, no other thread takes a [`Runnable`] of this home out of anything: it may leave one here, and touch it
/// no more.
pub unsafe fn drive_alone<R>(home: &Home, local: &dyn Schedule, alone: &Cell<bool>, f: impl FnOnce() -> R) -> R {
    drive_as(home, local, alone, f)
}

#[inline]
fn drive_as<R>(home: &Home, local: &dyn Schedule, alone: *const Cell<bool>, f: impl FnOnce() -> R) -> R {
    struct Restore(Option<Driven>);
    impl Drop for Restore {
        fn drop(&mut self) {
            DRIVEN.with(|driven| driven.set(self.0));
        }
    }

    // SAFETY: only the lifetime changes. The pointer is used by `dispatch` while `DRIVEN` holds it, and `_restore`
    // takes it out again before this function returns or unwinds, while `local` is still borrowed.
    let local = unsafe { std::mem::transmute::<*const (dyn Schedule + '_), *const (dyn Schedule + 'static)>(local) };
    let driven = Driven { home, local, alone };
    let _restore = Restore(DRIVEN.with(|former| former.replace(Some(driven))));
    f()
}

/// Whether this thread is inside [`drive`] for `home`.
pub fn is_driving(home: &Home) -> bool {
    DRIVEN.with(Cell::get).is_some_and(|driven| driven.is(home))
}

/// Whether this thread drives `home`, and is the only one to have its runnables. Of `home` only the pointer is looked at.
#[inline]
pub(crate) fn is_alone(home: &Home) -> bool {
    DRIVEN.with(Cell::get).is_some_and(|driven| {
        // SAFETY: not null, so that the `drive_alone` that we are inside of borrows it.
        driven.is(home) && !driven.alone.is_null() && unsafe { &*driven.alone }.get()
    })
}

/// Sends a woken task home.
#[inline]
pub(crate) fn dispatch(runnable: Runnable, info: ScheduleInfo) {
    // SAFETY: a copy that is not counted, since the task may be gone before `with` returns. It is used while the runnable
    // is here, which keeps the home alive (see `Meta::home`), and `with` counts before the runnable goes away, where it must.
    let home = ManuallyDrop::new(unsafe { std::ptr::read(runnable.home()) });
    with(&home, |schedule| schedule.schedule(runnable, info));
}

/// Calls `f` with what stands in for `home` on this thread, or with `home` itself, which it keeps alive meanwhile.
#[inline]
pub(crate) fn with<R>(home: &Home, f: impl FnOnce(&dyn Schedule) -> R) -> R {
    match DRIVEN.with(Cell::get) {
        Some(driven) if driven.is(home) => {
            // SAFETY: rules 1 and 2 above: we are inside the `drive` that borrows what `local` points to.
            f(unsafe { &*driven.local })
        }
        _ => {
            let home = home.clone();
            f(&*home)
        }
    }
}

/// Calls `f` with the home that this thread drives, if it `is` the one, without counting.
#[inline]
pub(crate) fn with_driven<R>(is: fn(&Home) -> bool, f: impl FnOnce(Option<&Home>) -> R) -> R {
    // SAFETY: rule 2: we are inside the `drive` that borrows it, and `f` has returned before that does.
    f(driven(is).map(|home| unsafe { home.as_ref() }))
}

/// Apart: a thread-local is dearer to reach from another crate.
#[inline(never)]
fn driven(is: fn(&Home) -> bool) -> Option<NonNull<Home>> {
    let home = NonNull::new(DRIVEN.with(Cell::get)?.home.cast_mut())?;
    // SAFETY: rule 2.
    is(unsafe { home.as_ref() }).then_some(home)
}

impl Driven {
    /// Compares pointers and looks into neither, as `home` may be gone.
    #[inline]
    fn is(&self, home: &Home) -> bool {
        // SAFETY: rule 2.
        Arc::ptr_eq(unsafe { &*self.home }, home)
    }
}
