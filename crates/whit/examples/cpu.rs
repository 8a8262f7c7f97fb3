//! A heartbeat beside a second of hashing, on one worker: inline the heart stops, offloaded it beats on.
//!
//! asyncio: `await loop.run_in_executor(pool, hash_rounds)`.

#![allow(unreachable_pub, reason = "the chapters are programs of their own and parts of the tour")]

#[path = "support/mod.rs"]
#[allow(dead_code, missing_docs, unused_imports)]
pub mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sha2::{Digest, Sha256};
use support::client::BoxError;
use support::{Log, Row};
use whit::time::now;

const EXPECTED: &str = "9fa570bf1521078e2619872a734d0153ec0dcec5b44393aa6ac6110f0b1ff156";

/// Each round hashes the digest of the one before.
fn hash_rounds(data: &[u8], rounds: usize) -> Vec<u8> {
    (0..rounds).fold(data.to_vec(), |digest, _| Sha256::digest(&digest).to_vec())
}

fn hash_for(time: Duration) -> Vec<u8> {
    whit::time::keep_busy(time, || hash_rounds(b"data", 100))
}

/// The longest gap between two beats of a heart that should beat each 10 ms while `work` runs.
async fn longest_gap<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let longest = Arc::new(Mutex::new(Duration::ZERO));
    let heart = whit::spawn({
        let longest = longest.clone();
        async move {
            let mut last = now();
            loop {
                whit::sleep(Duration::from_millis(10)).await;
                let gap = now() - last;
                last = now();
                let mut longest = longest.lock().unwrap();
                *longest = gap.max(*longest);
            }
        }
    });
    whit::sleep(Duration::from_millis(50)).await;
    let output = work.await;
    whit::sleep(Duration::from_millis(50)).await;
    drop(heart);
    let longest = *longest.lock().unwrap();
    (output, longest)
}

/// The chapter itself, for whatever runs it.
pub async fn story(log: &Log) -> Vec<Row> {
    let second = Duration::from_secs(1);
    let (inline, inline_gap) = longest_gap(async { hash_for(second) }).await;
    log.say(format!("Inline: longest gap between heartbeats {:.0} ms", inline_gap.as_secs_f64() * 1e3));
    let (offloaded, offloaded_gap) = longest_gap(whit::unblock(move || hash_for(second))).await;
    log.say(format!("Offloaded: longest gap between heartbeats {:.0} ms", offloaded_gap.as_secs_f64() * 1e3));

    let digest: String = offloaded.iter().map(|byte| format!("{byte:02x}")).collect();
    log.say(format!("Digest: {digest}"));
    vec![
        Row::time("longest gap, hashing inline", inline_gap, 0.90, 1.20),
        Row::time("longest gap, hashing offloaded", offloaded_gap, 0.00, 0.05),
        Row::fact("digest after 100 rounds", &EXPECTED[..16], &digest[..16], digest == EXPECTED && inline == offloaded),
    ]
}

/// Runs the chapter; the rows for the report.
pub fn chapter(log: &Log) -> Result<Vec<Row>, BoxError> {
    Ok(whit::Builder::new().workers(1).run(story(log)))
}

#[allow(dead_code)]
fn main() -> Result<(), BoxError> {
    chapter(&Log::new("cpu")).map(drop)
}
