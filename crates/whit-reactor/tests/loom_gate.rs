//! The gate between signal handlers and the end of their pipe, under orders of two and three threads.

#![cfg(loom)]

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;
use whit_reactor::gate::Gate;

/// The pipe: what is read through the gate while it is open, and written to when it is closed. loom sees to it that nobody does the
/// one while somebody does the other.
struct Pipe(UnsafeCell<i32>);

// SAFETY: that it is used one after the other is what the model is to show.
unsafe impl Sync for Pipe {}

impl Pipe {
    fn number(&self) -> i32 {
        // SAFETY: the value is plain, and loom looks for those who write at the same time.
        self.0.with(|number| unsafe { *number })
    }

    fn replace(&self, number: i32) {
        // SAFETY: as above.
        self.0.with_mut(|old| unsafe { *old = number });
    }
}

/// After `close` the pipe belongs to whoever closed.
#[test]
fn nobody_uses_what_is_closed() {
    let mut model = loom::model::Builder::new();
    // Three threads, one of which waits for the others: all orders would take minutes.
    model.preemption_bound = Some(3);
    model.check(|| {
        let shared = Arc::new((Gate::new(), Pipe(UnsafeCell::new(7))));
        shared.0.open(7);
        // Handlers run on as many threads as there are.
        let handlers: Vec<_> = (0..2)
            .map(|_| {
                let shared = shared.clone();
                thread::spawn(move || shared.0.enter(|descriptor| assert_eq!(descriptor, shared.1.number())))
            })
            .collect();
        shared.0.close();
        shared.1.replace(0);
        handlers.into_iter().for_each(|handler| handler.join().unwrap());
    });
}

/// A second pipe is not mixed up with the first.
#[test]
fn a_gate_opens_again() {
    loom::model(|| {
        let shared = Arc::new((Gate::new(), Pipe(UnsafeCell::new(1))));
        shared.0.open(1);
        let handler = thread::spawn({
            let shared = shared.clone();
            move || shared.0.enter(|descriptor| assert_eq!(descriptor, shared.1.number()))
        });
        shared.0.close();
        shared.1.replace(2);
        shared.0.open(2);
        handler.join().unwrap();
    });
}
