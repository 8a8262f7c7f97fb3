//! The cooperative budget of `whit-core`, if feature `budget` asks for it; otherwise there is no limit.

#[cfg(feature = "budget")]
pub(crate) use whit_core::budget::{poll_proceed, refund, unconstrained};

#[cfg(not(feature = "budget"))]
mod unlimited {
    use std::task::{Context, Poll};

    #[inline]
    pub(crate) fn poll_proceed(_: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }

    #[inline]
    pub(crate) fn refund() {}

    pub(crate) fn unconstrained<R>(f: impl FnOnce() -> R) -> R {
        f()
    }
}

#[cfg(not(feature = "budget"))]
pub(crate) use unlimited::{poll_proceed, refund, unconstrained};
