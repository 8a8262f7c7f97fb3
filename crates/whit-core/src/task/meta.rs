//! What a task knows of itself.

use std::cell::Cell;
use std::fmt;
use std::num::NonZeroU64;
use std::panic::Location;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::origin::Origin;
use crate::Home;

/// Tells tasks apart within a process. Never reused; not in the order of spawning across threads.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskId(NonZeroU64);

impl TaskId {
    /// The number itself.
    pub fn get(self) -> u64 {
        self.0.get()
    }

    /// A new one. Threads take numbers from the shared counter in batches: an atomic step for each spawn would be felt.
    pub(crate) fn fresh() -> TaskId {
        const BATCH: u64 = 1024;
        static NEXT: AtomicU64 = AtomicU64::new(1);
        thread_local! {
            static OURS: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
        }
        let (mut next, mut end) = OURS.get();
        if next == end {
            next = NEXT.fetch_add(BATCH, Ordering::Relaxed);
            end = next + BATCH;
        }
        OURS.set((next + 1, end));
        TaskId(NonZeroU64::new(next).expect("the counter starts at one and 2^64 tasks are out of reach"))
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaskId({})", self.0)
    }
}

/// What a task carries beside its future: who it is, where it was spawned and by whom, and where it runs.
pub struct Meta {
    home: Home,
    id: TaskId,
    parent: Option<TaskId>,
    origin: Origin,
    // Written once, between allocation and the first schedule. `NOT_ADOPTED` if the home keeps no list.
    key: AtomicUsize,
}

const NOT_ADOPTED: usize = usize::MAX;

impl Meta {
    pub(crate) fn new(
        home: Home,
        parent: Option<TaskId>,
        location: &'static Location<'static>,
        name: Option<&str>,
    ) -> Meta {
        let origin = Origin::new(location, name);
        Meta { home, id: TaskId::fresh(), parent, origin, key: AtomicUsize::new(NOT_ADOPTED) }
    }

    /// The task's id.
    pub fn id(&self) -> TaskId {
        self.id
    }

    /// The name it was given by [`Spawn::name`](crate::Spawn::name).
    pub fn name(&self) -> Option<&str> {
        self.origin.name()
    }

    /// The task that spawned it, if one did.
    pub fn parent(&self) -> Option<TaskId> {
        self.parent
    }

    /// The line that spawned it.
    pub fn location(&self) -> &'static Location<'static> {
        self.origin.location()
    }

    /// Where it is scheduled.
    pub fn home(&self) -> &Home {
        &self.home
    }

    pub(crate) fn set_key(&self, key: Option<usize>) {
        // Relaxed: the first schedule publishes the task to other threads.
        self.key.store(key.unwrap_or(NOT_ADOPTED), Ordering::Relaxed);
    }

    pub(crate) fn release(&self) {
        let key = self.key.load(Ordering::Relaxed);
        if key != NOT_ADOPTED {
            self.home.release(key);
        }
    }
}

/// `task 7 ("name", spawned at src/main.rs:3:5)`
impl fmt::Display for Meta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {} (", self.id)?;
        if let Some(name) = self.name() {
            write!(f, "{name:?}, ")?;
        }
        write!(f, "spawned at {})", self.location())
    }
}

impl fmt::Debug for Meta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Meta")
            .field("id", &self.id)
            .field("name", &self.name())
            .field("parent", &self.parent)
            .field("location", &format_args!("{}", self.location()))
            .finish()
    }
}
