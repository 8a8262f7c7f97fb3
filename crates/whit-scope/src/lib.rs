//! Structured concurrency: joining, races, task groups, cancel scopes and task-local values.

#![forbid(unsafe_code)]

mod as_completed;
mod borrow;
mod cancel;
mod group;
mod join;
mod map_concurrent;
mod pool;
mod ready;
mod slot;
mod stop;
mod sync;
mod task_local;
mod turns;
mod unwind;
mod wake;

pub use as_completed::{AsCompleted, FirstDone, WaitFirst, as_completed, wait_first};
pub use borrow::{InScope, Scope, Scoped, scope};
pub use cancel::{
    CancelScope, CancelToken, Cancelled, MoveOn, NotRescheduled, Reason, Run, Shield, WaitCancelled, cancelled,
    effective_deadline, fail_after, fail_at, is_cancelled, move_on_after, move_on_at, shield,
};
pub use group::{Child, GroupBuilder, GroupError, NotStarted, Policy, Ready, TaskGroup, task_group};
pub use join::{JoinAll, RaceAll, RaceOkAll, Together, TryJoinAll, join, race, race_ok, try_join};
pub use map_concurrent::{MapConcurrent, MapStreamConcurrent, map_concurrent, map_stream_concurrent};
pub use task_local::{NotSet, TaskLocal, WithLocal};
