//! The behaviours that programs rely on when they come from asyncio or trio, 40 of them, each in a test that is named after it.
//! They are those that CPython's own tests ask for, told again for Rust; where Rust does better than to imitate, the test
//! says why.
//!
//! | numbers | about | module |
//! | --- | --- | --- |
//! | 1 to 6 | locks and events: order, and waiters that are cancelled | `locks` |
//! | 7 to 11 | conditions | `conditions` |
//! | 12 to 18 | semaphores | `semaphores` |
//! | 19 to 21 | barriers | `barriers` |
//! | 22 to 27 | queues: no item lost or doubled; shutting down | `queues` |
//! | 28 to 33 | groups: errors, cancellation, both at once | `groups` |
//! | 34 to 38 | time limits | `timeouts` |
//! | 39 and 40 | the end of a run, what is left over, and who is told | `endings` |
//!
//! Each runs on one thread with a clock that jumps, in the simulation under a thousand seeds, and on four workers. But for these:
//!
//! | not in the simulation | why |
//! | --- | --- |
//! | 15, 17; 22, where nobody has been quicker | what is said is said of tasks that run in the order of coming |
//! | 34, of a busy thread | it moves the clock under the task's feet |
//! | 39; 40 of hooks, of reports, of other threads | they are about a whole runtime, about real time, about threads |
//! | 40, of cancelled timers | it asks the clock, and the wheel, what is left in them |
//!
//! Not on four workers: those of them whose order or time must be exact, and 33 of a group that ends late. Not here: Ctrl-C, once
//! and twice, which needs a process of its own.

mod barriers;
mod conditions;
mod endings;
mod floors;
mod groups;
mod locks;
mod queues;
mod semaphores;
mod timeouts;
