//! `Semaphore`: permits, first come, first served.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::acquire::{Acquirable, Acquiring, acquiring_future};
use crate::blocking;
use crate::raw::{IsClosed, PERMITS_MOST, RawSemaphore, Wanted};
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::const_unless_loom;

/// A number of permits: asyncio's `Semaphore`. A release goes to the one that waited longest.
///
/// A large request at the head of the queue waits for all it asked for, and nobody behind it is served first.
///
/// ```
/// use whit_sync::Semaphore;
///
/// futures_lite::future::block_on(async {
///     let semaphore = Semaphore::new(2);
///     let one = semaphore.acquire().await?;
///     let _two = semaphore.acquire().await?;
///     assert!(semaphore.try_acquire().is_none());
///     drop(one);
///     assert!(semaphore.try_acquire().is_some());
///     Ok::<(), whit_sync::AcquireError>(())
/// })?;
/// # Ok::<(), whit_sync::AcquireError>(())
/// ```
#[derive(Debug)]
pub struct Semaphore {
    raw: RawSemaphore,
    // Permits there are, free or held: so those that come back always fit. Not kept by `add_uncounted` and `use_up`.
    total: AtomicUsize,
}

impl Semaphore {
    /// The most permits that a semaphore can count, those that are held included.
    pub const MAX_PERMITS: usize = PERMITS_MOST;

    const_unless_loom! {
        /// A semaphore with `permits` permits.
        ///
        /// # Panics
        ///
        /// If that is more than [`MAX_PERMITS`](Semaphore::MAX_PERMITS).
        #[track_caller]
        pub const fn new(permits: usize) -> Semaphore {
            Semaphore { raw: RawSemaphore::new(permits), total: AtomicUsize::new(permits) }
        }
    }

    /// Waits for a permit.
    ///
    /// Cancel-safe: dropped at any point, nothing is lost but the place in the queue. A future that was granted its permit and
    /// is kept without being polled keeps the permit from all others.
    ///
    /// # Errors
    ///
    /// The semaphore has been [closed](Semaphore::close).
    #[inline]
    pub fn acquire(&self) -> Acquire<'_> {
        self.acquire_many(1)
    }

    /// Waits for `count` permits at once; as [`acquire`](Semaphore::acquire). They may be more than there are: others may be
    /// added.
    ///
    /// # Errors
    ///
    /// The semaphore has been [closed](Semaphore::close).
    ///
    /// # Panics
    ///
    /// If `count` is more than [`MAX_PERMITS`](Semaphore::MAX_PERMITS): it would wait for ever.
    #[inline]
    #[track_caller]
    pub fn acquire_many(&self, count: usize) -> Acquire<'_> {
        Acquire(Acquiring::new(Permits { semaphore: self, count: possible(count) }))
    }

    /// As [`acquire`](Semaphore::acquire), with a guard that owns a share in the semaphore.
    ///
    /// # Errors
    ///
    /// The semaphore has been [closed](Semaphore::close).
    pub fn acquire_arc(self: &Arc<Self>) -> AcquireArc {
        self.acquire_many_arc(1)
    }

    /// As [`acquire_many`](Semaphore::acquire_many), with a guard that owns a share in the semaphore.
    ///
    /// # Errors
    ///
    /// The semaphore has been [closed](Semaphore::close).
    ///
    /// # Panics
    ///
    /// As there.
    #[track_caller]
    pub fn acquire_many_arc(self: &Arc<Self>, count: usize) -> AcquireArc {
        AcquireArc(Acquiring::new(Permits { semaphore: self.clone(), count: possible(count) }))
    }

    /// As [`acquire`](Semaphore::acquire), for a thread that may block. Not for tasks: it keeps their worker from all others.
    ///
    /// # Errors
    ///
    /// The semaphore has been [closed](Semaphore::close).
    #[track_caller]
    pub fn acquire_blocking(&self) -> Result<SemaphoreGuard<'_>, AcquireError> {
        blocking::wait("acquire_blocking", self.acquire())
    }

    /// As [`acquire_arc`](Semaphore::acquire_arc), for a thread that may block.
    ///
    /// # Errors
    ///
    /// The semaphore has been [closed](Semaphore::close).
    #[track_caller]
    pub fn acquire_arc_blocking(self: &Arc<Self>) -> Result<SemaphoreGuardArc, AcquireError> {
        blocking::wait("acquire_arc_blocking", self.acquire_arc())
    }

    /// A permit, if one is there, nobody waits for it, and the semaphore is not closed.
    #[inline]
    pub fn try_acquire(&self) -> Option<SemaphoreGuard<'_>> {
        self.try_acquire_many(1)
    }

    /// As [`try_acquire`](Semaphore::try_acquire), all `count` of them or none.
    #[inline]
    pub fn try_acquire_many(&self, count: usize) -> Option<SemaphoreGuard<'_>> {
        // Not `then_some`: it would build the guard, and drop it, in each case.
        self.raw.try_acquire(count).is_ok().then(|| SemaphoreGuard { semaphore: self, count })
    }

    /// As [`try_acquire`](Semaphore::try_acquire), with a guard that owns a share in the semaphore.
    pub fn try_acquire_arc(self: &Arc<Self>) -> Option<SemaphoreGuardArc> {
        self.raw.try_acquire(1).is_ok().then(|| SemaphoreGuardArc { semaphore: self.clone(), count: 1 })
    }

    /// Adds permits for good.
    ///
    /// # Panics
    ///
    /// If there would be more than [`MAX_PERMITS`](Semaphore::MAX_PERMITS), those included that are held.
    #[track_caller]
    pub fn add_permits(&self, count: usize) {
        let sum = |total: usize| total.checked_add(count).filter(|sum| *sum <= PERMITS_MOST);
        if let Err(total) = self.total.fetch_update(Ordering::Relaxed, Ordering::Relaxed, sum) {
            panic!(
                "adding {count} permits to the {total} of a semaphore would pass the most it can count, {PERMITS_MOST}"
            );
        }
        self.raw.give_back(count);
    }

    /// As [`add_permits`](Semaphore::add_permits), for those who know that it fits: they have as many things in memory.
    pub(crate) fn add_uncounted(&self, count: usize) {
        self.raw.give_back(count);
    }

    /// Permits that nobody has at the moment.
    pub fn available_permits(&self) -> usize {
        self.raw.available()
    }

    /// No more permits: all who wait and all who come get an error. Permits that are held stay valid.
    pub fn close(&self) {
        self.raw.close();
    }

    /// Whether it has been closed.
    pub fn is_closed(&self) -> bool {
        self.raw.is_closed()
    }

    /// How many wait at the moment.
    pub fn waiting(&self) -> usize {
        self.raw.waiting()
    }
}

