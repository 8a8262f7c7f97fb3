//! A closure that may block, as the future of a task.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use crate::{Clock, Handle, TimerKey};

/// The future for a [`Blocking`](crate::Blocking) home to run: calls `f` in its first poll, inside `handle` if one is given.
///
/// On a clock whose time the closure moved (see [`Clock::pass`]) it is ready when that time has come, else at once.
pub async fn job<T>(handle: Option<Handle>, f: impl FnOnce() -> T) -> T {
    let (output, held) = {
        let _entered = handle.as_ref().map(Handle::enter);
        (f(), held())
    };
    if let Some(held) = held {
        held.await;
    }
    output
}

/// What to wait for, if the closure has held its thread. Boxed: it is for simulations, and every job would have room for it.
fn held() -> Option<Pin<Box<dyn Future<Output = ()> + Send>>> {
    let until = Handle::with_current(|handle| handle.clock().ok().and_then(|clock| clock.held_until()));
    until.ok().flatten().map(|until| Box::pin(Held { handle: Handle::current(), until, key: TimerKey::NONE }) as _)
}

struct Held {
    handle: Handle,
    until: Instant,
    key: TimerKey,
}

impl Future for Held {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        match this.handle.clock() {
            Ok(clock) => clock.poll_until(&mut this.key, this.until, cx),
            Err(_) => Poll::Ready(()),
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Ok(clock) = self.handle.clock() {
            clock.cancel(&mut self.key);
        }
    }
}
