//! `Run`: a future inside a scope, and the two phases of its end.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use whit_core::{Inherited, TimerKey, budget};

use super::Cancelled;
use super::frame::{Frame, current_node, enclosing};
use super::node::Node;
use super::root;
use super::scope::SharedClock;
use crate::stop::Stopping;

pin_project! {
    /// The output of a future, unless its scope is cancelled first; made by [`CancelScope::run`](crate::CancelScope::run).
    ///
    /// When the scope is cancelled, the future is polled once more, with `is_cancelled()` true and `cancelled()` ready. If it is
    /// still pending and nothing in it is [shielded](crate::shield), it is dropped, and this waits until the tasks whose handles
    /// were dropped with it have dropped their futures. A value that is there beats a cancellation and a passed deadline.
    ///
    /// Inside another run of the same task that is cancelled as well, it stays pending: the outer one drops and answers.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the future; nobody waits for its tasks then.
    #[must_use = "futures do nothing unless awaited"]
    pub struct Run<F> {
        // `None` once it is over.
        #[pin]
        future: Option<F>,
        start: Start,
        inside: Option<Inside>,
        stopping: Stopping<Cancelled>,
        // Set when the clean-up is over. It is kept, as it may be that the run around us does not end after all.
        stopped: Option<Cancelled>,
        speaks_for_itself: bool,
    }

    impl<F> PinnedDrop for Run<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            match this.inside {
                Some(inside) => inside.end(|| this.future.set(None)),
                None => this.future.set(None),
            }
        }
    }
}

/// Where a run gets its scope from, at its first poll.
pub(super) enum Start {
    At(Arc<Node>, Option<SharedClock>),
    /// A new scope below the one that is current then.
    Below(Option<std::time::Instant>, SharedClock),
    /// The root: nobody inherits it.
    Root(Arc<Node>),
}

/// What a run has from its first poll to its end.
struct Inside {
    frame: Arc<Frame>,
    outer: Option<Arc<Frame>>,
    values: Inherited,
    // Of a root only: the frame, to be found while it is polled. It stands in no values.
    root: Option<Arc<Frame>>,
    clock: Option<SharedClock>,
    timer: TimerKey,
    run: Option<usize>,
}

impl<F> Run<F> {
    pub(super) fn new(start: Start, future: F) -> Run<F> {
        Run::with(start, false, future)
    }

    /// A run that answers even if the runs around it are cancelled as well: its owner keeps them waiting meanwhile.
    pub(crate) fn speaking_for_itself(node: Arc<Node>, future: F) -> Run<F> {
        Run::with(Start::At(node, None), true, future)
    }

    /// A run that stands around everything, and is inherited by nobody.
    pub(super) fn root(node: Arc<Node>, future: F) -> Run<F> {
        Run::with(Start::Root(node), true, future)
    }

    fn with(start: Start, speaks_for_itself: bool, future: F) -> Run<F> {
        Run { future: Some(future), start, inside: None, stopping: Stopping::new(), stopped: None, speaks_for_itself }
    }

    pub(super) fn node(&self) -> Option<&Arc<Node>> {
        match (&self.inside, &self.start) {
            (Some(inside), _) => Some(&inside.frame.node),
            (None, Start::At(node, _) | Start::Root(node)) => Some(node),
            (None, Start::Below(..)) => None,
        }
    }
}

impl<F: Future> Future for Run<F> {
    type Output = Result<F::Output, Cancelled>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let inside = this.inside.get_or_insert_with(|| Inside::new(this.start));
        while let Some(future) = this.future.as_mut().as_pin_mut() {
            // If everybody inside has been told before this poll, it is the last one.
            let told = inside.frame.node.is_delivered();
            let polled = inside.enter(|| match told {
                false => future.poll(cx),
                // With a budget of its own: what gave way now, for others' turns, would be dropped and not have seen the end.
                true => budget::with_budget(|| future.poll(cx)),
            });
            if let Poll::Ready(output) = polled {
                inside.end(|| this.future.set(None));
                return Poll::Ready(Ok(output));
            }
            if !told {
                if inside.poll_live(cx).is_pending() {
                    return Poll::Pending;
                }
                continue;
            }
            if inside.frame.is_held() {
                // Woken by what is shielded, through us, or by its drop elsewhere.
                inside.frame.node.enter(&mut inside.run, cx.waker());
                return Poll::Pending;
            }
            let cancelled = inside.frame.node.cancelled().expect("it was delivered");
            this.stopping.begin(cancelled, || inside.end(|| this.future.set(None)));
        }
        if this.stopping.has_begun() {
            *this.stopped = Some(ready!(this.stopping.poll(cx)));
        }
        let cancelled = this.stopped.clone().expect("a run was polled after it had completed");
        if *this.speaks_for_itself || !inside.is_outer_ending() {
            return Poll::Ready(Err(cancelled));
        }
        // The run around us drops us, and answers.
        Poll::Pending
    }
}

impl Inside {
    fn new(start: &Start) -> Inside {
        let outer = enclosing();
        let (node, clock) = match start {
            Start::At(node, clock) => (node.clone(), clock.clone()),
            Start::Below(deadline, clock) => (Node::new(current_node(), *deadline), Some(clock.clone())),
            Start::Root(node) => (node.clone(), None),
        };
        let frame = Frame::new(node, outer.clone());
        let (values, root) = match start {
            Start::Root(_) => (Inherited::default(), Some(frame.clone())),
            _ => (frame.values(), None),
        };
        Inside { values, root, frame, outer, clock, timer: TimerKey::NONE, run: None }
    }

    /// Runs `f` inside the scope.
    fn enter<R>(&mut self, f: impl FnOnce() -> R) -> R {
        match self.root {
            Some(_) => root::poll_as(&mut self.root, f),
            None => self.values.enter(f),
        }
    }

    /// `Ready` once the run may act: the deadline passed, or somebody cancelled and all inside have been told.
    fn poll_live(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let node = &self.frame.node;
        // First the waker, then the look: a cancellation in between is seen by one of the two.
        node.enter(&mut self.run, cx.waker());
        if node.is_delivered() {
            return Poll::Ready(());
        }
        let Some(clock) = &self.clock else { return Poll::Pending };
        match node.deadline() {
            None => {
                clock.cancel(&mut self.timer);
                Poll::Pending
            }
            Some(deadline) => {
                ready!(clock.poll_until(&mut self.timer, deadline, cx));
                // It may be that another cancels at this moment, and has not told everybody yet.
                node.cancel(&Cancelled::new(super::Reason::Deadline));
                if node.is_delivered() { Poll::Ready(()) } else { Poll::Pending }
            }
        }
    }

    fn is_outer_ending(&self) -> bool {
        let now = || self.clock.as_ref().map(|clock| clock.now());
        self.outer.as_ref().is_some_and(|outer| outer.is_ending(now()))
    }

    /// Drops the future inside its values, and leaves the scope.
    fn end(&mut self, drop: impl FnOnce()) {
        self.enter(drop);
        if let Some(clock) = &self.clock {
            clock.cancel(&mut self.timer);
        }
        self.frame.node.leave(&mut self.run);
    }
}

impl<F> fmt::Debug for Run<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cancelled = self.node().and_then(|node| node.cancelled());
        f.debug_struct("Run").field("cancelled", &cancelled).finish_non_exhaustive()
    }
}
