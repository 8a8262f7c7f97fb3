//! The examples about structure: what they say, in which order, and every row that they measure.

#![allow(unreachable_pub, clippy::duplicate_mod, reason = "each example is a program of its own as well")]

#[cfg(target_os = "linux")]
#[path = "support/child.rs"]
#[allow(dead_code)]
mod child;

#[cfg(whit_tsan)]
#[path = "../../whit-process/tests/support/heard.rs"]
mod heard;

#[path = "support/programs.rs"]
mod programs;

macro_rules! example {
    ($name:ident, $file:literal, $check:expr) => {
        program!($name, $file, on_its_own, $check);
    };
}

/// In a process of its own, as one of them sends itself a signal.
#[cfg(target_os = "linux")]
fn on_its_own(name: &str, test: impl FnOnce()) {
    child::alone(name, test);
}

#[cfg(not(target_os = "linux"))]
fn on_its_own(_name: &str, test: impl FnOnce()) {
    test();
}

/// The lines from the one that is `first` on.
fn from<'l>(lines: &'l [String], first: &str) -> &'l [String] {
    let at =
        lines.iter().position(|line| line.starts_with(first)).unwrap_or_else(|| panic!("no {first:?}: {lines:#?}"));
    &lines[at + 1..]
}

example!(group, "../examples/group.rs", |lines| {
    let fast = from(lines, "Fail fast");
    assert_eq!(fast[..2], ["  quick ended", "  broken ended"]);
    assert_eq!(fast[2], "  slow was cancelled");
    assert_eq!(fast[3], r#"The group: Err(Failed { first: "broken is not there", rest: [] })"#);
    let supervised = from(lines, "Supervise");
    assert_eq!(supervised[..4], ["  quick ended", "  broken ended", "  slow ended", "  together 9 bytes"]);
    assert_eq!(supervised[4], r#"The group: Err(Failed { first: "broken is not there", rest: [] })"#);
});

example!(deadline, "../examples/deadline.rs", |lines| {
    let expired = "cancelled: the deadline of its scope passed";
    assert_eq!(lines[0], "Nested: the outer one says None");
    assert_eq!(
        lines[1..3],
        ["Shielded: cleaned up, although the time is up".to_owned(), format!("Shielded: {expired}")]
    );
    assert_eq!(lines[3..7], [1, 2, 3, 4].map(|piece| format!("Rescheduled: piece {piece}")));
    assert_eq!(lines[7..], [format!("Rescheduled: {expired}")]);
});

example!(watchdog, "../examples/watchdog.rs", |lines| {
    for workers in ["One worker", "Two workers"] {
        let said = from(lines, workers);
        assert!(said[0].starts_with("  greedy, spawned on line "), "{said:#?}");
        assert!(said[1].starts_with("  the longest gap"), "{said:#?}");
    }
});

example!(ctrl_c, "../examples/ctrl_c.rs", |lines| {
    assert_eq!(lines[0], "Ctrl-C");
    assert_eq!(lines[1], "idle: here you are after a question of 10 ms");
    assert_eq!(lines[2], "busy: here you are after a question of 700 ms");
    let mut rest = lines[3..5].to_vec();
    rest.sort();
    assert_eq!(rest, ["server: 10000 ms are too long", "slow: no answer after a question of 10000 ms"]);
    assert_eq!(lines[5], "server: all connections have ended");
});
