//! The tests of files once more, with each read by the pool.

#[path = "files.rs"]
mod files;
