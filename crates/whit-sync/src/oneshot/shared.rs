//! What both ends of a oneshot share: one allocation, and a word that says whose each part of it is.
//!
//! The word: `ENDED` the sender has sent, or will not; `CLOSED` the receiver wants no message; `RECEIVER_WAITS`,
//! `SENDER_WAITS`: that end's waker lies in its cell; `RECEIVER_GONE`, `SENDER_GONE`: that end has let go of the allocation.
//! `ENDED` and `CLOSED` are what an end *decides*; these and the `GONE` bits are set once, by their own end, and stay.
//!
//! Rules:
//! 1. The cell of the message is the sender's until `ENDED`, and the receiver's from then on.
//! 2. A message is sent by the step that sets `ENDED`, if that finds no `CLOSED`. Otherwise it stays with the sender.
//! 3. The cell of a waker is its own end's while its bit is clear. The bit is set by that end, in a step that finds the other
//!    end undecided. It is cleared by that end, to put in another waker; or by the other one, in the step that decides, which
//!    takes the waker then. An end that leaves clears both.
//! 4. So either a decision finds the bit and wakes, or the step that would set the bit finds the decision and does not wait.
//! 5. An end touches nothing once it has set its `GONE` bit; the second to go frees all. An end with no waker to take decides
//!    and goes in one step. One that sees that the other has gone owns all that is left, and needs no step.
//!
//! Wakers are called after the end has let go.

use std::panic::{RefUnwindSafe, UnwindSafe};
use std::ptr::NonNull;
use std::task::Waker;

use crate::sync::UnsafeCell;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::wait_list::wake;

const ENDED: usize = 1;
const CLOSED: usize = 2;
const RECEIVER_WAITS: usize = 4;
const SENDER_WAITS: usize = 8;
const SENDER_GONE: usize = 16;
const RECEIVER_GONE: usize = 32;

struct Shared<T> {
    word: AtomicUsize,
    message: UnsafeCell<Option<T>>,
    receiver: WakerCell,
    sender: WakerCell,
}

type WakerCell = UnsafeCell<Option<Waker>>;

/// The sender's end.
pub(super) struct SendEnd<T>(NonNull<Shared<T>>);

/// The receiver's end.
pub(super) struct ReceiveEnd<T>(NonNull<Shared<T>>);

/// What the receiver finds.
pub(super) enum Found<T> {
    Message(T),
    /// Nothing yet.
    Nothing,
    /// Nothing, and nothing will come.
    Closed,
}

#[inline]
pub(super) fn ends<T>() -> (SendEnd<T>, ReceiveEnd<T>) {
    let shared = NonNull::from(Box::leak(Box::new(Shared {
        word: AtomicUsize::new(0),
        message: UnsafeCell::new(None),
        receiver: UnsafeCell::new(None),
        sender: UnsafeCell::new(None),
    })));
    (SendEnd(shared), ReceiveEnd(shared))
}

// SAFETY: the ends hand the message and the wakers to each other's thread, by release and acquire on the word.
unsafe impl<T: Send> Send for SendEnd<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Send for ReceiveEnd<T> {}
// SAFETY: what takes a shared reference reads the word and nothing else.
unsafe impl<T: Send> Sync for SendEnd<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for ReceiveEnd<T> {}
// No panic leaves a broken state behind: none happens between two steps that belong together.
impl<T> UnwindSafe for SendEnd<T> {}
impl<T> RefUnwindSafe for SendEnd<T> {}
impl<T> UnwindSafe for ReceiveEnd<T> {}
impl<T> RefUnwindSafe for ReceiveEnd<T> {}

impl<T> SendEnd<T> {
    /// Rule 2. The message comes back if nobody wants it.
    #[inline]
    pub(super) fn send(self, message: T) -> Result<(), T> {
        let this = self.0;
        let shared = shared(&this);
        if shared.word() & CLOSED != 0 {
            return Err(message);
        }
        // SAFETY: rule 1, as `ENDED` is set below.
        shared.message.with_mut(|cell| unsafe { *cell = Some(message) });
        let end = std::mem::ManuallyDrop::new(self);
        // SAFETY: the end is not used again if this succeeds.
        if unsafe { leave(this, ENDED | SENDER_GONE, RECEIVER_GONE, CLOSED) } {
            return Ok(());
        }
        // SAFETY: rule 1, `ENDED` was not set.
        let message = shared.message.with_mut(|cell| unsafe { (*cell).take() });
        drop(std::mem::ManuallyDrop::into_inner(end));
        Err(message.expect("put in just now"))
    }

    /// Whether nobody wants the message.
    pub(super) fn is_closed(&self) -> bool {
        shared(&self.0).word() & CLOSED != 0
    }

    /// Waits for the receiver to close or go. False if it has.
    pub(super) fn wait(&mut self, waker: &Waker) -> bool {
        let shared = shared(&self.0);
        shared.wait(&shared.sender, SENDER_WAITS, CLOSED, waker)
    }
}

impl<T> Drop for SendEnd<T> {
    fn drop(&mut self) {
        // SAFETY: this end is not used again.
        unsafe { leave(self.0, ENDED | SENDER_GONE, RECEIVER_GONE, 0) };
    }
}

impl<T> ReceiveEnd<T> {
    /// The message, if it is there.
    #[inline]
    pub(super) fn take(&mut self) -> Found<T> {
        let shared = shared(&self.0);
        match shared.word() {
            word if word & ENDED != 0 => {
                // SAFETY: rule 1.
                let message = shared.message.with_mut(|cell| unsafe { (*cell).take() });
                message.map_or(Found::Closed, Found::Message)
            }
            word if word & CLOSED != 0 => Found::Closed,
            _ => Found::Nothing,
        }
    }

