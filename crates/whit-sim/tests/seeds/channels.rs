//! whit-sync's `tests/channels.rs`, and what in its `tests/faults.rs` is about order: each message once, and in order.

use std::cell::Cell;
use std::rc::Rc;

use whit::channel::{Receiver, RecvError, Sender, TryRecvError, TrySendError, bounded, unbounded};
use whit::sync::PriorityQueue;

use crate::support::{a_while, choose, ready, settled, still, under_seeds, waits};

async fn send<T>(sender: Sender<T>, message: T) -> Result<(), T> {
    sender.send(message).await.map_err(|error| error.into_inner())
}

async fn recv<T>(receiver: Receiver<T>) -> Result<T, RecvError> {
    receiver.recv().await
}

#[test]
fn senders_get_room_in_order_and_receivers_messages() {
    under_seeds(|| async {
        let (sender, receiver) = bounded(1);
        sender.try_send(0).unwrap();
        assert_eq!(sender.try_send(9), Err(TrySendError::Full(9)));
        let one = waits(send(sender.clone(), 1)).await;
        let two = waits(send(sender.clone(), 2)).await;
        assert_eq!(receiver.try_recv(), Ok(0));
        still(&two).await;
        ready(one).await.unwrap();
        assert_eq!(receiver.recv().await, Ok(1));
        ready(two).await.unwrap();
        assert_eq!(receiver.try_recv(), Ok(2));
        let first = waits(recv(receiver.clone())).await;
        let second = waits(recv(receiver.clone())).await;
        sender.try_send(3).unwrap();
        still(&second).await;
        assert_eq!(ready(first).await, Ok(3));
    });
}

#[test]
fn a_dropped_receive_gives_its_message_on_and_a_dropped_send_takes_it_along() {
    under_seeds(|| async {
        let (sender, receiver) = bounded(1);
        let first = waits(recv(receiver.clone())).await;
        let second = waits(recv(receiver.clone())).await;
        sender.try_send(1).unwrap();
        drop(first);
        drop(second);
        settled().await;
        // Back at the head, with nobody waiting.
        sender.try_send(2).unwrap_err();
        let waiting = waits(send(sender.clone(), 2)).await;
        let gone = waits(send(sender.clone(), 3)).await;
        drop(gone);
        settled().await;
        assert_eq!(receiver.try_recv(), Ok(1));
        ready(waiting).await.unwrap();
        assert_eq!((receiver.try_recv(), receiver.try_recv()), (Ok(2), Err(TryRecvError::Empty)));
        // Its room came, and it may not have been polled again: the message is on its way.
        sender.try_send(4).unwrap();
        let roomy = waits(send(sender.clone(), 5)).await;
        assert_eq!(receiver.try_recv(), Ok(4));
        drop(roomy);
        assert_eq!(receiver.recv().await, Ok(5));
    });
}

#[test]
fn a_rendezvous_needs_both() {
    under_seeds(|| async {
        let (sender, receiver) = bounded(0);
        assert_eq!(sender.try_send(0), Err(TrySendError::Full(0)));
        let one = waits(send(sender.clone(), 1)).await;
        assert!(receiver.is_empty() && receiver.is_full());
        assert_eq!(receiver.try_recv(), Ok(1));
        ready(one).await.unwrap();
        let two = waits(recv(receiver.clone())).await;
        sender.send(2).await.unwrap();
        assert_eq!(ready(two).await, Ok(2));
        // For the loop with threads.
        let sends = whit::spawn_local(async move {
            for number in 0..20 {
                sender.send(number).await.unwrap();
                a_while().await;
            }
        });
        for number in 0..20 {
            assert_eq!(receiver.recv().await, Ok(number));
            a_while().await;
        }
        sends.await;
    });
}

#[test]
fn closing_gives_senders_their_messages_and_receivers_what_is_left() {
    under_seeds(|| async {
        let (sender, receiver) = bounded(1);
        sender.try_send(1).unwrap();
        let waiting = waits(send(sender.clone(), 2)).await;
        assert!(receiver.close() && !sender.close());
        assert_eq!(ready(waiting).await, Err(2));
        assert_eq!(sender.try_send(3), Err(TrySendError::Closed(3)));
        assert_eq!((receiver.recv().await, receiver.recv().await), (Ok(1), Err(RecvError)));

        let (sender, receiver) = unbounded::<u8>();
        let other = sender.clone();
        let ends = [waits(recv(receiver.clone())).await, waits(recv(receiver)).await];
        drop(sender);
        settled().await;
        assert!(ends.iter().all(|end| !end.is_finished()), "there is another sender");
        drop(other);
        for end in ends {
            assert_eq!(ready(end).await, Err(RecvError));
        }
    });
}

#[test]
fn closing_at_once_takes_what_is_left_and_loses_nothing() {
    under_seeds(|| async {
        let (sender, receiver) = bounded(2);
        let served = waits(recv(receiver.clone())).await;
        sender.try_send(0).unwrap();
        a_while().await;
        (1..3).for_each(|number| sender.try_send(number).unwrap());
        let waiting = waits(send(sender.clone(), 3)).await;
        assert_eq!(receiver.close_and_drain(), [1, 2]);
        assert_eq!(ready(waiting).await, Err(3));
        assert_eq!((ready(served).await, receiver.try_recv()), (Ok(0), Err(TryRecvError::Closed)));

        let queue = Rc::new(PriorityQueue::bounded(3));
        [1, 3, 2].into_iter().for_each(|item| queue.try_push(item).unwrap());
        let pushed = queue.clone();
        let push = waits(async move { pushed.push(4).await.map_err(|error| error.into_inner()) }).await;
        assert_eq!(queue.close_and_drain(), [3, 2, 1]);
        assert_eq!((ready(push).await, queue.pop().await), (Err(4), Err(RecvError)));
    });
}

