//! `shield`: cancellation waits until this is done.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use whit_core::Inherited;

use super::frame::{Frame, Hold, enclosing};
use super::node::Node;

/// Keeps the scopes around it from dropping `future` before it is ready: for clean-up that has to finish.
///
/// Nothing is detached: whoever cancels the scope waits. Inside, the scopes around are not seen: `is_cancelled()` is false, and
/// `effective_deadline()` ends here. A shield has no limit of its own; **bound what may take long inside of it**:
/// `shield(move_on_after(two_seconds, clean_up()))`. The other way round, the deadline would wait for the shield.
///
/// It holds back scopes, and groups. Whoever drops the future by hand, or as the loser of a [`race`](crate::race), drops it.
///
/// ```
/// use whit_scope::{CancelScope, cancelled, race, shield};
///
/// whit_core::block_on(async {
///     let scope = CancelScope::new();
///     scope.cancel("over");
///     let mut log = Vec::new();
///     let outcome = scope.run(async {
///         let _why = cancelled().await;
///         shield(async { log.push("cleaned up") }).await;
///         std::future::pending::<()>().await; // dropped here
///         log.push("never");
///     });
///     assert!(outcome.await.is_err());
///     assert_eq!(log, ["cleaned up"]);
/// });
/// ```
pub fn shield<F: Future>(future: F) -> Shield<F> {
    Shield { future: Some(future), inside: None }
}

pin_project! {
    /// Made by [`shield`].
    #[must_use = "futures do nothing unless awaited"]
    pub struct Shield<F> {
        #[pin]
        future: Option<F>,
        // From the first poll to the last.
        inside: Option<Inside>,
    }

    impl<F> PinnedDrop for Shield<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            match this.inside {
                Some(inside) => inside.values.enter(|| this.future.set(None)),
                None => this.future.set(None),
            }
        }
    }
}

struct Inside {
    values: Inherited,
    _hold: Hold,
}

impl<F: Future> Future for Shield<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        let inside = this.inside.get_or_insert_with(|| Inside {
            _hold: Hold::new(enclosing()),
            // A tree of its own, and no run around: rule 5.
            values: Frame::new(Node::new(None, None), None).values(),
        });
        let future = this.future.as_mut().as_pin_mut().expect("a shield was polled after it had completed");
        let output = std::task::ready!(inside.values.enter(|| future.poll(cx)));
        inside.values.enter(|| this.future.set(None));
        *this.inside = None;
        Poll::Ready(output)
    }
}

impl<F> fmt::Debug for Shield<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shield").field("started", &self.inside.is_some()).finish_non_exhaustive()
    }
}
