//! `Queue`: messages in order, also those that were handed over and come back.
//!
//! What is handed to a receiver gets a number, in the order of the queue. It may come back, and those behind it, in any order;
//! they stand at the head then, by their numbers, before all that were never handed over. Those have none: nearly every message
//! is taken by whoever asks for it, and cannot come back.

use std::collections::VecDeque;

#[derive(Debug)]
pub(super) struct Queue<T> {
    messages: VecDeque<T>,
    // The numbers of as many messages at the head.
    returned: VecDeque<u64>,
    // How many have got a number.
    handed: u64,
}

/// A message on its way to a receiver.
#[derive(Debug)]
pub(super) struct Handed<T> {
    number: u64,
    pub(super) message: T,
}

impl<T> Queue<T> {
    pub(super) fn new() -> Queue<T> {
        Queue { messages: VecDeque::new(), returned: VecDeque::new(), handed: 0 }
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.messages.len()
    }

    /// How many of them have been handed over before.
    #[inline]
    pub(super) fn returned(&self) -> usize {
        self.returned.len()
    }

    #[inline]
    pub(super) fn push_back(&mut self, message: T) {
        self.messages.push_back(message);
    }

    /// The head, for good. Only while none has been [returned](Queue::returned).
    #[inline]
    pub(super) fn pop_front(&mut self) -> Option<T> {
        self.messages.pop_front()
    }

    /// The head, handed over.
    pub(super) fn hand_over(&mut self) -> Option<Handed<T>> {
        let message = self.messages.pop_front()?;
        match self.returned.pop_front() {
            Some(number) => Some(Handed { number, message }),
            None => Some(self.pass(message)),
        }
    }

    /// A message that goes by an empty queue, handed over.
    pub(super) fn pass(&mut self, message: T) -> Handed<T> {
        self.handed += 1;
        Handed { number: self.handed, message }
    }

    /// It was not taken after all.
    pub(super) fn give_back(&mut self, handed: Handed<T>) {
        let at = self.returned.partition_point(|number| *number < handed.number);
        self.returned.insert(at, handed.number);
        self.messages.insert(at, handed.message);
    }

    pub(super) fn take_all(&mut self) -> VecDeque<T> {
        self.returned.clear();
        std::mem::take(&mut self.messages)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever is handed over and comes back, in whatever order: the queue is sorted.
        #[test]
        fn messages_stay_in_order(steps in prop::collection::vec((0..4u8, any::<prop::sample::Index>()), 1..200)) {
            let (mut queue, mut out, mut sent) = (Queue::new(), Vec::new(), 0);
            for (step, which) in steps {
                match step {
                    0 if queue.len() == 0 => out.push(queue.pass(sent)),
                    0 | 1 => queue.push_back(sent),
                    2 => {
                        out.extend(queue.hand_over());
                        continue;
                    }
                    _ if out.is_empty() => continue,
                    _ => {
                        let handed = out.swap_remove(which.index(out.len()));
                        queue.give_back(handed);
                        prop_assert!(queue.messages.iter().is_sorted());
                        prop_assert!(queue.returned() <= queue.len());
                        continue;
                    }
                }
                sent += 1;
            }
            prop_assert_eq!(queue.len() + out.len(), sent);
        }
    }
}