/// For the stress test with threads: senders and receivers of which some give up, over every kind of queue.
#[test]
fn every_message_arrives_once_whoever_gives_up_meanwhile() {
    under_seeds(|| async {
        let (sender, receiver) = match choose(4) {
            0 => unbounded(),
            capacity => bounded(capacity - 1),
        };
        let sum = Rc::new(Cell::new(0));
        let senders: Vec<_> = (0..3u32)
            .map(|from| {
                let sender = sender.clone();
                whit::spawn_local(async move {
                    for number in 0..6 {
                        sender.send(from * 6 + number).await.unwrap();
                    }
                })
            })
            .collect();
        let takers: Vec<_> = (0..3)
            .map(|_| {
                let (receiver, sum) = (receiver.clone(), sum.clone());
                whit::spawn_local(async move {
                    loop {
                        // Begun and given up: what it got must come back.
                        let given_up = whit::future::or(async { Some(receiver.recv().await) }, async {
                            a_while().await;
                            None
                        });
                        match given_up.await {
                            Some(Ok(number)) => sum.set(sum.get() + number),
                            Some(Err(RecvError)) => break,
                            None => {}
                        }
                    }
                })
            })
            .collect();
        drop(sender);
        whit::gather!(in senders).await;
        whit::gather!(in takers).await;
        // One that was given up while closing may have been put back behind the last receiver.
        let left: u32 = std::iter::from_fn(|| receiver.try_recv().ok()).sum();
        assert_eq!(sum.get() + left, (0..18).sum());
    });
}

/// Three receivers were served, and go in any order: what they got stays in order, also before what came later.
#[test]
fn messages_that_go_back_keep_their_order() {
    under_seeds(|| async {
        let (sender, receiver) = unbounded();
        let mut served = Vec::new();
        for _ in 0..3 {
            served.push(waits(recv(receiver.clone())).await);
        }
        (0..5).for_each(|number| sender.try_send(number).unwrap());
        // Without a turn in between: they have theirs, and have not seen it.
        while !served.is_empty() {
            drop(served.swap_remove(choose(served.len())));
        }
        settled().await;
        let left: Vec<_> = std::iter::from_fn(|| receiver.try_recv().ok()).collect();
        assert!(left.is_sorted() && left.ends_with(&[3, 4]), "{left:?}");
    });
}

/// The same with receivers that come and go while messages do: what is taken out in the end is in order.
#[test]
fn messages_that_go_back_keep_their_order_beside_all_else() {
    under_seeds(|| async {
        let (sender, receiver) = unbounded();
        let (mut served, mut next) = (Vec::new(), 0);
        for _ in 0..12 {
            match choose(4) {
                // It waits, or there is something for it.
                0 => served.push(whit::spawn_local(recv(receiver.clone()))),
                1 if !served.is_empty() => drop(served.swap_remove(choose(served.len()))),
                _ => {
                    sender.try_send(next).unwrap();
                    next += 1;
                    if choose(2) == 0 {
                        settled().await;
                        served.retain(|task: &whit::Task<_>| !task.is_finished());
                    }
                }
            }
        }
        drop(served);
        settled().await;
        let left: Vec<_> = std::iter::from_fn(|| receiver.try_recv().ok()).collect();
        assert!(left.is_sorted(), "{left:?}");
    });
}

#[test]
fn the_greatest_first_and_what_is_promised_is_not_taken_away() {
    under_seeds(|| async {
        let queue = Rc::new(PriorityQueue::bounded(3));
        [1, 2, 1].into_iter().for_each(|item| queue.try_push(item).unwrap());
        let pushes = queue.clone();
        let push = waits(async move { pushes.push(0).await }).await;
        assert_eq!(queue.try_pop(), Ok(2));
        ready(push).await.unwrap();
        assert_eq!((queue.pop().await, queue.pop().await, queue.pop().await), (Ok(1), Ok(1), Ok(0)));
        let pop = || {
            let queue = queue.clone();
            async move { queue.pop().await }
        };
        drop(waits(pop()).await);
        let waiting = waits(pop()).await;
        queue.try_push(1).unwrap();
        assert_eq!(queue.try_pop(), Err(TryRecvError::Empty), "promised to the one that waits");
        assert_eq!(ready(waiting).await, Ok(1));
        // Several who wait, and some who go: each item to somebody, the greater ones to those who came first.
        let mut waiting = [waits(pop()).await, waits(pop()).await, waits(pop()).await].map(Some);
        queue.try_push(5).unwrap();
        queue.try_push(6).unwrap();
        waiting[choose(3)] = None;
        let mut got = Vec::new();
        for task in waiting.into_iter().flatten() {
            got.extend(ready(task).await);
        }
        got.extend(queue.try_pop());
        got.sort_unstable();
        assert_eq!(got, [5, 6]);
    });
}

#[test]
fn a_sender_can_wait_for_the_end() {
    under_seeds(|| async {
        let (sender, receiver) = bounded::<()>(1);
        let other = sender.clone();
        let end = waits(async move { other.closed().await }).await;
        let copy = receiver.clone();
        drop(receiver);
        still(&end).await;
        drop(copy);
        ready(end).await;
        sender.closed().await;
    });
}
