//! Going on after a panic, and letting it out in the end.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::task::Waker;

/// Wakes them all, in order. A waker that panics costs none of the others its wake.
///
/// # Panics
///
/// At the end, with the first panic of a waker; not while the thread is panicking already, which would abort.
pub fn wake_all(wakers: impl IntoIterator<Item = Waker>) {
    let mut panics = Panics::default();
    panics.wake(wakers);
    panics.resume();
}

/// Runs `f`, and keeps its panic in: the panic hook has told of it, and to let it out would harm whoever comes by.
pub fn quietly(f: impl FnOnce()) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(f)) {
        discard(panic);
    }
}

/// Drops what a panic carries, which may panic as well. Whoever does that twice gets a leak.
fn discard(panic: Box<dyn Any + Send>) {
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
        std::mem::forget(again);
    }
}

/// Keeps the first panic until everything else has been done.
#[derive(Debug, Default)]
pub struct Panics(Option<Box<dyn Any + Send>>);

impl Panics {
    /// Runs `f`, and keeps its panic if it is the first.
    pub fn catch(&mut self, f: impl FnOnce()) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(f)) {
            if self.0.is_none() {
                self.0 = Some(panic);
            } else {
                discard(panic);
            }
        }
    }

    /// Wakes them all, in order.
    pub fn wake(&mut self, wakers: impl IntoIterator<Item = Waker>) {
        wakers.into_iter().for_each(|waker| self.catch(|| waker.wake()));
    }

    /// The first panic goes on here, if there was one and the thread is not panicking already.
    pub fn resume(self) {
        if let Some(panic) = self.0
            && !std::thread::panicking()
        {
            resume_unwind(panic);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use std::task::Wake;

    struct Counts(AtomicUsize);
    impl Wake for Counts {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, SeqCst);
        }
    }
    struct Panicking(&'static str);
    impl Wake for Panicking {
        fn wake(self: Arc<Self>) {
            panic!("{}", self.0);
        }
    }

    #[test]
    fn two_that_panic_cost_the_others_nothing() {
        let counts = Arc::new(Counts(AtomicUsize::new(0)));
        let bad = |text| Waker::from(Arc::new(Panicking(text)));
        let good = || Waker::from(counts.clone());
        let wakers = [good(), bad("first"), good(), bad("second"), good()];
        let panic = catch_unwind(AssertUnwindSafe(|| wake_all(wakers))).unwrap_err();
        assert_eq!(panic.downcast_ref::<String>().unwrap(), "first");
        assert_eq!(counts.0.load(SeqCst), 3);
    }
}
