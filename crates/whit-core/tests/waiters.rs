//! Who waits for a source: everybody is woken, and who no longer waits is not kept for long.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

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
