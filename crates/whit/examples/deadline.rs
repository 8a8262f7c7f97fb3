//! Deadlines: nested ones, a clean-up that may finish, and one that is moved while it runs.
//!
//! `cargo run --example deadline`. Look at who reports that the time is up, and after how long.
//!
//! asyncio: `async with asyncio.timeout(0.3) as scope: …`, `asyncio.shield`, `scope.reschedule(…)`.

#![allow(unreachable_pub, reason = "a test runs it as well")]

#[path = "support/log.rs"]
#[allow(dead_code, missing_docs)]
pub mod support;

use std::time::{Duration, Instant};

use support::{Log, Row};
use whit::{CancelScope, cancelled, fail_after, move_on_after, shield, sleep};

const TENTH: Duration = Duration::from_millis(100);

/// The outer deadline comes first, so the inner one does not answer: nobody can mistake the one for the other.
async fn nested(log: &Log) {
    let outcome = move_on_after(3 * TENTH, async {
        let inner = fail_after(10 * TENTH, sleep(60 * TENTH)).await;
        log.say(format!("never printed: {inner:?}"));
    });
    log.say(format!("Nested: the outer one says {:?}", outcome.await));
}

/// What must be done is shielded, and has a limit of its own inside the shield.
async fn shielded(log: &Log) {
    let outcome = fail_after(TENTH, async {
        let _why = cancelled().await;
        let clean_up = async {
            sleep(TENTH).await;
            log.say("Shielded: cleaned up, although the time is up");
        };
        shield(move_on_after(10 * TENTH, clean_up)).await;
        sleep(60 * TENTH).await; // the shield is over: dropped here
    });
    log.say(format!("Shielded: {}", outcome.await.unwrap_err()));
}

/// Each piece that arrives buys more time, so that only a silence is too long.
async fn rescheduled(log: &Log) {
    let scope = CancelScope::after(2 * TENTH);
    let outcome = scope.run(async {
        for piece in 1..=4 {
            sleep(TENTH).await;
            log.say(format!("Rescheduled: piece {piece}"));
            scope.reschedule(Some(Instant::now() + 2 * TENTH)).expect("it is not over yet");
        }
        sleep(60 * TENTH).await;
    });
    log.say(format!("Rescheduled: {}", outcome.await.unwrap_err()));
}

/// How long it takes.
async fn timed(what: impl Future<Output = ()>) -> Duration {
    let started = Instant::now();
    what.await;
    started.elapsed()
}

async fn deadline(log: &Log) -> Vec<Row> {
    vec![
        Row::time("nested deadlines of 0.3 s and 1 s", timed(nested(log)).await, 0.30, 0.45),
        Row::time("a deadline of 0.1 s, and a clean-up of 0.1 s", timed(shielded(log)).await, 0.20, 0.35),
        Row::time("four pieces, and 0.2 s of silence", timed(rescheduled(log)).await, 0.60, 0.80),
    ]
}

/// Runs it.
pub fn chapter(log: &Log) -> std::io::Result<Vec<Row>> {
    Ok(whit::run(deadline(log)))
}

#[allow(dead_code)]
fn main() -> std::io::Result<()> {
    chapter(&Log::new("deadline")).map(drop)
}
