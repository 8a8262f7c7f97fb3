//! Models of the channel and of the short lock under it:
//! `RUSTFLAGS="--cfg loom" cargo test --release -p whit-sync --test loom_channel`.
#![cfg(loom)]

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use futures_core::Stream;
use loom::future::block_on;
use loom::thread;
use whit_sync::channel::{bounded, unbounded};

/// At most three switches that nobody waited for: the lock looks again and again, and all orders would be too many.
fn model(run: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(run);
}

/// A sender beside a receiver and another send: each message once, and the receiver is woken for each.
#[test]
fn every_message_arrives() {
    model(|| {
        let (sender, receiver) = unbounded();
        let other = thread::spawn({
            let sender = sender.clone();
            move || sender.try_send(1).unwrap()
        });
        sender.try_send(2).unwrap();
        drop(sender);
        let sum = block_on(async { receiver.recv().await.unwrap() + receiver.recv().await.unwrap() });
        assert_eq!(sum, 3);
        other.join().unwrap();
        assert!(receiver.is_closed() && receiver.is_empty());
    });
}

/// A sender waits for room beside the receiver that makes it: in order, and nobody waits for ever.
#[test]
fn room_is_handed_over() {
    model(|| {
        let (sender, receiver) = bounded(1);
        let other = thread::spawn(move || {
            block_on(async {
                sender.send(1).await.unwrap();
                sender.send(2).await.unwrap();
            });
        });
        assert_eq!(block_on(receiver.recv()), Ok(1));
        // The second has its room by now, received or not.
        other.join().unwrap();
        assert_eq!(block_on(receiver.recv()), Ok(2));
    });
}

/// A receive is given up while its message may be on its way: the next one gets it.
#[test]
fn a_dropped_receive_loses_nothing() {
    model(|| {
        let (sender, receiver) = bounded(1);
        let other = thread::spawn(move || sender.try_send(1).unwrap());
        let early = pin!(receiver.recv()).poll(&mut Context::from_waker(Waker::noop()));
        let got = match early {
            Poll::Ready(got) => got,
            Poll::Pending => block_on(receiver.recv()),
        };
        assert_eq!(got, Ok(1));
        other.join().unwrap();
    });
}

/// Two receivers that were served go at once: what they got is in order again.
#[test]
fn two_messages_that_go_back_keep_their_order() {
    model(|| {
        let (sender, receiver) = unbounded();
        let served = [(); 2].map(|()| {
            let mut receiver = receiver.clone();
            assert!(Pin::new(&mut receiver).poll_next(&mut Context::from_waker(Waker::noop())).is_pending());
            receiver
        });
        sender.try_send(1).unwrap();
        sender.try_send(2).unwrap();
        let [first, second] = served;
        let other = thread::spawn(move || drop(first));
        drop(second);
        other.join().unwrap();
        assert_eq!((receiver.try_recv(), receiver.try_recv()), (Ok(1), Ok(2)));
    });
}

/// The last sender goes beside a wait, which ends.
#[test]
fn closing_ends_the_wait() {
    model(|| {
        let (sender, receiver) = bounded::<u8>(1);
        let other = thread::spawn(move || drop(sender));
        assert!(block_on(receiver.recv()).is_err());
        other.join().unwrap();
    });
}
