//! Handles, clocks and parks.

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use support::Queue;
use whit_core::{Clock, Handle, ManualClock, Park, ThreadPark, TimerKey, block_on};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_missing_handle_or_part_is_named_with_what_to_do() {
    let outside = Handle::try_current().unwrap_err().to_string();
    assert!(outside.contains("not inside a runtime") && outside.contains("Handle::enter"), "{outside}");
    let empty = Handle::builder().build();
    let _entered = empty.enter();
    let handle = Handle::try_current().unwrap();
    for (error, part) in [
        (handle.schedule().map(drop), "scheduler"),
        (handle.blocking().map(drop), "blocking"),
        (handle.clock().map(drop), "clock"),
        (handle.reactor().map(drop), "reactor"),
        (handle.network().map(drop), "network"),
        (handle.disk().map(drop), "disk"),
    ] {
        let text = error.unwrap_err().to_string();
        assert!(text.contains(part) && text.contains("Handle::builder"), "{text}");
    }
    let panic = catch_unwind(|| drop(Handle::current().spawn(async {}))).unwrap_err();
    assert!(panic.downcast_ref::<String>().unwrap().contains("scheduler"));
}

#[test]
fn entering_nests_ends_by_unwinding_and_belongs_to_the_thread() {
    let with_clock = Handle::builder().clock(Arc::new(ManualClock::new())).build();
    let with_home = with_clock.to_builder().schedule(Arc::new(Queue::default())).build();
    let has_home = || Handle::current().schedule().is_ok();
    let _outer = with_home.enter();
    {
        let _inner = with_clock.enter();
        assert!(!has_home() && Handle::current().clock().is_ok());
        let _ = catch_unwind(AssertUnwindSafe(|| {
            let _unwound = with_home.enter();
            panic!("inside");
        }));
        assert!(!has_home());
        thread::spawn(|| assert!(Handle::try_current().is_err())).join().unwrap();
    }
    assert!(has_home());
}

#[derive(Default)]
struct Order(Mutex<Vec<usize>>);

struct Named(usize, Arc<Order>);
impl Wake for Named {
    fn wake(self: Arc<Self>) {
        self.1.0.lock().unwrap().push(self.0);
    }
}

#[test]
fn a_manual_clock_wakes_in_the_order_of_deadlines_and_forgets_who_cancels() {
    let (clock, order) = (ManualClock::new(), Arc::new(Order::default()));
    let start = clock.now();
    let mut keys = [TimerKey::NONE; 4];
    let poll = |which: usize, keys: &mut [TimerKey; 4], after: u32| {
        let waker = Arc::new(Named(which, order.clone())).into();
        clock.poll_until(&mut keys[which], start + SECOND * after, &mut Context::from_waker(&waker))
    };
    assert_eq!(poll(0, &mut keys, 0), Poll::Ready(()));
    assert!(keys[0].is_none());
    for (which, after) in [(0, 5), (1, 2), (2, 3), (3, 1)] {
        assert_eq!(poll(which, &mut keys, after), Poll::Pending);
    }
    // Moved, both ways, and cancelled.
    assert_eq!(poll(0, &mut keys, 1), Poll::Pending);
    assert_eq!(poll(3, &mut keys, 9), Poll::Pending);
    clock.cancel(&mut keys[2]);
    assert!(keys[2].is_none());
    clock.cancel(&mut keys[2]);
    assert_eq!(clock.next_deadline(), Some(start + SECOND));
    clock.advance(SECOND * 4);
    assert_eq!(*order.0.lock().unwrap(), [0, 1]);
    assert_eq!(poll(0, &mut keys, 1), Poll::Ready(()));
    // Equals in the order in which they came.
    assert_eq!((poll(1, &mut keys, 6), poll(0, &mut keys, 6)), (Poll::Pending, Poll::Pending));
    clock.advance(SECOND * 5);
    assert_eq!(*order.0.lock().unwrap(), [0, 1, 1, 0, 3]);
    assert_eq!(clock.next_deadline(), None);
    assert!(catch_unwind(AssertUnwindSafe(|| clock.advance(Duration::MAX))).is_err());
    assert_eq!(clock.now(), start + SECOND * 9);
}

#[test]
fn a_park_keeps_one_unpark_and_holds_its_deadline() {
    let park = ThreadPark::new();
    park.unparker().wake();
    park.unparker().wake();
    park.park(None).unwrap();
    let until = Instant::now() + Duration::from_millis(10);
    park.park(Some(until)).unwrap();
    assert!(Instant::now() >= until, "the second unpark was one with the first");
    park.park(Some(Instant::now() - SECOND)).unwrap();
    let unparker = park.unparker();
    let other = thread::spawn(move || unparker.wake());
    park.park(None).unwrap();
    other.join().unwrap();
}

#[test]
fn block_on_nests_and_is_woken_from_elsewhere() {
    let (count, polls) = (Arc::new(AtomicUsize::new(0)), AtomicUsize::new(0));
    let waits = |times: usize| {
        let (count, polls) = (count.clone(), &polls);
        std::future::poll_fn(move |cx| {
            polls.fetch_add(1, SeqCst);
            if count.load(SeqCst) >= times {
                return Poll::Ready(times);
            }
            let (count, waker): (_, Waker) = (count.clone(), cx.waker().clone());
            thread::spawn(move || {
                count.fetch_add(1, SeqCst);
                waker.wake();
            });
            Poll::Pending
        })
    };
    let sum = block_on(async { waits(3).await + block_on(waits(6)) + waits(9).await });
    assert_eq!(sum, 18);
    assert!(polls.load(SeqCst) <= 13, "polled only when woken: {polls:?}");
}
