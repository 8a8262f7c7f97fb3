//! `local_task_group`: a group whose children are polled inside the parent, so that they may borrow and need not be
//! `Send`.
//!
//! It is a [`scope_local`] inside a run of its own. A child that fails notes its error and cancels that run, which then
//! drops the body and the other children in its two phases: nobody is counted, since the scope has them all.

use std::cell::RefCell;
use std::fmt;
use std::future::{Future, pending};
use std::panic::Location;
use std::rc::Rc;
use std::sync::Arc;

use super::child::Child;
use super::error::GroupError;
use super::slot::Slot;
use crate::cancel::{Node, current_node, enclosing};
use crate::unwind::pin_and_drop;
use crate::{Cancelled, LocalScope, Reason, Run, WaitCancelled, scope_local};

/// As [`task_group`](crate::task_group), with children that **need not be `Send` and may borrow** what is around; they
/// are polled inside the task that awaits, at once but not in parallel.
///
/// This is the group for what runs on one thread, such as under `run_local`. It needs no scheduler. The first error, of
/// a child or of the body, cancels all the others; there is no other policy.
///
/// # Errors
///
/// As of [`task_group`](crate::task_group).
///
/// # Cancel safety
///
/// Dropping the returned future drops the body and every child.
///
/// # Panics
///
/// With the panic of the body or of a child, at once.
///
/// ```
/// use std::cell::Cell;
/// use whit_scope::local_task_group;
///
/// # whit_core::block_on(async {
/// let sum = &Cell::new(0); // on this frame, and not to be shared by threads
/// let all = local_task_group(|group| async move {
///     for n in 1..=3 {
///         group.spawn(async move { Ok(sum.set(sum.get() + n)) });
///     }
///     Ok::<_, &str>(())
/// });
/// assert_eq!((all.await, sum.get()), (Ok(()), 6));
///
/// let failed = local_task_group(|group| async move {
///     group.spawn(async { Err::<(), _>("this ends the group") });
///     std::future::pending::<Result<(), _>>().await
/// });
/// assert_eq!(failed.await.unwrap_err().into_first(), Ok("this ends the group"));
/// # });
/// ```
pub async fn local_task_group<'env, R, E, F>(
    body: impl FnOnce(LocalTaskGroup<'env, E>) -> F,
) -> Result<R, GroupError<E>>
where
    E: 'env,
    F: Future<Output = Result<R, E>>,
{
    let outer = enclosing();
    let node = Node::new(current_node(), None);
    let errors = Rc::default();
    let all = scope_local(|scope| {
        let group = LocalTaskGroup { scope, node: node.clone(), errors: Rc::clone(&errors) };
        let own = group.clone();
        async move { body(group).await.map_err(|error| own.fail(None, error)).ok() }
    });
    let outcome = pin_and_drop(Run::speaking_for_itself(node, all)).await;
    if let Some(error) = GroupError::from_errors(errors.take()) {
        return Err(error);
    }
    let cancelled = match outcome {
        Ok(value) => return Ok(value.expect("a body without a value has left an error")),
        Err(cancelled) => cancelled,
    };
    if outer.is_some_and(|outer| outer.is_ending(None)) {
        // The run around us drops us, and answers.
        pending::<()>().await;
    }
    Err(GroupError::Cancelled(cancelled))
}

/// A handle on a group of children that are polled inside their parent; given to the body of [`local_task_group`].
/// Clones are handles on the same group; children may have one, and spawn more.
pub struct LocalTaskGroup<'env, E> {
    scope: LocalScope<'env>,
    node: Arc<Node>,
    // In the order of their coming.
    errors: Rc<RefCell<Vec<E>>>,
}

impl<'env, E: 'env> LocalTaskGroup<'env, E> {
    /// Spawns a child. Dropping the [`Child`] changes nothing: the group owns it.
    ///
    /// In a group that is cancelled the child starts cancelled: it runs to its first wait. In one that has ended it is
    /// dropped, and its [`Child`] says so.
    #[track_caller]
    pub fn spawn<T: 'env>(&self, future: impl Future<Output = Result<T, E>> + 'env) -> Child<T> {
        let location = Location::caller();
        let node = Node::new(Some(self.node.clone()), None);
        let child = Child::new(Slot::new(), node.clone());
        let (giver, group) = (Giver(child.slot().clone()), self.clone());
        let run = Run::speaking_for_itself(node, future);
        drop(self.scope.spawn(async move {
            let giver = giver;
            let output = match pin_and_drop(run).await {
                Ok(Ok(value)) => Ok(value),
                Ok(Err(error)) => Err(group.fail(Some(location), error)),
                Err(cancelled) => Err(cancelled),
            };
            giver.0.set(Some(output));
        }));
        child
    }
}

impl<E> LocalTaskGroup<'_, E> {
    /// Cancels the children and the body, with this reason and the caller's line. False if the group was cancelled
    /// before.
    #[track_caller]
    pub fn cancel(&self, reason: &str) -> bool {
        self.node.cancel(&Cancelled::explicit(reason, Location::caller()))
    }

    /// Whether the group is cancelled, by itself or from around it.
    pub fn is_cancelled(&self) -> bool {
        self.node.is_cancelled()
    }

    /// Waits until the group is cancelled.
    pub fn cancelled(&self) -> WaitCancelled {
        WaitCancelled::new(Some(self.node.clone()))
    }

    /// Notes an error, ends the others, and says what whoever awaits the failed one is told.
    fn fail(&self, spawned: Option<&'static Location<'static>>, error: E) -> Cancelled {
        self.errors.borrow_mut().push(error);
        let cancelled = Cancelled::new(Reason::Failed { spawned });
        self.node.cancel(&cancelled);
        cancelled
    }
}

/// Tells the handle when the child is dropped without an output.
struct Giver<T>(Arc<Slot<Result<T, Cancelled>>>);

impl<T> Drop for Giver<T> {
    fn drop(&mut self) {
        self.0.set(None);
    }
}

impl<E> Clone for LocalTaskGroup<'_, E> {
    fn clone(&self) -> Self {
        LocalTaskGroup { scope: self.scope.clone(), node: self.node.clone(), errors: self.errors.clone() }
    }
}

impl<E> fmt::Debug for LocalTaskGroup<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalTaskGroup").field("cancelled", &self.node.cancelled()).finish_non_exhaustive()
    }
}
