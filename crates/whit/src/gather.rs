//! `gather!` and `try_gather!`: several futures at once, results in the order of the arguments.
//!
//! Children are polled inside the parent's task. Every wake of the parent polls the children that are not ready yet.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::join::Slot;

/// Runs several futures at once and waits for all: asyncio's `gather`. The results come in the order of the arguments.
///
/// Takes 1 to 12 futures of any types, or one `Vec` of futures of one type after `in`.
///
/// Dropping the returned future drops all of its children. A panic in one goes through at once.
///
/// ```
/// # whit::block_on(async {
/// let (a, b) = whit::gather!(async { 1 }, async { "two" }).await;
/// assert_eq!((a, b), (1, "two"));
///
/// let squares: Vec<u32> = whit::gather!(in (0..4).map(|n| async move { n * n })).await;
/// assert_eq!(squares, [0, 1, 4, 9]);
/// # });
/// ```
#[macro_export]
macro_rules! gather {
    (in $futures:expr) => {
        $crate::Together::from_iter($futures).gather()
    };
    ($($future:expr),+ $(,)?) => {
        $crate::Together::new(($($future,)+)).gather()
    };
}

/// Runs several futures of `Result`s at once; the first error drops the others and is returned.
///
/// ```
/// # whit::block_on(async {
/// let ok: Result<(i32, i32), String> = whit::try_gather!(async { Ok(1) }, async { Ok(2) }).await;
/// assert_eq!(ok, Ok((1, 2)));
/// let err: Result<(i32, i32), &str> = whit::try_gather!(async { Err("no") }, std::future::pending()).await;
/// assert_eq!(err, Err("no"));
/// # });
/// ```
#[macro_export]
macro_rules! try_gather {
    (in $futures:expr) => {
        $crate::Together::from_iter($futures).try_gather()
    };
    ($($future:expr),+ $(,)?) => {
        $crate::Together::new(($($future,)+)).try_gather()
    };
}

/// Futures that will be polled together; made by [`gather!`](crate::gather) and [`try_gather!`](crate::try_gather).
#[derive(Clone, Copy, Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct Together<T>(T);

impl<T> Together<T> {
    /// Takes a tuple of futures.
    pub fn new(futures: T) -> Together<T> {
        Together(futures)
    }
}

impl<F: Future> FromIterator<F> for Together<Vec<F>> {
    fn from_iter<I: IntoIterator<Item = F>>(futures: I) -> Self {
        Together(futures.into_iter().collect())
    }
}

pin_project! {
    /// All the outputs. Cancel-safe in so far as dropping it drops every child.
    #[must_use = "futures do nothing unless awaited"]
    pub struct Gather<S> {
        #[pin]
        slots: S,
    }
}

pin_project! {
    /// All the `Ok` values, or the first error. Dropping it drops every child.
    #[must_use = "futures do nothing unless awaited"]
    pub struct TryGather<S> {
        #[pin]
        slots: S,
    }
}

impl<S> fmt::Debug for Gather<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gather { .. }")
    }
}

impl<S> fmt::Debug for TryGather<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TryGather { .. }")
    }
}

impl<F: Future> Together<Vec<F>> {
    /// Waits for all.
    pub fn gather(self) -> Gather<Children<F>> {
        Gather { slots: slots(self.0) }
    }
}

impl<F: Future<Output = Result<T, E>>, T, E> Together<Vec<F>> {
    /// Waits for all, or for the first error.
    pub fn try_gather(self) -> TryGather<Children<F>> {
        TryGather { slots: slots(self.0) }
    }
}

/// Boxed one by one: to pin the elements of one slice takes unsafe code, which this crate forbids itself.
type Children<F> = Vec<Pin<Box<Slot<F>>>>;

fn slots<F: Future>(futures: Vec<F>) -> Children<F> {
    futures.into_iter().map(|future| Box::pin(Slot::new(future))).collect()
}

impl<F: Future> Future for Gather<Children<F>> {
    type Output = Vec<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let slots = self.project().slots.get_mut();
        let mut all = true;
        for slot in slots.iter_mut() {
            all &= slot.as_mut().poll(cx);
        }
        if !all {
            return Poll::Pending;
        }
        Poll::Ready(slots.iter_mut().map(|slot| slot.as_mut().take()).collect())
    }
}

