//! A value with cache lines to itself, so that who writes to it does not slow down who writes to its neighbour.

use std::fmt;

/// Two lines of 64 bytes: processors fetch them in pairs.
#[repr(align(128))]
#[derive(Default)]
pub(crate) struct Padded<T>(pub(crate) T);

impl<T: fmt::Debug> fmt::Debug for Padded<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
