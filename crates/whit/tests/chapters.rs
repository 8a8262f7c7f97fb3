//! The chapters of the tour: what they say, in which order, and every row of their reports.

#![allow(unreachable_pub, clippy::duplicate_mod, reason = "each chapter is a program of its own as well")]

#[path = "support/programs.rs"]
mod programs;

/// A chapter of the tour, in this process.
macro_rules! chapter {
    ($name:ident, $file:literal, $check:expr) => {
        program!($name, $file, |_, test: fn()| test(), $check);
    };
}

/// The places of these lines, which must all be there.
fn places<const N: usize>(lines: &[String], wanted: [&str; N]) -> [usize; N] {
    wanted.map(|wanted| {
        lines.iter().position(|line| line.contains(wanted)).unwrap_or_else(|| panic!("no {wanted:?} in {lines:#?}"))
    })
}

chapter!(gather, "../examples/gather.rs", |lines| {
    assert!(lines[..3].iter().all(|line| line.starts_with("Starting fetch from")), "{lines:#?}");
    let rest = [
        "Completed fetch from cache",
        "Completed fetch from api",
        "Completed fetch from database",
        "All results: ['Data from database', 'Data from cache', 'Data from api']",
    ];
    assert_eq!(lines[..3], ["database", "cache", "api"].map(|source| format!("Starting fetch from {source}")));
    assert_eq!(lines[3..], rest);
});

chapter!(tasks, "../examples/tasks.rs", |lines| {
    let [one, two] = places(lines, ["Sequential: 3.0", "Concurrent: 1.0"]);
    assert!(one < two);
});

chapter!(blocking, "../examples/blocking.rs", |lines| {
    let firsts: Vec<_> = lines.iter().filter(|line| line.contains("iteration 0") || line.contains(": done")).collect();
    let work_first: Vec<_> = firsts.chunks(2).map(|pair| pair[0].contains("iteration 0")).collect();
    assert_eq!(work_first, [false, true, true], "{lines:#?}");
});

chapter!(http, "../examples/http.rs", |lines| {
    places(lines, ["for 5 requests", "Concurrent: 1.", "Connections: 1 for the sequential requests, 4 more"]);
});

chapter!(semaphore, "../examples/semaphore.rs", |lines| {
    places(lines, ["Started in the order [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]", "over 3 connections", "saw 50 at once"]);
});

chapter!(cpu, "../examples/cpu.rs", |lines| {
    places(lines, ["9fa570bf1521078e2619872a734d0153ec0dcec5b44393aa6ac6110f0b1ff156"]);
});
