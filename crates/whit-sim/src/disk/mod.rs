//! The disk of a host: files in memory, with what a crash would leave of them.
//!
//! Every file and every directory has two sides: what programs see, and what is safe. A sync makes a file's bytes, or a
//! directory's names, safe; a crash takes away some of what was not, and tears it: see `bytes` and `tree` for the rules. So a
//! program that renames a file and does not sync the directory loses it in some seed.
//!
//! `drive` is the disk, which outlives its programs; `mount` is how one life of a host sees it; `settings` say how it is to be.

mod bytes;
mod controls;
mod drive;
mod errors;
mod mount;
mod settings;
mod tree;

pub use controls::DiskControls;
pub(crate) use drive::Drive;
pub(crate) use mount::Mount;
pub use settings::{Disk, DiskFault};
