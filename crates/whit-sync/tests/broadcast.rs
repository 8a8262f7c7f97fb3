//! Broadcasts that are taken several at a time: none twice, none lost, in order, and no more than is said.

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use support::{Count, ready, waits};
use whit_sync::broadcast::{self, Receiver, RecvError, TryRecvError};

fn all<T: Clone>(receiver: &mut Receiver<T>) -> Vec<T> {
    std::iter::from_fn(|| receiver.try_recv().ok()).collect()
}

/// Two of 32 and four of 64, so many count as seen; below that one by one.
#[test]
fn a_receiver_takes_a_sixteenth_at_a_time() {
    for (capacity, taken) in [(1, 1), (31, 1), (32, 2), (64, 4), (256, 16), (1024, 16)] {
        let (sender, mut receiver) = broadcast::channel(capacity);
        (0..capacity).for_each(|number| sender.try_send(number).unwrap());
        assert_eq!(receiver.try_recv(), Ok(0));
        assert_eq!((sender.len(), receiver.len()), (capacity - taken, capacity - 1));
        assert_eq!(all(&mut receiver), (1..capacity).collect::<Vec<_>>());
        assert!(sender.is_empty() && receiver.is_empty());
    }
}

/// While a sender waits, its room is worth no more than what was asked for.
#[test]
fn while_a_sender_waits_they_are_taken_one_by_one() {
    let (sender, mut receiver) = broadcast::channel(32);
    (0..32).for_each(|number| sender.try_send(number).unwrap());
    let (mut first, mut second) = (Box::pin(sender.send(32)), Box::pin(sender.send(33)));
    waits(&mut first);
    waits(&mut second);
    assert_eq!(receiver.try_recv(), Ok(0));
    ready(&mut first).unwrap();
    waits(&mut second);
    assert_eq!(all(&mut receiver), (1..34).collect::<Vec<_>>());
    ready(&mut second).unwrap();
}

/// What was taken belongs to the receiver: no forced message costs it that, a clone has it as well, and after the last sender it
/// is still there.
#[test]
fn what_was_taken_is_not_missed() {
    let (sender, mut one) = broadcast::channel(32);
    (0..32).for_each(|number| sender.try_send(number).unwrap());
    let mut late = one.clone();
    assert_eq!(one.try_recv(), Ok(0));
    let mut two = one.clone();
    assert_eq!(
        (sender.force_send(32), sender.force_send(33), sender.force_send(34)),
        (Ok(Some(0)), Ok(Some(1)), Ok(Some(2)))
    );
    for receiver in [&mut one, &mut two] {
        assert_eq!([(); 3].map(|()| receiver.try_recv()), [Ok(1), Err(TryRecvError::Lagged(1)), Ok(3)]);
    }
    assert_eq!([(); 2].map(|()| late.try_recv()), [Err(TryRecvError::Lagged(3)), Ok(3)]);
    drop(sender);
    for receiver in [&mut one, &mut two, &mut late] {
        assert_eq!(all(receiver), (4..35).collect::<Vec<_>>());
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
    }
}

/// The second message of a visit panics when it is cloned: the first one is there, and so are those behind.
#[test]
fn a_clone_that_panics_costs_no_message() {
    struct Bad(u8, Arc<AtomicBool>);
    impl Clone for Bad {
        fn clone(&self) -> Bad {
            assert!(self.0 != 1 || !self.1.swap(false, Ordering::SeqCst), "a clone that panics");
            Bad(self.0, self.1.clone())
        }
    }
    let panics = Arc::new(AtomicBool::new(true));
    let (sender, mut receiver) = broadcast::channel(32);
    let other = sender.subscribe();
    (0..4).for_each(|number| sender.try_send(Bad(number, panics.clone())).ok().unwrap());
    assert!(catch_unwind(AssertUnwindSafe(|| receiver.try_recv())).is_err());
    assert_eq!(all(&mut receiver).iter().map(|bad| bad.0).collect::<Vec<_>>(), [0, 1, 2, 3]);
    assert_eq!((other.len(), sender.len()), (4, 4));
    drop(other);
    assert!(sender.is_empty());
}

/// The last one to take a message gets the message itself.
#[test]
fn each_message_is_cloned_for_all_but_the_last() {
    let count = Arc::new(Count::default());
    let (sender, mut one) = broadcast::channel(64);
    let mut two = sender.subscribe();
    (0..10).for_each(|_| sender.try_send(count.clone()).unwrap());
    let ones = all(&mut one);
    assert_eq!(Arc::strong_count(&count), 21);
    let twos = all(&mut two);
    assert_eq!((Arc::strong_count(&count), ones.len(), twos.len()), (21, 10, 10));
}

/// Receivers that stay, and some that come and go, beside two senders of which one forces its way: each sees what it sees in
/// order, misses as many as it is told, and nobody waits for ever.
#[test]
fn threads_that_come_and_go_see_everything_once() {
    const MESSAGES: u64 = 20_000;
    for capacity in [1, 40, 300] {
        let (sender, first) = broadcast::channel(capacity);
        thread::scope(|scope| {
            for _ in 0..2 {
                let mut receiver = sender.subscribe();
                scope.spawn(move || {
                    let mut next = 0;
                    loop {
                        match receiver.recv_blocking() {
                            Ok(number) => {
                                assert_eq!(number, next);
                                next += 1;
                            }
                            Err(RecvError::Lagged(missed)) => next += missed,
                            Err(RecvError::Closed) => break,
                        }
                    }
                    assert_eq!(next, MESSAGES);
                });
            }
            scope.spawn(move || {
                let mut receiver = first;
                while let Ok(number) = receiver.recv_blocking() {
                    let clone = receiver.clone();
                    if number % 3 == 0 {
                        receiver = clone;
                    }
                }
            });
            for number in 0..MESSAGES {
                if number % 64 == 0 {
                    sender.force_send(number).unwrap();
                } else {
                    sender.send_blocking(number).unwrap();
                }
            }
            drop(sender);
        });
    }
}

/// Of a handful the first were seen by all others, and the rest were not.
#[test]
fn a_handful_reaches_beyond_where_another_one_stands() {
    let (sender, mut first) = broadcast::channel(1024);
    let mut second = sender.subscribe();
    (0..5).for_each(|number| sender.try_send(number).unwrap());
    assert_eq!([(); 5].map(|()| first.try_recv().unwrap()), [0, 1, 2, 3, 4]);
    (5..25).for_each(|number| sender.try_send(number).unwrap());
    (0..25).for_each(|number| assert_eq!(second.try_recv(), Ok(number)));
    (5..25).for_each(|number| assert_eq!(first.try_recv(), Ok(number)));
    assert!(sender.is_empty());
}
