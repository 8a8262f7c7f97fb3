//! What the tests of `whit-sync`, `whit-timers` and `whit-net` say about order and time, said of tasks under a thousand seeds each.
//!
//! A future that they poll by hand is a task here, and a thread is one too. Between two steps all run until they wait
//! (`support::settled`), or not; what is given up is given up at any time. Half of the seeds have an order by chance, the other half
//! priorities.
//!
//! | their file | here | left out, and why |
//! | --- | --- | --- |
//! | whit-sync `locks.rs` | `locks`, `signals` | `too_many_permits`, `auto_traits`: neither order nor time; a waker that panics: a task's does not; `blocking_forms`: about threads |
//! | whit-sync `channels.rs` | `channels`, `one_to_many` | `what_nobody_can_receive`, `a_forced_message`: one step each, nothing waits |
//! | whit-sync `wakes.rs` | `wakes` | two wakers that panic: as above |
//! | whit-sync `faults.rs` | `channels` (what goes back keeps its order) | counts of permits; wakers that panic; `enable` after a poll counts wake-ups of one waker, in `signals` it is seen that none is lost |
//! | whit-sync, inside | | a queue and a list against a model: one thread, no waits |
//! | whit-timers `futures.rs` | `timers` | the default clock, closed timers, the driver on a thread: about the real driver |
//! | whit-timers, wheel and `Timers`, inside | whit-timers `src/wheel/seeds.rs` | shards, unparks, wakers that panic: about threads and memory; pace: about the system's lateness |
//! | whit-timers `stress.rs` | `timers` and `src/wheel/seeds.rs` | |
//! | whit-net `tcp.rs`, `split.rs`, `udp.rs` | `sockets`, `streams` | options, addresses, std's types, what fits: neither order nor time; `tests/net.rs` and the conformance have them |
//! | whit-net `connect.rs`, `happy_eyeballs.rs` | `streams` | names and sentences; explicit handles |
//! | whit-net `network.rs` | | always ready gives way: counts units of one poll |
//! | whit-net `unix.rs`, `multicast.rs`, `descriptors.rs`, `elsewhere.rs`, `conversions.rs` | | the system's descriptors, or other executors: not in the simulation |
//! | any `*_blocking` verb | `tests/failures.rs` | it is refused here |
//! | any loom model | | it has every order |
//!
//! `shared` has what no single test of theirs says: many tasks at one lock or channel, of which some give up. Those of `whit-scope`
//! run under seeds in its own `tests/`: `support/mod.rs` there has the table, and `seeds.rs`, `lending_seeds.rs` what was said with threads.
//! The facade's behaviours are in `whit/tests/behaviours`.

mod channels;
mod locks;
mod one_to_many;
mod shared;
mod signals;
mod sockets;
mod streams;
mod support;
mod timers;
mod wakes;
