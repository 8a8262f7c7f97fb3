//! Models of the word of a oneshot: `RUSTFLAGS="--cfg loom" cargo test --release -p whit-sync --test loom_oneshot`.
#![cfg(loom)]

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use loom::future::block_on;
use loom::sync::Arc;
use loom::thread;
use whit_sync::oneshot::{self, RecvError, TryRecvError};

/// loom tells if one of these is leaked, or dropped twice.
type Message = Arc<u8>;

/// Sent beside the wait: it arrives, and the waiter is woken.
#[test]
fn a_message_arrives_and_wakes() {
    loom::model(|| {
        let (sender, receiver) = oneshot::channel::<Message>();
        let other = thread::spawn(move || sender.send(Arc::new(5)).unwrap());
        assert_eq!(*block_on(receiver).unwrap(), 5);
        other.join().unwrap();
    });
}

/// The sender is dropped beside the wait.
#[test]
fn a_dropped_sender_wakes() {
    loom::model(|| {
        let (sender, receiver) = oneshot::channel::<Message>();
        let other = thread::spawn(move || drop(sender));
        assert_eq!(block_on(receiver).unwrap_err(), RecvError);
        other.join().unwrap();
    });
}

/// Polled with one waker and then with another, beside the send: the last one is woken.
#[test]
fn the_last_waker_counts() {
    loom::model(|| {
        let (sender, mut receiver) = oneshot::channel::<Message>();
        let other = thread::spawn(move || sender.send(Arc::new(5)).unwrap());
        let early = Pin::new(&mut receiver).poll(&mut Context::from_waker(Waker::noop()));
        let message = match early {
            Poll::Ready(message) => message,
            Poll::Pending => block_on(receiver),
        };
        assert_eq!(*message.unwrap(), 5);
        other.join().unwrap();
    });
}

/// The receiver waits, closes, looks and goes beside the send: the message is with one of the two, whole.
#[test]
fn a_message_is_never_lost_between_the_two() {
    loom::model(|| {
        let (sender, mut receiver) = oneshot::channel::<Message>();
        let waits = Pin::new(&mut receiver).poll(&mut Context::from_waker(Waker::noop()));
        assert!(waits.is_pending());
        let other = thread::spawn(move || sender.send(Arc::new(5)).is_ok());
        receiver.close();
        let got = match receiver.try_recv() {
            Ok(message) => *message == 5,
            Err(error) => {
                assert_eq!(error, TryRecvError::Closed);
                false
            }
        };
        drop(receiver);
        assert_eq!(other.join().unwrap(), got);
    });
}

/// The receiver waits and is dropped beside the send, or beside the sender's drop: loom tells if something is left.
#[test]
fn both_may_go_at_once() {
    for sends in [true, false] {
        loom::model(move || {
            let (sender, mut receiver) = oneshot::channel::<Message>();
            assert!(Pin::new(&mut receiver).poll(&mut Context::from_waker(Waker::noop())).is_pending());
            let other = thread::spawn(move || {
                if sends {
                    drop(sender.send(Arc::new(5)));
                }
            });
            drop(receiver);
            other.join().unwrap();
        });
    }
}

/// The sender waits for the end of the receiver, beside a close and a drop.
#[test]
fn a_sender_sees_the_receiver_go() {
    for closes in [true, false] {
        loom::model(move || {
            let (mut sender, mut receiver) = oneshot::channel::<Message>();
            let other = thread::spawn(move || {
                if closes {
                    receiver.close();
                }
            });
            block_on(sender.closed());
            assert!(sender.is_closed());
            assert_eq!(*sender.send(Arc::new(5)).unwrap_err().into_inner(), 5);
            other.join().unwrap();
        });
    }
}

/// Both wait for each other and go, the receiver perhaps in two steps: each finds its own waker, or the other does.
#[test]
fn both_may_wait() {
    for closes in [true, false] {
        loom::model(move || {
            let (mut sender, mut receiver) = oneshot::channel::<Message>();
            let other = thread::spawn(move || {
                let _ = sender.poll_closed(&mut Context::from_waker(Waker::noop()));
                drop(sender);
            });
            let _ = Pin::new(&mut receiver).poll(&mut Context::from_waker(Waker::noop()));
            if closes {
                receiver.close();
            }
            drop(receiver);
            other.join().unwrap();
        });
    }
}
