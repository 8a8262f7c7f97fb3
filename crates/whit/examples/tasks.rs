//! Awaiting one after the other against spawning all first.
//!
//! asyncio: `await op()` three times, against `tasks = [asyncio.create_task(op()) for _ in range(3)]`.

#![allow(unreachable_pub, reason = "the chapters are programs of their own and parts of the tour")]

#[path = "support/mod.rs"]
#[allow(dead_code, missing_docs, unused_imports)]
pub mod support;

use std::time::Duration;

use support::client::BoxError;
use support::{Log, Row};
use whit::time::now;

async fn operation() {
    whit::sleep(Duration::from_secs(1)).await;
}

/// The chapter itself, for whatever runs it.
pub async fn story(log: &Log) -> Vec<Row> {
    let started = now();
    for _ in 0..3 {
        operation().await;
    }
    let sequential = now() - started;
    log.say(format!("Sequential: {:.2}s", sequential.as_secs_f64()));

    let started = now();
    // A spawned task runs at once; awaiting it only waits for its result.
    let tasks: Vec<_> = (0..3).map(|_| whit::spawn(operation())).collect();
    for task in tasks {
        task.await;
    }
    let concurrent = now() - started;
    log.say(format!("Concurrent: {:.2}s", concurrent.as_secs_f64()));

    vec![
        Row::time("three operations, sequential", sequential, 3.00, 3.10),
        Row::time("three operations, concurrent", concurrent, 1.00, 1.10),
    ]
}

/// Runs the chapter; the rows for the report.
pub fn chapter(log: &Log) -> Result<Vec<Row>, BoxError> {
    Ok(whit::run(story(log)))
}

#[allow(dead_code)]
fn main() -> Result<(), BoxError> {
    chapter(&Log::new("tasks")).map(drop)
}
