//! `cancelled()`: waiting for the flag.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::Cancelled;
use super::frame::current_node;
use super::node::Node;

/// Waits until the innermost scope around it is cancelled, and tells why.
///
/// Which scope that is is settled at the first poll. After it is ready there is one poll left before the scope drops what is
/// pending: enough to leave something behind, or to begin what is [shielded](crate::shield). Outside every scope it
/// is ready when the program is [interrupted](crate::interrupt), and never without a [`Root`](crate::Root). Woken by who cancels,
/// before the runs of the scope are.
///
/// Cancel-safe.
pub fn cancelled() -> WaitCancelled {
    WaitCancelled::new(None)
}

/// Why a scope was cancelled, once it is; made by [`cancelled`] and by the methods of that name.
#[must_use = "futures do nothing unless awaited"]
pub struct WaitCancelled {
    node: Option<Arc<Node>>,
    key: Option<usize>,
}

impl WaitCancelled {
    pub(crate) fn new(node: Option<Arc<Node>>) -> WaitCancelled {
        WaitCancelled { node, key: None }
    }
}

impl Future for WaitCancelled {
    type Output = Cancelled;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Cancelled> {
        let WaitCancelled { node, key } = &mut *self;
        if node.is_none() {
            *node = current_node();
        }
        node.as_ref().map_or(Poll::Pending, |node| node.poll_cancelled(key, cx.waker()))
    }
}

impl Drop for WaitCancelled {
    fn drop(&mut self) {
        if let Some(node) = &self.node {
            node.forget(&mut self.key);
        }
    }
}

impl fmt::Debug for WaitCancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitCancelled").field("waits", &self.key.is_some()).finish_non_exhaustive()
    }
}
