//! `Mutex`: one permit, and the data that it stands for.

use std::cell::UnsafeCell;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use crate::acquire::{Acquirable, Acquiring, acquiring_future};
use crate::blocking;
use crate::raw::{IsClosed, RawSemaphore, Wanted};
use crate::sync::const_unless_loom;

/// A lock whose guard may be held across an await. Unlocking hands it to the one that waited longest.
///
/// There is no poisoning: a panic while it is held unlocks it. For a short section without awaits, std's `Mutex` is the
/// better one.
///
/// ```
/// use whit_sync::Mutex;
///
/// futures_lite::future::block_on(async {
///     let mutex = Mutex::new(1);
///     *mutex.lock().await += 1;
///     assert_eq!(mutex.into_inner(), 2);
/// });
/// ```
pub struct Mutex<T: ?Sized> {
    raw: RawSemaphore,
    data: UnsafeCell<T>,
}

// SAFETY: it owns the data, which goes where the mutex goes.
unsafe impl<T: ?Sized + Send> Send for Mutex<T> {}
// SAFETY: the one permit lets one guard exist at a time, and the data is reached through a guard, or through `&mut` or by
// value. So threads that share the mutex hand the data to each other, for which `Send` is enough.
unsafe impl<T: ?Sized + Send> Sync for Mutex<T> {}

impl<T> Mutex<T> {
    const_unless_loom! {
        /// A mutex that is not locked.
        pub const fn new(data: T) -> Mutex<T> {
            Mutex { raw: RawSemaphore::new(1), data: UnsafeCell::new(data) }
        }
    }

    /// The data.
    pub fn into_inner(self) -> T {
        self.data.into_inner()
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Waits for the lock.
    ///
    /// Cancel-safe: dropped at any point, nothing is lost but the place in the queue. A future that was handed the lock and is
    /// kept without being polled keeps it locked. A task that holds the guard already waits for itself, for ever.
    #[inline]
    pub fn lock(&self) -> Lock<'_, T> {
        Lock(Acquiring::new(self))
    }

    /// The lock, if nobody has it or waits for it.
    #[inline]
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        self.raw.try_acquire(1).is_ok().then(|| MutexGuard { mutex: self, marker: PhantomData })
    }

    /// As [`lock`](Mutex::lock), for a thread that may block. Not for tasks: it keeps their worker from all others.
    #[track_caller]
    pub fn lock_blocking(&self) -> MutexGuard<'_, T> {
        blocking::wait("lock_blocking", self.lock())
    }

    /// As [`lock`](Mutex::lock), with a guard that owns a share in the mutex.
    pub fn lock_arc(self: &Arc<Self>) -> LockArc<T> {
        LockArc(Acquiring::new(self.clone()))
    }

    /// As [`try_lock`](Mutex::try_lock), with a guard that owns a share in the mutex.
    pub fn try_lock_arc(self: &Arc<Self>) -> Option<MutexGuardArc<T>> {
        self.raw.try_acquire(1).is_ok().then(|| MutexGuardArc { mutex: self.clone(), marker: PhantomData })
    }

    /// As [`lock_arc`](Mutex::lock_arc), for a thread that may block.
    #[track_caller]
    pub fn lock_arc_blocking(self: &Arc<Self>) -> MutexGuardArc<T> {
        blocking::wait("lock_arc_blocking", self.lock_arc())
    }

    /// The data, which nobody can have locked meanwhile.
    pub fn get_mut(&mut self) -> &mut T {
        self.data.get_mut()
    }

    #[inline]
    fn unlock(&self) {
        self.raw.give_back(1);
    }
}

impl<'m, T: ?Sized> Acquirable for &'m Mutex<T> {
    type Output = MutexGuard<'m, T>;

    #[inline]
    fn raw(&self) -> &RawSemaphore {
        &self.raw
    }

    #[inline]
    fn wanted(&self) -> Wanted {
        Wanted::new(1)
    }

    #[inline]
    fn acquired(self, outcome: Result<(), IsClosed>) -> MutexGuard<'m, T> {
        outcome.expect("a mutex is never closed");
        MutexGuard { mutex: self, marker: PhantomData }
    }
}

