//! Rows of timers.

use super::{MEMORY, Row, TIME, one_thread, row, two_workers};
use crate::rows::timers;

pub(super) fn rows() -> Vec<Row> {
    vec![
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
        row!(TIME, "timer-fire-late", "many within a second, median lateness (ns)", two_workers!(timers::fire_late)),
        row!(TIME, "sleep-1ms", "median lateness of sleep(1 ms) (ns)", two_workers!(timers::lateness))
            .at_most(60_000.0, "ns"),
        row!(
            TIME,
            "one-timer-churn",
            "create, poll, drop, on one thread (ns)",
            one_thread!(timers::create_drop),
            "tokio" >= 2.3,
            "monoio" >= 1.2
        ),
        row!(TIME, "sleepers", "memory of a task that sleeps (bytes)", two_workers!(timers::sleepers))
            .at_most(200.0, "bytes")
            .rounds_max(MEMORY),
        row!(
            TIME,
            "sleepers-end",
            "as many sleep for the same time: until all have ended (ns)",
            two_workers!(timers::sleepers_end)
        )
        .rounds_max(MEMORY),
    ]
}
