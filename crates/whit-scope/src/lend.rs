//! `scope_with`: children that run in parallel and borrow data that was moved in, and that each of them co-owns.
//!
//! A future can be forgotten after its first poll, so no async function can keep its caller's frame alive for tasks
//! that run beside it. But it can own what they borrow, together with them.
//!
//! Rules:
//! 1. The data stands in a [`Core`], behind an `Arc`, and is neither moved nor lent mutably while there is a second
//!    owner. The future of the scope has one owner, and lends from it; that borrow is checked by the compiler like any
//!    other.
//! 2. Each child has an owner of its own, in the same struct ([`Keeping`]) as its future and its output, behind both.
//!    So an owner goes only after everything of that child that may borrow from the data has been dropped.
//! 3. When the group has counted out the last child, all owners but the scope's own are gone: a child's future, with
//!    its owner, is dropped before the child is counted out. Then the data is moved out; `Arc` itself is asked whether
//!    it may be.
//!
//! # Why this is sound
//!
//! The one lie is told in [`Lent::spawn`]: a child that lives for `'s` is handed to an executor as one that lives for
//! ever. So it is to be shown that whatever a child borrows is there until the child has been dropped, or is never
//! looked at again.
//!
//! **What it can borrow.** The body must work for *every* `'s` (it is higher-ranked), so all that it knows of `'s` is
//! that the data outlives it, which says nothing, as the data is `'static`. Hence what it can prove to live for `'s` is
//! made of `'static` parts and of parts that came from [`Lent`]: references into the core. Locals of the body and of
//! other children do not pass, nor does what another `scope_with` lent, whose `'s` is another. `Lent` is invariant, or
//! it could be shortened to take what lives shorter, and nobody else can make one. The body itself is `'static`, though
//! the argument does without: the compiler believes what the type of a higher-ranked closure's output implies
//! (rust-lang/rust#25860 and its kin), so a future made for that could vouch for borrows from around the body. Now
//! no value from around it can be in it.
//!
//! **Where it can be.** What lives for `'s` cannot be put anywhere that outlives `'s`: not into thread-locals,
//! task-locals, the payload of a panic, the group's error, or the data itself, all of which are `'static`; nor into the
//! body's result, which is named outside of `'s`. So it is in the body, which the scope's future owns and drops before
//! its own owner; in a child or a child's output, which rule 2 is about; on the stack of a poll of one of these; or it
//! has been leaked, and nobody reaches it any more.
//!
//! **When the core goes.** With its last owner. If the scope's future is forgotten, its owner is never dropped. If it
//! is dropped, the children are cancelled, and the last to be dropped takes the data along, on its thread, which is why
//! the data must be `Send`. If an executor drops a child unpolled, or keeps it for ever, that child's owner goes with
//! it, or stays with it. Nothing here depends on a child being run, on the group's count, or on the executor.
//!
//! **Panics.** A panic leaves a child's future by [`Keeping::poll`], and the struct is dropped later, in the same
//! order. A panic in a `Drop` still drops the fields that follow; and a second panic during that aborts. The data's own
//! `Drop` runs when nothing refers to it.

#![allow(unsafe_code, reason = "a child's lifetime is erased: see above")]

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use crate::group::drive;
use crate::sync::{Arc, Mutex, lock};
use crate::{Cancelled, Child, GroupBuilder, GroupError, TaskGroup};

/// Moves `data` in, and runs `body` with a group whose children run in parallel **and borrow from the data**; gives the
/// data back when the body and every child have ended.
///
/// This is [`task_group`](crate::task_group) for children that share something big: they hold plain references into it,
/// and no `Arc` has to be cloned and moved for each. The first error, of a child or of the body, cancels all the
/// others; see there. [`GroupBuilder::run_with`] does the same with another policy, a limit, or another scheduler.
///
/// Only the data can be borrowed: what else the body and the children use they own. The body is an `async` closure
/// (`async |s| …`, or `async move |s| …`) or an `async fn`; a closure that returns an `async` block would have no type
/// for a future that borrows from its argument.
///
/// # Errors
///
/// As [`task_group`](crate::task_group), beside the data.
///
/// # Cancel safety
///
/// Dropping the returned future cancels the body and the children. The last of them drops the data. Forgetting it does
/// nothing: the children go on, and the data stays.
///
/// # Panics
///
/// If the current handle has no scheduler, and with the panic of the body or a child, when all have ended. The data is
/// dropped then.
///
/// ```
/// # let executor = whit_executor::Executor::new();
/// # let handle = whit_core::Handle::builder().home(executor.home()).build();
/// # let _entered = handle.enter();
/// use whit_scope::scope_with;
///
/// # whit_core::block_on(executor.run(async {
/// let words: Vec<String> = ["a", "longest", "word"].map(String::from).into();
/// let (words, longest) = scope_with(words, async |s| {
///     let (left, right) = s.data().split_at(1);
///     let left = s.spawn(async move { Ok(left.iter().max_by_key(|word| word.len())) });
///     let right = s.spawn(async move { Ok(right.iter().max_by_key(|word| word.len())) });
///     let both = whit_scope::join((left, right)).await; // references into the words
///     Ok::<_, std::io::Error>(both.0.unwrap().max(both.1.unwrap()).map(String::len))
/// })
/// .await;
/// assert_eq!((words.len(), longest.unwrap()), (3, Some(7)));
/// # }));
/// ```
#[track_caller]
pub fn scope_with<D, R, E, F>(data: D, body: F) -> impl Future<Output = (D, Result<R, GroupError<E>>)> + Send
where
    D: Send + Sync + 'static,
    R: Send,
    E: Send + 'static,
    F: for<'s> AsyncFnOnce(Lent<'s, D, E>) -> Result<R, E> + for<'s> LentBody<'s, D, R, E> + Send + 'static,
{
    GroupBuilder::new().run_with(data, body)
}

