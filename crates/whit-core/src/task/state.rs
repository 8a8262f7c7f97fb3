//! The word of a task, which says who may do what to it, and the place for the waker of whoever awaits it.
//!
//! There are four kinds of parties: the *runner*, who has the one [`Runnable`](crate::Runnable) or polls by it; the *handle*, at
//! most one; any number of *wakers*; and the *awaiter*, a foreign waker that the handle leaves here.
//!
//! Rules:
//! 1. `ACTIVE` stands for a runnable, and for the poll that it becomes. Who sets it has made the runnable, and must send it home.
//!    So there is one runner at any time, and what only it touches (the future, and the output until `DONE`) needs no lock. A
//!    runnable that goes from thread to thread takes along what the last poll has left: queues see to that.
//! 2. Who wakes a task that is active sets `NOTIFIED`, by a read-modify-write also where that changes nothing: what was written
//!    before a wake must be seen by a poll that follows. `begin` looks, and takes the mark away, by the other half of that; what it
//!    does not see yet stays until the poll is over.
//! 3. `pend` goes on being active if it finds the mark, and else takes `ACTIVE` away. So a task that wakes itself and nobody else
//!    wakes goes from poll to poll without a step on its word.
//! 4. `CLOSED` asks the runner to drop the future. Who sets it sees to a runner, as in rule 1; wakes change nothing any more.
//! 5. `DONE` is set once, by the runner, when the future has been dropped and the output, if any (`OUTPUT`), is in its place. From
//!    then on the output belongs to the handle. Without a handle the runner drops it before.
//! 6. The awaiter's place belongs to the handle while `AWAITER` is not set, and is not written while it is. `DONE` takes the
//!    awaiter with the same step that clears `AWAITER`: a copy was read before, and is true if the step succeeds. That it was not
//!    another waker in between is what `MOVED` is for: who takes the awaiter back to put another there sets it for good, and then
//!    the runner takes its time ([`conclude_slowly`](Control::conclude_slowly)): `DONE` first, with `ACTIVE` kept, and the place,
//!    which nobody writes any more, after.
//! 7. The memory goes with the last of `ACTIVE`, `HANDLE` and the counted wakers. Who finds that there is nobody else
//!    need not change the word by a read-modify-write, since nobody is there to change it.
//! 8. A task that waits, and that nobody has a waker or a handle of, would wait for ever: whoever leaves last sends it home, closed.
//!    A home that keeps it in its list counts as a waker, from the end of the poll in which it does to the end of the task.
//! 9. Where all runnables of a home stay on one thread ([`drive_alone`](crate::drive_alone)), a handle there may let go of a task
//!    that has neither a waker nor an awaiter without a read-modify-write: the runner is on the same thread, and nobody else is
//!    left. That it is that home, and not another at its address, is what `Meta` sees to.
//!
//! `tests/loom_task.rs` is the model.

use std::task::Waker;

use super::place::Place;
use super::sync::{AtomicUsize, Ordering};

const ACTIVE: usize = 1;
const NOTIFIED: usize = 2;
const DONE: usize = 4;
const OUTPUT: usize = 8;
const CLOSED: usize = 16;
const HANDLE: usize = 32;
const AWAITER: usize = 64;
const MOVED: usize = 128;
/// One waker; the count has all bits from here on.
const WAKER: usize = 256;

/// The word, and the awaiter.
pub(super) struct Control {
    word: AtomicUsize,
    awaiter: Place,
}

/// What a runner does after a poll that was pending.
pub(super) enum Pended {
    /// Nothing: it is no runner any more.
    Waits,
    /// Sends its runnable home again.
    Again,
    /// Drops the future, as a runner.
    Over,
}

/// What a runner does at the end.
pub(super) enum Concluded {
    /// There is no handle: drops the output and asks again.
    Unwanted,
    /// Wakes the awaiter. The task is not its own any more.
    Left(Option<Waker>),
    /// Frees the memory, and wakes the awaiter.
    Last(Option<Waker>),
}

