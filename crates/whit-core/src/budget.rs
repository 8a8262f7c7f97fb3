//! The cooperative budget: a task that never has to wait still gives the others a turn.
//!
//! Each run of a task starts with [`BUDGET`] units. Operations that could go on for ever without waiting (a read from a
//! socket that is always ready, a channel that is never empty) take one unit each by [`poll_proceed`], which answers
//! `Pending`, and wakes the task, when none is left. Outside a task there is no limit.
//!
//! The idea is tokio's.

use std::cell::Cell;
use std::task::{Context, Poll};

/// Units a task has for each run.
pub const BUDGET: u8 = 128;

/// Stands for no limit.
const UNLIMITED: u8 = u8::MAX;

thread_local! {
    static LEFT: Cell<u8> = const { Cell::new(UNLIMITED) };
}

/// Takes one unit. `Pending` if none was left; then the task has been woken and will be polled again with a fresh budget.
///
/// Call it first, and only then touch what you poll: a `Pending` from here must have taken nothing.
#[inline]
pub fn poll_proceed(cx: &mut Context<'_>) -> Poll<()> {
    match LEFT.get() {
        UNLIMITED => Poll::Ready(()),
        0 => {
            cx.waker().wake_by_ref();
            Poll::Pending
        }
        left => {
            LEFT.set(left - 1);
            Poll::Ready(())
        }
    }
}

/// Takes one unit. False if none was left.
#[inline]
pub(crate) fn take() -> bool {
    let left = LEFT.get();
    if left != 0 && left != UNLIMITED {
        LEFT.set(left - 1);
    }
    left != 0
}

/// Gives one unit back: the operation turned out to have to wait, so it made no progress.
#[inline]
pub fn refund() {
    let left = LEFT.get();
    if left < BUDGET {
        LEFT.set(left + 1);
    }
}

/// Runs `f`, which counts as one unit if it is ready, however many it would take by itself: for an operation that is made of
/// others. `Pending`, and `f` is not run, if none was left; then the task has been woken.
#[inline]
pub fn poll_as_one<T>(cx: &mut Context<'_>, f: impl FnOnce(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
    match LEFT.get() {
        UNLIMITED => f(cx),
        0 => {
            cx.waker().wake_by_ref();
            Poll::Pending
        }
        units => {
            let unlimited = Units::unlimited();
            let polled = f(cx);
            drop(unlimited);
            if polled.is_ready() {
                LEFT.set(units - 1);
            }
            polled
        }
    }
}

/// Runs `f` with a fresh budget, as one run of a task. For root futures and executors of your own.
pub fn with_budget<R>(f: impl FnOnce() -> R) -> R {
    with_units(BUDGET, f)
}

/// Runs `f` with so many units, at most [`BUDGET`], as one run of a task that is to give way soon: a simulation sees by that what may
/// happen between two operations.
pub fn with_units<R>(units: u8, f: impl FnOnce() -> R) -> R {
    let _units = Units::new(units);
    f()
}

/// Runs `f` without a limit, inside a task too: for a poll that must not be turned away.
pub fn unconstrained<R>(f: impl FnOnce() -> R) -> R {
    let _units = Units::unlimited();
    f()
}

/// So many units, or no limit, until it is dropped.
///
/// The place is looked up again for the way back: a closure around a whole poll would not be inlined.
pub(crate) struct Units(u8);

impl Units {
    #[inline]
    pub(crate) fn new(units: u8) -> Units {
        Units(LEFT.replace(units.min(BUDGET)))
    }

    #[inline]
    fn unlimited() -> Units {
        Units(LEFT.replace(UNLIMITED))
    }

    /// A limit where there is none; else what is left stays, and is used up by both.
    pub(crate) fn shared() -> Option<Units> {
        (LEFT.get() == UNLIMITED).then(|| Units::new(BUDGET))
    }
}

impl Drop for Units {
    #[inline]
    fn drop(&mut self) {
        LEFT.set(self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::Waker;

    #[test]
    fn runs_out_and_is_restored() {
        let mut cx = Context::from_waker(Waker::noop());
        let proceeds = |cx: &mut Context<'_>| (0..1000).filter(|_| poll_proceed(cx).is_ready()).count();
        assert_eq!(proceeds(&mut cx), 1000);
        with_budget(|| {
            let mut cx = Context::from_waker(Waker::noop());
            assert_eq!(proceeds(&mut cx), BUDGET as usize);
            refund();
            assert!(poll_proceed(&mut cx).is_ready());
            assert!(poll_proceed(&mut cx).is_pending());
            assert_eq!(unconstrained(|| proceeds(&mut Context::from_waker(Waker::noop()))), 1000);
            assert!(poll_proceed(&mut cx).is_pending());
        });
        assert_eq!(proceeds(&mut cx), 1000);
    }

    #[test]
    fn what_is_made_of_others_counts_once_and_only_if_it_is_ready() {
        let mut cx = Context::from_waker(Waker::noop());
        let of_three =
            |cx: &mut Context<'_>| (0..3).map(|_| poll_proceed(cx)).find(Poll::is_pending).unwrap_or(Poll::Ready(()));
        with_units(2, || {
            let poll = |cx: &mut Context<'_>, waits: bool| {
                poll_as_one(cx, |cx| if waits { Poll::Pending } else { of_three(cx) })
            };
            assert!(poll(&mut cx, false).is_ready());
            assert!(poll(&mut cx, true).is_pending());
            assert!(poll(&mut cx, false).is_ready());
            assert!(poll_as_one(&mut cx, |_| -> Poll<()> { unreachable!("none is left") }).is_pending());
        });
        assert!(poll_as_one(&mut cx, of_three).is_ready());
    }
}