impl GroupBuilder {
    /// Moves `data` in, and runs `body` with a group whose children borrow from it; see [`scope_with`].
    ///
    /// # Panics
    ///
    /// If the builder was given no home and the current handle has no scheduler; and as [`scope_with`].
    #[track_caller]
    pub fn run_with<D, R, E, F>(self, data: D, body: F) -> impl Future<Output = (D, Result<R, GroupError<E>>)> + Send
    where
        D: Send + Sync + 'static,
        R: Send,
        E: Send + 'static,
        F: for<'s> AsyncFnOnce(Lent<'s, D, E>) -> Result<R, E> + for<'s> LentBody<'s, D, R, E> + Send + 'static,
    {
        let start = self.start();
        async move {
            let group = start();
            let core = Core::new(data, group.clone());
            let lent = Lent { core: &*core, brand: PhantomData };
            let outcome = drive(group, move |_| body(lent)).await;
            // Rule 3. Were there another owner, this would panic and not move.
            let Ok(Core { data, .. }) = Arc::try_unwrap(core) else { unreachable!("the children are gone") };
            (data, outcome)
        }
    }
}

/// The data, lent for `'s`, and the group of those who borrow it; given to the body of [`scope_with`]. It is `Copy`,
/// and children may have it, to spawn more.
///
/// ```
/// # let executor = whit_executor::Executor::new();
/// # let handle = whit_core::Handle::builder().home(executor.home()).build();
/// # let _entered = handle.enter();
/// use std::io::Error;
/// use whit_scope::{Lent, scope_with};
///
/// async fn measure(s: Lent<'_, Vec<String>, Error>) -> Result<usize, Error> {
///     let children: Vec<_> = s.data().iter().map(|word| s.spawn(async move { Ok(word.len()) })).collect();
///     Ok(whit_scope::join(children).await.into_iter().flatten().sum())
/// }
/// # whit_core::block_on(executor.run(async {
/// let (_words, length) = scope_with(vec!["one".to_owned(), "three".to_owned()], measure).await;
/// assert_eq!(length.unwrap(), 8);
/// # }));
/// ```
///
/// A child cannot borrow from the body, which may end before it:
///
/// ```compile_fail
/// # use whit_scope::scope_with;
/// let _ = scope_with((), async |s| {
///     let local = 5;
///     s.spawn(async { Ok(local + 1) });
///     Ok::<_, ()>(())
/// });
/// ```
pub struct Lent<'s, D, E> {
    core: &'s Core<D, E>,
    // Invariant: what children may borrow must not be shortened.
    brand: PhantomData<fn(&'s ()) -> &'s ()>,
}

impl<'s, D, E> Lent<'s, D, E> {
    /// The data.
    pub fn data(self) -> &'s D {
        &self.core.data
    }

    /// The group itself: to cancel it, to ask for its size, and for children that borrow nothing.
    pub fn group(self) -> &'s TaskGroup<E> {
        &self.core.group
    }
}

impl<'s, D, E> Lent<'s, D, E>
where
    D: Send + Sync + 'static,
    E: Send + 'static,
{
    /// Spawns a child that may borrow from the data, and may give back what does. Dropping the [`LentChild`] changes
    /// nothing: the group owns the child.
    ///
    /// In a group that is cancelled the child starts cancelled: it runs to its first wait.
    #[track_caller]
    pub fn spawn<T: Send + 's>(self, future: impl Future<Output = Result<T, E>> + Send + 's) -> LentChild<T> {
        let value = Arc::new(Mutex::new(None));
        let owner = self.core.owner();
        let child: Boxed<'s, E> = Box::pin(Keeping { future, value: value.clone(), owner });
        // SAFETY: this changes a lifetime and nothing else. All that the child borrows for `'s` is in the core or lives
        // for ever, and `Keeping` has an owner of this core, which it drops last: the page above says it at length.
        let child = unsafe { std::mem::transmute::<Boxed<'s, E>, Boxed<'static, E>>(child) };
        let spawned = self.core.group.spawn_at(Location::caller(), child);
        LentChild { child: spawned.unwrap_or_else(|_| Child::ended()), value }
    }
}

