//! One to many, and what carries no queue: broadcast, watch, notify, rendezvous.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_lite::future::block_on;

use super::executor::Place;
use crate::meter::Meter;
use crate::runtimes::Runtime;

const MESSAGES: usize = 1000;

/// One task sends to four; there is room for all, as one of the contenders drops what does not fit.
macro_rules! broadcast {
    ($name:ident, $sender:ident, $receivers:ident, $make:block, |$message:ident| $send:expr, |$receiver:ident| $receive:expr) => {
        pub(crate) fn $name<R: Runtime>(meter: Meter) -> f64 {
            R::root(async move {
                let measure = meter.time_async(MESSAGES as u64, || async {
                    let ($sender, $receivers) = $make;
                    let tasks: Vec<_> = $receivers
                        .into_iter()
                        .map(|mut $receiver| {
                            R::spawn(async move {
                                for number in 0..MESSAGES {
                                    assert_eq!($receive.ok(), Some(number));
                                }
                            })
                        })
                        .collect();
                    for $message in 0..MESSAGES {
                        assert!($send.is_ok());
                    }
                    for task in tasks {
                        task.await;
                    }
                });
                R::spawn(measure).await
            })
        }
    };
}

broadcast!(
    whit_broadcast,
    sender,
    receivers,
    {
        let (sender, first) = whit::sync::broadcast::channel::<usize>(1024);
        let receivers = [sender.subscribe(), sender.subscribe(), sender.subscribe(), first];
        (sender, receivers)
    },
    |message| sender.send(message).await,
    |receiver| receiver.recv().await
);
broadcast!(
    tokio_broadcast,
    sender,
    receivers,
    {
        let (sender, first) = tokio::sync::broadcast::channel::<usize>(1024);
        let receivers = [sender.subscribe(), sender.subscribe(), sender.subscribe(), first];
        (sender, receivers)
    },
    |message| sender.send(message),
    |receiver| receiver.recv().await
);
broadcast!(
    smol_broadcast,
    sender,
    receivers,
    {
        let (sender, first) = async_broadcast::broadcast::<usize>(1024);
        (sender, [first.clone(), first.clone(), first.clone(), first])
    },
    |message| sender.broadcast_direct(message).await,
    |receiver| receiver.recv_direct().await
);

/// Send, await the change, read.
macro_rules! watch {
    ($name:ident, $channel:path) => {
        pub(crate) fn $name(meter: Meter) -> f64 {
            let (sender, mut receiver) = $channel(0usize);
            meter.time(MESSAGES as u64, || {
                block_on(async {
                    for number in 0..MESSAGES {
                        sender.send(number).expect("there is a receiver");
                        receiver.changed().await.expect("there is a sender");
                        assert_eq!(*receiver.borrow_and_update(), number);
                    }
                })
            })
        }
    };
}

watch!(whit_watch, whit::sync::watch::channel);
watch!(tokio_watch, tokio::sync::watch::channel);

/// Keeps one notification for one that waits.
pub(crate) trait Signal: Default + Send + Sync + 'static {
    fn give(&self);
    fn take(&self) -> impl Future<Output = ()> + Send;
}

impl Signal for whit::sync::Notify {
    fn give(&self) {
        self.notify_one();
    }
    fn take(&self) -> impl Future<Output = ()> + Send {
        self.notified()
    }
}

impl Signal for tokio::sync::Notify {
    fn give(&self) {
        self.notify_one();
    }
    fn take(&self) -> impl Future<Output = ()> + Send {
        self.notified()
    }
}

/// A flag and event-listener's event.
#[derive(Default)]
pub(crate) struct Listened {
    given: AtomicBool,
    event: event_listener::Event,
}

impl Signal for Listened {
    fn give(&self) {
        self.given.store(true, Ordering::Release);
        self.event.notify(1);
    }
    async fn take(&self) {
        while !self.given.swap(false, Ordering::AcqRel) {
            let listener = self.event.listen();
            if self.given.swap(false, Ordering::AcqRel) {
                return;
            }
            listener.await;
        }
    }
}

/// A flag and one waker: for one that waits, and no more.
impl Signal for Place {
    fn give(&self) {
        self.put();
    }
    fn take(&self) -> impl Future<Output = ()> + Send {
        Place::take(self)
    }
}

/// Notify, and then wait for it.
pub(crate) fn notify<S: Signal>(meter: Meter) -> f64 {
    let signal = S::default();
    meter.time(1000, || {
        block_on(async {
            for _ in 0..1000 {
                signal.give();
                signal.take().await;
            }
        })
    })
}

/// A hundred pairs that notify each other in turn, a hundred times.
pub(crate) fn notify_many<R: Runtime, S: Signal>(meter: Meter) -> f64 {
    R::root(async move {
        let measure = meter.time_async(2 * 100 * 100, || async {
            let mut tasks = Vec::new();
            for _ in 0..100 {
                let (one, two) = (Arc::new(S::default()), Arc::new(S::default()));
                one.give();
                for (mine, others) in [(one.clone(), two.clone()), (two, one)] {
                    tasks.push(R::spawn(async move {
                        for _ in 0..100 {
                            mine.take().await;
                            others.give();
                        }
                    }));
                }
            }
            for task in tasks {
                task.await;
            }
        });
        R::spawn(measure).await
    })
}

/// A channel that holds nothing: each message waits for its receiver.
macro_rules! rendezvous {
    ($name:ident, $make:expr, $send:ident, $receive:ident) => {
        pub(crate) fn $name<R: Runtime>(meter: Meter) -> f64 {
            R::root(async move {
                let measure = meter.time_async(MESSAGES as u64, || async {
                    let (sender, receiver) = $make;
                    R::detach(R::spawn(async move {
                        for message in 0..MESSAGES {
                            sender.$send(message).await.expect("open");
                        }
                    }));
                    for number in 0..MESSAGES {
                        assert_eq!(receiver.$receive().await.ok(), Some(number));
                    }
                });
                R::spawn(measure).await
            })
        }
    };
}

rendezvous!(whit_rendezvous, whit::channel::bounded::<usize>(0), send, recv);
rendezvous!(flume_rendezvous, flume::bounded::<usize>(0), send_async, recv_async);
rendezvous!(kanal_rendezvous, kanal::bounded_async::<usize>(0), send, recv);