macro_rules! tuples {
    ($($slots:ident: $(($future:ident $field:ident $ok:ident)),+;)+) => {$(
        pin_project! {
            #[doc(hidden)]
            pub struct $slots<$($future: Future),+> {
                $(#[pin] $field: Slot<$future>),+
            }
        }

        impl<$($future: Future),+> Together<($($future,)+)> {
            /// Waits for all.
            pub fn gather(self) -> Gather<$slots<$($future),+>> {
                let ($($field,)+) = self.0;
                Gather { slots: $slots { $($field: Slot::new($field)),+ } }
            }
        }

        impl<Error, $($ok,)+ $($future: Future<Output = Result<$ok, Error>>),+> Together<($($future,)+)> {
            /// Waits for all, or for the first error.
            pub fn try_gather(self) -> TryGather<$slots<$($future),+>> {
                let ($($field,)+) = self.0;
                TryGather { slots: $slots { $($field: Slot::new($field)),+ } }
            }
        }

        impl<$($future: Future),+> Future for Gather<$slots<$($future),+>> {
            type Output = ($($future::Output,)+);

            fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
                let mut slots = self.project().slots.project();
                let mut all = true;
                $(all &= slots.$field.as_mut().poll(cx);)+
                if !all {
                    return Poll::Pending;
                }
                Poll::Ready(($(slots.$field.as_mut().take(),)+))
            }
        }

        impl<Error, $($ok,)+ $($future: Future<Output = Result<$ok, Error>>),+> Future for TryGather<$slots<$($future),+>> {
            type Output = Result<($($ok,)+), Error>;

            fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
                let mut slots = self.project().slots.project();
                let mut all = true;
                $(
                    all &= slots.$field.as_mut().poll(cx);
                    if slots.$field.as_mut().peek().is_some_and(|output| output.is_err()) {
                        return Poll::Ready(slots.$field.as_mut().take().map(|_| unreachable!("it is an error")));
                    }
                )+
                if !all {
                    return Poll::Pending;
                }
                Poll::Ready(Ok(($(
                    match slots.$field.as_mut().take() {
                        Ok(value) => value,
                        Err(error) => return Poll::Ready(Err(error)),
                    },
                )+)))
            }
        }
    )+};
}

tuples! {
    Slots1: (A a A1);
    Slots2: (A a A1), (B b B1);
    Slots3: (A a A1), (B b B1), (C c C1);
    Slots4: (A a A1), (B b B1), (C c C1), (D d D1);
    Slots5: (A a A1), (B b B1), (C c C1), (D d D1), (E e E1);
    Slots6: (A a A1), (B b B1), (C c C1), (D d D1), (E e E1), (F f F1);
    Slots7: (A a A1), (B b B1), (C c C1), (D d D1), (E e E1), (F f F1), (G g G1);
    Slots8: (A a A1), (B b B1), (C c C1), (D d D1), (E e E1), (F f F1), (G g G1), (H h H1);
    Slots9: (A a A1), (B b B1), (C c C1), (D d D1), (E e E1), (F f F1), (G g G1), (H h H1), (I i I1);
    Slots10: (A a A1), (B b B1), (C c C1), (D d D1), (E e E1), (F f F1), (G g G1), (H h H1), (I i I1), (J j J1);
    Slots11: (A a A1), (B b B1), (C c C1), (D d D1), (E e E1), (F f F1), (G g G1), (H h H1), (I i I1), (J j J1), (K k K1);
    Slots12: (A a A1), (B b B1), (C c C1), (D d D1), (E e E1), (F f F1), (G g G1), (H h H1), (I i I1), (J j J1), (K k K1), (L l L1);
}

impl<F: Future<Output = Result<T, E>>, T, E> Future for TryGather<Children<F>> {
    type Output = Result<Vec<T>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let slots = self.project().slots.get_mut();
        let mut all = true;
        for slot in slots.iter_mut() {
            all &= slot.as_mut().poll(cx);
            if slot.as_mut().peek().is_some_and(|output| output.is_err()) {
                return Poll::Ready(slot.as_mut().take().map(|_| unreachable!("it is an error")));
            }
        }
        if !all {
            return Poll::Pending;
        }
        Poll::Ready(slots.iter_mut().map(|slot| slot.as_mut().take()).collect())
    }
}