/// What the body of [`scope_with`] is beside an async function: one whose future is `Send`. Every such closure and
/// function is one.
///
/// Rust has no word yet for "the future that this async function returns". With this trait, which has one, the future
/// of `scope_with` can promise to be `Send` itself; if that were left to be found out, some error types would not pass.
pub trait LentBody<'s, D: 's, R, E: 's>: FnOnce(Lent<'s, D, E>) -> Self::Future {
    /// What it returns.
    type Future: Future<Output = Result<R, E>> + Send;
}

impl<'s, D: 's, R, E: 's, F, B> LentBody<'s, D, R, E> for B
where
    B: FnOnce(Lent<'s, D, E>) -> F,
    F: Future<Output = Result<R, E>> + Send,
{
    type Future = F;
}

type Boxed<'s, E> = Pin<Box<dyn Future<Output = Result<(), E>> + Send + 's>>;

/// What the scope and its children own together.
struct Core<D, E> {
    data: D,
    group: TaskGroup<E>,
    me: Me<Core<D, E>>,
}

impl<D, E> Core<D, E> {
    fn new(data: D, group: TaskGroup<E>) -> Arc<Core<D, E>> {
        Me::share(|me| Core { data, group, me })
    }

    fn owner(&self) -> Arc<Core<D, E>> {
        self.me.owner()
    }
}

pin_project! {
    /// A child, with its share in what it borrows. **The fields are dropped in this order**: rule 2.
    struct Keeping<F, T, O> {
        #[pin]
        future: F,
        value: Arc<Mutex<Option<T>>>,
        owner: O,
    }
}

impl<T, E, O, F: Future<Output = Result<T, E>>> Future for Keeping<F, T, O> {
    type Output = Result<(), E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let value = ready!(this.future.poll(cx))?;
        *lock(this.value) = Some(value);
        Poll::Ready(Ok(()))
    }
}

/// A handle on a child of [`scope_with`], and a future of its value; made by [`Lent::spawn`]. Dropping it changes
/// nothing.
///
/// # Errors
///
/// As of a [`Child`].
pub struct LentChild<T> {
    child: Child<()>,
    value: Arc<Mutex<Option<T>>>,
}

impl<T> LentChild<T> {
    /// Cancels this child alone, with this reason and the caller's line. False if it was cancelled before.
    #[track_caller]
    pub fn cancel(&self, reason: &str) -> bool {
        self.child.cancel(reason)
    }

    /// Whether it has ended, one way or the other.
    pub fn is_finished(&self) -> bool {
        self.child.is_finished()
    }
}

impl<T> Future for LentChild<T> {
    type Output = Result<T, Cancelled>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        ready!(Pin::new(&mut self.child).poll(cx))?;
        let value = lock(&self.value).take();
        Poll::Ready(Ok(value.expect("a child says that it is `Ok` once, and after it left its value")))
    }
}

impl<D, E> Clone for Lent<'_, D, E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<D, E> Copy for Lent<'_, D, E> {}

impl<D, E> fmt::Debug for Lent<'_, D, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lent").field("group", &self.core.group).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for LentChild<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LentChild").field("finished", &self.is_finished()).finish_non_exhaustive()
    }
}

/// How the core finds its own `Arc`. Weak, so that a handle that was leaked does not keep the data from being given
/// back.
#[cfg(not(loom))]
struct Me<T>(std::sync::Weak<T>);

#[cfg(not(loom))]
impl<T> Me<T> {
    fn share(make: impl FnOnce(Me<T>) -> T) -> Arc<T> {
        Arc::new_cyclic(|me| make(Me(me.clone())))
    }

    fn owner(&self) -> Arc<T> {
        self.0.upgrade().expect("who asks co-owns it, or borrows it from one who does")
    }
}

/// loom's `Arc` has no weak form: its address stands in.
#[cfg(loom)]
struct Me<T>(std::sync::Arc<std::sync::atomic::AtomicPtr<T>>);

#[cfg(loom)]
impl<T> Me<T> {
    fn share(make: impl FnOnce(Me<T>) -> T) -> Arc<T> {
        let address = std::sync::Arc::<std::sync::atomic::AtomicPtr<T>>::default();
        let shared = Arc::new(make(Me(address.clone())));
        address.store(Arc::as_ptr(&shared).cast_mut(), std::sync::atomic::Ordering::Release);
        shared
    }

    fn owner(&self) -> Arc<T> {
        let address = self.0.load(std::sync::atomic::Ordering::Acquire);
        // SAFETY: `share` got it from an `Arc` of this type; who asks co-owns it, or borrows it from one who does.
        unsafe {
            Arc::increment_strong_count(address);
            Arc::from_raw(address)
        }
    }
}
