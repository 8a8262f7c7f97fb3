//! Models of the broadcast channel: `RUSTFLAGS="--cfg loom" cargo test --release -p whit-sync --test loom_broadcast`.
#![cfg(loom)]

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

use loom::future::block_on;
use loom::sync::Arc;
use loom::thread;
use whit_sync::broadcast::{RecvError, TryRecvError, channel};

/// loom tells if one of these is leaked, or dropped twice.
type Message = Arc<u8>;

/// At most three switches that nobody waited for: the lock looks again and again, and all orders would be too many.
fn model(run: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(run);
}

/// Two receivers beside a sender, with room for all, so that each takes up to two at a time: all messages, in order, and the end.
#[test]
fn every_receiver_gets_every_message() {
    model(|| {
        let (sender, mut one) = channel::<Message>(32);
        let mut two = sender.subscribe();
        let other = thread::spawn(move || {
            for number in 0..3 {
                assert_eq!(block_on(two.recv()).map(|message| *message), Ok(number));
            }
        });
        for number in 0..3 {
            sender.try_send(Arc::new(number)).unwrap();
        }
        let seen = [(); 3].map(|()| *block_on(one.recv()).unwrap());
        assert_eq!(seen, [0, 1, 2]);
        other.join().unwrap();
        assert!(sender.is_empty());
        drop(sender);
        assert_eq!(one.try_recv().unwrap_err(), TryRecvError::Closed);
    });
}

/// A receiver waits beside the send, and beside the end of the sender: it is woken for each.
#[test]
fn who_waits_is_woken() {
    model(|| {
        let (sender, mut receiver) = channel::<Message>(32);
        let other = thread::spawn(move || sender.try_send(Arc::new(1)).unwrap());
        assert_eq!(block_on(receiver.recv()).map(|message| *message), Ok(1));
        assert_eq!(block_on(receiver.recv()).unwrap_err(), RecvError::Closed);
        other.join().unwrap();
    });
}

/// A sender waits for room beside one receiver, after the other one went: whoever comes last makes the room.
#[test]
fn room_is_made_by_the_last_one() {
    model(|| {
        let (sender, mut one) = channel::<Message>(1);
        let two = sender.subscribe();
        sender.try_send(Arc::new(1)).unwrap();
        let other = thread::spawn(move || {
            drop(two);
            block_on(sender.send(Arc::new(2))).unwrap();
        });
        assert_eq!([(); 2].map(|()| *block_on(one.recv()).unwrap()), [1, 2]);
        other.join().unwrap();
    });
}

/// A sender waits for room beside the end of the only receiver that is behind: that makes the room.
#[test]
fn a_receiver_that_goes_makes_room() {
    model(|| {
        let (sender, mut one) = channel::<Message>(1);
        let two = sender.subscribe();
        sender.try_send(Arc::new(1)).unwrap();
        assert_eq!(*one.try_recv().unwrap(), 1);
        let other = thread::spawn(move || drop(two));
        block_on(sender.send(Arc::new(2))).unwrap();
        other.join().unwrap();
        assert_eq!(*one.try_recv().unwrap(), 2);
    });
}

/// A receive that waits is given up beside the send: the message is there for the next.
#[test]
fn a_dropped_receive_loses_nothing() {
    model(|| {
        let (sender, mut receiver) = channel::<Message>(32);
        let other = thread::spawn(move || {
            sender.try_send(Arc::new(1)).unwrap();
            sender.try_send(Arc::new(2)).unwrap();
        });
        let early = match pin!(receiver.recv()).poll(&mut Context::from_waker(Waker::noop())) {
            std::task::Poll::Ready(message) => Some(*message.unwrap()),
            std::task::Poll::Pending => None,
        };
        let rest: Vec<u8> = (early.map_or(0, |_| 1)..2).map(|_| *block_on(receiver.recv()).unwrap()).collect();
        assert_eq!(early.into_iter().chain(rest).collect::<Vec<_>>(), [1, 2]);
        other.join().unwrap();
    });
}
