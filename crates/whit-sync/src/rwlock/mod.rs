//! `RwLock`: shares of one large number of permits.
//!
//! A reader takes one permit, a writer all of them, and an upgradable reader one more than half: so there is room for one such
//! and many readers, and for no second one. Changing from one to another is giving the difference back, or, for an upgrade,
//! asking for it at the front of the queue: a writer that waits there waits for the upgrader's share too.

mod futures;
mod guards;

use std::cell::UnsafeCell;
use std::fmt;
use std::sync::Arc;

pub use futures::{Read, ReadArc, UpgradableRead, UpgradableReadArc, Upgrade, UpgradeArc, Write, WriteArc};
pub use guards::{
    RwLockReadGuard, RwLockReadGuardArc, RwLockUpgradableReadGuard, RwLockUpgradableReadGuardArc, RwLockWriteGuard,
    RwLockWriteGuardArc,
};

use crate::blocking;
use crate::raw::{PERMITS_MOST, RawSemaphore};
use crate::sync::const_unless_loom;
use guards::Share;

const READ: usize = 1;
const UPGRADABLE: usize = PERMITS_MOST / 2 + 1;
const WRITE: usize = PERMITS_MOST;

/// A lock for many readers or one writer, whose guards may be held across an await.
///
/// Strictly in the order of coming: a reader behind a waiting writer waits, so writers do not starve. A task that reads and
/// asks to read once more may therefore wait for ever, as that writer waits for its first guard.
///
/// ```
/// use whit_sync::RwLock;
///
/// futures_lite::future::block_on(async {
///     let lock = RwLock::new(1);
///     {
///         let (one, two) = (lock.read().await, lock.read().await);
///         assert_eq!(*one + *two, 2);
///     }
///     *lock.write().await = 5;
///     assert_eq!(*lock.read().await, 5);
/// });
/// ```
pub struct RwLock<T: ?Sized> {
    raw: RawSemaphore,
    data: UnsafeCell<T>,
}

// SAFETY: it owns the data, which goes where the lock goes.
unsafe impl<T: ?Sized + Send> Send for RwLock<T> {}
// SAFETY: readers on several threads share the data (`Sync`), and a writer may take it elsewhere (`Send`).
unsafe impl<T: ?Sized + Send + Sync> Sync for RwLock<T> {}

impl<T> RwLock<T> {
    const_unless_loom! {
        /// A lock that nobody has.
        pub const fn new(data: T) -> RwLock<T> {
            RwLock { raw: RawSemaphore::new(WRITE), data: UnsafeCell::new(data) }
        }
    }

    /// The data.
    pub fn into_inner(self) -> T {
        self.data.into_inner()
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Waits to read. All futures of this type are cancel-safe: dropped at any point, nothing is lost but the place in the
    /// queue; one that was let in and is kept without being polled keeps its share of the lock.
    #[inline]
    pub fn read(&self) -> Read<'_, T> {
        Read::new(self)
    }

