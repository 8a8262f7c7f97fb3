//! Where there are no stacks.

use crate::stack::Step;
use crate::{Stack, StackError, Symbol};

pub(crate) const SUPPORTED: bool = false;

pub(crate) fn thread_id() -> Option<u32> {
    None
}

pub(crate) fn of_thread(_: u32) -> Result<Stack, StackError> {
    Err(StackError::Unsupported)
}

pub(crate) fn symbols(_: &Step) -> Vec<Symbol> {
    Vec::new()
}