/// A number of permits that may come some day.
#[inline]
#[track_caller]
fn possible(count: usize) -> usize {
    assert!(
        count <= PERMITS_MOST,
        "{count} permits at once were asked of a semaphore, which can count no more than {PERMITS_MOST}; ask for fewer"
    );
    count
}

/// Asks for permits.
pub(crate) struct Permits<O> {
    semaphore: O,
    count: usize,
}

impl<'s> Acquirable for Permits<&'s Semaphore> {
    type Output = Result<SemaphoreGuard<'s>, AcquireError>;

    #[inline]
    fn raw(&self) -> &RawSemaphore {
        &self.semaphore.raw
    }

    #[inline]
    fn wanted(&self) -> Wanted {
        Wanted::new(self.count)
    }

    #[inline]
    fn acquired(self, outcome: Result<(), IsClosed>) -> Self::Output {
        outcome.map_err(|_| AcquireError(()))?;
        Ok(SemaphoreGuard { semaphore: self.semaphore, count: self.count })
    }
}

impl Acquirable for Permits<Arc<Semaphore>> {
    type Output = Result<SemaphoreGuardArc, AcquireError>;

    #[inline]
    fn raw(&self) -> &RawSemaphore {
        &self.semaphore.raw
    }

    #[inline]
    fn wanted(&self) -> Wanted {
        Wanted::new(self.count)
    }

    #[inline]
    fn acquired(self, outcome: Result<(), IsClosed>) -> Self::Output {
        outcome.map_err(|_| AcquireError(()))?;
        Ok(SemaphoreGuardArc { semaphore: self.semaphore, count: self.count })
    }
}

acquiring_future! {
    /// Made by [`Semaphore::acquire`] and [`Semaphore::acquire_many`].
    Acquire ['s] ['s] Permits<&'s Semaphore> => Result<SemaphoreGuard<'s>, AcquireError>
}

acquiring_future! {
    /// Made by [`Semaphore::acquire_arc`] and [`Semaphore::acquire_many_arc`].
    AcquireArc [] [] Permits<Arc<Semaphore>> => Result<SemaphoreGuardArc, AcquireError>
}

/// The semaphore was closed before there was a permit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AcquireError(());

impl fmt::Display for AcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("acquiring a permit failed: the semaphore has been closed, and will give no more")
    }
}

impl Error for AcquireError {}

macro_rules! permits {
    ($(#[$meta:meta])* $name:ident [$($life:lifetime)?] $owner:ty) => {
        $(#[$meta])*
        #[derive(Debug)]
        #[must_use = "a dropped guard gives its permits back at once"]
        pub struct $name<$($life)?> {
            semaphore: $owner,
            count: usize,
        }

        impl<$($life)?> $name<$($life)?> {
            /// Takes the permits out of circulation for good.
            pub fn forget(mut self) {
                self.semaphore.total.fetch_sub(std::mem::take(&mut self.count), Ordering::Relaxed);
            }

            /// How many permits it is worth.
            pub fn permits(&self) -> usize {
                self.count
            }
        }

        impl<$($life)?> Drop for $name<$($life)?> {
            #[inline]
            fn drop(&mut self) {
                self.semaphore.raw.give_back(self.count);
            }
        }
    };
}

permits! {
    /// Permits; dropping it gives them back.
    SemaphoreGuard ['s] &'s Semaphore
}

impl SemaphoreGuard<'_> {
    /// As [`forget`](SemaphoreGuard::forget), where permits are added by [`add_uncounted`](Semaphore::add_uncounted).
    pub(crate) fn use_up(self) {
        std::mem::forget(self);
    }
}

permits! {
    /// Permits, and a share in the semaphore; dropping it gives them back.
    SemaphoreGuardArc [] Arc<Semaphore>
}
