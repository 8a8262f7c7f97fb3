//! `TaskGroup`, the handle, and what all handles share: the count, the errors, the queue.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use whit_core::Home;

use super::child::{self, Child};
use super::slot::{NotStarted, Ready, Slot};
use crate::cancel::Node;
use crate::sync::{Mutex, lock};
use crate::unwind::Panic;
use crate::{Cancelled, Reason, WaitCancelled};

/// What the end of one child means for the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Policy {
    /// The first error cancels the other children and the body. The group ends with all errors that come.
    #[default]
    FailFast,
    /// Errors are collected, and cancel nobody. The group ends with them, if there are any.
    Supervise,
    /// The first child that ends with `Ok` cancels the other children, and not the body. Errors count only if no child is `Ok`.
    FirstOk,
    /// Errors are dropped, and cancel nobody: for servers, whose group must not grow with what went through it.
    Discard,
}

/// A handle on a group of tasks that end before the group does; given to the body of [`task_group`](crate::task_group).
///
/// Children are `'static` tasks on the group's scheduler, so they run in parallel. Clones are handles on the same group; children
/// may have one, and spawn more.
pub struct TaskGroup<E> {
    shared: Arc<Shared<E>>,
}

pub(super) struct Shared<E> {
    pub(super) home: Home,
    policy: Policy,
    limit: usize,
    /// The body's scope, and the children's below it: rule 2.
    pub(super) node: Arc<Node>,
    pub(super) children: Arc<Node>,
    state: Mutex<State<E>>,
}

pub(super) struct State<E> {
    /// Spawned and not yet gone, with those that wait for their turn.
    left: usize,
    running: usize,
    // Somebody is starting children from the queue, and looks again after each.
    launching: bool,
    queue: VecDeque<Box<dyn FnOnce() + Send>>,
    // In the order of their coming; the body's counts whatever the policy.
    errors: Vec<(By, E)>,
    panic: Option<Panic>,
    won: bool,
    body_ended: bool,
    waiting: Option<Waker>,
    // Kept until the last child is gone: somebody who dropped the group waits for that.
    cleanup: Vec<Waker>,
}

#[derive(Clone, Copy, PartialEq)]
enum By {
    Child,
    Body,
}

/// How one child ended.
pub(super) enum Ended<E> {
    Ok,
    Failed(E),
    Panicked(Panic),
    Cancelled,
}

impl<E: Send + 'static> TaskGroup<E> {
    pub(super) fn new(home: Home, policy: Policy, limit: usize, node: Arc<Node>) -> TaskGroup<E> {
        let children = Node::new(Some(node.clone()), None);
        let state = State {
            left: 0,
            running: 0,
            launching: false,
            queue: VecDeque::new(),
            errors: Vec::new(),
            panic: None,
            won: false,
            body_ended: false,
            waiting: None,
            cleanup: Vec::new(),
        };
        TaskGroup { shared: Arc::new(Shared { home, policy, limit, node, children, state: Mutex::new(state) }) }
    }

    /// Spawns a child. Dropping the [`Child`] changes nothing: the group owns it.
    ///
    /// In a group that is cancelled the child starts cancelled: it runs to its first wait. In one that has ended it does not start,
    /// and its [`Child`] says so; [`try_spawn`](TaskGroup::try_spawn) gives the future back.
    #[track_caller]
    pub fn spawn<T: Send + 'static>(&self, future: impl Future<Output = Result<T, E>> + Send + 'static) -> Child<T> {
        self.spawn_at(Location::caller(), future).unwrap_or_else(|_| Child::ended())
    }

    /// Spawns a child, if the group has not ended.
    ///
    /// # Errors
    ///
    /// The future, unpolled.
    #[track_caller]
    pub fn try_spawn<T, F>(&self, future: F) -> Result<Child<T>, F>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, E>> + Send + 'static,
    {
        self.spawn_at(Location::caller(), future)
    }

    /// Spawns a child and waits until it says that it is ready: trio's `nursery.start`.
    ///
    /// Dropping the returned future before that cancels the child.
    ///
    /// # Errors
    ///
    /// [`NotStarted`] if the child ended, or dropped its [`Ready`], before. An error of the child goes to the group.
    #[track_caller]
    pub fn start<T, C, F>(&self, child: C) -> impl Future<Output = Result<T, NotStarted>> + use<T, C, F, E>
    where
        T: Send + 'static,
        C: FnOnce(Ready<T>) -> F,
        F: Future<Output = Result<(), E>> + Send + 'static,
    {
        struct CancelUnlessReady<T>(Child<()>, Arc<Slot<T>>);
        impl<T> Drop for CancelUnlessReady<T> {
            fn drop(&mut self) {
                if !self.1.is_set() {
                    self.0.cancel("nobody waits for its start any more");
                }
            }
        }
        let slot = Slot::new();
        let spawned = self.spawn_at(Location::caller(), child(Ready { slot: slot.clone() }));
        let waiting = spawned.ok().map(|child| CancelUnlessReady(child, slot));
        async move {
            let Some(waiting) = waiting else { return Err(NotStarted) };
            std::future::poll_fn(|cx| waiting.1.poll_take(cx)).await.ok_or(NotStarted)
        }
    }

    /// Cancels the children and the body, with this reason and the caller's line. False if the group was cancelled before.
    #[track_caller]
    pub fn cancel(&self, reason: &str) -> bool {
        self.shared.node.cancel(&Cancelled::explicit(reason, Location::caller()))
    }

    /// Whether the group is cancelled, by itself or from around it.
    pub fn is_cancelled(&self) -> bool {
        self.shared.node.is_cancelled()
    }

    /// Waits until the group is cancelled.
    pub fn cancelled(&self) -> WaitCancelled {
        WaitCancelled::new(Some(self.shared.node.clone()))
    }

    /// The children that have not ended, including those that wait for their turn.
    pub fn len(&self) -> usize {
        lock(&self.shared.state).left
    }

    /// Whether no child is left.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn spawn_at<T, F>(&self, location: &'static Location<'static>, future: F) -> Result<Child<T>, F>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, E>> + Send + 'static,
    {
        let starts = {
            let mut state = lock(&self.shared.state);
            if state.body_ended && state.left == 0 {
                return Err(future);
            }
            state.left += 1;
            let starts = state.running < self.shared.limit;
            state.running += usize::from(starts);
            starts
        };
        let (child, launch) = child::new(self.shared.clone(), location, future);
        if starts {
            launch();
        } else {
            self.shared.enqueue(Box::new(launch));
        }
        Ok(child)
    }

    pub(super) fn shared(&self) -> &Arc<Shared<E>> {
        &self.shared
    }
}

