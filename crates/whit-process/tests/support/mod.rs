//! What several of the tests need.
#![allow(dead_code, reason = "each test binary uses a part")]

#[cfg(whit_tsan)]
mod heard;

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use whit_blocking::Pool;
use whit_core::Handle;
use whit_executor::Executor;
use whit_reactor::Reactor;
use whit_timers::Timers;

/// Runs a future in a runtime of its own, put together and taken apart as the facade does it.
pub(crate) fn run<T>(root: impl Future<Output = T>) -> T {
    let reactor = Arc::new(Reactor::new().unwrap());
    let driver = Arc::new(Timers::new(reactor.clone()));
    let pool = Arc::new(Pool::new());
    let executor = Arc::new(Executor::new());
    let handle = Handle::builder()
        .home(executor.home())
        .clock(driver.clone())
        .reactor(reactor.clone())
        .blocking(pool.clone())
        .build();
    let _entered = handle.enter();
    let output = executor.block_on(&driver, root);
    executor.close();
    pool.shutdown(Duration::from_secs(5)).unwrap();
    driver.close();
    reactor.close();
    output
}

/// Looks every millisecond, for ten seconds at most.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(10);
    while !holds() {
        assert!(Instant::now() < end, "{what}: not within ten seconds");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Our children, each with its state (`Z` is a zombie), from `/proc`.
#[cfg(target_os = "linux")]
pub(crate) fn children() -> Vec<(u32, char)> {
    let own = std::process::id().to_string();
    let stat = |entry: std::io::Result<std::fs::DirEntry>| {
        let entry = entry.ok()?;
        let id = entry.file_name().to_str()?.parse().ok()?;
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        // After the name, which is in parentheses and may hold anything.
        let mut fields = stat[stat.rfind(')')? + 1..].split_whitespace();
        let (state, parent) = (fields.next()?.chars().next()?, fields.next()?);
        (parent == own).then_some((id, state))
    };
    std::fs::read_dir("/proc").unwrap().filter_map(stat).collect()
}

/// Whether a process runs: not gone, and no zombie.
#[cfg(target_os = "linux")]
pub(crate) fn runs(id: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{id}/stat"))
        .is_ok_and(|stat| !stat[stat.rfind(')').unwrap() + 1..].trim_start().starts_with('Z'))
}
