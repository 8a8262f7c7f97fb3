//! What a task that blocks does to its neighbour on one worker, and the two ways out.
//!
//! asyncio: `time.sleep(2)` against `await asyncio.sleep(2)` against `await loop.run_in_executor(None, time.sleep, 2)`.

#![allow(unreachable_pub, reason = "the chapters are programs of their own and parts of the tour")]

#[path = "support/mod.rs"]
#[allow(dead_code, missing_docs, unused_imports)]
pub mod support;

use std::time::Duration;

use support::client::BoxError;
use support::{Log, Row};
use whit::time::now;

const LONG: Duration = Duration::from_secs(2);

#[derive(Clone, Copy)]
enum Way {
    /// Holds the worker: nothing else runs.
    ThreadSleep,
    /// Gives the worker back while it waits.
    AsyncSleep,
    /// Blocks a thread of the pool instead.
    Unblocked,
}

async fn long_task(log: Log, way: Way) {
    log.say("Blocking task: start");
    match way {
        Way::ThreadSleep => whit::time::hold(LONG),
        Way::AsyncSleep => drop(whit::sleep(LONG).await),
        Way::Unblocked => whit::unblock(|| whit::time::hold(LONG)).await,
    }
    log.say("Blocking task: done");
}

async fn other_work(log: Log) -> Duration {
    let started = now();
    let mut first = None;
    for iteration in 0..5 {
        first.get_or_insert_with(|| now() - started);
        log.say(format!("Other work: iteration {iteration}"));
        whit::sleep(Duration::from_millis(300)).await;
    }
    first.unwrap_or_default()
}

/// How long after the start the other work had its first turn.
async fn beside(log: &Log, way: Way) -> Duration {
    let started = now();
    let long = whit::spawn(long_task(log.clone(), way));
    let other = whit::spawn({
        let log = log.clone();
        async move {
            let first = now() - started;
            other_work(log).await;
            first
        }
    });
    let (_, first) = whit::gather!(long, other).await;
    first
}

/// The chapter itself, for whatever runs it.
pub async fn story(log: &Log) -> Vec<Row> {
    let mut rows = Vec::new();
    for (way, what, title) in [
        (Way::ThreadSleep, "first turn beside a thread sleep", "thread sleep"),
        (Way::AsyncSleep, "first turn beside an async sleep", "async sleep"),
        (Way::Unblocked, "first turn beside unblock", "thread sleep under unblock"),
    ] {
        log.say(format!("-- {title} --"));
        let first = beside(log, way).await;
        let (least, most) = if matches!(way, Way::ThreadSleep) { (2.00, 2.10) } else { (0.00, 0.05) };
        rows.push(Row::time(what, first, least, most));
    }
    rows
}

/// Runs the chapter; the rows for the report.
pub fn chapter(log: &Log) -> Result<Vec<Row>, BoxError> {
    Ok(whit::Builder::new().workers(1).run(story(log)))
}

#[allow(dead_code)]
fn main() -> Result<(), BoxError> {
    chapter(&Log::new("blocking")).map(drop)
}
