//! One future for everything that is acquired from a raw semaphore: permits, a lock, a share in a lock.

use std::fmt;
use std::task::{Context, Poll};

use crate::raw::{IsClosed, Place, RawSemaphore, Wanted};

/// How to get at the semaphore, and what to give for its permits.
pub(crate) trait Acquirable: Unpin {
    /// What the future gives.
    type Output;

    fn raw(&self) -> &RawSemaphore;

    fn wanted(&self) -> Wanted;

    /// The permits are ours, or never will be.
    fn acquired(self, outcome: Result<(), IsClosed>) -> Self::Output;
}

pub(crate) struct Acquiring<A: Acquirable> {
    // Taken when it is ready.
    what: Option<A>,
    place: Place,
}

impl<A: Acquirable> Acquiring<A> {
    #[inline]
    pub(crate) fn new(what: A) -> Acquiring<A> {
        Acquiring { what: Some(what), place: Place::default() }
    }

    #[inline]
    #[track_caller]
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<A::Output> {
        let what = self.what.as_ref().expect("a future that was ready has been polled again; await it once");
        self.place.poll(what.raw(), what.wanted(), cx).map(|outcome| {
            let what = self.what.take().expect("looked at just now");
            what.acquired(outcome)
        })
    }
}

impl<A: Acquirable> Drop for Acquiring<A> {
    #[inline]
    fn drop(&mut self) {
        if let Some(what) = &self.what {
            self.place.give_up(what.raw());
        }
    }
}

impl<A: Acquirable> fmt::Debug for Acquiring<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acquiring").field("place", &self.place).finish_non_exhaustive()
    }
}

/// A public future around an [`Acquiring`], whose output may be wrapped.
macro_rules! acquiring_future {
    ($(#[$meta:meta])* $name:ident [$($generics:tt)*] [$($args:tt)*] $acquirable:ty => $output:ty $(, $wrap:expr)?) => {
        $(#[$meta])*
        #[must_use = "futures do nothing unless awaited"]
        pub struct $name<$($generics)*>(pub(crate) $crate::acquire::Acquiring<$acquirable>);

        impl<$($generics)*> std::future::Future for $name<$($args)*> {
            type Output = $output;

            #[inline]
            fn poll(
                mut self: std::pin::Pin<&mut Self>,
                cx: &mut std::task::Context<'_>,
            ) -> std::task::Poll<$output> {
                self.0.poll(cx)$(.map($wrap))?
            }
        }

        impl<$($generics)*> std::fmt::Debug for $name<$($args)*> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_tuple(stringify!($name)).field(&self.0).finish()
            }
        }
    };
}
pub(crate) use acquiring_future;
