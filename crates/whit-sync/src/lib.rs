//! Async locks, events and channels that run on every executor
