//! Structured concurrency: joining, races, task groups, cancel scopes and task-local values.

#![forbid(unsafe_code)]

mod as_completed;
mod join;
mod map_concurrent;
mod pool;
mod ready;
mod slot;
mod stop;
mod sync;
mod turns;

pub use as_completed::{AsCompleted, FirstDone, WaitFirst, as_completed, wait_first};
pub use join::{JoinAll, RaceAll, RaceOkAll, Together, TryJoinAll, join, race, race_ok, try_join};
pub use map_concurrent::{MapConcurrent, MapStreamConcurrent, map_concurrent, map_stream_concurrent};
