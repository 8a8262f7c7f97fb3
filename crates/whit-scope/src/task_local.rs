//! `task_local!`: a value that belongs to a task and to those that it spawns.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use whit_core::{Inherited, Inheriting, Key};

/// Declares task-local values: asyncio's `contextvars`.
///
/// ```
/// use whit_scope::task_local;
///
/// task_local! {
///     /// Who asks.
///     static USER: String;
/// }
///
/// let greeting = USER.scope("ada".to_owned(), async { USER.with(|user| format!("hello {user}")) });
/// assert_eq!(whit_core::block_on(greeting), "hello ada");
/// ```
#[macro_export]
macro_rules! task_local {
    ($($(#[$meta:meta])* $vis:vis static $name:ident: $type:ty;)+) => {$(
        $(#[$meta])*
        $vis static $name: $crate::TaskLocal<$type> = $crate::TaskLocal::new();
    )+};
}

/// A value that a future has while it is polled, and that tasks spawned meanwhile take over; declared by
/// [`task_local!`](crate::task_local).
///
/// A task takes over the very same value, not a copy: it is shared, and dropped with its last user. Closures that run by
/// `unblock` take it over as well.
pub struct TaskLocal<T> {
    key: Key,
    value: PhantomData<fn() -> T>,
}

impl<T: Send + Sync + 'static> TaskLocal<T> {
    #[doc(hidden)]
    #[allow(clippy::new_without_default, reason = "the macro calls it, in a static")]
    pub const fn new() -> TaskLocal<T> {
        TaskLocal { key: Key::new(), value: PhantomData }
    }

    /// `future` with `value`, at each of its polls and when it is dropped. An outer value is hidden meanwhile.
    pub fn scope<F: Future>(&'static self, value: T, future: F) -> WithLocal<F> {
        WithLocal { state: State::New { value: Some((&self.key, Arc::new(value))), future: Some(future) } }
    }

    /// Runs `f` with `value`.
    pub fn sync_scope<R>(&'static self, value: T, f: impl FnOnce() -> R) -> R {
        Inherited::current().with(&self.key, Arc::new(value)).enter(f)
    }

    /// Calls `f` with the value.
    ///
    /// # Panics
    ///
    /// If there is none here.
    #[track_caller]
    pub fn with<R>(&'static self, f: impl FnOnce(&T) -> R) -> R {
        self.try_with(f).unwrap_or_else(|unset| panic!("{unset}"))
    }

    /// Calls `f` with the value, if there is one.
    ///
    /// # Errors
    ///
    /// [`NotSet`] outside every scope of this value.
    pub fn try_with<R>(&'static self, f: impl FnOnce(&T) -> R) -> Result<R, NotSet> {
        self.shared().map(|value| f(&value))
    }

    /// A clone of the value.
    ///
    /// # Panics
    ///
    /// If there is none here.
    #[track_caller]
    pub fn get(&'static self) -> T
    where
        T: Clone,
    {
        self.with(T::clone)
    }

    /// The value itself, shared.
    ///
    /// # Errors
    ///
    /// [`NotSet`] outside every scope of this value.
    pub fn shared(&'static self) -> Result<Arc<T>, NotSet> {
        Inherited::current_value(&self.key).ok_or(NotSet { of: std::any::type_name::<T>() })
    }
}

pin_project! {
    /// A future with a task-local value; made by [`TaskLocal::scope`].
    #[must_use = "futures do nothing unless awaited"]
    pub struct WithLocal<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F> {
        // What else is inherited is settled at the first poll.
        New { value: Option<(&'static Key, Arc<dyn Any + Send + Sync>)>, future: Option<F> },
        Running { #[pin] future: Inheriting<F> },
    }
}

impl<F: Future> Future for WithLocal<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut state = self.project().state;
        if let StateProj::New { value, future } = state.as_mut().project() {
            let (key, value) = value.take().expect("it is taken once, just before the state changes");
            let future = future.take().expect("as the value");
            state.set(State::Running { future: Inherited::current().with(key, value).around(future) });
        }
        match state.project() {
            StateProj::Running { future } => future.poll(cx),
            StateProj::New { .. } => unreachable!("it runs since the lines above"),
        }
    }
}

/// There is no value here: whoever polls this is not inside the value's `scope`, and was not spawned there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotSet {
    of: &'static str,
}

impl fmt::Display for NotSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a task-local value (a {}) is not set here: run this inside its `scope`, or spawn it there", self.of)
    }
}

impl Error for NotSet {}

impl<T> fmt::Debug for TaskLocal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskLocal").field("type", &std::any::type_name::<T>()).finish()
    }
}

impl<F> fmt::Debug for WithLocal<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WithLocal { .. }")
    }
}
