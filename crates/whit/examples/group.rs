//! Task groups: children that end together.
//!
//! `cargo run --example group`. Look at who is cancelled, and when the group returns: never before its last child has ended.
//!
//! asyncio: `async with asyncio.TaskGroup() as group: group.create_task(download(…))`.

#![allow(unreachable_pub, reason = "a test runs it as well")]

#[path = "support/log.rs"]
#[allow(dead_code, missing_docs)]
pub mod support;

use std::time::Duration;

use support::{Log, Row};
use whit::scope::{GroupBuilder, GroupError, Policy};

/// Takes its time; "broken" fails. Whoever is cancelled is dropped, and what it holds says so.
async fn download(log: Log, file: &'static str, seconds: f64) -> Result<usize, String> {
    let mut progress = Progress { log, file, done: false };
    whit::sleep(Duration::from_secs_f64(seconds)).await;
    progress.done = true;
    if file == "broken" { Err(format!("{file} is not there")) } else { Ok(file.len()) }
}

/// As a `finally`: it runs however the function ends.
struct Progress {
    log: Log,
    file: &'static str,
    done: bool,
}

impl Drop for Progress {
    fn drop(&mut self) {
        let how = if self.done { "ended" } else { "was cancelled" };
        self.log.say(format!("  {} {how}", self.file));
    }
}

/// Three children, one of which fails.
async fn downloads(log: &Log, policy: Policy) -> Result<usize, GroupError<String>> {
    let log = log.clone();
    let group = GroupBuilder::new().policy(policy).run(|group| async move {
        // Each runs as a task of its own, at once and in parallel.
        let quick = group.spawn(download(log.clone(), "quick", 0.1));
        group.spawn(download(log.clone(), "broken", 0.2));
        let slow = group.spawn(download(log.clone(), "slow", 0.4));
        // A child that was cancelled gives an error here; the group's own error says why.
        let (Ok(quick), Ok(slow)) = (quick.await, slow.await) else { return Ok(0) };
        log.say(format!("  together {} bytes", quick + slow));
        Ok(quick + slow)
    });
    group.await
}

async fn group(log: &Log) -> Vec<Row> {
    log.say("Fail fast: the first error cancels the others.");
    let fast = downloads(log, Policy::FailFast).await;
    log.say(format!("The group: {fast:?}"));

    log.say("Supervise: the others go on, and the errors come at the end.");
    let supervised = downloads(log, Policy::Supervise).await;
    log.say(format!("The group: {supervised:?}"));

    let errors =
        |outcome: Result<usize, GroupError<String>>| outcome.unwrap_err().errors().cloned().collect::<Vec<_>>();
    let (fast, supervised) = (errors(fast), errors(supervised));
    let one = ["broken is not there"];
    vec![
        Row::fact("errors, fail fast", "one", format!("{fast:?}"), fast == one),
        Row::fact("errors, supervised", "one", format!("{supervised:?}"), supervised == one),
    ]
}

/// Runs it.
pub fn chapter(log: &Log) -> std::io::Result<Vec<Row>> {
    Ok(whit::run(group(log)))
}

#[allow(dead_code)]
fn main() -> std::io::Result<()> {
    chapter(&Log::new("group")).map(drop)
}