    /// Waits for the sender to send or go. False if it has.
    pub(super) fn wait(&mut self, waker: &Waker) -> bool {
        let shared = shared(&self.0);
        shared.wait(&shared.receiver, RECEIVER_WAITS, ENDED, waker)
    }

    /// No message is wanted any more; one that is there can still be taken.
    pub(super) fn close(&mut self) {
        let shared = shared(&self.0);
        let mut word = shared.word();
        while word & (ENDED | CLOSED) == 0 {
            let Err(now) = shared.replace(word, (word | CLOSED) & !SENDER_WAITS) else {
                // SAFETY: rule 3, the bit was cleared by this step.
                let waker = unsafe { take(&shared.sender, word & SENDER_WAITS != 0) };
                wake(waker);
                return;
            };
            word = now;
        }
    }

    /// Whether a message may come, or has come.
    pub(super) fn is_open(&self) -> bool {
        shared(&self.0).word() & (ENDED | CLOSED) == 0
    }
}

impl<T> Drop for ReceiveEnd<T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: this end is not used again.
        unsafe { leave(self.0, CLOSED | RECEIVER_GONE, SENDER_GONE, 0) };
    }
}

impl<T> Shared<T> {
    fn word(&self) -> usize {
        self.word.load(Ordering::Acquire)
    }

    fn replace(&self, word: usize, next: usize) -> Result<usize, usize> {
        self.word.compare_exchange(word, next, Ordering::AcqRel, Ordering::Acquire)
    }

    /// Rule 3: puts the waker in, unless the other end has decided; whether it did.
    fn wait(&self, cell: &WakerCell, waits: usize, decided: usize, waker: &Waker) -> bool {
        if self.word() & waits != 0 {
            self.word.fetch_and(!waits, Ordering::AcqRel);
        }
        let mut word = self.word();
        if word & decided != 0 {
            return false;
        }
        // SAFETY: rule 3, the bit is clear, and the other end never sets it. If it took the waker, it had decided.
        let old = cell.with_mut(|cell| unsafe {
            match &*cell {
                Some(kept) if kept.will_wake(waker) => None,
                _ => (*cell).replace(waker.clone()),
            }
        });
        while let Err(now) = self.replace(word, word | waits) {
            word = now;
            if word & decided != 0 {
                // SAFETY: rule 3, the bit is clear for good.
                drop(unsafe { take(cell, true) });
                return false;
            }
        }
        drop(old);
        true
    }
}

/// Rules 4 and 5: decides, wakes the other end if it waits, and lets go; or does nothing and is false, if a bit of `unless` is
/// set. `bits` are those of this end, what it decides and its `GONE`.
///
/// # Safety
///
/// If it is true, this end must not be used again.
#[inline]
unsafe fn leave<T>(this: NonNull<Shared<T>>, bits: usize, other_gone: usize, unless: usize) -> bool {
    let shared = shared(&this);
    let mut word = shared.word();
    loop {
        let waiting = word & (RECEIVER_WAITS | SENDER_WAITS);
        if word & unless != 0 {
            return false;
        } else if word & other_gone != 0 {
            // SAFETY: rule 5, the other end has gone and this one goes.
            unsafe { free(this) };
            return true;
        } else if waiting != 0 {
            match shared.replace(word, (word & !waiting) | (bits & (ENDED | CLOSED))) {
                // SAFETY: the bits were cleared by this step; this end is not used again.
                Ok(_) => unsafe { leave_and_wake(this, waiting, bits, other_gone) },
                Err(now) => {
                    word = now;
                    continue;
                }
            }
            return true;
        }
        match shared.replace(word, word | bits) {
            Ok(_) => return true,
            Err(now) => word = now,
        }
    }
}

/// The second half of [`leave`], if somebody waits.
///
/// # Safety
///
/// The bits of `waiting` were cleared by the caller, who does not use this end again.
#[cold]
unsafe fn leave_and_wake<T>(this: NonNull<Shared<T>>, waiting: usize, bits: usize, other_gone: usize) {
    let shared = shared(&this);
    // SAFETY: rule 3.
    let receiver = unsafe { take(&shared.receiver, waiting & RECEIVER_WAITS != 0) };
    // SAFETY: rule 3.
    let sender = unsafe { take(&shared.sender, waiting & SENDER_WAITS != 0) };
    let (own, other) = if other_gone == RECEIVER_GONE { (sender, receiver) } else { (receiver, sender) };
    if shared.word.fetch_or(bits, Ordering::AcqRel) & other_gone != 0 {
        // SAFETY: rule 5, both have gone.
        unsafe { free(this) };
    }
    drop(own);
    wake(other);
}

fn shared<T>(this: &NonNull<Shared<T>>) -> &Shared<T> {
    // SAFETY: rule 5, the allocation lives as long as an end that has not gone.
    unsafe { this.as_ref() }
}

/// # Safety
///
/// If `ours`, the cell is the caller's.
unsafe fn take(cell: &WakerCell, ours: bool) -> Option<Waker> {
    // SAFETY: the caller says so.
    if ours { cell.with_mut(|cell| unsafe { (*cell).take() }) } else { None }
}

/// # Safety
///
/// Nobody else uses it, now or later.
#[inline]
unsafe fn free<T>(this: NonNull<Shared<T>>) {
    // SAFETY: made from a box, and nobody else has it.
    drop(unsafe { Box::from_raw(this.as_ptr()) });
}
