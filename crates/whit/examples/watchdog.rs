//! The watchdog: who blocks is named, and does not hold up the others.
//!
//! `cargo run --example watchdog`. Look at the report, which comes while the task still blocks, and at the longest gap between two
//! beats: as long as the block with one worker, and short with two.
//!
//! asyncio: `asyncio.run(main(), debug=True)` logs a slow callback, after it has ended.

#![allow(unreachable_pub, reason = "a test runs it as well")]

#[path = "support/log.rs"]
#[allow(dead_code, missing_docs)]
pub mod support;

use std::time::{Duration, Instant};

use support::{Log, Row};
use whit::Builder;

const BEAT: Duration = Duration::from_millis(10);
const BLOCK: Duration = Duration::from_millis(500);

/// What no task should do: it keeps its worker, instead of calling this by `whit::unblock`.
async fn greedy() -> Instant {
    std::thread::sleep(BLOCK);
    Instant::now()
}

/// Beats each 10 ms for a second; the longest gap between two.
async fn heartbeat() -> Duration {
    let mut longest = Duration::ZERO;
    for _ in 0..100 {
        let before = Instant::now();
        whit::sleep(BEAT).await;
        longest = longest.max(before.elapsed());
    }
    longest
}

/// One runtime with so many workers: the longest gap, and how long before the end of the block the report came.
fn watched(log: &Log, workers: usize) -> (Duration, Option<Duration>) {
    let (report, reported) = std::sync::mpsc::channel();
    let hook = log.clone();
    let runtime = Builder::new().workers(workers).on_blocked(move |poll| {
        let name = poll.name.as_deref().unwrap_or("a task without a name");
        let ms = poll.lasted.as_millis();
        hook.say(format!("  {name}, spawned on line {}, has blocked for {ms} ms or more", poll.location.line()));
        // Nobody listens any more if it comes late.
        let _ = report.send(Instant::now());
    });
    let (longest, ended) = runtime.run(async {
        let heart = whit::spawn(heartbeat());
        whit::sleep(10 * BEAT).await;
        let greedy = whit::spawn_named("greedy", greedy());
        whit::gather!(heart, greedy).await
    });
    log.say(format!("  the longest gap of the heartbeat: {} ms", longest.as_millis()));
    let early = reported.try_recv().ok().and_then(|at| ended.checked_duration_since(at));
    (longest, early)
}

fn watchdog(log: &Log) -> Vec<Row> {
    log.say("One worker: all wait for who blocks.");
    let (alone, alone_early) = watched(log, 1);
    log.say("Two workers: the other one takes over what waits.");
    let (shared, shared_early) = watched(log, 2);
    // Noticed at 100 ms, and reported 210 ms after the beginning at the latest.
    let in_time = |early: Option<Duration>| early.is_some_and(|early| early >= BLOCK - Duration::from_millis(210));
    vec![
        Row::time("the longest gap, one worker", alone, 0.40, 0.60),
        Row::time("the longest gap, two workers", shared, 0.01, 0.05),
        Row::fact(
            "reported in time, one worker",
            "210 ms",
            format!("{alone_early:?} before the end"),
            in_time(alone_early),
        ),
        Row::fact(
            "reported in time, two workers",
            "210 ms",
            format!("{shared_early:?} before the end"),
            in_time(shared_early),
        ),
    ]
}

/// Runs it.
pub fn chapter(log: &Log) -> std::io::Result<Vec<Row>> {
    Ok(watchdog(log))
}

#[allow(dead_code)]
fn main() -> std::io::Result<()> {
    chapter(&Log::new("watchdog")).map(drop)
}
