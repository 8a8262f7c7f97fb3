//! When children get wakers of their own: from the start if there are many; if there are few, once they have been polled so
//! often that it pays.
//!
//! A waker is an allocation. Two futures that are joined are over after two wakes, and one poll too many is cheaper than
//! three allocations: counted with callgrind, each of 10 children that are woken once costs 360 instructions this way, and
//! each of 100 or 10,000 with a waker of its own costs 1,220. So up to [`FEW`] children are first polled with the parent's own waker, each time all that are not ready,
//! for as many turns as there are children. Who lives longer, such as two loops that are joined for ever, is then polled
//! exactly when it was woken.

use std::ops::ControlFlow;
use std::task::Context;

use crate::ready::Ready;

/// So few children share the parent's waker at first.
const FEW: usize = 12;

pub(crate) struct Turns {
    count: usize,
    shared_turns_left: usize,
    ready: Option<Ready>,
}

impl Turns {
    pub(crate) fn new(count: usize) -> Turns {
        Turns { count, shared_turns_left: if count <= FEW { count } else { 0 }, ready: None }
    }

    /// Calls `poll` for the children that were woken, and perhaps for others, until it breaks.
    pub(crate) fn poll<B>(
        &mut self,
        cx: &mut Context<'_>,
        mut poll: impl FnMut(usize, &mut Context<'_>) -> ControlFlow<B>,
    ) -> Option<B> {
        if self.shared_turns_left > 0 {
            self.shared_turns_left -= 1;
            let mut each = (0..self.count).map(|index| poll(index, cx));
            return each.find_map(ControlFlow::break_value);
        }
        self.ready.get_or_insert_with(|| Ready::new(self.count)).poll(cx, poll)
    }
}
