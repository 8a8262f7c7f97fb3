//! What each row does.

pub(crate) mod blocking;
pub(crate) mod channels;
pub(crate) mod executor;
pub(crate) mod locks;
pub(crate) mod timers;