impl<E> Shared<E> {
    /// A child was counted in, but not started: the limit was reached. It starts when another ends, which may be by now.
    fn enqueue(&self, launch: Box<dyn FnOnce() + Send>) {
        lock(&self.state).queue.push_back(launch);
        self.launch();
    }

    /// Starts children from the queue while there is room. By a loop, as an executor that has closed drops each at once, and
    /// that makes room.
    fn launch(&self) {
        let mut state = lock(&self.state);
        if state.launching {
            return;
        }
        state.launching = true;
        while state.running < self.limit
            && let Some(launch) = state.queue.pop_front()
        {
            state.running += 1;
            drop(state);
            launch();
            state = lock(&self.state);
        }
        state.launching = false;
    }

    /// Notes how a child ended and does what follows: rule 1.
    pub(super) fn ended(&self, spawned: &'static Location<'static>, ended: Ended<E>) {
        let cancel = lock(&self.state).note(self.policy, ended);
        match cancel {
            Some(Cancel::All) => self.node.cancel(&Cancelled::new(Reason::Failed { spawned: Some(spawned) })),
            Some(Cancel::Children) => self.children.cancel(&Cancelled::new(Reason::Won { spawned })),
            None => false,
        };
    }

    /// A child that was started is gone, and counted out.
    pub(super) fn gone(&self) {
        let mut state = lock(&self.state);
        state.running -= 1;
        state.left -= 1;
        let (waiting, cleanup) = if state.left == 0 {
            (state.waiting.take(), std::mem::take(&mut state.cleanup))
        } else {
            (None, Vec::new())
        };
        drop(state);
        self.launch();
        drop(cleanup);
        if let Some(waiting) = waiting {
            waiting.wake();
        }
    }

    /// The body is over with an error or a panic, or well.
    pub(super) fn body_ended(&self, failed: Option<Ended<E>>) {
        let mut state = lock(&self.state);
        state.body_ended = true;
        let Some(failed) = failed else { return };
        // The body's failure ends the group whatever the policy: its owner has given up.
        match failed {
            Ended::Failed(error) => state.errors.push((By::Body, error)),
            Ended::Panicked(panic) => _ = state.panic.get_or_insert(panic),
            Ended::Ok | Ended::Cancelled => return,
        }
        drop(state);
        self.node.cancel(&Cancelled::new(Reason::Failed { spawned: None }));
    }

    /// Ready when no child is left.
    pub(super) fn poll_empty(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = lock(&self.state);
        if state.left == 0 {
            return Poll::Ready(());
        }
        let old = state.waiting.replace(cx.waker().clone());
        drop(state);
        drop(old);
        Poll::Pending
    }

    /// The first panic, and the errors that count.
    pub(super) fn take_failures(&self) -> (Option<Panic>, Vec<E>) {
        let mut state = lock(&self.state);
        let errors = std::mem::take(&mut state.errors).into_iter();
        let forgiven = self.policy == Policy::FirstOk && state.won;
        let counts = errors.filter(|(by, _)| !forgiven || *by == By::Body);
        (state.panic.take(), counts.map(|(_, error)| error).collect())
    }

    /// The group's future was dropped before it was ready.
    pub(super) fn dropped(&self, cleanup: Option<Waker>) {
        {
            let mut state = lock(&self.state);
            state.body_ended = true;
            if state.left > 0 {
                state.cleanup.extend(cleanup);
            }
        }
        self.node.cancel(&Cancelled::new(Reason::Dropped));
    }
}

enum Cancel {
    All,
    Children,
}

impl<E> State<E> {
    fn note(&mut self, policy: Policy, ended: Ended<E>) -> Option<Cancel> {
        match ended {
            Ended::Panicked(panic) => {
                self.panic.get_or_insert(panic);
                Some(Cancel::All)
            }
            Ended::Failed(error) => {
                if policy != Policy::Discard {
                    self.errors.push((By::Child, error));
                }
                (policy == Policy::FailFast).then_some(Cancel::All)
            }
            Ended::Ok => {
                self.won = true;
                (policy == Policy::FirstOk).then_some(Cancel::Children)
            }
            Ended::Cancelled => None,
        }
    }
}

impl<E> Clone for TaskGroup<E> {
    fn clone(&self) -> Self {
        TaskGroup { shared: self.shared.clone() }
    }
}

impl<E> fmt::Debug for TaskGroup<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskGroup")
            .field("policy", &self.shared.policy)
            .field("left", &lock(&self.shared.state).left)
            .field("cancelled", &self.shared.node.cancelled())
            .finish_non_exhaustive()
    }
}
