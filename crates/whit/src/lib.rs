//! An event loop taken apart, and put together again: a small, fast, structured async runtime.
//!
//! # Should I use this crate?
//!
//! Yes, if you want a runtime that just works. If you need one part only (a channel, a timer wheel, a reactor), depend on
//! that part's crate: each works alone and under every executor. If you want to join parts yourself, see [`whit_core`] and
//! the example `compose`.
//!
//! # Example
//!
//! ```
//! use std::time::Duration;
//!
//! let both = whit::run(async {
//!     let one = whit::spawn(async {
//!         whit::sleep(Duration::from_millis(5)).await;
//!         1
//!     });
//!     let two = whit::unblock(|| 2); // may block: runs on the pool
//!     whit::gather!(one, two).await
//! });
//! assert_eq!(both, (1, 2));
//! ```
//!
//! # How it works
//!
//! [`run`] makes a runtime, polls the root future on the calling thread, which is worker 0, and runs the other workers on
//! threads of their own. Idle workers sleep; one of them sleeps in the driver (timers over a reactor) and so notices what
//! happens outside. When the root is ready, `run` cancels and drops every leftover task, stops the pool within the grace
//! period, joins all threads and closes all descriptors, and only then returns.
//!
//! Outside a runtime, everything here works too: leaf types, [`spawn`] and [`unblock`] start a process-wide default by
//! themselves at first use, as smol's do. Such defaults live until the process ends.
//!
//! # Cancellation and panics
//!
//! Under `#[whit::main]` and [`Builder::ctrl_c`], the first Ctrl-C or `SIGTERM` cancels the root, and what is in no other scope sees
//! it; the second ends the process with 130.
//!
//! A dropped [`Task`] is cancelled. A panic in a task is re-raised where it is awaited; that of a detached task goes to
//! [`Builder::on_unhandled`]. A panic of the root future comes out of `run`, after the same clean-up.
//!
//! # Features
//!
//! - `macros` (on by default): `#[whit::main]` and `#[whit::test]`; it adds no crate but `whit-macros`.
//! - `fs`: files, directories, standard streams.
//! - `sim`: simulations, and `#[whit::sim]` for tests inside one.
//! - `process`: child processes and signals. Ctrl-C needs no feature: see [`Builder::ctrl_c`].
//! - `process-pool`: a pool of processes that run functions of this program; it adds serde and postcard.
//! - `blocked-stack`: the report on a poll that blocks shows the stack where it is stuck, on Linux. It uses a realtime signal, which
//!   may end a system call of the stuck thread with `EINTR`; see the page of `whit-stack`. Without it the report says that the thread
//!   runs, or in which function of the kernel it sleeps. In a build without optimization the first report comes seconds late, as much
//!   debug information has to be read for the names; the stack is that of the time when the watch looked.
//! - `tracing`: the report is an event of `tracing`, at level `WARN` with target `whit::blocked`.
//!
//! # Limits
//!
//! Blocking code in a task blocks its worker: use [`unblock`], or [`Unblock`] for a reader or writer.

#![forbid(unsafe_code)]

mod builder;
mod crew;
mod driving;
mod gather;
mod global;
mod interrupt;
mod nested;
mod race;
mod runner;
mod runtime;
mod threads;
mod watching;

pub use builder::{Builder, RunError, run, run_local};
pub use global::{spawn, spawn_eager, spawn_local, spawn_local_eager, spawn_named};
pub use nested::running;
pub use race::race;
pub use runner::Runner;
pub use whit_executor::{BlockedPoll, StackTrace};

pub use futures_lite::future::{or, yield_now};
pub use futures_lite::{pin, ready};
pub use whit_blocking::{Unblock, unblock};
pub use whit_core::{FallibleTask, Handle, Task, TaskId, UnhandledPanic, block_on, current_task};
pub use whit_executor::{Executor, LocalExecutor, run_scoped};
#[cfg(all(feature = "macros", feature = "sim"))]
pub use whit_macros::sim;
#[cfg(feature = "macros")]
pub use whit_macros::{main, test};
pub use whit_net::resolve;
pub use whit_reactor::Async;
pub use whit_timers::{Timer, interval, sleep, sleep_until, timeout, timeout_at};

