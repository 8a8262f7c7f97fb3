//! Models of how news come out of a signal handler: `RUSTFLAGS="--cfg loom" cargo test --release -p whit-process --test loom_news`.
//!
//! The pipe is a counter of bytes behind a real `Source`, and the reactor a step of the one who writes: it reports the edge after
//! the write.
#![cfg(loom)]

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use loom::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use loom::thread;
use whit_core::{Dir, Source};
use whit_process::news;

struct Pipe {
    source: Source,
    bytes: AtomicUsize,
}

impl Pipe {
    fn new() -> Arc<Pipe> {
        Arc::new(Pipe { source: Source::new(false), bytes: AtomicUsize::new(0) })
    }

    fn write(&self) {
        self.bytes.fetch_add(1, Ordering::SeqCst);
        self.source.set_ready(Dir::Read);
    }

    /// As `Async::poll_io` with a read.
    fn poll_read(&self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        loop {
            let Poll::Ready(tick) = self.source.poll_ready(Dir::Read, cx)? else { return Poll::Pending };
            match self.bytes.swap(0, Ordering::SeqCst) {
                0 => self.source.clear(Dir::Read, tick),
                read => return Poll::Ready(Ok(read)),
            }
        }
    }
}

struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Up to three switches of thread by force.
fn model(run: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(run);
}

/// Polls until there is nothing, as a task would. What it heard, and how many wakes there had been before the last poll: one that
/// came earlier has been used up.
fn hear(mut poll: impl FnMut(&mut Context<'_>) -> Option<u64>, count: &Arc<Count>) -> (u64, usize) {
    let waker = Waker::from(count.clone());
    let mut heard = 0;
    loop {
        let woken = count.0.load(Ordering::SeqCst);
        match poll(&mut Context::from_waker(&waker)) {
            Some(bits) => heard |= bits,
            None => return (heard, woken),
        }
    }
}

fn bits(polled: Poll<io::Result<u64>>) -> Option<u64> {
    match polled {
        Poll::Ready(bits) => Some(bits.unwrap()),
        Poll::Pending => None,
    }
}

/// A signal that comes while somebody polls is heard at once, or wakes.
#[test]
fn a_signal_is_heard_or_wakes() {
    model(|| {
        let (pipe, pending) = (Pipe::new(), Arc::new(AtomicU64::new(0)));
        let signal = {
            let (pipe, pending) = (pipe.clone(), pending.clone());
            thread::spawn(move || {
                news::announce(&pending, 3, || pipe.write());
                news::announce(&pending, 5, || pipe.write());
            })
        };
        let count = Arc::new(Count(AtomicUsize::new(0)));
        let mut poll = |cx: &mut Context<'_>| bits(news::poll(|| pipe.poll_read(cx), || Ok(news::take(&pending))));
        let (mut heard, woken) = hear(&mut poll, &count);
        signal.join().unwrap();
        if heard != (1 << 3 | 1 << 5) {
            assert!(count.0.load(Ordering::SeqCst) > woken, "nobody is woken for what was not heard");
            heard |= hear(&mut poll, &count).0;
        }
        assert_eq!(heard, 1 << 3 | 1 << 5);
    });
}

/// Two wait on one pipe, each for a child of its own, and either may empty it.
#[test]
fn an_end_is_seen_or_wakes_whoever_empties_the_pipe() {
    model(|| {
        let (pipe, zombies) = (Pipe::new(), Arc::new(AtomicU64::new(0)));
        let wait = |child: u64, pipe: Arc<Pipe>, zombies: Arc<AtomicU64>, count: Arc<Count>| {
            let waker = Waker::from(count);
            let ask = || Ok(Some(zombies.load(Ordering::SeqCst) & child).filter(|ended| *ended != 0));
            bits(news::poll(|| pipe.poll_read(&mut Context::from_waker(&waker)), ask)).is_some()
        };
        let counts = [1, 2].map(|_| Arc::new(Count(AtomicUsize::new(0))));
        let other = {
            let (pipe, zombies, count) = (pipe.clone(), zombies.clone(), counts[1].clone());
            thread::spawn(move || wait(2, pipe, zombies, count))
        };
        let system = {
            let (pipe, zombies) = (pipe.clone(), zombies.clone());
            thread::spawn(move || {
                zombies.fetch_or(1 | 2, Ordering::SeqCst);
                pipe.write();
            })
        };
        let seen = [wait(1, pipe, zombies, counts[0].clone()), other.join().unwrap()];
        system.join().unwrap();
        for (seen, count) in seen.iter().zip(&counts) {
            assert!(*seen || count.0.load(Ordering::SeqCst) > 0, "nobody is woken for an end that was not seen");
        }
    });
}
