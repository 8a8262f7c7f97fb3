//! What a task knows of itself.

use std::cell::Cell;
use std::fmt;
use std::mem::ManuallyDrop;
use std::num::NonZeroU64;
use std::panic::Location;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use super::current::current_task;
use super::kept::Kept;
use super::origin::Origin;
use crate::{Adoption, Home, home};

/// Tells tasks apart within a process. Never reused; not in the order of spawning across threads.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskId(NonZeroU64);

impl TaskId {
    /// The id whose number this is, as [`get`](TaskId::get) gave it.
    pub fn from_number(number: NonZeroU64) -> TaskId {
        TaskId(number)
    }

    /// The number itself.
    pub fn get(self) -> u64 {
        self.0.get()
    }

    /// A new one. Threads take numbers from the shared counter in batches: an atomic step for each spawn would be felt.
    #[inline]
    pub(crate) fn fresh() -> TaskId {
        thread_local! {
            static OURS: Cell<(u64, u64)> = const { Cell::new((0, 0)) };
        }
        // One look: a thread-local is dearer to reach from another crate.
        let next = OURS.with(|ours| {
            let (mut next, mut end) = ours.get();
            if next == end {
                (next, end) = batch();
            }
            ours.set((next + 1, end));
            next
        });
        TaskId(NonZeroU64::new(next).expect("the counter starts at one and 2^64 tasks are out of reach"))
    }
}

/// Numbers that nobody else takes.
#[cold]
fn batch() -> (u64, u64) {
    const BATCH: u64 = 1024;
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let first = NEXT.fetch_add(BATCH, Ordering::Relaxed);
    (first, first + BATCH)
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
    // Counted if the key says `DECLINED`. Else the home promised to outlive the future, and this dangles afterwards: the
    // count is one place that all workers would write to for each task.
    home: ManuallyDrop<Home>,
    id: TaskId,
    parent: Option<TaskId>,
    origin: Origin,
    // Written at spawn before the first schedule, and then by whoever polls or drops the future. One of the words below, or
    // what the home answered when the task was first pending.
    key: AtomicUsize,
}

/// The home keeps no account.
const DECLINED: usize = usize::MAX;
/// It was not asked yet; or never answered, as it panicked.
const UNASKED: usize = usize::MAX - 1;
/// It does keep one, and was not asked to keep the task yet.
const ADOPTED: usize = usize::MAX - 2;
/// It was, and has not kept it.
const PASSED: usize = usize::MAX - 3;
/// It has been told that the future is gone, or is being told, and may be gone itself. What is less is a key.
const RELEASED: usize = usize::MAX - 4;

impl Meta {
    /// Of a task that goes to `home`, written to `place`; [`adopted`](Meta::adopted) must be called before it is scheduled.
    ///
    /// Field by field: made elsewhere and copied, it would be read in words of other sizes than it was just written in, for which a
    /// processor waits until the writes are through: an eighth of a short task's life.
    ///
    /// # Safety
    ///
    /// `place` is room for a `Meta`.
    #[inline]
    pub(super) unsafe fn write(place: *mut Meta, home: &Home, origin: Origin) {
        let id = TaskId::fresh();
        // SAFETY: as the caller promised. The copy of the home is not counted: either `adopted` counts it after all, or the home
        // outlives its use.
        unsafe {
            (&raw mut (*place).home).write(ManuallyDrop::new(std::ptr::read(home)));
            (&raw mut (*place).id).write(id);
            (&raw mut (*place).parent).write(current_task());
            (&raw mut (*place).origin).write(origin);
            (&raw mut (*place).key).write(AtomicUsize::new(UNASKED));
        }
    }

    /// The task's id.
    #[inline]
    pub fn id(&self) -> TaskId {
        self.id
    }

    /// The name it was given by [`Spawn::name`](crate::Spawn::name).
    #[inline]
    pub fn name(&self) -> Option<&str> {
        self.origin.name()
    }

    /// The task that spawned it, if one did.
    pub fn parent(&self) -> Option<TaskId> {
        self.parent
    }

    /// The line that spawned it.
    #[inline]
    pub fn location(&self) -> &'static Location<'static> {
        self.origin.location()
    }

    /// Where it is scheduled.
    ///
    /// # Safety
    ///
    /// The task's future has not been dropped, and is not dropped while the reference is used.
    pub(crate) unsafe fn home(&self) -> &Home {
        &self.home
    }

    /// What `home` said to the task.
    pub(crate) fn adopted(&self, adoption: &Adoption, home: &Home) {
        let key = if adoption.is_by(home) {
            ADOPTED
        } else {
            std::mem::forget(home.clone());
            DECLINED
        };
        // Relaxed, here and below: the first schedule publishes it to other threads, and so does each further one.
        self.key.store(key, Ordering::Relaxed);
    }

    /// The future has returned `Pending`, and not yet been dropped. True if its home keeps it from now on.
    #[inline]
    pub(super) fn pending(&self, task: Kept) -> bool {
        self.key.load(Ordering::Relaxed) == ADOPTED && self.ask(task)
    }

    #[cold]
    fn ask(&self, task: Kept) -> bool {
        let key = home::with(&self.home, |home| {
            // SAFETY: adopted, not ended as the future is there, and not kept before, as the key says.
            unsafe { home.keep(task) }
        });
        debug_assert!(key.is_none_or(|key| key < RELEASED), "a key that stands for none");
        self.key.store(key.unwrap_or(PASSED), Ordering::Relaxed);
        key.is_some()
    }

    /// Whether this thread drives the task's home, alone: for the handle.
    ///
    /// The home may be gone, and what this thread drives be another in its place. But then this thread has made that one after
    /// the end of the first, which came after `release`; so it sees the mark that was left there.
    #[inline]
    pub(super) fn is_at_home_alone(&self) -> bool {
        self.key.load(Ordering::Relaxed) != RELEASED && home::is_alone(&self.home)
    }

    /// The future has been dropped; called once. Whether its home had kept it.
    #[inline]
    pub(super) fn release(&self) -> bool {
        let key = self.key.load(Ordering::Relaxed);
        let kept = key < RELEASED;
        if key <= ADOPTED {
            self.key.store(RELEASED, Ordering::Relaxed);
            home::with(&self.home, |home| {
                // SAFETY: adopted; called once, by whoever has dropped the future.
                unsafe { home.release(kept.then_some(key)) }
            });
        }
        kept
    }
}

impl Drop for Meta {
    #[inline]
    fn drop(&mut self) {
        if *self.key.get_mut() == DECLINED {
            // SAFETY: counted by `adopted`, and dropped here only.
            unsafe { ManuallyDrop::drop(&mut self.home) }
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
