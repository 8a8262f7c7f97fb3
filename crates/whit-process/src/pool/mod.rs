//! A pool of processes that run functions of this program: for work that may crash, or never end.
//!
//! asyncio's `run_in_executor` takes a pool of threads or one of processes. Threads are better in Rust, but for two things: a
//! process can be **killed** while it runs, and its crash is not ours.
//!
//! ```no_run
//! use whit_process::pool::{self, Job, ProcessPool};
//!
//! static SQUARE: Job<u64, u64> = Job::new("square", |n| n * n);
//!
//! fn main() {
//!     // The children are this very program. They stay in here, and never come to what follows.
//!     pool::init(&[&SQUARE]);
//!
//!     let squares = ProcessPool::new(2).unwrap();
//!     let answer = futures_lite::future::block_on(squares.run(&SQUARE, &12));
//!     assert_eq!(answer.unwrap(), 144);
//! }
//! ```
//!
//! The example `process_pool` of the facade does the same with jobs that crash and do not end.
//!
//! # How it works
//!
//! A child is this executable, started again with one argument that [`init`] knows. It has a socket to us in place of standard
//! input. Arguments and results go through it by serde, as postcard. Its standard output and error are ours. A child is started
//! when a job finds no idle one, up to the number of the pool, and stays until it ends or the pool is dropped.
//!
//! When we end, however that may be, the children are killed, by a thread of theirs that watches the socket. Ctrl-C on the
//! terminal does not reach them: it is ours to handle.
//!
//! # Limits
//!
//! Unix only; on Windows [`ProcessPool::new`] fails with `Unsupported`. A job has no other access to our memory than its
//! arguments. Starting a child takes milliseconds, a job that finds one idle some tens of microseconds.

mod error;
mod frame;
mod job;
#[cfg(unix)]
mod serve;
#[cfg(unix)]
mod worker;
#[cfg(windows)]
#[path = "worker_windows.rs"]
mod worker;

use std::fmt;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;
use whit_sync::Semaphore;

pub use error::{JobError, PoolError};
pub use job::{AnyJob, Job, init};

use worker::Worker;

/// A pool of child processes. See the [module](self).
///
/// Dropping it kills its idle children; the busy ones belong to futures that borrow it.
pub struct ProcessPool {
    processes: usize,
    permits: Semaphore,
    idle: Mutex<Vec<Worker>>,
}

impl ProcessPool {
    /// A pool of up to so many processes, none of which is started yet.
    ///
    /// # Errors
    ///
    /// It was to have no processes, or [`init`] was not called in this program: then a child would not know that it is one. Or
    /// this is Windows.
    pub fn new(processes: usize) -> Result<ProcessPool, PoolError> {
        if processes == 0 {
            return Err(PoolError::NoProcesses);
        }
        if !job::is_initialised() {
            return Err(PoolError::NotInitialised);
        }
        if cfg!(windows) {
            return Err(PoolError::Unsupported);
        }
        Ok(ProcessPool { processes, permits: Semaphore::new(processes), idle: Mutex::default() })
    }

    /// Runs a job in a child, and waits for its result. Waits for a child first if all are busy; first come, first served.
    ///
    /// # Errors
    ///
    /// The child crashed, was killed, or ended itself; the job panicked; and what [`JobError`] lists. The next job runs in a fresh
    /// child, after a panic in the same one. A child that died while it was idle is replaced, unless it dies just now.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future kills the child, at once: whatever the job was about to do is not done. A job that has not begun does
    /// not begin.
    pub fn run<'p, A: Serialize, R: DeserializeOwned>(
        &'p self,
        job: &'p Job<A, R>,
        arguments: &A,
    ) -> impl Future<Output = Result<R, JobError>> + Send + use<'p, A, R> {
        // By the call, so that the future need not borrow them.
        let request = job.request(arguments);
        async move {
            let request = request?;
            let _permit = self.permits.acquire().await.expect("nobody closes it");
            let mut worker = match self.take_idle() {
                Some(worker) => worker,
                None => Worker::start().await.map_err(JobError::Start)?,
            };
            // Dropped before it answers, it is killed.
            let answer = worker.call(&request).await?;
            self.idle().push(worker);
            job.result(&answer)
        }
    }

    /// An idle child that is still there.
    fn take_idle(&self) -> Option<Worker> {
        loop {
            let mut worker = self.idle().pop()?;
            if worker.is_usable() {
                return Some(worker);
            }
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Worker>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for ProcessPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessPool").field("processes", &self.processes).field("idle", &self.idle().len()).finish()
    }
}
