//! `task_group`: the body of a group, and the wait for its children.

use std::fmt;
use std::future::{Future, pending, poll_fn};
use std::panic::resume_unwind;
use std::sync::Arc;

use whit_core::{Handle, Home, cleanup};

use super::GroupError;
use super::state::{Ended, Policy, Shared, TaskGroup};
use crate::Run;
use crate::cancel::{Hold, Node, current_node, enclosing};
use crate::unwind::{CatchUnwind, pin_and_drop};

/// Runs `body` with a group of tasks, and returns when the body **and every child** have ended: trio's nursery, asyncio's
/// `TaskGroup`.
///
/// This is [`GroupBuilder::run`] with the defaults: the first error, of a child or of the body, cancels all the others and
/// the body, and is returned once they have ended. A panic does the same, and then goes on here. There is no bound on the
/// number of children that run at once.
///
/// # Errors
///
/// [`GroupError::Failed`] with all errors that came. [`GroupError::Cancelled`] if nobody failed and the body was
/// cancelled by [`TaskGroup::cancel`]. If it was cancelled by a scope around it, that scope speaks: this stays pending, and is
/// dropped, after the children have ended. An error that comes up while they do is returned all the same.
///
/// # Cancel safety
///
/// Dropping the returned future cancels the body and the children; they end soon, and nobody waits for them but a combinator
/// or a scope of this crate that does the dropping.
///
/// # Panics
///
/// If the current handle has no scheduler, and with the panic of the body or a child.
///
/// ```
/// # let executor = whit_executor::Executor::new();
/// # let handle = whit_core::Handle::builder().home(executor.home()).build();
/// # let _entered = handle.enter();
/// use whit_scope::task_group;
///
/// # whit_core::block_on(executor.run(async {
/// let sum = task_group(|group| async move {
///     let one = group.spawn(async { Ok(1) });
///     let two = group.spawn(async { Ok(2) });
///     group.spawn(async { Ok(()) }); // nobody needs its value, and the group waits for it
///     Ok::<_, std::io::Error>(one.await.unwrap_or(0) + two.await.unwrap_or(0))
/// });
/// assert_eq!(sum.await.unwrap(), 3);
///
/// let failed = task_group(|group| async move {
///     group.spawn(async { Err::<(), _>("this ends the group") });
///     std::future::pending::<Result<(), _>>().await
/// });
/// assert_eq!(failed.await.unwrap_err().into_first(), Ok("this ends the group"));
/// # }));
/// ```
#[track_caller]
pub fn task_group<R, E, F>(body: impl FnOnce(TaskGroup<E>) -> F) -> impl Future<Output = Result<R, GroupError<E>>>
where
    E: Send + 'static,
    F: Future<Output = Result<R, E>>,
{
    GroupBuilder::new().run(body)
}

/// Says how a group deals with errors, how many children run at once, and where.
#[derive(Clone)]
#[must_use = "nothing happens until `run`"]
pub struct GroupBuilder {
    policy: Policy,
    limit: usize,
    home: Option<Home>,
}

impl GroupBuilder {
    /// Fails fast, without a bound, on the scheduler of the current handle.
    pub fn new() -> GroupBuilder {
        GroupBuilder { policy: Policy::FailFast, limit: usize::MAX, home: None }
    }

    /// What the end of one child means for the others.
    pub fn policy(self, policy: Policy) -> GroupBuilder {
        GroupBuilder { policy, ..self }
    }

    /// At most so many children run at once. The others wait, in the order of their spawning, and have not been polled.
    ///
    /// # Panics
    ///
    /// If `limit` is zero.
    #[track_caller]
    pub fn limit(self, limit: usize) -> GroupBuilder {
        assert!(limit > 0, "a limit of 0 would run no child, ever; give 1 to run one after the other");
        GroupBuilder { limit, ..self }
    }

    /// Where the children run.
    pub fn home(self, home: Home) -> GroupBuilder {
        GroupBuilder { home: Some(home), ..self }
    }

    /// Runs `body` with the group; see [`task_group`].
    ///
    /// # Panics
    ///
    /// If the builder was given no home and the current handle has no scheduler; and as [`task_group`].
    #[track_caller]
    pub fn run<R, E, F>(self, body: impl FnOnce(TaskGroup<E>) -> F) -> impl Future<Output = Result<R, GroupError<E>>>
    where
        E: Send + 'static,
        F: Future<Output = Result<R, E>>,
    {
        let start = self.start();
        async move { drive(start(), body).await }
    }

    /// What makes the group, below the scope that is current when it is called. The scheduler is looked for now.
    #[track_caller]
    pub(crate) fn start<E: Send + 'static>(self) -> impl FnOnce() -> TaskGroup<E> {
        let home = self.home.map_or_else(|| Handle::try_current()?.schedule().cloned(), Ok);
        match home {
            Ok(home) => move || {
                let node = Node::new(current_node(), None);
                TaskGroup::new(home, self.policy, self.limit, node)
            },
            Err(missing) => panic!("a task group needs a scheduler, but {missing}"),
        }
    }
}

/// Runs the body of a new group, and waits for its children.
pub(crate) async fn drive<R, E, F>(
    group: TaskGroup<E>,
    body: impl FnOnce(TaskGroup<E>) -> F,
) -> Result<R, GroupError<E>>
where
    E: Send + 'static,
    F: Future<Output = Result<R, E>>,
{
    let outer = enclosing();
    let shared = group.shared().clone();
    let node = shared.node.clone();
    let mut over = CancelOnDrop { shared: Some(shared.clone()) };
    let hold = Hold::new(outer.clone());

    let run = Run::speaking_for_itself(node.clone(), async move { body(group).await });
    let (value, failed) = match pin_and_drop(CatchUnwind::new(run)).await {
        Ok(Ok(Ok(value))) => (Some(value), None),
        Ok(Ok(Err(error))) => (None, Some(Ended::Failed(error))),
        Ok(Err(_cancelled)) => (None, None),
        Err(panic) => (None, Some(Ended::Panicked(panic))),
    };
    shared.body_ended(failed);
    poll_fn(|cx| shared.poll_empty(cx)).await;
    over.shared = None;
    drop(hold);

    let (panic, errors) = shared.take_failures();
    if let Some(panic) = panic {
        resume_unwind(panic);
    }
    if let Some(error) = GroupError::from_errors(errors) {
        return Err(error);
    }
    if let Some(value) = value {
        return Ok(value);
    }
    if outer.is_some_and(|outer| outer.is_ending(None)) {
        // The run around us drops us, and answers.
        pending::<()>().await;
    }
    Err(GroupError::Cancelled(node.cancelled().expect("a body without an end was cancelled")))
}

/// The future of the group may be dropped at any time.
struct CancelOnDrop<E> {
    shared: Option<Arc<Shared<E>>>,
}

impl<E> Drop for CancelOnDrop<E> {
    fn drop(&mut self) {
        if let Some(shared) = &self.shared {
            shared.dropped(cleanup::waker());
        }
    }
}

impl Default for GroupBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for GroupBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupBuilder").field("policy", &self.policy).field("limit", &self.limit).finish_non_exhaustive()
    }
}
