//! The guards of a `RwLock`: each a share of its permits, which says what may be done with the data.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use super::{READ, RwLock, UPGRADABLE, Upgrade, UpgradeArc, WRITE};
use crate::raw::RawSemaphore;

/// A lock by reference or by share: `&RwLock<T>` or `Arc<RwLock<T>>`.
pub(crate) trait Owner: Unpin {
    type Data: ?Sized;

    fn lock(&self) -> &RwLock<Self::Data>;
}

impl<T: ?Sized> Owner for &RwLock<T> {
    type Data = T;

    #[inline]
    fn lock(&self) -> &RwLock<T> {
        self
    }
}

impl<T: ?Sized> Owner for Arc<RwLock<T>> {
    type Data = T;

    #[inline]
    fn lock(&self) -> &RwLock<T> {
        self
    }
}

/// Permits of a lock; dropping it gives them back.
pub(crate) struct Share<O: Owner> {
    owner: O,
    permits: usize,
}

impl<O: Owner> Share<O> {
    /// The permits have been acquired.
    #[inline]
    pub(crate) fn new(owner: O, permits: usize) -> Share<O> {
        Share { owner, permits }
    }

    #[inline]
    pub(crate) fn try_new(owner: O, permits: usize) -> Option<Share<O>> {
        owner.lock().raw.try_acquire(permits).is_ok().then(|| Share { owner, permits })
    }

    #[inline]
    pub(crate) fn raw(&self) -> &RawSemaphore {
        &self.owner.lock().raw
    }

    /// More permits have been acquired for it.
    pub(crate) fn grown(mut self, permits: usize) -> Share<O> {
        self.permits = permits;
        self
    }

    /// Gives back all but `permits`.
    fn shrunk(mut self, permits: usize) -> Share<O> {
        let too_many = std::mem::replace(&mut self.permits, permits) - permits;
        self.raw().give_back(too_many);
        self
    }
}

impl<O: Owner> Drop for Share<O> {
    #[inline]
    fn drop(&mut self) {
        self.raw().give_back(self.permits);
    }
}

macro_rules! guard {
    ($(#[$meta:meta])* $name:ident [$($generics:tt)*] [$($args:tt)*] $owner:ty, $marker:ty) => {
        $(#[$meta])*
        #[must_use = "a dropped guard unlocks at once"]
        pub struct $name<$($generics)*>(pub(super) Guarded<$owner, $marker>);

        impl<$($generics)*> $name<$($args)*> {
            #[inline]
            pub(super) fn new(share: Share<$owner>) -> Self {
                $name(Guarded { share, marker: PhantomData })
            }
        }

        impl<$($generics)*> Deref for $name<$($args)*> {
            type Target = T;

            #[inline]
            fn deref(&self) -> &T {
                // SAFETY: whoever holds a share keeps all writers out but himself; and he cannot write while this borrow
                // lasts, which is of the guard.
                unsafe { &*self.0.share.owner.lock().data.get() }
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

macro_rules! write_guard {
    ($name:ident [$($generics:tt)*] [$($args:tt)*] $read:ident $upgradable:ident) => {
        impl<$($generics)*> DerefMut for $name<$($args)*> {
            #[inline]
            fn deref_mut(&mut self) -> &mut T {
                // SAFETY: this guard has every permit, so there is no other guard, and it is borrowed mutably.
                unsafe { &mut *self.0.share.owner.lock().data.get() }
            }
        }

        impl<$($generics)*> $name<$($args)*> {
            /// Goes on reading, and lets other readers in. Nobody writes in between.
            pub fn downgrade(guard: Self) -> $read<$($args)*> {
                $read::new(guard.0.share.shrunk(READ))
            }

            /// Goes on reading, with the right to upgrade again. Nobody writes in between.
            pub fn downgrade_to_upgradable(guard: Self) -> $upgradable<$($args)*> {
                $upgradable::new(guard.0.share.shrunk(UPGRADABLE))
            }
        }
    };
}

macro_rules! upgradable_guard {
    ($name:ident [$($generics:tt)*] [$($args:tt)*] $read:ident $write:ident $upgrade:ident) => {
        impl<$($generics)*> $name<$($args)*> {
            /// Goes on reading, without the right to upgrade, which another may have then.
            pub fn downgrade(guard: Self) -> $read<$($args)*> {
                $read::new(guard.0.share.shrunk(READ))
            }

            /// Waits until all other readers have left, ahead of everybody who waits; new ones are kept out meanwhile.
            ///
            /// Dropping the future unlocks.
            pub fn upgrade(guard: Self) -> $upgrade<$($args)*> {
                $upgrade::new(guard.0.share)
            }

            /// As [`upgrade`](Self::upgrade), for a thread that may block.
            #[track_caller]
            pub fn upgrade_blocking(guard: Self) -> $write<$($args)*> {
                crate::blocking::wait("upgrade_blocking", Self::upgrade(guard))
            }

            /// To write, if nobody else reads.
            ///
            /// # Errors
            ///
            /// Somebody does; here is the guard again.
            pub fn try_upgrade(guard: Self) -> Result<$write<$($args)*>, Self> {
                match guard.0.share.raw().try_acquire_at_front(WRITE - UPGRADABLE) {
                    true => Ok($write::new(guard.0.share.grown(WRITE))),
                    false => Err(guard),
                }
            }
        }
    };
}

/// A share, and by `M` what its guard is to the data: `&T` or `&mut T`. The reference to the lock alone would let a guard be
/// shared between threads with data that must not be.
pub(crate) struct Guarded<O: Owner, M> {
    share: Share<O>,
    marker: PhantomData<M>,
}

guard! {
    /// Reads the data of a [`RwLock`]; dropping it unlocks.
    RwLockReadGuard ['l, T: ?Sized] ['l, T] &'l RwLock<T>, &'l T
}
guard! {
    /// Reads the data of a [`RwLock`], with the right to [upgrade](Self::upgrade); dropping it unlocks.
    RwLockUpgradableReadGuard ['l, T: ?Sized] ['l, T] &'l RwLock<T>, &'l mut T
}
guard! {
    /// Writes the data of a [`RwLock`]; dropping it unlocks.
    RwLockWriteGuard ['l, T: ?Sized] ['l, T] &'l RwLock<T>, &'l mut T
}
guard! {
    /// [`RwLockReadGuard`] with a share in the lock.
    RwLockReadGuardArc [T: ?Sized] [T] Arc<RwLock<T>>, Box<T>
}
guard! {
    /// [`RwLockUpgradableReadGuard`] with a share in the lock.
    RwLockUpgradableReadGuardArc [T: ?Sized] [T] Arc<RwLock<T>>, Box<T>
}
guard! {
    /// [`RwLockWriteGuard`] with a share in the lock.
    RwLockWriteGuardArc [T: ?Sized] [T] Arc<RwLock<T>>, Box<T>
}

write_guard!(RwLockWriteGuard ['l, T: ?Sized] ['l, T] RwLockReadGuard RwLockUpgradableReadGuard);
write_guard!(RwLockWriteGuardArc [T: ?Sized] [T] RwLockReadGuardArc RwLockUpgradableReadGuardArc);
upgradable_guard!(RwLockUpgradableReadGuard ['l, T: ?Sized] ['l, T] RwLockReadGuard RwLockWriteGuard Upgrade);
upgradable_guard!(RwLockUpgradableReadGuardArc [T: ?Sized] [T] RwLockReadGuardArc RwLockWriteGuardArc UpgradeArc);
