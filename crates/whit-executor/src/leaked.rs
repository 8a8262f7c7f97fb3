//! Executors for the rest of the process, by the names that async-executor has for them.

use crate::{Executor, LocalExecutor};

/// An [`Executor`] for a `static`, or for what [`Executor::leak`] returns.
///
/// It is no type of its own, as async-executor's is, which is the quicker one there since it keeps no list of its tasks. Here
/// a task gets into the list at its first `Pending`, in every executor. Nor is there an unsafe `spawn_scoped`: what borrows
/// goes to an [`Executor`] with that lifetime.
///
/// ```
/// use whit_executor::StaticExecutor;
///
/// static EXECUTOR: StaticExecutor = StaticExecutor::new();
/// let answer = EXECUTOR.run(async { EXECUTOR.spawn(async { 42 }).await });
/// assert_eq!(whit_core::block_on(answer), 42);
/// ```
pub type StaticExecutor = Executor<'static>;

/// A [`LocalExecutor`] for what [`LocalExecutor::leak`] returns.
pub type StaticLocalExecutor = LocalExecutor<'static>;

impl Executor<'static> {
    /// Keeps the executor, and the tasks it has, until the process ends. [`close`](Executor::close) still drops them.
    ///
    /// ```
    /// use whit_executor::Executor;
    ///
    /// let executor = Executor::new().leak();
    /// std::thread::spawn(|| whit_core::block_on(executor.run(std::future::pending::<()>())));
    /// assert_eq!(whit_core::block_on(executor.spawn(async { 42 })), 42);
    /// ```
    pub fn leak(self) -> &'static StaticExecutor {
        Box::leak(Box::new(self))
    }
}

impl LocalExecutor<'static> {
    /// Keeps the executor, and the tasks it has, until the process ends. [`close`](LocalExecutor::close) still drops them.
    ///
    /// ```
    /// use whit_executor::LocalExecutor;
    ///
    /// let executor = LocalExecutor::new().leak();
    /// let task = executor.spawn(async { 42 });
    /// assert_eq!(whit_core::block_on(executor.run(task)), 42);
    /// ```
    pub fn leak(self) -> &'static StaticLocalExecutor {
        Box::leak(Box::new(self))
    }
}
