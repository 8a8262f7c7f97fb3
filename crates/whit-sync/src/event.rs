//! `Event`: a flag to wait for.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// A flag that any number of tasks wait for: asyncio's `Event`.
///
/// ```
/// use whit_sync::Event;
///
/// let event = Event::new();
/// event.set();
/// futures_lite::future::block_on(event.wait());
/// ```
#[derive(Debug, Default)]
pub struct Event {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    set: bool,
    // Counts `set`s: whoever waited through one is done, also if `clear` came right after.
    sets: u64,
    next: u64,
    waiting: BTreeMap<u64, Waker>,
}

impl Event {
    /// A flag that is not set.
    pub const fn new() -> Event {
        Event { state: Mutex::new(State { set: false, sets: 0, next: 0, waiting: BTreeMap::new() }) }
    }

    /// Sets the flag and wakes everybody who waits, in the order of their coming.
    pub fn set(&self) {
        let mut state = self.lock();
        state.set = true;
        state.sets += 1;
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        waiting.into_values().for_each(Waker::wake);
    }

    /// Takes the flag back. Who waited while it was set is let through all the same.
    pub fn clear(&self) {
        self.lock().set = false;
    }

    /// Whether the flag is set.
    pub fn is_set(&self) -> bool {
        self.lock().set
    }

    /// Waits until the flag is set. Cancel-safe.
    pub fn wait(&self) -> Wait<'_> {
        Wait { event: self, entry: None }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Made by [`Event::wait`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct Wait<'e> {
    event: &'e Event,
    // Our number, and how many sets there had been.
    entry: Option<(u64, u64)>,
}

impl Future for Wait<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.event.lock();
        let done = state.set || self.entry.is_some_and(|(_, sets)| sets != state.sets);
        let number = self.entry.map_or(state.next, |(number, _)| number);
        if done {
            let old = state.waiting.remove(&number);
            drop(state);
            drop(old);
            self.entry = None;
            return Poll::Ready(());
        }
        state.next = state.next.max(number + 1);
        let old = state.waiting.insert(number, cx.waker().clone());
        let sets = state.sets;
        drop(state);
        drop(old);
        self.entry = Some((number, sets));
        Poll::Pending
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        if let Some((number, _)) = self.entry {
            let old = self.event.lock().waiting.remove(&number);
            drop(old);
        }
    }
}
