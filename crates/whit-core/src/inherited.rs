//! `Inherited`: what a task has from whoever spawned it, such as task-local values and the scope that may cancel it.
//!
//! Rules:
//! 1. `CURRENT` holds the values of what this thread is polling; `SOME` says whether there are any, and is all that a spawn
//!    and a run read when nobody uses them.
//! 2. [`Inheriting`] swaps its values in for each poll (and for its drop) and out again after it, also when that unwinds.
//! 3. A run of a task starts without values ([`suspend`]): what a worker happens to be inside of is not its business.
//! 4. A map is never changed once it is shared: adding a value makes a new one. It has one entry a key, so it stays small
//!    however deep the spawning goes.

use std::any::Any;
use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

#[cfg(not(loom))]
thread_local! {
    static SOME: Cell<bool> = const { Cell::new(false) };
    static CURRENT: Cell<Inherited> = const { Cell::new(Inherited(None)) };
}
// loom runs the threads of a model on one thread.
#[cfg(loom)]
loom::thread_local! {
    static SOME: Cell<bool> = Cell::new(false);
    static CURRENT: Cell<Inherited> = Cell::new(Inherited(None));
}

/// Names a value among the [`Inherited`]: a static, told from others by its address.
#[derive(Debug)]
pub struct Key {
    // Statics without a size may share their address.
    _room: u8,
}

impl Key {
    /// A key; of use as a static only.
    #[allow(clippy::new_without_default, reason = "a key that is not a static names nothing")]
    pub const fn new() -> Key {
        Key { _room: 0 }
    }
}

/// A small map of values that a spawned task takes over from whoever spawns it: asyncio's `contextvars`.
///
/// Cheap to clone. [`spawn`](crate::spawn) and `unblock` look for the current ones by themselves, and cost one look at a
/// thread-local flag if there are none.
///
/// ```
/// use std::sync::Arc;
/// use whit_core::{Inherited, Key, block_on};
///
/// static USER: Key = Key::new();
/// let values = Inherited::current().with(&USER, Arc::new("ada"));
/// let seen = block_on(values.around(async { Inherited::current().get::<&str>(&USER) }));
/// assert_eq!(seen.as_deref(), Some(&"ada"));
/// assert!(Inherited::current().get::<&str>(&USER).is_none());
/// ```
#[derive(Clone, Default)]
pub struct Inherited(Option<Arc<[Value]>>);

#[derive(Clone)]
struct Value {
    key: &'static Key,
    value: Arc<dyn Any + Send + Sync>,
}

impl Inherited {
    /// The values of what this thread is polling now; empty if there are none.
    pub fn current() -> Inherited {
        match any() {
            true => peek(Inherited::clone),
            false => Inherited(None),
        }
    }

    /// One value of what this thread is polling now.
    pub fn current_value<T: Any + Send + Sync>(key: &'static Key) -> Option<Arc<T>> {
        if any() { peek(|current| current.get(key)) } else { None }
    }

    /// These values and one more, which replaces an earlier one under the same key.
    pub fn with(&self, key: &'static Key, value: Arc<dyn Any + Send + Sync>) -> Inherited {
        let value = Value { key, value };
        if self.is_empty() {
            // Most often it is the only one: no list on the way.
            return Inherited(Some(Arc::new([value])));
        }
        let others = self.values().iter().filter(|value| !std::ptr::eq(value.key, key)).cloned();
        Inherited(Some(others.chain([value]).collect()))
    }

    /// The value under `key`, if there is one and it is a `T`.
    pub fn get<T: Any + Send + Sync>(&self, key: &'static Key) -> Option<Arc<T>> {
        let value = self.values().iter().find(|value| std::ptr::eq(value.key, key))?;
        value.value.clone().downcast().ok()
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// `future`, which sees these values and no others whenever it is polled and when it is dropped.
    pub fn around<F>(self, future: F) -> Inheriting<F> {
        Inheriting { future: Some(future), values: self }
    }

    /// Runs `f` with these as the current values.
    pub fn enter<R>(&mut self, f: impl FnOnce() -> R) -> R {
        let _swapped = Swapped::new(self);
        f()
    }

    fn values(&self) -> &[Value] {
        self.0.as_deref().unwrap_or_default()
    }
}

impl fmt::Debug for Inherited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inherited").field("values", &self.values().len()).finish()
    }
}

pin_project! {
    /// A future with its own inherited values; made by [`Inherited::around`].
    #[must_use = "futures do nothing unless awaited"]
    pub struct Inheriting<F> {
        // `None` only while it is dropped.
        #[pin]
        future: Option<F>,
        values: Inherited,
    }

    impl<F> PinnedDrop for Inheriting<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            this.values.enter(|| this.future.set(None));
        }
    }
}

impl<F: Future> Future for Inheriting<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let future = this.future.as_pin_mut().expect("it is taken out by the drop alone");
        this.values.enter(|| future.poll(cx))
    }
}

impl<F> fmt::Debug for Inheriting<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inheriting").field("values", &self.values).finish_non_exhaustive()
    }
}

/// Whether there is anything to inherit.
#[inline]
pub(crate) fn any() -> bool {
    SOME.with(Cell::get)
}

/// Takes the current values away until the guard is dropped: rule 3.
#[inline]
pub(crate) fn suspend() -> Option<Suspended> {
    any().then(Suspended::new)
}

pub(crate) struct Suspended(Inherited);

impl Suspended {
    #[cold]
    fn new() -> Suspended {
        let mut values = Inherited(None);
        swap(&mut values);
        Suspended(values)
    }
}

impl Drop for Suspended {
    #[cold]
    fn drop(&mut self) {
        swap(&mut self.0);
    }
}

/// Swaps the current values with those of `values`, and back when dropped. No reference is counted.
struct Swapped<'a> {
    values: &'a mut Inherited,
}

impl<'a> Swapped<'a> {
    fn new(values: &'a mut Inherited) -> Swapped<'a> {
        swap(values);
        Swapped { values }
    }
}

impl Drop for Swapped<'_> {
    fn drop(&mut self) {
        swap(self.values);
    }
}

fn swap(values: &mut Inherited) {
    let some = !values.is_empty();
    // A thread that is being torn down polls nothing any more; what is dropped in it sees no values.
    if let Ok(before) = CURRENT.try_with(|current| current.replace(std::mem::take(values))) {
        SOME.with(|flag| flag.set(some));
        *values = before;
    }
}

/// Looks at the current values. `f` must not run code of others: the values are not in their place meanwhile.
fn peek<R: Default>(f: impl FnOnce(&Inherited) -> R) -> R {
    let look = |current: &Cell<Inherited>| {
        let values = current.take();
        let result = f(&values);
        current.set(values);
        result
    };
    CURRENT.try_with(look).unwrap_or_default()
}
