//! The atomics of a task: std's, or loom's when the task itself is what a model is about. In models of what is built on tasks a
//! task's word is one of their fixed points: they would take days otherwise.

#[cfg(loom_task)]
pub(super) use loom::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
#[cfg(not(loom_task))]
pub(super) use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
