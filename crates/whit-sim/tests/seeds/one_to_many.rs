//! The rest of whit-sync's `tests/channels.rs`: `oneshot`, `broadcast` and `watch`.

use whit::channel::RecvError;
use whit::sync::{broadcast, oneshot, watch};

use crate::support::{a_while, choose, ready, settled, still, under_seeds, waits};

#[test]
fn oneshot_has_every_end() {
    under_seeds(|| async {
        let (sender, receiver) = oneshot::channel();
        let waiting = waits(receiver).await;
        a_while().await;
        sender.send(1).unwrap();
        assert_eq!(ready(waiting).await, Ok(1));

        let (sender, receiver) = oneshot::channel::<u8>();
        let waiting = waits(receiver).await;
        drop(sender);
        assert_eq!(ready(waiting).await, Err(RecvError));

        let (mut sender, receiver) = oneshot::channel::<u8>();
        let closed = waits(async move {
            sender.closed().await;
            sender
        })
        .await;
        drop(receiver);
        let sender = ready(closed).await;
        assert!(sender.is_closed());
        assert_eq!(sender.send(2).unwrap_err().into_inner(), 2);

        // Sent and given up at one time: the message is with one of the two.
        let (sender, receiver) = oneshot::channel();
        let taker = whit::spawn_local(receiver);
        a_while().await;
        if choose(2) == 0 {
            let sends = whit::spawn_local(async move { sender.send(3) });
            a_while().await;
            drop(taker);
            let _ = sends.await;
        } else {
            let sends = whit::spawn_local(async move { sender.send(3) });
            let (sent, taken) = (sends.await, taker.await);
            assert_eq!((sent, taken), (Ok(()), Ok(3)));
        }
    });
}

#[test]
fn a_broadcast_waits_for_the_slowest() {
    under_seeds(|| async {
        let (sender, mut one) = broadcast::channel(2);
        let mut two = one.clone();
        sender.try_send(1).unwrap();
        sender.try_send(2).unwrap();
        assert!(sender.try_send(3).unwrap_err().is_full());
        let send = |number| {
            let sender = sender.clone();
            async move { sender.send(number).await.map_err(|error| error.into_inner()) }
        };
        let third = waits(send(3)).await;
        drop(waits(send(4)).await);
        settled().await;
        assert_eq!(one.try_recv(), Ok(1));
        still(&third).await;
        assert_eq!(two.try_recv(), Ok(1));
        ready(third).await.unwrap();
        assert_eq!((one.len(), two.len()), (2, 2));
        // Who goes is waited for no more.
        let fourth = waits(send(5)).await;
        assert_eq!((one.recv().await, one.recv().await), (Ok(2), Ok(3)));
        still(&fourth).await;
        drop(two);
        ready(fourth).await.unwrap();
        assert_eq!(one.recv().await, Ok(5));
        let waiting = waits(async move { (one.recv().await, one) }).await;
        sender.try_send(6).unwrap();
        let (received, one) = ready(waiting).await;
        assert_eq!(received, Ok(6));
        sender.try_send(7).unwrap();
        sender.try_send(8).unwrap();
        let alone = waits(send(9)).await;
        drop(one);
        assert_eq!(ready(alone).await, Err(9));
    });
}

/// For the loop with threads.
#[test]
fn a_broadcast_reaches_all_in_order() {
    under_seeds(|| async {
        let (sender, receiver) = broadcast::channel(1 + choose(3));
        let receivers: Vec<_> = (0..3)
            .map(|_| {
                let mut receiver = receiver.clone();
                whit::spawn_local(async move {
                    for number in 0..12 {
                        // A wait that is given up has taken nothing.
                        let given_up = whit::future::or(async { Some(receiver.recv().await) }, async {
                            a_while().await;
                            None
                        });
                        let received = match given_up.await {
                            Some(received) => received,
                            None => receiver.recv().await,
                        };
                        assert_eq!(received, Ok(number));
                    }
                })
            })
            .collect();
        drop(receiver);
        for number in 0..12 {
            sender.send(number).await.unwrap();
        }
        whit::gather!(in receivers).await;
    });
}

#[test]
fn a_watch_tells_the_latest_value_once() {
    under_seeds(|| async {
        let (sender, mut receiver) = watch::channel(0);
        let waiting = waits(async move {
            receiver.changed().await.unwrap();
            receiver
        })
        .await;
        sender.send(1).unwrap();
        let mut receiver = if choose(2) == 0 {
            sender.send(2).unwrap();
            ready(waiting).await
        } else {
            let receiver = ready(waiting).await;
            sender.send(2).unwrap();
            receiver
        };
        if receiver.has_changed().unwrap() {
            receiver.changed().await.unwrap();
        }
        assert_eq!((*receiver.borrow(), receiver.has_changed()), (2, Ok(false)));
        assert!(!sender.send_if_modified(|_| false));
        let waiting = waits(async move {
            let value = *receiver.wait_for(|value| *value == 9).await.unwrap();
            (value, receiver)
        })
        .await;
        for value in 3..9 {
            sender.send(value).unwrap();
            a_while().await;
        }
        still(&waiting).await;
        sender.send(9).unwrap();
        let (value, mut receiver) = ready(waiting).await;
        assert_eq!(value, 9);
        sender.send(10).unwrap();
        drop(sender);
        receiver.changed().await.unwrap();
        assert!(receiver.changed().await.is_err());

        let (sender, receiver) = watch::channel(0);
        let late = sender.subscribe();
        let closed = waits(async move {
            sender.closed().await;
            sender
        })
        .await;
        drop(late);
        still(&closed).await;
        drop(receiver);
        assert_eq!(ready(closed).await.send(1).unwrap_err().into_inner(), 1);
    });
}

/// Readers skip values, and never go back; all see the last.
#[test]
fn a_watch_never_goes_back() {
    under_seeds(|| async {
        let (sender, receiver) = watch::channel(0);
        let readers: Vec<_> = (0..3)
            .map(|_| {
                let mut receiver = receiver.clone();
                whit::spawn_local(async move {
                    let mut last = 0;
                    while receiver.changed().await.is_ok() {
                        let value = *receiver.borrow();
                        assert!(value > last, "told twice, or back: {value} after {last}");
                        last = value;
                        a_while().await;
                    }
                    last
                })
            })
            .collect();
        for value in 1..=10 {
            sender.send(value).unwrap();
            a_while().await;
        }
        drop(sender);
        for reader in readers {
            assert_eq!(reader.await, 10);
        }
    });
}
