//! `race` and `race_ok`: the first output, or the first that is `Ok`.

use std::fmt;
use std::future::Future;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::{OneOf, Slots, Together};
use crate::stop::Stopping;
use crate::turns::Turns;

/// Runs several futures of one output at once until the first is ready.
///
/// The others are dropped, and what they leave behind has ended when this returns, as with [`try_join`](crate::try_join): no
/// loser is kept half-way. If several are ready in one poll, that which was woken first wins; at the first poll, the one
/// that stands first. A race of no futures is never ready.
///
/// Takes and polls as [`join`](crate::join) does.
///
/// # Cancel safety
///
/// Dropping the returned future drops every child; nobody waits for tasks then.
///
/// # Panics
///
/// With the panic of a child, at once.
///
/// ```
/// use whit_scope::race;
///
/// whit_core::block_on(async {
///     assert_eq!(race((std::future::pending(), async { 2 })).await, 2);
/// });
/// ```
pub fn race<T: Together<Slots: OneOf>>(futures: T) -> RaceAll<T::Slots, <T::Slots as OneOf>::One> {
    let slots = futures.into_slots();
    RaceAll { turns: Turns::new(slots.len()), slots, stopping: Stopping::new() }
}

pin_project! {
    /// The first output; made by [`race`].
    #[must_use = "futures do nothing unless awaited"]
    pub struct RaceAll<S, T> {
        #[pin]
        slots: S,
        turns: Turns,
        stopping: Stopping<T>,
    }
}

impl<S: OneOf> Future for RaceAll<S, S::One> {
    type Output = S::One;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<S::One> {
        let mut this = self.project();
        if !this.stopping.has_begun() {
            let slots = &mut this.slots;
            let won = this.turns.poll(cx, |index, cx| match slots.as_mut().poll_one(index, cx) {
                true => ControlFlow::Break(slots.as_mut().take_one(index)),
                false => ControlFlow::Continue(()),
            });
            let Some(output) = won else { return Poll::Pending };
            this.stopping.begin(output, || this.slots.clear());
        }
        this.stopping.poll(cx)
    }
}

/// Runs several futures of `Result`s at once until the first is `Ok`: happy eyeballs for everything.
///
/// Errors are kept until then. Otherwise as [`race`].
///
/// # Errors
///
/// All errors, in the order of the arguments, if there is no `Ok`; so none, at once, for no futures.
///
/// ```
/// use whit_scope::race_ok;
///
/// whit_core::block_on(async {
///     assert_eq!(race_ok((async { Err("down") }, async { Ok(2) })).await, Ok(2));
///     let failed: Result<(), _> = race_ok(["a", "b"].map(|text| async move { Err(text) })).await;
///     assert_eq!(failed, Err(vec!["a", "b"]));
/// });
/// ```
pub fn race_ok<T, V, E>(futures: T) -> RaceOkAll<T::Slots, V, E>
where
    T: Together<Slots: OneOf<One = Result<V, E>>>,
{
    let slots = futures.into_slots();
    RaceOkAll {
        left: slots.len(),
        turns: Turns::new(slots.len()),
        slots,
        errors: Vec::new(),
        stopping: Stopping::new(),
    }
}

pin_project! {
    /// The first value, or all errors; made by [`race_ok`].
    #[must_use = "futures do nothing unless awaited"]
    pub struct RaceOkAll<S, V, E> {
        #[pin]
        slots: S,
        turns: Turns,
        left: usize,
        // By the index of the child, in the order of their coming.
        errors: Vec<(usize, E)>,
        stopping: Stopping<V>,
    }
}

impl<V, E, S: OneOf<One = Result<V, E>>> Future for RaceOkAll<S, V, E> {
    type Output = Result<V, Vec<E>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if !this.stopping.has_begun() {
            let (slots, left, errors) = (&mut this.slots, this.left, &mut *this.errors);
            let won = this.turns.poll(cx, |index, cx| {
                if slots.as_mut().poll_one(index, cx) {
                    *left -= 1;
                    match slots.as_mut().take_one(index) {
                        Ok(value) => return ControlFlow::Break(value),
                        Err(error) => errors.push((index, error)),
                    }
                }
                ControlFlow::Continue(())
            });
            match won {
                Some(value) => this.stopping.begin(value, || this.slots.clear()),
                None if *left == 0 => {
                    errors.sort_by_key(|(index, _)| *index);
                    return Poll::Ready(Err(errors.drain(..).map(|(_, error)| error).collect()));
                }
                None => return Poll::Pending,
            }
        }
        this.stopping.poll(cx).map(Ok)
    }
}

impl<S, T> fmt::Debug for RaceAll<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RaceAll { .. }")
    }
}

impl<S, V, E> fmt::Debug for RaceOkAll<S, V, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RaceOkAll").field("left", &self.left).finish_non_exhaustive()
    }
}