/// What somebody does who has let go of the task.
pub(super) enum Gone {
    /// Nothing: others are there.
    Others,
    /// Frees the memory.
    Last,
    /// Sends the task home: it has a runnable now.
    Runnable,
}

/// Nobody but perhaps an awaiter.
fn deserted(word: usize) -> bool {
    word & (ACTIVE | HANDLE) == 0 && word < WAKER
}

/// Nobody but the runner, and what it takes along.
#[inline]
fn runner_is_alone(word: usize, less: usize) -> bool {
    word & AWAITER == 0 && deserted((word & !ACTIVE) - less)
}

impl Control {
    /// Of a task with a runnable and a handle.
    pub(super) fn new() -> Control {
        Control { word: AtomicUsize::new(ACTIVE | HANDLE), awaiter: Place::empty() }
    }

    /// The runnable becomes a poll. True if the task is closed: then it must not be polled.
    #[inline]
    pub(super) fn begin(&self) -> bool {
        let mut now = self.word.load(Ordering::Acquire);
        if now & NOTIFIED != 0 {
            now = self.word.fetch_and(!NOTIFIED, Ordering::AcqRel);
        }
        now & CLOSED != 0
    }

    /// The poll was pending. `woken`: by itself, so that nobody else knows. `kept`: by its home from now on, which counts as one
    /// waker more.
    #[inline]
    pub(super) fn pend(&self, woken: bool, kept: bool) -> Pended {
        let more = if kept { WAKER } else { 0 };
        let mut now = self.word.load(Ordering::Acquire);
        loop {
            let again = woken || now & NOTIFIED != 0;
            if now & CLOSED != 0 || !again && !kept && deserted(now & !ACTIVE) {
                return Pended::Over;
            }
            if again && !kept {
                return Pended::Again;
            }
            let next = if again { now } else { now & !ACTIVE } + more;
            match self.word.compare_exchange_weak(now, next, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) if again => return Pended::Again,
                Ok(_) => return Pended::Waits,
                Err(changed) => now = changed,
            }
        }
    }

    /// For the runner, when the future is gone: whether there is nobody else but the home's list, if it is `counted`. Then the
    /// word is nobody's any more, and the task the runner's to free.
    #[inline]
    pub(super) fn is_alone(&self, counted: bool) -> bool {
        let less = if counted { WAKER } else { 0 };
        runner_is_alone(self.word.load(Ordering::Acquire), less)
    }

    /// The future is gone; `output` says whether there is one, and `kept` whether the home's list has been counted.
    #[inline]
    pub(super) fn conclude(&self, output: bool, kept: bool) -> Concluded {
        let less = if kept { WAKER } else { 0 };
        let mut now = self.word.load(Ordering::Acquire);
        loop {
            if output && now & HANDLE == 0 {
                return Concluded::Unwanted;
            }
            if runner_is_alone(now, less) {
                return Concluded::Last(None);
            }
            if now & (AWAITER | MOVED) == AWAITER | MOVED {
                return self.conclude_slowly(now, output, less);
            }
            let awaiter = (now & AWAITER != 0).then(|| self.awaiter.read());
            let next = (now & !(ACTIVE | NOTIFIED | AWAITER) | DONE | if output { OUTPUT } else { 0 }) - less;
            match self.word.compare_exchange_weak(now, next, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => {
                    // SAFETY: rule 6: nobody else has taken it.
                    let awaiter = awaiter.map(|read| unsafe { read.into_waker() });
                    return if deserted(next) { Concluded::Last(awaiter) } else { Concluded::Left(awaiter) };
                }
                Err(changed) => now = changed,
            }
        }
    }

    /// As rule 6 says. The handle may be gone at any time: without it the output is the runner's again.
    #[cold]
    fn conclude_slowly(&self, mut now: usize, output: bool, less: usize) -> Concluded {
        loop {
            if output && now & HANDLE == 0 {
                return Concluded::Unwanted;
            }
            let next = now & !(NOTIFIED | AWAITER) | DONE | if output { OUTPUT } else { 0 };
            match self.word.compare_exchange_weak(now, next, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => break,
                Err(changed) => now = changed,
            }
        }
        // SAFETY: it was set, and `DONE` leaves the place to us.
        let awaiter = (now & AWAITER != 0).then(|| unsafe { self.awaiter.read().into_waker() });
        let rest = self.word.fetch_sub(ACTIVE + less, Ordering::AcqRel) - ACTIVE - less;
        if deserted(rest) { Concluded::Last(awaiter) } else { Concluded::Left(awaiter) }
    }

    /// One waker more.
    #[inline]
    pub(super) fn count_waker(&self) {
        // Relaxed: who clones has one, so that the task stays.
        if self.word.fetch_add(WAKER, Ordering::Relaxed) > isize::MAX as usize {
            // So many clones were leaked that the count would run over: there is no sound way to go on.
            std::process::abort();
        }
    }

    /// True if the caller has the runnable now.
    #[inline]
    pub(super) fn wake_by_ref(&self) -> bool {
        let mut now = self.word.load(Ordering::Acquire);
        loop {
            if now & (DONE | CLOSED) != 0 {
                return false;
            }
            match self.word.compare_exchange_weak(now, woken(now), Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return now & ACTIVE == 0,
                Err(changed) => now = changed,
            }
        }
    }

    /// Wakes, and gives the waker back in the same step.
    #[inline]
    pub(super) fn wake(&self) -> Gone {
        let mut now = self.word.load(Ordering::Acquire);
        loop {
            if now & (DONE | CLOSED) != 0 {
                return self.drop_waker();
            }
            let next = woken(now) - WAKER;
            match self.word.compare_exchange_weak(now, next, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) if now & ACTIVE == 0 => return Gone::Runnable,
                Ok(_) => return Gone::Others,
                Err(changed) => now = changed,
            }
        }
    }

    /// One waker less.
    #[inline]
    pub(super) fn drop_waker(&self) -> Gone {
        let now = self.word.load(Ordering::Acquire);
        let rest = match deserted(now - WAKER) {
            true => now - WAKER,
            false => self.word.fetch_sub(WAKER, Ordering::AcqRel) - WAKER,
        };
        if !deserted(rest) {
            return Gone::Others;
        }
        self.last_to_go(rest)
    }

    /// Rules 7 and 8, for whoever finds the task deserted.
    fn last_to_go(&self, rest: usize) -> Gone {
        if rest & DONE != 0 {
            return Gone::Last;
        }
        self.word.store(rest | ACTIVE | CLOSED, Ordering::Relaxed);
        Gone::Runnable
    }

    /// The handle goes, and closes the task if it is to `cancel`. `None` if there is an output: to be claimed before.
    #[inline]
    pub(super) fn drop_handle(&self, cancel: bool) -> Option<Gone> {
        let mut now = self.word.load(Ordering::Acquire);
        loop {
            if now & OUTPUT != 0 {
                return None;
            }
            if deserted(now & !HANDLE) {
                return Some(self.last_to_go(now & !HANDLE));
            }
            let (next, queued) = if cancel { closed(now) } else { (now, false) };
            match self.word.compare_exchange_weak(now, next & !HANDLE, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) if queued => return Some(Gone::Runnable),
                Ok(_) => return Some(Gone::Others),
                Err(changed) => now = changed,
            }
        }
    }

    /// Whether there is a runnable and a handle, and nothing else.
    #[inline]
    pub(super) fn is_untouched(&self) -> bool {
        self.word.load(Ordering::Acquire) == ACTIVE | HANDLE
    }

    /// The handle goes, of a task that is untouched, on the thread where its runnable is: rule 9.
    #[inline]
    pub(super) fn leave_untouched(&self) {
        self.word.store(ACTIVE, Ordering::Relaxed);
    }

    /// Closes the task; the handle stays. True if the caller has the runnable now.
    pub(super) fn close(&self) -> bool {
        let mut now = self.word.load(Ordering::Acquire);
        loop {
            let (next, queued) = closed(now);
            if next == now {
                return false;
            }
            match self.word.compare_exchange_weak(now, next, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return queued,
                Err(changed) => now = changed,
            }
        }
    }

    /// For the runner, who drops the future without having been asked to: wakes change nothing any more.
    pub(super) fn close_as_runner(&self) {
        self.word.fetch_or(CLOSED, Ordering::AcqRel);
    }

    /// Whether it has ended, or was asked to.
    pub(super) fn is_finished(&self) -> bool {
        self.word.load(Ordering::Acquire) & (DONE | CLOSED) != 0
    }

    /// Whether the future is gone.
    #[inline]
    pub(super) fn is_done(&self) -> bool {
        self.word.load(Ordering::Acquire) & DONE != 0
    }

    /// For the handle: the output, if there is one, is its own from now on.
    #[inline]
    pub(super) fn claim_output(&self) -> bool {
        let now = self.word.load(Ordering::Acquire);
        if now & OUTPUT == 0 {
            return false;
        }
        if deserted(now & !HANDLE) {
            self.word.store(now & !OUTPUT, Ordering::Relaxed);
        } else {
            self.word.fetch_and(!OUTPUT, Ordering::AcqRel);
        }
        true
    }

    /// For the handle: leaves a waker as the awaiter. False if the task is done.
    #[inline]
    pub(super) fn register(&self, waker: &Waker) -> bool {
        let mut now = self.word.load(Ordering::Acquire);
        if now & AWAITER != 0 {
            if self.awaiter.read().is(waker) {
                return true;
            }
            now = self.take_back(now);
        }
        if now & DONE != 0 {
            return false;
        }
        self.awaiter.write(waker.clone());
        loop {
            match self.word.compare_exchange_weak(now, now | AWAITER, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return true,
                Err(changed) if changed & DONE != 0 => {
                    // SAFETY: written above, and not taken, as `AWAITER` was never set.
                    drop(unsafe { self.awaiter.read().into_waker() });
                    return false;
                }
                Err(changed) => now = changed,
            }
        }
    }

    /// For the handle: whether it has left an awaiter that is there still.
    #[inline]
    pub(super) fn has_awaiter(&self) -> bool {
        self.word.load(Ordering::Acquire) & AWAITER != 0
    }

    /// For the handle, when it goes: drops the awaiter, for whom nobody waits any more.
    #[cold]
    pub(super) fn forget_awaiter(&self) {
        self.take_back(self.word.load(Ordering::Acquire));
    }

    /// Drops the awaiter, unless `DONE` has taken it; the word after that. Rule 6.
    #[cold]
    fn take_back(&self, mut now: usize) -> usize {
        while now & AWAITER != 0 {
            let next = now & !AWAITER | MOVED;
            match self.word.compare_exchange_weak(now, next, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => {
                    // SAFETY: taken back by this step, and not by `DONE`.
                    drop(unsafe { self.awaiter.read().into_waker() });
                    return next;
                }
                Err(changed) => now = changed,
            }
        }
        now
    }
}

/// In a model, loom sees to it that whatever touched the word came before its end.
#[cfg(loom_task)]
impl Drop for Control {
    fn drop(&mut self) {
        self.word.with_mut(|_| ());
    }
}

/// The word of a task that is woken: it becomes active, or is told so if it is.
fn woken(word: usize) -> usize {
    word | if word & ACTIVE == 0 { ACTIVE } else { NOTIFIED }
}

/// The word of a task that is asked to end, and whether the asker has made a runnable by that.
fn closed(word: usize) -> (usize, bool) {
    if word & (DONE | CLOSED) != 0 {
        return (word, false);
    }
    match word & ACTIVE {
        0 => (word | CLOSED | ACTIVE, true),
        _ => (word | CLOSED, false),
    }
}
