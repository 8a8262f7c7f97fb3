//! Models of the readiness word: `RUSTFLAGS="--cfg loom" cargo test --release -p whit-core --test loom_source`.
#![cfg(loom)]

use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;
use whit_core::{Dir, Source};

struct Count(AtomicUsize);
impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Rule 3: a waiter that gets `Pending` is woken by an event that comes at the same time.
#[test]
fn a_waiter_and_an_event_do_not_miss_each_other() {
    loom::model(|| {
        let source = Arc::new(Source::new(false));
        let reactor = source.clone();
        let event = thread::spawn(move || reactor.set_ready(Dir::Read));
        let count = Arc::new(Count(AtomicUsize::new(0)));
        let waker = Waker::from(count.clone());
        let polled = source.poll_ready(Dir::Read, &mut Context::from_waker(&waker));
        event.join().unwrap();
        assert!(polled.is_ready() || count.0.load(Ordering::SeqCst) == 1);
    });
}

/// Rule 2: an event that comes between the operation and its `clear` is not cleared.
#[test]
fn clear_keeps_a_newer_edge() {
    loom::model(|| {
        let source = Arc::new(Source::new(false));
        source.set_ready(Dir::Read);
        // Stands for the kernel's buffer: one byte comes, with an event after it.
        let bytes = Arc::new(AtomicUsize::new(0));
        let (reactor, filled) = (source.clone(), bytes.clone());
        let event = thread::spawn(move || {
            filled.store(1, Ordering::SeqCst);
            reactor.set_ready(Dir::Read);
        });
        let mut cx = Context::from_waker(Waker::noop());
        let Poll::Ready(Ok(seen)) = source.poll_ready(Dir::Read, &mut cx) else { panic!("it was ready") };
        let empty = bytes.load(Ordering::SeqCst) == 0;
        if empty {
            source.clear(Dir::Read, seen);
        }
        event.join().unwrap();
        // Whoever found nothing must find the source ready now that there is something.
        assert!(!empty || source.ready(Dir::Read).is_some());
    });
}

/// Rule 4: closing reaches a waiter, or the waiter sees it.
#[test]
fn close_ends_a_wait() {
    loom::model(|| {
        let source = Arc::new(Source::new(false));
        let reactor = source.clone();
        let closing = thread::spawn(move || reactor.close());
        let count = Arc::new(Count(AtomicUsize::new(0)));
        let waker = Waker::from(count.clone());
        let polled = source.poll_ready(Dir::Read, &mut Context::from_waker(&waker));
        closing.join().unwrap();
        assert!(matches!(polled, Poll::Ready(Err(_))) || count.0.load(Ordering::SeqCst) == 1);
    });
}
