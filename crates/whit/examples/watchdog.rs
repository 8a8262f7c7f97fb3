//! What becomes of a task that blocks its worker: a report that says who and where, and a spare worker that takes over.
//!
//! `cargo run --example watchdog --features blocked-stack` shows the stack as well.

use std::thread;
use std::time::{Duration, Instant};

use whit::BlockedPoll;

fn main() {
    whit::Builder::new().workers(1).spare_workers(1).on_blocked(|poll: &BlockedPoll| println!("{poll}")).run(async {
        let heart = whit::spawn(beat());
        whit::spawn_named("greedy", async { reads_the_whole_disk() }).await;
        println!("the longest time between two beats, 10 ms apart: {} ms", heart.await.as_millis());
    });
}

/// A mistake: this belongs into `whit::unblock`.
fn reads_the_whole_disk() {
    thread::sleep(Duration::from_secs(1));
}

/// Beats for a second and a half.
async fn beat() -> Duration {
    let began = Instant::now();
    let (mut last, mut longest) = (began, Duration::ZERO);
    while began.elapsed() < Duration::from_millis(1500) {
        whit::sleep(Duration::from_millis(10)).await;
        longest = longest.max(last.elapsed());
        last = Instant::now();
    }
    longest
}
