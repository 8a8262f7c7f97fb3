//! The fan-out of `executor::actors` over the channels that each runtime has of its own, as its users would build it.

use crate::meter::Meter;
use crate::runtimes::Runtime;

/// Producers, and consumers with a mailbox each.
const ACTORS: usize = 8;
const EACH: usize = 1000;
/// Messages that a mailbox holds.
const ROOM: usize = 16;

/// `$make` makes a mailbox, and `$receive` takes a message out of it, while there are any to come.
macro_rules! mailboxes {
    ($name:ident, $make:expr, |$mailbox:ident| $receive:expr) => {
        pub(crate) fn $name<R: Runtime>(meter: Meter) -> f64 {
            R::root(async move {
                let measure = meter.time_async((ACTORS * EACH) as u64, || async {
                    let (senders, mailboxes): (Vec<_>, Vec<_>) = (0..ACTORS).map(|_| $make).unzip();
                    let mut consumers = Vec::new();
                    for mailbox in mailboxes {
                        #[allow(unused_mut)]
                        let mut $mailbox = mailbox;
                        consumers.push(R::spawn(async move {
                            let mut sum = 0;
                            while let Some(number) = $receive {
                                sum += number;
                            }
                            sum
                        }));
                    }
                    for start in 0..ACTORS {
                        let senders = senders.clone();
                        R::detach(R::spawn(async move {
                            for number in 0..EACH {
                                senders[(start + number) % ACTORS].send(1).await.expect("somebody reads");
                            }
                        }));
                    }
                    drop(senders);
                    let mut sum = 0;
                    for consumer in consumers {
                        sum += consumer.await;
                    }
                    assert_eq!(sum, ACTORS * EACH);
                });
                R::spawn(measure).await
            })
        }
    };
}

mailboxes!(whit, ::whit::channel::bounded::<usize>(ROOM), |mailbox| mailbox.recv().await.ok());
mailboxes!(tokio, ::tokio::sync::mpsc::channel::<usize>(ROOM), |mailbox| mailbox.recv().await);
mailboxes!(smol, async_channel::bounded::<usize>(ROOM), |mailbox| mailbox.recv().await.ok());
