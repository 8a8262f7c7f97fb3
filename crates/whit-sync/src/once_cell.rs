//! `OnceCell`: a value that is made once, by a future.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::sync::OnceLock;

use crate::blocking;
use crate::event::Event;
use crate::semaphore::Semaphore;
use crate::sync::const_unless_loom;

/// A value that is written once; who comes while it is being made waits for it.
///
/// ```
/// use whit_sync::OnceCell;
///
/// static CELL: OnceCell<u32> = OnceCell::new();
/// futures_lite::future::block_on(async {
///     assert_eq!(*CELL.get_or_init(|| async { 5 }).await, 5);
///     assert_eq!(*CELL.get_or_init(|| async { 6 }).await, 5);
/// });
/// ```
pub struct OnceCell<T> {
    value: OnceLock<T>,
    // The right to make it. First come, first served.
    making: Semaphore,
    made: Event,
}

impl<T> OnceCell<T> {
    const_unless_loom! {
        /// A cell without a value.
        pub const fn new() -> OnceCell<T> {
            OnceCell { value: OnceLock::new(), making: Semaphore::new(1), made: Event::new() }
        }
    }

    /// The value, if it has been made.
    pub fn get(&self) -> Option<&T> {
        self.value.get()
    }

    /// The value, to change it.
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.value.get_mut()
    }

    /// Whether there is a value.
    pub fn is_initialized(&self) -> bool {
        self.value.get().is_some()
    }

    /// Takes the value out; the cell is as new.
    pub fn take(&mut self) -> Option<T> {
        std::mem::take(self).into_inner()
    }

    /// The value, if it was made.
    pub fn into_inner(self) -> Option<T> {
        self.value.into_inner()
    }

    /// The value; if there is none, it is made by the future that `init` gives. Others wait meanwhile.
    ///
    /// Cancel-safe: dropped while it makes the value, or panicking, the next one who waits makes it with its own `init`.
    /// An `init` that asks for this very cell waits for itself, for ever.
    pub async fn get_or_init<F: Future<Output = T>>(&self, init: impl FnOnce() -> F) -> &T {
        let value = self.get_or_try_init(|| async { Ok::<T, Infallible>(init().await) }).await;
        match value {
            Ok(value) => value,
        }
    }

    /// As [`get_or_init`](OnceCell::get_or_init), for what may fail. Cancel-safe in the same way.
    ///
    /// # Errors
    ///
    /// That of `init`; the cell is without a value then, and the next one who waits tries.
    pub async fn get_or_try_init<E, F: Future<Output = Result<T, E>>>(
        &self,
        init: impl FnOnce() -> F,
    ) -> Result<&T, E> {
        if let Some(value) = self.get() {
            return Ok(value);
        }
        let _making = self.making.acquire().await.expect("never closed");
        if let Some(value) = self.get() {
            return Ok(value);
        }
        let value = init().await?;
        let value = self.value.get_or_init(|| value);
        self.made.set();
        Ok(value)
    }

    /// Sets the value, after waiting for those who are making one. Cancel-safe: dropped before that, the value is dropped too.
    ///
    /// # Errors
    ///
    /// There is one already; here is yours again.
    pub async fn set(&self, value: T) -> Result<&T, T> {
        if self.is_initialized() {
            return Err(value);
        }
        let _making = self.making.acquire().await.expect("never closed");
        self.value.set(value)?;
        self.made.set();
        Ok(self.get().expect("set just now"))
    }

    /// Sets the value, if nobody is making one.
    ///
    /// # Errors
    ///
    /// There is one already, or somebody is making one; here is yours again.
    pub fn try_set(&self, value: T) -> Result<&T, T> {
        let Some(_making) = self.making.try_acquire() else { return Err(value) };
        self.value.set(value)?;
        self.made.set();
        Ok(self.get().expect("set just now"))
    }

    /// Waits until somebody has made the value. Cancel-safe.
    pub async fn wait(&self) -> &T {
        self.made.wait().await;
        self.get().expect("made before the event is set")
    }

    /// As [`wait`](OnceCell::wait), for a thread that may block.
    #[track_caller]
    pub fn wait_blocking(&self) -> &T {
        blocking::wait("wait_blocking", self.wait())
    }

    /// As [`get_or_init`](OnceCell::get_or_init), for a thread that may block.
    #[track_caller]
    pub fn get_or_init_blocking(&self, init: impl FnOnce() -> T) -> &T {
        blocking::wait("get_or_init_blocking", self.get_or_init(|| async { init() }))
    }

    /// As [`get_or_try_init`](OnceCell::get_or_try_init), for a thread that may block.
    ///
    /// # Errors
    ///
    /// That of `init`.
    #[track_caller]
    pub fn get_or_try_init_blocking<E>(&self, init: impl FnOnce() -> Result<T, E>) -> Result<&T, E> {
        blocking::wait("get_or_try_init_blocking", self.get_or_try_init(|| async { init() }))
    }

    /// As [`set`](OnceCell::set), for a thread that may block.
    ///
    /// # Errors
    ///
    /// There is one already; here is yours again.
    #[track_caller]
    pub fn set_blocking(&self, value: T) -> Result<&T, T> {
        blocking::wait("set_blocking", self.set(value))
    }
}

impl<T> Default for OnceCell<T> {
    fn default() -> OnceCell<T> {
        OnceCell::new()
    }
}

impl<T> From<T> for OnceCell<T> {
    fn from(value: T) -> OnceCell<T> {
        let cell = OnceCell::new();
        cell.made.set();
        let _ = cell.value.set(value);
        cell
    }
}

impl<T: fmt::Debug> fmt::Debug for OnceCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OnceCell").field(&self.get()).finish()
    }
}
