//! Who waits for a source: everybody is woken, and who no longer waits is not kept for long.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use whit_core::{Dir, Interest, Source};

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn poll(source: &Source, count: &Arc<Count>) {
    let waker = Waker::from(count.clone());
    assert!(matches!(source.poll_ready(Dir::Read, &mut Context::from_waker(&waker)), Poll::Pending));
}

fn wakes(count: &Arc<Count>) -> usize {
    count.0.load(Ordering::Relaxed)
}

#[test]
#[cfg_attr(miri, ignore = "two wakers made of one `Arc` are never found to be equal there")]
fn one_event_wakes_everybody_once() {
    let source = Source::new(false);
    let counts: Vec<Arc<Count>> = (0..20).map(|_| Arc::default()).collect();
    counts.iter().chain(&counts).for_each(|count| poll(&source, count));
    source.set_all(Interest { readable: false, writable: true }, false);
    assert!(counts.iter().all(|count| wakes(count) == 0));
    source.set_ready(Dir::Read);
    source.set_ready(Dir::Read);
    assert!(counts.iter().all(|count| wakes(count) == 1));
    // Nobody is kept.
    assert!(counts.iter().all(|count| Arc::strong_count(count) == 1));
}

#[test]
fn wakers_of_those_who_have_gone_do_not_pile_up() {
    let source = Source::new(false);
    let mut gone = Vec::new();
    for _ in 0..1000 {
        let count = Arc::default();
        poll(&source, &count);
        gone.push(Arc::downgrade(&count));
    }
    let kept = gone.iter().filter(|gone| gone.strong_count() > 0).count();
    assert!(kept <= 40, "{kept} are kept");
}

/// A hundred wait all the while, and are back when they are woken; a thousand come and go meanwhile.
#[test]
fn those_who_stay_are_seldom_woken_for_those_who_go() {
    let source = Source::new(false);
    let stay: Vec<Arc<Count>> = (0..100).map(|_| Arc::default()).collect();
    let mut seen = vec![0; stay.len()];
    let mut come_back = |source: &Source| {
        // Until nobody is woken by another's coming back.
        while let Some(at) = (0..stay.len()).find(|at| wakes(&stay[*at]) > seen[*at]) {
            seen[at] = wakes(&stay[at]);
            poll(source, &stay[at]);
        }
    };
    stay.iter().for_each(|count| poll(&source, count));
    come_back(&source);
    let mut gone = Vec::new();
    for _ in 0..1000 {
        let count = Arc::default();
        poll(&source, &count);
        gone.push(Arc::downgrade(&count));
        come_back(&source);
    }
    let kept = gone.iter().filter(|gone| gone.strong_count() > 0).count();
    assert!(kept <= 300, "{kept} are kept");
    let spurious: usize = stay.iter().map(wakes).sum();
    assert!(spurious <= 3000, "{spurious} wakes");
    let before: Vec<usize> = stay.iter().map(wakes).collect();
    source.set_ready(Dir::Read);
    assert!(stay.iter().zip(before).all(|(count, before)| wakes(count) == before + 1));
}

/// Each direction is emptied by a thread of its own, again and again; the next is put there once both are empty, so that each
/// edge counts.
#[test]
fn nothing_is_left_behind_under_stress() {
    const EACH: usize = 20_000;
    const LONG: Duration = Duration::from_secs(20);
    let shared = Arc::new((Source::new(false), [AtomicUsize::new(0), AtomicUsize::new(0)]));
    let (done, all) = channel();
    for (at, dir) in [(0, Dir::Read), (1, Dir::Write)] {
        let (shared, done) = (shared.clone(), done.clone());
        std::thread::spawn(move || {
            let (source, bytes) = (&shared.0, &shared.1[at]);
            let mut left = EACH;
            whit_core::block_on(std::future::poll_fn(|cx| {
                while left > 0 {
                    let Poll::Ready(tick) = source.poll_ready(dir, cx) else { return Poll::Pending };
                    match bytes.swap(0, Ordering::AcqRel) {
                        0 => {
                            // A system call takes its time too, and events come meanwhile.
                            std::thread::yield_now();
                            source.clear(dir, tick.unwrap());
                        }
                        some => left -= some,
                    }
                }
                Poll::Ready(())
            }));
            done.send(()).unwrap();
        });
    }
    for round in 0..EACH {
        for bytes in &shared.1 {
            bytes.fetch_add(1, Ordering::AcqRel);
        }
        if round % 3 == 0 {
            shared.0.set_ready(Dir::Read);
            shared.0.set_ready(Dir::Write);
        } else {
            shared.0.set_all(Interest { readable: true, writable: true }, false);
        }
        let begun = Instant::now();
        while shared.1.iter().any(|bytes| bytes.load(Ordering::Acquire) > 0) {
            assert!(begun.elapsed() < LONG, "an edge was lost");
            std::thread::yield_now();
        }
    }
    for _ in 0..2 {
        all.recv_timeout(LONG).expect("an edge was lost");
    }
}
