//! Rows of the executor, on two workers and on one thread.

use super::{ONE, Row, TWO, contenders, one_thread, row, two_workers, with_python};
use crate::bare::Bare;
use crate::meter::Meter;
use crate::plan::Contender;
use crate::rows::{executor, mailboxes, python, ready};
use crate::runtimes::{Smol, SmolLocal, Tokio, Whit, WhitLocal};

/// With what a bare deque of tasks needs.
fn limited(mut contenders: Vec<Contender>, bare: fn(Meter) -> f64) -> Vec<Contender> {
    contenders.push(Contender::one("bare", bare));
    contenders
}

/// compio polls its driver for each task that a task spawns: for a whole tree that takes seconds.
fn slow_compio(mut contenders: Vec<Contender>) -> Vec<Contender> {
    let slow = contenders.iter_mut().filter(|contender| contender.name == "compio");
    slow.for_each(|contender| contender.rounds_max = (0, 3));
    contenders
}

pub(super) fn rows() -> Vec<Row> {
    vec![
        row!(
            TWO,
            "spawn-outside",
            "10,000 tasks spawned by another thread",
            two_workers!(executor::spawn_outside),
            "tokio" >= 3.0,
            "best" >= 1.2
        ),
        row!(
            TWO,
            "spawn-inside",
            "10,000 tasks spawned by a task",
            two_workers!(executor::spawn_inside),
            "tokio" >= 3.0,
            "best" >= 1.2
        ),
        row!(
            TWO,
            "spawn-join",
            "10,000 tasks spawned, then awaited",
            with_python(two_workers!(executor::spawn_join), python::gather),
            "tokio" >= 2.0,
            "best" >= 1.0
        ),
        row!(
            TWO,
            "chained",
            "1,000 tasks, each spawned by the one before",
            two_workers!(executor::chained),
            "tokio" >= 4.0,
            "best" >= 2.0
        ),
        row!(
            TWO,
            "yield",
            "200 tasks that yield 1,000 times",
            two_workers!(executor::yields),
            "tokio" >= 1.4,
            "best" >= 1.0
        ),
        row!(
            TWO,
            "ping-pong",
            "1,000 pairs with two oneshots each",
            two_workers!(executor::ping_pong),
            "tokio" >= 1.5,
            "best" >= 1.0
        ),
        row!(
            TWO,
            "spawn-await",
            "spawn and await one at a time, in a task",
            two_workers!(executor::spawn_await),
            "tokio" >= 2.2,
            "best" >= 1.0
        ),
        row!(
            TWO,
            "spawn-await-root",
            "the same in the root",
            two_workers!(executor::spawn_await_root),
            "tokio" >= 20.0
        ),
        row!(TWO, "token-ring", "a token passed round 100 tasks", two_workers!(executor::token_ring)),
        row!(
            TWO,
            "thread-wake",
            "a thread asks a task and waits for the answer by the runtime's `block_on`",
            two_workers!(executor::thread_wake),
            "tokio" >= 5.0
        ),
        row!(
            TWO,
            "async-tree",
            "55,986 tasks as a tree, 6 levels of 6",
            with_python(two_workers!(executor::async_tree), python::tree),
            "tokio" >= 1.4,
            "smol" >= 1.0,
            "asyncio" >= 30.0
        ),
        row!(TWO, "actors", "8 producers, 8 consumers, over async-channel", two_workers!(executor::actors)),
        row!(
            TWO,
            "mailboxes",
            "8 producers, 8 consumers, over each runtime's own channels",
            contenders![
                "whit" => mailboxes::whit::<Whit>,
                "tokio" => mailboxes::tokio::<Tokio<true>>,
                "smol" => mailboxes::smol::<Smol>,
            ],
            "tokio" >= 1.5
        ),
        row!(
            TWO,
            "heartbeat",
            "longest gap of a 10 ms beat beside a blocked task (ms)",
            two_workers!(executor::heartbeat)
        )
        .at_most(50.0, "ms"),
        row!(
            ONE,
            "one-spawn",
            "10,000 tasks spawned by a task",
            limited(one_thread!(executor::spawn_inside), executor::spawn_inside::<Bare>),
            "tokio" >= 1.5,
            "best" >= 0.9
        ),
        row!(
            ONE,
            "one-join",
            "10,000 tasks spawned, then awaited",
            limited(one_thread!(executor::spawn_join), executor::spawn_join::<Bare>),
            "tokio" >= 1.5,
            "best" >= 0.9
        ),
        row!(
            ONE,
            "one-chained",
            "1,000 tasks, each spawned by the one before",
            limited(one_thread!(executor::chained), executor::chained::<Bare>),
            "tokio" >= 1.5,
            "best" >= 0.9
        ),
        row!(
            ONE,
            "one-yield",
            "200 tasks that yield 1,000 times",
            limited(one_thread!(executor::yields), executor::yields::<Bare>),
            "tokio" >= 1.5,
            "best" >= 0.9
        ),
        row!(
            ONE,
            "one-ping-pong",
            "1,000 pairs with two oneshots each",
            one_thread!(executor::ping_pong),
            "tokio" >= 1.5,
            "best" >= 0.9
        ),
        row!(
            ONE,
            "one-spawn-await",
            "spawn and await one at a time",
            one_thread!(executor::spawn_await),
            "tokio" >= 1.5,
            "glommio" >= 0.4
        ),
        row!(
            ONE,
            "one-spawn-await-eager",
            "the same, polled in the spawn by whit's choice, as it always is by glommio",
            one_thread!(executor::spawn_await, WhitLocal<true>),
            "tokio" >= 1.5,
            "best" >= 0.9
        ),
        row!(
            ONE,
            "one-token-ring",
            "a token passed round 100 tasks",
            one_thread!(executor::token_ring),
            "tokio" >= 1.0,
            "best" >= 0.9
        ),
        row!(
            ONE,
            "one-async-tree",
            "55,986 tasks as a tree, 6 levels of 6",
            slow_compio(one_thread!(executor::async_tree)),
            "tokio" >= 1.5,
            "best" >= 0.9
        ),
        row!(
            ONE,
            "one-async-tree-eager",
            "the same, polled in the spawn by whit's choice, as it always is by glommio",
            slow_compio(one_thread!(executor::async_tree, WhitLocal<true>)),
            "tokio" >= 1.5,
            "best" >= 0.9
        ),
        row!(
            ONE,
            "one-actors",
            "8 producers, 8 consumers, over async-channel",
            one_thread!(executor::actors),
            "tokio" >= 1.5,
            "best" >= 0.9
        ),
        row!(
            ONE,
            "one-mailboxes",
            "8 producers, 8 consumers, over each runtime's own channels",
            contenders![
                "whit" => mailboxes::whit::<WhitLocal>,
                "tokio" => mailboxes::tokio::<Tokio<false>>,
                "smol" => mailboxes::smol::<SmolLocal>,
            ],
            "tokio" >= 1.5,
            "best" >= 0.9
        ),
        row!(
            ONE,
            "block-on",
            "block_on of a future that is ready",
            contenders![
                "whit" => ready::whit,
                "tokio" => ready::tokio,
                "smol" => ready::smol,
                "monoio" => ready::monoio,
                "compio" => ready::compio,
                #[cfg(target_os = "linux")]
                "glommio" => ready::glommio,
            ],
            "best" >= 1.0
        ),
    ]
}
