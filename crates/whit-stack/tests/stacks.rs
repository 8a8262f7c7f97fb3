//! Stacks of threads that sleep, compute, allocate, and do not answer.
#![cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use whit_stack::{StackError, of_thread, thread_id};

const MS: Duration = Duration::from_millis(1);

#[inline(never)]
fn outer_of_a_sleeper(sender: &mpsc::Sender<u32>, time: Duration) -> Duration {
    sender.send(thread_id().unwrap()).unwrap();
    let began = Instant::now();
    inner_of_a_sleeper(time);
    began.elapsed()
}

#[inline(never)]
fn inner_of_a_sleeper(time: Duration) {
    thread::sleep(time);
    black_box(());
}

#[test]
fn a_thread_that_sleeps_shows_where_and_sleeps_on() {
    let (sender, id) = mpsc::channel();
    let sleeper = thread::spawn(move || outer_of_a_sleeper(&sender, 300 * MS));
    let id = id.recv().unwrap();
    thread::sleep(50 * MS);
    let stack = of_thread(id).unwrap();
    let text = stack.to_string();
    assert!(stack.is_complete(), "{text}");
    let at = |what: &str| text.find(what).unwrap_or_else(|| panic!("{what} is not in\n{text}"));
    assert!(at("sleep") < at("inner_of_a_sleeper at"), "{text}");
    assert!(at("inner_of_a_sleeper at") < at("outer_of_a_sleeper at"), "{text}");
    assert!(text.contains("tests/stacks.rs:"), "{text}");
    // The signal has not cut it short.
    assert!(sleeper.join().unwrap() >= 300 * MS);
}

#[inline(never)]
fn computes(done: &AtomicBool) -> u64 {
    let mut sum = 0u64;
    while !done.load(Ordering::Relaxed) {
        sum = black_box(sum.wrapping_mul(31).wrapping_add(1));
    }
    sum
}

#[test]
fn a_thread_that_computes_shows_where() {
    let (id, done) = (AtomicU32::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            id.store(thread_id().unwrap(), Ordering::Release);
            computes(&done)
        });
        while id.load(Ordering::Acquire) == 0 {
            thread::yield_now();
        }
        thread::sleep(5 * MS);
        let stack = of_thread(id.load(Ordering::Acquire)).map(|stack| stack.to_string());
        done.store(true, Ordering::Relaxed);
        let text = stack.unwrap();
        assert!(text.contains("computes at"), "{text}");
    });
}

/// A thread that is inside `malloc` most of the time, and is asked again and again: it goes on, and so do we.
#[test]
fn a_thread_that_allocates_is_not_held_up() {
    let (id, done) = (AtomicU32::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        let working = scope.spawn(|| {
            id.store(thread_id().unwrap(), Ordering::Release);
            let mut count = 0u64;
            while !done.load(Ordering::Relaxed) {
                let many: Vec<_> = (1..100usize).map(|n| vec![0u8; n * 1000 % 70_000]).collect();
                count += black_box(many).len() as u64;
            }
            count
        });
        while id.load(Ordering::Acquire) == 0 {
            thread::yield_now();
        }
        let mut inside = 0;
        let stacks: Vec<_> = (0..60).map(|_| of_thread(id.load(Ordering::Acquire))).collect();
        done.store(true, Ordering::Relaxed);
        for stack in stacks {
            // A machine that is busy may let it wait.
            let Ok(stack) = stack else { continue };
            let text = stack.to_string();
            inside += usize::from(text.contains("malloc") || text.contains("free"));
        }
        assert!(inside > 0, "not once in malloc: the test shows nothing");
        assert!(working.join().unwrap() > 0);
    });
}

#[test]
fn who_is_not_there_and_who_does_not_answer_are_errors() {
    let gone = thread::spawn(|| thread_id().unwrap()).join().unwrap();
    let error = loop {
        match of_thread(gone) {
            Err(error @ StackError::NoThread(..)) => break error,
            // The kernel forgets it a moment after `join`.
            _ => thread::sleep(MS),
        }
    };
    assert!(error.to_string().contains("could not be reached"), "{error}");

    let (sender, id) = mpsc::channel();
    let (done, until) = mpsc::channel::<()>();
    let deaf = thread::spawn(move || {
        // SAFETY: a set that is ours, and this thread's mask.
        unsafe {
            let mut all = std::mem::zeroed();
            libc::sigfillset(&raw mut all);
            libc::pthread_sigmask(libc::SIG_BLOCK, &raw const all, std::ptr::null_mut());
        }
        sender.send(thread_id().unwrap()).unwrap();
        until.recv().unwrap_err();
    });
    let id = id.recv().unwrap();
    let began = Instant::now();
    assert!(matches!(of_thread(id), Err(StackError::NoAnswer(asked)) if asked == id));
    assert!(began.elapsed() < 1000 * MS, "{:?}", began.elapsed());
    // The next to be asked is not kept from its answer.
    assert!(of_thread(thread_id().unwrap()).is_ok());
    drop(done);
    deaf.join().unwrap();
}
