//! `Root`: the future that a program consists of, and `interrupt`, which cancels it as Ctrl-C does.
//!
//! There is one interruption in a process, as there is one Ctrl-C: it reaches every root, and all that is not in a scope of its own.
//! A spawned task must not carry a scope for that, as spawning would cost more for all. So whoever finds no scope among its
//! inherited values looks here. Rules:
//! 1. The first root makes a tree: one node at its top, and below it one for each of the `PLACES`, between which threads are
//!    spread, so that the scopes which are made on several threads do not meet at one lock. The last root takes it away.
//! 2. `STAGE` says whether there is a tree and whether it is interrupted. It is all that is read where there is no root.
//! 3. A root's run does not stand among the inherited values but in `POLLED`, while the root is polled: its own scopes and shields
//!    find it there, and tasks do not inherit it.

use std::cell::Cell;
use std::fmt;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::frame::Frame;
use super::node::Node;
use super::{Cancelled, Reason, Run};

// Not loom's, as these are statics; the models have no roots.
static STAGE: AtomicU8 = AtomicU8::new(NONE);
static TREE: Mutex<Tree> = Mutex::new(Tree { top: None, roots: 0 });
static PLACES: [Place; 16] = [const { Place(Mutex::new(None)) }; 16];

const NONE: u8 = 0;
const LIVE: u8 = 1;
const INTERRUPTED: u8 = 2;

struct Tree {
    top: Option<Arc<Node>>,
    roots: usize,
}

/// Alone in its cache line.
#[repr(align(64))]
struct Place(Mutex<Option<Arc<Node>>>);

thread_local! {
    static POLLED: Cell<Option<Arc<Frame>>> = const { Cell::new(None) };
    static PLACE: usize = {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        NEXT.fetch_add(1, Ordering::Relaxed) % PLACES.len()
    };
}

/// A place for the future that a program consists of, which [`interrupt`] cancels.
///
/// While there is one, [`is_cancelled`](crate::is_cancelled) and [`cancelled`](crate::cancelled) know of an interruption
/// everywhere in the process, in spawned tasks and in closures that block as well, and the scopes that are made outside every
/// other scope stand below it. What is in a scope already knows that scope alone, and what is shielded is not reached.
///
/// The facade makes one for `#[whit::main]` and `Builder::ctrl_c`.
///
/// ```
/// use whit_scope::{Root, cancelled, interrupt, is_cancelled};
///
/// let root = Root::new();
/// let outcome = whit_core::block_on(root.run(async {
///     interrupt();
///     assert!(is_cancelled());
///     println!("{}", cancelled().await);
///     std::future::pending::<()>().await
/// }));
/// assert_eq!(outcome.unwrap_err().to_string(), "cancelled: the program was interrupted");
/// drop(root);
/// assert!(!is_cancelled());
/// ```
#[must_use = "it can be interrupted only until it is dropped"]
pub struct Root {
    node: Arc<Node>,
}

impl Root {
    /// A root. It starts cancelled if an interruption is under way, that is, if there are roots that saw one.
    #[allow(clippy::new_without_default, reason = "it changes what the process sees")]
    pub fn new() -> Root {
        let mut tree = lock(&TREE);
        tree.roots += 1;
        let top = tree.top.get_or_insert_with(|| {
            let top = Node::new(None, None);
            for place in &PLACES {
                *lock(&place.0) = Some(Node::new(Some(top.clone()), None));
            }
            STAGE.store(LIVE, Ordering::Release);
            top
        });
        Root { node: Node::new(Some(top.clone()), None) }
    }

    /// Runs `future` as the root, or as one of several. It is meant to be polled outside every other scope.
    ///
    /// # Errors
    ///
    /// [`Cancelled`], with the reason `Interrupted`, if it was interrupted before the future was ready; see [`Run`] for how.
    pub fn run<F>(&self, future: F) -> Run<F> {
        Run::root(self.node.clone(), future)
    }

    /// Whether it was interrupted.
    pub fn is_interrupted(&self) -> bool {
        self.node.is_cancelled()
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        let mut tree = lock(&TREE);
        tree.roots -= 1;
        if tree.roots > 0 {
            return;
        }
        STAGE.store(NONE, Ordering::Release);
        let mut nodes: Vec<_> = PLACES.iter().filter_map(|place| lock(&place.0).take()).collect();
        nodes.extend(tree.top.take());
        // They may be the last of their nodes, and take other locks.
        drop(tree);
        drop(nodes);
    }
}

/// Cancels every [`Root`] of this process, with the reason `Interrupted`: what the first Ctrl-C does. False if there is none, or
/// if they were interrupted before.
///
/// Not for a signal handler, as it locks and wakes.
pub fn interrupt() -> bool {
    let top = {
        let tree = lock(&TREE);
        let Some(top) = tree.top.clone() else { return false };
        STAGE.store(INTERRUPTED, Ordering::Release);
        top
    };
    top.cancel(&Cancelled::new(Reason::Interrupted))
}

/// What stands above whatever is in no other scope.
pub(crate) fn ground() -> Option<Arc<Node>> {
    if STAGE.load(Ordering::Acquire) == NONE {
        return None;
    }
    // A thread that is being torn down is as good as the first.
    let place = PLACE.try_with(|place| *place).unwrap_or(0);
    lock(&PLACES[place].0).clone()
}

/// Whether there is an interruption under way.
pub(crate) fn is_interrupted() -> bool {
    STAGE.load(Ordering::Acquire) == INTERRUPTED
}

/// The run of the root that is polled by this thread.
pub(crate) fn polled() -> Option<Arc<Frame>> {
    let look = |polled: &Cell<Option<Arc<Frame>>>| {
        let frame = polled.take();
        polled.set(frame.clone());
        frame
    };
    POLLED.try_with(look).ok().flatten()
}

/// Runs `f` with `frame` as the run that is polled. No reference is counted.
pub(crate) fn poll_as<R>(frame: &mut Option<Arc<Frame>>, f: impl FnOnce() -> R) -> R {
    struct Swapped<'a>(&'a mut Option<Arc<Frame>>);
    impl Drop for Swapped<'_> {
        fn drop(&mut self) {
            swap(self.0);
        }
    }
    fn swap(frame: &mut Option<Arc<Frame>>) {
        if let Ok(before) = POLLED.try_with(|polled| polled.replace(frame.take())) {
            *frame = before;
        }
    }
    swap(frame);
    let _swapped = Swapped(frame);
    f()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Root").field("interrupted", &self.is_interrupted()).finish_non_exhaustive()
    }
}
