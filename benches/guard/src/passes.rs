//! What is passed through again and again by the guard and by the growth: each in a program of its own.

use std::future::poll_fn;
use std::hint::black_box;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use whit::sync::Notify;

/// Spawns a task and awaits it.
pub(crate) async fn spawn_await(times: u32) {
    for number in 0..times {
        black_box(whit::spawn(async move { number }).await);
    }
}

/// Wakes another task, and is woken by it.
pub(crate) async fn wake(times: u32) {
    let (to, back) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (theirs, answer) = (to.clone(), back.clone());
    let other = whit::spawn(async move {
        for _ in 0..times {
            theirs.notified().await;
            answer.notify_one();
        }
    });
    for _ in 0..times {
        to.notify_one();
        back.notified().await;
    }
    other.await;
}

/// Makes a sleep, polls it, and drops it.
pub(crate) async fn timer(times: u32, duration: Duration) {
    for _ in 0..times {
        let mut sleep = pin!(whit::sleep(duration));
        poll_fn(|cx| {
            assert!(sleep.as_mut().poll(cx).is_pending());
            Poll::Ready(())
        })
        .await;
    }
}
