//! Channels of every kind: each message once, in order, with futures dropped at every point.

mod support;

use std::sync::Arc;
use std::thread;

use futures_lite::StreamExt;
use futures_lite::future::block_on;
use support::{ready, waits};
use whit_sync::channel::{RecvError, TryRecvError, TrySendError};
use whit_sync::{PriorityQueue, bounded, broadcast, oneshot, unbounded, watch};

#[test]
fn senders_get_room_in_order_and_receivers_messages() {
    let (sender, receiver) = bounded(1);
    sender.try_send(0).unwrap();
    assert_eq!(sender.try_send(9), Err(TrySendError::Full(9)));
    let (mut one, mut two) = (Box::pin(sender.send(1)), Box::pin(sender.send(2)));
    waits(&mut one);
    waits(&mut two);
    assert_eq!(receiver.try_recv(), Ok(0));
    waits(&mut two);
    ready(&mut one).unwrap();
    assert_eq!(block_on(receiver.recv()), Ok(1));
    ready(&mut two).unwrap();
    assert_eq!(receiver.try_recv(), Ok(2));
    let (mut first, mut second) = (Box::pin(receiver.recv()), Box::pin(receiver.recv()));
    waits(&mut first);
    waits(&mut second);
    sender.try_send(3).unwrap();
    waits(&mut second);
    assert_eq!(ready(&mut first), Ok(3));
}

#[test]
fn a_dropped_receive_gives_its_message_on_and_a_dropped_send_takes_it_along() {
    let (sender, receiver) = bounded(1);
    let (mut first, mut second) = (Box::pin(receiver.recv()), Box::pin(receiver.recv()));
    waits(&mut first);
    waits(&mut second);
    sender.try_send(1).unwrap();
    drop(first);
    drop(second);
    // Back at the head, with nobody waiting.
    sender.try_send(2).unwrap_err();
    let (mut waiting, mut gone) = (Box::pin(sender.send(2)), Box::pin(sender.send(3)));
    waits(&mut waiting);
    waits(&mut gone);
    drop(gone);
    assert_eq!(receiver.try_recv(), Ok(1));
    ready(&mut waiting).unwrap();
    assert_eq!((receiver.try_recv(), receiver.try_recv()), (Ok(2), Err(TryRecvError::Empty)));
    // Its room came, and it was not polled again: the message is on its way.
    sender.try_send(4).unwrap();
    let mut roomy = Box::pin(sender.send(5));
    waits(&mut roomy);
    assert_eq!(receiver.try_recv(), Ok(4));
    drop(roomy);
    assert_eq!(receiver.try_recv(), Ok(5));
}

#[test]
fn a_rendezvous_needs_both() {
    let (sender, receiver) = bounded(0);
    assert_eq!(sender.try_send(0), Err(TrySendError::Full(0)));
    let mut send = Box::pin(sender.send(1));
    waits(&mut send);
    assert!(receiver.is_empty() && receiver.is_full());
    assert_eq!(receiver.try_recv(), Ok(1));
    ready(&mut send).unwrap();
    let mut recv = Box::pin(receiver.recv());
    waits(&mut recv);
    block_on(sender.send(2)).unwrap();
    assert_eq!(ready(&mut recv), Ok(2));
    thread::scope(|scope| {
        scope.spawn(|| (0..1000).for_each(|number| sender.send_blocking(number).unwrap()));
        (0..1000).for_each(|number| assert_eq!(receiver.recv_blocking(), Ok(number)));
    });
}

#[test]
fn closing_gives_senders_their_messages_and_receivers_what_is_left() {
    let (sender, receiver) = bounded(1);
    sender.try_send(1).unwrap();
    let mut send = Box::pin(sender.send(2));
    waits(&mut send);
    assert!(receiver.close() && !sender.close());
    assert_eq!(ready(&mut send).unwrap_err().into_inner(), 2);
    drop(send);
    assert_eq!(sender.try_send(3), Err(TrySendError::Closed(3)));
    assert_eq!(block_on(receiver.recv()), Ok(1));
    assert_eq!(block_on(receiver.recv()), Err(RecvError));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));

    let (sender, mut receiver) = unbounded();
    let weak = sender.downgrade();
    sender.clone().try_send(1).unwrap();
    assert_eq!(weak.upgrade().unwrap().sender_count(), 2);
    drop(sender);
    assert!(weak.upgrade().is_none());
    assert_eq!(block_on(receiver.next()), Some(1));
    assert_eq!(block_on(receiver.next()), None);
}

