//! The futures of a `RwLock`.

use std::sync::Arc;

use super::guards::{
    Owner, RwLockReadGuard, RwLockReadGuardArc, RwLockUpgradableReadGuard, RwLockUpgradableReadGuardArc,
    RwLockWriteGuard, RwLockWriteGuardArc, Share,
};
use super::{READ, RwLock, UPGRADABLE, WRITE};
use crate::acquire::{Acquirable, Acquiring, acquiring_future};
use crate::raw::{IsClosed, RawSemaphore, Wanted};

/// Asks for a share.
pub(crate) struct Asked<O: Owner, const PERMITS: usize>(O);

impl<O: Owner, const PERMITS: usize> Acquirable for Asked<O, PERMITS> {
    type Output = Share<O>;

    #[inline]
    fn raw(&self) -> &RawSemaphore {
        &self.0.lock().raw
    }

    #[inline]
    fn wanted(&self) -> Wanted {
        Wanted::new(PERMITS)
    }

    #[inline]
    fn acquired(self, outcome: Result<(), IsClosed>) -> Share<O> {
        outcome.expect("a lock is never closed");
        Share::new(self.0, PERMITS)
    }
}

/// Has an upgradable share, and asks for the rest. Dropped, it gives back what it has.
pub(crate) struct Upgrading<O: Owner>(Share<O>);

impl<O: Owner> Acquirable for Upgrading<O> {
    type Output = Share<O>;

    #[inline]
    fn raw(&self) -> &RawSemaphore {
        self.0.raw()
    }

    #[inline]
    fn wanted(&self) -> Wanted {
        Wanted::at_front(WRITE - UPGRADABLE)
    }

    #[inline]
    fn acquired(self, outcome: Result<(), IsClosed>) -> Share<O> {
        outcome.expect("a lock is never closed");
        self.0.grown(WRITE)
    }
}

macro_rules! share_future {
    ($(#[$meta:meta])* $name:ident [$($generics:tt)*] [$($args:tt)*] $owner:ty, $permits:expr => $guard:ident) => {
        acquiring_share! { $(#[$meta])* $name [$($generics)*] [$($args)*] Asked<$owner, { $permits }> => $guard }

        impl<$($generics)*> $name<$($args)*> {
            #[inline]
            pub(super) fn new(owner: $owner) -> Self {
                $name(Acquiring::new(Asked(owner)))
            }
        }
    };
}

macro_rules! upgrade_future {
    ($(#[$meta:meta])* $name:ident [$($generics:tt)*] [$($args:tt)*] $owner:ty => $guard:ident) => {
        acquiring_share! { $(#[$meta])* $name [$($generics)*] [$($args)*] Upgrading<$owner> => $guard }

        impl<$($generics)*> $name<$($args)*> {
            #[inline]
            pub(super) fn new(share: Share<$owner>) -> Self {
                $name(Acquiring::new(Upgrading(share)))
            }
        }
    };
}

macro_rules! acquiring_share {
    ($(#[$meta:meta])* $name:ident [$($generics:tt)*] [$($args:tt)*] $asked:ty => $guard:ident) => {
        acquiring_future! {
            $(#[$meta])*
            $name [$($generics)*] [$($args)*] $asked => $guard<$($args)*>, $guard::new
        }
    };
}

share_future! {
    /// Made by [`RwLock::read`].
    Read ['l, T: ?Sized] ['l, T] &'l RwLock<T>, READ => RwLockReadGuard
}
share_future! {
    /// Made by [`RwLock::upgradable_read`].
    UpgradableRead ['l, T: ?Sized] ['l, T] &'l RwLock<T>, UPGRADABLE => RwLockUpgradableReadGuard
}
share_future! {
    /// Made by [`RwLock::write`].
    Write ['l, T: ?Sized] ['l, T] &'l RwLock<T>, WRITE => RwLockWriteGuard
}
share_future! {
    /// Made by [`RwLock::read_arc`].
    ReadArc [T: ?Sized] [T] Arc<RwLock<T>>, READ => RwLockReadGuardArc
}
share_future! {
    /// Made by [`RwLock::upgradable_read_arc`].
    UpgradableReadArc [T: ?Sized] [T] Arc<RwLock<T>>, UPGRADABLE => RwLockUpgradableReadGuardArc
}
share_future! {
    /// Made by [`RwLock::write_arc`].
    WriteArc [T: ?Sized] [T] Arc<RwLock<T>>, WRITE => RwLockWriteGuardArc
}
upgrade_future! {
    /// Made by [`RwLockUpgradableReadGuard::upgrade`].
    Upgrade ['l, T: ?Sized] ['l, T] &'l RwLock<T> => RwLockWriteGuard
}
upgrade_future! {
    /// Made by [`RwLockUpgradableReadGuardArc::upgrade`].
    UpgradeArc [T: ?Sized] [T] Arc<RwLock<T>> => RwLockWriteGuardArc
}