    /// Waits to read beside other readers, with the right to [upgrade](RwLockUpgradableReadGuard::upgrade); one at a time.
    pub fn upgradable_read(&self) -> UpgradableRead<'_, T> {
        UpgradableRead::new(self)
    }

    /// Waits to write.
    #[inline]
    pub fn write(&self) -> Write<'_, T> {
        Write::new(self)
    }

    /// As [`read`](RwLock::read), with a guard that owns a share in the lock.
    pub fn read_arc(self: &Arc<Self>) -> ReadArc<T> {
        ReadArc::new(self.clone())
    }

    /// As [`upgradable_read`](RwLock::upgradable_read), with a guard that owns a share in the lock.
    pub fn upgradable_read_arc(self: &Arc<Self>) -> UpgradableReadArc<T> {
        UpgradableReadArc::new(self.clone())
    }

    /// As [`write`](RwLock::write), with a guard that owns a share in the lock.
    pub fn write_arc(self: &Arc<Self>) -> WriteArc<T> {
        WriteArc::new(self.clone())
    }

    /// To read, if nobody writes or waits.
    #[inline]
    pub fn try_read(&self) -> Option<RwLockReadGuard<'_, T>> {
        Share::try_new(self, READ).map(RwLockReadGuard::new)
    }

    /// To read and perhaps upgrade, if nobody writes, waits, or has that right.
    pub fn try_upgradable_read(&self) -> Option<RwLockUpgradableReadGuard<'_, T>> {
        Share::try_new(self, UPGRADABLE).map(RwLockUpgradableReadGuard::new)
    }

    /// To write, if nobody has the lock or waits for it.
    #[inline]
    pub fn try_write(&self) -> Option<RwLockWriteGuard<'_, T>> {
        Share::try_new(self, WRITE).map(RwLockWriteGuard::new)
    }

    /// As [`try_read`](RwLock::try_read), with a guard that owns a share in the lock.
    pub fn try_read_arc(self: &Arc<Self>) -> Option<RwLockReadGuardArc<T>> {
        Share::try_new(self.clone(), READ).map(RwLockReadGuardArc::new)
    }

    /// As [`try_upgradable_read`](RwLock::try_upgradable_read), with a guard that owns a share in the lock.
    pub fn try_upgradable_read_arc(self: &Arc<Self>) -> Option<RwLockUpgradableReadGuardArc<T>> {
        Share::try_new(self.clone(), UPGRADABLE).map(RwLockUpgradableReadGuardArc::new)
    }

    /// As [`try_write`](RwLock::try_write), with a guard that owns a share in the lock.
    pub fn try_write_arc(self: &Arc<Self>) -> Option<RwLockWriteGuardArc<T>> {
        Share::try_new(self.clone(), WRITE).map(RwLockWriteGuardArc::new)
    }

    /// As [`read`](RwLock::read), for a thread that may block. Not for tasks: it keeps their worker from all others.
    #[track_caller]
    pub fn read_blocking(&self) -> RwLockReadGuard<'_, T> {
        blocking::wait("read_blocking", self.read())
    }

    /// As [`upgradable_read`](RwLock::upgradable_read), for a thread that may block.
    #[track_caller]
    pub fn upgradable_read_blocking(&self) -> RwLockUpgradableReadGuard<'_, T> {
        blocking::wait("upgradable_read_blocking", self.upgradable_read())
    }

    /// As [`write`](RwLock::write), for a thread that may block.
    #[track_caller]
    pub fn write_blocking(&self) -> RwLockWriteGuard<'_, T> {
        blocking::wait("write_blocking", self.write())
    }

    /// As [`read_arc`](RwLock::read_arc), for a thread that may block.
    #[track_caller]
    pub fn read_arc_blocking(self: &Arc<Self>) -> RwLockReadGuardArc<T> {
        blocking::wait("read_arc_blocking", self.read_arc())
    }

    /// As [`upgradable_read_arc`](RwLock::upgradable_read_arc), for a thread that may block.
    #[track_caller]
    pub fn upgradable_read_arc_blocking(self: &Arc<Self>) -> RwLockUpgradableReadGuardArc<T> {
        blocking::wait("upgradable_read_arc_blocking", self.upgradable_read_arc())
    }

    /// As [`write_arc`](RwLock::write_arc), for a thread that may block.
    #[track_caller]
    pub fn write_arc_blocking(self: &Arc<Self>) -> RwLockWriteGuardArc<T> {
        blocking::wait("write_arc_blocking", self.write_arc())
    }

    /// The data, which nobody can have locked meanwhile.
    pub fn get_mut(&mut self) -> &mut T {
        self.data.get_mut()
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lock = f.debug_struct("RwLock");
        match self.try_read() {
            Some(guard) => lock.field("data", &&*guard).finish(),
            None => lock.field("data", &format_args!("<locked>")).finish(),
        }
    }
}

impl<T> From<T> for RwLock<T> {
    fn from(data: T) -> RwLock<T> {
        RwLock::new(data)
    }
}

impl<T: Default> Default for RwLock<T> {
    fn default() -> RwLock<T> {
        RwLock::new(T::default())
    }
}