#[test]
fn closing_at_once_takes_what_is_left_and_loses_nothing() {
    let (sender, receiver) = bounded(2);
    let mut served = Box::pin(receiver.recv());
    waits(&mut served);
    (0..3).for_each(|number| sender.try_send(number).unwrap());
    let mut send = Box::pin(sender.send(3));
    waits(&mut send);
    assert_eq!(receiver.close_and_drain(), [1, 2]);
    assert_eq!(ready(&mut send).unwrap_err().into_inner(), 3);
    assert_eq!((ready(&mut served), receiver.try_recv()), (Ok(0), Err(TryRecvError::Closed)));
    assert!(receiver.close_and_drain().is_empty());

    let queue = PriorityQueue::bounded(3);
    [1, 3, 2].into_iter().for_each(|item| queue.try_push(item).unwrap());
    let mut push = Box::pin(queue.push(4));
    waits(&mut push);
    assert_eq!(queue.close_and_drain(), [3, 2, 1]);
    assert_eq!(ready(&mut push).unwrap_err().into_inner(), 4);
    assert_eq!(queue.pop_blocking(), Err(RecvError));
}

#[test]
fn what_nobody_can_receive_is_dropped_at_once() {
    let (sender, receiver) = unbounded();
    let message = Arc::new(());
    sender.try_send(message.clone()).unwrap();
    drop(receiver);
    assert_eq!(Arc::strong_count(&message), 1);
    assert!(sender.is_closed() && sender.try_send(message).unwrap_err().is_closed());
}

#[test]
fn a_forced_message_pushes_the_oldest_out() {
    let (sender, receiver) = bounded(2);
    assert_eq!([1, 2, 3].map(|number| sender.force_send(number).unwrap()), [None, None, Some(1)]);
    assert_eq!((receiver.try_recv(), receiver.try_recv()), (Ok(2), Ok(3)));
    assert!(bounded::<u8>(0).0.force_send(1).is_err());
}

#[test]
fn every_message_arrives_once_whoever_gives_up_meanwhile() {
    for capacity in [Some(0), Some(1), Some(7), None] {
        let (sender, receiver) = capacity.map_or_else(unbounded, bounded);
        let total: u64 = thread::scope(|scope| {
            for from in 0..3u64 {
                let sender = sender.clone();
                scope.spawn(move || (0..1000).for_each(|n| sender.send_blocking(from * 1000 + n).unwrap()));
            }
            drop(sender);
            let takers: Vec<_> = (0..3)
                .map(|_| {
                    let receiver = receiver.clone();
                    scope.spawn(move || {
                        let mut sum = 0;
                        loop {
                            // Begun and given up: what it got must come back.
                            let mut given_up = Box::pin(receiver.recv());
                            if let std::task::Poll::Ready(Ok(number)) = support::poll(&mut given_up) {
                                sum += number;
                            }
                            drop(given_up);
                            match receiver.recv_blocking() {
                                Ok(number) => sum += number,
                                Err(_) => break sum,
                            }
                        }
                    })
                })
                .collect();
            takers.into_iter().map(|taker| taker.join().unwrap()).sum()
        });
        // One that was given up while closing may have been put back behind the last receiver.
        let left: u64 = std::iter::from_fn(|| receiver.try_recv().ok()).sum();
        assert_eq!(total + left, (0..3000).sum::<u64>(), "capacity {capacity:?}");
    }
}

#[test]
fn oneshot_has_every_end() {
    let (sender, mut receiver) = oneshot::channel();
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    let mut boxed = Box::pin(receiver);
    waits(&mut boxed);
    sender.send(1).unwrap();
    assert_eq!(ready(&mut boxed), Ok(1));

    let (sender, receiver) = oneshot::channel::<u8>();
    drop(sender);
    assert_eq!(block_on(receiver), Err(RecvError));

    let (mut sender, receiver) = oneshot::channel();
    {
        let mut closed = Box::pin(sender.closed());
        waits(&mut closed);
        drop(receiver);
        ready(&mut closed);
    }
    assert!(sender.is_closed());
    assert_eq!(sender.send(2).unwrap_err().into_inner(), 2);

    let (sender, mut receiver) = oneshot::channel();
    sender.send(3).unwrap();
    receiver.close();
    assert_eq!(receiver.recv_blocking(), Ok(3));

    for _ in 0..1000 {
        let (sender, receiver) = oneshot::channel();
        thread::scope(|scope| {
            scope.spawn(|| sender.send(4).unwrap());
            assert_eq!(receiver.recv_blocking(), Ok(4));
        });
    }
}

#[test]
fn a_broadcast_reaches_all_and_waits_for_the_slowest() {
    let (sender, mut one) = broadcast::channel(2);
    let mut two = one.clone();
    sender.try_send(1).unwrap();
    sender.try_send(2).unwrap();
    assert!(sender.try_send(3).unwrap_err().is_full());
    let (mut third, mut gone) = (Box::pin(sender.send(3)), Box::pin(sender.send(4)));
    waits(&mut third);
    waits(&mut gone);
    drop(gone);
    assert_eq!(one.try_recv(), Ok(1));
    waits(&mut third);
    assert_eq!(two.try_recv(), Ok(1));
    ready(&mut third).unwrap();
    assert_eq!((one.len(), two.len()), (2, 2));
    drop(two);
    assert_eq!(sender.force_send(5).unwrap(), Some(2));
    assert_eq!(block_on(one.recv()), Err(broadcast::RecvError::Lagged(1)));
    assert_eq!((block_on(one.recv()), one.try_recv()), (Ok(3), Ok(5)));
    let mut recv = Box::pin(one.recv());
    waits(&mut recv);
    sender.try_send(6).unwrap();
    assert_eq!(ready(&mut recv), Ok(6));
    drop(recv);
    sender.try_send(7).unwrap();
    sender.try_send(8).unwrap();
    let mut alone = Box::pin(sender.send(9));
    waits(&mut alone);
    drop(one);
    assert_eq!(ready(&mut alone).unwrap_err().into_inner(), 9);
    assert!(sender.is_empty() && sender.try_send(0).is_err());
    let mut late = sender.subscribe();
    drop((third, alone));
    drop(sender);
    assert_eq!(late.try_recv(), Err(broadcast::TryRecvError::Closed));
}

