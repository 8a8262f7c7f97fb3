//! What the tests of `whit-sync`, `whit-timers` and `whit-net` say about order and time, said of tasks under a thousand seeds each.
//!
//! A future that they poll by hand is a task here, and a thread is one too. Between two steps all run until they wait
//! (`support::settled`), or not; what is given up is given up at any time. Half of the seeds have an order by chance, the other half
//! priorities.
//!
//! | their file | here |
//! | --- | --- |
//! | whit-sync `locks.rs` | `locks`, `signals` |
//! | whit-sync `channels.rs` | `channels`, `one_to_many` |
//! | whit-sync `wakes.rs` | `wakes` |
//! | whit-sync `faults.rs`: what goes back keeps its order | `channels` |
//! | whit-timers `futures.rs` | `timers` |
//! | whit-timers `stress.rs`, and the wheel's | `timers`, and whit-timers' `src/wheel/seeds.rs` |
//! | whit-net `tcp.rs`, `split.rs`, `udp.rs` | `sockets`, `streams` |
//! | whit-net `connect.rs`, `happy_eyeballs.rs` | `streams` |
//!
//! | left out | why |
//! | --- | --- |
//! | whit-sync: counts of permits, auto traits, what is forced out or dropped at once; queue and list against a model | nothing waits |
//! | whit-sync: wakers that panic, `enable` after a poll | wakers made by hand: a task's do not panic |
//! | `*_blocking` verbs | refused here: `tests/failures.rs` |
//! | whit-timers: shards, unparks, the default clock, closing; pace | about the driver, its threads, the system's lateness |
//! | whit-net: options, addresses, names, sentences, std's types, what fits | neither order nor time; the conformance tests have them |
//! | whit-net: a stream that is always ready gives way | counts the units of one poll |
//! | whit-net: `unix`, `multicast`, `descriptors`, `elsewhere`, `conversions` | the system's descriptors, other executors |
//! | loom models | they have every order |
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
