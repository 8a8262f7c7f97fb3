//! Channels: from one task to one, from eight to one, without waiting; and oneshots.

use futures::{SinkExt, StreamExt};
use futures_lite::future::block_on;

use crate::meter::Meter;
use crate::runtimes::Runtime;

const MESSAGES: usize = 10_000;

/// `$senders` tasks send to one; `$send` and `$receive` say how.
macro_rules! stream {
    ($name:ident, $senders:expr, $make:expr, |$sender:ident, $message:ident| $send:expr, |$receiver:ident| $receive:expr) => {
        pub(crate) fn $name<R: Runtime>(meter: Meter) -> f64 {
            R::root(async move {
                let measure = meter.time_async(MESSAGES as u64, || async {
                    #[allow(unused_mut)]
                    let (sender, mut $receiver) = $make;
                    for _ in 0..$senders {
                        #[allow(unused_mut)]
                        let mut $sender = sender.clone();
                        R::detach(R::spawn(async move {
                            for $message in 0..MESSAGES / $senders {
                                $send;
                            }
                        }));
                    }
                    drop(sender);
                    let mut received = 0;
                    while $receive {
                        received += 1;
                    }
                    assert_eq!(received, MESSAGES);
                });
                R::spawn(measure).await
            })
        }
    };
}

macro_rules! streams {
    ($module:ident, $bounded:expr, $unbounded:expr,
     |$s:ident, $m:ident| $send:expr, |$t:ident, $n:ident| $throw:expr, |$r:ident| $receive:expr, |$u:ident| $catch:expr) => {
        pub(crate) mod $module {
            use super::*;

            stream!(one_to_one, 1, $bounded, |$s, $m| $send, |$r| $receive);
            stream!(eight_to_one, 8, $bounded, |$s, $m| $send, |$r| $receive);
            stream!(unbounded, 1, $unbounded, |$t, $n| $throw, |$u| $catch);

            pub(crate) fn fill_and_drain(meter: Meter) -> f64 {
                #[allow(unused_mut)]
                let ($t, mut $u) = $unbounded;
                meter.time(1000, || {
                    for $n in 0..1000usize {
                        $throw;
                    }
                    block_on(async {
                        for _ in 0..1000 {
                            assert!($catch);
                        }
                    });
                })
            }
        }
    };
}

streams!(
    whit,
    ::whit::channel::bounded::<usize>(100),
    ::whit::channel::unbounded::<usize>(),
    |s, m| s.send(m).await.expect("open"),
    |s, m| s.try_send(m).expect("open"),
    |r| r.recv().await.is_ok(),
    |r| r.recv().await.is_ok()
);
streams!(
    tokio,
    ::tokio::sync::mpsc::channel::<usize>(100),
    ::tokio::sync::mpsc::unbounded_channel::<usize>(),
    |s, m| s.send(m).await.expect("open"),
    |s, m| s.send(m).expect("open"),
    |r| r.recv().await.is_some(),
    |r| r.recv().await.is_some()
);
streams!(
    smol,
    async_channel::bounded::<usize>(100),
    async_channel::unbounded::<usize>(),
    |s, m| s.send(m).await.expect("open"),
    |s, m| s.try_send(m).expect("open"),
    |r| r.recv().await.is_ok(),
    |r| r.recv().await.is_ok()
);
streams!(
    futures_mpsc,
    futures::channel::mpsc::channel::<usize>(100),
    futures::channel::mpsc::unbounded::<usize>(),
    |s, m| s.send(m).await.expect("open"),
    |s, m| s.unbounded_send(m).expect("open"),
    |r| r.next().await.is_some(),
    |r| r.next().await.is_some()
);
streams!(
    flume_mpmc,
    flume::bounded::<usize>(100),
    flume::unbounded::<usize>(),
    |s, m| s.send_async(m).await.expect("open"),
    |s, m| s.send(m).expect("open"),
    |r| r.recv_async().await.is_ok(),
    |r| r.recv_async().await.is_ok()
);
streams!(
    kanal_mpmc,
    kanal::bounded_async::<usize>(100),
    kanal::unbounded_async::<usize>(),
    |s, m| s.send(m).await.expect("open"),
    |s, m| s.try_send(m).map(drop).expect("open"),
    |r| r.recv().await.is_ok(),
    |r| r.recv().await.is_ok()
);

/// Make, send, receive.
macro_rules! oneshot {
    ($name:ident, $make:expr) => {
        pub(crate) fn $name(meter: Meter) -> f64 {
            meter.time(1000, || {
                block_on(async {
                    for number in 0..1000usize {
                        let (sender, receiver) = $make;
                        assert!(sender.send(number).is_ok());
                        assert_eq!(receiver.await.ok(), Some(number));
                    }
                })
            })
        }
    };
}

oneshot!(whit_oneshot, ::whit::sync::oneshot::channel());
oneshot!(tokio_oneshot, ::tokio::sync::oneshot::channel());
oneshot!(futures_oneshot, futures::channel::oneshot::channel());