#[test]
fn broadcast_between_threads_loses_nothing() {
    let (sender, receiver) = broadcast::channel(3);
    thread::scope(|scope| {
        for _ in 0..3 {
            let mut receiver = receiver.clone();
            scope.spawn(move || (0..2000).for_each(|number| assert_eq!(receiver.recv_blocking(), Ok(number))));
        }
        drop(receiver);
        (0..2000).for_each(|number| sender.send_blocking(number).unwrap());
    });
}

#[test]
fn a_watch_tells_the_latest_value_once() {
    let (sender, mut receiver) = watch::channel(0);
    waits(&mut Box::pin(receiver.changed()));
    sender.send(1).unwrap();
    sender.send(2).unwrap();
    assert_eq!(receiver.has_changed(), Ok(true));
    block_on(receiver.changed()).unwrap();
    assert_eq!((*receiver.borrow(), receiver.has_changed()), (2, Ok(false)));
    assert!(!sender.send_if_modified(|_| false));
    {
        let mut changed = Box::pin(receiver.changed());
        waits(&mut changed);
        sender.send_modify(|value| *value += 1);
        ready(&mut changed).unwrap();
    }
    assert_eq!(*block_on(receiver.wait_for(|value| *value == 3)).unwrap(), 3);
    let late = sender.subscribe();
    assert_eq!(late.has_changed(), Ok(false));
    sender.send(4).unwrap();
    {
        let mut closed = Box::pin(sender.closed());
        waits(&mut closed);
        drop(late);
        waits(&mut closed);
    }
    drop(sender);
    block_on(receiver.changed()).unwrap();
    assert!(block_on(receiver.changed()).is_err());
    let (sender, receiver) = watch::channel(0);
    drop(receiver);
    assert_eq!(sender.send(1).unwrap_err().into_inner(), 1);
    assert_eq!((sender.send_replace(2), *sender.borrow()), (0, 2));

    let (sender, mut receiver) = watch::channel(0);
    thread::scope(|scope| {
        scope.spawn(move || (1..=10_000).for_each(|number| sender.send(number).unwrap_or(())));
        assert_eq!(*block_on(receiver.wait_for(|value| *value == 10_000)).unwrap(), 10_000);
    });
}

#[test]
fn the_greatest_first_and_of_equals_the_oldest() {
    #[derive(Debug, PartialEq, Eq)]
    struct Job(u8, &'static str);
    impl Ord for Job {
        fn cmp(&self, other: &Job) -> std::cmp::Ordering {
            self.0.cmp(&other.0)
        }
    }
    impl PartialOrd for Job {
        fn partial_cmp(&self, other: &Job) -> Option<std::cmp::Ordering> {
            Some(self.cmp(other))
        }
    }
    let queue = PriorityQueue::bounded(3);
    for job in [Job(1, "a"), Job(2, "b"), Job(1, "c")] {
        queue.try_push(job).unwrap();
    }
    assert!(queue.try_push(Job(9, "full")).unwrap_err().is_full());
    let mut push = Box::pin(queue.push(Job(0, "d")));
    waits(&mut push);
    assert_eq!(queue.try_pop(), Ok(Job(2, "b")));
    ready(&mut push).unwrap();
    assert_eq!((queue.pop_blocking(), queue.pop_blocking()), (Ok(Job(1, "a")), Ok(Job(1, "c"))));
    queue.close();
    assert!(queue.push_blocking(Job(5, "late")).is_err());
    assert_eq!((block_on(queue.pop()), block_on(queue.pop())), (Ok(Job(0, "d")), Err(RecvError)));
    let empty = PriorityQueue::<u8>::unbounded();
    let mut pop = Box::pin(empty.pop());
    waits(&mut pop);
    drop(pop);
    let mut pop = Box::pin(empty.pop());
    waits(&mut pop);
    empty.try_push(1).unwrap();
    assert_eq!(empty.try_pop(), Err(TryRecvError::Empty), "promised to the one that waits");
    assert_eq!(ready(&mut pop), Ok(1));
}

#[test]
fn a_sender_can_wait_for_the_end() {
    let (sender, receiver) = whit_sync::bounded::<()>(1);
    let other = sender.clone();
    let waits = std::thread::spawn(move || futures_lite::future::block_on(other.closed()));
    drop(receiver);
    waits.join().unwrap();
    futures_lite::future::block_on(sender.closed()); // and at once from then on
}
