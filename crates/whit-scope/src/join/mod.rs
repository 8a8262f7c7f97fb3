//! `join`, `try_join`, `race`, `race_ok`: several futures at once, inside the task that awaits them.
//!
//! What the four share is [`Slots`], the children with their outputs, and [`Turns`], who is polled. They differ in when they
//! are done and in what they take out then.

mod all;
mod one;
#[allow(
    unreachable_pub,
    reason = "named by the bounds of public functions, and by nobody else: so the traits are sealed"
)]
mod slots;
mod try_all;
#[allow(unreachable_pub, reason = "as above")]
mod tuples;

pub use all::{JoinAll, join};
pub use one::{RaceAll, RaceOkAll, race, race_ok};
use slots::{OneOf, Slots, TakeAll, TryAll};
pub use try_all::{TryJoinAll, try_join};

/// A tuple (of up to twelve), array or vector of futures that may be polled together.
///
/// Sealed: implemented for these, and for nothing else.
pub trait Together {
    #[doc(hidden)]
    type Slots: Slots;

    #[doc(hidden)]
    fn into_slots(self) -> Self::Slots;
}
