//! Children and their outputs, by index: what tuples, arrays and vectors have in common.

use std::future::Future;
use std::pin::Pin;
use std::task::Context;

use super::Together;
use crate::slot::Slot;

/// Children that are polled by index.
#[doc(hidden)]
pub trait Slots {
    fn len(&self) -> usize;

    /// True if the output of child `index` came just now.
    fn poll_one(self: Pin<&mut Self>, index: usize, cx: &mut Context<'_>) -> bool;

    /// Drops all futures and outputs.
    fn clear(self: Pin<&mut Self>);
}

/// Whose outputs can be taken together, once all are there.
#[doc(hidden)]
pub trait TakeAll: Slots {
    type All;

    fn take_all(self: Pin<&mut Self>) -> Self::All;
}

/// Whose outputs are `Result`s with one type of error.
#[doc(hidden)]
pub trait TryAll: Slots {
    type Values;
    type Error;

    /// Takes the error of a child that has its output, if it is one.
    fn take_error(self: Pin<&mut Self>, index: usize) -> Option<Self::Error>;

    /// Takes the values, once all are there.
    fn take_values(self: Pin<&mut Self>) -> Self::Values;
}

/// Whose outputs are of one type.
#[doc(hidden)]
pub trait OneOf: Slots {
    type One;

    /// Takes the output of a child that has it.
    fn take_one(self: Pin<&mut Self>, index: usize) -> Self::One;
}

/// The children of a vector.
///
/// Boxed one by one: to pin the elements of one slice takes unsafe code, which this crate forbids itself.
#[doc(hidden)]
#[allow(missing_debug_implementations, reason = "nobody holds one: it stands behind the futures of `join`")]
pub struct Many<F: Future> {
    slots: Vec<Pin<Box<Slot<F>>>>,
}

/// The children of an array.
#[doc(hidden)]
#[allow(missing_debug_implementations, reason = "as above")]
pub struct Exactly<F: Future, const N: usize> {
    many: Many<F>,
}

impl<F: Future> Many<F> {
    fn new(futures: impl IntoIterator<Item = F>) -> Many<F> {
        Many { slots: futures.into_iter().map(|future| Box::pin(Slot::new(future))).collect() }
    }

    fn take(&mut self) -> impl Iterator<Item = F::Output> + use<F> {
        std::mem::take(&mut self.slots).into_iter().map(|mut slot| slot.as_mut().take())
    }
}

impl<F: Future, const N: usize> Exactly<F, N> {
    fn many(self: Pin<&mut Self>) -> Pin<&mut Many<F>> {
        Pin::new(&mut self.get_mut().many)
    }
}

// The slots are boxed.
impl<F: Future> Unpin for Many<F> {}
impl<F: Future, const N: usize> Unpin for Exactly<F, N> {}

impl<F: Future> Together for Vec<F> {
    type Slots = Many<F>;

    fn into_slots(self) -> Many<F> {
        Many::new(self)
    }
}

impl<F: Future, const N: usize> Together for [F; N] {
    type Slots = Exactly<F, N>;

    fn into_slots(self) -> Exactly<F, N> {
        Exactly { many: Many::new(self) }
    }
}

impl<F: Future> Slots for Many<F> {
    fn len(&self) -> usize {
        self.slots.len()
    }

    fn poll_one(self: Pin<&mut Self>, index: usize, cx: &mut Context<'_>) -> bool {
        // No slot is left once the outputs were taken.
        self.get_mut().slots.get_mut(index).is_some_and(|slot| slot.as_mut().poll(cx))
    }

    fn clear(self: Pin<&mut Self>) {
        self.get_mut().slots.clear();
    }
}

impl<F: Future> TakeAll for Many<F> {
    type All = Vec<F::Output>;

    fn take_all(self: Pin<&mut Self>) -> Self::All {
        self.get_mut().take().collect()
    }
}

impl<F: Future<Output = Result<T, E>>, T, E> TryAll for Many<F> {
    type Values = Vec<T>;
    type Error = E;

    fn take_error(self: Pin<&mut Self>, index: usize) -> Option<E> {
        self.get_mut().slots[index].as_mut().take_error()
    }

    fn take_values(self: Pin<&mut Self>) -> Vec<T> {
        self.get_mut().take().map(no_error).collect()
    }
}

impl<F: Future> OneOf for Many<F> {
    type One = F::Output;

    fn take_one(self: Pin<&mut Self>, index: usize) -> F::Output {
        self.get_mut().slots[index].as_mut().take()
    }
}

impl<F: Future, const N: usize> Slots for Exactly<F, N> {
    fn len(&self) -> usize {
        N
    }

    fn poll_one(self: Pin<&mut Self>, index: usize, cx: &mut Context<'_>) -> bool {
        self.many().poll_one(index, cx)
    }

    fn clear(self: Pin<&mut Self>) {
        self.many().clear();
    }
}

impl<F: Future, const N: usize> TakeAll for Exactly<F, N> {
    type All = [F::Output; N];

    fn take_all(self: Pin<&mut Self>) -> Self::All {
        array(self.many().take())
    }
}

impl<F: Future<Output = Result<T, E>>, T, E, const N: usize> TryAll for Exactly<F, N> {
    type Values = [T; N];
    type Error = E;

    fn take_error(self: Pin<&mut Self>, index: usize) -> Option<E> {
        self.many().take_error(index)
    }

    fn take_values(self: Pin<&mut Self>) -> [T; N] {
        array(self.many().take().map(no_error))
    }
}

impl<F: Future, const N: usize> OneOf for Exactly<F, N> {
    type One = F::Output;

    fn take_one(self: Pin<&mut Self>, index: usize) -> F::Output {
        self.many().take_one(index)
    }
}

/// The value, where errors have been taken out as they came.
pub(super) fn no_error<T, E>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|_| unreachable!("an error ends `try_join` when it comes"))
}

fn array<T, const N: usize>(outputs: impl Iterator<Item = T>) -> [T; N] {
    let outputs: Vec<T> = outputs.collect();
    outputs.try_into().unwrap_or_else(|_| panic!("a combinator was polled after it had completed"))
}