impl<T: ?Sized> Acquirable for Arc<Mutex<T>> {
    type Output = MutexGuardArc<T>;

    #[inline]
    fn raw(&self) -> &RawSemaphore {
        &self.raw
    }

    #[inline]
    fn wanted(&self) -> Wanted {
        Wanted::new(1)
    }

    #[inline]
    fn acquired(self, outcome: Result<(), IsClosed>) -> MutexGuardArc<T> {
        outcome.expect("a mutex is never closed");
        MutexGuardArc { mutex: self, marker: PhantomData }
    }
}

acquiring_future! {
    /// Made by [`Mutex::lock`].
    Lock ['m, T: ?Sized] ['m, T] &'m Mutex<T> => MutexGuard<'m, T>
}

acquiring_future! {
    /// Made by [`Mutex::lock_arc`].
    LockArc [T: ?Sized] [T] Arc<Mutex<T>> => MutexGuardArc<T>
}

/// The data of a [`Mutex`]; dropping it unlocks.
///
/// It is the right to unlock: nobody without it can, and nobody can twice.
///
/// ```compile_fail,E0382
/// let mutex = whit_sync::Mutex::new(5);
/// let guard = mutex.try_lock().unwrap();
/// drop(guard);
/// drop(guard);
/// ```
#[must_use = "a dropped guard unlocks at once"]
pub struct MutexGuard<'m, T: ?Sized> {
    mutex: &'m Mutex<T>,
    // As `&mut T`: shared between threads if `T` can be, which the reference to the mutex does not ask for.
    marker: PhantomData<&'m mut T>,
}

/// The data of a [`Mutex`], and a share in it; dropping it unlocks.
#[must_use = "a dropped guard unlocks at once"]
pub struct MutexGuardArc<T: ?Sized> {
    mutex: Arc<Mutex<T>>,
    // As above.
    marker: PhantomData<T>,
}

impl<'m, T: ?Sized> MutexGuard<'m, T> {
    /// The mutex that it locks.
    pub fn source(guard: &MutexGuard<'m, T>) -> &'m Mutex<T> {
        guard.mutex
    }
}

impl<T: ?Sized> MutexGuardArc<T> {
    /// The mutex that it locks.
    pub fn source(guard: &MutexGuardArc<T>) -> &Arc<Mutex<T>> {
        &guard.mutex
    }
}

macro_rules! guard {
    ($name:ident [$($generics:tt)*] [$($args:tt)*]) => {
        impl<$($generics)*> Deref for $name<$($args)*> {
            type Target = T;

            #[inline]
            fn deref(&self) -> &T {
                // SAFETY: this guard holds the only permit, so no other reference to the data exists but through it.
                unsafe { &*self.mutex.data.get() }
            }
        }

        impl<$($generics)*> DerefMut for $name<$($args)*> {
            #[inline]
            fn deref_mut(&mut self) -> &mut T {
                // SAFETY: as above, and this guard is borrowed mutably.
                unsafe { &mut *self.mutex.data.get() }
            }
        }

        impl<$($generics)*> Drop for $name<$($args)*> {
            #[inline]
            fn drop(&mut self) {
                self.mutex.unlock();
            }
        }

        impl<$($generics)* + fmt::Debug> fmt::Debug for $name<$($args)*> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                (**self).fmt(f)
            }
        }

        impl<$($generics)* + fmt::Display> fmt::Display for $name<$($args)*> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                (**self).fmt(f)
            }
        }
    };
}

guard!(MutexGuard ['m, T: ?Sized] ['m, T]);
guard!(MutexGuardArc [T: ?Sized] [T]);

impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut mutex = f.debug_struct("Mutex");
        match self.try_lock() {
            Some(guard) => mutex.field("data", &&*guard).finish(),
            None => mutex.field("data", &format_args!("<locked>")).finish(),
        }
    }
}

impl<T> From<T> for Mutex<T> {
    fn from(data: T) -> Mutex<T> {
        Mutex::new(data)
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Mutex<T> {
        Mutex::new(T::default())
    }
}
