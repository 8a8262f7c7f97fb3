//! Halves of a stream: borrowed ones for one task, owned ones for several.

mod borrowed;
mod owned;

pub use borrowed::{ReadHalf, WriteHalf};
pub use owned::{OwnedReadHalf, OwnedWriteHalf, ReuniteError};

pub(crate) mod sealed {
    /// A stream whose handles share one connection.
    pub trait Shared: std::fmt::Debug {
        /// Ends the writing direction, if it is still there.
        fn end_writing(&self);
        /// Whether both are handles of one connection.
        fn is_same(&self, other: &Self) -> bool;
    }
}
