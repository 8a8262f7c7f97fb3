//! The rows: what is compared with what, and what is asked of whit.

use crate::meter::Meter;
use crate::rows::{blocking, channels, executor, locks, timers};
use crate::runtimes::{Compio, Monoio, Smol, SmolLocal, SmolStatic, Tokio, Whit, WhitLocal};

#[cfg(target_os = "linux")]
use crate::runtimes::Glommio;

/// Who, and how it takes a sample.
pub(crate) type Contender = (&'static str, fn(Meter) -> f64);

/// One line of the table. Every value is better if it is lower.
pub(crate) struct Row {
    pub(crate) group: &'static str,
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    /// The first is whit.
    pub(crate) contenders: Vec<Contender>,
    /// Against whom, or `best` of all, and at least which ratio is asked for.
    pub(crate) bars: &'static [(&'static str, f64)],
}

/// The value of one contender in one row, printed for whoever started this process.
pub(crate) fn sample(row: &str, contender: &str, quick: bool) -> Result<(), String> {
    let rows = rows();
    let row = rows.iter().find(|known| known.name == row).ok_or_else(|| unknown(row))?;
    let of = row.contenders.iter().find(|known| known.0 == contender);
    let (_, run) = of.ok_or_else(|| format!("the row `{}` has no contender `{contender}`", row.name))?;
    println!("{:e}", run(Meter { quick }));
    // What is still running, sleeping or blocked was not asked to end.
    std::process::exit(0);
}

/// What to say when nobody knows a row.
pub(crate) fn unknown(row: &str) -> String {
    format!("no row is called `{row}`; `cargo xtask bench rows` lists them all")
}

/// On two workers: whit, tokio, smol, and smol's static executor.
macro_rules! two_workers {
    ($body:path) => {{
        use $body as body;
        vec![
            ("whit", body::<Whit> as fn(Meter) -> f64),
            ("tokio", body::<Tokio<true>>),
            ("smol", body::<Smol>),
            ("smol static", body::<SmolStatic>),
        ]
    }};
}

/// On one thread.
macro_rules! one_thread {
    ($body:path) => {{
        use $body as body;
        vec![
            ("whit", body::<WhitLocal> as fn(Meter) -> f64),
            ("tokio", body::<Tokio<false>>),
            ("smol", body::<SmolLocal>),
            ("monoio", body::<Monoio>),
            ("compio", body::<Compio>),
            #[cfg(target_os = "linux")]
            ("glommio", body::<Glommio>),
        ]
    }};
}

macro_rules! row {
    ($group:expr, $name:literal, $what:literal, $contenders:expr $(, $against:literal >= $bar:literal)*) => {
        Row { group: $group, name: $name, what: $what, contenders: $contenders, bars: &[$(($against, $bar)),*] }
    };
}

pub(crate) const TWO: &str = "Executor, two workers (ns an operation)";
pub(crate) const ONE: &str = "Executor, one thread (ns an operation)";
const TIME: &str = "Timers, two workers";
const SYNC: &str = "Locks and permits (ns an operation)";
const FLOW: &str = "Channels (ns a message)";
const POOL: &str = "Blocking pool (ns a job)";

/// All of them, in the order of the report.
pub(crate) fn rows() -> Vec<Row> {
    let mut rows = vec![
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
            two_workers!(executor::spawn_join),
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
            "a thread asks a task and waits for the answer",
            two_workers!(executor::thread_wake),
            "tokio" >= 5.0
        ),
        row!(
            TWO,
            "async-tree",
            "55,986 tasks as a tree, 6 levels of 6",
            two_workers!(executor::async_tree),
            "tokio" >= 1.4,
            "smol" >= 1.0
        ),
        row!(TWO, "actors", "8 producers, 8 consumers, over async-channel", two_workers!(executor::actors)),
        row!(
            TWO,
            "heartbeat",
            "longest gap of a 10 ms beat beside a blocked task (ms)",
            two_workers!(executor::heartbeat)
        ),
        row!(
            ONE,
            "one-spawn",
            "10,000 tasks spawned by a task",
            one_thread!(executor::spawn_inside),
            "tokio" >= 1.5,
            "best" >= 0.9
        ),
        row!(
            ONE,
            "one-join",
            "10,000 tasks spawned, then awaited",
            one_thread!(executor::spawn_join),
            "tokio" >= 1.5,
            "best" >= 0.9
        ),
        row!(
            ONE,
            "one-chained",
            "1,000 tasks, each spawned by the one before",
            one_thread!(executor::chained),
            "tokio" >= 1.5,
            "best" >= 0.9
        ),
        row!(
            ONE,
            "one-yield",
            "200 tasks that yield 1,000 times",
            one_thread!(executor::yields),
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
            "one-token-ring",
            "a token passed round 100 tasks",
            one_thread!(executor::token_ring),
            "tokio" >= 1.0,
            "best" >= 0.9
        ),
        row!(TIME, "timer-churn", "create, poll, drop (ns)", two_workers!(timers::create_drop), "tokio" >= 2.3),
        row!(TIME, "timer-churn-100k", "the same beside 100,000 (ns)", two_workers!(timers::create_drop_beside)),
        row!(
            TIME,
            "timer-churn-two",
            "the same from two tasks at once (ns)",
            two_workers!(timers::create_drop_two),
            "tokio" >= 3.0
        ),
        row!(
            TIME,
            "timer-fire",
            "many within a second, processor time (ns a timer)",
            two_workers!(timers::fire),
            "tokio" >= 1.5
        ),
        row!(TIME, "sleep-1ms", "median lateness of sleep(1 ms) (ns)", two_workers!(timers::lateness)),
        row!(TIME, "sleepers", "memory of a task that sleeps (bytes)", two_workers!(timers::sleepers)),
    ];
    rows.extend(locks_and_permits());
    rows.extend(flow());
    rows.push(row!(
        POOL,
        "unblock",
        "one job at a time",
        vec![
            ("whit", blocking::whit_round_trip as _),
            ("tokio", blocking::tokio_round_trip as _),
            ("smol", blocking::smol_round_trip as _)
        ],
        "best" >= 1.0
    ));
    rows.push(row!(
        POOL,
        "unblock-burst",
        "a burst of tiny jobs",
        vec![
            ("whit", blocking::whit_burst as _),
            ("tokio", blocking::tokio_burst as _),
            ("smol", blocking::smol_burst as _)
        ],
        "tokio" >= 8.0
    ));
    rows
}

