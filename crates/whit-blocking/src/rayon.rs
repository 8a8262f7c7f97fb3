//! `RayonBlocking`: a rayon pool that takes blocking work.

use std::fmt;
use std::sync::Arc;

use ::rayon::ThreadPool;
use whit_core::{Blocking, Runnable, Schedule, ScheduleInfo};

/// Blocking work on a rayon pool, for programs that have one anyway.
///
/// What [`Pool`](crate::Pool) does and this does not: it has a fixed number of threads, which do not end when they are idle, and a
/// job that waits for another job behind it waits for ever once all of them do. Nobody stops it at the end of a runtime: its
/// jobs go on. Its strength is work that computes.
///
/// ```
/// use std::sync::Arc;
/// use whit_blocking::RayonBlocking;
/// use whit_core::{Handle, block_on};
///
/// let handle = Handle::builder().blocking(Arc::new(RayonBlocking::global())).build();
/// let _entered = handle.enter();
/// assert_eq!(block_on(whit_blocking::unblock(|| 2 + 2)), 4);
/// ```
#[derive(Clone)]
pub struct RayonBlocking {
    // `None`: the global one.
    pool: Option<Arc<ThreadPool>>,
}

impl RayonBlocking {
    /// Work for this pool.
    pub fn new(pool: Arc<ThreadPool>) -> RayonBlocking {
        RayonBlocking { pool: Some(pool) }
    }

    /// Work for rayon's global pool, which starts at the first job.
    pub fn global() -> RayonBlocking {
        RayonBlocking { pool: None }
    }
}

impl Schedule for RayonBlocking {
    fn schedule(&self, runnable: Runnable, _: ScheduleInfo) {
        let job = move || {
            runnable.run();
        };
        // `spawn_fifo`: tasks that were spawned first start first.
        match &self.pool {
            Some(pool) => pool.spawn_fifo(job),
            None => ::rayon::spawn_fifo(job),
        }
    }
}

impl Blocking for RayonBlocking {}

impl fmt::Debug for RayonBlocking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let threads = self.pool.as_ref().map(|pool| pool.current_num_threads());
        f.debug_struct("RayonBlocking").field("threads", &threads).finish()
    }
}
