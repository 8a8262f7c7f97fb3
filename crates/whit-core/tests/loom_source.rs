//! Models of the readiness word: `RUSTFLAGS="--cfg loom" cargo test --release -p whit-core --test loom_source`.
#![cfg(loom)]

use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;
use whit_core::{Dir, Interest, Source};

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

/// Rule 1: one event for both directions reaches those who wait for either, two of them for the same one.
#[test]
fn an_event_for_both_directions_reaches_everybody() {
    loom::model(|| {
        let source = Arc::new(Source::new(false));
        let (reactor, other) = (source.clone(), source.clone());
        let both = Interest { readable: true, writable: true };
        let event = thread::spawn(move || reactor.set_all(both, false));
        let poll = |source: &Source, dir| {
            let count = Arc::new(Count(AtomicUsize::new(0)));
            let polled = source.poll_ready(dir, &mut Context::from_waker(&Waker::from(count.clone())));
            (polled.is_ready(), count)
        };
        let reader = thread::spawn(move || poll(&other, Dir::Read));
        let (second, writer) = (poll(&source, Dir::Read), poll(&source, Dir::Write));
        event.join().unwrap();
        for (ready, count) in [reader.join().unwrap(), second, writer] {
            assert!(ready || count.0.load(Ordering::SeqCst) == 1);
        }
    });
}

/// Rule 2 with one word for two directions: who clears one of them leaves the other alone, and an event of the other as well.
#[test]
fn clearing_one_direction_keeps_an_edge_of_the_other() {
    loom::model(|| {
        let source = Arc::new(Source::new(true));
        source.set_ready(Dir::Read);
        // Stands for the kernel's buffer, which is full until the event.
        let room = Arc::new(AtomicUsize::new(0));
        let (reactor, freed, reader) = (source.clone(), room.clone(), source.clone());
        let event = thread::spawn(move || {
            freed.store(1, Ordering::SeqCst);
            reactor.set_ready(Dir::Write);
        });
        let reader = thread::spawn(move || {
            let seen = reader.ready(Dir::Read).expect("nobody else reads");
            reader.clear(Dir::Read, seen);
        });
        let seen = source.ready(Dir::Write).expect("nobody else writes");
        let full = room.load(Ordering::SeqCst) == 0;
        if full {
            source.clear(Dir::Write, seen);
        }
        event.join().unwrap();
        reader.join().unwrap();
        assert!(!full || source.ready(Dir::Write).is_some());
    });
}

/// Rule 2: two who clear at the same time both do, as long as no event came.
#[test]
fn two_directions_are_cleared_at_once() {
    loom::model(|| {
        let source = Arc::new(Source::new(true));
        source.set_ready(Dir::Read);
        let reader = source.clone();
        let reading = thread::spawn(move || {
            let seen = reader.ready(Dir::Read).expect("nobody else reads");
            reader.clear(Dir::Read, seen);
        });
        let seen = source.ready(Dir::Write).expect("nobody else writes");
        source.clear(Dir::Write, seen);
        reading.join().unwrap();
        assert!(source.ready(Dir::Read).is_none() && source.ready(Dir::Write).is_none());
    });
}
