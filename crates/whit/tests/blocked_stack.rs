//! Feature `blocked-stack`: the report shows where the poll is stuck.
#![cfg(all(feature = "blocked-stack", target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]

use std::backtrace::Backtrace;
use std::hint::black_box;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use whit::{BlockedPoll, Builder};

const MS: Duration = Duration::from_millis(1);

fn watched() -> (Builder, mpsc::Receiver<BlockedPoll>) {
    let (sender, reports) = mpsc::channel();
    (Builder::new().workers(2).on_blocked(move |poll| sender.send(poll.clone()).unwrap()), reports)
}

#[inline(never)]
fn sleeps_here(time: Duration) -> Duration {
    let began = Instant::now();
    thread::sleep(time);
    began.elapsed()
}

#[inline(never)]
fn spins_here(time: Duration) {
    let began = Instant::now();
    while began.elapsed() < time {
        black_box((0..1000u64).map(black_box).sum::<u64>());
    }
}

/// Whether this program was built with line numbers, as the standard library reads them.
fn has_lines() -> bool {
    Backtrace::force_capture().to_string().contains("blocked_stack.rs:")
}

/// The stack of the one report; where there is none, as the machine was too busy, another try.
fn stack(work: fn()) -> String {
    for _ in 0..5 {
        let (builder, reports) = watched();
        builder.run(async move { whit::spawn_named("stuck", async move { work() }).await });
        let report = reports.try_recv().expect("it was reported");
        assert_eq!(report.name.as_deref(), Some("stuck"));
        if let Some(stack) = report.stack {
            return stack.to_string();
        }
    }
    panic!("five times no stack");
}

#[test]
fn the_report_shows_where_a_poll_sleeps_and_it_sleeps_on() {
    let stack = stack(|| assert!(sleeps_here(400 * MS) >= 400 * MS));
    assert!(stack.contains("sleeps_here"), "{stack}");
    if has_lines() {
        assert!(stack.contains("sleeps_here at"), "{stack}");
        assert!(stack.contains("blocked_stack.rs:"), "{stack}");
    } else {
        println!("this program was built without line numbers, as releases are, so the names alone were looked at");
    }
    for ours in ["whit_executor::", "whit_core::"] {
        assert!(!stack.contains(ours), "how a task is polled is nobody's concern:\n{stack}");
    }
}

#[test]
fn the_report_shows_where_a_poll_spins() {
    let stack = stack(|| spins_here(400 * MS));
    assert!(stack.contains("spins_here"), "{stack}");
}

#[test]
fn the_stack_is_in_the_text() {
    let (builder, reports) = watched();
    builder.run_local(async { assert!(sleeps_here(400 * MS) >= 400 * MS) });
    let report = reports.try_recv().expect("it was reported");
    let text = report.to_string();
    if report.stack.is_some() {
        assert!(text.lines().any(|line| line.starts_with("    in ") && line.contains("sleeps_here")), "{text}");
    }
    println!("{text}");
}