fn locks_and_permits() -> Vec<Row> {
    use locks::{mutex, rwlock, semaphore};
    type T = Tokio<true>;
    vec![
        row!(
            SYNC,
            "mutex",
            "free",
            vec![
                ("whit", mutex::whit_free as _),
                ("tokio", mutex::tokio_free as _),
                ("smol", mutex::smol_free as _),
                ("futures", mutex::futures_free as _),
                ("std", mutex::std_free as _)
            ],
            "tokio" >= 2.0,
            "smol" >= 2.0
        ),
        row!(
            SYNC,
            "mutex-many",
            "100 tasks on 2 workers",
            vec![
                ("whit", mutex::whit_many::<Whit> as _),
                ("tokio", mutex::tokio_many::<T> as _),
                ("smol", mutex::smol_many::<Smol> as _),
                ("futures", mutex::futures_many::<Smol> as _)
            ],
            "tokio" >= 1.3
        ),
        row!(
            SYNC,
            "mutex-held",
            "the same, held over a yield",
            vec![
                ("whit", mutex::whit_held::<Whit> as _),
                ("tokio", mutex::tokio_held::<T> as _),
                ("smol", mutex::smol_held::<Smol> as _),
                ("futures", mutex::futures_held::<Smol> as _)
            ],
            "tokio" >= 1.3
        ),
        row!(
            SYNC,
            "semaphore",
            "free",
            vec![
                ("whit", semaphore::whit_free as _),
                ("tokio", semaphore::tokio_free as _),
                ("smol", semaphore::smol_free as _)
            ],
            "tokio" >= 2.0,
            "smol" >= 2.0
        ),
        row!(
            SYNC,
            "semaphore-many",
            "3 permits, 100 tasks on 2 workers",
            vec![
                ("whit", semaphore::whit_many::<Whit> as _),
                ("tokio", semaphore::tokio_many::<T> as _),
                ("smol", semaphore::smol_many::<Smol> as _)
            ],
            "tokio" >= 1.3
        ),
        row!(
            SYNC,
            "rwlock",
            "read, free",
            vec![
                ("whit", rwlock::whit_read as _),
                ("tokio", rwlock::tokio_read as _),
                ("smol", rwlock::smol_read as _)
            ],
            "tokio" >= 2.0,
            "smol" >= 2.0
        ),
        row!(
            SYNC,
            "rwlock-many",
            "write, 100 tasks on 2 workers",
            vec![
                ("whit", rwlock::whit_many::<Whit> as _),
                ("tokio", rwlock::tokio_many::<T> as _),
                ("smol", rwlock::smol_many::<Smol> as _)
            ],
            "tokio" >= 1.3
        ),
        row!(
            SYNC,
            "oneshot",
            "make, send, receive",
            vec![
                ("whit", channels::whit_oneshot as _),
                ("tokio", channels::tokio_oneshot as _),
                ("futures", channels::futures_oneshot as _)
            ],
            "tokio" >= 1.0
        ),
    ]
}

fn flow() -> Vec<Row> {
    use channels::{flume_mpmc as flume, futures_mpsc as futures, kanal_mpmc as kanal, smol, tokio, whit};
    macro_rules! all {
        ($body:ident) => {
            vec![
                ("whit", whit::$body::<Whit> as fn(Meter) -> f64),
                ("tokio", tokio::$body::<Tokio<true>>),
                ("smol", smol::$body::<Smol>),
                ("futures", futures::$body::<Smol>),
                ("flume", flume::$body::<Smol>),
                ("kanal", kanal::$body::<Smol>),
            ]
        };
    }
    let drained = vec![
        ("whit", whit::fill_and_drain as fn(Meter) -> f64),
        ("tokio", tokio::fill_and_drain),
        ("smol", smol::fill_and_drain),
        ("futures", futures::fill_and_drain),
        ("flume", flume::fill_and_drain),
        ("kanal", kanal::fill_and_drain),
    ];
    vec![
        row!(
            FLOW,
            "bounded",
            "bounded(100), one to one",
            all!(one_to_one),
            "tokio" >= 2.5,
            "flume" >= 1.0,
            "kanal" >= 0.67
        ),
        row!(
            FLOW,
            "bounded-8",
            "bounded(100), eight to one",
            all!(eight_to_one),
            "tokio" >= 2.5,
            "flume" >= 1.0,
            "kanal" >= 0.67
        ),
        row!(FLOW, "unbounded", "one to one", all!(unbounded), "tokio" >= 2.5, "flume" >= 1.0, "kanal" >= 0.67),
        row!(
            FLOW,
            "fill-drain",
            "1,000 in, 1,000 out, nobody waits",
            drained,
            "tokio" >= 2.5,
            "flume" >= 1.0,
            "kanal" >= 0.67
        ),
    ]
}
