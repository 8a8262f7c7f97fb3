//! A work-stealing executor and a thread-local one that may borrow what their tasks use
