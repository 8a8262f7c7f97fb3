//! Queues: `whit::channel`.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use whit::channel::{Receiver, Sender, bounded, unbounded};
use whit::{Task, task_group, timeout};

use crate::floors::{alone, everywhere, in_line, ms, settle, until};

type Taken = Arc<Mutex<Vec<u32>>>;

/// Stands in line for an item, and puts it down in the very poll that brings it: the output of a task that is cancelled in that
/// moment, by another thread, is dropped.
async fn reader(receiver: &Receiver<u32>, taken: &Taken) -> Task<()> {
    let (receiver, taken) = (receiver.clone(), taken.clone());
    in_line(async move {
        let item = receiver.recv().await.unwrap();
        taken.lock().unwrap().push(item);
    })
    .await
}

/// Stands in line for room.
async fn writer(sender: &Sender<&'static str>, item: &'static str) -> Task<()> {
    let sender = sender.clone();
    in_line(async move { sender.send(item).await.unwrap() }).await
}

#[test]
fn b22_an_item_for_a_reader_that_is_cancelled_is_the_next_one_to_come() {
    everywhere(|| async {
        let (sender, receiver) = unbounded();
        let taken = Taken::default();
        let cancelled = reader(&receiver, &taken).await;
        sender.send(1).await.unwrap();
        cancelled.cancel().await;
        sender.send(2).await.unwrap();
        // On one thread it had none. On four workers it may have been quicker.
        let mut items = std::mem::take(&mut *taken.lock().unwrap());
        items.extend(receiver.try_recv());
        items.extend(receiver.try_recv());
        assert_eq!(items, [1, 2]);
    });
    alone(|_| async {
        let (sender, receiver) = unbounded();
        let cancelled = reader(&receiver, &Taken::default()).await;
        sender.send(1).await.unwrap();
        assert_eq!(cancelled.cancel().await, None);
        assert_eq!(receiver.recv().await, Ok(1));
    });
}

#[test]
fn b23_items_for_three_readers_reach_those_that_are_left() {
    everywhere(|| async {
        let (sender, receiver) = unbounded();
        let taken = Taken::default();
        let first = reader(&receiver, &taken).await;
        let (second, third) = (reader(&receiver, &taken).await, reader(&receiver, &taken).await);
        sender.send(1).await.unwrap();
        sender.send(2).await.unwrap();
        first.cancel().await;
        second.await;
        until(|| taken.lock().unwrap().len() == 2).await;
        third.cancel().await;
        let mut items = std::mem::take(&mut *taken.lock().unwrap());
        items.sort_unstable();
        assert_eq!(items, [1, 2]);
    });
}

#[test]
fn b24_a_cancelled_writer_neither_loses_nor_doubles_an_item_and_the_next_one_has_its_turn() {
    everywhere(|| async {
        let (sender, receiver) = bounded(1);
        sender.send("a").await.unwrap();
        let (cancelled, next) = (writer(&sender, "given up").await, writer(&sender, "b").await);
        cancelled.cancel().await;
        assert_eq!(receiver.recv().await, Ok("a"));
        next.await;
        assert_eq!((receiver.recv().await, receiver.try_recv().is_err()), (Ok("b"), true));
        // Its room has come already: then its item is on the way, once.
        sender.send("c").await.unwrap();
        let (roomy, next) = (writer(&sender, "d").await, writer(&sender, "e").await);
        assert_eq!(receiver.recv().await, Ok("c"));
        drop(roomy);
        assert_eq!(receiver.recv().await, Ok("d"));
        next.await;
        assert_eq!((receiver.recv().await, receiver.try_recv().is_err()), (Ok("e"), true));
    });
}

/// Whether somebody is still registered shows in where the next item goes: into the queue, and to nobody of the past.
#[test]
fn b25_readers_whose_time_was_up_leave_nothing_behind() {
    everywhere(|| async {
        let (sender, receiver) = bounded(1);
        for _ in 0..20 {
            assert!(timeout(ms(1), receiver.recv()).await.is_err());
        }
        sender.try_send(1).unwrap();
        assert_eq!(sender.len(), 1, "it went into the queue");
        assert!(sender.try_send(2).is_err(), "and filled it");
        assert_eq!(receiver.try_recv(), Ok(1));
    });
}

/// asyncio counts: `task_done` for each item, and `join` waits until the count is 0; once too often is an error. Here the
/// workers are children: the queue is closed, they take what is left, and the group ends when the last item is done. Nothing is
/// counted, so it cannot be counted wrong.
#[test]
fn b26_all_items_are_done_when_the_group_of_workers_has_ended() {
    everywhere(|| async {
        let (sum, done) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (adds, counts) = (sum.clone(), done.clone());
        let group = task_group(|group| async move {
            let (sender, receiver) = bounded(7);
            for _ in 0..2 {
                let (receiver, sum, done) = (receiver.clone(), adds.clone(), counts.clone());
                group.spawn(async move {
                    while let Ok(item) = receiver.recv().await {
                        whit::yield_now().await;
                        sum.fetch_add(item, SeqCst);
                        done.fetch_add(1, SeqCst);
                    }
                    Ok(())
                });
            }
            for item in 0..100 {
                sender.send(item).await.unwrap();
            }
            Ok::<_, ()>(())
        });
        group.await.unwrap();
        assert_eq!((sum.load(SeqCst), done.load(SeqCst)), (4950, 100));
    });
}

#[test]
fn b27_closing_fails_who_waits_to_send_and_leaves_what_is_there_to_be_received() {
    everywhere(|| async {
        let (sender, receiver) = bounded(2);
        sender.send(1).await.unwrap();
        sender.send(2).await.unwrap();
        let putter = sender.clone();
        let putter = in_line(async move { putter.send(3).await }).await;
        receiver.close();
        assert_eq!(putter.await.unwrap_err().into_inner(), 3, "it has its item again");
        assert!(sender.send(4).await.is_err());
        assert_eq!((receiver.recv().await, receiver.recv().await), (Ok(1), Ok(2)));
        assert!(receiver.recv().await.is_err());
        let (sender, receiver) = bounded::<u32>(2);
        let reader = receiver.clone();
        let reader = in_line(async move { reader.recv().await }).await;
        sender.close();
        assert!(reader.await.is_err(), "who waits to receive is told");
    });
}

/// `shutdown(immediate=True)` throws away what is in the queue; here it is given to whoever shuts down.
#[test]
fn b27_closing_at_once_takes_what_is_there() {
    everywhere(|| async {
        let (sender, receiver) = bounded(2);
        sender.send(1).await.unwrap();
        sender.send(2).await.unwrap();
        let putter = sender.clone();
        let putter = in_line(async move { putter.send(3).await }).await;
        assert_eq!(receiver.close_and_drain(), [1, 2]);
        assert_eq!(putter.await.unwrap_err().into_inner(), 3);
        settle().await;
        assert!(receiver.recv().await.is_err() && receiver.is_empty());
    });
}
