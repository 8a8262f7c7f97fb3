//! Structured concurrency: joining, races, task groups, cancel scopes and task-local values, under every executor.
//!
//! # Should I use this crate?
//!
//! Most programs want the facade, `whit`. Depend on `whit-scope` if your library runs several things at once and has to run on
//! whatever its user has: it needs [`whit_core`] and nothing else of whit, and joining, scopes and tokens need no runtime at all.
//! A [`TaskGroup`] takes its scheduler, and a time limit its clock, from the current [`Handle`](whit_core::Handle), or by hand.
//!
//! # Example
//!
//! ```
//! # let executor = whit_executor::Executor::new();
//! # let clock = std::sync::Arc::new(whit_timers::current_clock());
//! # let handle = whit_core::Handle::builder().home(executor.home()).clock(clock).build();
//! # let _entered = handle.enter();
//! use std::time::Duration;
//! use whit_scope::{move_on_after, task_group};
//!
//! # whit_core::block_on(executor.run(async {
//! let total = move_on_after(Duration::from_secs(5), async {
//!     task_group(|group| async move {
//!         let parts: Vec<_> = (1..=3).map(|n| group.spawn(async move { Ok::<_, std::io::Error>(n * 10) })).collect();
//!         let parts = whit_scope::join(parts).await;
//!         Ok(parts.into_iter().flatten().sum::<i32>())
//!     })
//!     .await
//! });
//! assert_eq!(total.await.unwrap().unwrap(), 60);
//! # }));
//! ```
//!
//! # What to take
//!
//! | you want | in the task that awaits: may borrow | as tasks: in parallel, `'static` |
//! | --- | --- | --- |
//! | all outputs | [`join`] | [`task_group`], and [`join`] on its handles |
//! | all values, or the first error | [`try_join`], [`local_task_group`] | [`task_group`] |
//! | the first | [`race`], [`race_ok`] | [`Policy::FirstOk`] |
//! | each as it comes | [`as_completed`], [`wait_first`] | [`as_completed`] on handles |
//! | many, so many at a time | [`map_concurrent`], [`map_stream_concurrent`] | [`GroupBuilder::limit`] |
//! | the same, until one fails | [`try_map_concurrent`], [`try_map_stream_concurrent`] | the same, in a [`task_group`] |
//! | children that come up on the way | [`scope`], or [`scope_local`] if they are not `Send` | [`TaskGroup::spawn`], [`TaskGroup::start`] |
//! | children that borrow something big | [`scope`] | [`scope_with`], which owns it |
//! | a time limit | [`move_on_after`], [`fail_after`] | the same, around the group |
//! | to cancel by hand | [`CancelScope`], [`CancelToken`] | [`TaskGroup::cancel`], [`Child::cancel`] |
//! | to cancel everything, as Ctrl-C does | [`Root`], [`interrupt`] | the same |
//! | something to go on until it is done | [`shield`] | [`shield`] |
//! | a value for all that is called | [`task_local!`] | taken over by what is spawned |
//!
//! # How it works
//!
//! Three ideas carry the rest.
//!
//! - **Each child has a waker of its own**, so a poll costs what was woken and not what exists (`ready.rs` and `turns.rs`).
//! - **Cancellation is a state of a scope**, not an exception in flight: it cannot be swallowed, lost or raised twice. Scopes form
//!   a tree. When one is cancelled, everybody inside who asked by [`cancelled`] is woken; then each future that runs in a
//!   scope is polled once more, and dropped if it is still pending and nothing in it is shielded. Of nested scopes that end
//!   together, the outermost reports (`cancel/mod.rs`).
//! - **Whoever drops, waits.** A dropped [`Task`](whit_core::Task) is cancelled at once but gone only soon. [`try_join`], [`race`] and
//!   every scope drop inside [`whit_core::cleanup::collect`], and return when all that they dropped is gone.
//!
//! Spawned tasks and closures for `unblock` inherit the scope and the task-local values of whoever spawns them
//! ([`whit_core::Inherited`]). A plainly spawned task sees the cancellation of an inherited scope; it is its handle, or its
//! group, that ends it.
//!
//! A program as a whole is cancelled by [`interrupt`], as Ctrl-C does it under the facade: that reaches the [`Root`], and whatever is
//! in no other scope.
//!
//! Where the ideas come from: nurseries, cancel scopes and shields are trio's, the children's own wakers and the four joins
//! futures-concurrency's, the group that owns its children's errors asyncio's and Kotlin's, the borrowing scope moro's.
//!
//! # Cancellation and panics
//!
//! Dropping any future of this crate drops what it runs, or cancels its tasks; nothing is lost that had been handed over. Then
//! nobody waits for the tasks, unless it is dropped by a scope or a combinator of this crate. A panic in a joined future or a
//! scope's child goes through at once; in a group it cancels the others and goes on when they have ended.
//!
//! Cleaning up asynchronously takes a [`shield`], and a bound inside of it: `shield(move_on_after(two_seconds, clean_up()))`.
//!
//! # Features
//!
//! None.
//!
//! # Limits
//!
//! - A shield holds back scopes and groups, not whoever drops a future by hand or as the loser of a race.
//! - Rust can forget a future, so no async function can lend its caller's frame to children that run in parallel. [`scope`] lends
//!   it to children in one task, and [`scope_with`] lends what was moved into it to children in parallel. A function that blocks
//!   can do both: `whit_executor::run_scoped`.
//! - Scopes are told apart by the task that polls them. A `block_on` inside an async function is in the same task as what is
//!   around it, and must not wait for a time limit there: the outer scope that has to speak is not polled meanwhile.
//! - A task that blocks its thread cannot be dropped, and holds up whoever waits for it. Blocking closures ask
//!   [`is_cancelled`].
//! - There is one interruption for the process, and all of its roots. A scope that was made before the first root is not reached.
//! - The children of an array or a vector are boxed one by one, which takes no unsafe code. The only unsafe code of this crate is in
//!   `lend.rs`, whose text says why it is sound.

#![deny(unsafe_code)]

mod as_completed;
mod borrow;
mod cancel;
mod group;
mod join;
mod lend;
mod map_concurrent;
mod pool;
mod ready;
mod running;
mod slot;
mod stop;
mod sync;
mod task_local;
mod try_map_concurrent;
mod turns;
mod unwind;

pub use as_completed::{AsCompleted, FirstDone, WaitFirst, as_completed, wait_first};
pub use borrow::{InLocalScope, InScope, LocalScope, Scope, Scoped, scope, scope_local};
pub use cancel::{
    CancelScope, CancelToken, Cancelled, MoveOn, NotRescheduled, Reason, Root, Run, Shield, WaitCancelled, cancelled,
    effective_deadline, fail_after, fail_at, interrupt, is_cancelled, move_on_after, move_on_at, shield,
};
pub use group::{
    Child, GroupBuilder, GroupError, LocalTaskGroup, NotStarted, Policy, Ready, TaskGroup, local_task_group, task_group,
};
pub use join::{JoinAll, RaceAll, RaceOkAll, Together, TryJoinAll, join, race, race_ok, try_join};
pub use lend::{Lent, LentBody, LentChild, scope_with};
pub use map_concurrent::{MapConcurrent, MapStreamConcurrent, map_concurrent, map_stream_concurrent};
pub use task_local::{NotSet, TaskLocal, WithLocal};
pub use try_map_concurrent::{TryMapConcurrent, TryMapStreamConcurrent, try_map_concurrent, try_map_stream_concurrent};
