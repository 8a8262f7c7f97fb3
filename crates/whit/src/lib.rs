//! An event loop taken apart, and put together again: a small, fast, structured async runtime
