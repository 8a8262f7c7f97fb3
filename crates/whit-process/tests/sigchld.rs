//! The tests of children once more, watched by `SIGCHLD` and not by pidfds.

#[path = "children.rs"]
mod children;
