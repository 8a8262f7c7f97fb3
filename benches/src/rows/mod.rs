//! What each row does.

pub(crate) mod blocking;
pub(crate) mod channels;
pub(crate) mod executor;
pub(crate) mod fan;
pub(crate) mod locks;
pub(crate) mod mailboxes;
pub(crate) mod memory;
pub(crate) mod python;
pub(crate) mod ready;
pub(crate) mod timers;