/// The parts that a runtime is made of, for those who join them by hand.
pub mod parts {
    pub use whit_blocking::{self as blocking, Pool};
    pub use whit_core::{self as core, Home, Park, ThreadPark};
    pub use whit_executor::{self as executor, SharedPark};
    pub use whit_net::{self as net, OsNetwork};
    pub use whit_reactor::{self as reactor, Reactor};
    pub use whit_timers::{self as timers, Timers};
}

/// Combinators for futures (`futures-lite`'s, but for [`race`]).
pub mod future {
    pub use crate::race;
    pub use futures_lite::future::*;
}

/// Where chance comes from, and a `RandomState` for maps whose order a simulation repeats.
pub use whit_core::entropy;

/// Structured concurrency: joining, races, task groups, cancel scopes, task-local values.
pub use whit_scope as scope;

pub use whit_scope::{
    CancelScope, CancelToken, Cancelled, TaskGroup, cancelled, fail_after, is_cancelled, move_on_after, shield,
    task_group, task_local,
};

/// Files and directories.
#[cfg(feature = "fs")]
pub use whit_fs as fs;

/// Child processes.
#[cfg(feature = "process")]
pub use whit_process as process;

/// Signals: Ctrl-C and its like.
#[cfg(feature = "process")]
pub use whit_process::signal;

/// The same program on a simulated machine room: virtual time, seeded order, hosts that crash.
#[cfg(feature = "sim")]
pub use whit_sim as sim;

/// Traits and adapters for reading and writing (`futures-io`'s traits, `futures-lite`'s adapters), and, by feature `fs`,
/// standard streams, `copy_bidirectional`, and readers of lines and frames.
pub mod io {
    pub use futures_lite::io::*;
    #[cfg(feature = "fs")]
    pub use whit_fs::io::*;
}

/// Streams and their adapters (`futures-lite`'s).
pub mod stream {
    pub use futures_lite::stream::*;
}

/// TCP, UDP and Unix sockets.
pub mod net {
    pub use whit_net::*;
}

/// Channels; [`sync`] has `oneshot`, `broadcast` and `watch`.
pub mod channel {
    pub use whit_sync::channel::*;
}

/// Locks, by the name that smol has for them: [`sync`] and nothing else.
pub mod lock {
    pub use whit_sync::*;
}

/// Locks, semaphores, events and channels.
pub mod sync {
    pub use whit_sync::*;
}

/// Sleeps, intervals and time-outs.
pub mod time {
    pub use whit_timers::*;
}

/// What most programs import.
pub mod prelude {
    pub use futures_lite::future::FutureExt as _;
    pub use futures_lite::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncSeekExt as _, AsyncWriteExt as _};
    pub use futures_lite::stream::StreamExt as _;
}

/// What the attributes refuse, and one that they take.
///
/// ```
/// #[whit::main(workers = 1)]
/// async fn main() {}
/// ```
/// ```compile_fail
/// #[whit::main]
/// fn main() {}
/// ```
/// ```compile_fail
/// #[whit::main(workers = 0)]
/// async fn main() {}
/// ```
/// ```compile_fail
/// #[whit::main(local, workers = 2)]
/// async fn main() {}
/// ```
/// ```
/// #[whit::main(local, ctrl_c = false)]
/// async fn main() {}
/// ```
/// ```compile_fail
/// #[whit::main(ctrl_c)]
/// async fn main() {}
/// ```
/// ```compile_fail
/// #[whit::main(threads = 2)]
/// async fn main() {}
/// ```
/// ```compile_fail
/// #[whit::main]
/// async fn main(arguments: Vec<String>) {}
/// ```
#[cfg(all(doctest, feature = "macros"))]
struct Attributes;

/// What the attribute of simulations refuses, and one that it takes.
///
/// ```
/// #[whit::sim(seeds = 10, hosts = 2)]
/// async fn passes() {}
/// ```
/// ```compile_fail
/// #[whit::sim(hosts = 0)]
/// async fn without_hosts() {}
/// ```
/// ```compile_fail
/// #[whit::sim(seeds = 0)]
/// async fn without_seeds() {}
/// ```
/// ```compile_fail
/// #[whit::sim(workers = 2)]
/// async fn with_workers() {}
/// ```
#[cfg(all(doctest, feature = "macros", feature = "sim"))]
struct Simulated;
/// The pages of `docs/` that show code.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../../../docs/structured-concurrency.md")]
    struct StructuredConcurrency;

    #[doc = include_str!("../../../docs/cancellation.md")]
    struct Cancellation;
}
